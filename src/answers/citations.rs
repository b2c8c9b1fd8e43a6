//! Citations such as `[1]` in a text that a model writes: checked against the passages it was given, while it writes.
//!
//! The output always uses the form `[1]`, numbered in the order in which passages are first cited. A mark without a passage is left
//! out. Models write marks in many ways: `[1, 2]`, `[^1]`, `[1-3]`, `【1】`, `【1†source】`, `［１］`, `[passage 1]`.

/// Bytes of the longest mark; longer ones are text.
const LONGEST: usize = 48;

/// Bytes of the longest code within a line; a backtick that is not closed by then is text.
const LONGEST_CODE: usize = 200;

/// What surrounds a block of code.
const FENCE: &str = "```";

/// Passages that one mark may name.
const MOST: usize = 20;

/// Words that may stand before the numbers.
const WORDS: [&str; 10] = ["passages", "passage", "sources", "source", "段落", "来源", "來源", "资料", "資料", "^"];

/// Checks the citation marks of a streamed text. Code stays as it is, and so does what looks like an index or a list.
#[derive(Debug, Default)]
pub struct CitationFilter {
    /// How many passages there are.
    passages: usize,
    /// Those that were cited, by their index; the first is `[1]`.
    cited: Vec<usize>,
    /// Text of which more has to come before it is known what it is.
    held: String,
    is_in_block: bool,
    /// The last characters that were shown, but for blanks and marks.
    last: [Option<char>; 2],
    /// A bracket of a call such as `f(` is open.
    is_in_call: bool,
}

/// What a text begins with, with its length in bytes.
enum Token {
    Text(usize),
    /// The beginning or the end of a block of code.
    Fence(usize),
    /// Behind so many bytes of blanks.
    Mark(usize, usize),
}

impl CitationFilter {
    pub fn new(passages: usize) -> Self {
        Self { passages, ..Self::default() }
    }

    /// The part of the text that can be shown now.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        self.shown(false)
    }

    /// The text that was still held back at the end.
    pub fn end(&mut self) -> String {
        let mut rest = self.shown(true);
        rest.truncate(rest.trim_end().len());
        rest
    }

    /// The passages that were cited, in the order of their numbers, by their index.
    pub fn cited(&self) -> &[usize] {
        &self.cited
    }

    fn shown(&mut self, is_end: bool) -> String {
        let (text, mut shown) = (std::mem::take(&mut self.held), String::new());
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let token = match self.token(rest, is_end) {
                Some(token) => token,
                None if is_end => Token::Text(rest.chars().next().map_or(0, char::len_utf8)),
                None => break,
            };
            let (Token::Text(length) | Token::Fence(length) | Token::Mark(_, length)) = token;
            let part = &rest[..length];
            match token {
                Token::Mark(blanks, _) => self.mark(blanks, part, &mut shown),
                Token::Text(_) => self.text(part, &mut shown),
                Token::Fence(_) => {
                    self.is_in_block = !self.is_in_block;
                    self.text(part, &mut shown);
                }
            }
            rest = &rest[length..];
        }
        self.held = rest.to_owned();
        shown
    }

    /// What stands at the beginning; `None` if more has to come.
    fn token(&self, text: &str, is_end: bool) -> Option<Token> {
        let ticks = text.bytes().take_while(|byte| *byte == b'`').count();
        if self.is_in_block {
            return match text.find('`').unwrap_or(text.len()) {
                0 if ticks >= FENCE.len() => Some(Token::Fence(ticks)),
                0 if ticks == text.len() => None,
                0 => Some(Token::Text(ticks)),
                length => Some(Token::Text(length)),
            };
        }
        let first = text.chars().next()?;
        match first {
            '`' if ticks == text.len() => None,
            '`' if ticks >= FENCE.len() => Some(Token::Fence(ticks)),
            '`' => code(text, ticks).map(Token::Text),
            ' ' | '[' | '【' | '［' => self.bracket(text, is_end),
            _ => Some(Token::Text(text.find(|c| matches!(c, '`' | ' ') || is_opening(c)).unwrap_or(text.len()))),
        }
    }

    /// Blanks, and what stands in brackets behind them.
    fn bracket(&self, text: &str, is_end: bool) -> Option<Token> {
        let blanks = text.len() - text.trim_start_matches(' ').len();
        let inside = match text[blanks..].chars().next()? {
            c if is_opening(c) => blanks + c.len_utf8(),
            _ => return Some(Token::Text(blanks)),
        };
        // Of two brackets, the second may begin a mark; a mark stands in one line.
        let ends = |c: char| is_opening(c) || is_closing(c) || matches!(c, '\n' | '`');
        let Some((at, end)) = text[inside..].char_indices().find(|(_, c)| ends(*c)) else {
            return (text.len() - blanks > LONGEST).then_some(Token::Text(text.len()));
        };
        let (at, after) = (inside + at, inside + at + end.len_utf8());
        if !is_closing(end) {
            return Some(Token::Text(at));
        }
        if after - blanks > LONGEST || self.is_of_code(blanks) {
            return Some(Token::Text(after));
        }
        let is_glued = blanks == 0 && self.last[1].is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ')'));
        if is_glued && (self.is_in_call || is_index(&text[after..], is_end)?) {
            return Some(Token::Text(after));
        }
        Some(Token::Mark(blanks, after))
    }

    /// Whether a list or an index begins behind what was shown last: `x = [1, 2]`, `"a": [1]`, `rows[0][1]`.
    fn is_of_code(&self, blanks: usize) -> bool {
        match self.last {
            [_, Some('=')] | [Some('"' | '\''), Some(':')] => true,
            [_, Some(']')] => blanks == 0,
            _ => false,
        }
    }

    fn text(&mut self, part: &str, shown: &mut String) {
        for c in part.chars() {
            self.is_in_call = match c {
                '(' => self.last[1].is_some_and(|c| c.is_ascii_alphanumeric() || c == '_'),
                ')' | '\n' => false,
                _ => self.is_in_call,
            };
            if c != ' ' {
                self.last = [self.last[1], Some(c)];
            }
        }
        shown.push_str(part);
    }

    fn mark(&mut self, blanks: usize, part: &str, shown: &mut String) {
        let Some(numbers) = numbers(&part[blanks..]) else { return self.text(part, shown) };
        let passages = 1..=self.passages;
        let known = numbers.into_iter().filter(|number| passages.contains(number));
        let marks: String = known.map(|number| format!("[{}]", self.number(number - 1))).collect();
        // Spaces before a removed mark are removed, too.
        if !marks.is_empty() {
            shown.push_str(&part[..blanks]);
            shown.push_str(&marks);
        }
        self.last = [None, None];
    }

    /// The number of a passage in the text.
    fn number(&mut self, passage: usize) -> usize {
        let index = self.cited.iter().position(|cited| *cited == passage).unwrap_or_else(|| {
            self.cited.push(passage);
            self.cited.len() - 1
        });
        index + 1
    }
}

