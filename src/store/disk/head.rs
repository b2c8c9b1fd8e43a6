//! A head: the rows that were written last, in a sled database of their own. The only home of `sled`.
//!
//! What sled 0.34 promises less than one would think, and what is done about it here:
//! `flush` alone does not reach the disk (it issues `sync_file_range`), so every write ends in `fdatasync` on an own handle;
//! opening a damaged database may panic or yield an empty one, so it is known beforehand whether there was one;
//! a damaged log is read up to the damage and the rest forgotten, so commits are counted in the database and beside it;
//! its background flusher moves pages endlessly once half of the file is free, so it is not started: every
//! write flushes, and cleans up as it goes;
//! it keeps about 50 bytes in memory for each row there is, and up to 16,384 pages (of up to twenty rows) beyond its cache's
//! capacity, so a head is replaced by another before it is large;
//! pages of more than a quarter of a segment go to files it never syncs, so long values are kept in pieces.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use super::row::Row;
use super::{damaged, engine_error, io_error, not_writable, sync_dir};
use crate::store::engine::{Direction, EngineError, MAX_VALUE};

/// One tree holds all tables: a write to several of them is then atomic.
const TREE: &str = "tables";

/// Where the [`State`] is; before all tables, so that it is in none.
const STATE: &[u8] = b"\0commits";

/// First byte of a piece's key; behind all tables.
const PIECES: u8 = u8::MAX;

/// Longest value that is kept in one piece, and bytes of a piece. A page of twenty stays well below a quarter of a segment.
const PIECE: usize = 4 * 1024;

/// sled's unit of writing, in bytes: its own default. The stores of schema 1 had larger ones.
const SEGMENT: usize = 512 * 1024;
const OLD_SEGMENT: usize = 8 * 1024 * 1024;

/// sled's folder for pages that are too large; it stays empty.
const BLOBS: &str = "blobs";

/// sled's files in a folder.
const FILES: [&str; 2] = ["db", "conf"];

// How a value begins: it follows, or the key was removed, or the number of its first piece and its length follow.
const WHOLE: u8 = 0;
const REMOVED: u8 = 1;
const IN_PIECES: u8 = 2;

/// What is known of a head beside its rows; stored with every commit.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::store) struct State {
    /// Commits there were, those of the heads before included.
    pub commits: u64,
    /// The same when the head was begun.
    pub commits_before: u64,
    /// Bytes of rows that were written.
    pub bytes: u64,
    /// The next free number of a piece.
    next_piece: u64,
}

impl State {
    fn encode(&self) -> Vec<u8> {
        [self.commits, self.commits_before, self.bytes, self.next_piece].iter().flat_map(|n| n.to_be_bytes()).collect()
    }

    fn decode(bytes: &[u8]) -> Self {
        let number =
            |at: usize| bytes.get(at * 8..).and_then(<[u8]>::first_chunk).map_or(0, |chunk| u64::from_be_bytes(*chunk));
        Self { commits: number(0), commits_before: number(1), bytes: number(2), next_piece: number(3) }
    }
}

pub(in crate::store) struct Head {
    pub id: u64,
    dir: PathBuf,
    /// Whether it is a whole store of schema 1, which has values as they are. It is only read.
    is_old: bool,
    tree: sled::Tree,
    /// Given up at [`Head::close`], so that sled's threads have ended then.
    db: Mutex<Option<sled::Db>>,
    /// Own handle to sled's file, for the sync that sled itself leaves out.
    file: File,
    state: Mutex<State>,
    bytes: AtomicU64,
    is_doomed: AtomicBool,
}

impl Head {
    /// A new one in a folder that is made, durable when this returns.
    pub fn create(dir: PathBuf, id: u64, commits: u64, cache_bytes: u64) -> Result<Self, EngineError> {
        fs::create_dir_all(&dir).map_err(|error| not_writable(&dir, &error))?;
        let head = Self::open_any(dir, id, false, cache_bytes)?;
        *head.state() = State { commits, commits_before: commits, ..State::default() };
        head.tree.insert(STATE, head.state().encode()).map_err(|error| engine_error(&head.dir, error))?;
        head.sync()?;
        head.file.sync_all().map_err(|error| io_error(&error))?;
        for file in FILES {
            let path = head.dir.join(file);
            File::open(&path).and_then(|file| file.sync_all()).map_err(|error| not_writable(&path, &error))?;
        }
        sync_dir(&head.dir)?;
        head.dir.parent().map_or(Ok(()), sync_dir)?;
        Ok(head)
    }

