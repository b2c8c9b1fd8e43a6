//! When something is to happen: points in time and repetitions as people write them, in time zones.
//!
//! Pure text and arithmetic; the home of `croner`, and of `jiff` beside [`Timestamp`](crate::model::Timestamp). Knows
//! nothing of rooms, jobs or the store.

mod clock;
mod day;
mod numerals;
mod phrase;
mod reader;
mod recurrence;
mod span;
mod zone;

pub use phrase::read as read_phrase;
pub use recurrence::{Recurrence, read as read_recurrence};
pub use zone::Zone;
