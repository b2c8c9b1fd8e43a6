//! Accounts, roles and invitations.

use serde::{Deserialize, Serialize};

use super::{AccountId, Handle, Identity, InvitationId, Passkey, Principal, SecondFactor, Timestamp};

/// What somebody is on this server, from the least to the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A program that posts through a hook.
    Hook,
    /// Somebody without an account where one is needed.
    Stranger,
    /// A visitor without an account.
    #[default]
    Guest,
    Member,
    Moderator,
    Admin,
    /// Runs the server.
    Owner,
}

impl Role {
    /// Those that an account can have.
    pub const OF_ACCOUNTS: [Self; 4] = [Self::Member, Self::Moderator, Self::Admin, Self::Owner];

    /// The name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hook => "hook",
            Self::Stranger => "stranger",
            Self::Guest => "user",
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    pub fn is_guest(&self) -> bool {
        *self == Self::Guest
    }

    /// What somebody can be who runs commands.
    pub const OF_PEOPLE: [Self; 5] = [Self::Guest, Self::Member, Self::Moderator, Self::Admin, Self::Owner];

    /// One of those by its name.
    pub fn of_person(name: &str) -> Option<Self> {
        Self::OF_PEOPLE.into_iter().find(|role| role.as_str() == name)
    }

    /// The role of an account by its name.
    pub fn of_account(name: &str) -> Option<Self> {
        Self::OF_ACCOUNTS.into_iter().find(|role| role.as_str() == name)
    }
}

/// Who may come in without an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Everybody, as a guest.
    #[default]
    Open,
    /// Whoever has an invitation makes an account.
    Invite,
    /// Nobody: admins make the accounts.
    Members,
}

/// Somebody who is known by name and password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    /// The author of this account's messages and the owner of its jobs: that of the visitor who made the account, so that what
    /// the visitor wrote belongs to it.
    pub principal: Principal,
    /// To sign in with, and shown beside messages.
    pub name: Handle,
    pub role: Role,
    /// The password's hash with its parameters, as a PHC string; `None` if it is not used to sign in.
    pub password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<SecondFactor>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passkeys: Vec<Passkey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Whether it may not be used.
    pub is_disabled: bool,
    pub created_at: Timestamp,
}

impl Account {
    /// One that nobody can sign in to yet.
    pub fn new(id: AccountId, principal: Principal, name: Handle, role: Role) -> Self {
        Self {
            id,
            principal,
            name,
            role,
            password: None,
            second_factor: None,
            passkeys: Vec::new(),
            identity: None,
            is_disabled: false,
            created_at: Timestamp::now(),
        }
    }
}

/// A link with which people make accounts. Its key is the digest of the link's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub id: InvitationId,
    /// The role of the accounts.
    pub role: Role,
    /// How many accounts may still be made; `None` for any number.
    pub uses_left: Option<u32>,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    /// The name of whoever made it; `None` for the server's own, which makes the owner's account.
    pub created_by: Option<String>,
    /// Numbers of the rooms to which it leads; those who use it become members of the closed ones. Numbers, because a room that is
    /// made anew under the same name is another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<u64>,
    /// Which of the places that there are for invitations it takes, from 1; 0 for the server's own.
    pub place: u32,
}

impl Invitation {
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.expires_at > now && self.uses_left != Some(0)
    }
}
