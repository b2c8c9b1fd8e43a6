//! From a file to passages: extraction of text with pages and headings in a separate process, and splitting it into parts that
//! can be found and quoted.
//!
//! Knows nothing of who keeps documents, searches them or answers from them.

pub mod extract;
mod passages;

pub use extract::{ExtractLimits, Extracted, Extractor, PageLinks, Recogniser, Recognising};
pub use passages::{Passage, passages};
