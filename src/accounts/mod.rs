//! Identity and authorization.
//!
//! People are guests, known by a cookie, or have an account with a role. [`Actor::may`] is the only place that authorizes.
//! Independent of HTTP: cookies and headers are passed in as plain text.

mod access;
mod audit_log;
mod command_rules;
mod hooks;
mod keys;
mod leaving;
mod merges;
mod passkeys;
mod passwords;
mod people;
mod permissions;
mod sanctions;
mod second_factor;
mod sessions;
mod sign_in;
mod standing;
mod throttle;
mod ticket;
mod tokens;

pub use access::FrontDoor;
pub use audit_log::{AuditLog, Deed};
pub use command_rules::CommandRules;
pub use hooks::{Hooks, NewHook};
pub use keys::{Keys, OwnerKey, random_token};
pub use merges::{Merged, Merges};
pub use passkeys::Challenge;
pub use people::{AccountChange, Accounts, InvitationTerms};
pub use permissions::Action;
pub use sanctions::{NewSanction, Sanctioned, Sanctions};
pub use second_factor::Enrollment;
#[cfg(test)]
use sessions::NoConnections;
pub use sessions::{Connections, Device, SESSION_DAYS, SessionChange, SessionId, Sessions, SignedIn};
pub use sign_in::{Credentials, Errand};
pub use standing::{Absent, Standing};
pub use tokens::{NewToken, Tokens};

use std::sync::Arc;

use crate::model::{
    Account, AddressDigest, AuthorKind, Handle, Hook, Payer, Principal, Role, RoomName, Token, TokenScope,
};
use crate::protocol::MemberView;
use crate::store::{Store, StoreError};
use crate::text::{Locale, Text};

/// Why a sign-in was refused.
#[derive(Debug, PartialEq, Eq)]
pub enum SignInError {
    WrongKey,
    WrongPassword,
    /// The password is right, and the account has a second factor.
    CodeNeeded,
    WrongCode,
    /// Too many failures of this address, or of this name.
    TryLater {
        seconds: u64,
    },
    /// For another reason.
    Refused(Text),
}

impl From<Text> for SignInError {
    fn from(text: Text) -> Self {
        Self::Refused(text)
    }
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// A client without an account, such as a browser that is known by its cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    pub principal: Principal,
    /// Its room with the bot.
    pub private_room: RoomName,
}

impl Visitor {
    /// The browser whose cookie this is.
    pub fn of(token: &str, store: &Store) -> Self {
        Self::at_home(Principal::visitor(&keys::short_digest(token)), store)
    }

    /// A script with the owner's key.
    pub fn owner(store: &Store) -> Self {
        Self::at_home(Principal::owner(), store)
    }

    fn at_home(principal: Principal, store: &Store) -> Self {
        let private_room = store.private_room(&principal);
        Self { principal, private_room }
    }

    /// The client of an actor.
    pub fn of_actor(actor: &Actor) -> Self {
        Self { principal: actor.principal.clone(), private_room: actor.private_room.clone() }
    }

    /// A client that proves nothing: people behind one router share an address, and anybody may take a handle. It has what it
    /// does until its connection ends.
    pub fn nobody() -> Self {
        Self { principal: Principal::nobody(&keys::random_token()), private_room: RoomName::temporary() }
    }

    /// Whether it is known again when it comes back.
    pub fn is_recognized(&self) -> bool {
        !self.private_room.is_temporary()
    }
}

/// What a program may do for somebody with an account.
#[derive(Clone, Debug)]
pub struct Delegation {
    /// As whom that account writes: its rooms are the program's.
    pub principal: Principal,
    pub scopes: Vec<TokenScope>,
    /// The only rooms that it is for; empty for all.
    pub rooms: Vec<RoomName>,
}

