//! Text as search sees it: in one form, as terms that can be looked up, with the places where they stand.
//!
//! Chinese is cut into pairs of neighbouring characters: on 79 questions that found as much as words by dictionary, without
//! its 48 MB. Simplified and traditional characters are the same to search; English words are the same in all their forms.
//! The only home of `fast2s` and `frostem`.

mod characters;
mod folding;
mod language;
mod marks;
mod normal;
mod radicals;
mod terms;

use std::ops::Range;

pub use folding::{Folded, fold};
pub use language::language;
pub use marks::{marks, merged, places};
pub use normal::{normalize, simplify};
pub use terms::{TermKind, Terms, query_terms, terms};

/// Counts what changes the terms of a text: an index made by another version is made anew.
pub const VERSION: u32 = 1;

/// A piece of a text by which it can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As it is looked up: folded, an English word as its stem.
    pub text: String,
    /// Where it stands, in bytes of the text as it was given.
    pub range: Range<usize>,
    pub kind: TermKind,
}
