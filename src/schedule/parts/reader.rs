//! Parser primitives for the grammars of times.
//!
//! Words are given in lower-case English and simplified Chinese; capitals, wide letters and traditional characters are
//! read as those, so that each word of a grammar stands in it once.

/// A cursor over the rest of a text. Copy it to backtrack.
#[derive(Clone, Copy)]
pub(in crate::schedule) struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, rest: text }
    }

    /// The unread text.
    pub fn rest(self) -> &'a str {
        self.rest
    }

    /// Where the unread text begins, in bytes.
    pub fn position(self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// The whole text, read up to a position.
    pub fn moved_to(self, position: usize) -> Self {
        Self { text: self.text, rest: self.text.get(position..).unwrap_or_default() }
    }

    /// Whether words and numbers are whole on both sides of here: `at 5` is not where `at 5.30` ends.
    pub fn is_at_boundary(self) -> bool {
        let mut before = self.text[..self.position()].chars().rev().map(fold);
        let mut after = self.rest.chars().map(fold);
        let (Some(last), Some(next)) = (before.next(), after.next()) else { return true };
        let (before_last, after_next) = (before.next(), after.next());
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let is_sign = |c: char| ".:/".contains(c);
        if last.is_ascii_digit() && (is_sign(next) && is_digit(after_next) || next == '%') {
            return false;
        }
        if is_sign(last) && is_digit(before_last) && next.is_ascii_digit() {
            return false;
        }
        // As in `5-year-old`.
        if last.is_ascii_alphanumeric() && next == '-' && after_next.is_some_and(|c| c.is_ascii_alphabetic()) {
            return false;
        }
        let is_amount = "$€£¥#".contains(last) || last == '第';
        let is_number = |c: char| "零一二三四五六七八九十百千两".contains(c);
        !((is_amount && (next.is_ascii_digit() || is_number(next)))
            || (last.is_ascii_alphanumeric() && next.is_ascii_alphanumeric()))
    }

    /// Whether something can begin here: not within a word or a number.
    pub fn is_start(self) -> bool {
        let is_number = |c: char| "零一二三四五六七八九十百千两".contains(fold(c));
        let is_within = self.text[..self.position()].ends_with(is_number) && self.rest.starts_with(is_number);
        !is_within && self.is_at_boundary()
    }

    /// The last character read.
    pub fn last(self) -> Option<char> {
        self.text[..self.position()].chars().next_back().map(fold)
    }

    /// Whether a word in lower case is what was read last, but for spaces.
    pub fn is_behind(self, word: &str) -> bool {
        let before = self.text[..self.position()].trim_end();
        let end = before.len().checked_sub(word.len()).and_then(|start| before.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(word))
    }

    /// Whether the next character is one of these.
    pub fn is_before(self, chars: &str) -> bool {
        self.rest.starts_with(|c| chars.contains(fold(c)))
    }

    /// Passes over a word, or over one character that is in none.
    pub fn skip_word(&mut self) {
        let is_part = |c: char| fold(c).is_ascii_alphanumeric();
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let end = end.max(self.rest.chars().next().map_or(0, char::len_utf8));
        self.rest = &self.rest[end..];
    }

    /// Reads one character for which `meaning` has something, without passing over spaces.
    pub fn symbol<T>(&mut self, meaning: impl FnOnce(char) -> Option<T>) -> Option<T> {
        let mut chars = self.rest.chars();
        let found = meaning(fold(chars.next()?))?;
        self.rest = chars.as_str();
        Some(found)
    }

    /// Reads the printable ASCII characters up to a comma, a semicolon or a bracket; letters as they were written.
    pub fn token(&mut self) -> &'a str {
        /// The longest dates and names of zones are shorter.
        const MOST_BYTES: usize = 64;
        let is_part = |byte: u8| byte.is_ascii_graphic() && !b",;()".contains(&byte);
        let start = self.rest.bytes().take(MOST_BYTES);
        let end = start.clone().position(|byte| !is_part(byte)).unwrap_or(start.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        token
    }

    pub fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Reads a word, and spaces before it. Spaces in the word stand for any number of them.
    pub fn word(&mut self, word: &str) -> bool {
        self.attempt(|reader| {
            reader.skip_spaces();
            for expected in word.chars() {
                match expected {
                    ' ' => reader.skip_spaces(),
                    _ => reader.symbol(|c| (c == expected).then_some(()))?,
                }
            }
            let is_cut = word.ends_with(|c: char| c.is_ascii_alphabetic())
                && reader.rest.starts_with(|c| fold(c).is_ascii_alphabetic());
            (!is_cut).then_some(())
        })
        .is_some()
    }

    /// Reads the longest of some words; what it stands for.
    pub fn one_of<T: Copy>(&mut self, words: &[(&str, T)]) -> Option<T> {
        let mut start = *self;
        start.skip_spaces();
        let first = start.rest.chars().next().map(fold);
        let read = |(word, meaning): &(&str, T)| {
            if word.chars().next() != first {
                return None;
            }
            let mut tried = *self;
            tried.word(word).then_some((tried, *meaning))
        };
        let (longest, meaning) = words.iter().filter_map(read).min_by_key(|(tried, _)| tried.rest.len())?;
        *self = longest;
        Some(meaning)
    }

    /// Reads what `read` reads, or nothing.
    pub fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut tried = *self;
        let found = read(&mut tried)?;
        *self = tried;
        Some(found)
    }
}

/// The normalized form of a character.
fn fold(c: char) -> char {
    match c {
        // Full-width letters, digits and punctuation from input methods.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).map_or(c, |narrow| narrow.to_ascii_lowercase()),
        '鐘' | '鍾' => '钟',
        '後' => '后',
        '個' => '个',
        '兩' => '两',
        '點' => '点',
        '週' => '周',
        '時' => '时',
        '號' => '号',
        '禮' => '礼',
        '這' => '这',
        '間' => '间',
        '過' => '过',
        '裡' | '裏' => '里',
        '頭' => '头',
        '從' => '从',
        '淩' => '凌',
        '東' => '东',
        '倫' => '伦',
        '紐' => '纽',
        '約' => '约',
        '陽' => '阳',
        '區' => '区',
        '幾' => '几',
        '國' => '国',
        '爾' => '尔',
        '臺' => '台',
        '內' => '内',
        '黃' => '黄',
        '記' => '记',
        '讓' => '让',
        '與' => '与',
        '請' => '请',
        '會' => '会',
        '來' => '来',
        '〇' => '零',
        '’' => '\'',
        _ => c.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_of_their_forms() {
        for (text, word) in [
            ("Tomorrow", "tomorrow"),
            ("  ｔｏｄａｙ x", "today"),
            ("後天", "后天"),
            ("day  After\ttomorrow", "day after tomorrow"),
        ] {
            assert!(Reader::new(text).word(word), "{text}");
        }
        for (text, word) in [("monkeys", "m"), ("tod", "today"), ("", "at"), ("明", "明天")] {
            let mut reader = Reader::new(text);
            assert!(!reader.word(word), "{text}");
            assert_eq!(reader.rest(), text);
        }
    }

    #[test]
    fn the_longest_word_is_taken() {
        let mut reader = Reader::new("minutes left");
        assert_eq!(reader.one_of(&[("m", 1), ("minute", 2), ("minutes", 3)]), Some(3));
        assert_eq!(reader.rest(), " left");
    }
}