/// Whether brackets right behind a word are an index, by what follows them: behind a citation, a sentence or a part of it ends.
/// `None` if more has to come.
fn is_index(mut after: &str, is_end: bool) -> Option<bool> {
    while after.starts_with(is_opening) {
        match after.find(is_closing) {
            Some(end) => after = after[end..].trim_start_matches(is_closing),
            None => return (is_end || after.len() > LONGEST).then_some(true),
        }
    }
    match after.chars().next() {
        None => is_end.then_some(false),
        Some(next) => {
            Some(next.is_ascii() && !matches!(next, '.' | ',' | ';' | ':' | '!' | '?' | '\n' | '\r' | '"' | '*'))
        }
    }
}

/// The length of code within a line, or of the backticks if they surround none; `None` if more has to come.
fn code(text: &str, ticks: usize) -> Option<usize> {
    let fence = &text[..ticks];
    let line = text[ticks..].find('\n');
    let inside = &text[ticks..][..line.unwrap_or(text.len() - ticks)];
    let end = inside.match_indices(fence).find(|(at, _)| {
        let is_whole = !inside[..*at].ends_with('`') && !inside[at + ticks..].starts_with('`');
        is_whole && *at > 0
    });
    match end {
        // More backticks may follow.
        Some((at, _)) if line.is_none() && at + ticks == inside.len() && ticks > 1 => None,
        Some((at, _)) => Some(ticks + at + ticks),
        None if line.is_none() && inside.len() <= LONGEST_CODE => None,
        None => Some(ticks),
    }
}

/// Removes everything that looks like a mark: passages have their own footnotes, and earlier answers cited other passages.
pub fn without_marks(text: &str) -> String {
    let mut citations = CitationFilter::new(0);
    let mut shown = citations.push(text);
    shown.push_str(&citations.end());
    shown
}

fn is_opening(c: char) -> bool {
    matches!(c, '[' | '【' | '［')
}

fn is_closing(c: char) -> bool {
    matches!(c, ']' | '】' | '］')
}

/// The numbers in a mark with its brackets; `None` if the brackets contain something else.
fn numbers(mark: &str) -> Option<Vec<usize>> {
    let inside = mark.trim_matches(|c| is_opening(c) || is_closing(c));
    // Some write the source behind the number.
    let inside = inside.split('†').next().unwrap_or_default();
    let plain: String = inside.chars().map(plain).collect::<String>().to_lowercase();
    let mut list = plain.trim();
    for word in WORDS {
        list = list.strip_prefix(word).unwrap_or(list).trim_start();
    }
    let mut numbers = Vec::new();
    for part in list.split([',', ';', ' ']).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        numbers.extend((first..=last).take(MOST));
    }
    numbers.truncate(MOST);
    (!numbers.is_empty()).then_some(numbers)
}

