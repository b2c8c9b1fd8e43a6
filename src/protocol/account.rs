//! Accounts and sessions as clients see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Account, Timestamp, rfc_3339};

#[derive(Serialize, ToSchema)]
pub struct AccountView {
    pub id: String,
    pub name: String,
    /// `member`, `moderator`, `admin` or `owner`.
    pub role: &'static str,
    /// Whether it may not be used.
    pub disabled: bool,
    /// Whether more than a password is asked for, or there are passkeys.
    pub second_factor: bool,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was used last, to the hour, if it is signed in anywhere.
    #[serde(serialize_with = "rfc_3339::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_seen_at: Option<Timestamp>,
}

impl AccountView {
    pub fn new(account: &Account, last_seen_at: Option<Timestamp>) -> Self {
        Self {
            id: account.id.as_str().to_owned(),
            name: account.name.to_string(),
            role: account.role.as_str(),
            disabled: account.is_disabled,
            second_factor: account.second_factor.is_some() || !account.passkeys.is_empty(),
            created_at: account.created_at,
            last_seen_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct SessionView {
    pub id: String,
    /// What the browser calls itself; may be empty.
    pub device: String,
    /// Where it was used last.
    pub address: String,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// To the hour.
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub last_seen_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}
