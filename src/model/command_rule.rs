//! Who may run a command, and where.

use serde::{Deserialize, Serialize};

use super::{PRIVATE_ROOM, Role, RoomName};
use crate::text::Text;

/// The rule for a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRule {
    /// The least that somebody must be.
    pub allow: Role,
    /// The only rooms, as they are shown: `@bot` is everybody's private room, and what is asked for in no room. Empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<String>,
}

impl Default for CommandRule {
    fn default() -> Self {
        Self { allow: Role::Guest, rooms: Vec::new() }
    }
}

/// Commands that are not for everybody unless somebody says so.
const FOR_FEW: [(&str, Role); 1] = [("sync", Role::Admin)];

impl CommandRule {
    /// That of a command for which nothing else is said: everybody may run it everywhere, but for a few.
    pub fn of_program(command: &str) -> Self {
        let role = FOR_FEW.into_iter().find(|(name, _)| *name == command).map(|(_, role)| role);
        role.map_or_else(Self::default, |allow| Self { allow, ..Self::default() })
    }

    /// Maximum number of rooms.
    pub const MOST_ROOMS: usize = 100;

    /// A rule with the rooms as people name them.
    ///
    /// # Errors
    /// `bad_room` for a name that no room can have, `bad_request` for too many.
    pub fn new(allow: Role, rooms: &[String]) -> Result<Self, Text> {
        if rooms.len() > Self::MOST_ROOMS {
            return Err(Text::new("error-bad_request-rooms").with("max", Self::MOST_ROOMS));
        }
        let shown = |room: &String| match room.trim() {
            PRIVATE_ROOM => Ok(PRIVATE_ROOM.to_owned()),
            room => RoomName::given(room).map(|name| name.as_str().to_owned()),
        };
        let mut rooms: Vec<String> = rooms.iter().map(shown).collect::<Result<_, _>>()?;
        rooms.sort();
        rooms.dedup();
        Ok(Self { allow, rooms })
    }

    /// Whether the command runs in a room, or in none.
    pub fn is_for(&self, room: Option<&RoomName>) -> bool {
        let shown = room.map_or(PRIVATE_ROOM, RoomName::shown);
        self.rooms.is_empty() || self.rooms.iter().any(|room| room == shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_named_as_people_write_them() {
        let rule = |rooms: &[&str]| {
            CommandRule::new(Role::Guest, &rooms.iter().map(|room| (*room).to_owned()).collect::<Vec<_>>())
        };
        let room = |name| RoomName::public(name).expect("a name");
        let some = rule(&[" Ops", "@bot", "ops"]).expect("names");
        assert_eq!(some.rooms, ["@bot", "ops"]);
        assert!(some.is_for(Some(&room("ops"))) && some.is_for(Some(&RoomName::private("abc"))) && some.is_for(None));
        assert!(!some.is_for(Some(&room("lobby"))));
        assert!(!rule(&["ops"]).expect("a name").is_for(None));
        assert!(rule(&[]).expect("no names").is_for(Some(&room("lobby"))));
        assert_eq!(rule(&["a b"]).expect_err("a space").code(), "bad_room");
        let many: Vec<String> = (0..=CommandRule::MOST_ROOMS).map(|number| format!("room-{number}")).collect();
        assert_eq!(CommandRule::new(Role::Guest, &many).expect_err("too many").code(), "bad_request");
    }
}
