//! The engine on disk, on sled 0.34: the only home of `sled`.
//!
//! What sled promises less than one would think, and what is done about it here:
//! `flush` alone does not reach the disk (it issues `sync_file_range`), so every commit ends in `fdatasync` on an own handle;
//! opening a damaged database may panic or yield an empty one, so a marker beside it says that there was one;
//! a damaged log is read up to the damage and the rest forgotten, so commits are counted in the database and beside it;
//! its flusher, in the background, moves pages about without an end once half of the file is free, so it is not started: every
//! commit flushes, and writes clean up as they go;
//! pages of more than a quarter of a segment go to files sled never syncs, so segments are large and records small.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sled::transaction::{ConflictableTransactionError, TransactionalTree, UnabortableTransactionError};

use super::engine::{
    Batch, Direction, Engine, EngineError, Entry, MAX_VALUE, Outcome, Table, Transaction, apply, full_key, number_from,
};

/// One tree holds all tables: a batch over several of them is then one atomic write.
const TREE: &str = "tables";

/// Written beside the database once it holds its first record; from then on an empty database is a lost one.
const MARKER: &str = "store-created";

/// Written by a clean stop, removed by the next start.
const CLEAN_STOP: &str = "store-clean";

/// How many commits were acknowledged. Written after each one and not synced: it may be behind, never ahead.
const ACKNOWLEDGED: &str = "store-acknowledged";

/// How many commits there were, in the database; before all tables, so that it is in none.
const COMMITS: &[u8] = b"\0commits";

/// sled's unit of writing, in bytes. It writes a page that is larger than a quarter of this to a file of its own that it never
/// syncs, and a page holds up to about twenty values before it is split: 8 MiB keep even twenty of the largest inside the log.
const SEGMENT: usize = 8 * 1024 * 1024;

/// sled's folder for such files; it stays empty.
const BLOBS: &str = "blobs";

/// The store's folder in a data directory.
pub struct DiskEngine {
    dir: PathBuf,
    tree: sled::Tree,
    /// Given up at [`Engine::close`], so that sled's threads have ended before the clean stop is noted.
    db: Mutex<Option<sled::Db>>,
    /// Own handle to sled's file, for the sync that sled itself leaves out.
    file: File,
    /// [`ACKNOWLEDGED`], open.
    acknowledged: File,
    opened: Opened,
}

/// What was found when the store was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// There was none; it is empty now.
    New,
    /// The last stop was clean and nobody touched the file since.
    Clean,
    /// The last stop was a crash or a kill, or the file is another one: its content must be checked.
    Unclean,
}

/// The state of sled's file at a clean stop.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CleanStop {
    bytes: u64,
    modified_ns: u64,
}

impl DiskEngine {
    /// Opens or creates the store in `dir`. `cache_bytes` bounds sled's page cache.
    ///
    /// # Errors
    /// Names the folder and what to do when another process uses it, it cannot be written, or the database is damaged.
    /// Never repairs and never starts silently empty.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, EngineError> {
        prepare_dir(dir)?;
        let file_path = dir.join("db");
        let marker = dir.join(MARKER).exists();
        if marker && !file_path.exists() {
            return Err(damaged(dir, "its database file is missing"));
        }
        let clean = is_clean(dir, &file_path);
        let (db, tree) = open_when_left(dir, cache_bytes)?;
        let file = File::options().write(true).open(&file_path).map_err(|error| not_writable(&file_path, &error))?;
        let empty = tree.is_empty();
        if empty && marker {
            return Err(damaged(dir, "it opens empty although it held data"));
        }
        let acknowledged = open_acknowledged(dir, &tree)?;
        remove_if_there(&dir.join(CLEAN_STOP))?;
        sync_dir(dir)?;
        let opened = match (empty, clean) {
            (true, _) => Opened::New,
            (false, true) => Opened::Clean,
            (false, false) => Opened::Unclean,
        };
        Ok(Self { dir: dir.to_owned(), tree, db: Mutex::new(Some(db)), file, acknowledged, opened })
    }

    /// What was found at opening.
    pub fn opened(&self) -> Opened {
        self.opened
    }

    /// Notes that the database holds its first record. To be called once after that record's commit.
    pub fn mark_created(&self) -> Result<(), EngineError> {
        let path = self.dir.join(MARKER);
        if path.exists() {
            return Ok(());
        }
        let text = "chatbot keeps its messages in the file \"db\" beside this one.\n\
                    This marker tells an empty database from a lost one; please leave it here.\n";
        write_synced(&path, text.as_bytes())?;
        sync_dir(&self.dir)
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.tree.flush().map_err(|error| engine_error(&self.dir, error))?;
        self.file.sync_data().map_err(|error| io_error(&error))?;
        // What is in there is not durable, and nothing that relies on it may be acknowledged.
        match fs::read_dir(self.dir.join(BLOBS)).ok().and_then(|mut entries| entries.next()) {
            None => Ok(()),
            Some(_) => Err(EngineError::Io("a page outgrew the log".into())),
        }
    }
}

