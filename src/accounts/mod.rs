//! Identity and authorization.
//!
//! People are guests, known by a cookie, or have an account with a role. [`Actor::may`] is the only place that authorizes.
//! Independent of HTTP: cookies and headers are passed in as plain text.

mod hooks;
mod keys;
mod passwords;
mod people;
mod sessions;
mod throttle;

use std::net::IpAddr;

pub use hooks::Hooks;
pub use keys::{Keys, OwnerKey, random_token};
pub use people::{AccountChange, Accounts, Credentials};
pub use sessions::{Connections, Device, SESSION_DAYS, SessionChange, SessionId, Sessions, SignedIn};

use crate::model::{Account, AuthorKind, Document, Handle, Hook, Job, Principal, Role, RoomName, Schedule};
use crate::store::{Store, StoreError};
use crate::text::{Locale, Text};

/// Why a sign-in was refused.
#[derive(Debug, PartialEq, Eq)]
pub enum SignInError {
    WrongKey,
    WrongPassword,
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

/// A browser that is known by its cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    pub principal: Principal,
    /// Its room with the bot.
    pub private_room: RoomName,
}

impl Visitor {
    /// The browser whose cookie this is.
    pub fn of(token: &str, store: &Store) -> Self {
        let principal = Principal::visitor(&keys::short_digest(token));
        let private_room = store.private_room(&principal);
        Self { principal, private_room }
    }
}

/// The originator of a request.
#[derive(Clone, Debug)]
pub struct Actor {
    pub principal: Principal,
    /// Owner of the private room with the bot. Without a cookie, that is this connection alone: people behind
    /// one router share an address, and anybody may take a handle.
    pub home: Principal,
    pub private_room: RoomName,
    pub handle: Handle,
    pub role: Role,
    /// Whether it is an account's.
    pub has_account: bool,
    pub locale: Locale,
    /// IANA name of the client's time zone, if the client sent one.
    pub zone: Option<String>,
}

impl Actor {
    /// A visitor, identified by the cookie, else by the given handle, else by the IP address.
    pub fn new(visitor: Option<&Visitor>, handle: Option<Handle>, address: IpAddr, role: Role, locale: Locale) -> Self {
        let principal = match (visitor, &handle) {
            (Some(visitor), _) => visitor.principal.clone(),
            (None, Some(handle)) => Principal::named(handle),
            (None, None) => Principal::address(address),
        };
        let (home, private_room) = match visitor {
            Some(visitor) => (principal.clone(), visitor.private_room.clone()),
            None => nobodys_home(),
        };
        let handle = handle.unwrap_or_else(|| Handle::guest(&principal));
        Self { principal, home, private_room, handle, role, has_account: false, locale, zone: None }
    }

    /// Somebody who is signed in to an account.
    pub fn of_account(account: &Account, private_room: RoomName, locale: Locale) -> Self {
        let principal = account.principal.clone();
        Self {
            home: principal.clone(),
            private_room,
            principal,
            handle: account.name.clone(),
            role: account.role,
            has_account: true,
            locale,
            zone: None,
        }
    }

    /// The actor of an incoming hook.
    pub fn hook(hook: &Hook) -> Self {
        let (principal, locale) = (Principal::hook(&hook.id), Locale::default());
        let (home, private_room) = nobodys_home();
        let (handle, role) = (hook.name.clone(), Role::Hook);
        Self { principal, home, private_room, handle, role, has_account: false, locale, zone: None }
    }

    /// The same actor with another handle; the private room does not change. An account keeps its name.
    pub fn renamed(&self, handle: Handle) -> Self {
        if self.has_account {
            return self.clone();
        }
        let principal = if self.is_recognized() { self.principal.clone() } else { Principal::named(&handle) };
        Self { principal, handle, ..self.clone() }
    }

    /// Whether the same browser is known again when it comes back.
    pub fn is_recognized(&self) -> bool {
        !self.private_room.is_temporary()
    }

    /// Sets the client's time zone; ignores values that are too long to be one.
    pub fn set_zone(&mut self, zone: Option<String>) {
        /// Bytes; the longest name of all has 32.
        const LONGEST: usize = 64;
        self.zone = zone.filter(|zone| zone.len() <= LONGEST);
    }

