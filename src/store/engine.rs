//! The storage engine interface: ordered tables of bytes with three guarantees.
//!
//! Independent of rooms and jobs. Implemented by [`disk`](super::disk) with sled and by [`memory`](super::memory) with a map;
//! one contract test covers both.

use std::ops::Range;

use async_trait::async_trait;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// The tables. Each is a range of its own in one ordered key space, so that one commit can touch several.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Table {
            $($(#[$doc])* $name = $number,)*
        }

        impl Table {
            /// All of them, in the order of their keys.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

tables! {
    /// One-off facts: schema version, epoch, the owner's key.
    Meta = 1,
    /// Table ‖ prefix → last number given ‖ version ‖ bytes, see [`Counter`](super::Counter) and its tally.
    Counters = 2,
    /// Room name → room number.
    RoomNames = 3,
    /// Room number → room record.
    Rooms = 4,
    /// Room number ‖ seq → message.
    Messages = 5,
    /// Room number ‖ hash of author and the client's own id → day it was sent ‖ seq.
    SentIds = 6,
    /// Job id → seq of the message that asked for it ‖ seq of the message that answers it, 0 for none ‖ job.
    Jobs = 8,
    /// Job id → nothing: jobs that wait for a worker or have one.
    OpenJobs = 10,
    /// Principal ‖ job id → nothing.
    JobsOfPerson = 11,
    /// Digest of a session's token → session.
    Sessions = 12,
    /// Job id → lines of its log.
    JobLogs = 14,
    /// Due time in milliseconds ‖ job id → state: jobs that wait for their time.
    DueJobs = 15,
    /// Job id → nothing: jobs whose every attempt failed.
    DeadJobs = 16,
    /// Minute → what the jobs did in it.
    JobStats = 17,
    /// Schedule id → schedule.
    Schedules = 18,
    /// Digest of an incoming hook's token → hook.
    Hooks = 19,
    /// Document number → document.
    Documents = 22,
    /// Document id → document number.
    DocumentNumbers = 23,
    /// Table ‖ prefix ‖ version → number of the record changed then ‖ last number given at that time: the latest change of each
    /// changed record.
    Changes = 24,
    /// Table ‖ prefix ‖ number → version: where the record's entry in `Changes` is.
    ChangedAt = 25,
    /// Something of which there is only one → id of the record that has it.
    Claims = 30,
    /// Room ‖ job id → nothing: jobs that wait for their time, by where they were asked for.
    DueJobsOfRoom = 31,
    /// Job id → nothing: unfinished jobs whose question was deleted.
    ErasedJobs = 32,
    /// Room number → nothing: removed rooms whose messages are still to be removed.
    RemovedRooms = 33,
    /// Hash of a file ‖ id of the document that has it → nothing: a file is in use as long as there is one.
    FileReferences = 34,
    /// Account id → account.
    Accounts = 35,
    /// Skeleton of a name → id of the account that has it.
    AccountNames = 36,
    /// Principal → id of the account that writes as it.
    AccountsOfPrincipals = 37,
    /// Whose a session is ‖ digest of its token → nothing.
    SessionsOf = 38,
    /// Digest of an invitation's token → invitation.
    Invitations = 39,
    /// Principal ‖ room name → nothing: the closed and direct rooms of a person.
    RoomsOf = 40,
    /// Sanction id → sanction.
    Sanctions = 41,
    /// Room number ‖ seq → the open report of that message.
    Reports = 42,
    /// Number → entry of the audit log.
    AuditLog = 43,
    /// Digest of a program's token → token.
    Tokens = 44,
    /// Account id ‖ digest of a token → nothing.
    TokensOf = 45,
    /// Digest of whom the identity provider knows → id of that person's account.
    AccountsOfIdentities = 46,
    /// Room number → number of its oldest message, where older ones were purged.
    OldestKept = 50,
    /// Command → who may run it, and where, if that was changed while the server ran.
    CommandRules = 60,
    /// Room number ‖ hash of author and the client's own id → message that waits for approval.
    HeldMessages = 61,
    /// Principal → the merge that makes it another person.
    Merges = 62,
    /// Collection id → collection of documents.
    Collections = 63,
    /// Id of a gap, that of its question → question that the documents do not answer well.
    Gaps = 64,
    /// Principal → the removal of that person, until all of it is done.
    Erasures = 70,
}

impl Table {
    /// The table of this number, if there is one.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|table| *table as u8 == number)
    }
}

/// Largest value in bytes: the longest record that the limits of messages and jobs permit, with room to spare.
pub(super) const MAX_VALUE: usize = 72 * 1024;

/// What a batch is for, and which tables it may touch: read in its conditions, or write to. An engine that locks tables, or has
/// them at several places, can rely on it. Those in use are in `store/scopes.rs`.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    name: &'static str,
    /// `None` for all.
    tables: Option<&'static [Table]>,
}

