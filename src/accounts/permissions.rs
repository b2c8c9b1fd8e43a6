//! Who may do what: the one place that decides.

use std::sync::Arc;

use super::{Actor, Delegation};
use crate::model::{
    Account, CommandRule, Job, Posting, Role, RoomKind, RoomName, RoomRecord, Schedule, TokenScope, UsedIn,
};
use crate::text::Text;

/// An action that requires authorization.
#[derive(Clone, Copy, Debug)]
pub enum Action<'a> {
    /// Use the server at all, beside signing in.
    TakePart,
    /// Read at all, by requests and connections that only read.
    Read,
    /// Start a command, or ask a question.
    StartJob,
    /// Have vectors made of texts of one's own.
    Embed,
    Enter(&'a RoomRecord),
    /// Write in a room.
    Post(&'a RoomRecord),
    /// Put an emoji on what was said in a room, or rate an answer.
    React(&'a RoomRecord),
    CreateRoom(RoomKind),
    /// Change a room's settings and members, archive and delete it.
    ManageRoom(&'a RoomRecord),
    /// Change any room.
    ManageRooms,
    /// See a job that was asked for in this room, or in none.
    SeeJob(&'a Job, Option<&'a RoomRecord>),
    ManageJob(&'a Job),
    /// Read what programs of commands wrote for whoever runs the server.
    ReadJobLog,
    ManageSchedule(&'a Schedule),
    SeeEveryJob,
    /// Delete what others said, stop and ban them.
    Moderate,
    ManageHooks,
    /// Add, change and remove documents and their collections.
    ManageDocuments,
    /// Let a room have collections.
    ChooseCollections(&'a RoomRecord),
    /// Read what is used there, in these rooms of those that exist.
    ReadDocument(&'a UsedIn, &'a [RoomRecord]),
    /// Stop and continue starting jobs.
    PauseCommands,
    SeeMetrics,
    SeeAuditLog,
    /// See accounts and invitations, and make them.
    ManagePeople,
    /// Change settings of the server while it runs.
    ManageSettings,
    /// Copy all that is stored.
    MakeBackup,
    /// Give back the space of what was removed.
    CompactStore,
    /// Make somebody what this role is.
    GiveRole(Role),
    ManageAccount(&'a Account),
}

impl Action<'_> {
    /// What a program's token must be for; `None` for what every token is.
    fn scope(self) -> Option<TokenScope> {
        match self {
            // What is shown of these is asked for by requests that read.
            Self::TakePart | Self::Enter(_) | Self::SeeJob(..) | Self::ReadDocument(..) => None,
            Self::Read => Some(TokenScope::Read),
            Self::Post(_) | Self::React(_) | Self::CreateRoom(_) => Some(TokenScope::Post),
            Self::StartJob | Self::Embed | Self::ManageJob(_) | Self::ManageSchedule(_) | Self::SeeEveryJob => {
                Some(TokenScope::Jobs)
            }
            Self::ManageDocuments | Self::ChooseCollections(_) => Some(TokenScope::Documents),
            Self::ManageRoom(_)
            | Self::ManageRooms
            | Self::ReadJobLog
            | Self::PauseCommands
            | Self::Moderate
            | Self::ManageHooks
            | Self::SeeMetrics
            | Self::SeeAuditLog
            | Self::ManagePeople
            | Self::ManageSettings
            | Self::MakeBackup
            | Self::CompactStore
            | Self::GiveRole(_)
            | Self::ManageAccount(_) => Some(TokenScope::Administration),
        }
    }
}

impl Actor {
    /// Checks whether this actor is allowed to perform the action.
    pub fn may(&self, action: Action<'_>) -> Result<(), Text> {
        let lacks = |scope| self.acts_for.as_ref().is_some_and(|account| !account.scopes.contains(&scope));
        if action.scope().is_some_and(lacks) {
            return Err(Text::new("error-forbidden-scope"));
        }
        let is_at_least = |role| self.role >= role;
        let allowed = match action {
            Action::TakePart if self.sanctioned.is_banned() => return Err(Text::new("error-forbidden-banned")),
            Action::TakePart if !is_at_least(Role::Guest) => return Err(Text::new("error-forbidden-stranger")),
            Action::TakePart | Action::Read | Action::StartJob => true,
            Action::Embed => is_at_least(Role::Member),
            Action::Enter(room) => self.may_enter(room),
            Action::Post(room) => return self.may_post(room),
            Action::React(room) => return self.may_be_heard(room),
            Action::CreateRoom(kind) => match kind {
                RoomKind::Public | RoomKind::Unlisted => is_at_least(Role::Guest) || self.role == Role::Hook,
                RoomKind::Closed | RoomKind::Direct => self.has_account && is_at_least(Role::Member),
                RoomKind::Private | RoomKind::Temporary => true,
            },
            Action::ManageRoom(room) => room.kind.is_managed() && (is_at_least(Role::Admin) || self.owns_room(room)),
            Action::SeeJob(job, room) => {
                let is_shown = room.is_some_and(|room| room.kind != RoomKind::Private && self.may_enter(room));
                (is_shown && !job.quiet) || self.owns(job) || is_at_least(Role::Moderator)
            }
            Action::ManageJob(job) => self.owns(job) || is_at_least(Role::Moderator),
            Action::ManageSchedule(schedule) => self.is(&schedule.principal) || is_at_least(Role::Moderator),
            // Answers in its room quote it anyway; a document without a room is used in all rooms.
            Action::ReadDocument(used_in, rooms) => {
                let is_in_one = || rooms.iter().any(|room| self.may_enter(room));
                let is_for = match used_in {
                    UsedIn::AllRooms => true,
                    // Everybody may make a room that does not exist.
                    UsedIn::Room(_) => rooms.is_empty() || is_in_one(),
                    UsedIn::Collection(_) => is_in_one(),
                };
                (is_at_least(Role::Guest) && is_for) || is_at_least(Role::Admin)
            }
            // What is in them may be for few: it takes more than to manage the room.
            Action::ChooseCollections(room) => room.kind.is_managed() && is_at_least(Role::Admin),
            Action::SeeEveryJob | Action::Moderate => is_at_least(Role::Moderator),
            Action::ManageRooms
            | Action::ManageHooks
            | Action::ManageDocuments
            | Action::ManagePeople
            | Action::SeeAuditLog
            | Action::ReadJobLog
            | Action::PauseCommands
            | Action::SeeMetrics => is_at_least(Role::Admin),
            Action::ManageSettings | Action::CompactStore => is_at_least(Role::Owner),
            // With what others say among themselves: only for whoever has the machine, and so the owner's key.
            Action::MakeBackup => is_at_least(Role::Owner) && !self.has_account && self.acts_for.is_none(),
            // Only the owner makes others as powerful as an admin, or takes that from them.
            Action::GiveRole(role) => is_at_least(Role::Owner) || (is_at_least(Role::Admin) && role < Role::Admin),
            Action::ManageAccount(account) => {
                is_at_least(Role::Owner) || (is_at_least(Role::Admin) && account.role < Role::Admin)
            }
        };
        if allowed { Ok(()) } else { Err(Text::new("error-forbidden")) }
    }

    /// What is said among members is not for those who look after the server either: they may delete the room, not read along.
    fn may_enter(&self, room: &RoomRecord) -> bool {
        let is_own = room.name == self.private_room;
        if self.sanctioned.is_banned() {
            return false;
        }
        if self.role < Role::Guest {
            return is_own && self.role == Role::Hook;
        }
        let is_elsewhere = |account: &Arc<Delegation>| !account.rooms.is_empty() && !account.rooms.contains(&room.name);
        if !is_own && self.acts_for.as_ref().is_some_and(is_elsewhere) {
            return false;
        }
        let is_member = || match &self.acts_for {
            Some(account) => room.members.contains(&account.principal),
            None => self.principals().any(|person| room.members.contains(person)),
        };
        match room.kind {
            RoomKind::Public | RoomKind::Unlisted => true,
            RoomKind::Closed | RoomKind::Direct => is_member(),
            RoomKind::Private | RoomKind::Temporary => is_own,
        }
    }

    /// Whether the room goes on, and this person in it.
    fn may_be_heard(&self, room: &RoomRecord) -> Result<(), Text> {
        if !self.may_enter(room) {
            return Err(Text::new("error-forbidden"));
        }
        if self.sanctioned.is_muted() {
            return Err(Text::new("error-forbidden-muted"));
        }
        match room.archived_at {
            Some(_) => Err(Text::new("error-forbidden-archived")),
            None => Ok(()),
        }
    }

    fn may_post(&self, room: &RoomRecord) -> Result<(), Text> {
        self.may_be_heard(room)?;
        // An incoming hook was made for its room.
        let is_trusted = self.role == Role::Hook || self.role >= Role::Moderator || self.owns_room(room);
        match room.settings.posting {
            Posting::Members if !is_trusted && self.role < Role::Member => Err(Text::new("error-forbidden-guests")),
            Posting::Moderators if !is_trusted => Err(Text::new("error-forbidden-read_only")),
            Posting::Everyone | Posting::Members | Posting::Moderators => Ok(()),
        }
    }

    fn owns_room(&self, room: &RoomRecord) -> bool {
        self.has_account && room.owner.as_ref().is_some_and(|owner| self.is(owner))
    }

    /// What nobody can come back for belongs to whoever knows its id, unless a room was shown that.
    fn owns(&self, job: &Job) -> bool {
        self.is(&job.principal) || (job.principal.is_nobody() && job.room.is_none())
    }

    /// What this actor may do in general, by the names in the protocol.
    pub fn abilities(&self) -> Vec<&'static str> {
        let named = [
            ("see_every_job", Action::SeeEveryJob),
            ("delete_message", Action::Moderate),
            ("moderate", Action::Moderate),
            ("change_room", Action::ManageRooms),
            ("create_closed_room", Action::CreateRoom(RoomKind::Closed)),
            ("manage_documents", Action::ManageDocuments),
            ("manage_hooks", Action::ManageHooks),
            ("pause_commands", Action::PauseCommands),
            ("see_metrics", Action::SeeMetrics),
            ("see_audit_log", Action::SeeAuditLog),
            ("manage_people", Action::ManagePeople),
            ("manage_settings", Action::ManageSettings),
        ];
        named.into_iter().filter(|(_, action)| self.may(*action).is_ok()).map(|(name, _)| name).collect()
    }

    /// What this actor may do in a room, by the names in the protocol.
    pub fn abilities_in(&self, room: &RoomRecord) -> Vec<&'static str> {
        let named =
            [("post", Action::Post(room)), ("react", Action::React(room)), ("manage", Action::ManageRoom(room))];
        named.into_iter().filter(|(_, action)| self.may(*action).is_ok()).map(|(name, _)| name).collect()
    }
}

/// Whether somebody of that role may run a command in a room, or in none, by the rule for it.
pub(super) fn may_run(role: Role, command: &str, rule: &CommandRule, room: Option<&RoomName>) -> Result<(), Text> {
    if role < rule.allow {
        return Err(Text::new(format!("error-forbidden-command-{}", rule.allow.as_str())).with("name", command));
    }
    if !rule.is_for(room) {
        let rooms = rule.rooms.join(", ");
        return Err(Text::new("error-forbidden-command-rooms").with("name", command).with("rooms", rooms));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Visitor;
    use super::*;
    use crate::model::{AccountId, BotMode, Handle, JobRequest, Principal, RoomName, Timestamp};
    use crate::text::Locale;

    fn actor(cookie: &str, role: Role) -> Actor {
        let visitor = Visitor { principal: Principal::visitor(cookie), private_room: RoomName::private(cookie) };
        Actor { has_account: role >= Role::Member, ..Actor::new(&visitor, None, role, Locale::English) }
    }

    fn room(name: RoomName, owner: &Actor) -> RoomRecord {
        RoomRecord::new(name, BotMode::Mention, Some(&owner.principal))
    }

    fn lobby(owner: &Actor) -> RoomRecord {
        room(RoomName::public("lobby").expect("a name"), owner)
    }

    fn job_of(actor: &Actor, room: &RoomRecord) -> Job {
        let request = JobRequest { name: "sum".into(), arguments: "1 2".into() };
        let (principal, handle) = (actor.principal.clone(), actor.handle.clone());
        Job::queued(request, principal, handle, Some(room.name.clone()), Locale::English)
    }

    #[test]
    fn visitors_reach_their_own_and_the_owner_everything_but_what_is_said_in_private() {
        let (ann, bob, owner) = (actor("a", Role::Guest), actor("b", Role::Guest), actor("o", Role::Owner));
        let (lobby, home) = (lobby(&ann), room(ann.private_room.clone(), &ann));
        let (public, private) = (job_of(&ann, &lobby), job_of(&ann, &home));
        let cases = [
            (&ann, Action::ManageJob(&public), true),
            (&bob, Action::ManageJob(&public), false),
            (&owner, Action::ManageJob(&private), true),
            (&bob, Action::SeeJob(&public, Some(&lobby)), true),
            (&bob, Action::SeeJob(&private, Some(&home)), false),
            (&ann, Action::SeeJob(&private, Some(&home)), true),
            (&ann, Action::Enter(&home), true),
            (&bob, Action::Enter(&home), false),
            (&owner, Action::Enter(&home), false),
            (&bob, Action::Enter(&lobby), true),
            (&ann, Action::ReadJobLog, false),
            (&actor("m", Role::Moderator), Action::ReadJobLog, false),
            (&actor("d", Role::Admin), Action::ReadJobLog, true),
            (&ann, Action::Moderate, false),
            (&ann, Action::ManageRoom(&lobby), false),
            (&owner, Action::ManageRoom(&lobby), true),
            (&owner, Action::ManageRoom(&home), false),
            (&ann, Action::SeeEveryJob, false),
            (&ann, Action::ManageHooks, false),
            (&owner, Action::ManageHooks, true),
            (&owner, Action::Moderate, true),
        ];
        for (who, action, allowed) in cases {
            assert_eq!(who.may(action).is_ok(), allowed, "{who:?} {action:?}");
        }
    }

    #[test]
    fn closed_rooms_are_for_their_members_and_archived_ones_for_readers() {
        let (ann, bob, owner) = (actor("a", Role::Member), actor("b", Role::Member), actor("o", Role::Owner));
        let closed = RoomRecord { kind: RoomKind::Closed, members: vec![ann.principal.clone()], ..lobby(&ann) };
        let archived = RoomRecord { archived_at: Some(Timestamp::now()), ..lobby(&ann) };
        let posting = |posting| {
            let mut room = lobby(&ann);
            room.settings.posting = posting;
            room
        };
        let (for_members, for_moderators) = (posting(Posting::Members), posting(Posting::Moderators));
        let guest = actor("g", Role::Guest);
        let stranger = actor("s", Role::Stranger);
        let cases = [
            (&ann, Action::Enter(&closed), true),
            (&bob, Action::Enter(&closed), false),
            (&owner, Action::Enter(&closed), false),
            (&owner, Action::ManageRoom(&closed), true),
            (&ann, Action::ManageRoom(&closed), true),
            (&bob, Action::ManageRoom(&closed), false),
            (&bob, Action::Enter(&archived), true),
            (&owner, Action::Post(&archived), false),
            (&guest, Action::Post(&for_members), false),
            (&bob, Action::Post(&for_members), true),
            (&bob, Action::Post(&for_moderators), false),
            (&ann, Action::Post(&for_moderators), true),
            (&stranger, Action::TakePart, false),
            (&stranger, Action::Enter(&for_members), false),
            (&guest, Action::CreateRoom(RoomKind::Closed), false),
            (&guest, Action::CreateRoom(RoomKind::Public), true),
            (&bob, Action::CreateRoom(RoomKind::Direct), true),
        ];
        for (who, action, allowed) in cases {
            assert_eq!(who.may(action).is_ok(), allowed, "{who:?} {action:?}");
        }
    }

    #[test]
    fn only_the_owner_makes_and_changes_admins_and_owners() {
        let name = Handle::new("Ann").expect("a name");
        let account = |role| Account::new(AccountId::fresh(), Principal::visitor("v"), name.clone(), role);
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
    fn a_command_is_for_a_role_and_the_higher_ones_in_some_rooms() {
        let ops = RoomName::public("ops").expect("a name");
        let lobby = RoomName::public("lobby").expect("a name");
        let rule = CommandRule { allow: Role::Moderator, rooms: vec!["ops".to_owned()] };
        let too_low = Text::new("error-forbidden-command-moderator").with("name", "status");
        let elsewhere = Text::new("error-forbidden-command-rooms").with("name", "status").with("rooms", "ops");
        for (role, room, refusal) in [
            (Role::Guest, Some(&ops), Some(&too_low)),
            (Role::Member, Some(&lobby), Some(&too_low)),
            (Role::Moderator, Some(&lobby), Some(&elsewhere)),
            (Role::Owner, None, Some(&elsewhere)),
            (Role::Moderator, Some(&ops), None),
            (Role::Owner, Some(&ops), None),
        ] {
            let refused = may_run(role, "status", &rule, room).err();
            assert_eq!(refused.as_ref(), refusal, "{role:?} {room:?}");
        }
        assert_eq!(may_run(Role::Guest, "status", &CommandRule::default(), None), Ok(()));
    }

    #[test]
    fn who_proves_nothing_owns_only_what_no_room_was_shown() {
        let nobody = || Actor::new(&Visitor::nobody(), Handle::new("ci").ok(), Role::Guest, Locale::English);
        let (one, other) = (nobody(), nobody());
        assert_ne!(one.principal, other.principal, "a handle is a claim");
        let in_room = job_of(&one, &lobby(&one));
        assert!(one.may(Action::ManageJob(&in_room)).is_ok());
        assert!(other.may(Action::ManageJob(&in_room)).is_err());
        let in_none = Job { room: None, quiet: true, ..in_room };
        assert!(other.may(Action::ManageJob(&in_none)).is_ok(), "whoever knows its id");
    }
}
