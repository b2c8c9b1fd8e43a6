//! The parts of which times are made in texts: a time of day, a day, a duration, a zone, and what looks like one of these.
//!
//! Each file reads one kind of part off a [`Reader`](reader::Reader), and says what it means.

pub(super) mod clock;
pub(super) mod date;
pub(super) mod day;
pub(super) mod numerals;
pub(super) mod part_of_day;
pub(super) mod place;
pub(super) mod reader;
pub(super) mod span;
pub(super) mod unclear;

/// How certain it is that some words mean a time, wherever they stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Only if there is nothing else: `20 minutes`.
    Lone,
    /// Only beside a time: `the 1st`, a lone number.
    Hint,
    /// At the beginning or the end of a text: `sun`, `12/24`.
    Weak,
    /// Everywhere: `5:30pm`, `tomorrow`.
    Strong,
}
