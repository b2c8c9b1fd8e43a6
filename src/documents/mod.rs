//! From a file to passages: its text with pages and headings, taken out by a process of its own, and that text in pieces that
//! can be found and quoted.
//!
//! Knows nothing of who keeps documents, searches them or answers from them.

mod passages;

pub use passages::{Passage, passages};
