//! Words that were broken at the end of a line: whether the hyphen there belongs to them.
//!
//! The document itself is the first witness: a word that it has elsewhere, in one piece or with a hyphen. What is left is decided
//! by how words are made.

use std::collections::HashSet;

/// Different words that are remembered of a document.
const MOST: usize = 500_000;

/// How a line goes on in the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The hyphen was only put at the end of the line.
    Soft,
    /// The hyphen is part of the word.
    Hard,
    /// The hyphen stands for what another word ends in: "short- and long-term".
    Open,
}

/// Words that follow a hyphen which stands for the end of another word.
const JOINING: [&str; 9] = ["and", "or", "to", "und", "oder", "bis", "bzw", "sowie", "beziehungsweise"];

/// What words with a hyphen begin with, and hardly any other.
const STARTS: [&str; 9] = ["self", "well", "half", "cross", "quasi", "ill", "vice", "great", "non"];

/// What words with a hyphen end in, and hardly any other.
const ENDS: [&str; 14] = [
    "based", "year", "month", "week", "minute", "term", "related", "specific", "friendly", "sized", "up", "out", "off",
    "down",
];

/// What makes one word with what follows.
const PREFIXES: [&str; 6] = ["un", "in", "re", "inter", "over", "under"];

/// Endings that make one word of what stands before them.
const SUFFIXES: [&str; 16] = [
    "ing", "ings", "ed", "er", "ers", "es", "ly", "ish", "less", "ness", "ful", "teen", "teenth", "ty", "tieth", "fold",
];

const NUMBERS: [&str; 27] = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
];

/// The words of a document.
#[derive(Debug, Default)]
pub struct Words {
    seen: HashSet<String>,
}

impl Words {
    /// Those that stand whole within lines.
    pub fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut seen = HashSet::new();
        let mut is_broken = false;
        for line in lines {
            let mut words = line.split(|c: char| !is_part(c)).filter(|word| !word.is_empty()).peekable();
            let ends_broken = line.trim_end().ends_with(is_hyphen);
            if std::mem::take(&mut is_broken) {
                words.next();
            }
            while let Some(word) = words.next() {
                let is_rest = ends_broken && words.peek().is_none();
                if !is_rest && seen.len() < MOST {
                    seen.insert(word.trim_matches(is_hyphen).to_lowercase());
                }
            }
            is_broken = ends_broken;
        }
        Self { seen }
    }

    /// What the hyphen at the end of a line is, if there is one at the end of a word.
    pub fn at_break(&self, line: &str, next: &str) -> Option<Break> {
        if line.ends_with('\u{ad}') {
            return Some(Break::Soft);
        }
        let before = line.strip_suffix(is_hyphen)?;
        let left = &before[before
            .rfind(|c: char| !is_part(c))
            .map_or(0, |end| end + before[end..].chars().next().map_or(1, char::len_utf8))..];
        let right = &next[..next.find(|c: char| !is_part(c)).unwrap_or(next.len())];
        let (Some(last), Some(first)) = (left.chars().next_back(), right.chars().next()) else { return None };
        if is_hyphen(last) || is_wide_or_mark(last) {
            return None;
        }
        if line.ends_with('–') {
            return Some(Break::Hard);
        }
        let is_address = before
            .rsplit(char::is_whitespace)
            .next()
            .is_some_and(|word| word.contains(['/', '@', '_']) || word.starts_with("www."));
        if is_address || first.is_ascii_digit() || last.is_ascii_digit() {
            return Some(Break::Hard);
        }
        Some(self.between(left, right))
    }

    fn between(&self, left: &str, right: &str) -> Break {
        let (whole, hyphened) = (format!("{left}{right}").to_lowercase(), format!("{left}-{right}").to_lowercase());
        let last = left.rsplit(is_hyphen).next().unwrap_or(left).to_lowercase();
        let first = right.split(is_hyphen).next().unwrap_or(right).to_lowercase();
        if self.seen.contains(&whole) || self.seen.contains(&format!("{last}{first}")) {
            return Break::Soft;
        }
        if self.seen.contains(&hyphened) || self.seen.contains(&format!("{last}-{first}")) {
            return Break::Hard;
        }
        if JOINING.contains(&right) {
            return Break::Open;
        }
        let is_large = |word: &str| word.chars().next().is_some_and(char::is_uppercase);
        let are_capitals = |word: &str| word.chars().count() > 1 && word.chars().all(char::is_uppercase);
        if is_large(right) {
            return if are_capitals(left) && are_capitals(right) { Break::Soft } else { Break::Hard };
        }
        let is_short = last.chars().count() == 1 || are_capitals(left);
        let is_chain = left.contains(is_hyphen) || right.contains(is_hyphen);
        if is_short || is_chain || self.is_compound(&last, &first) { Break::Hard } else { Break::Soft }
    }

    /// Whether two words are rather joined by a hyphen, by what they are.
    fn is_compound(&self, left: &str, right: &str) -> bool {
        /// Letters from which on a word is no syllable.
        const LONG: usize = 4;
        if SUFFIXES.contains(&right) {
            return false;
        }
        if PREFIXES.contains(&left) {
            // Two vowels that are spoken apart: "re-enter".
            return left.ends_with('e') && right.starts_with('e');
        }
        let is_seen = |word: &str| word.chars().count() >= LONG && self.seen.contains(word);
        NUMBERS.contains(&left)
            || STARTS.contains(&left)
            || ENDS.contains(&right)
            || (left == "co" && right.starts_with('o'))
            || (is_seen(left) && is_seen(right))
    }
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '–')
}

fn is_part(c: char) -> bool {
    (c.is_alphanumeric() && !is_wide_or_mark(c)) || matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\'' | '’')
}

fn is_wide_or_mark(c: char) -> bool {
    super::lines::is_wide(c) && !matches!(c, '’')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyphen_at_the_end_of_a_line_is_what_the_document_and_the_words_say() {
        let document =
            ["The information is well-known to co-operatives and to the finance department.", "A tax on land use."];
        let words = Words::of(document.into_iter());
        for (line, next, expected) in [
            ("after the infor-", "mation", Some(Break::Soft)),
            ("the co-", "operatives", Some(Break::Hard)),
            ("the depart-", "ments", Some(Break::Soft)),
            ("within thirty-", "six months", Some(Break::Hard)),
            ("the seven-", "teen", Some(Break::Soft)),
            ("is self-", "employed", Some(Break::Hard)),
            ("a 30-", "day limit", Some(Break::Hard)),
            ("in Baden-", "Württemberg", Some(Break::Hard)),
            ("short-", "and long-term", Some(Break::Open)),
            ("Haupt-", "und Nebeneingang", Some(Break::Open)),
            ("die Versiche-", "rung", Some(Break::Soft)),
            ("VERSICHE-", "RUNG", Some(Break::Soft)),
            ("up-", "to-date", Some(Break::Hard)),
            ("state-of-", "the-art", Some(Break::Hard)),
            ("an e-", "mail", Some(Break::Hard)),
            ("the EU-", "wide rule", Some(Break::Hard)),
            ("see https://example.org/some-", "page", Some(Break::Hard)),
            ("to re-", "enter", Some(Break::Hard)),
            ("are un-", "related", Some(Break::Soft)),
            ("the long-", "term plan", Some(Break::Hard)),
            ("a follow-", "up", Some(Break::Hard)),
            ("pages 10–", "20", Some(Break::Hard)),
            ("it is so –", "and", None),
            ("no hyphen", "here", None),
        ] {
            assert_eq!(words.at_break(line, next), expected, "{line}/{next}");
        }
    }
}
