//! A word of a query: its index terms, and matching against texts.

use std::ops::Range;

use crate::analysis::{Folded, Term, TermKind, fold, merged, places, query_terms, terms};
use crate::index::WantedTerm;

/// Minimum length of a prefix in bytes; a single letter would match half of all messages.
const MIN_BEGINNING: usize = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    folded: String,
    terms: Vec<Term>,
    /// The text must have it as it is; if not, it is one English word or number, in any of its forms.
    is_literal: bool,
    /// It may be incomplete: also matches as a prefix.
    is_begun: bool,
}

impl Word {
    /// A quoted phrase.
    pub fn phrase(text: &str) -> Option<Self> {
        let folded = fold(text.trim());
        let terms = query_terms(&folded);
        (!folded.is_empty()).then_some(Self { folded, terms, is_literal: true, is_begun: false })
    }

    /// An unquoted word; the last one may be incomplete.
    pub fn new(text: &str, is_last: bool) -> Option<Self> {
        let trimmed = text.trim_matches(is_around);
        let word = Self::phrase(if trimmed.is_empty() { text } else { trimmed })?;
        let whole = 0..word.folded.len();
        let is_literal = !matches!(&word.terms[..], [term] if term.kind == TermKind::Word && term.range == whole);
        let is_begun = is_last && text.ends_with(trimmed);
        Some(Self { is_literal, is_begun, ..word })
    }

    /// The word, folded.
    pub fn text(&self) -> &str {
        &self.folded
    }

    /// The index terms that a message with this word must have.
    pub fn terms(&self) -> Vec<WantedTerm> {
        let wanted = |(number, term): (usize, &Term)| {
            let written = &self.folded[term.range.clone()];
            let is_begun = self.is_begun && number + 1 == self.terms.len() && written.len() >= MIN_BEGINNING;
            match term.kind {
                TermKind::Single => WantedTerm::Beginning(term.text.clone()),
                TermKind::Word if is_begun => WantedTerm::ExactOrBeginning(term.text.clone(), written.to_owned()),
                _ => WantedTerm::Exact(term.text.clone()),
            }
        };
        self.terms.iter().enumerate().map(wanted).collect()
    }

    /// Whether a text with these terms contains the word.
    pub fn is_in(&self, text: &Folded) -> bool {
        !self.is_literal || text.as_str().contains(&self.folded)
    }

    /// Whether a term of a text is a form of this word.
    fn is_form(&self, term: &Term) -> bool {
        let begins = self.is_begun && self.folded.len() >= MIN_BEGINNING && term.text.starts_with(&self.folded);
        !self.is_literal && (begins || self.terms.iter().any(|wanted| wanted.text == term.text))
    }
}

/// Punctuation around words.
fn is_around(c: char) -> bool {
    ",.!?;:()，。！？；：、（）…".contains(c)
}

/// The ranges of a text that match these words.
pub(super) fn marks(words: &[Word], text: &str, folded: &Folded) -> Vec<Range<usize>> {
    let literal = words.iter().filter(|word| word.is_literal);
    let mut marks: Vec<Range<usize>> = literal.flat_map(|word| places(folded, &word.folded)).collect();
    if words.iter().any(|word| !word.is_literal) {
        let forms = terms(text).into_iter().filter(|term| words.iter().any(|word| word.is_form(term)));
        marks.extend(forms.map(|term| term.range));
    }
    merged(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: Option<Word>, text: &str, expected: &[&str]) {
        let words = Vec::from_iter(word);
        let folded = Folded::new(text);
        let is_in = words.iter().all(|word| word.is_in(&folded));
        let found = if is_in { marks(&words, text, &folded) } else { Vec::new() };
        let found: Vec<&str> = found.into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected, "{words:?} in {text:?}");
    }

    #[test]
    fn a_chinese_word_must_stand_there_as_one() {
        check(Word::new("机器学习", true), "他學習機器，機器學習", &["機器學習"]);
        check(Word::new("机器学习", true), "机器的器学和学习", &[]);
        check(Word::new("猫", true), "大貓小猫", &["貓", "猫"]);
    }

    #[test]
    fn an_english_word_is_found_in_its_forms_and_while_it_is_typed() {
        check(Word::new("running", false), "He runs; running", &["runs", "running"]);
        check(Word::new("impl", true), "An implementation", &["implementation"]);
        check(Word::new("impl", false), "An implementation", &[]);
        check(Word::new("cats,", true), "A cat, cats", &["cat", "cats"]);
    }

    #[test]
    fn a_phrase_is_found_as_it_is() {
        check(Word::phrase("the DOOR is"), "The door is open; the doors", &["The door is"]);
        check(Word::phrase("c++"), "C and C++", &["C++"]);
        check(Word::new("foo_bar", true), "foo_bar, foo bar", &["foo_bar"]);
        assert_eq!(Word::phrase(" "), None);
    }
}
