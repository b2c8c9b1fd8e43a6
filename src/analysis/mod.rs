//! Text analysis for search: normalization, and splitting into terms with their positions.
//!
//! Chinese is cut into pairs of neighbouring characters: on 79 questions that found as much as words by dictionary, without
//! its 48 MB. Simplified and traditional characters are equivalent, and so are all inflected forms of an English word.
//! The only home of `fast2s` and `frostem`.

mod characters;
mod folding;
mod language;
mod marks;
mod normal;
mod numerals;
mod particles;
mod radicals;
mod terms;

use std::ops::Range;

pub use characters::is_unspaced;
pub use folding::{Folded, fold, fold_without_accents};
pub use language::language;
pub use marks::{marks, merged, places};
pub use normal::{normalize, simplify};
pub use numerals::{ENGLISH_NUMBERS, chinese_numeral};
pub use particles::is_particle;
pub use terms::{TermKind, Terms, query_terms, terms};

/// Incremented whenever the terms of a text change; an index of another version is rebuilt.
pub const VERSION: u32 = 1;

/// A term: a unit of text that can be searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As it is looked up: folded, an English word as its stem.
    pub text: String,
    /// Byte range in the original text.
    pub range: Range<usize>,
    pub kind: TermKind,
}
