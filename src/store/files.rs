//! Content-addressed files, for data that is too big for a record.
//!
//! A file is written under a temporary name, synced and renamed, so that it exists completely or not at all. Files that
//! no record references are removed after a while.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::Space;
use crate::durable;
use crate::model::FileId;

/// Suffix of a file that is being written.
const UNFINISHED: &str = ".part";

/// The files of a data directory. All methods block; do not call from async code.
pub struct Files {
    dir: PathBuf,
    next: AtomicU64,
    space: Space,
    /// How many want all files to stay. Locked while a file is removed.
    keepers: Arc<Mutex<usize>>,
}

/// As long as there is one, no file is removed.
#[must_use]
pub struct AllKept(Arc<Mutex<usize>>);

impl Drop for AllKept {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
    }
}

impl Files {
    /// Opens or creates the directory, and removes incomplete files of the last process. No new file is started while less
    /// than `min_free` bytes are free.
    pub fn open(dir: &Path, min_free: u64) -> io::Result<Self> {
        // Paths are passed to processes with another working directory.
        let dir = std::path::absolute(dir)?;
        fs::create_dir_all(&dir)?;
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with(UNFINISHED) {
                fs::remove_file(path)?;
            }
        }
        let space = Space::new(&dir, min_free);
        Ok(Self { dir, next: AtomicU64::new(0), space, keepers: Arc::default() })
    }

    /// Starts a file whose content is written in chunks.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] also while too little space is left.
    pub fn begin(&self) -> io::Result<Incoming> {
        self.space.check()?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.dir.join(format!("{number}{UNFINISHED}"));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Incoming { file, path, digest: Sha256::new(), bytes: 0, kept: false })
    }

    /// A file without a name, which is gone when it is closed.
    ///
    /// # Errors
    /// As for [`Files::begin`].
    pub fn unnamed(&self) -> io::Result<File> {
        self.space.check()?;
        tempfile::tempfile_in(&self.dir)
    }

    /// Stores a content that is in memory.
    pub fn put(&self, content: &[u8]) -> io::Result<FileId> {
        let mut incoming = self.begin()?;
        incoming.write(content)?;
        self.keep(incoming)
    }

    /// Makes a file durable under its content's hash.
    pub fn keep(&self, mut incoming: Incoming) -> io::Result<FileId> {
        let id = FileId::of(std::mem::take(&mut incoming.digest).finalize().into());
        durable::put(&incoming.file, &incoming.path, &self.path(&id))?;
        incoming.kept = true;
        Ok(id)
    }

    /// Path of a file, if it exists.
    pub fn path(&self, id: &FileId) -> PathBuf {
        self.dir.join(id.as_str())
    }

    /// Size of a file in bytes; `None` if it does not exist.
    pub fn size(&self, id: &FileId) -> Option<u64> {
        fs::metadata(self.path(id)).ok().map(|found| found.len())
    }

    /// A file's content as text.
    ///
    /// # Errors
    /// Also if the content does not match the hash: disks can corrupt data.
    pub fn read_text(&self, id: &FileId) -> io::Result<String> {
        let mut content = Vec::new();
        File::open(self.path(id))?.read_to_end(&mut content)?;
        if FileId::of(Sha256::digest(&content).into()) != *id {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file's content is not what was stored"));
        }
        String::from_utf8(content).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Reads a byte range of a text; both ends must be character boundaries.
    pub fn read_range(&self, id: &FileId, range: Range<usize>) -> io::Result<String> {
        let mut content = vec![0; range.len()];
        File::open(self.path(id))?.read_exact_at(&mut content, range.start as u64)?;
        String::from_utf8(content).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Lets all files stay that are there now and come, for a backup that is to have those of one moment.
    pub fn keep_all(&self) -> AllKept {
        *self.keepers.lock() += 1;
        AllKept(self.keepers.clone())
    }

    /// Removes a file; on failure, or while all are kept, leaves it to the next cleanup.
    pub fn remove(&self, id: &FileId) {
        let keepers = self.keepers.lock();
        if *keepers > 0 {
            return;
        }
        if let Err(error) = fs::remove_file(self.path(id)) {
            tracing::warn!(%error, file = id.as_str(), "cannot remove a file");
        }
    }

    /// Removes files that are not in use and were not touched for `unused`, unless all are kept; returns how many.
    pub fn sweep(&self, is_in_use: impl Fn(&FileId) -> io::Result<bool>, unused: Duration) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let Some(id) = entry.file_name().to_str().and_then(FileId::parse) else { continue };
            let age = SystemTime::now().duration_since(entry.metadata()?.modified()?).unwrap_or_default();
            if age < unused || is_in_use(&id)? {
                continue;
            }
            let keepers = self.keepers.lock();
            if *keepers == 0 {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Resets the time after which an unreferenced file is removed, because it is about to be referenced.
    pub fn touch(&self, id: &FileId) -> io::Result<()> {
        OpenOptions::new().append(true).open(self.path(id))?.set_modified(SystemTime::now())
    }
}

/// A file that is being written. Removed on drop unless it is committed.
pub struct Incoming {
    file: File,
    path: PathBuf,
    digest: Sha256,
    bytes: u64,
    kept: bool,
}

impl Incoming {
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)?;
        self.digest.update(piece);
        self.bytes += piece.len() as u64;
        Ok(())
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove an unfinished file");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_content_and_only_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        let files = Files::open(dir.path(), 0).expect("the files");
        let id = files.put("文件".as_bytes()).expect("kept");
        assert_eq!(files.put("文件".as_bytes()).expect("kept again"), id);
        assert_eq!(files.read_text(&id).expect("read"), "文件");
        let mut given_up = files.begin().expect("begun");
        given_up.write(b"half").expect("written");
        drop(given_up);
        assert_eq!(fs::read_dir(dir.path()).expect("a list").count(), 1);
        fs::write(files.path(&id), "other").expect("damaged");
        assert!(files.read_text(&id).is_err());
    }

    #[test]
    fn a_file_that_is_not_in_use_is_removed_after_its_time() {
        let dir = tempfile::tempdir().expect("a folder");
        let files = Files::open(dir.path(), 0).expect("the files");
        let (wanted, other) = (files.put(b"a").expect("kept"), files.put(b"b").expect("kept"));
        let is_in_use = |file: &FileId| Ok(*file == wanted);
        assert_eq!(files.sweep(is_in_use, Duration::from_secs(60)).expect("swept"), 0);
        let all_kept = files.keep_all();
        files.remove(&other);
        assert_eq!(files.sweep(is_in_use, Duration::ZERO).expect("swept"), 0);
        assert!(files.size(&other).is_some(), "all were kept");
        drop(all_kept);
        assert_eq!(files.sweep(is_in_use, Duration::ZERO).expect("swept"), 1);
        assert!(files.size(&wanted).is_some() && files.size(&other).is_none());
    }
}