impl Engine for DiskEngine {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let found = self.tree.get(full_key(table, key)).map_err(|error| engine_error(&self.dir, error))?;
        Ok(found.map(|value| value.to_vec()))
    }

    fn scan(
        &self,
        table: Table,
        range: Range<Vec<u8>>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, EngineError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.tree.range(full_key(table, &range.start)..full_key(table, &range.end));
        let entry = |item: sled::Result<(sled::IVec, sled::IVec)>| {
            let (key, value) = item.map_err(|error| engine_error(&self.dir, error))?;
            Ok((key[1..].to_vec(), value.to_vec()))
        };
        match direction {
            Direction::Forward => found.take(limit).map(entry).collect(),
            Direction::Backward => found.rev().take(limit).map(entry).collect(),
        }
    }

    fn commit(&self, batches: &[&Batch]) -> Result<Vec<Outcome>, EngineError> {
        let outcomes = self.tree.transaction(|transaction| {
            let committed = count_commit(transaction).and_then(|commits| {
                let outcomes: Result<Vec<_>, _> = batches.iter().map(|batch| apply(transaction, batch)).collect();
                Ok((outcomes?, commits))
            });
            committed.map_err(ConflictableTransactionError::<std::convert::Infallible>::from)
        });
        let (outcomes, commits) = outcomes.map_err(|error| match error {
            sled::transaction::TransactionError::Abort(never) => match never {},
            sled::transaction::TransactionError::Storage(error) => engine_error(&self.dir, error),
        })?;
        self.sync()?;
        self.acknowledged.write_all_at(&commits.to_be_bytes(), 0).map_err(|error| io_error(&error))?;
        Ok(outcomes)
    }

    fn free_space(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.dir).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn size(&self) -> Option<u64> {
        self.file.metadata().ok().map(|metadata| metadata.len())
    }

    fn close(&self) -> Result<(), EngineError> {
        self.sync()?;
        let db = self.db.lock().map(|mut db| db.take()).unwrap_or_default();
        if let Some(db) = db {
            db.flush().map_err(|error| engine_error(&self.dir, error))?;
        }
        self.file.sync_all().map_err(|error| io_error(&error))?;
        self.acknowledged.sync_all().map_err(|error| io_error(&error))?;
        let state = file_state(&self.dir.join("db")).map_err(|error| io_error(&error))?;
        let note = serde_json::to_vec(&state).map_err(|error| EngineError::Io(error.to_string()))?;
        write_synced(&self.dir.join(CLEAN_STOP), &note)?;
        sync_dir(&self.dir)
    }
}

impl Transaction for TransactionalTree {
    type Error = UnabortableTransactionError;

    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error> {
        Ok(self.get(key)?.map(|value| value.to_vec()))
    }

    fn write(&self, key: Vec<u8>, value: &[u8]) -> Result<(), Self::Error> {
        debug_assert!(value.len() <= MAX_VALUE, "a value of {} bytes would not be synced", value.len());
        self.insert(key, value)?;
        Ok(())
    }

    fn remove(&self, key: &[u8]) -> Result<(), Self::Error> {
        TransactionalTree::remove(self, key)?;
        Ok(())
    }
}

/// Counts this commit, in the database.
fn count_commit(transaction: &TransactionalTree) -> Result<u64, UnabortableTransactionError> {
    let commits = transaction.read(COMMITS)?.as_deref().map_or(0, number_from) + 1;
    transaction.write(COMMITS.to_vec(), &commits.to_be_bytes())?;
    Ok(commits)
}

/// Opens [`ACKNOWLEDGED`] and holds the database against it.
fn open_acknowledged(dir: &Path, tree: &sled::Tree) -> Result<File, EngineError> {
    let path = dir.join(ACKNOWLEDGED);
    let acknowledged = number_from(&fs::read(&path).unwrap_or_default());
    let stored = tree.get(COMMITS).map_err(|error| engine_error(dir, error))?;
    if stored.as_deref().map_or(0, number_from) < acknowledged {
        return Err(damaged(dir, "its newest entries are missing"));
    }
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    file.map_err(|error| not_writable(&path, &error))
}

fn prepare_dir(dir: &Path) -> Result<(), EngineError> {
    fs::create_dir_all(dir).map_err(|error| not_writable(dir, &error))?;
    // Asked before sled does: its own words for a read-only folder help nobody.
    let probe = dir.join(".writable");
    File::create(&probe).map_err(|error| not_writable(dir, &error))?;
    remove_if_there(&probe)?;
    if let Some(parent) = dir.parent() {
        sync_dir(parent)?;
    }
    Ok(())
}

/// Opens sled, which answers some kinds of damage with a panic.
/// Opens sled; one that is in use may be about to be left.
fn open_when_left(dir: &Path, cache_bytes: u64) -> Result<(sled::Db, sled::Tree), EngineError> {
    /// A process that was killed leaves its lock to children that it was just starting, for a moment.
    const PATIENCE: Duration = Duration::from_secs(1);
    const PAUSE: Duration = Duration::from_millis(20);
    let start = Instant::now();
    loop {
        match open_sled(dir, cache_bytes) {
            Err(EngineError::Locked(_)) if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            opened => return opened,
        }
    }
}

fn open_sled(dir: &Path, cache_bytes: u64) -> Result<(sled::Db, sled::Tree), EngineError> {
    let config = sled::Config::new().path(dir).cache_capacity(cache_bytes).segment_size(SEGMENT).flush_every_ms(None);
    let open = || {
        let db = config.open()?;
        let tree = db.open_tree(TREE)?;
        Ok((db, tree))
    };
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(opened) => opened.map_err(|error| engine_error(dir, error)),
        Err(_) => Err(damaged(dir, "it cannot be read")),
    }
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

fn write_synced(path: &Path, content: &[u8]) -> Result<(), EngineError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|error| not_writable(path, &error))
}

fn sync_dir(dir: &Path) -> Result<(), EngineError> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| not_writable(dir, &error))
}

fn remove_if_there(path: &Path) -> Result<(), EngineError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(not_writable(path, &error)),
        _ => Ok(()),
    }
}

fn not_writable(path: &Path, error: &std::io::Error) -> EngineError {
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
        "the database in {dir} is damaged: {what}. Nothing was changed. Move {dir} aside, copy the newest backup of it \
         (made while chatbot was stopped) to the same place, and start again",
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
