//! Full-text indexes: derived from the store, and rebuilt if they are missing, damaged or of another version.
//!
//! They contain terms and positions, no texts. No thread runs and no buffer is held while nothing is written. The only user of
//! `tantivy`. All calls may block on file I/O; do not call from async code.

mod folder;
mod messages;
mod passages;
mod terms;
mod writer;

use std::ops::Bound;

use tantivy::Term;
use tantivy::schema::Field;

pub use messages::{IndexedMessage, LAYOUT as MESSAGE_LAYOUT, MessageIndex, MessageQuery, Place, WantedTerm};
pub use passages::{Audience, Hit, IndexedDocument, PassageIndex};

/// Errors of an index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Its files are damaged; it has to be rebuilt.
    #[error("the index is damaged: {0}")]
    Damaged(String),
    /// Reading or writing failed.
    #[error("the index failed: {0}")]
    Failed(String),
}

impl From<tantivy::TantivyError> for IndexError {
    fn from(error: tantivy::TantivyError) -> Self {
        use tantivy::TantivyError as Error;
        match error {
            Error::DataCorruption(_)
            | Error::SchemaError(_)
            | Error::IncompatibleIndex(_)
            | Error::FieldNotFound(_) => Self::Damaged(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<std::io::Error> for IndexError {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The terms that begin with this text.
fn prefix_bounds(field: Field, text: &str) -> (Bound<Term>, Bound<Term>) {
    let last = format!("{text}{}", char::MAX);
    (Bound::Included(Term::from_field_text(field, text)), Bound::Included(Term::from_field_text(field, &last)))
}