/// No passage has number 0, and there are never a hundred: years, statuses and the like are text.
fn number(text: &str) -> Option<usize> {
    let text = text.trim().trim_start_matches('^').trim_start_matches('#');
    let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten().filter(|number| *number > 0)
}

/// The ASCII form of full-width characters from Chinese input methods.
fn plain(c: char) -> char {
    match c {
        '０'..='９' => char::from(b'0' + (c as u32 - '０' as u32) as u8),
        '，' | '、' => ',',
        '；' => ';',
        '–' | '—' | '－' | '~' | '～' => '-',
        '\u{a0}' | '\u{3000}' | '\t' => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as shown and its citations, with the input split at every position.
    fn check(passages: usize, text: &str, expected: &str, cited: &[usize]) {
        let characters: Vec<char> = text.chars().collect();
        for size in 1..=characters.len() {
            let mut citations = CitationFilter::new(passages);
            let pieces = characters.chunks(size);
            let mut shown: String = pieces.map(|piece| citations.push(&piece.iter().collect::<String>())).collect();
            shown.push_str(&citations.end());
            assert_eq!((shown.as_str(), citations.cited()), (expected, cited), "{text:?} in pieces of {size}");
        }
    }

    #[test]
    fn marks_are_numbered_as_they_are_first_cited() {
        check(3, "A [3]. B [1][3], C [2].", "A [1]. B [2][1], C [3].", &[2, 0, 1]);
    }

    #[test]
    fn marks_without_a_passage_are_left_out_with_the_blank_before_them() {
        check(2, "A [7]. B  [98]\nC [99] D [1].", "A. B\nC D [1].", &[0]);
        check(0, "Nothing [1].", "Nothing.", &[]);
        check(2, "[1, 9] x", "[1] x", &[0]);
    }

    #[test]
    fn every_way_of_writing_a_mark_becomes_one() {
        for mark in
            ["[2]", "[ 2 ]", "[^2]", "【2】", "［２］", "【2†source】", "[Passage 2]", "[来源2]", "[#2]", "[2-2]"]
        {
            check(3, &format!("字{mark}。"), "字[1]。", &[1]);
        }
        for mark in ["[1, 2]", "[1,2]", "[1;2]", "【1、2】", "[1–2]", "[1 2]", "[passages 1, 2]", "[^1, ^2]"] {
            check(3, &format!("x {mark}"), "x [1][2]", &[0, 1]);
        }
    }

    #[test]
    fn other_brackets_stay_as_they_are() {
        for text in [
            "a[i] = [] and [x](https://example.com/[a]) [2023] [see below]",
            "[[unclosed",
            "[1",
            "[a very long remark that goes on and on, with 1 and 2 in it, until it ends]",
            "[-] [1-] [a-3] ] 】",
            "[\n1]",
        ] {
            check(3, text, text, &[]);
        }
    }

    #[test]
    fn code_stays_as_it_is() {
        let block = "```python\nprint(args[1], args[2])\nx = [0]\nm = {\"a\": [1, 2, 3]}\n```\n";
        for text in [
            block,
            "inline `rows[0]` or `a[1][2]`, ``b`[1]`` and ```c[1]``` too",
            "HTTP [404], HTTP [0] and args[2] too, x = [1, 2] and {\"a\": [1]}",
            "f(x)[1](y), rows[1][2] of it, print(args[1], args[2]) and rows[0]",
        ] {
            check(3, text, text, &[]);
        }
        check(3, &format!("As in [2]:\n{block}and [3]."), &format!("As in [1]:\n{block}and [2]."), &[1, 2]);
        check(3, "It`s three [2].\nOr `four [3].", "It`s three [1].\nOr `four [2].", &[1, 2]);
        check(3, "14 days[2]. Or seven[3], or[1]\nso[2][1]", "14 days[1]. Or seven[2], or[3]\nso[1][3]", &[1, 2, 0]);
    }

    #[test]
    fn passages_lose_their_own_marks() {
        assert_eq!(without_marks("As shown [12], it [see 3] holds [1]."), "As shown, it [see 3] holds.");
    }

    #[test]
    fn what_a_mark_may_name_is_bounded() {
        let mut citations = CitationFilter::new(1000);
        let shown = citations.push("[1-99][1-99, 1-99]");
        assert!(shown.len() < 300, "{shown}");
    }
}
