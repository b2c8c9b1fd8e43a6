//! Collections: named groups of documents, and where a document is used.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::{CollectionId, RoomName, Timestamp};
use crate::text::Text;

/// Where a document is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "UsedInFields", into = "UsedInFields")]
pub enum UsedIn {
    #[default]
    AllRooms,
    /// In this one alone.
    Room(RoomName),
    /// In the rooms that have chosen it.
    Collection(CollectionId),
}

/// How a record has it.
#[derive(Serialize, Deserialize)]
struct UsedInFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<RoomName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    collection: Option<CollectionId>,
}

impl From<UsedInFields> for UsedIn {
    fn from(fields: UsedInFields) -> Self {
        match fields {
            UsedInFields { room: Some(room), .. } => Self::Room(room),
            UsedInFields { collection: Some(collection), .. } => Self::Collection(collection),
            UsedInFields { room: None, collection: None } => Self::AllRooms,
        }
    }
}

impl From<UsedIn> for UsedInFields {
    fn from(used_in: UsedIn) -> Self {
        match used_in {
            UsedIn::AllRooms => Self { room: None, collection: None },
            UsedIn::Room(room) => Self { room: Some(room), collection: None },
            UsedIn::Collection(collection) => Self { room: None, collection: Some(collection) },
        }
    }
}

impl UsedIn {
    /// The one room, if there is one.
    pub fn room(&self) -> Option<&RoomName> {
        if let Self::Room(room) = self { Some(room) } else { None }
    }

    pub fn collection(&self) -> Option<&CollectionId> {
        if let Self::Collection(collection) = self { Some(collection) } else { None }
    }

    /// One text for each. No name of a room has the marks of the others.
    pub fn key(&self) -> Cow<'_, str> {
        match self {
            Self::AllRooms => "*".into(),
            Self::Room(room) => room.as_str().into(),
            Self::Collection(collection) => format!("#{collection}").into(),
        }
    }
}

/// The stored record of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    pub id: CollectionId,
    pub name: CollectionName,
    /// Numbers of the rooms that have chosen it, in order; a number is never given again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<u64>,
    /// How many documents it has.
    pub documents: u64,
    pub created_at: Timestamp,
    /// Which of the places that there are for collections it takes, from 1.
    pub place: u32,
}

impl Collection {
    /// How many rooms can have chosen one.
    pub const MOST_ROOMS: usize = 1000;
}

/// The name of a collection, on one line, as people write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CollectionName(String);

impl CollectionName {
    /// Longest name, in characters; the page's form has the same limit.
    pub const MAX_CHARS: usize = 80;

    /// A name without white space around it and in normal form C.
    pub fn new(text: &str) -> Result<Self, Text> {
        let name: String = text.trim().nfc().collect();
        let length = name.chars().count();
        if length == 0 || length > Self::MAX_CHARS || name.chars().any(char::is_control) {
            return Err(Text::new("error-bad_collection").with("max", Self::MAX_CHARS));
        }
        Ok(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names have in common that are the same to people.
    pub fn folded(&self) -> String {
        self.0.to_lowercase().nfc().collect()
    }
}

impl std::fmt::Display for CollectionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_people_write() {
        let name = |text: &str| CollectionName::new(text).map(|name| name.as_str().to_owned());
        assert_eq!(name("  Products "), Ok("Products".to_owned()));
        assert_eq!(name("产品 / Produkte"), Ok("产品 / Produkte".to_owned()));
        for bad in ["", "  ", "a\nb", &"x".repeat(81)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        let folded = |text: &str| CollectionName::new(text).map(|name| name.folded());
        assert_eq!(folded("CAFE\u{301}"), folded("Café"));
    }

    #[test]
    fn a_record_has_a_room_or_a_collection_or_neither() {
        let room = RoomName::public("lobby").expect("a name");
        let collection = CollectionId::fresh();
        for (used_in, fields) in [
            (UsedIn::AllRooms, serde_json::json!({})),
            (UsedIn::Room(room), serde_json::json!({"room": "lobby"})),
            (UsedIn::Collection(collection.clone()), serde_json::json!({"collection": collection})),
        ] {
            assert_eq!(serde_json::to_value(&used_in).expect("fields"), fields);
            assert_eq!(serde_json::from_value::<UsedIn>(fields).expect("a use"), used_in);
        }
    }
}
