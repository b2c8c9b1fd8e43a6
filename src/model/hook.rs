//! An incoming hook: a secret URL with which a program posts into one room.

use serde::{Deserialize, Serialize};

use super::{Handle, HookId, RoomName, Timestamp};

/// The stored record of a hook; its key is the digest of the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    pub id: HookId,
    /// Handle of its messages.
    pub name: Handle,
    pub room: RoomName,
    /// Which of the places that there are for hooks it takes, from 1.
    pub place: u32,
    pub created_at: Timestamp,
    /// When it was used last, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}