    /// Whoever a job in that room, or in none, belongs to.
    pub fn job_owner(&self, room: Option<&RoomName>) -> Principal {
        if room.is_some_and(RoomName::is_private) { self.home.clone() } else { self.principal.clone() }
    }

    fn owns(&self, job: &Job) -> bool {
        job.principal == self.job_owner(job.room.as_ref())
    }

    /// The kind of author of its messages. Messages of programs never start commands: two programs must not keep each other busy.
    pub fn author_kind(&self) -> AuthorKind {
        if self.role == Role::Hook { AuthorKind::Bot } else { AuthorKind::User }
    }

    /// Checks whether this actor is allowed to perform the action.
    pub fn may(&self, action: Action<'_>) -> Result<(), Text> {
        let is_at_least = |role| self.role >= role;
        let allowed = match action {
            Action::Enter(room) => !room.is_private() || *room == self.private_room,
            Action::SeeJob(job) => is_public(job) || self.owns(job) || is_at_least(Role::Moderator),
            Action::ManageJob(job) => self.owns(job) || is_at_least(Role::Moderator),
            Action::ManageSchedule(schedule) => {
                schedule.principal == self.job_owner(schedule.room.as_ref()) || is_at_least(Role::Moderator)
            }
            // Answers in its room quote it anyway; a document without a room is used in all rooms.
            Action::ReadDocument(document) => {
                return document.room.as_ref().map_or(Ok(()), |room| self.may(Action::Enter(room)));
            }
            Action::SeeEveryJob | Action::DeleteMessage => is_at_least(Role::Moderator),
            Action::ChangeRoom
            | Action::ManageHooks
            | Action::ManageDocuments
            | Action::ManagePeople
            | Action::SeeMetrics
            | Action::ReadJobLog => is_at_least(Role::Admin),
            // Only the owner makes others as powerful as an admin, or takes that from them.
            Action::GiveRole(role) => is_at_least(Role::Owner) || (is_at_least(Role::Admin) && role < Role::Admin),
            Action::ManageAccount(account) => {
                is_at_least(Role::Owner) || (is_at_least(Role::Admin) && account.role < Role::Admin)
            }
        };
        if allowed { Ok(()) } else { Err(Text::new("error-forbidden")) }
    }

    /// What this actor may do in general, by the names in the protocol.
    pub fn abilities(&self) -> Vec<&'static str> {
        let named = [
            ("see_every_job", Action::SeeEveryJob),
            ("delete_message", Action::DeleteMessage),
            ("change_room", Action::ChangeRoom),
            ("manage_documents", Action::ManageDocuments),
            ("manage_hooks", Action::ManageHooks),
            ("see_metrics", Action::SeeMetrics),
            ("manage_people", Action::ManagePeople),
        ];
        named.into_iter().filter(|(_, action)| self.may(*action).is_ok()).map(|(name, _)| name).collect()
    }
}

/// A private room that is entered once.
fn nobodys_home() -> (Principal, RoomName) {
    (Principal::visitor(&keys::short_digest(&keys::random_token())), RoomName::temporary())
}

/// Whether everybody in its room was shown this job.
fn is_public(job: &Job) -> bool {
    job.room.as_ref().is_some_and(|room| !room.is_private()) && !job.quiet
}

