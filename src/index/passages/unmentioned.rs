//! Words of a question that stand in no passage. Passages may answer in other words, or not at all: whoever asks should know.

use std::collections::HashMap;

use super::coverage::Spots;
use super::identifiers::either;
use super::{Audience, PassageIndex};
use crate::analysis::{is_particle, is_unspaced};
use crate::index::IndexError;

/// Which share of a question's weight has to be unknown.
const MUCH: f32 = 0.5;

/// Words that are named.
const MOST: usize = 3;

impl PassageIndex {
    /// The words of a question that no passage, title or heading has which the audience may find, if they are much of it.
    pub fn unmentioned(&self, question: &str, audience: &Audience) -> Result<Vec<String>, IndexError> {
        let searcher = self.searcher();
        let (mut spots, mut known) = (Spots::default(), HashMap::new());
        for term in self.weighted(&searcher, question)? {
            let is_known = match known.get(&term.text) {
                Some(is_known) => *is_known,
                None => self.finds(&searcher, vec![either(&term.text, &term.name)], audience)?,
            };
            known.insert(term.text.clone(), is_known);
            spots.add(&term, is_known);
        }
        let is_much = !known.is_empty() && spots.share() <= 1.0 - MUCH;
        Ok(if is_much { words(question, |spot| spots.is_missing(spot)) } else { Vec::new() })
    }
}

/// The words that begin at unknown places; of Chinese, the runs of unknown characters.
fn words(question: &str, is_unknown: impl Fn(usize) -> bool) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut run = String::new();
    let mut rest = question.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        if !is_unknown(at) {
            take(&mut run, &mut words);
        } else if is_unspaced(c) {
            run.push(c);
        } else {
            take(&mut run, &mut words);
            run.push(c);
            while let Some((_, next)) = rest.next_if(|(_, next)| next.is_alphanumeric() && !is_unspaced(*next)) {
                run.push(next);
            }
            take(&mut run, &mut words);
        }
    }
    take(&mut run, &mut words);
    words.truncate(MOST);
    words
}

/// Adds a word without the particles around it, unless nothing is left that has a meaning of its own.
fn take(run: &mut String, words: &mut Vec<String>) {
    let word = run.trim_matches(is_particle).to_owned();
    run.clear();
    if word.chars().nth(1).is_some() && !words.contains(&word) {
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::passages;
    use crate::index::IndexedDocument;
    use crate::model::{DocumentKind, DocumentNumber, RoomName, UsedIn};

    #[test]
    fn words_that_no_passage_has_are_named_if_they_are_much_of_the_question() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = PassageIndex::open(dir.path()).expect("an index");
        let text = "寵物可以帶進大廳。The shop in the hall is open on Sundays, and gift wrapping costs three francs.";
        let hall = passages(text, DocumentKind::Text);
        let secret = "停車位在後院。";
        let yard = passages(secret, DocumentKind::Text);
        let used_in_yard = UsedIn::Room(RoomName::public("yard").expect("a name"));
        let document = IndexedDocument {
            number: DocumentNumber(1),
            version: 1,
            title: "House",
            used_in: &UsedIn::AllRooms,
            text,
            passages: &hall,
        };
        let other = IndexedDocument {
            number: DocumentNumber(2),
            used_in: &used_in_yard,
            text: secret,
            passages: &yard,
            ..document
        };
        index.replace(&[document, other]).expect("stored");
        let of = |question| index.unmentioned(question, &Audience::all_rooms()).expect("a search");
        assert_eq!(of("有停車位嗎？"), ["停車位"]);
        assert_eq!(of("Is there a swimming pool?"), ["swimming", "pool"]);
        assert_eq!(
            index.unmentioned("有停車位嗎？", &Audience::Of([UsedIn::AllRooms, used_in_yard].into())),
            Ok(vec![])
        );
        for question in ["寵物可以帶進大廳嗎", "What does gift wrapping of my parcel cost?", "", "?"] {
            assert_eq!(of(question), [] as [&str; 0], "{question}");
        }
    }
}
