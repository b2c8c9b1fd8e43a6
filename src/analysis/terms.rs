//! Splitting texts into terms.

use std::ops::Range;
use std::sync::LazyLock;

use super::characters::{Class, class};
use super::{Folded, Term, fold};

/// Maximum length of a word in bytes; longer ones (keys, encoded data) are truncated.
const LONGEST: usize = 64;

/// The kind of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// A word, number or version; an English word as its stem.
    Word,
    /// An English word as it is written, where its stem is another.
    Form,
    /// Two neighbouring characters of a script without spaces.
    Pair,
    /// The last character of such a run: with it, every character begins a term.
    Last,
    /// A run of one character.
    Single,
}

/// The terms of a text, in a reusable buffer.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    text: String,
    /// Ends in `text`, and kinds.
    terms: Vec<(usize, TermKind)>,
}

impl Terms {
    /// Replaces the terms by those of another text.
    pub fn read(&mut self, text: &str) {
        self.text.clear();
        self.terms.clear();
        each(&fold(text), |term, _, kind| {
            self.text.push_str(term);
            self.terms.push((self.text.len(), kind));
        });
    }

    /// The term of that number, from 0.
    pub fn get(&self, number: usize) -> Option<(&str, TermKind)> {
        let &(end, kind) = self.terms.get(number)?;
        let start = number.checked_sub(1).map_or(0, |before| self.terms[before].0);
        Some((&self.text[start..end], kind))
    }
}

/// The terms of a text, in order.
pub fn terms(text: &str) -> Vec<Term> {
    let folded = Folded::new(text);
    let mut terms = Vec::new();
    each(folded.as_str(), |term, range, kind| {
        terms.push(Term { text: term.to_owned(), range: folded.original(&range), kind });
    });
    terms
}

/// The terms of a query. Omits terms that are only needed when indexing. A [`TermKind::Single`] is to be looked
/// up as a prefix of terms.
pub fn query_terms(query: &str) -> Vec<Term> {
    let mut terms = terms(query);
    terms.retain(|term| !matches!(term.kind, TermKind::Last | TermKind::Form));
    terms
}

/// Visits the terms of a folded text, with their byte ranges.
pub(super) fn each(folded: &str, mut visit: impl FnMut(&str, Range<usize>, TermKind)) {
    let mut at = 0;
    while let Some(c) = folded[at..].chars().next() {
        match class(c) {
            Class::Gap => at += c.len_utf8(),
            Class::Unspaced => at = pairs(folded, at, &mut visit),
            Class::Word => at = word(folded, at, &mut visit),
        }
    }
}

/// Visits the pairs of the run that begins at `start`; returns its end.
fn pairs(folded: &str, start: usize, visit: &mut impl FnMut(&str, Range<usize>, TermKind)) -> usize {
    let (mut before, mut end) = (start, start);
    for c in folded[start..].chars() {
        if class(c) != Class::Unspaced {
            break;
        }
        let (at, after) = (end, end + c.len_utf8());
        if at > start {
            visit(&folded[before..after], before..after, TermKind::Pair);
        }
        (before, end) = (at, after);
    }
    let kind = if before == start { TermKind::Single } else { TermKind::Last };
    visit(&folded[before..end], before..end, kind);
    end
}

/// Visits the word that begins at `start`; returns its end.
fn word(folded: &str, start: usize, visit: &mut impl FnMut(&str, Range<usize>, TermKind)) -> usize {
    let end = word_end(folded, start);
    let written = cut(without_version_mark(&folded[start..end]));
    let stem = stem(written);
    visit(&stem, start..end, TermKind::Word);
    if stem != written {
        visit(written, start..end, TermKind::Form);
    }
    end
}

/// Letters and digits; a point between digits and an apostrophe between letters belong to the word.
fn word_end(folded: &str, start: usize) -> usize {
    let bytes = folded.as_bytes();
    let mut end = start;
    while let Some(c) = folded[end..].chars().next() {
        let next = || bytes.get(end + 1).copied().unwrap_or_default();
        let before = || end.checked_sub(1).map_or(0, |at| bytes[at]);
        let belongs = match c {
            '.' => before().is_ascii_digit() && next().is_ascii_digit(),
            '\'' => before().is_ascii_lowercase() && next().is_ascii_lowercase(),
            _ => class(c) == Class::Word,
        };
        if !belongs {
            break;
        }
        end += c.len_utf8();
    }
    end
}

/// `v1.2` is the version 1.2.
fn without_version_mark(word: &str) -> &str {
    match word.strip_prefix('v') {
        Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.') => version,
        _ => word,
    }
}

fn cut(word: &str) -> &str {
    &word[..word.floor_char_boundary(LONGEST.min(word.len()))]
}

/// An English word's stem (Snowball); anything else as it is.
fn stem(word: &str) -> std::borrow::Cow<'_, str> {
    static ENGLISH: LazyLock<frostem::Stemmer> = LazyLock::new(|| frostem::Stemmer::new(frostem::Algorithm::English));
    let is_english = word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'\'');
    if is_english { ENGLISH.stem(word) } else { word.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found: Vec<String> = terms(text).into_iter().map(|term| term.text).collect();
        assert_eq!(found.join(" "), expected, "{text:?}");
        let mut read = Terms::default();
        read.read("something else");
        read.read(text);
        let again: Vec<&str> = (0..).map_while(|number| read.get(number)).map(|(term, _)| term).collect();
        assert_eq!(again.join(" "), expected, "{text:?}");
    }

    #[test]
    fn chinese_is_cut_into_pairs_and_a_last_character() {
        check("机器学习", "机器 器学 学习 习");
        check("機器學習", "机器 器学 学习 习");
        check("猫", "猫");
        check("我用Rust写, 好", "我用 用 rust 写 好");
        check("第3章：⼈⼯", "第 3 章 人工 工");
        check("ガラスです", "ガラ ラス スで です す");
        check("한국어 글", "한국 국어 어 글");
        check("", "");
        check(" \n，。!", "");
    }

    #[test]
    fn words_are_stemmed_and_keep_what_belongs_to_them() {
        check("Running runs ran", "run running run runs ran");
        check("The user's files", "the user user's file files");
        check("v1.2.3 and 3.14. End", "1.2.3 and 3.14 end");
        check("foo_bar std::vec x86-64", "foo bar std vec x86 64");
        check("Ｃafé naïve", "café naïve");
        check(&"a1".repeat(100), &"a1".repeat(32));
        check(&"é".repeat(100), &"é".repeat(32));
    }

    #[test]
    fn terms_know_where_they_stand() {
        let text = "Ｔhe 資料庫 files";
        for term in terms(text) {
            let written = &text[term.range.clone()];
            assert!(fold(written).starts_with(&term.text) || term.text == "file", "{term:?} {written:?}");
        }
    }

    #[test]
    fn a_query_looks_for_pairs_words_and_single_characters() {
        let found: Vec<_> = query_terms("怎么 running 猫").into_iter().map(|term| (term.text, term.kind)).collect();
        let expected = [("怎么", TermKind::Pair), ("run", TermKind::Word), ("猫", TermKind::Single)];
        assert_eq!(found, expected.map(|(text, kind)| (text.to_owned(), kind)));
    }
}
