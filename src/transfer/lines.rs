//! The lines of an export. `docs/export.md` describes them.

use serde::{Deserialize, Serialize};

use crate::model::{AuthorKind, RoomKind, Timestamp, rfc_3339};

/// Version of the format. Fields may be added to it; what is not known is passed over.
pub const VERSION: u32 = 1;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first one.
    Export {
        version: u32,
        program: String,
    },
    /// A room; its messages follow, in their order.
    Room(RoomLine),
    Message(MessageLine),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomLine {
    pub name: String,
    #[serde(default)]
    pub kind: RoomKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub topic: String,
    /// Names of the accounts that may enter, where that is not everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

impl RoomLine {
    /// A room for everybody.
    pub fn named(name: impl Into<String>) -> Self {
        let (title, topic) = (String::new(), String::new());
        Self { name: name.into(), kind: RoomKind::Public, title, topic, members: Vec::new() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageLine {
    pub room: String,
    /// Its number in the room; given anew where it is imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Tells it from all other messages of its author in the room.
    pub id: String,
    #[serde(with = "rfc_3339")]
    pub at: Timestamp,
    pub author: String,
    #[serde(default = "user")]
    pub kind: AuthorKind,
    /// Empty if it was deleted.
    pub text: String,
    /// The number of the message that this answers, for answers of the bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

fn user() -> AuthorKind {
    AuthorKind::User
}

impl MessageLine {
    /// What a person said.
    pub fn said(room: &str, id: impl Into<String>, at: Timestamp, author: &str, text: String) -> Self {
        let (room, author) = (room.to_owned(), author.to_owned());
        let kind = AuthorKind::User;
        Self { room, seq: None, id: id.into(), at, author, kind, text, reply_to: None, deleted: false }
    }
}
