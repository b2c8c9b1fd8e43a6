//! Small files at a target: what is listed, read, written as a whole, and removed.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::bucket::Bucket;
use super::failed;
use crate::backup::BackupError;
use crate::backup::make::drop_from_cache;
use crate::durable;

/// Files at a target, by names in which a folder ends with a slash. All of it blocks.
pub(in crate::backup) trait Place {
    /// The names that begin so: those right in the place, or all in the folder `prefix` if that ends with a slash.
    fn list(&self, prefix: &str) -> Result<Vec<String>, BackupError>;

    /// Reads a file of at most `most` bytes.
    fn read(&self, name: &str, most: usize) -> Result<Vec<u8>, BackupError>;

    /// Writes a file that is there as a whole or not at all.
    fn write(&self, name: &str, content: &[u8]) -> Result<(), BackupError>;

    /// Removes a file, if it is there.
    fn remove(&self, name: &str) -> Result<(), BackupError>;
}

/// A folder of this machine.
pub(super) struct Folder<'a>(pub &'a Path);

impl Folder<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn failed(&self, error: &io::Error) -> BackupError {
        failed(self.0, error)
    }
}

impl Place for Folder<'_> {
    fn list(&self, prefix: &str) -> Result<Vec<String>, BackupError> {
        let mut names = Vec::new();
        let listed = if prefix.ends_with('/') {
            list_all(self.0, prefix, &mut names)
        } else {
            super::names_in(self.0).map(|all| names.extend(all.into_iter().filter(|name| name.starts_with(prefix))))
        };
        match listed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed(&error)),
            _ => Ok(names),
        }
    }

    fn read(&self, name: &str, most: usize) -> Result<Vec<u8>, BackupError> {
        read_file(&self.path(name), most).map_err(|error| self.failed(&error))
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), BackupError> {
        let path = self.path(name);
        let written = || {
            if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
                durable::private_dir(folder)?;
            }
            durable::write(&path, content)?;
            drop_from_cache(&File::open(&path)?);
            read_file(&path, content.len())
        };
        match written() {
            Ok(found) if found == content => Ok(()),
            Ok(_) => Err(BackupError::Damaged("the disk has not kept what was written".into())),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn remove(&self, name: &str) -> Result<(), BackupError> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed(&error)),
            _ => Ok(()),
        }
    }
}

/// Adds the names of all files in a folder and in those within it.
fn list_all(dir: &Path, folder: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(dir.join(folder))? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if entry.file_type()?.is_dir() {
            list_all(dir, &format!("{folder}{name}/"), names)?;
        } else {
            names.push(format!("{folder}{name}"));
        }
    }
    Ok(())
}

/// Reads a file of at most `most` bytes.
pub(in crate::backup) fn read_file(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(most as u64 + 1).read_to_end(&mut content)?;
    if content.len() > most { Err(io::Error::from(ErrorKind::FileTooLarge)) } else { Ok(content) }
}

/// A folder in a bucket.
pub(super) struct InBucket<'a> {
    pub bucket: &'a Bucket,
    pub runtime: Handle,
    pub stopping: CancellationToken,
}

impl InBucket<'_> {
    fn wait<T>(&self, answer: impl Future<Output = Result<T, BackupError>>) -> Result<T, BackupError> {
        self.runtime.block_on(self.stopping.run_until_cancelled(answer)).ok_or(BackupError::Stopping)?
    }
}

impl Place for InBucket<'_> {
    fn list(&self, prefix: &str) -> Result<Vec<String>, BackupError> {
        self.wait(self.bucket.names(prefix))
    }

    fn read(&self, name: &str, most: usize) -> Result<Vec<u8>, BackupError> {
        self.wait(self.bucket.get(name, most))
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), BackupError> {
        self.wait(self.bucket.put(name, content.to_owned().into()))
    }

    fn remove(&self, name: &str) -> Result<(), BackupError> {
        self.wait(self.bucket.remove(name))
    }
}
