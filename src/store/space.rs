//! Reserve of free disk space: a completely full disk cannot even be cleaned up.

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

    /// Checks whether new data may be written. Blocks briefly.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] if less than that is free.
    pub fn check(&self) -> io::Result<()> {
        let disk = rustix::fs::statvfs(&self.dir)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < self.min_free {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}
