//! A sled database with one tree. The only user of `sled`; `disk.rs` converts its errors.
//!
//! What sled 0.34 promises less than one would think, and what is done about it here:
//! `flush` alone does not reach the disk (it issues `sync_file_range`), so every write ends in `fdatasync` on an own handle;
//! opening a damaged database may panic or yield an empty one, so it is known beforehand whether there was one;
//! a damaged log is read up to the damage and the rest forgotten, so whoever writes counts what was written;
//! a snapshot that a kill left half written is taken for the newest one at the next start, and refused as corrupt, so it is
//! removed before;
//! its background flusher moves pages endlessly once half of the file is free, so it is not started: every
//! write flushes, and cleans up as it goes;
//! it keeps up to 16,384 pages (of up to twenty rows) in memory beyond its cache's capacity, so a database is replaced by
//! another before it is large;
//! pages of more than a quarter of a segment go to files it never syncs, so values are at most [`MAX_VALUE`] long.

use std::fs::{self, File};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
pub(super) use sled::IVec as Bytes;

use super::{damaged, engine_error, io_error, not_writable, sync_dir};
use crate::store::engine::EngineError;
use crate::telemetry::metrics;

/// The name of the tree.
const TREE: &str = "tables";

/// Longest value in bytes: a page of twenty stays well below a quarter of a segment.
pub(super) const MAX_VALUE: usize = 4 * 1024;

/// sled's unit of writing, in bytes: its own default.
pub(super) const SEGMENT: usize = 512 * 1024;

/// sled's folder for pages that are too large; it stays empty.
const BLOBS: &str = "blobs";

/// sled's files in a folder.
const FILES: [&str; 2] = ["db", "conf"];

pub(in crate::store) struct Database {
    dir: PathBuf,
    tree: sled::Tree,
    /// Given up at [`Database::close`], so that sled's threads have ended then.
    db: Mutex<Option<sled::Db>>,
    /// Own handle to sled's file, for the sync that sled itself leaves out.
    file: File,
}

impl Database {
    /// A new one in a folder that is made, durable when this returns.
    pub fn create(dir: PathBuf, cache_bytes: u64) -> Result<Self, EngineError> {
        fs::create_dir_all(&dir).map_err(|error| not_writable(&dir, &error))?;
        let database = Self::open_files(dir, SEGMENT, cache_bytes)?;
        database.sync()?;
        for file in FILES {
            let path = database.dir.join(file);
            File::open(&path).and_then(|file| file.sync_all()).map_err(|error| not_writable(&path, &error))?;
        }
        sync_dir(&database.dir)?;
        database.dir.parent().map_or(Ok(()), sync_dir)?;
        Ok(database)
    }

    /// One that is there, with the segments that it was made with.
    ///
    /// # Errors
    /// When another process uses it, or it is missing or damaged as far as opening can tell.
    pub fn open(dir: PathBuf, segment: usize, cache_bytes: u64) -> Result<Self, EngineError> {
        if !file(&dir).exists() {
            return Err(damaged(&dir, "its database file is missing"));
        }
        Self::open_files(dir, segment, cache_bytes)
    }

    fn open_files(dir: PathBuf, segment: usize, cache_bytes: u64) -> Result<Self, EngineError> {
        remove_unfinished_snapshots(&dir)?;
        let (db, tree) = open_when_left(&dir, segment, cache_bytes)?;
        let path = file(&dir);
        let file = File::options().write(true).open(&path).map_err(|error| not_writable(&path, &error))?;
        Ok(Self { dir, tree, db: Mutex::new(Some(db)), file })
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Bytes of its file.
    pub fn file_bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.tree.get(key).map_err(|error| engine_error(&self.dir, error))
    }

    /// Keys and values in a range, in the order of the keys.
    pub fn rows(&self, range: Range<Vec<u8>>) -> impl Iterator<Item = Result<(Bytes, Bytes), EngineError>> {
        self.tree.range(range).map(|row| row.map_err(|error| engine_error(&self.dir, error)))
    }

    /// Writes rows, all or nothing. Durable when this returns.
    pub fn write(&self, rows: impl IntoIterator<Item = (Vec<u8>, Bytes)>) -> Result<(), EngineError> {
        let mut batch = sled::Batch::default();
        for (key, value) in rows {
            debug_assert!(value.len() <= MAX_VALUE, "a value of {} bytes", value.len());
            batch.insert(key, value);
        }
        self.tree.apply_batch(batch).map_err(|error| engine_error(&self.dir, error))?;
        self.sync()
    }

    #[cfg(test)]
    pub fn remove_row(&self, key: &[u8]) {
        assert!(self.tree.remove(key).expect("removed").is_some(), "there is no such row");
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.tree.flush().map_err(|error| engine_error(&self.dir, error))?;
        let began = Instant::now();
        self.file.sync_data().map_err(|error| io_error(&error))?;
        metrics().sync_time.observe(began.elapsed().as_secs_f64());
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

    /// Ends sled's threads and removes the files.
    pub fn remove(&self) -> Result<(), EngineError> {
        drop(self.db.lock().take());
        remove_files(&self.dir)
    }
}

/// sled's file in a folder.
pub(super) fn file(dir: &Path) -> PathBuf {
    dir.join("db")
}

/// Removes the files of a database that is not open.
pub(super) fn remove_files(dir: &Path) -> Result<(), EngineError> {
    fs::remove_dir_all(dir).map_err(|error| io_error(&error))
}

/// Removes snapshots that were not finished: sled renames one when it is, and removes the one before only then. Nobody else may
/// have the database open.
fn remove_unfinished_snapshots(dir: &Path) -> Result<(), EngineError> {
    for entry in fs::read_dir(dir).map_err(|error| not_writable(dir, &error))?.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path()).map_err(|error| not_writable(dir, &error))?;
        }
    }
    Ok(())
}

/// Frees what sled put aside until nobody reads it any more, as far as this thread did, and what other threads passed on. Left
/// alone, each thread keeps the last 64 versions of pages that it replaced, and with them their values.
pub(super) fn free_replaced_pages() {
    /// Each frees the content of eight threads' lists; more than a database leaves.
    const ROUNDS: usize = 64;
    for _ in 0..ROUNDS {
        crossbeam_epoch::pin().flush();
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_that_a_kill_left_half_written_does_no_harm() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("database");
        let database = Database::create(path.clone(), 1 << 20).expect("a database");
        database.write([(b"key".to_vec(), Bytes::from(b"value"))]).expect("written");
        database.close().expect("closed");
        drop(database);
        let half = path.join("snap.FFFFFFFFFFFFFFFF.generating");
        fs::write(&half, [1; 100]).expect("written");
        let database = Database::open(path, SEGMENT, 1 << 20).expect("opens");
        assert_eq!(database.get(b"key").expect("readable"), Some(Bytes::from(b"value")));
        assert!(!half.exists());
    }
}
