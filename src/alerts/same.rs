//! Whether one text says what another says, whatever their marks.

use std::collections::HashSet;

/// How much of a text is compared, in characters: more than a message has.
const COMPARED: usize = 20_000;

/// How many lines are looked for one by one.
const MOST_LINES: usize = 200;

/// What a text says: its words in lower case with one space between them, and apart from these the addresses in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    words: String,
    addresses: Vec<String>,
}

impl Said {
    pub fn by(text: &str) -> Self {
        let end = text.char_indices().nth(COMPARED).map_or(text.len(), |(end, _)| end);
        let (mut words, mut addresses) = (String::new(), Vec::new());
        let mut rest = &text[..end];
        while let Some(at) = rest.find("://") {
            let begin = rest[..at].rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |before| before + 1);
            let behind = rest[at..]
                .find(|c: char| c.is_whitespace() || matches!(c, ')' | '>' | '|' | '"'))
                .map_or(rest.len(), |end| at + end);
            // A sign that is no letter may be longer than a byte.
            let begin = (begin..=at).find(|begin| rest.is_char_boundary(*begin)).unwrap_or(at);
            add_words(&rest[..begin], &mut words);
            addresses.push(rest[begin..behind].trim_end_matches('/').to_owned());
            rest = &rest[behind..];
        }
        add_words(rest, &mut words);
        words.truncate(words.trim_end().len());
        Self { words, addresses }
    }

    /// Whether `other` has these words in this order, one after the other, and these addresses. Nothing is within everything.
    pub fn is_within(&self, other: &Self) -> bool {
        let all = &other.words;
        let is_there = |(start, _): (usize, &str)| stands_apart(all, start, start + self.words.len());
        self.addresses.iter().all(|address| other.addresses.contains(address))
            && (self.words.is_empty() || all.match_indices(&self.words).any(is_there))
    }

    /// Whether it has enough words that it does not stand elsewhere by chance.
    pub fn is_phrase(&self) -> bool {
        self.words.contains(' ') || self.words.chars().filter(|c| !c.is_ascii()).count() >= 4
    }

    /// The share of its words that `other` does not have.
    pub fn share_of_new_words(&self, other: &Self) -> f32 {
        let known: HashSet<&str> = other.words.split(' ').collect();
        let (mut all, mut new) = (0_u16, 0_u16);
        for word in self.words.split(' ').filter(|word| !word.is_empty()).take(1000) {
            all += 1;
            new += u16::from(!known.contains(word) && (word.is_ascii() || !other.words.contains(word)));
        }
        if all == 0 { 0.0 } else { f32::from(new) / f32::from(all) }
    }
}

/// Adds the words of a text; it is as if a space stood before it.
fn add_words(text: &str, words: &mut String) {
    for c in std::iter::once(' ').chain(text.chars()) {
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        } else if !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
    }
}

/// Whether no word begins before `start` and ends behind it, or does so at `end`. Chinese is written without spaces.
fn stands_apart(all: &str, start: usize, end: usize) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_apart = |at: usize| {
        let (before, after) = all.split_at(at);
        !(is_letter(before.chars().next_back()) && is_letter(after.chars().next()))
    };
    is_apart(start) && is_apart(end)
}

/// Whether all that a text says is said in `all`, perhaps in another order of its lines.
pub fn is_said(text: &str, all: &Said) -> bool {
    let lines: Vec<Said> = text.lines().take(MOST_LINES + 1).map(Said::by).collect();
    Said::by(text).is_within(all) || (lines.len() <= MOST_LINES && lines.iter().all(|line| line.is_within(all)))
}

/// Whether a line of `text` says this.
pub fn is_line_of(said: &Said, text: &str) -> bool {
    text.lines().take(MOST_LINES).any(|line| Said::by(line) == *said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_in_order() {
        let is_within = |text: &str, all: &str| Said::by(text).is_within(&Said::by(all));
        assert!(is_within("*Build* 7 failed!", "the build 7 failed (https://ci.example)"));
        assert!(is_within("", "x") && is_within("—", "x"));
        assert!(!is_within("build 7", "build 77"));
        assert!(!is_within("uild 7", "build 7"));
        assert!(is_within("磁盘已满", "服务器磁盘已满。"));
        assert!(!is_within("failed build", "build failed"));
        assert!(!is_within("Deploy?", "Open (https://ci.example/deploy)"));
        assert!(is_within("log <https://ci.example/7>", "see (https://ci.example/7/) the log"));
        assert!(!is_within("https://ci.example/7", "https://ci.example/77 ci example 7"));
        assert!(is_within("见https://ci.example/好", "见 https://ci.example/好"));
        assert!(is_said("two\none", &Said::by("one two")));
    }

    #[test]
    fn new_words_are_counted() {
        let share = |text: &str, other: &str| Said::by(text).share_of_new_words(&Said::by(other));
        assert!(share("a b c", "a b") > 0.3);
        assert!(share("", "a b") == 0.0);
        assert!(share("满", "磁盘已满") == 0.0);
    }
}
