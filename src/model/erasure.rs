//! The removal of a person: what is still to be done of it.

use serde::{Deserialize, Serialize};

use super::{AccountId, Handle, Principal, Timestamp};

/// What becomes of the messages of somebody who leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftMessages {
    /// They stay, by a deleted user.
    Keep,
    /// Their texts are deleted, and what the bot said because of them.
    Remove,
}

/// A person who is being removed. Nobody acts as the person any more; the record stays until nothing is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// As whom the person wrote, and behind that their programs.
    pub principals: Vec<Principal>,
    /// The account that was removed; `None` for a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The name of that account. Others may have it by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Handle>,
    pub messages: LeftMessages,
    /// Since when nobody acts as the person any more.
    pub at: Timestamp,
}

impl Erasure {
    /// Whether something was done by the person or one of their programs.
    pub fn is_of(&self, principal: &Principal) -> bool {
        self.principals.contains(principal)
    }

    /// Whether a name that was noted then means the removed account.
    pub fn had_name(&self, name: &Handle, noted_at: Timestamp) -> bool {
        self.name.as_ref() == Some(name) && noted_at <= self.at
    }
}