/// The originator of a request.
#[derive(Clone, Debug)]
pub struct Actor {
    pub principal: Principal,
    /// Its room with the bot.
    pub private_room: RoomName,
    pub handle: Handle,
    pub role: Role,
    /// From where it comes; `None` for hooks, and where addresses are not counted.
    pub address: Option<AddressDigest>,
    /// Whether it is an account's.
    pub has_account: bool,
    /// For whom it acts, if it is a program with a token.
    pub acts_for: Option<Arc<Delegation>>,
    /// Who else this person was, and has all that they had.
    pub also: Arc<[Principal]>,
    /// What it is kept from.
    pub sanctioned: Sanctioned,
    pub locale: Locale,
    /// IANA name of the client's time zone, if the client sent one.
    pub zone: Option<String>,
}

impl Actor {
    /// Somebody without an account.
    pub fn new(visitor: &Visitor, handle: Option<Handle>, role: Role, locale: Locale) -> Self {
        let Visitor { principal, private_room } = visitor.clone();
        let handle = handle.unwrap_or_else(|| Handle::guest(&principal));
        let sanctioned = Sanctioned::default();
        Self {
            principal,
            private_room,
            handle,
            role,
            address: None,
            has_account: false,
            acts_for: None,
            also: Arc::default(),
            sanctioned,
            locale,
            zone: None,
        }
    }

    /// Somebody who is signed in to an account.
    pub fn of_account(account: &Account, private_room: RoomName, locale: Locale) -> Self {
        let principal = account.principal.clone();
        Self {
            private_room,
            principal,
            handle: account.name.clone(),
            role: account.role,
            address: None,
            has_account: true,
            acts_for: None,
            also: Arc::default(),
            sanctioned: Sanctioned::default(),
            locale,
            zone: None,
        }
    }

    /// A program that acts for an account.
    pub fn of_program(token: &Token, account: &Account, store: &Store, locale: Locale) -> Self {
        let visitor = Visitor::at_home(token.principal(), store);
        let (principal, scopes, rooms) = (account.principal.clone(), token.scopes.clone(), token.rooms.clone());
        let acts_for = Some(Arc::new(Delegation { principal, scopes, rooms }));
        Self { acts_for, ..Self::new(&visitor, Some(token.name.clone()), account.role, locale) }
    }

    /// The actor of an incoming hook.
    pub fn hook(hook: &Hook) -> Self {
        // It enters the room that it was made for, whoever else may.
        let visitor = Visitor { principal: Principal::hook(&hook.id), private_room: hook.room.clone() };
        Self::new(&visitor, Some(hook.name.clone()), Role::Hook, Locale::default())
    }

    /// Whether it keeps its handle, whatever it is called in a request: that of an account, or of a program.
    pub fn has_own_name(&self) -> bool {
        self.has_account || self.acts_for.is_some()
    }

    /// The same actor with another handle, unless it keeps its own.
    pub fn renamed(&self, handle: Handle) -> Self {
        if self.has_own_name() { self.clone() } else { Self { handle, ..self.clone() } }
    }

    /// All principals that are this person.
    pub fn principals(&self) -> impl Iterator<Item = &Principal> + Clone {
        std::iter::once(&self.principal).chain(self.also.iter())
    }

    /// Whether a principal is this person.
    pub fn is(&self, principal: &Principal) -> bool {
        self.principals().any(|own| own == principal)
    }

    /// Who pays for what it does.
    pub fn payer(&self) -> Payer {
        let principal = self.acts_for.as_ref().map_or(&self.principal, |account| &account.principal);
        Payer::new(self.role, principal, self.address.as_ref())
    }

    /// Whether the same browser is known again when it comes back.
    pub fn is_recognized(&self) -> bool {
        !self.private_room.is_temporary()
    }

    /// How it is shown among those who are in a room.
    pub fn as_member(&self) -> MemberView {
        MemberView::new(&self.handle, self.author_kind(), self.role)
    }

    /// Sets the client's time zone; ignores values that are too long to be one.
    pub fn set_zone(&mut self, zone: Option<String>) {
        /// Bytes; the longest name of all has 32.
        const LONGEST: usize = 64;
        self.zone = zone.filter(|zone| zone.len() <= LONGEST);
    }

    /// The kind of author of its messages. Messages of programs never start commands: two programs must not keep each other busy.
    pub fn author_kind(&self) -> AuthorKind {
        if self.role == Role::Hook || self.acts_for.is_some() { AuthorKind::Bot } else { AuthorKind::User }
    }
}
