//! The engine on disk: rows are written to a log in sled that stays small, and become files that never change.
//!
//! Every commit is one atomic write to the `commit_log` of the `head`, which has the newest rows sorted in memory. When these
//! are as many bytes as the store may keep there, another head is begun, and the full one is turned into a `run`: its rows,
//! sorted and compressed, in one file. Reads ask the newest `layer` first; what was removed stays noted as long as an older
//! layer may have it. Several runs of about one size are merged into one. So memory, opening and the size of the files do not
//! grow with sled's pages, of which a million messages would take more than 200,000.

mod commit_log;
mod database;
mod head;
mod layers;
mod list;
mod merge;
mod readers;
mod row;
mod run;
mod stack;
mod tiers;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::apply::{Transaction, apply, full_key, number_from};
use super::engine::{Batch, Direction, Engine, EngineError, Entry, Limit, Outcome, Reader, Snapshot, Table};
pub(super) use database::Database;
use layers::Layers;
use readers::Readers;
use stack::Stack;

/// Held as long as a process uses the store.
const LOCK: &str = "store-lock";

/// Marker file, written once the database has its first record; from then on an empty database means data loss.
const MARKER: &str = "store-created";

/// Marker file of a clean shutdown; removed at the next start.
const CLEAN_STOP: &str = "store-clean";

/// How many commits were acknowledged. Written after each one and not synced: it may be behind, never ahead.
const ACKNOWLEDGED: &str = "store-acknowledged";

/// The store's folder in a data directory.
pub struct DiskEngine {
    dir: PathBuf,
    stack: Stack,
    readers: Readers,
    /// [`ACKNOWLEDGED`], open.
    acknowledged: File,
    opened: Opened,
    /// [`LOCK`], locked.
    _lock: File,
}

/// State of the store when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// New and empty.
    New,
    /// The last shutdown was clean and the file is unchanged.
    Clean,
    /// The last shutdown was a crash, or the file was replaced: its content must be checked.
    Unclean,
}

/// The state of the file that was written to at a clean stop.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CleanStop {
    bytes: u64,
    modified_ns: u64,
}

impl DiskEngine {
    /// Opens or creates the store in `dir`. `memory_bytes` is about what its newest rows may take in memory.
    ///
    /// # Errors
    /// Names the folder and what to do when another process uses it, it cannot be written, or the database is damaged.
    /// Never repairs, and never silently starts empty.
    pub fn open(dir: &Path, memory_bytes: u64) -> Result<Self, EngineError> {
        prepare_dir(dir)?;
        let lock = lock(dir)?;
        let marker = dir.join(MARKER).exists();
        let is_clean = list::written_file(dir).is_some_and(|file| is_clean(dir, &file));
        // One half each for the head that is written to and the one before it.
        let stack = Stack::open(dir, memory_bytes / 2, marker)?;
        let layers = stack.layers();
        if layers.are_empty() && marker {
            return Err(damaged(dir, "it opens empty although it held data"));
        }
        let acknowledged = open_acknowledged(dir, &layers)?;
        remove_if_there(&dir.join(CLEAN_STOP))?;
        sync_dir(dir)?;
        let opened = match (layers.are_empty(), is_clean) {
            (true, _) => Opened::New,
            (false, true) => Opened::Clean,
            (false, false) => Opened::Unclean,
        };
        let readers = Readers::start()?;
        Ok(Self { dir: dir.to_owned(), stack, readers, acknowledged, opened, _lock: lock })
    }

    fn try_to_commit(&self, batches: &[&Batch]) -> Result<Vec<Outcome>, EngineError> {
        let _writing = self.stack.writing();
        let writes = Writes { layers: self.stack.layers_with_room()?, rows: RefCell::default() };
        let outcomes = batches.iter().map(|batch| apply(&writes, batch)).collect::<Result<_, _>>()?;
        let commits = writes.layers.head().commit(writes.rows.into_inner())?;
        self.acknowledged.write_all_at(&commits.to_be_bytes(), 0).map_err(|error| io_error(&error))?;
        Ok(outcomes)
    }

    /// What was found at opening.
    pub fn opened(&self) -> Opened {
        self.opened
    }

