//! Coverage: which share of a question's terms a passage contains.

use std::collections::{HashMap, HashSet};

use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Searcher, SegmentReader, TERMINATED, Term};

use super::{Columns, Fields, PassageIndex, question_terms};
use crate::analysis::{TermKind, query_terms};
use crate::index::IndexError;
use crate::model::DocumentNumber;

/// Passages that an index is taken to have at least. In the first document of a server every term is in every passage, and only what
/// it lacks would count.
const FEWEST: f32 = 100.0;

impl PassageIndex {
    /// Which share of the question each passage has, from 0 to 1: of its words and characters, those in rare terms counting
    /// more. A term that no document has counts as the rarest. 0 for passages that the index does not have in that version.
    pub fn coverage(&self, question: &str, wanted: &[(DocumentNumber, u64, u32)]) -> Result<Vec<f32>, IndexError> {
        let searcher = self.searcher();
        let terms = self.weighted(&searcher, question)?;
        let mut shares = Vec::with_capacity(wanted.len());
        for key in wanted {
            let Some((segment, doc)) = at(&searcher, &self.fields, key)? else {
                shares.push(0.0);
                continue;
            };
            let mut spots = Spots::default();
            for term in &terms {
                spots.add(term, has(segment, &term.text, doc)? || has(segment, &term.name, doc)?);
            }
            shares.push(spots.share());
        }
        Ok(shares)
    }

    /// The informative terms of a question.
    pub(super) fn weighted(&self, searcher: &Searcher, question: &str) -> Result<Vec<Weighted>, IndexError> {
        let informative: HashSet<String> = question_terms(question).into_iter().map(|(text, _)| text).collect();
        let mut terms = Vec::new();
        for term in query_terms(question).into_iter().filter(|term| informative.contains(&term.text)) {
            let [text, name] =
                [self.fields.text, self.fields.names].map(|field| Term::from_field_text(field, &term.text));
            let weight = weight(searcher, &text, &name)?;
            terms.push(Weighted { spots: spots(question, &term), weight, text, name });
        }
        Ok(terms)
    }
}

/// A term of a question.
pub(super) struct Weighted {
    pub text: Term,
    pub name: Term,
    weight: f32,
    /// Positions in the question of the words or characters that it consists of.
    spots: Vec<usize>,
}

fn spots(question: &str, term: &crate::analysis::Term) -> Vec<usize> {
    let of_characters = matches!(term.kind, TermKind::Pair | TermKind::Last | TermKind::Single);
    let characters = question.get(term.range.clone()).unwrap_or_default().char_indices();
    let count = if of_characters { usize::MAX } else { 1 };
    characters.map(|(at, _)| term.range.start + at).take(count).collect()
}

/// The words and characters of a question: what each weighs, and whether a passage has it.
#[derive(Default)]
pub(super) struct Spots(HashMap<usize, (f32, bool)>);

impl Spots {
    /// A character weighs as little as the commonest of its pairs: pairs across two words are rare and say nothing.
    pub fn add(&mut self, term: &Weighted, is_there: bool) {
        for &spot in &term.spots {
            let (weight, had) = self.0.entry(spot).or_insert((f32::INFINITY, false));
            *weight = weight.min(term.weight);
            *had |= is_there;
        }
    }

    /// Whether what stands there was looked for and not found.
    pub fn is_missing(&self, spot: usize) -> bool {
        self.0.get(&spot).is_some_and(|(_, had)| !had)
    }

    pub fn share(&self) -> f32 {
        let all: f32 = self.0.values().map(|(weight, _)| weight).sum();
        let had: f32 = self.0.values().filter(|(_, had)| *had).map(|(weight, _)| weight).sum();
        if all > 0.0 { had / all } else { 0.0 }
    }
}

/// Weight of a term: its inverse document frequency, as in BM25.
fn weight(searcher: &Searcher, text: &Term, name: &Term) -> Result<f32, IndexError> {
    let passages = (searcher.num_docs() as f32).max(FEWEST);
    // At most as many as passages: deleted ones are still counted, and a term may be in text and names.
    let having = ((searcher.doc_freq(text)? + searcher.doc_freq(name)?) as f32).min(passages);
    Ok((1.0 + (passages - having + 0.5) / (having + 0.5)).ln())
}

/// Where a passage is in the index.
fn at<'a>(
    searcher: &'a Searcher,
    fields: &Fields,
    &(number, version, passage): &(DocumentNumber, u64, u32),
) -> Result<Option<(&'a SegmentReader, DocId)>, IndexError> {
    let document = Term::from_field_u64(fields.document, number.0);
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(fields.document)?;
        let Some(mut postings) = inverted.read_postings(&document, IndexRecordOption::Basic)? else { continue };
        let columns = Columns::of(segment)?;
        while postings.doc() != TERMINATED {
            let doc = postings.doc();
            let is_it = columns.version.get_val(doc) == version && columns.passage.get_val(doc) == u64::from(passage);
            if is_it && !segment.is_deleted(doc) {
                return Ok(Some((segment, doc)));
            }
            postings.advance();
        }
    }
    Ok(None)
}

fn has(segment: &SegmentReader, term: &Term, doc: DocId) -> Result<bool, IndexError> {
    let inverted = segment.inverted_index(term.field())?;
    let Some(mut postings) = inverted.read_postings(term, IndexRecordOption::Basic)? else { return Ok(false) };
    Ok(postings.doc() == doc || (postings.doc() < doc && postings.seek(doc) == doc))
}
