//! Identifiers of a question that stand in no passage: what is asked about "R500" is not answered by what is said of "R200", however
//! near that lies.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use regex::Regex;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Searcher, Term};

use super::{Audience, PassageIndex};
use crate::analysis::{is_unspaced, query_terms};
use crate::index::IndexError;
use crate::model::UnknownIdentifier;

/// Words that begin with a letter and have a digit in them, with the marks that types and articles are written with.
static IDENTIFIER: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"[A-Za-z][A-Za-z0-9]*(?:[-_/.][A-Za-z0-9]+)*";
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("the pattern is a constant: {error}"))
});

/// Identifiers of a question that are looked at.
const MOST: usize = 8;

/// Letters before the digits, unless they are capitals.
const MOST_LETTERS: usize = 4;

/// How many similar ones are named.
const NEAREST: usize = 3;

/// How many terms are compared with one.
const COMPARED: usize = 20_000;

/// How many similar ones are looked up: the terms of all rooms are near each other.
const MOST_LOOKED_UP: usize = 50;

/// By how many characters a similar one may differ.
const DISTANCE: usize = 2;

impl PassageIndex {
    /// The identifiers in a question that no passage, title or heading has which the audience may find, with those that are similar.
    pub fn unknown_identifiers(
        &self,
        question: &str,
        audience: &Audience,
    ) -> Result<Vec<UnknownIdentifier>, IndexError> {
        let searcher = self.searcher();
        let mut unknown = Vec::new();
        for name in identifiers(question) {
            if self.has_any(&searcher, &spellings(name), audience)? {
                continue;
            }
            let last = query_terms(name).into_iter().map(|term| term.text).rfind(|text| has_digit(text));
            let nearest = self.similar(&searcher, &last.unwrap_or_default(), audience)?;
            let is_upper = name.chars().any(char::is_uppercase);
            let written = |term: String| if is_upper { term.to_uppercase() } else { term };
            let nearest = nearest.into_iter().map(written).collect();
            unknown.push(UnknownIdentifier { name: name.to_owned(), nearest });
        }
        Ok(unknown)
    }

