//! An incoming hook: a secret address at which a program posts into one room.

use serde::{Deserialize, Serialize};

use super::{Handle, RoomName, Timestamp};

/// A hook's id; unlike its token no secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HookId(String);

impl HookId {
    pub fn fresh() -> Self {
        Self(uuid::Uuid::now_v7().simple().to_string())
    }

    /// An id from outside; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        uuid::Uuid::try_parse(text).ok().map(|id| Self(id.simple().to_string()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A hook as it is kept, under the digest of its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    pub id: HookId,
    /// Under which it speaks.
    pub name: Handle,
    pub room: RoomName,
    pub created_at: Timestamp,
}
