//! Rocket.Chat, as `mongoexport` gives its collections: `rocketchat_room.json` and `rocketchat_message.json`, a document on each line.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::TransferError;
use super::lines::{MessageLine, RoomLine};
use super::source::{History, each_line, moment};
use crate::model::RoomKind;

#[derive(Deserialize)]
struct Room {
    #[serde(rename = "_id")]
    id: String,
    /// `c`: channel, `p`: private, `d`: direct.
    t: String,
    name: Option<String>,
    fname: Option<String>,
    topic: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "_id")]
    id: String,
    rid: String,
    #[serde(default)]
    msg: String,
    ts: Value,
    u: Option<Author>,
    /// What kind of notice it is, if it is one.
    t: Option<String>,
}

#[derive(Deserialize)]
struct Author {
    username: Option<String>,
    name: Option<String>,
}

/// A folder with both.
pub(super) fn read(dir: &Path) -> Result<History, TransferError> {
    let (mut history, mut names) = (History::default(), HashMap::new());
    each_line(&dir.join("rocketchat_room.json"), |room: Room| {
        let kind = match room.t.as_str() {
            "c" => RoomKind::Public,
            "p" => RoomKind::Closed,
            _ => return Ok(()),
        };
        let Some(name) = room.name else { return Ok(()) };
        names.insert(room.id, name.clone());
        let (title, topic) = (room.fname.unwrap_or_default(), room.topic.unwrap_or_default());
        history.rooms.push(RoomLine { kind, title, topic, ..RoomLine::named(name) });
        Ok(())
    })?;
    each_line(&dir.join("rocketchat_message.json"), |said: Said| {
        // Notices of who came and went, and what was said between two.
        let (Some(room), None, Some(at)) = (names.get(&said.rid), &said.t, moment(&said.ts)) else { return Ok(()) };
        let author = said.u.and_then(|author| author.name.or(author.username));
        let id = format!("rocket-{}", said.id);
        history.messages.push(MessageLine::said(room, id, at, author.as_deref().unwrap_or("Rocket.Chat"), said.msg));
        Ok(())
    })?;
    Ok(history.sorted())
}
