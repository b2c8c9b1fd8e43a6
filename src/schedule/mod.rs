//! Parses points in time and recurrences in natural language, with time zones.
//!
//! Pure text and arithmetic. The only module that uses `croner`, and `jiff` besides [`Timestamp`](crate::model::Timestamp). Knows
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
