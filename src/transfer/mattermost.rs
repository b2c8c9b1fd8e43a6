//! Mattermost's bulk export: lines of JSON, each with its kind.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::TransferError;
use super::lines::{MessageLine, RoomLine};
use super::source::{History, each_line, moment};
use crate::model::RoomKind;

#[derive(Deserialize)]
struct Exported {
    channel: Option<Channel>,
    post: Option<Post>,
}

#[derive(Deserialize)]
struct Channel {
    name: String,
    #[serde(default)]
    display_name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    header: String,
    #[serde(default)]
    purpose: String,
}

#[derive(Deserialize)]
struct Post {
    channel: String,
    #[serde(flatten)]
    said: Said,
    #[serde(default)]
    replies: Option<Vec<Said>>,
}

#[derive(Deserialize)]
struct Said {
    user: String,
    message: String,
    create_at: Value,
}

/// The export's one file.
pub(super) fn read(path: &Path) -> Result<History, TransferError> {
    let mut history = History::default();
    each_line(path, |line: Exported| {
        if let Some(channel) = line.channel {
            let kind = if channel.kind == "P" { RoomKind::Closed } else { RoomKind::Public };
            let topic = if channel.purpose.is_empty() { channel.header } else { channel.purpose };
            let room = RoomLine { kind, title: channel.display_name, topic, ..RoomLine::named(channel.name) };
            // Channels of several teams may have one name.
            if history.rooms.iter().all(|other| other.name != room.name) {
                history.rooms.push(room);
            }
        }
        if let Some(Post { channel, said, replies }) = line.post {
            let all = std::iter::once(said).chain(replies.unwrap_or_default());
            history.messages.extend(all.filter_map(|said| message(&channel, said)));
        }
        Ok(())
    })?;
    Ok(history.sorted())
}

fn message(room: &str, said: Said) -> Option<MessageLine> {
    let at = moment(&said.create_at)?;
    // Posts have no id there.
    let id = format!("mattermost-{}-{}-{:08x}", at.0, said.user, crc32fast::hash(said.message.as_bytes()));
    Some(MessageLine::said(room, id, at, &said.user, said.message))
}
