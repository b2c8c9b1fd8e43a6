//! Persistence of rooms, messages, jobs and sessions, on one `engine`.
//!
//! All writes go through the one `writer`; acknowledged writes survive a power failure. Knows nothing of who is
//! connected, of sockets or of bots.

mod accounts;
mod apply;
mod audit;
mod backups;
mod change_feed;
mod check;
mod claims;
mod collections;
mod command_rules;
mod disk;
mod documents;
mod engine;
mod erasures;
mod files;
mod gaps;
mod held;
mod hooks;
mod invitations;
mod job_index;
mod jobs;
mod memory;
mod merges;
mod messages;
mod migrations;
mod moderation;
mod moderation_settings;
mod new_store;
mod pager;
mod paused;
mod place;
mod quotas;
mod removal;
mod retention;
mod rooms;
mod schedules;
mod scopes;
mod sent_ids;
mod sessions;
mod sizes;
mod space;
mod stats;
mod tokens;
mod writer;

use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::model::{AddressDigest, Principal, RoomName, subscriber};
use crate::text::Text;
use crate::threads;

pub use accounts::AccountAdded;
pub use apply::{Counter, RecordChange};
pub use audit::audit;
pub use change_feed::{ChangeFeed, FeedChanges};
pub use collections::Collected;
pub use disk::{DiskEngine, free_space};
pub use documents::Filed;
pub use engine::{
    Batch, Direction, Engine, EngineError, ErrorClass, Limit, Outcome, Reader, Scope, Snapshot, Table, prefix_range,
};
pub use erasures::ErasureBegun;
pub use files::{AllKept, Files, Incoming};
pub use held::{Held, HeldId, HeldLimits, Holding};
pub use invitations::UsedInvitation;
pub use job_index::StoredJob;
pub use jobs::{Ended, JobChange, JobEnd, JobList};
pub use memory::MemoryEngine;
pub use messages::{ChangedMessage, NewMessage};
pub use migrations::is_of_older_version;
pub use moderation::report_id;
pub use new_store::{NewStore, SignIns, verify};
pub use quotas::Quotas;
pub use rooms::RoomNumber;
pub use schedules::{Added, ScheduleChange, ScheduleLimits, StoredSchedule};
pub use sessions::{Session, SessionDigest};
pub use sizes::{JobCounts, Sizes};
pub use space::Space;
pub use tokens::TokenAdded;

use disk::Opened;
use documents::DocumentBytes;
use pager::Pager;
use writer::{WriteKind, Writer};

/// Schema version of keys and records. A store with an older one is upgraded, one with a newer one refused.
pub const SCHEMA: usize = 2;

/// Where the key is by which the ids of private rooms are derived.
const ROOMS_KEY: &str = "rooms-key";

/// Errors of the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too little free disk space; nothing was written, reading still works.
    #[error("not enough space left on the disk")]
    Full,
    /// The store cannot be reached for now. Nothing was written; the same may succeed a moment later.
    #[error("the store cannot be reached for now")]
    Unavailable,
    /// The store failed. If that was in writing, it is fatal for this process: no further writes are acknowledged.
    #[error("the store failed")]
    Failed,
    /// A record exceeds the engine's limit; nothing was written.
    #[error("record too big")]
    TooBig,
    /// A record is damaged.
    #[error("unreadable record: {0}")]
    Unreadable(String),
    /// Others changed the same again and again; nothing was written.
    #[error("others changed it at the same time")]
    Busy,
}

/// Result of posting a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// Stored under this number; the room has come this far with it.
    New(Counter),
    /// A duplicate of this author's message of this number; nothing was stored.
    Repeated { seq: u64 },
    /// A job of it is to be the only unfinished one of its key, and another is; nothing was stored.
    NotUnique,
    /// The room was removed, or what waited for approval; nothing was stored.
    Gone,
    /// The room would take more than it may; nothing was stored.
    Full,
}

impl From<EngineError> for StoreError {
    fn from(error: EngineError) -> Self {
        tracing::error!(%error, "reading from the store failed");
        error.class().into()
    }
}

impl From<ErrorClass> for StoreError {
    fn from(class: ErrorClass) -> Self {
        match class {
            ErrorClass::Transient => Self::Unavailable,
            ErrorClass::Refused => Self::Full,
            ErrorClass::Final => Self::Failed,
        }
    }
}

/// The error for clients; the details are in the log.
impl From<StoreError> for Text {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Text::new("error-storage_full"),
            StoreError::Busy | StoreError::Unavailable => Text::new("error-busy"),
            StoreError::Failed | StoreError::TooBig | StoreError::Unreadable(_) => {
                tracing::error!(%error, "the store refused");
                Text::new("error-store_failed")
            }
        }
    }
}

/// The store.
pub struct Store {
    engine: Arc<dyn Engine>,
    writer: Writer,
    change_feed: Arc<ChangeFeed>,
    facts: Facts,
    document_bytes: Arc<DocumentBytes>,
    quotas: Quotas,
}

