//! Keeps the index of messages in sync with the store.
//!
//! What is new is searched in memory first and goes into the index together with what follows ([`Recent`]). There is one indexing path: a room's messages are read from the store, starting where the index ends. New messages, those
//! posted while the server was down, and all messages during a rebuild, differ only in number.

use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Indexes;
use super::recent::Recent;
use crate::analysis::{self, fold};
use crate::index::{IndexError, IndexedMessage, MESSAGE_LAYOUT, MessageIndex, Place};
use crate::model::RoomKind;
use crate::store::{ChangeFeed, FeedChanges, RoomNumber, Store, StoreError};
use crate::threads;

/// How long messages are collected before indexing: they must be found within a second, and a commit costs some milliseconds.
const GATHER: Duration = Duration::from_millis(250);

/// Interval at which an idle follower checks whether to stop.
const LOOK: Duration = Duration::from_secs(60);

/// Delay after a failure.
const RETRY: Duration = Duration::from_secs(5);

/// Most messages in one commit, and about how many bytes of texts: what is new waits for no more than these, and they are in
/// memory.
const BATCH: usize = 8192;
const BATCH_BYTES: usize = 2 * 1024 * 1024;

/// Messages read from a room at a time.
const PAGE: usize = 256;

pub(super) struct Follower {
    store: Arc<Store>,
    change_feed: Arc<ChangeFeed>,
    /// Where the indexes are: one folder for each version.
    dir: PathBuf,
    indexes: Indexes,
    recent: Arc<Recent>,
    is_complete: Arc<AtomicBool>,
    /// By room: first and last message missing in the index.
    missing: HashMap<RoomNumber, (u64, u64)>,
    /// By room and numbers: messages that the index must take out.
    removed: Vec<(u64, Range<u64>)>,
    /// By room and number: messages that the index has as they were.
    replaced: Vec<(u64, Range<u64>)>,
    /// Every room may have something that the index lacks.
    everywhere: bool,
}

/// What is read at a time.
#[derive(Default)]
struct MessageBatch {
    messages: Vec<IndexedMessage>,
    bytes: usize,
    /// For each room that they are of, the first number that is not among them.
    next: Vec<(RoomNumber, u64)>,
}

/// Why following was interrupted.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("cannot read messages: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl MessageBatch {
    fn is_full(&self) -> bool {
        self.messages.len() >= BATCH || self.bytes >= BATCH_BYTES
    }
}

/// Where this version's index of messages is, of the directory of indexes.
pub fn messages_dir(dir: &Path) -> PathBuf {
    dir.join(format!("messages-{MESSAGE_LAYOUT}.{}", analysis::VERSION))
}

impl Follower {
    pub fn new(
        store: Arc<Store>,
        dir: PathBuf,
        indexes: Indexes,
        recent: Arc<Recent>,
        is_complete: Arc<AtomicBool>,
    ) -> Self {
        let change_feed = store.change_feed().clone();
        // Before anything is read: later changes are reported.
        change_feed.follow();
        let (missing, removed, replaced) = Default::default();
        Self { store, change_feed, dir, indexes, recent, is_complete, missing, removed, replaced, everywhere: false }
    }

    /// Runs until the change feed is closed.
    pub fn run(mut self) {
        threads::lower_priority();
        let mut index = None;
        loop {
            let step = match &index {
                None => self.open().map(|opened| index = Some(opened)),
                Some(index) => self.step(index),
            };
            match step {
                Ok(()) => {}
                Err(Problem::Index(IndexError::Damaged(what))) => {
                    tracing::warn!(what, "the index of messages is made anew");
                    self.forget(&mut index);
                }
                Err(problem) => {
                    tracing::error!(%problem, "messages cannot be indexed for now");
                    self.change_feed.gather(RETRY);
                }
            }
            let is_complete = self.is_complete.load(Ordering::Relaxed) && self.missing.is_empty();
            let has_work = index.is_none() || !is_complete || self.recent.is_full();
            let wait = if has_work { Duration::ZERO } else { self.recent.due_in().unwrap_or(LOOK).min(LOOK) };
            if !(self.change_feed.wait(wait) && (has_work || self.change_feed.gather(GATHER))) {
                break;
            }
        }
        // What is not in the index then comes in at the next start.
        if let Some(Err(problem)) = index.map(|index| self.commit(&index)) {
            tracing::warn!(%problem, "the newest messages are not in the index");
        }
    }

