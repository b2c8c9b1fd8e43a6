//! Citations such as `[1]` in a text that a model writes: checked against the passages it was given, while it writes.
//!
//! The output always uses the form `[1]`, numbered in the order in which passages are first cited. A mark without a passage is left
//! out. Models write marks in many ways: `[1, 2]`, `[^1]`, `[1-3]`, `【1】`, `【1†source】`, `［１］`, `[passage 1]`.

/// Bytes between the brackets of the longest mark; longer ones are text.
const LONGEST: usize = 48;

/// Passages that one mark may name.
const MOST: usize = 20;

/// Words that may stand before the numbers.
const WORDS: [&str; 10] = ["passages", "passage", "sources", "source", "段落", "来源", "來源", "资料", "資料", "^"];

/// Checks the citation marks of a streamed text.
#[derive(Debug, Default)]
pub struct CitationFilter {
    /// How many passages there are.
    passages: usize,
    /// Those that were cited, by their index; the first is `[1]`.
    cited: Vec<usize>,
    /// Held-back text that may be the beginning of a mark, with the spaces before it.
    held: String,
}

impl CitationFilter {
    pub fn new(passages: usize) -> Self {
        Self { passages, ..Self::default() }
    }

    /// The part of the text that can be shown now.
    pub fn push(&mut self, piece: &str) -> String {
        let mut shown = String::new();
        for c in piece.chars() {
            self.take(c, &mut shown);
        }
        shown
    }

    /// The text that was still held back at the end.
    pub fn end(&mut self) -> String {
        std::mem::take(&mut self.held).trim_end().to_owned()
    }

    /// The passages that were cited, in the order of their numbers, by their index.
    pub fn cited(&self) -> &[usize] {
        &self.cited
    }

    fn take(&mut self, c: char, shown: &mut String) {
        let is_open = self.held.contains(is_opening);
        match c {
            _ if is_opening(c) => {
                // Of two brackets, the second may begin a mark.
                if is_open {
                    shown.push_str(&std::mem::take(&mut self.held));
                }
                self.held.push(c);
            }
            _ if is_open && is_closing(c) => {
                self.held.push(c);
                self.close(shown);
            }
            // Spaces before a removed mark are removed, too.
            ' ' if !is_open => self.held.push(c),
            _ => {
                self.held.push(c);
                if !is_open || c == '\n' || self.held.len() > LONGEST {
                    shown.push_str(&std::mem::take(&mut self.held));
                }
            }
        }
    }

    fn close(&mut self, shown: &mut String) {
        let held = std::mem::take(&mut self.held);
        let start = held.find(is_opening).unwrap_or_default();
        let (blanks, mark) = held.split_at(start);
        let Some(numbers) = numbers(mark) else { return shown.push_str(&held) };
        let passages = 1..=self.passages;
        let known = numbers.into_iter().filter(|number| passages.contains(number));
        let marks: String = known.map(|number| format!("[{}]", self.number(number - 1))).collect();
        if !marks.is_empty() {
            shown.push_str(blanks);
            shown.push_str(&marks);
        }
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

/// Years and the like are text.
fn number(text: &str) -> Option<usize> {
    let text = text.trim().trim_start_matches('^').trim_start_matches('#');
    let is_number = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
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
        check(2, "A [7]. B  [0]\nC [99] D [1].", "A. B\nC D [1].", &[0]);
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
    fn passages_lose_their_own_marks() {
        assert_eq!(without_marks("As shown [12], it [see 3] holds [1]."), "As shown, it [see 3] holds.");
    }

    #[test]
    fn what_a_mark_may_name_is_bounded() {
        let mut citations = CitationFilter::new(1000);
        let shown = citations.push("[1-999][1-999, 1-999]");
        assert!(shown.len() < 300, "{shown}");
    }
}
