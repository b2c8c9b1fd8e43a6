//! Where backups go that are made while the server runs.

mod bucket;
mod place;
mod program;
mod shared;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

pub use bucket::{Bucket, BucketSettings};
use place::{Folder, InBucket, Place};
use program::Running;
pub(super) use shared::{Beside, Shared};

use super::{BackupError, NewFile, Recipient, is_file_name};
use crate::durable;

/// What the name of a backup's list of blobs ends with.
const LIST: &str = ".blobs";

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

    /// Begins what a backup shares with others at the target. Blocks.
    ///
    /// # Errors
    /// As of the target; a program keeps nothing that could be shared.
    pub(super) fn share<'a>(
        &'a self,
        folder: &str,
        recipient: Option<&'a Recipient>,
        runtime: &Handle,
        stopping: &CancellationToken,
    ) -> Result<Shared<'a>, BackupError> {
        let place = self.place(runtime, stopping);
        let place = place.ok_or_else(|| BackupError::Target("a program takes only whole backups".into()))?;
        Shared::begin(place, folder, recipient)
    }

    /// Removes all backups but the newest `keep`, and what only they needed of the store's folder; a program sees to that
    /// itself. Blocks.
    pub(super) fn prune(
        &self,
        keep: usize,
        folder: &str,
        runtime: &Handle,
        stopping: &CancellationToken,
    ) -> Result<(), BackupError> {
        let Some(place) = self.place(runtime, stopping) else { return Ok(()) };
        prune(&*place, keep, folder)
    }

    /// The target's files, unless it is a program.
    fn place(&self, runtime: &Handle, stopping: &CancellationToken) -> Option<Box<dyn Place + '_>> {
        match self {
            Self::Folder(dir) => Some(Box::new(Folder(dir))),
            Self::Bucket(bucket) => {
                Some(Box::new(InBucket { bucket, runtime: runtime.clone(), stopping: stopping.clone() }))
            }
            Self::Program(_) => None,
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

fn prune(place: &dyn Place, keep: usize, folder: &str) -> Result<(), BackupError> {
    let names = place.list("chatbot-")?;
    let has_lists = names.iter().any(|name| backup_of_list(name).is_some());
    let old = old(names, keep);
    for name in &old {
        // The list first: without it the backup is still removed the next time, before anything is swept.
        place.remove(&format!("{name}{LIST}"))?;
        place.remove(name)?;
    }
    if has_lists && !old.is_empty() { shared::sweep(place, folder) } else { Ok(()) }
}

/// The backup whose list of blobs has this name.
fn backup_of_list(name: &str) -> Option<&str> {
    name.strip_suffix(LIST).filter(|backup| is_file_name(backup))
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
        prune(&Folder(dir.path()), 3, "01234567").expect("pruned");
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
