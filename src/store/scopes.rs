//! What the store's batches are for, and which tables each may touch.
//!
//! This is the promise that an [`Engine`](super::Engine) must keep: what is in one row here takes effect together or not at all.
//! A group of batches that is committed together may be of any of them.

use super::Table;
use super::engine::Scope;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident: $($table:ident)*;)*) => {
        $($(#[$doc])* pub(super) const $name: Scope = Scope::new(stringify!($name), &[$(Table::$table),*]);)*

        /// All of them.
        #[cfg(test)]
        pub(super) const ALL: &[Scope] = &[$($name),*];
    };
}

scopes! {
    /// The first records of a new store; where a store is, and a new epoch if that is another place than before.
    OPEN_STORE: Meta;
    /// When the last backup was made.
    NOTE_BACKUP: Meta;
    /// Nothing: it is durable when all before it is.
    FLUSH: ;
    /// The digest of the owner's key.
    CHANGE_OWNER_KEY: Meta;
    /// Who may come in without an account.
    CHANGE_ACCESS: Meta;
    /// The settings of the filter.
    CHANGE_MODERATION: Meta;
    /// Which commands are paused.
    CHANGE_PAUSED: Meta;
    /// Who may run a command, and where.
    CHANGE_COMMAND_RULE: CommandRules;
    /// A session, while its account is as it was.
    ADD_SESSION: Sessions SessionsOf Accounts;
    /// When and where it was used last.
    CHANGE_SESSION: Sessions;
    REMOVE_SESSIONS: Sessions SessionsOf;

    /// An account, with its name, one use of the invitation, and its places in the rooms to which that leads.
    ADD_ACCOUNT: Accounts AccountNames AccountsOfPrincipals AccountsOfIdentities Invitations Claims Rooms RoomsOf;
    CHANGE_ACCOUNT: Accounts;
    CHANGE_IDENTITY: Accounts AccountsOfIdentities;
    /// An account leaves the store, while another owner is as it was; or a guest is known no more. The rest follows.
    BEGIN_ERASURE: Accounts AccountNames AccountsOfPrincipals AccountsOfIdentities Erasures;
    END_ERASURE: AccountsOfPrincipals Erasures;
    ADD_INVITATION: Invitations Claims;
    /// The server's own invitation in place of the one before.
    REPLACE_FIRST_INVITATION: Invitations Meta;
    REMOVE_INVITATION: Invitations Claims;

    ADD_TOKEN: Tokens TokensOf Claims;
    /// When it was used last.
    CHANGE_TOKEN: Tokens;
    REMOVE_TOKEN: Tokens TokensOf Claims;
    ADD_SANCTION: Sanctions Claims;
    REMOVE_SANCTION: Sanctions Claims;
    /// Two people that are one from then on.
    ADD_MERGE: Merges Claims;
    REMOVE_MERGE: Merges Claims;
    ADD_REPORT: Reports Claims;
    CHANGE_REPORT: Reports;
    REMOVE_REPORT: Reports Claims;
    ADD_AUDIT_ENTRY: AuditLog Counters;
    PRUNE_AUDIT_LOG: AuditLog;

    CREATE_ROOM: RoomNames Rooms Counters RoomsOf;
    CHANGE_ROOM: Rooms RoomsOf;
    /// A room in which nothing was said.
    REMOVE_EMPTY_ROOM: RoomNames Rooms Counters;
    /// A temporary room leaves the store; what was said in it follows.
    REMOVE_TEMPORARY_ROOM: RoomNames Rooms Counters RemovedRooms OldestKept;
    /// A room with all its settings leaves the store; what was said in it follows.
    REMOVE_ROOM: RoomNames Rooms RoomsOf Counters RemovedRooms OldestKept;
    /// A part of what was said in a room that has left the store.
    CLEAR_REMOVED_ROOM: RemovedRooms Messages SentIds Changes ChangedAt;

    /// A room's oldest messages, while its settings are as they were.
    PURGE_MESSAGES: Rooms OldestKept Messages Counters;
    /// How many bytes a room takes whose first messages were stored before that was counted.
    COUNT_BYTES: Counters;
    /// What is noted of the changes of messages that were purged.
    PURGE_CHANGES: Changes ChangedAt;

    /// A message, with the jobs that it asks for and causes.
    POST: RoomNames Messages Counters SentIds Jobs OpenJobs DueJobs DueJobsOfRoom JobsOfPerson Claims HeldMessages;
    /// A message that waits for approval.
    HOLD: RoomNames HeldMessages SentIds Claims;
    /// One that is not let through.
    REMOVE_HELD: HeldMessages Claims;
    /// Nothing: asks for a client's id of a message, behind all that is being written.
    FIND_SENT: SentIds;
    PRUNE_SENT_IDS: SentIds;
    /// The text of a message, and what its answer and its job repeat of it.
    DELETE_MESSAGE: Messages Counters Changes ChangedAt Jobs JobLogs OpenJobs DueJobs DueJobsOfRoom JobsOfPerson ErasedJobs Gaps Claims;

    /// What people put on a message, and what it says about the answer to a question.
    CHANGE_REACTIONS: Messages Counters Changes ChangedAt Gaps Claims;
    CHANGE_GAP: Gaps Claims;
    /// Messages that are a deleted user's from now on.
    DISOWN_MESSAGES: Messages Counters Changes ChangedAt;

    ADD_JOB: Jobs OpenJobs DueJobs DueJobsOfRoom JobsOfPerson Claims;
    /// A job goes from one place to another; if it was the next run of a schedule, with the run after it.
    CHANGE_JOB: Jobs JobLogs OpenJobs DueJobs DueJobsOfRoom DeadJobs JobsOfPerson Claims Schedules;
    /// What a running job has logged so far.
    KEEP_LOG: JobLogs OpenJobs;
    /// As `CHANGE_JOB`, with the message that answers, and the jobs that it causes.
    FINISH_JOB: Jobs JobLogs OpenJobs DueJobs DueJobsOfRoom DeadJobs JobsOfPerson Claims Schedules Messages Counters ErasedJobs;
    /// A job that has ended.
    REMOVE_JOB: Jobs JobLogs DeadJobs JobsOfPerson ErasedJobs;

    /// A schedule, with its first run.
    ADD_SCHEDULE: Schedules Claims Jobs DueJobs DueJobsOfRoom JobsOfPerson;
    /// A schedule changes or is removed; its run that waits leaves, another may come.
    CHANGE_SCHEDULE: Schedules Claims Jobs JobLogs DueJobs DueJobsOfRoom JobsOfPerson ErasedJobs;
    /// What the jobs did in some minutes; what is old leaves.
    KEEP_STATS: JobStats;

    ADD_HOOK: Hooks Claims;
    /// When it was used last, or how it shows what is posted.
    CHANGE_HOOK: Hooks;
    REMOVE_HOOK: Hooks Claims;

    /// A document, with the references to its files, what it claims of its contents, and how many its collection has.
    ADD_DOCUMENT: Documents DocumentNumbers Counters FileReferences Claims Collections;
    CHANGE_DOCUMENT: Documents FileReferences Claims Collections;
    REMOVE_DOCUMENT: Documents DocumentNumbers FileReferences Claims Collections;

    ADD_COLLECTION: Collections Claims;
    RENAME_COLLECTION: Collections Claims;
    /// A collection without documents.
    REMOVE_COLLECTION: Collections Claims;
    /// Which collections a room has chosen.
    CHOOSE_COLLECTIONS: Collections RoomNames;
}