impl Scope {
    /// For what no store in use is given: upgrades, and what an audit expects.
    pub const ANY: Self = Self { name: "ANY", tables: None };

    pub(super) const fn new(name: &'static str, tables: &'static [Table]) -> Self {
        Self { name, tables: Some(tables) }
    }

    /// What its batches do.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The tables; `None` for all.
    pub fn tables(self) -> Option<&'static [Table]> {
        self.tables
    }

    fn assert_has(self, table: Table) {
        debug_assert!(self.tables.is_none_or(|tables| tables.contains(&table)), "{} touches {table:?}", self.name);
    }
}

/// A conditional, atomic set of writes within a scope.
///
/// A batch may touch several rooms, persons and jobs: an engine spread over several machines must commit across them.
#[derive(Debug)]
pub struct Batch {
    pub(super) scope: Scope,
    pub(super) conditions: Vec<Condition>,
    pub(super) append: Option<Append>,
    pub(super) operations: Vec<Operation>,
}

/// A precondition of a batch.
#[derive(Debug)]
pub(super) struct Condition {
    pub table: Table,
    pub key: Vec<u8>,
    /// `None`: the key is absent.
    pub expected: Option<Vec<u8>>,
}

/// A record that gets the next number under its prefix: 1, 2, 3, … without gaps, in commit order.
#[derive(Debug)]
pub(super) struct Append {
    pub table: Table,
    pub prefix: Vec<u8>,
    pub value: Vec<u8>,
    /// Bytes that all records under the prefix may take together.
    pub most_bytes: Option<u64>,
}

#[derive(Debug)]
pub(super) enum Operation {
    Put {
        table: Table,
        key: Vec<u8>,
        value: Vec<u8>,
    },
    /// Puts a value whose first eight bytes from `offset` on are the number that the batch's append got, big-endian.
    PutNumbered {
        table: Table,
        key: Vec<u8>,
        value: Vec<u8>,
        offset: usize,
    },
    /// Gives a changed record the next version under its prefix.
    Touch {
        table: Table,
        prefix: Vec<u8>,
        number: u64,
    },
    Delete {
        table: Table,
        key: Vec<u8>,
    },
    /// Deletes appended records, whose bytes are not counted any more.
    Remove {
        table: Table,
        prefix: Vec<u8>,
        numbers: Range<u64>,
    },
    /// Counts that an appended record has become so many bytes larger.
    Grow {
        table: Table,
        prefix: Vec<u8>,
        bytes: i64,
    },
}

impl Batch {
    pub fn new(scope: Scope) -> Self {
        Self { scope, conditions: Vec::new(), append: None, operations: Vec::new() }
    }

    /// Only if nothing is stored under this key.
    pub fn if_absent(mut self, table: Table, key: impl Into<Vec<u8>>) -> Self {
        self.scope.assert_has(table);
        self.conditions.push(Condition { table, key: key.into(), expected: None });
        self
    }

    /// Only if exactly this is stored under this key.
    pub fn if_equal(mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.scope.assert_has(table);
        self.conditions.push(Condition { table, key: key.into(), expected: Some(value.into()) });
        self
    }

    /// Stores under `prefix ‖ next number`; a batch appends at most one record.
    pub fn append(mut self, table: Table, prefix: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        [table, Table::Counters].into_iter().for_each(|table| self.scope.assert_has(table));
        debug_assert!(self.append.is_none(), "a batch appends at most one record");
        self.append = Some(Append { table, prefix: prefix.into(), value: value.into(), most_bytes: None });
        self
    }

