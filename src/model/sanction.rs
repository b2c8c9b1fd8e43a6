//! What keeps somebody from writing or from coming in, reports of messages, and the record of what was done by those who look
//! after the server.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{AddressDigest, Handle, Principal, Role, RoomName, SanctionId, Timestamp};

/// What a sanction keeps somebody from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SanctionKind {
    /// Writing.
    Mute,
    /// Everything.
    Ban,
    /// Nothing: on the contrary, what this person writes does not wait for approval.
    Trust,
}

/// Whom a sanction is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SanctionSubject {
    /// Whoever writes as this principal.
    Person(Principal),
    /// Everybody without an account at that address.
    Address(AddressDigest),
    /// The same for a network.
    Network(IpNet),
}

/// A mute or a ban.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sanction {
    pub id: SanctionId,
    pub kind: SanctionKind,
    pub subject: SanctionSubject,
    /// What the subject called itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// `None` for as long as nobody ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Whose it is.
    pub by: Handle,
    pub created_at: Timestamp,
    /// Which of the places that there are for sanctions it takes, from 1.
    pub place: u32,
}

/// A message that somebody wants those who moderate to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub room: RoomName,
    pub seq: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who reported it first.
    pub reporter: Handle,
    /// As whom they act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
    pub at: Timestamp,
    /// Which of the places that there are for reports it takes, from 1.
    pub place: u32,
}

/// Something that was done by somebody who may do more than others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    pub at: Timestamp,
    pub by: Handle,
    pub role: Role,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressDigest>,
    /// What was done, such as `room.delete`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// What was then changed, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<serde_json::Value>,
}