/// What is known once a store is open and never changes.
struct Facts {
    /// Changes only when numbering starts anew.
    epoch: String,
    /// By which the ids of private rooms are derived.
    rooms_key: [u8; 32],
}

/// Handle to wait for the writer thread and the clean shutdown of the store.
#[must_use]
pub struct Closing(JoinHandle<()>);

impl Closing {
    /// Returns once all that was submitted is durable and the store closed. Every [`Store`] must have been dropped; blocks.
    pub fn wait(self) {
        if self.0.join().is_err() {
            tracing::error!("the store's writer panicked");
        }
    }
}

/// Options for opening the store.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreOptions {
    /// Memory for the newest rows, in bytes.
    pub cache_bytes: u64,
    /// New messages are refused while less than this is free, in bytes.
    pub min_free_bytes: u64,
    pub quotas: Quotas,
}

impl Store {
    /// Opens or creates the store in `dir`, upgrades one of an older version, checks it if the last shutdown was unclean, and
    /// starts its writer. `on_failure` is called when writing fails finally; the program should then exit. Blocking; do not call from
    /// async code.
    ///
    /// # Errors
    /// A message for the operator, if the directory is locked, read-only or damaged. Nothing is changed then.
    pub fn open(
        dir: &Path,
        options: StoreOptions,
        on_failure: impl FnOnce(String) + Send + 'static,
    ) -> Result<(Arc<Self>, Closing), EngineError> {
        let engine = migrations::open(dir, options)?;
        match engine.opened() {
            Opened::New => initialize(&engine)?,
            Opened::Clean => {}
            Opened::Unclean => {
                let checked = threads::wait(check::check(&engine.on_this_thread()));
                checked.map_err(|what| disk::damaged(dir, &what))?;
            }
        }
        place::settle(dir, &engine, &engine.on_this_thread())?;
        let facts = threads::wait(Facts::read(&engine.on_this_thread()));
        let facts = facts.map_err(|what| disk::damaged(dir, &what))?;
        let documents = threads::wait(DocumentBytes::read(&engine.on_this_thread()));
        let documents = Arc::new(documents.map_err(|what| disk::damaged(dir, &what))?);
        engine.mark_created()?;
        Self::start(Arc::new(engine), facts, documents, options, on_failure)
    }

    /// An in-memory store.
    pub fn in_memory() -> Result<(Arc<Self>, Closing), EngineError> {
        let engine = MemoryEngine::default();
        initialize(&engine)?;
        let facts = threads::wait(Facts::read(&engine)).map_err(EngineError::Damaged)?;
        Self::start(Arc::new(engine), facts, Arc::default(), StoreOptions::default(), |_| {})
    }

    fn start(
        engine: Arc<dyn Engine>,
        facts: Facts,
        document_bytes: Arc<DocumentBytes>,
        options: StoreOptions,
        on_failure: impl FnOnce(String) + Send + 'static,
    ) -> Result<(Arc<Self>, Closing), EngineError> {
        let quotas = options.quotas;
        let space = quotas.space(engine.clone(), document_bytes.clone(), options.min_free_bytes);
        let (writer, handle) = Writer::start(engine.clone(), space, on_failure)
            .map_err(|error| EngineError::Io(format!("cannot start the writer: {error}")))?;
        let change_feed = Arc::default();
        Ok((Arc::new(Self { engine, writer, change_feed, facts, document_bytes, quotas }), Closing(handle)))
    }

    /// Changes only if numbering starts again, so that clients know whether their `seq` is valid.
    pub fn epoch(&self) -> &str {
        &self.facts.epoch
    }

    /// The name of a person's private room: derived from whose it is, so that it needs no look-up, and not to be turned back into
    /// that without the store's key.
    pub fn private_room(&self, principal: &Principal) -> RoomName {
        rooms::private_room(&self.facts.rooms_key, principal)
    }

    /// A reference to the subscriber that has this address.
    pub fn address_digest(&self, address: IpAddr) -> AddressDigest {
        AddressDigest::of_signature(&self.sign(&["address", &subscriber(address).to_string()]))
    }

    /// What only this store can say of texts, in hexadecimal. Their first one names what it is for; none may have a zero byte.
    pub fn sign(&self, texts: &[&str]) -> String {
        HEXLOWER.encode(&rooms::signature(&self.facts.rooms_key, texts))
    }

    /// Compares what is stored with the store's own rules, as after an unclean stop. Nothing may be written meanwhile.
    ///
    /// # Errors
    /// The first contradiction.
    pub async fn check(&self) -> Result<(), String> {
        check::check(self.engine.as_ref()).await
    }

    /// Free space for the store in bytes, if it is known.
    pub fn free_space(&self) -> Option<u64> {
        self.engine.free_space()
    }

    /// What is stored now, as it stays whatever is stored later. Blocking; do not call from async code.
    ///
    /// # Errors
    /// As [`Engine::snapshot`].
    pub fn snapshot(&self) -> Result<Snapshot, EngineError> {
        self.engine.snapshot()
    }

