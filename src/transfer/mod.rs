//! History that comes from elsewhere and goes elsewhere: rooms and messages as lines of JSON (`docs/export.md`), as pages to read, and
//! from the exports of other chats.
//!
//! Works on a store that nobody else has open. What was imported is stored like what was said here.

mod campfire;
mod django;
mod export;
mod formats;
mod html;
mod import;
mod lines;
mod mattermost;
mod rocket_chat;
mod slack;
mod source;

pub use export::{Exported, Selection, export_html, export_lines};
pub use formats::{Format, read};
pub use import::{Imported, import};
pub use lines::{Line, MessageLine, RoomLine, VERSION};
pub use source::History;

use std::io;

use crate::store::StoreError;

/// Why something could not be exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// What there is, is not what it was said to be.
    #[error("{place}: {problem}")]
    Unreadable { place: String, problem: String },
    #[error("there is no room {0:?}")]
    NoRoom(String),
    #[error("there is no account with the name {0:?}")]
    NoPerson(String),
    #[error("the file is an export of version {0}, and this version of chatbot knows {VERSION}")]
    Version(u32),
    #[error("the disk is full; nothing of the last message was stored, and the import can be repeated")]
    Full,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl TransferError {
    fn unreadable(place: impl ToString, problem: impl ToString) -> Self {
        Self::Unreadable { place: place.to_string(), problem: problem.to_string() }
    }
}
