//! Rooms: who may enter and write, and their settings.

use serde::{Deserialize, Serialize};

use super::{BotMode, Persona, Principal, RoomName, Timestamp};
use crate::text::Text;

/// Who may enter a room, and find it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Everybody; it is listed.
    #[default]
    Public,
    /// Whoever knows its name.
    Unlisted,
    /// Its members.
    Closed,
    /// Its members, who never change.
    Direct,
    /// Its one member, who talks to the bot there.
    Private,
    /// A connection that could not find it again: it is removed when that is closed.
    Temporary,
}

impl RoomKind {
    /// Whether people who enter are named one by one.
    pub fn has_members(self) -> bool {
        matches!(self, Self::Closed | Self::Direct)
    }

    /// Whether everybody may enter a room of this kind.
    pub fn is_for_everybody(self) -> bool {
        matches!(self, Self::Public | Self::Unlisted)
    }

    /// Whether a room of this kind is one that people set up: it has settings, an owner, and can be deleted.
    pub fn is_managed(self) -> bool {
        matches!(self, Self::Public | Self::Unlisted | Self::Closed)
    }
}

/// Who may write in a room, of those who may enter it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Posting {
    #[default]
    Everyone,
    /// Whoever has an account.
    Members,
    /// Moderators and the room's owner.
    Moderators,
}

impl Posting {
    fn is_everyone(&self) -> bool {
        *self == Self::Everyone
    }
}

/// How long messages are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days since they were said; 0 for ever.
    pub days: u32,
    /// How many there are at most; 0 for all.
    pub messages: u32,
}

impl Retention {
    /// Whether nothing is ever removed.
    pub fn is_for_ever(self) -> bool {
        self == Self::default()
    }

    /// Whether something that `limit` removes is kept.
    pub fn exceeds(self, limit: Self) -> bool {
        let is_longer = |own: u32, limit: u32| limit > 0 && (own == 0 || own > limit);
        is_longer(self.days, limit.days) || is_longer(self.messages, limit.messages)
    }

    /// The last moment at which what was said then is not kept any more.
    pub fn until(self, now: Timestamp) -> Option<Timestamp> {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        (self.days > 0).then(|| Timestamp(now.0.saturating_sub(i64::from(self.days) * DAY)))
    }
}

/// What can be changed of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSettings {
    pub bot: BotMode,
    #[serde(default, skip_serializing_if = "Persona::is_empty")]
    pub persona: Persona,
    /// What it is called where that is not its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What is talked about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub topic: String,
    #[serde(default, skip_serializing_if = "Posting::is_everyone")]
    pub posting: Posting,
    /// Shortest time between two messages of one author who does not moderate, in seconds; 0 for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub slow_seconds: u32,
    /// How many days messages are kept, where that is not what it is for all rooms; 0 for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u32>,
    /// How many messages are kept, where that is not what it is for all rooms; 0 for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_messages: Option<u32>,
    /// Whether messages of guests wait for approval.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold_guests: bool,
}

impl RoomSettings {
    /// How long messages are kept, where `default` is for all rooms.
    pub fn retention(&self, default: Retention) -> Retention {
        Retention {
            days: self.keep_days.unwrap_or(default.days),
            messages: self.keep_messages.unwrap_or(default.messages),
        }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The stored record of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRecord {
    pub name: RoomName,
    pub kind: RoomKind,
    /// Who may enter, where that is not everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Principal>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Principal>,
    pub settings: RoomSettings,
    pub created_at: Timestamp,
    /// Since when nothing is written in it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}

impl RoomRecord {
    /// Maximum number of members of a closed room.
    pub const MOST_MEMBERS: usize = 500;

    /// Longest pause between two messages of one author, in seconds.
    const MOST_SLOW_SECONDS: u32 = 24 * 60 * 60;

    /// Longest time for which messages are kept that are not kept for ever, in days.
    pub const MOST_KEEP_DAYS: u32 = 36_500;

    /// Longest title, in characters.
    const TITLE_CHARS: usize = 80;

    /// Longest topic, in characters.
    const TOPIC_CHARS: usize = 300;

    /// A new room, whose kind follows from its name; the only member of a private one is `owner`.
    pub fn new(name: RoomName, bot: BotMode, owner: Option<&Principal>) -> Self {
        let kind = match () {
            () if name.is_temporary() => RoomKind::Temporary,
            () if name.is_private() => RoomKind::Private,
            () if name.is_direct() => RoomKind::Direct,
            () => RoomKind::Public,
        };
        let settings = RoomSettings {
            bot,
            persona: Persona::default(),
            title: String::new(),
            topic: String::new(),
            posting: Posting::default(),
            slow_seconds: 0,
            keep_days: None,
            keep_messages: None,
            hold_guests: false,
        };
        let members = if name.is_private() { owner.into_iter().cloned().collect() } else { Vec::new() };
        let owner = owner.filter(|_| kind.is_managed()).cloned();
        Self { name, kind, members, owner, settings, created_at: Timestamp::now(), archived_at: None }
    }

    /// Checks what people wrote of the settings.
    pub fn check(&self) -> Result<(), Text> {
        let RoomSettings { title, topic, .. } = &self.settings;
        for (text, max) in [(title, Self::TITLE_CHARS), (topic, Self::TOPIC_CHARS)] {
            if text.chars().count() > max || text.chars().any(char::is_control) {
                return Err(Text::new("error-bad_room-text").with("max", max));
            }
        }
        if self.settings.slow_seconds > Self::MOST_SLOW_SECONDS {
            return Err(Text::new("error-bad_room-slow").with("hours", Self::MOST_SLOW_SECONDS / 3600));
        }
        if self.settings.keep_days.is_some_and(|days| days > Self::MOST_KEEP_DAYS) {
            return Err(Text::new("error-bad_room-keep").with("max", Self::MOST_KEEP_DAYS));
        }
        if self.members.len() > Self::MOST_MEMBERS {
            return Err(Text::new("error-bad_room-members").with("max", Self::MOST_MEMBERS));
        }
        Ok(())
    }
}
