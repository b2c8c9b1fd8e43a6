//! From a file to passages: its text with pages and headings, taken out by a process of its own, and that text in pieces that
//! can be found and quoted.
//!
//! Knows nothing of who keeps documents, searches them or answers from them.

pub mod extract;
mod passages;

pub use extract::{Extracted, Extractor, Limits};
pub use passages::{Passage, passages};