    /// Only if all records under the prefix of the one that is appended take no more bytes then, as far as they are counted. The
    /// batch is refused because of [`Table::Counters`] otherwise.
    pub fn within(mut self, most_bytes: u64) -> Self {
        debug_assert!(self.append.is_some(), "what is appended?");
        if let Some(append) = &mut self.append {
            append.most_bytes = Some(most_bytes);
        }
        self
    }

    pub fn put(mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.scope.assert_has(table);
        self.operations.push(Operation::Put { table, key: key.into(), value: value.into() });
        self
    }

    /// Stores the appended record's number under `key`.
    pub fn put_number(self, table: Table, key: impl Into<Vec<u8>>) -> Self {
        self.put_numbered(table, key, [0; 8], 0)
    }

    /// Stores `value` with the appended record's number in the place of its eight bytes from `offset` on.
    pub fn put_numbered(
        mut self,
        table: Table,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
        offset: usize,
    ) -> Self {
        self.scope.assert_has(table);
        let (key, value) = (key.into(), value.into());
        debug_assert!(offset + 8 <= value.len(), "a number takes eight bytes");
        self.operations.push(Operation::PutNumbered { table, key, value, offset });
        self
    }

    /// Notes that the appended record of that number is changed by this batch: `changes` tells of it from then on. Appending
    /// needs no such note. Several touches of a batch get consecutive versions, in their order.
    pub fn touch(mut self, table: Table, prefix: impl Into<Vec<u8>>, number: u64) -> Self {
        [Table::Counters, Table::Changes, Table::ChangedAt].into_iter().for_each(|table| self.scope.assert_has(table));
        self.operations.push(Operation::Touch { table, prefix: prefix.into(), number });
        self
    }

    /// Bytes of the keys and values that it puts.
    pub(super) fn bytes(&self) -> usize {
        let put = |operation: &Operation| match operation {
            Operation::Put { key, value, .. } | Operation::PutNumbered { key, value, .. } => key.len() + value.len(),
            _ => 0,
        };
        self.operations.iter().map(put).sum()
    }

    /// Bytes of the largest value that it writes.
    pub(super) fn largest_value(&self) -> usize {
        let puts = self.operations.iter().map(|operation| match operation {
            Operation::Put { value, .. } | Operation::PutNumbered { value, .. } => value.len(),
            _ => 0,
        });
        puts.chain(self.append.iter().map(|append| append.value.len())).max().unwrap_or(0)
    }

    /// Deletes appended records; their bytes are not counted any more.
    pub fn remove(mut self, table: Table, prefix: impl Into<Vec<u8>>, numbers: Range<u64>) -> Self {
        [table, Table::Counters].into_iter().for_each(|table| self.scope.assert_has(table));
        self.operations.push(Operation::Remove { table, prefix: prefix.into(), numbers });
        self
    }

    /// Notes that an appended record that this batch puts is so many bytes larger than before.
    pub fn grow(mut self, table: Table, prefix: impl Into<Vec<u8>>, bytes: i64) -> Self {
        [table, Table::Counters].into_iter().for_each(|table| self.scope.assert_has(table));
        self.operations.push(Operation::Grow { table, prefix: prefix.into(), bytes });
        self
    }

    pub fn delete(mut self, table: Table, key: impl Into<Vec<u8>>) -> Self {
        self.scope.assert_has(table);
        self.operations.push(Operation::Delete { table, key: key.into() });
        self
    }
}

/// Result of a batch in a successful commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Written. The number is the appended record's, the version that of the batch's last append or touch.
    Written { number: Option<u64>, version: Option<u64> },
    /// A condition on a record of `table` did not hold, nothing was written; `found` is what is stored under that
    /// condition's key.
    Refused { table: Table, found: Option<Vec<u8>> },
}

/// Which end of a range a scan starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Backward,
}

/// A storage error.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the database cannot be reached: {0}")]
    Away(String),
    #[error("another chatbot is using {0}")]
    Locked(String),
    #[error("cannot write to {path}: {reason}")]
    NotWritable { path: String, reason: String },
    #[error("{0}")]
    Damaged(String),
    /// The store has another schema, and could not be brought to this version's.
    #[error("{0}")]
    Schema(String),
    #[error("the disk is full")]
    DiskFull,
    #[error("{0}")]
    Io(String),
}

