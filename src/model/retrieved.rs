//! Retrieval results for a question, and the citations of an answer.

use serde::{Deserialize, Serialize};

use super::{AnsweredBy, Source};

/// The passages retrieved for a question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RetrievedContext {
    /// The most relevant passages, best first.
    pub sources: Vec<Source>,
    /// One more, in the other language.
    pub other_language: Option<Source>,
    /// Whether they are relevant to the question.
    pub confident: bool,
    /// The FAQ entry with the same question.
    pub faq: Option<FaqAnswer>,
    /// Titles of the nearest documents, nearest first.
    pub nearest: Vec<String>,
    /// Identifiers in the question that no document has.
    pub unknown: Vec<UnknownIdentifier>,
    /// Words of the question that no document has, if they are much of it.
    pub unmentioned: Vec<String>,
}

/// An identifier, such as the name of a type, that no document has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownIdentifier {
    pub name: String,
    /// Similar ones that documents have, most similar first.
    pub nearest: Vec<String>,
}

/// An FAQ entry.
#[derive(Clone, Debug, PartialEq)]
pub struct FaqAnswer {
    pub question: String,
    pub answer: String,
    pub source: Source,
}

/// The sources of an answer, stored with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Citations {
    /// The question, as it was understood.
    pub query: String,
    pub answered_by: AnsweredBy,
    /// The passages, those that are cited by number first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Source>,
    /// Note on why the answer is not the expected one, in the asker's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Ranges of the answer that rest on none of the passages, in UTF-16 code units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsupported: Vec<[u32; 2]>,
}

impl Citations {
    /// Maximum size of the passages in a record, in bytes: with a question and an answer of maximum length it stays small enough.
    const MAX_BYTES: usize = 16 * 1024;

    /// Maximum length of the stored question, in characters.
    const MAX_QUERY: usize = 200;

    /// Stores as many passages as fit into a record, and the beginning of the question.
    pub fn new(query: &str, answered_by: AnsweredBy, mut results: Vec<Source>, note: Option<String>) -> Self {
        // Plain data: it cannot fail.
        let size = |source: &Source| serde_json::to_vec(source).map_or(Self::MAX_BYTES, |json| json.len());
        Source::drop_contexts(&mut results, |results| results.iter().map(size).sum::<usize>() <= Self::MAX_BYTES);
        let mut bytes = 0;
        results.retain(|source| {
            let taken = size(source);
            let fits = bytes + taken <= Self::MAX_BYTES;
            bytes += if fits { taken } else { 0 };
            fits
        });
        let mut query = query.to_owned();
        if let Some((end, _)) = query.char_indices().nth(Self::MAX_QUERY) {
            query.truncate(end);
            query.push('…');
        }
        Self { query, answered_by, results, note, unsupported: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocumentId, Timestamp};

    #[test]
    fn what_is_kept_of_passages_is_bounded_however_they_are_written() {
        for piece in ["a", "字", "\"", "\u{1}"] {
            let source = Source {
                document: DocumentId::fresh(),
                chunk: 0,
                title: piece.repeat(200),
                page: None,
                heading: None,
                content: piece.repeat(1500),
                before: piece.repeat(500),
                after: String::new(),
                score: 1.0,
                updated_at: Timestamp::now(),
                marks: vec![],
                mark: None,
                is_weak: false,
            };
            let citations = Citations::new(&piece.repeat(9000), AnsweredBy::Passages, vec![source; 20], None);
            let record = serde_json::to_vec(&citations).expect("a record").len();
            assert!(!citations.results.is_empty() && record <= 18 * 1024, "{piece:?} takes {record}");
        }
    }
}
