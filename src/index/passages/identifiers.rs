//! Identifiers of a question that stand in no passage: what is asked about "R500" is not answered by what is said of "R200", however
//! near that lies.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;
use tantivy::{Searcher, Term};

use super::PassageIndex;
use crate::analysis::query_terms;
use crate::index::IndexError;
use crate::model::UnknownIdentifier;

/// Words that begin with a letter and have a digit in them, with the marks that types and articles are written with.
static IDENTIFIER: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"[A-Za-z][A-Za-z0-9]*(?:[-_/.][A-Za-z0-9]+)*";
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("the pattern is a constant: {error}"))
});

/// Identifiers of a question that are looked at.
const MOST: usize = 8;

/// How many similar ones are named.
const NEAREST: usize = 3;

/// How many terms are compared with one.
const COMPARED: usize = 20_000;

/// By how many characters a similar one may differ.
const DISTANCE: usize = 2;

impl PassageIndex {
    /// The identifiers in a question that no passage, title or heading has, with those that are similar.
    pub fn unknown_identifiers(&self, question: &str) -> Result<Vec<UnknownIdentifier>, IndexError> {
        let searcher = self.searcher();
        let mut unknown = Vec::new();
        for name in identifiers(question) {
            // Of "HT-2040" the terms are "ht" and "2040".
            let terms = query_terms(name).into_iter().map(|term| term.text).filter(|text| has_digit(text));
            for text in terms {
                if !self.has_term(&searcher, &text)? {
                    let nearest = self.similar(&searcher, &text, name)?;
                    unknown.push(UnknownIdentifier { name: name.to_owned(), nearest });
                    break;
                }
            }
        }
        Ok(unknown)
    }

    fn has_term(&self, searcher: &Searcher, text: &str) -> Result<bool, IndexError> {
        for field in [self.fields.text, self.fields.names] {
            if searcher.doc_freq(&Term::from_field_text(field, text))? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The terms that begin with the same letters and differ little; written as `name` is.
    fn similar(&self, searcher: &Searcher, text: &str, name: &str) -> Result<Vec<String>, IndexError> {
        let letters: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
        if letters.is_empty() {
            return Ok(Vec::new());
        }
        let mut near: Vec<(usize, String)> = Vec::new();
        for segment in searcher.segment_readers() {
            let inverted = segment.inverted_index(self.fields.text)?;
            let mut terms = inverted.terms().range().ge(letters.as_bytes()).into_stream().map_err(IndexError::from)?;
            let mut compared = 0;
            while compared < COMPARED && terms.advance() {
                compared += 1;
                let Ok(term) = std::str::from_utf8(terms.key()) else { continue };
                if !term.starts_with(&letters) {
                    break;
                }
                let distance = strsim::damerau_levenshtein(term, text);
                if has_digit(term) && distance <= DISTANCE && !near.iter().any(|(_, known)| known == term) {
                    near.push((distance, term.to_owned()));
                }
            }
        }
        near.sort();
        near.truncate(NEAREST);
        let is_upper = name.chars().any(char::is_uppercase);
        Ok(near.into_iter().map(|(_, term)| if is_upper { term.to_uppercase() } else { term }).collect())
    }
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The words of a question that name one thing among others: with letters and digits.
fn identifiers(question: &str) -> impl Iterator<Item = &str> {
    let mut seen = HashSet::new();
    let found = IDENTIFIER.find_iter(question).filter(move |found| {
        // Within a longer word, as in "18V", it is a unit.
        let is_whole = !question[..found.start()].ends_with(|c: char| c.is_alphanumeric());
        is_whole && has_digit(found.as_str()) && found.len() > 2
    });
    found.map(|found| found.as_str()).filter(move |name| seen.insert(*name)).take(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::passages;
    use crate::index::IndexedDocument;
    use crate::model::{DocumentKind, DocumentNumber};

    #[test]
    fn identifiers_are_words_with_letters_and_digits() {
        let of = |question| identifiers(question).collect::<Vec<_>>();
        assert_eq!(of("How long is the warranty of R500 or the HT-2040, and of r200?"), ["R500", "HT-2040", "r200"]);
        assert_eq!(of("R500的保修期是多久？"), ["R500"]);
        for question in
            ["How much is the 18V battery of 5kg at 9:00, 3rd floor?", "after 30 days in 2026", "H2 or COVID"]
        {
            assert_eq!(of(question), [] as [&str; 0], "{question}");
        }
    }

    #[test]
    fn what_no_passage_has_is_unknown_and_what_is_similar_is_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = PassageIndex::open(dir.path()).expect("an index");
        let text = "The pump R200 has a warranty of 24 months, the R300 one of 36, and the HT-2010 none.";
        let passages = passages(text, DocumentKind::Text);
        let document = IndexedDocument {
            number: DocumentNumber(1),
            version: 1,
            title: "Pumps",
            room: None,
            text,
            passages: &passages,
        };
        index.replace(&[document]).expect("stored");
        let unknown = |question| {
            let unknown = index.unknown_identifiers(question).expect("a search");
            unknown.into_iter().map(|unknown| (unknown.name, unknown.nearest)).collect::<Vec<_>>()
        };
        assert_eq!(unknown("Warranty of the R500?"), [("R500".to_owned(), vec!["R200".to_owned(), "R300".to_owned()])]);
        assert_eq!(unknown("Warranty of the HT-2040?"), [("HT-2040".to_owned(), vec![])]);
        for question in ["Warranty of the r200?", "HT-2010的保修期", "R300 or 18V?"] {
            assert_eq!(unknown(question), [], "{question}");
        }
    }
}