    /// Reads on the thread that polls, for who opens, checks or upgrades the store on a thread of its own.
    pub(super) fn on_this_thread(&self) -> OnThisThread<'_> {
        OnThisThread(self)
    }

    /// Records that the database has its first record. Must be called once, after that record's commit.
    pub fn mark_created(&self) -> Result<(), EngineError> {
        let path = self.dir.join(MARKER);
        if path.exists() {
            return Ok(());
        }
        let text = "chatbot keeps its messages in the files and folders beside this one.\n\
                    This marker tells an empty database from a lost one; please leave it here.\n";
        write_synced(&path, text.as_bytes())?;
        sync_dir(&self.dir)
    }
}

#[async_trait]
impl Reader for DiskEngine {
    /// What is in memory is answered at once: another thread would take ten times as long.
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let (layers, key) = (self.stack.layers(), full_key(table, key));
        match layers.get_warm(&key) {
            Some(found) => Ok(found),
            None => self.readers.run(move || layers.get(&key)).await,
        }
    }

    async fn scan(
        &self,
        table: Table,
        range: Range<Vec<u8>>,
        direction: Direction,
        limit: Limit,
    ) -> Result<Vec<Entry>, EngineError> {
        let layers = self.stack.layers();
        self.readers.run(move || layers.scan(table, &range, direction, limit)).await
    }
}

/// A store whose reads take place on the thread that polls them; they never wait for another one.
pub(super) struct OnThisThread<'a>(&'a DiskEngine);

#[async_trait]
impl Reader for OnThisThread<'_> {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.0.stack.layers().get(&full_key(table, key))
    }

    async fn scan(
        &self,
        table: Table,
        range: Range<Vec<u8>>,
        direction: Direction,
        limit: Limit,
    ) -> Result<Vec<Entry>, EngineError> {
        self.0.stack.layers().scan(table, &range, direction, limit)
    }
}

/// Layers that nobody writes to any more; read on the thread that polls.
struct Frozen(Layers);

#[async_trait]
impl Reader for Frozen {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.0.get(&full_key(table, key))
    }

    async fn scan(
        &self,
        table: Table,
        range: Range<Vec<u8>>,
        direction: Direction,
        limit: Limit,
    ) -> Result<Vec<Entry>, EngineError> {
        self.0.scan(table, &range, direction, limit)
    }
}

impl Engine for DiskEngine {
    /// Every error is final, that of a full disk too: sled keeps in memory what it could not write, and a list of layers may be
    /// newer than what is written to. [`StoreOptions::min_free_bytes`](super::StoreOptions) is there to refuse before that.
    fn commit(&self, batches: &[&Batch]) -> Result<Vec<Outcome>, EngineError> {
        self.try_to_commit(batches).map_err(EngineError::into_final)
    }

    fn free_space(&self) -> Option<u64> {
        free_space(&self.dir)
    }

    fn size(&self) -> Option<u64> {
        let layers = self.stack.layers();
        let heads: u64 = layers.heads.iter().map(|head| head.file_bytes()).sum();
        Some(heads + layers.runs.iter().map(|run| run.bytes()).sum::<u64>())
    }

    /// The layers below a head that was begun just now. They are kept in memory and on the disk as long as it is read.
    fn snapshot(&self) -> Result<Snapshot, EngineError> {
        let (layers, commit) = self.stack.freeze()?;
        Ok(Snapshot { commit, rows: Box::new(Frozen(layers)) })
    }

    fn compact(&self) -> Result<(), EngineError> {
        self.stack.compact()
    }

    fn close(&self) -> Result<(), EngineError> {
        self.stack.stop();
        let layers = self.stack.layers();
        layers.heads.iter().try_for_each(|head| head.close())?;
        self.acknowledged.sync_all().map_err(|error| io_error(&error))?;
        let state = file_state(&layers.head().path()).map_err(|error| io_error(&error))?;
        let note = serde_json::to_vec(&state).map_err(|error| EngineError::Io(error.to_string()))?;
        write_synced(&self.dir.join(CLEAN_STOP), &note)?;
        sync_dir(&self.dir)
    }
}

/// Rows of a commit by their keys; `None` for what is removed.
type CommitRows<'a> = BTreeMap<Vec<u8>, Option<Cow<'a, [u8]>>>;

/// Rows of a commit, on top of the layers.
struct Writes<'a> {
    layers: Arc<Layers>,
    rows: RefCell<CommitRows<'a>>,
}

