//! Parser primitives for the grammars of times.
//!
//! Words are given in lower-case English and simplified Chinese; capitals, wide letters and traditional characters are
//! read as those, so that each word of a grammar stands in it once.

/// A cursor over the rest of a text. Copy it to backtrack.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
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

    /// Whether the last thing read ends where a word or a number does.
    pub fn is_at_boundary(self) -> bool {
        let is_part = |c: char| fold(c).is_ascii_alphanumeric();
        let read = &self.text[..self.text.len() - self.rest.len()];
        !(read.ends_with(is_part) && self.rest.starts_with(is_part))
    }

    /// Reads one character for which `meaning` has something, without passing over spaces.
    pub fn symbol<T>(&mut self, meaning: impl FnOnce(char) -> Option<T>) -> Option<T> {
        let mut chars = self.rest.chars();
        let found = meaning(fold(chars.next()?))?;
        self.rest = chars.as_str();
        Some(found)
    }

    /// Reads up to the next space.
    pub fn token(&mut self) -> &'a str {
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
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
        let read = |(word, meaning): &(&str, T)| {
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
        '〇' => '零',
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