    /// Opens the index of this version and determines what it lacks. An index of another version is used meanwhile.
    fn open(&mut self) -> Result<Arc<MessageIndex>, Problem> {
        fs::create_dir_all(&self.dir)?;
        let current = self.current_dir();
        let index = Arc::new(MessageIndex::open(&current)?);
        let mut indexes = vec![index.clone()];
        for old in self.other_dirs()? {
            match MessageIndex::open(&old) {
                Ok(old) if indexes.len() == 1 => indexes.push(Arc::new(old)),
                _ => remove(&old)?,
            }
        }
        self.look_everywhere(&index)?;
        *self.indexes.write() = indexes;
        Ok(index)
    }

    /// Discards a damaged index.
    fn forget(&mut self, index: &mut Option<Arc<MessageIndex>>) {
        self.is_complete.store(false, Ordering::Relaxed);
        self.indexes.write().clear();
        self.recent.clear();
        *index = None;
        if let Err(error) = remove(&self.current_dir()) {
            tracing::error!(%error, "a damaged index cannot be removed");
            self.change_feed.gather(RETRY);
        }
    }

    fn current_dir(&self) -> PathBuf {
        messages_dir(&self.dir)
    }

    /// Folders of indexes of other versions.
    fn other_dirs(&self) -> Result<Vec<PathBuf>, Problem> {
        let current = self.current_dir();
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let is_index = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("messages-"));
            if is_index && path != current {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Determines the missing messages of every room, and those that were purged or whose room was deleted.
    fn look_everywhere(&mut self, index: &MessageIndex) -> Result<(), Problem> {
        let mut indexed = index.rooms()?;
        let mut purged: HashMap<_, _> = threads::wait(self.store.purged_rooms())?.into_iter().collect();
        let mut last = Vec::new();
        for room in threads::wait(self.store.room_numbers())? {
            last.push((room, threads::wait(self.store.last_seq(room))?));
        }
        // The newest numbers may belong to messages that are being written.
        self.store.flush()?;
        let mut removed = Vec::new();
        for (room, last) in last {
            let oldest = purged.remove(&room).unwrap_or(1);
            let known = indexed.remove(&room.get());
            if known.as_ref().is_some_and(|known| *known.start() < oldest) {
                removed.push((room.get(), 0..oldest));
            }
            let first = known.map_or(oldest, |known| (known.end() + 1).max(oldest));
            if first <= last {
                self.miss(room, first, last);
            }
        }
        removed.extend(indexed.into_keys().map(|gone| (gone, 0..u64::MAX)));
        self.take_out(removed);
        Ok(())
    }

    fn miss(&mut self, room: RoomNumber, first: u64, last: u64) {
        let known = self.missing.entry(room).or_insert((first, last));
        *known = (known.0.min(first), known.1.max(last));
    }

    /// Takes in what is new, reads a part of what is missing, and commits what is enough or has waited long enough.
    fn step(&mut self, index: &MessageIndex) -> Result<(), Problem> {
        let FeedChanges { rooms, deleted, purged, changed, everywhere } = self.change_feed.take();
        for (room, (first, last)) in rooms {
            self.miss(room, first, last);
        }
        let deleted = deleted.into_iter().map(|(room, seq)| (room.get(), seq..seq + 1));
        self.take_out(deleted.chain(purged.into_iter().map(|(room, oldest)| (room.get(), 0..oldest))).collect());
        self.replace(&changed)?;
        self.everywhere |= everywhere;
        if self.everywhere {
            // What is only in memory would be found to be missing.
            self.commit(index)?;
            self.look_everywhere(index)?;
            self.everywhere = false;
        }
        // Full before anything was read: the last commit failed.
        if !self.recent.is_full() {
            self.read_missing()?;
        }
        if self.recent.is_full() || self.recent.due_in() == Some(Duration::ZERO) {
            self.commit(index)?;
        }
        if self.missing.is_empty() && !self.is_complete.swap(true, Ordering::Relaxed) {
            self.drop_old()?;
        }
        Ok(())
    }

    fn take_out(&mut self, removed: Vec<(u64, Range<u64>)>) {
        self.recent.remove(&removed);
        self.removed.extend(removed);
    }

    /// Takes messages in anew that are somebody else's now.
    fn replace(&mut self, changed: &[(RoomNumber, u64)]) -> Result<(), Problem> {
        let places: Vec<_> = changed.iter().map(|(room, seq)| (room.get(), *seq..seq + 1)).collect();
        self.recent.remove(&places);
        self.replaced.extend(places);
        let mut batch = MessageBatch::default();
        for &(room, seq) in changed {
            // Each alone is less than a batch holds.
            self.read(room, seq, seq, &mut batch)?;
            if batch.is_full() {
                self.recent.add(std::mem::take(&mut batch.messages));
                batch.bytes = 0;
            }
        }
        self.recent.add(batch.messages);
        Ok(())
    }

    fn read_missing(&mut self) -> Result<(), Problem> {
        let MessageBatch { messages, next, .. } = self.batch()?;
        self.recent.add(messages);
        for (room, next) in next {
            match self.missing.get_mut(&room) {
                Some((first, last)) if next <= *last => *first = next,
                _ => drop(self.missing.remove(&room)),
            }
        }
        Ok(())
    }

    /// Moves what is recent into the index.
    fn commit(&mut self, index: &MessageIndex) -> Result<(), Problem> {
        let messages = self.recent.messages();
        if !messages.is_empty() || !self.removed.is_empty() || !self.replaced.is_empty() {
            index.change(self.replaced.clone(), messages, self.removed.clone())?;
        }
        self.removed.clear();
        self.replaced.clear();
        self.recent.clear();
        Ok(())
    }

    /// A batch of missing messages. Rooms with few missing messages come first: new messages are found soon, however much else is
    /// missing.
    fn batch(&self) -> Result<MessageBatch, Problem> {
        let mut rooms: Vec<_> =
            self.missing.iter().map(|(&room, &(first, last))| (last - first, room, first, last)).collect();
        rooms.sort_unstable_by_key(|&(count, room, ..)| (count, room.get()));
        let mut batch = MessageBatch::default();
        for (_, room, first, last) in rooms {
            if batch.is_full() {
                break;
            }
            let next = self.read(room, first, last, &mut batch)?;
            batch.next.push((room, next));
        }
        Ok(batch)
    }

    /// Adds a room's messages to the batch until it is full; the first number that was not read.
    fn read(&self, room: RoomNumber, first: u64, last: u64, batch: &mut MessageBatch) -> Result<u64, StoreError> {
        // One that was temporary is gone, with all that was said in it.
        let record = threads::wait(self.store.find_room_record(room))?;
        let Some(record) = record.filter(|record| record.kind != RoomKind::Temporary) else { return Ok(last + 1) };
        let is_public = record.kind == RoomKind::Public;
        let mut next = first;
        while next <= last && !batch.is_full() {
            let messages = threads::wait(self.store.oldest_messages(room, next, last, PAGE))?;
            let Some(&(newest, _)) = messages.last() else { return Ok(last + 1) };
            let shown = messages.into_iter().filter(|(_, message)| !message.deleted);
            let before = batch.messages.len();
            batch.messages.extend(shown.map(|(seq, message)| IndexedMessage {
                place: Place { at: message.at, room: room.get(), seq },
                is_public,
                handle: fold(&message.handle.to_string()),
                has_job: message.job.is_some(),
                text: message.text.as_str().to_owned(),
            }));
            batch.bytes += batch.messages[before..].iter().map(|message| message.text.len()).sum::<usize>();
            next = newest + 1;
        }
        Ok(next)
    }

    /// The current index is complete: removes the others.
    fn drop_old(&self) -> Result<(), Problem> {
        self.indexes.write().truncate(1);
        for old in self.other_dirs()? {
            remove(&old)?;
        }
        Ok(())
    }
}

fn remove(dir: &Path) -> std::io::Result<()> {
    if dir.is_dir() { fs::remove_dir_all(dir) } else { fs::remove_file(dir) }
}