    fn has_any(&self, searcher: &Searcher, spellings: &[Vec<String>], audience: &Audience) -> Result<bool, IndexError> {
        for terms in spellings {
            if self.has_terms(searcher, terms, audience)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the audience may find a passage with all of the terms.
    fn has_terms(&self, searcher: &Searcher, terms: &[String], audience: &Audience) -> Result<bool, IndexError> {
        let fields =
            |text: &String| [self.fields.text, self.fields.names].map(|field| Term::from_field_text(field, text));
        let having = terms.iter().map(fields).map(|[text, name]| either(&text, &name)).collect();
        self.finds(searcher, having, audience)
    }

    /// Whether the audience may find a passage for which all of that holds.
    pub(super) fn finds(
        &self,
        searcher: &Searcher,
        mut wanted: Vec<Box<dyn Query>>,
        audience: &Audience,
    ) -> Result<bool, IndexError> {
        wanted.extend(self.found_in(audience));
        let found = searcher.search(&BooleanQuery::intersection(wanted), &TopDocs::with_limit(1).order_by_score())?;
        Ok(!found.is_empty())
    }

    /// The terms that begin with the same letters and differ little, of passages that the audience may find.
    fn similar(&self, searcher: &Searcher, text: &str, audience: &Audience) -> Result<Vec<String>, IndexError> {
        let letters: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
        let mut near = BTreeSet::new();
        if !letters.is_empty() {
            for segment in searcher.segment_readers() {
                let inverted = segment.inverted_index(self.fields.text)?;
                let mut terms =
                    inverted.terms().range().ge(letters.as_bytes()).into_stream().map_err(IndexError::from)?;
                let mut compared = 0;
                while compared < COMPARED && terms.advance() && terms.key().starts_with(letters.as_bytes()) {
                    compared += 1;
                    let Ok(term) = std::str::from_utf8(terms.key()) else { continue };
                    let distance = strsim::damerau_levenshtein(term, text);
                    if has_digit(term) && distance <= DISTANCE {
                        near.insert((distance, term.to_owned()));
                    }
                }
            }
        }
        let mut nearest = Vec::new();
        for (_, term) in near.into_iter().take(MOST_LOOKED_UP) {
            if nearest.len() < NEAREST && self.has_terms(searcher, std::slice::from_ref(&term), audience)? {
                nearest.push(term);
            }
        }
        Ok(nearest)
    }
}

/// A passage that has a term in its text or in what it is called.
pub(super) fn either(text: &Term, name: &Term) -> Box<dyn Query> {
    let of = |term: &Term| -> Box<dyn Query> { Box::new(TermQuery::new(term.clone(), IndexRecordOption::Basic)) };
    Box::new(BooleanQuery::union(vec![of(text), of(name)]))
}

/// The terms of an identifier, as documents may write it: "HT-2040" has "ht" and "2040", "HT2040" is one.
fn spellings(name: &str) -> Vec<Vec<String>> {
    let terms = |text: &str| query_terms(text).into_iter().map(|term| term.text).collect::<Vec<_>>();
    let mut spellings = vec![terms(name)];
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    match name.split_at_checked(letters) {
        // A single letter and a number are in a passage by chance.
        Some((word, rest)) if word.len() > 1 && rest.bytes().all(|byte| byte.is_ascii_digit()) => {
            spellings.push(terms(&format!("{word} {rest}")));
        }
        _ => spellings.push(terms(&name.replace(|c: char| !c.is_ascii_alphanumeric(), ""))),
    }
    spellings
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The words of a question that name one thing among others: with digits behind a few letters, or in capitals. In longer words, as in
/// "Windows11", digits say which version it is, and what is said of others may answer.
fn identifiers(question: &str) -> impl Iterator<Item = &str> {
    let words = question.split_whitespace().filter(|word| !word.contains('@') && !word.contains("://"));
    let mut seen = HashSet::new();
    let found = words.flat_map(|word| IDENTIFIER.find_iter(word).map(move |found| (word, found)));
    let found = found.filter_map(|(word, found)| {
        // Within a longer word, as in "18V", it is a unit.
        let is_whole = !word[..found.start()].ends_with(|c: char| c.is_alphanumeric() && !is_unspaced(c));
        (is_whole && names_one_thing(found.as_str())).then_some(found.as_str())
    });
    found.filter(move |name| seen.insert(*name)).take(MOST)
}

fn names_one_thing(name: &str) -> bool {
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    let is_short = letters <= MOST_LETTERS || !name.bytes().any(|byte| byte.is_ascii_lowercase());
    has_digit(name) && name.len() > 2 && is_short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::passages;
    use crate::index::IndexedDocument;
    use crate::model::{DocumentKind, DocumentNumber, RoomName, UsedIn};

    #[test]
    fn identifiers_are_words_with_letters_and_digits() {
        let of = |question| identifiers(question).collect::<Vec<_>>();
        assert_eq!(of("How long is the warranty of R500 or the HT-2040, and of r200?"), ["R500", "HT-2040", "r200"]);
        assert_eq!(of("R500的保修期是多久？"), ["R500"]);
        assert_eq!(of("料號D99-AC多少錢"), ["D99-AC"]);
        for question in [
            "How much is the 18V battery of 5kg at 9:00, 3rd floor?",
            "after 30 days in 2026",
            "H2 or COVID",
            "the VPN on Windows11 for max.m7@example.org, as in https://x.de/page1?",
        ] {
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
            used_in: &UsedIn::AllRooms,
            text,
            passages: &passages,
        };
        let lab = UsedIn::Room(RoomName::public("lab").expect("a name"));
        let secret = "The R501 is not announced yet.";
        let in_room = crate::documents::passages(secret, DocumentKind::Text);
        let other = IndexedDocument {
            number: DocumentNumber(2),
            title: "Lab",
            used_in: &lab,
            text: secret,
            passages: &in_room,
            ..document
        };
        let seals = "The seal DX77 is sold until 2040.";
        let of_seals = crate::documents::passages(seals, DocumentKind::Text);
        let third =
            IndexedDocument { number: DocumentNumber(3), title: "Seals", text: seals, passages: &of_seals, ..document };
        index.replace(&[document, other, third]).expect("stored");
        let unknown_in = |question, audience: &Audience| {
            let unknown = index.unknown_identifiers(question, audience).expect("a search");
            unknown.into_iter().map(|unknown| (unknown.name, unknown.nearest)).collect::<Vec<_>>()
        };
        let unknown = |question| unknown_in(question, &Audience::all_rooms());
        assert_eq!(unknown("Is there an R501?"), [("R501".to_owned(), vec!["R200".to_owned(), "R300".to_owned()])]);
        assert_eq!(unknown_in("Is there an R501?", &Audience::Of([lab.clone()].into())), []);
        assert_eq!(unknown("Warranty of the R500?"), [("R500".to_owned(), vec!["R200".to_owned(), "R300".to_owned()])]);
        assert_eq!(
            unknown("Warranty of the HT-2040?"),
            [("HT-2040".to_owned(), vec![])],
            "its parts are in two passages"
        );
        for question in ["Warranty of the r200?", "HT-2010的保修期", "HT2010 or the DX-77", "R300 or 18V?"] {
            assert_eq!(unknown(question), [], "{question}");
        }
    }
}
