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
    /// How it shows JSON; without one, as each sender's format is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// That the template failed, and was not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_failure: Option<TemplateFailure>,
}

/// That a hook's template could not show what was posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateFailure {
    /// What went wrong, in the words of the template's engine.
    pub problem: String,
    /// When it did so first.
    pub at: Timestamp,
}
