//! What everybody talks about: names, texts, times, messages, jobs and schedules.
//!
//! Text from outside becomes one of these types once, at the edge; whoever holds one need not check it again.
//! Knows no I/O, and of this program only the keys by which errors name their words.

mod address;
mod document;
mod findings;
mod hook;
mod id;
mod job;
mod message;
mod names;
mod persona;
mod schedule;
mod stats;
mod time;

pub use address::subscriber;
pub use document::{AnsweredBy, Document, DocumentKind, DocumentNumber, FileId, Language, Origin, Source, utf16_range};
pub use findings::{FaqAnswer, Findings, Grounds};
pub use hook::Hook;
pub use id::{DocumentId, HookId, Id, JobId};
pub use job::{Change, Job, JobError, JobRequest, JobState, LogLine};
pub use message::{Answer, BotMode, Message, MessageText, SendId, Voice};
pub use names::{BOT_HANDLE, Handle, PRIVATE_ROOM, Person, RoomName};
pub use persona::Persona;
pub use schedule::{MissedRuns, NextRun, Rhythm, Schedule, ScheduleId};
pub use stats::{JobMinute, RunTimes};
pub use time::{Timestamp, rfc_3339};