    /// Size in bytes, if it is known.
    pub fn size(&self) -> Option<u64> {
        self.engine.size()
    }

    /// What gives back the space of what was removed or written again, as [`Engine::compact`]. Blocking; do not call from async
    /// code. It does not keep the store open: closing that ends it.
    pub fn compaction(&self) -> impl FnOnce() -> Result<(), EngineError> + Send + use<> {
        let engine = self.engine.clone();
        move || engine.compact()
    }

    /// Whether writing has failed; the process should then exit.
    pub fn has_failed(&self) -> bool {
        self.writer.has_failed()
    }

    /// The change feed of messages, for its one consumer.
    pub fn change_feed(&self) -> &Arc<ChangeFeed> {
        &self.change_feed
    }

    /// How many changes wait for the writer.
    pub fn waiting_writes(&self) -> usize {
        self.writer.waiting()
    }

    /// Bytes of the files of all documents.
    pub fn document_bytes(&self) -> u64 {
        self.document_bytes.total()
    }

    /// How many callbacks of commits panicked since the start.
    pub fn callback_panics(&self) -> u64 {
        self.writer.callback_panics()
    }

    /// Returns once all that was submitted before is durable. Blocking; do not call from async code.
    pub fn flush(&self) -> Result<(), StoreError> {
        let (answer, flushed) = oneshot::channel();
        let on_commit = Box::new(|outcome| drop(answer.send(outcome)));
        self.writer.submit_blocking(Batch::new(scopes::FLUSH), WriteKind::Maintenance, on_commit);
        flushed.blocking_recv().unwrap_or(Err(StoreError::Failed)).map(drop)
    }

    /// Entries of a range, a page at a time.
    fn pages(&self, table: Table, range: Range<Vec<u8>>) -> Pager<'_> {
        Pager::new(self.engine.as_ref(), table, range)
    }

    /// All entries of a table, a page at a time.
    fn pages_of(&self, table: Table) -> Pager<'_> {
        Pager::of_table(self.engine.as_ref(), table)
    }

    /// Commits a batch and waits for its outcome.
    async fn commit(&self, batch: Batch, kind: WriteKind) -> Result<Outcome, StoreError> {
        self.commit_with(batch, kind, |outcome| outcome).await
    }

    /// Commits a batch; `on_commit` is called in the way of [`OnCommit`](writer::OnCommit), and what it returns is returned to
    /// whoever still waits.
    async fn commit_with<T: Send + 'static>(
        &self,
        batch: Batch,
        kind: WriteKind,
        on_commit: impl FnOnce(Result<Outcome, StoreError>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, done) = oneshot::channel();
        self.writer.submit(batch, kind, Box::new(move |outcome| drop(answer.send(on_commit(outcome))))).await;
        done.await.unwrap_or(Err(StoreError::Failed))
    }

    /// Commits a batch, with what it causes in memory if it is written; whether it was.
    async fn commit_if(
        &self,
        batch: Batch,
        kind: WriteKind,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<bool, StoreError> {
        let on_commit = |outcome: Result<Outcome, StoreError>| {
            let is_written = matches!(outcome?, Outcome::Written { .. });
            if is_written {
                effect();
            }
            Ok(is_written)
        };
        self.commit_with(batch, kind, on_commit).await
    }
}

/// What tells one numbering from another.
fn new_epoch() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Writes a new store's first records.
fn initialize(engine: &dyn Engine) -> Result<(), EngineError> {
    let mut rooms_key = [0; 32];
    getrandom::fill(&mut rooms_key).map_err(|error| EngineError::Io(format!("no random numbers: {error}")))?;
    let batch = Batch::new(scopes::OPEN_STORE)
        .if_absent(Table::Meta, "schema")
        .put(Table::Meta, "schema", SCHEMA.to_string())
        .put(Table::Meta, "epoch", new_epoch())
        .put(Table::Meta, ROOMS_KEY, rooms_key);
    engine.commit(&[&batch]).map(drop)
}

impl Facts {
    async fn read(reader: &dyn Reader) -> Result<Self, String> {
        let read = async |key: &str| {
            let value = reader.get(Table::Meta, key.as_bytes()).await.map_err(|error| error.to_string())?;
            value.ok_or_else(|| format!("its {key} is missing"))
        };
        let epoch = String::from_utf8(read("epoch").await?).map_err(|_| "its epoch is unreadable")?;
        let rooms_key = read(ROOMS_KEY).await?.try_into().map_err(|_| format!("its {ROOMS_KEY} is unreadable"))?;
        Ok(Self { epoch, rooms_key })
    }
}

/// Serializes a record.
fn encode(record: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(record).unwrap_or_else(|error| {
        // Records are plain structs with string keys, whose serialization cannot fail.
        unreachable!("a record that JSON cannot hold: {error}")
    })
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Unreadable(error.to_string()))
}

#[cfg(test)]
pub mod faults;

#[cfg(test)]
mod tests;