    /// One that is there; `is_old`: a whole store of schema 1, in its folder.
    ///
    /// # Errors
    /// When another process uses it, or it is damaged as far as opening can tell.
    pub fn open(dir: PathBuf, id: u64, is_old: bool, cache_bytes: u64) -> Result<Self, EngineError> {
        let store = if is_old { dir.clone() } else { dir.parent().unwrap_or(&dir).to_owned() };
        if !dir.join("db").exists() {
            return Err(damaged(&store, "its database file is missing"));
        }
        let head = Self::open_any(dir, id, is_old, cache_bytes)?;
        match head.tree.get(STATE).map_err(|error| engine_error(&store, error))? {
            Some(state) => {
                let state = State::decode(&state);
                *head.state() = state;
                head.bytes.store(state.bytes, Ordering::Relaxed);
                Ok(head)
            }
            None => Err(damaged(&store, "it opens empty although it held data")),
        }
    }

    fn open_any(dir: PathBuf, id: u64, is_old: bool, cache_bytes: u64) -> Result<Self, EngineError> {
        let (db, tree) = open_when_left(&dir, if is_old { OLD_SEGMENT } else { SEGMENT }, cache_bytes)?;
        let path = dir.join("db");
        let file = File::options().write(true).open(&path).map_err(|error| not_writable(&path, &error))?;
        Ok(Self {
            id,
            dir,
            is_old,
            tree,
            db: Mutex::new(Some(db)),
            file,
            state: Mutex::default(),
            bytes: AtomicU64::new(0),
            is_doomed: AtomicBool::new(false),
        })
    }

