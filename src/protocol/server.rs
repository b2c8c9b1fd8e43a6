//! The frames that the server sends.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use utoipa::ToSchema;

use super::{HeldView, JobView, MessageView};
use crate::model::{AuthorKind, BotMode, Handle, JobId, Posting, Retention, Role, RoomKind, RoomRecord};
use crate::text::{Each, Locale};

/// A server frame.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    Welcome {
        protocol: u32,
        server: &'a str,
        user: UserView<'a>,
        limits: LimitsView,
        locale: Locale,
        commands: &'a [CommandView],
    },
    Commands {
        commands: &'a [CommandView],
    },
    Joined {
        room: &'a str,
        epoch: &'a str,
        last: u64,
        /// Number of the oldest message that is kept.
        oldest: u64,
        version: u64,
        messages: &'a [MessageView<'a>],
        complete: bool,
        members: &'a [MemberView],
        count: usize,
        #[serde(flatten)]
        settings: RoomSettingsView<'a>,
        /// What the client may do in the room.
        may: &'a [&'static str],
        jobs: &'a [JobView],
        /// Of those in `changed`; for clients that do not know it.
        deleted: &'a [u64],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        changed: &'a [MessageView<'a>],
        #[serde(skip_serializing_if = "Option::is_none")]
        greeting: Option<&'a str>,
        /// The client's own messages that wait for approval.
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        held: &'a [HeldView<'a>],
    },
    Left {
        room: &'a str,
    },
    Message(MessageView<'a>),
    /// The author's own message, which waits for approval.
    Held(HeldView<'a>),
    /// One's own message that waited was not let through.
    Rejected {
        room: &'a str,
        held: &'a str,
    },
    /// A message that is another now.
    Changed(MessageView<'a>),
    /// The bot's greeting on the simple endpoints, where everything is a `message`.
    #[serde(rename = "message")]
    Greeting {
        room: &'a str,
        handle: &'a str,
        role: AuthorKind,
        message: &'a str,
    },
    Ack {
        id: &'a str,
        room: &'a str,
        seq: u64,
    },
    Loading {
        room: &'a str,
        job: &'a JobId,
        message: &'a str,
    },
    /// A piece of an answer that is still being written.
    Delta {
        room: &'a str,
        job: &'a JobId,
        text: &'a str,
        n: u64,
    },
    Job {
        room: &'a str,
        job: &'a JobView,
        /// Sent because of `watch`, not to the room.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        watched: bool,
    },
    Watching,
    Unwatched,
    Presence {
        room: &'a str,
        joined: &'a [MemberView],
        left: &'a [MemberView],
        count: usize,
    },
    Typing {
        room: &'a str,
        handle: &'a Handle,
    },
    History {
        room: &'a str,
        messages: &'a [MessageView<'a>],
        more: bool,
        /// As requested, so that the answers to two requests can be distinguished.
        before: Option<u64>,
        after: Option<u64>,
    },
    Deleted {
        room: &'a str,
        seq: u64,
        version: u64,
    },
    Room {
        room: &'a str,
        #[serde(flatten)]
        settings: RoomSettingsView<'a>,
        /// The bot's greeting in all languages: the frame is the same for all clients.
        #[serde(skip_serializing_if = "Each::is_empty")]
        greetings: &'a Each,
    },
    Pong,
    Error {
        code: &'a str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<&'a str>,
    },
}

impl ServerFrame<'_> {
    /// The encoded WebSocket frame: created once and shared by all receivers.
    pub fn encode(&self) -> Bytes {
        /// Longest header of a server frame (RFC 6455, 5.2).
        const HEADER: usize = 10;
        let mut buffer = BytesMut::with_capacity(256);
        buffer.put_bytes(0, HEADER);
        let mut writer = buffer.writer();
        if let Err(error) = serde_json::to_writer(&mut writer, self) {
            unreachable!("a frame that JSON cannot hold: {error}");
        }
        let mut buffer = writer.into_inner();
        let length = buffer.len() - HEADER;
        let header = text_header(length);
        let start = HEADER - header.len();
        buffer[start..HEADER].copy_from_slice(&header);
        buffer.freeze().slice(start..)
    }
}

