//! Parses points in time and recurrences in natural language, with time zones.
//!
//! `parts` reads the parts of which times are made, `phrase` and `recurrence` put them together, and `find` looks for a time in
//! a text and for what may belong to it.
//!
//! Pure text and arithmetic. The only module that uses `croner`, and `jiff` besides [`Timestamp`]. Knows
//! nothing of rooms, jobs or the store.

mod find;
mod parts;
mod phrase;
mod recurrence;
mod region;
mod zone;

#[cfg(test)]
mod phrases;

pub use find::read as read_phrase;
pub use recurrence::{Asked, Recurrence, is_recurrence, read as read_recurrence};
pub use zone::Zone;

use crate::model::Timestamp;
use crate::text::Locale;

/// Who writes a time: when, where, and in which language to answer.
#[derive(Clone, Debug)]
pub struct Asker {
    pub now: Timestamp,
    pub zone: Zone,
    pub locale: Locale,
}