    /// sled's file.
    pub fn path(&self) -> PathBuf {
        self.dir.join("db")
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Bytes of rows that were written into it; without rows that were overwritten it would be fewer.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes of its file.
    pub fn file_bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Counts the rows. Reads all of them.
    pub fn count(&self) -> u64 {
        self.tree.range([1_u8].as_slice()..[PIECES].as_slice()).count() as u64
    }

    /// Removes its files once nobody reads them any more.
    pub fn doom(&self) {
        self.is_doomed.store(true, Ordering::Release);
    }

    /// The value under this key; `Some(None)` if it was removed.
    pub fn get(&self, key: &[u8]) -> Result<Option<Option<Vec<u8>>>, EngineError> {
        let found = self.tree.get(key).map_err(|error| engine_error(&self.dir, error))?;
        found.map(|value| self.decode(&value)).transpose()
    }

    pub fn rows(self: &Arc<Self>, range: &Range<Vec<u8>>, direction: Direction) -> HeadRows {
        HeadRows { head: self.clone(), rows: self.tree.range(range.start.clone()..range.end.clone()), direction }
    }

    /// Writes rows, `None` for what is removed, all or nothing. Durable when this returns the number of commits.
    pub fn commit(&self, rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Result<u64, EngineError> {
        let mut state = *self.state();
        let mut batch = sled::Batch::default();
        state.commits += 1;
        for (key, value) in rows {
            state.bytes += (key.len() + value.as_ref().map_or(0, Vec::len)) as u64;
            match value {
                Some(value) if value.len() > PIECE => {
                    debug_assert!(value.len() <= MAX_VALUE, "a value of {} bytes", value.len());
                    let mut reference = vec![IN_PIECES];
                    reference.extend_from_slice(&state.next_piece.to_be_bytes());
                    reference.extend_from_slice(&(value.len() as u64).to_be_bytes());
                    for piece in value.chunks(PIECE) {
                        batch.insert(piece_key(state.next_piece).as_slice(), piece);
                        state.next_piece += 1;
                    }
                    batch.insert(key, reference);
                }
                Some(value) => {
                    let mut whole = Vec::with_capacity(1 + value.len());
                    whole.push(WHOLE);
                    whole.extend_from_slice(&value);
                    batch.insert(key, whole);
                }
                None => batch.insert(key, &[REMOVED]),
            }
        }
        batch.insert(STATE, state.encode());
        self.tree.apply_batch(batch).map_err(|error| engine_error(&self.dir, error))?;
        self.sync()?;
        *self.state() = state;
        self.bytes.store(state.bytes, Ordering::Relaxed);
        Ok(state.commits)
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

    /// Makes all durable and ends sled's threads. Nothing may be written afterwards.
    pub fn close(&self) -> Result<(), EngineError> {
        self.sync()?;
        let db = self.db.lock().take();
        if let Some(db) = db {
            db.flush().map_err(|error| engine_error(&self.dir, error))?;
        }
        self.file.sync_all().map_err(|error| io_error(&error))
    }

    fn decode(&self, value: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        if self.is_old {
            return Ok(Some(value.to_vec()));
        }
        match value.split_first() {
            Some((&WHOLE, value)) => Ok(Some(value.to_vec())),
            Some((&REMOVED, _)) => Ok(None),
            Some((&IN_PIECES, reference)) => self.put_together(reference).map(Some),
            _ => Err(damaged(&self.dir, "a value is unreadable")),
        }
    }

    fn put_together(&self, reference: &[u8]) -> Result<Vec<u8>, EngineError> {
        let lost = || damaged(&self.dir, "a part of a value is missing");
        let (first, length) = reference.split_first_chunk().ok_or_else(lost)?;
        let first = u64::from_be_bytes(*first);
        let length = length.first_chunk().map_or(0, |length| u64::from_be_bytes(*length));
        let mut value = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(2 * MAX_VALUE));
        for piece in self.tree.range(piece_key(first)..piece_key(first + length.div_ceil(PIECE as u64))) {
            value.extend_from_slice(&piece.map_err(|error| engine_error(&self.dir, error))?.1);
        }
        if value.len() as u64 == length { Ok(value) } else { Err(lost()) }
    }
}

impl Drop for Head {
    fn drop(&mut self) {
        if !self.is_doomed.load(Ordering::Acquire) {
            return;
        }
        drop(self.db.lock().take());
        if let Err(error) = remove_files(&self.dir) {
            tracing::warn!(%error, path = %self.dir.display(), "files that are not needed any more stay");
        }
    }
}

/// Removes a head's files.
pub(super) fn remove_files(dir: &Path) -> Result<(), EngineError> {
    fs::remove_dir_all(dir).map_err(|error| io_error(&error))
}

/// Frees what sled put aside until nobody reads it any more, as far as this thread did, and what other threads passed on. Left
/// alone, each thread keeps the last 64 versions of pages that it replaced, and with them their values.
pub(super) fn free_replaced_pages() {
    /// Each frees the content of eight threads' lists; more than a head leaves.
    const ROUNDS: usize = 64;
    for _ in 0..ROUNDS {
        crossbeam_epoch::pin().flush();
    }
}

/// Rows of a head, one after the other.
pub(in crate::store) struct HeadRows {
    head: Arc<Head>,
    rows: sled::Iter,
    direction: Direction,
}

impl HeadRows {
    pub fn next(&mut self) -> Result<Option<Row>, EngineError> {
        let row = match self.direction {
            Direction::Forward => self.rows.next(),
            Direction::Backward => self.rows.next_back(),
        };
        let Some(row) = row else { return Ok(None) };
        let (key, value) = row.map_err(|error| engine_error(&self.head.dir, error))?;
        Ok(Some((key.to_vec(), self.head.decode(&value)?)))
    }
}

fn piece_key(number: u64) -> Vec<u8> {
    [[PIECES].as_slice(), &number.to_be_bytes()].concat()
}

/// Opens sled; waits a moment if it is locked.
fn open_when_left(dir: &Path, segment: usize, cache_bytes: u64) -> Result<(sled::Db, sled::Tree), EngineError> {
    /// A process that was killed leaves its lock to children that it was just starting, for a moment.
    const PATIENCE: Duration = Duration::from_secs(1);
    const PAUSE: Duration = Duration::from_millis(20);
    let start = Instant::now();
    loop {
        match open_sled(dir, segment, cache_bytes) {
            Err(EngineError::Locked(_)) if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            opened => return opened,
        }
    }
}

/// Opens sled, which panics on some kinds of damage.
fn open_sled(dir: &Path, segment: usize, cache_bytes: u64) -> Result<(sled::Db, sled::Tree), EngineError> {
    let config = sled::Config::new().path(dir).cache_capacity(cache_bytes).segment_size(segment).flush_every_ms(None);
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