/// The client's identity.
#[derive(Serialize, ToSchema)]
pub struct UserView<'a> {
    #[schema(value_type = String)]
    pub handle: &'a Handle,
    /// `user` for guests, `member`, `moderator`, `admin` or `owner`.
    pub role: &'static str,
    /// Whether it is an account's.
    pub account: bool,
    /// What this user may do in general.
    pub may: Vec<&'static str>,
}

/// Limits for clients; 0 means no limit.
#[derive(Clone, Copy, Serialize)]
pub struct LimitsView {
    pub message_chars: usize,
    pub frame_bytes: usize,
    pub messages_per_second: u32,
    pub rooms: usize,
}

/// Description of a command, in the client's language.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct CommandView {
    pub name: String,
    /// The command with its arguments' names, such as `sum <number> <number> …`.
    pub usage: String,
    /// One line on what it does.
    pub help: String,
    /// Example of its use.
    pub example: String,
    /// Whether it may run long enough to show progress.
    pub slow: bool,
    /// Who may run it: `user` for everybody, or `member`, `moderator`, `admin` or `owner` for those and higher roles.
    pub allow: &'static str,
    /// The only rooms in which it runs, told to those who may run it; left out if it runs in all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<String>,
}

/// The settings of a room that everybody in it sees.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RoomSettingsView<'a> {
    pub kind: RoomKind,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub topic: &'a str,
    pub bot: BotMode,
    pub posting: Posting,
    pub slow_seconds: u32,
    /// How many days messages are kept; 0 for ever.
    pub keep_days: u32,
    /// How many messages are kept; 0 for all.
    pub keep_messages: u32,
    /// Whether messages of guests wait for approval.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hold_guests: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
}

impl<'a> RoomSettingsView<'a> {
    /// `retention` is for rooms whose settings do not say so.
    pub fn new(record: &'a RoomRecord, retention: Retention) -> Self {
        let settings = &record.settings;
        let Retention { days: keep_days, messages: keep_messages } = settings.retention(retention);
        Self {
            kind: record.kind,
            title: &settings.title,
            topic: &settings.topic,
            bot: settings.bot,
            posting: settings.posting,
            slow_seconds: settings.slow_seconds,
            keep_days,
            keep_messages,
            hold_guests: settings.hold_guests,
            archived: record.archived_at.is_some(),
        }
    }
}

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberView {
    pub handle: Handle,
    pub role: AuthorKind,
    /// The role of the account, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_role: Option<&'static str>,
}

impl MemberView {
    pub fn new(handle: &Handle, kind: AuthorKind, role: Role) -> Self {
        let author_role = Some(role).filter(|role| *role >= Role::Member).map(Role::as_str);
        Self { handle: handle.clone(), role: kind, author_role }
    }
}

/// Header of an unfragmented, unmasked text frame.
fn text_header(length: usize) -> Vec<u8> {
    const FINAL_TEXT: u8 = 0x81;
    match length {
        0..126 => vec![FINAL_TEXT, length as u8],
        126..0x1_0000 => [&[FINAL_TEXT, 126], (length as u16).to_be_bytes().as_slice()].concat(),
        _ => [&[FINAL_TEXT, 127], (length as u64).to_be_bytes().as_slice()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_carry_the_right_header() {
        for length in [0_usize, 60, 125, 126, 65_535, 65_536, 70_000] {
            let words = "x".repeat(length);
            let frame = ServerFrame::Error { code: "c", message: &words, id: None, room: None }.encode();
            let json = serde_json::to_vec(&ServerFrame::Error { code: "c", message: &words, id: None, room: None });
            let json = json.expect("plain text");
            assert!(frame.ends_with(&json));
            assert_eq!(&frame[..frame.len() - json.len()], text_header(json.len()));
        }
    }
}
