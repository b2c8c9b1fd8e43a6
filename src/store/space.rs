//! Space on a disk that is to stay free: what is full to the last byte cannot even be tidied up.

use std::io;
use std::path::{Path, PathBuf};

/// The disk of a folder.
#[derive(Clone, Debug)]
pub struct Space {
    dir: PathBuf,
    min_free: u64,
}

impl Space {
    /// `min_free` bytes are to stay free where `dir` is.
    pub fn new(dir: &Path, min_free: u64) -> Self {
        Self { dir: dir.to_owned(), min_free }
    }

    /// Whether something new may be written. Blocks for a moment.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] when less than that is free.
    pub fn check(&self) -> io::Result<()> {
        let disk = rustix::fs::statvfs(&self.dir)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < self.min_free {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}
