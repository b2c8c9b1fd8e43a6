//! A message that waits for approval, as its author and those who moderate see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Handle, HeldMessage, Role, Timestamp, rfc_3339};

/// A message that waits for approval.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldView<'a> {
    pub room: &'a str,
    /// Its id as long as it waits.
    pub held: String,
    /// That of the message, which it keeps.
    pub id: &'a str,
    #[schema(value_type = String)]
    pub handle: &'a Handle,
    /// The role of the author's account, if the author had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_role: Option<&'static str>,
    pub message: &'a str,
    /// When it was sent.
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

impl<'a> HeldView<'a> {
    pub fn new(id: &impl ToString, held: &'a HeldMessage) -> Self {
        let message = &held.message;
        Self {
            room: held.room.shown(),
            held: id.to_string(),
            id: message.id.as_str(),
            handle: &message.handle,
            author_role: (message.author_role >= Role::Member).then(|| message.author_role.as_str()),
            message: message.text.as_str(),
            timestamp: message.at,
        }
    }
}
