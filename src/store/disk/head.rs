//! A head: the rows that were written last, sorted in memory, and the log of the commits that wrote them.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, Range};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;

use super::commit_log::{CommitLog, Pieces, Value};
use super::database::{self, Bytes};
use super::row::{Row, RowRef};
use super::{CommitRows, damaged};
use crate::store::engine::{Direction, EngineError};

/// Rows by key; `None` for a removed one. Keys of up to 22 bytes, as most are, are stored inline in the map.
type Rows = BTreeMap<Bytes, Option<Value>>;

pub(super) struct Head {
    pub id: u64,
    log: CommitLog,
    rows: RwLock<Rows>,
    /// Number of the newest commit, counted over all heads.
    commits: AtomicU64,
    /// The value of `commits` when this head was created.
    commits_before: u64,
    bytes: AtomicU64,
    is_doomed: AtomicBool,
}

impl Head {
    /// Creates a head in a new folder; durable on return. `commits` is the number of the newest commit so far.
    pub fn create(dir: PathBuf, id: u64, commits: u64) -> Result<Self, EngineError> {
        let log = CommitLog::create(dir, commits)?;
        Ok(Self {
            id,
            log,
            rows: RwLock::default(),
            commits: AtomicU64::new(commits),
            commits_before: commits,
            bytes: AtomicU64::new(0),
            is_doomed: AtomicBool::new(false),
        })
    }

    /// One that is there; reads its log.
    ///
    /// # Errors
    /// When another process uses it, or it is damaged as far as reading can tell.
    pub fn open(dir: PathBuf, id: u64) -> Result<Self, EngineError> {
        let (mut rows, mut bytes) = (Rows::new(), 0);
        let (mut before, mut commits) = (None, 0);
        let log = CommitLog::open(dir, |number, pieces| {
            before.get_or_insert(number);
            commits = number;
            pieces.each_row(|key, value| bytes += insert(&mut rows, key.into(), value))
        })?;
        Ok(Self {
            id,
            log,
            rows: RwLock::new(rows),
            commits: AtomicU64::new(commits),
            commits_before: before.unwrap_or(commits),
            bytes: AtomicU64::new(bytes),
            is_doomed: AtomicBool::new(false),
        })
    }

    /// The file that is written to.
    pub fn path(&self) -> PathBuf {
        database::file(self.log.database().dir())
    }

    /// Number of the newest commit: how many there were, in this head and before it.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// How many commits there were before this head's first.
    pub fn commits_before(&self) -> u64 {
        self.commits_before
    }

    /// Total bytes of the keys and values written to it, including those overwritten since.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes of its file.
    pub fn file_bytes(&self) -> u64 {
        self.log.database().file_bytes()
    }

    /// Number of keys, including removed ones.
    pub fn count(&self) -> u64 {
        self.rows.read().len() as u64
    }

    /// Removes its files once nobody reads it any more.
    pub fn doom(&self) {
        self.is_doomed.store(true, Ordering::Release);
    }

    /// The value under this key; `Some(None)` if it was removed, `None` if this head does not have the key.
    pub fn get(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        self.rows.read().get(key).map(|value| value.as_ref().map(Value::to_vec))
    }

    /// A cursor over the rows in `range`, before the first one in `direction`.
    pub fn rows(self: &Arc<Self>, range: &Range<Vec<u8>>, direction: Direction) -> HeadRows {
        let read = VecDeque::new();
        HeadRows { head: self.clone(), range: range.clone(), direction, read, next: FIRST_READ }
    }

    /// Writes rows atomically and returns the commit's number; durable and visible to readers on return. Not to be called
    /// concurrently.
    pub fn commit(&self, rows: CommitRows<'_>) -> Result<u64, EngineError> {
        let number = self.commits() + 1;
        let pieces = Pieces::pack(rows.iter().map(|(key, value)| (&key[..], value.as_deref())));
        self.log.append(number, &pieces)?;
        // The same rows, with values that are shared with the log.
        let mut values = Vec::with_capacity(rows.len());
        let is_readable = pieces.each_row(|_, value| values.push(value)).is_some();
        if !is_readable || values.len() != rows.len() {
            return Err(damaged(self.log.database().dir(), "a commit is unreadable"));
        }
        let mut written = 0;
        let mut all = self.rows.write();
        for (key, value) in rows.into_keys().zip(values) {
            written += insert(&mut all, key.into(), value);
        }
        drop(all);
        self.bytes.fetch_add(written, Ordering::Relaxed);
        self.commits.store(number, Ordering::Relaxed);
        Ok(number)
    }

    /// Makes all durable and ends the log's threads. Nothing may be written afterwards.
    pub fn close(&self) -> Result<(), EngineError> {
        self.log.database().close()
    }
}

/// Puts a row among those before; returns how many bytes it has.
fn insert(rows: &mut Rows, key: Bytes, value: Option<Value>) -> u64 {
    let bytes = key.len() + value.as_ref().map_or(0, Value::len);
    rows.insert(key, value);
    bytes as u64
}

impl Drop for Head {
    fn drop(&mut self) {
        if self.is_doomed.load(Ordering::Acquire)
            && let Err(error) = self.log.database().remove()
        {
            tracing::warn!(%error, path = %self.path().display(), "files that are not needed any more stay");
        }
    }
}

/// How many rows a cursor reads first; doubled with each further read.
const FIRST_READ: usize = 8;

/// How many rows a cursor reads at once at most.
const MOST_READ: usize = 256;

/// A cursor over rows of a head. Not a snapshot: rows of a later commit, or of a part of it, may be among them.
pub(super) struct HeadRows {
    head: Arc<Head>,
    /// What is still to be read.
    range: Range<Vec<u8>>,
    direction: Direction,
    /// What was read, the current row first: the head is not locked for longer than that takes.
    read: VecDeque<Row>,
    /// How many rows to read next.
    next: usize,
}

impl HeadRows {
    /// Goes on to the next row; `false` behind the last one.
    pub fn advance(&mut self) -> bool {
        self.read.pop_front();
        if self.read.is_empty() && !self.range.is_empty() {
            self.read();
        }
        !self.read.is_empty()
    }

    /// The current row; an empty one where there is none.
    pub fn row(&self) -> RowRef<'_> {
        self.read.front().map_or((&[], None), |(key, value)| (key, value.as_deref()))
    }

    fn read(&mut self) {
        let rows = self.head.rows.read();
        let range = (Bound::Included(&self.range.start[..]), Bound::Excluded(&self.range.end[..]));
        let found = rows.range::<[u8], _>(range);
        let row = |(key, value): (&Bytes, &Option<Value>)| (key.to_vec(), value.as_ref().map(Value::to_vec));
        match self.direction {
            Direction::Forward => self.read.extend(found.take(self.next).map(row)),
            Direction::Backward => self.read.extend(found.rev().take(self.next).map(row)),
        }
        match (self.read.back(), self.direction) {
            (Some((key, _)), Direction::Forward) => self.range.start = [key.as_slice(), &[0]].concat(),
            (Some((key, _)), Direction::Backward) => self.range.end.clone_from(key),
            (None, _) => self.range.end.clone_from(&self.range.start),
        }
        self.next = (self.next * 2).min(MOST_READ);
    }
}
