//! How much of a question is in a passage.

use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Searcher, SegmentReader, TERMINATED, Term};

use super::{Columns, Fields, PassageIndex, question_terms};
use crate::analysis::TermKind;
use crate::index::IndexError;
use crate::model::DocumentNumber;

/// Passages that an index is taken to have at least. In the first document of a server every term is in every passage, and only what
/// it lacks would count.
const FEWEST: f32 = 100.0;

impl PassageIndex {
    /// Which share of the question each passage has, from 0 to 1: of its terms, rare ones counting more. A term that no
    /// document has counts as the rarest. 0 for passages that the index does not have in that version.
    pub fn coverage(&self, question: &str, wanted: &[(DocumentNumber, u64, u32)]) -> Result<Vec<f32>, IndexError> {
        let searcher = self.searcher();
        let mut terms = Vec::new();
        for (text, kind) in question_terms(question) {
            // A character on its own is looked up by what begins with it, and is common.
            if kind != TermKind::Single {
                let both = [self.fields.text, self.fields.names].map(|field| Term::from_field_text(field, &text));
                terms.push((weight(&searcher, &both)?, both));
            }
        }
        let all: f32 = terms.iter().map(|(weight, _)| weight).sum();
        let mut shares = Vec::with_capacity(wanted.len());
        for key in wanted {
            let Some((segment, doc)) = at(&searcher, &self.fields, key)? else {
                shares.push(0.0);
                continue;
            };
            let mut share = if terms.is_empty() { 1.0 } else { 0.0 };
            for (weight, both) in &terms {
                if has(segment, &both[0], doc)? || has(segment, &both[1], doc)? {
                    share += weight / all;
                }
            }
            shares.push(share);
        }
        Ok(shares)
    }
}

/// How much a term says: its inverse document frequency, as in BM25.
fn weight(searcher: &Searcher, both: &[Term; 2]) -> Result<f32, IndexError> {
    let passages = (searcher.num_docs() as f32).max(FEWEST);
    // At most as many as passages: deleted ones are still counted, and a term may be in text and names.
    let having = ((searcher.doc_freq(&both[0])? + searcher.doc_freq(&both[1])?) as f32).min(passages);
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