/// What an error means for those who asked, and for the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// The same may succeed a moment later. Nothing was written.
    Transient,
    /// What was asked for cannot be done; others go on. Nothing was written.
    Refused,
    /// The store must not be written to any more: it is damaged, or it is not known what of a commit was written.
    Final,
}

impl EngineError {
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Away(_) => ErrorClass::Transient,
            Self::DiskFull => ErrorClass::Refused,
            Self::Locked(_) | Self::NotWritable { .. } | Self::Damaged(_) | Self::Schema(_) | Self::Io(_) => {
                ErrorClass::Final
            }
        }
    }

    /// The same as a final error, for who cannot say that nothing was written.
    pub(super) fn into_final(self) -> Self {
        if self.class() == ErrorClass::Final { self } else { Self::Io(self.to_string()) }
    }
}

/// A key, without the table's prefix, and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// How much one scan returns at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub entries: usize,
    /// Bytes of keys and values from which on no further entry is returned: the last one may go beyond.
    pub bytes: usize,
}

impl Limit {
    /// Whether so much is enough.
    pub(super) fn is_reached(self, entries: usize, bytes: usize) -> bool {
        entries >= self.entries || bytes >= self.bytes
    }
}

/// The reading half of an [`Engine`].
///
/// A read may wait for a disk or for another machine, so it is a future, and never blocks the thread that polls it. It may see a
/// commit that is still being made durable; the domain hides what is not acknowledged yet.
#[async_trait]
pub trait Reader: Send + Sync {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// Entries with keys in `range`, from one end of it, up to `limit`. For more than a few there is the
    /// store's pager.
    async fn scan(
        &self,
        table: Table,
        range: Range<Vec<u8>>,
        direction: Direction,
        limit: Limit,
    ) -> Result<Vec<Entry>, EngineError>;
}

/// All tables as they were after one commit, whatever is written meanwhile. Its reads take place on the thread that polls them.
pub struct Snapshot {
    /// Number of that commit, counted from the store's first one.
    pub commit: u64,
    pub rows: Box<dyn Reader>,
}

/// Ordered tables of bytes.
///
/// 1. **All or nothing.** Every batch of a commit is written wholly or not at all, also across a crash.
/// 2. **Durable on return.** When `commit` returns, everything in it survives a power cut.
/// 3. **In order.** Batches take effect one after the other; appended records are numbered in that order without gaps, so are
///    the versions of a prefix, and a condition sees what earlier batches of the same commit wrote.
///
/// Only the writer's thread commits, and waits for it: `commit` and `close` block.
pub trait Engine: Reader + 'static {
    /// Writes batches; what became of each.
    ///
    /// # Errors
    /// Of all batches together. A transient or a refusing one says that nothing of any of them was written; after a final one
    /// nothing is written any more.
    fn commit(&self, batches: &[&Batch]) -> Result<Vec<Outcome>, EngineError>;

    /// Free space for this store in bytes, if it is limited and known.
    fn free_space(&self) -> Option<u64>;

    /// Size of this store in bytes, if it is known.
    fn size(&self) -> Option<u64>;

    /// What is stored now: every commit that has returned is in it, and no part of another. Blocks while a file is written; nobody
    /// who writes waits longer than for any other commit. What it needs of the disk is kept until it is dropped.
    fn snapshot(&self) -> Result<Snapshot, EngineError>;

    /// Gives back the space of what was removed or written again, and needs up to the size of the store meanwhile. Blocks for
    /// seconds and more; others read and write meanwhile.
    fn compact(&self) -> Result<(), EngineError>;

    /// Makes everything durable and records a clean shutdown. Nothing may be written afterwards.
    fn close(&self) -> Result<(), EngineError>;
}

/// The range of all keys that begin with `prefix`.
pub fn prefix_range(prefix: &[u8]) -> Range<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return prefix.to_vec()..end;
        }
    }
    // All bytes are 0xff (or there are none): longer than any key in use.
    prefix.to_vec()..vec![u8::MAX; prefix.len() + 64]
}
