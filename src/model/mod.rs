//! Domain types: names, texts, times, messages, jobs and schedules.
//!
//! Untrusted text is converted to one of these types once, at the edge, and need not be validated again.
//! No I/O. Depends only on the keys of error texts.

mod account;
mod address;
mod backup;
mod collection;
mod command_rule;
mod diagnosis;
mod document;
mod erasure;
mod gap;
mod hook;
mod id;
mod job;
mod merge;
mod message;
mod moderation;
mod names;
mod payer;
mod persona;
mod reaction;
mod retrieved;
mod room;
mod sanction;
mod schedule;
mod sign_in;
mod stats;
mod time;
mod token;

pub use account::{Access, Account, Invitation, Role};
pub use address::{AddressDigest, subscriber};
pub use backup::BackupNote;
pub use collection::{Collection, CollectionName, UsedIn};
pub use command_rule::CommandRule;
pub use diagnosis::{Diagnosis, DiagnosisView, Observed, Severity};
pub use document::{
    AnsweredBy, Document, DocumentKind, DocumentNumber, FileId, Language, Origin, PassageId, Source, Synced,
    utf16_range,
};
pub use erasure::{Erasure, LeftMessages};
pub use gap::{Gap, GapId};
pub use hook::{Hook, TemplateFailure};
pub use id::{AccountId, CollectionId, DocumentId, HookId, Id, InvitationId, JobId, MergeId, SanctionId, TokenId};
pub use job::{Change, Job, JobError, JobRequest, JobState, LogLine};
pub use merge::Merge;
pub use message::{Answer, AuthorKind, BotMode, Message, MessageText, SendId};
pub use moderation::{Finding, HeldMessage, Links, ModerationSettings, OnFound};
pub use names::{BOT_HANDLE, Handle, PRIVATE_ROOM, Principal, RoomName, skeleton};
pub use payer::Payer;
pub use persona::Persona;
pub use reaction::{Emoji, Reaction, Reactions};
pub use retrieved::{Citations, FaqAnswer, RetrievedContext, UnknownIdentifier};
pub use room::{Posting, Retention, RoomKind, RoomRecord, RoomSettings};
pub use sanction::{AuditEntry, Report, Sanction, SanctionKind, SanctionSubject};
pub use schedule::{MissedRuns, NextRun, Rhythm, Schedule, ScheduleId};
pub use sign_in::{Identity, Passkey, SecondFactor};
pub use stats::{JobMinute, RunTimes};
pub use time::{Timestamp, rfc_3339, whole_days};
pub use token::{Token, TokenScope};
