//! Django's `manage.py dumpdata`: models of rooms and messages as tutorials have them. Their names and fields differ; those that are
//! common are known.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::TransferError;
use super::lines::{MessageLine, RoomLine};
use super::source::{History, json, moment};

/// What the models are called, in lower case and without the app.
const ROOMS: [&str; 7] = ["room", "chatroom", "group", "chatgroup", "channel", "thread", "conversation"];
const MESSAGES: [&str; 5] = ["message", "chatmessage", "roommessage", "groupmessage", "chat"];

/// What their fields are called.
const ROOM_FIELDS: [&str; 7] = ["room", "chatroom", "chat_room", "group", "channel", "thread", "room_name"];
const AUTHOR_FIELDS: [&str; 7] = ["user", "author", "sender", "username", "owner", "name", "handle"];
const TEXT_FIELDS: [&str; 5] = ["content", "text", "message", "body", "msg"];
const TIME_FIELDS: [&str; 10] =
    ["timestamp", "created_at", "created", "date_added", "sent_at", "date", "time", "created_on", "sent", "pub_date"];
const NAME_FIELDS: [&str; 5] = ["name", "title", "label", "group_name", "slug"];

#[derive(Deserialize)]
struct Record {
    model: String,
    pk: Option<Value>,
    fields: Map<String, Value>,
}

/// The file.
pub(super) fn read(path: &Path) -> Result<History, TransferError> {
    let records: Vec<Record> = json(path)?;
    let (mut history, mut rooms, mut people) = (History::default(), HashMap::new(), HashMap::new());
    for record in &records {
        let (Some(key), name) = (&record.pk, field(&record.fields, &NAME_FIELDS).and_then(text)) else { continue };
        match (model(record), name) {
            ("user" | "customuser", _) => {
                let named = ["username", "name", "email"].map(|name| record.fields.get(name));
                let named = named.into_iter().flatten().filter_map(text).find(|name| !name.is_empty());
                people.insert(key.to_string(), named.unwrap_or_else(|| key.to_string()));
            }
            // Groups of permissions are none of people.
            (room, Some(name)) if ROOMS.contains(&room) && !record.model.starts_with("auth.") => {
                rooms.insert(key.to_string(), name.clone());
                history.rooms.push(RoomLine { title: name.clone(), ..RoomLine::named(name) });
            }
            _ => {}
        }
    }
    for record in records.iter().filter(|record| MESSAGES.contains(&model(record))) {
        history.messages.extend(message(record, &rooms, &people));
    }
    if history.messages.is_empty() && history.rooms.is_empty() {
        return Err(TransferError::unreadable(path.display(), "there is no model of rooms or messages in it"));
    }
    Ok(history.sorted())
}

fn message(record: &Record, rooms: &HashMap<String, String>, people: &HashMap<String, String>) -> Option<MessageLine> {
    let said = field(&record.fields, &TEXT_FIELDS).and_then(text)?;
    let at = field(&record.fields, &TIME_FIELDS).and_then(moment)?;
    let called = |value: &Value, names: &HashMap<String, String>| {
        // Keys, or with --natural-foreign what stands for them.
        names.get(&value.to_string()).cloned().or_else(|| text(value.get(0).unwrap_or(value)))
    };
    let room = field(&record.fields, &ROOM_FIELDS).and_then(|value| called(value, rooms));
    let author = field(&record.fields, &AUTHOR_FIELDS).and_then(|value| called(value, people));
    let (room, author) = (room.unwrap_or_else(|| "lobby".into()), author.unwrap_or_else(|| "Django".into()));
    let key = record.pk.as_ref().map(Value::to_string).unwrap_or_default();
    Some(MessageLine::said(&room, format!("django-{}-{key}", record.model), at, &author, said))
}

fn model(record: &Record) -> &str {
    record.model.rsplit('.').next().unwrap_or_default()
}

/// The first of these fields that is there.
fn field<'a>(fields: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| fields.get(*name)).filter(|value| !value.is_null())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
