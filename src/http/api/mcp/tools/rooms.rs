//! Which rooms there are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::super::Refusal;
use super::super::tool::{Arguments, Call, Outcome};
use crate::accounts::Action;
use crate::chat::RoomSummary;
use crate::model::RoomKind;

/// At most so many rooms.
const MOST: usize = 100;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListRooms {
    /// Only rooms whose name or title contains this.
    #[serde(default)]
    query: String,
}

#[derive(Serialize, ToSchema)]
pub struct Rooms {
    #[schema(inline)]
    rooms: Vec<RoomEntry>,
}

/// A room.
#[derive(Serialize, ToSchema)]
struct RoomEntry {
    /// By which other tools take it.
    name: String,
    #[schema(inline)]
    kind: RoomKind,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    topic: String,
    /// The number of its newest message.
    last: u64,
    /// People in it now.
    members: usize,
    archived: bool,
}

impl From<RoomSummary> for RoomEntry {
    fn from(room: RoomSummary) -> Self {
        let RoomSummary { name, kind, title, topic, last, members, archived, .. } = room;
        Self { name, kind, title, topic, last, members, archived }
    }
}

impl Outcome for Rooms {}

impl Arguments for ListRooms {
    const NAME: &'static str = "list_rooms";
    const TITLE: &'static str = "List rooms";
    const DESCRIPTION: &'static str = "Lists the rooms that the caller may find: its closed and direct ones, and public ones, newest \
        first; at most 100.";
    type Result = Rooms;

    async fn call(self, call: Call) -> Result<Rooms, Refusal> {
        let actor = call.actor();
        actor.may(Action::Read)?;
        let rooms = call.read(async { Ok(call.app.chat.list_rooms(&self.query, MOST, &actor).await?) }).await?;
        Ok(Rooms { rooms: rooms.into_iter().map(RoomEntry::from).collect() })
    }
}
