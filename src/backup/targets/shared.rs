//! The blobs at a target: those that a backup needs are sent unless they are there, and those that no backup needs are removed.
//!
//! Beside each backup is a list of its blobs, which can be read without the key of an encrypted one. It is written before the
//! backup gets its name, and after its blobs.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::place::{Place, read_file};
use super::{LIST, backup_of_list};
use crate::backup::format::{BlobName, KeepBlobs, MOST_BLOB, ReadBlobs};
use crate::backup::seal::opened;
use crate::backup::{BackupError, Identities, Recipient};

/// The folder of blobs, beside the backups.
const BLOBS: &str = "blobs/";

/// Longest list that is read, in bytes: of a million blobs, some 100 GB.
const MOST_LIST: usize = 65 * 1024 * 1024;

/// What age adds to a blob at most, in bytes.
const MOST_SEAL: usize = 4096;

/// The folder of a store's blobs.
fn folder_of(store: &str) -> String {
    format!("{BLOBS}{store}/")
}

/// Some hundred folders of blobs: a folder of a USB stick takes only so many files.
fn path(folder: &str, name: BlobName) -> String {
    let name = name.to_string();
    format!("{}{}/{}", folder_of(folder), &name[..2], &name[2..])
}

fn name_of(folder: &str, path: &str) -> Option<BlobName> {
    BlobName::parse(&path.strip_prefix(&folder_of(folder))?.replace('/', ""))
}

/// The blobs of a backup that is being made.
pub(in crate::backup) struct Shared<'a> {
    place: Box<dyn Place + 'a>,
    folder: String,
    recipient: Option<&'a Recipient>,
    there: HashSet<BlobName>,
    used: HashSet<BlobName>,
    /// Bytes that were sent.
    pub bytes: u64,
}

impl<'a> Shared<'a> {
    pub fn begin(
        place: Box<dyn Place + 'a>,
        folder: &str,
        recipient: Option<&'a Recipient>,
    ) -> Result<Self, BackupError> {
        let there = place.list(&folder_of(folder))?.iter().filter_map(|path| name_of(folder, path)).collect();
        Ok(Self { place, folder: folder.to_owned(), recipient, there, used: HashSet::new(), bytes: 0 })
    }

    /// Removes the list of a backup that did not get its name.
    pub fn give_up(&self, backup: &str) {
        if let Err(error) = self.place.remove(&format!("{backup}{LIST}")) {
            tracing::warn!(%error, "the list of a backup that was not made stays");
        }
    }

    /// Writes the list of the backup with that name.
    pub fn finish(&self, backup: &str) -> Result<(), BackupError> {
        let mut list: String = self.used.iter().map(|name| format!("{name}\n")).collect();
        list.push_str(&end_of_list(self.used.len()));
        self.place.write(&format!("{backup}{LIST}"), list.as_bytes())
    }
}

impl KeepBlobs for Shared<'_> {
    fn keep(&mut self, name: BlobName, content: &[u8]) -> Result<(), BackupError> {
        self.used.insert(name);
        if self.there.contains(&name) {
            return Ok(());
        }
        let sealed = self.recipient.map(|recipient| recipient.sealed(Vec::new(), |to| Ok(to.write_all(content)?)));
        let sealed = sealed.transpose()?.map(|((), sealed)| sealed);
        let content = sealed.as_deref().unwrap_or(content);
        self.place.write(&path(&self.folder, name), content)?;
        self.bytes += content.len() as u64;
        self.there.insert(name);
        Ok(())
    }
}

/// Removes the blobs in a store's folder that stand in no list. A list without its backup counts, too: the backup may have been
/// renamed to keep it.
///
/// # Errors
/// As of the place, and when a list cannot be read: then nothing is removed.
pub(super) fn sweep(place: &dyn Place, folder: &str) -> Result<(), BackupError> {
    let mut used = HashSet::new();
    for list in place.list("chatbot-")?.iter().filter(|name| backup_of_list(name).is_some()) {
        read_list(&place.read(list, MOST_LIST)?, &mut used)
            .ok_or_else(|| BackupError::Target(format!("{list} is damaged, so no blobs are removed")))?;
    }
    for path in place.list(&folder_of(folder))? {
        if !name_of(folder, &path).is_some_and(|name| used.contains(&name)) {
            place.remove(&path)?;
        }
    }
    Ok(())
}

/// Adds what is in a list; `None` if that is not all.
fn read_list(list: &[u8], used: &mut HashSet<BlobName>) -> Option<()> {
    let text = std::str::from_utf8(list).ok()?;
    let mut read = 0;
    for name in text.lines().map_while(BlobName::parse) {
        used.insert(name);
        read += 1;
    }
    text.ends_with(&end_of_list(read)).then_some(())
}

fn end_of_list(blobs: usize) -> String {
    format!("end {blobs}\n")
}

/// The blobs beside a backup in a folder.
pub(in crate::backup) struct Beside<'a> {
    dir: PathBuf,
    identities: Option<&'a Identities>,
}

impl<'a> Beside<'a> {
    pub fn of(backup: &Path, identities: Option<&'a Identities>) -> Self {
        Self { dir: backup.parent().unwrap_or(Path::new("")).to_owned(), identities }
    }

    fn opened(&self, folder: &str, name: BlobName) -> Result<Vec<u8>, BackupError> {
        let content = read_file(&self.dir.join(path(folder, name)), MOST_BLOB + MOST_SEAL)?;
        let mut clear = Vec::new();
        opened(content.as_slice(), self.identities)?.take(MOST_BLOB as u64 + 1).read_to_end(&mut clear)?;
        Ok(clear)
    }
}

impl ReadBlobs for Beside<'_> {
    fn has(&self, folder: &str, name: BlobName) -> bool {
        self.dir.join(path(folder, name)).is_file()
    }

    fn read(&self, folder: &str, name: BlobName) -> Result<Vec<u8>, BackupError> {
        self.opened(folder, name).map_err(|error| match error {
            BackupError::WrongKey => error,
            other => BackupError::Damaged(format!("the blob {name} beside it cannot be read: {other}")),
        })
    }
}
