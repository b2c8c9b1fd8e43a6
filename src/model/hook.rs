//! An incoming hook: a secret address at which a program posts into one room.

use serde::{Deserialize, Serialize};

use super::{Handle, HookId, RoomName, Timestamp};

/// A hook as it is kept, under the digest of its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    pub id: HookId,
    /// Under which it speaks.
    pub name: Handle,
    pub room: RoomName,
    /// Which of the places that there are for hooks it takes, from 1.
    pub place: u32,
    pub created_at: Timestamp,
}