impl<'a> Transaction<'a> for Writes<'a> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        match self.rows.borrow().get(key) {
            Some(written) => Ok(written.as_ref().map(|value| value.to_vec())),
            None => self.layers.get(key),
        }
    }

    fn write(&self, key: Vec<u8>, value: Cow<'a, [u8]>) -> Result<(), EngineError> {
        self.rows.borrow_mut().insert(key, Some(value));
        Ok(())
    }

    fn remove(&self, key: Vec<u8>) -> Result<(), EngineError> {
        self.rows.borrow_mut().insert(key, None);
        Ok(())
    }
}

/// Locks the store for this process; one that is in use may be about to be left.
pub(super) fn lock(dir: &Path) -> Result<File, EngineError> {
    /// The lock of a killed process may be held for a moment by children that it was starting.
    const PATIENCE: Duration = Duration::from_secs(1);
    const PAUSE: Duration = Duration::from_millis(20);
    let path = dir.join(LOCK);
    let opened = File::options().write(true).create(true).truncate(false).open(&path);
    let file = opened.map_err(|error| not_writable(&path, &error))?;
    let start = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(EngineError::Locked(dir.display().to_string())),
            Err(error) => return Err(not_writable(&path, &error.into())),
        }
    }
}

/// How many commits of the store in a folder were acknowledged.
pub(super) fn read_acknowledged(dir: &Path) -> u64 {
    number_from(&fs::read(dir.join(ACKNOWLEDGED)).unwrap_or_default())
}

/// Bytes left on a folder's disk, where that can be told.
pub fn free_space(dir: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Opens [`ACKNOWLEDGED`] and holds the layers against it.
fn open_acknowledged(dir: &Path, layers: &Layers) -> Result<File, EngineError> {
    let path = dir.join(ACKNOWLEDGED);
    if layers.head().commits() < read_acknowledged(dir) {
        return Err(damaged(dir, "its newest entries are missing"));
    }
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    file.map_err(|error| not_writable(&path, &error))
}

fn prepare_dir(dir: &Path) -> Result<(), EngineError> {
    fs::create_dir_all(dir).map_err(|error| not_writable(dir, &error))?;
    // Checked before opening sled, whose error for a read-only directory is not helpful.
    let probe = dir.join(".writable");
    File::create(&probe).map_err(|error| not_writable(dir, &error))?;
    remove_if_there(&probe)?;
    if let Some(parent) = dir.parent() {
        sync_dir(parent)?;
    }
    Ok(())
}

/// Whether the last stop was clean and the file is still the one it left.
fn is_clean(dir: &Path, file: &Path) -> bool {
    let note = fs::read(dir.join(CLEAN_STOP)).ok().and_then(|note| serde_json::from_slice::<CleanStop>(&note).ok());
    note.is_some() && note == file_state(file).ok()
}

fn file_state(file: &Path) -> std::io::Result<CleanStop> {
    let metadata = fs::metadata(file)?;
    let since = metadata.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(CleanStop { bytes: metadata.len(), modified_ns: u64::try_from(since.as_nanos()).unwrap_or_default() })
}

pub(super) fn write_synced(path: &Path, content: &[u8]) -> Result<(), EngineError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|error| not_writable(path, &error))
}

pub(super) fn sync_dir(dir: &Path) -> Result<(), EngineError> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| not_writable(dir, &error))
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), EngineError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(not_writable(path, &error)),
        _ => Ok(()),
    }
}

pub(super) fn not_writable(path: &Path, error: &std::io::Error) -> EngineError {
    if error.kind() == ErrorKind::StorageFull {
        return EngineError::DiskFull;
    }
    EngineError::NotWritable { path: path.display().to_string(), reason: error.to_string() }
}

fn io_error(error: &std::io::Error) -> EngineError {
    if error.kind() == ErrorKind::StorageFull { EngineError::DiskFull } else { EngineError::Io(error.to_string()) }
}

/// The error for a database that must not be used, with what to do about it.
pub(super) fn damaged(dir: &Path, what: &str) -> EngineError {
    EngineError::Damaged(format!(
        "the database in {dir} is damaged: {what}. Nothing was changed. Move {dir} aside, restore the newest backup with \
         \"chatbot restore\", or copy a copy of it (made while chatbot was stopped) to the same place, and start again",
        dir = dir.display()
    ))
}

fn engine_error(dir: &Path, error: sled::Error) -> EngineError {
    match error {
        sled::Error::Corruption { .. } => damaged(dir, "its checksums do not match"),
        sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            EngineError::Locked(dir.display().to_string())
        }
        sled::Error::Io(error) => io_error(&error),
        other => EngineError::Io(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
