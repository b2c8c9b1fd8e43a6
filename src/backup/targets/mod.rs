//! Where backups go that are made while the server runs.

mod bucket;
mod program;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

pub use bucket::{Bucket, BucketSettings};
use program::Running;

use super::{BackupError, NewFile, is_file_name};
use crate::durable;

/// A place for backups.
#[derive(Debug)]
pub enum Target {
    Folder(PathBuf),
    Bucket(Box<Bucket>),
    /// A program that reads a backup from its standard input.
    Program(Vec<String>),
}

/// A backup on its way. Dropped before it is finished, nothing of it stays, as far as the target can tell.
pub(super) trait Upload: Write {
    /// Completes it. Blocks.
    fn finish(self: Box<Self>) -> Result<(), BackupError>;
}

impl Target {
    /// Begins a backup of that name. Blocks; `runtime` is for requests, and `stopping` ends a program that does not read.
    pub(super) fn begin(
        &self,
        name: &str,
        runtime: &Handle,
        stopping: &CancellationToken,
    ) -> Result<Box<dyn Upload + '_>, BackupError> {
        match self {
            Self::Folder(dir) => {
                durable::private_dir(dir).map_err(|error| failed(dir, &error))?;
                Ok(Box::new(NewFile::begin(&dir.join(name)).map_err(|error| failed(dir, &error))?))
            }
            Self::Bucket(bucket) => Ok(Box::new(bucket.begin(name, runtime, stopping)?)),
            Self::Program(words) => Ok(Box::new(Running::start(words, name, runtime, stopping)?)),
        }
    }

    /// Removes all backups but the newest `keep`; a program sees to that itself. Blocks.
    pub(super) fn prune(&self, keep: usize, runtime: &Handle, stopping: &CancellationToken) -> Result<(), BackupError> {
        match self {
            Self::Folder(dir) => prune_folder(dir, keep).map_err(|error| failed(dir, &error)),
            Self::Bucket(bucket) => bucket.prune(keep, runtime, stopping),
            Self::Program(_) => Ok(()),
        }
    }
}

impl Upload for NewFile {
    fn finish(self: Box<Self>) -> Result<(), BackupError> {
        NewFile::finish(*self)
    }
}

/// The newest backup in a folder, if there is one. Blocks.
///
/// # Errors
/// When the folder cannot be read.
pub fn newest_in(dir: &Path) -> io::Result<Option<PathBuf>> {
    let newest = names_in(dir)?.into_iter().filter(|name| is_file_name(name)).max();
    Ok(newest.map(|name| dir.join(name)))
}

fn names_in(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}

fn prune_folder(dir: &Path, keep: usize) -> io::Result<()> {
    old(names_in(dir)?, keep).iter().try_for_each(|name| fs::remove_file(dir.join(name)))
}

/// Which of these names are those of backups that are older than the newest `keep`.
fn old(names: Vec<String>, keep: usize) -> Vec<String> {
    let mut backups: Vec<_> = names.into_iter().filter(|name| is_file_name(name)).collect();
    backups.sort_unstable();
    backups.truncate(backups.len().saturating_sub(keep));
    backups
}

fn failed(dir: &Path, error: &io::Error) -> BackupError {
    BackupError::Target(format!("{}: {error}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_backups_are_removed() {
        let dir = tempfile::tempdir().expect("a folder");
        let backup = |day: u32| format!("chatbot-202601{day:02}T120000Z.backup");
        let others = ["chatbot-20260101T120000Z.backup.part", "chatbot-notes.backup", "photo.jpg"];
        for name in (1..6).map(backup).chain(others.map(str::to_owned)) {
            fs::write(dir.path().join(name), "x").expect("written");
        }
        fs::write(dir.path().join("chatbot-20260106T120000Z.backup.age"), "x").expect("written");
        prune_folder(dir.path(), 3).expect("pruned");
        let newest = newest_in(dir.path()).expect("a folder");
        assert_eq!(newest, Some(dir.path().join("chatbot-20260106T120000Z.backup.age")));
        let entries = fs::read_dir(dir.path()).expect("a folder").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().expect("text")).collect();
        names.sort();
        assert_eq!(
            names,
            [
                others[0].to_owned(),
                backup(4),
                backup(5),
                "chatbot-20260106T120000Z.backup.age".to_owned(),
                others[1].to_owned(),
                others[2].to_owned()
            ]
        );
    }
}
