//! Tokens of programs, which act for an account.

use serde::{Deserialize, Serialize};

use super::{AccountId, Handle, Principal, RoomName, Timestamp, TokenId};

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Read and search what the account may read.
    Read,
    /// Write messages.
    Post,
    /// Start commands and questions, and look after them.
    Jobs,
    /// Manage documents.
    Documents,
    /// Everything else that the account may do.
    Administration,
}

/// A token of a program. Its key is the token's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub id: TokenId,
    /// The program's handle.
    pub name: Handle,
    /// For which account it acts.
    pub account: AccountId,
    pub scopes: Vec<TokenScope>,
    /// The only rooms that it is for; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<RoomName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Which of the places that an account has for tokens it takes, from 1.
    pub place: u32,
}

impl Token {
    /// As whom the program writes: what it does is its own, not the account's.
    pub fn principal(&self) -> Principal {
        Principal::token(&self.id)
    }
}
