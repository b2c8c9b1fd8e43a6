//! What is not let through as it is written: the settings of the filter, and whose messages wait for approval.

use serde::{Deserialize, Serialize};

use super::{JobRequest, Message, Payer, Role, RoomName};
use crate::text::{Locale, Text};

/// Whose links are let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Links {
    #[default]
    Allowed,
    /// Of people with an account.
    Members,
    /// To listed hosts.
    Listed,
}

/// What happens to a message that the filter finds something in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFound {
    #[default]
    Refuse,
    /// It waits for the approval of those who moderate.
    Hold,
}

/// What the filter found in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// A word, as the settings have it.
    Word(String),
    Pattern,
    /// A link, where only people with an account may have one.
    Link,
    /// A link to that host, which is not listed.
    Host(String),
}

impl Finding {
    /// Its name in the protocol.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Word(_) => "word",
            Self::Pattern => "pattern",
            Self::Link => "link",
            Self::Host(_) => "host",
        }
    }

    /// What it is, if that can be named.
    pub fn found(&self) -> Option<&str> {
        match self {
            Self::Word(found) | Self::Host(found) => Some(found),
            Self::Pattern | Self::Link => None,
        }
    }
}

/// Why a text is refused, for its author.
impl From<Finding> for Text {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Word(word) => Self::new("error-filtered-word").with("word", word),
            Finding::Pattern => Self::new("error-filtered"),
            Finding::Link => Self::new("error-filtered-links"),
            Finding::Host(host) => Self::new("error-filtered-host").with("host", host),
        }
    }
}

/// A message that waits for approval. It is not in its room yet, and has no number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeldMessage {
    pub room: RoomName,
    /// `at` is when it was sent; `job` is not known before it is approved.
    pub message: Message,
    /// What it asks for, if that is not read from its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<JobRequest>,
    pub locale: Locale,
    /// The author's time zone, by its IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What the filter found in it; `None` if it waits because its author is a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// Which of all places for such messages it takes, from 1.
    pub place: u32,
    /// Which of those of its payer.
    pub payer_place: u32,
}

impl HeldMessage {
    /// Who pays for it.
    pub fn payer(&self) -> Payer {
        Payer::new(self.message.author_role, &self.message.author, self.message.address.as_ref())
    }
}

/// The settings of the filter, and of what waits for approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModerationSettings {
    /// Words and phrases, whatever case and width they are written in.
    pub words: Vec<String>,
    /// Regular expressions.
    pub patterns: Vec<String>,
    pub links: Links,
    /// The hosts that may be linked to, with all below them, if `links` says so.
    pub link_hosts: Vec<String>,
    /// Up to which role all this is for: guests, or also members.
    pub filter_members: bool,
    pub on_found: OnFound,
    /// Whether all messages of guests wait for approval.
    pub hold_guests: bool,
    /// Days until what waits for approval is forgotten.
    pub hold_days: u32,
}

impl Default for ModerationSettings {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            patterns: Vec::new(),
            links: Links::default(),
            link_hosts: Vec::new(),
            filter_members: false,
            on_found: OnFound::default(),
            hold_guests: false,
            hold_days: 7,
        }
    }
}

impl ModerationSettings {
    /// Whether the filter is for somebody of that role. Programs that post through hooks were made by those who look after the
    /// server.
    pub fn is_for(&self, role: Role) -> bool {
        match role {
            Role::Hook => false,
            Role::Stranger | Role::Guest => true,
            Role::Member => self.filter_members,
            Role::Moderator | Role::Admin | Role::Owner => false,
        }
    }
}
