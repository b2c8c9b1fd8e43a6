//! The tools.

mod ask;
mod commands;
mod documents;
mod job;
mod messages;
mod rooms;
mod search;

use super::super::Refusal;
use super::super::bad_request;
use super::tool::Tool;
use crate::model::{PRIVATE_ROOM, RoomName};

/// In the order in which they are listed.
pub static ALL: [Tool; 9] = [
    Tool::of::<search::Search>(),
    Tool::of::<ask::Ask>(),
    Tool::of::<documents::ReadDocument>(),
    Tool::of::<rooms::ListRooms>(),
    Tool::of::<messages::ReadMessages>(),
    Tool::of::<messages::PostMessage>(),
    Tool::of::<commands::ListCommands>(),
    Tool::of::<commands::RunCommand>(),
    Tool::of::<job::GetJob>(),
];

/// The room that is meant; `None` where none is, or the private one with the bot.
fn room_of(given: Option<&str>) -> Result<Option<RoomName>, Refusal> {
    match given {
        None | Some("" | PRIVATE_ROOM) => Ok(None),
        Some(name) => Ok(Some(RoomName::given(name)?)),
    }
}

/// The room that is meant, where there must be one.
fn needed_room(given: &str) -> Result<RoomName, Refusal> {
    room_of(Some(given))?.ok_or_else(|| bad_request("a room with a name is needed"))
}
