//! Domain types: names, texts, times, messages, jobs and schedules.
//!
//! Untrusted text is converted to one of these types once, at the edge, and need not be validated again.
//! No I/O. Depends only on the keys of error texts.

mod account;
mod address;
mod document;
mod hook;
mod id;
mod job;
mod message;
mod names;
mod persona;
mod retrieved;
mod schedule;
mod stats;
mod time;

pub use account::{Account, Invitation, Role};
pub use address::subscriber;
pub use document::{AnsweredBy, Document, DocumentKind, DocumentNumber, FileId, Language, Origin, Source, utf16_range};
pub use hook::Hook;
pub use id::{AccountId, DocumentId, HookId, Id, InvitationId, JobId};
pub use job::{Change, Job, JobError, JobRequest, JobState, LogLine};
pub use message::{Answer, AuthorKind, BotMode, Message, MessageText, SendId};
pub use names::{BOT_HANDLE, Handle, PRIVATE_ROOM, Principal, RoomName};
pub use persona::Persona;
pub use retrieved::{Citations, FaqAnswer, RetrievedContext};
pub use schedule::{MissedRuns, NextRun, Rhythm, Schedule, ScheduleId};
pub use stats::{JobMinute, RunTimes};
pub use time::{Timestamp, rfc_3339};