/// An action that requires authorization.
#[derive(Clone, Copy, Debug)]
pub enum Action<'a> {
    Enter(&'a RoomName),
    SeeJob(&'a Job),
    ManageJob(&'a Job),
    /// Read what programs of commands wrote for whoever runs the server.
    ReadJobLog,
    ManageSchedule(&'a Schedule),
    SeeEveryJob,
    ChangeRoom,
    DeleteMessage,
    ManageHooks,
    ManageDocuments,
    ReadDocument(&'a Document),
    SeeMetrics,
    /// See accounts and invitations, and make them.
    ManagePeople,
    /// Make somebody what this role is.
    GiveRole(Role),
    ManageAccount(&'a Account),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{JobRequest, Timestamp};

    fn actor(cookie: &str, role: Role) -> Actor {
        let visitor = Visitor { principal: Principal::visitor(cookie), private_room: RoomName::private(cookie) };
        Actor::new(Some(&visitor), None, IpAddr::from([127, 0, 0, 1]), role, Locale::English)
    }

    fn job_of(actor: &Actor, room: RoomName) -> Job {
        let request = JobRequest { name: "sum".into(), arguments: "1 2".into() };
        let job = Job::queued(request, actor.job_owner(Some(&room)), actor.handle.clone(), Some(room), Locale::English);
        assert!(job.created_at <= Timestamp::now());
        job
    }

    #[test]
    fn visitors_reach_their_own_and_the_owner_everything() {
        let (ann, bob, owner) = (actor("a", Role::Guest), actor("b", Role::Guest), actor("o", Role::Owner));
        let lobby = RoomName::public("lobby").expect("a name");
        let public = job_of(&ann, lobby.clone());
        let home = ann.private_room.clone();
        let private = job_of(&ann, home.clone());
        let cases = [
            (&ann, Action::ManageJob(&public), true),
            (&bob, Action::ManageJob(&public), false),
            (&owner, Action::ManageJob(&private), true),
            (&bob, Action::SeeJob(&public), true),
            (&bob, Action::SeeJob(&private), false),
            (&ann, Action::SeeJob(&private), true),
            (&ann, Action::Enter(&home), true),
            (&bob, Action::Enter(&home), false),
            (&owner, Action::Enter(&home), false),
            (&bob, Action::Enter(&lobby), true),
            (&ann, Action::ReadJobLog, false),
            (&actor("m", Role::Moderator), Action::ReadJobLog, false),
            (&actor("d", Role::Admin), Action::ReadJobLog, true),
            (&ann, Action::DeleteMessage, false),
            (&ann, Action::ChangeRoom, false),
            (&ann, Action::SeeEveryJob, false),
            (&ann, Action::ManageHooks, false),
            (&owner, Action::ManageHooks, true),
            (&owner, Action::DeleteMessage, true),
        ];
        for (who, action, allowed) in cases {
            assert_eq!(who.may(action).is_ok(), allowed, "{who:?} {action:?}");
        }
    }

    #[test]
    fn only_the_owner_makes_and_changes_admins_and_owners() {
        let account = |role| Account {
            id: crate::model::AccountId::fresh(),
            principal: Principal::visitor("v"),
            name: Handle::new("Ann").expect("a name"),
            role,
            password: None,
            is_disabled: false,
            created_at: Timestamp::now(),
        };
        for role in Role::OF_ACCOUNTS {
            let is_plain = role < Role::Admin;
            for (who, expected) in [
                (Role::Guest, false),
                (Role::Member, false),
                (Role::Moderator, false),
                (Role::Admin, is_plain),
                (Role::Owner, true),
            ] {
                let who = actor("a", who);
                assert_eq!(who.may(Action::GiveRole(role)).is_ok(), expected, "{who:?} {role:?}");
                assert_eq!(who.may(Action::ManageAccount(&account(role))).is_ok(), expected, "{who:?} {role:?}");
            }
        }
    }

    #[test]
    fn a_person_is_known_by_cookie_then_handle_then_address() {
        let make = |cookie: Option<&str>, handle: Option<&str>, last: u8| {
            let handle = handle.and_then(|handle| Handle::new(handle).ok());
            let visitor = cookie.map(|cookie| Visitor {
                principal: Principal::visitor(cookie),
                private_room: RoomName::private(cookie),
            });
            Actor::new(visitor.as_ref(), handle, IpAddr::from([10, 0, 0, last]), Role::Guest, Locale::English).principal
        };
        assert_eq!(make(Some("c"), Some("Ann"), 1), make(Some("c"), None, 2));
        assert_eq!(make(None, Some("Ann"), 1), make(None, Some("Ann"), 2));
        assert_eq!(make(None, None, 1), make(None, None, 1));
        assert_ne!(make(None, None, 1), make(None, None, 2));
        assert_ne!(make(None, Some("Ann"), 1), make(None, Some("Bob"), 1));
    }
}
