//! The formats of exports.

use std::path::Path;

use super::lines::{Line, VERSION};
use super::source::{History, each_line};
use super::{TransferError, campfire, django, mattermost, rocket_chat, slack};

/// Where a history comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines of JSON as this program writes them.
    Chatbot,
    Slack,
    Mattermost,
    RocketChat,
    Campfire,
    /// `manage.py dumpdata` of a chat as tutorials have it.
    Django,
}

impl Format {
    pub const ALL: [(&'static str, Self); 6] = [
        ("chatbot", Self::Chatbot),
        ("slack", Self::Slack),
        ("mattermost", Self::Mattermost),
        ("rocket-chat", Self::RocketChat),
        ("campfire", Self::Campfire),
        ("django", Self::Django),
    ];
}

/// Reads an export: a file, or a folder with what was unpacked of one. All of it is in memory then. Blocks.
///
/// # Errors
/// Which file is not what it should be, and why.
pub fn read(path: &Path, format: Format) -> Result<History, TransferError> {
    match format {
        Format::Chatbot => lines(path),
        Format::Slack => slack::read(path),
        Format::Mattermost => mattermost::read(path),
        Format::RocketChat => rocket_chat::read(path),
        Format::Campfire => campfire::read(path),
        Format::Django => django::read(path),
    }
}

/// This program's own export keeps the order that it has.
fn lines(path: &Path) -> Result<History, TransferError> {
    let mut history = History::default();
    let mut is_begun = false;
    each_line(path, |line| {
        match line {
            Line::Export { version, .. } if version == VERSION => is_begun = true,
            Line::Export { version, .. } => return Err(TransferError::Version(version)),
            _ if !is_begun => {
                return Err(TransferError::unreadable(path.display(), "it does not begin as an export does"));
            }
            Line::Room(room) => history.rooms.push(room),
            Line::Message(message) => history.messages.push(message),
        }
        Ok(())
    })?;
    Ok(history)
}
