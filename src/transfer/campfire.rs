//! Campfire, as its API gave it: `rooms.json`, `users.json`, and `transcripts/ROOM.json` for each room's id.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::TransferError;
use super::lines::{MessageLine, RoomLine};
use super::source::{History, json, moment};

#[derive(Deserialize)]
struct Rooms {
    rooms: Vec<Room>,
}

#[derive(Deserialize)]
struct Room {
    id: u64,
    name: String,
    #[serde(default)]
    topic: Option<String>,
}

#[derive(Deserialize)]
struct Users {
    users: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct Transcript {
    messages: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    id: u64,
    user_id: Option<u64>,
    body: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    created_at: Value,
}

/// A folder with these.
pub(super) fn read(dir: &Path) -> Result<History, TransferError> {
    let users: Users = json(&dir.join("users.json"))?;
    let names: HashMap<u64, String> = users.users.into_iter().map(|user| (user.id, user.name)).collect();
    let mut history = History::default();
    for room in json::<Rooms>(&dir.join("rooms.json"))?.rooms {
        let line =
            RoomLine { title: room.name.clone(), topic: room.topic.unwrap_or_default(), ..RoomLine::named(&room.name) };
        history.rooms.push(line);
        let path = dir.join("transcripts").join(format!("{}.json", room.id));
        if !path.exists() {
            continue;
        }
        for said in json::<Transcript>(&path)?.messages {
            // The others tell who came and went.
            let is_said =
                matches!(said.kind.as_str(), "TextMessage" | "PasteMessage" | "TweetMessage" | "UploadMessage");
            let (Some(text), true, Some(at)) = (said.body, is_said, moment(&said.created_at)) else { continue };
            let author = said.user_id.and_then(|id| names.get(&id)).map_or("Campfire", String::as_str);
            let id = format!("campfire-{}", said.id);
            history.messages.push(MessageLine::said(&room.name, id, at, author, text));
        }
    }
    Ok(history.sorted())
}
