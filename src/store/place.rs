//! Notices that a store was copied: put back from a copy that somebody made of its folder, or moved to another disk.
//!
//! What was copied may have been behind what clients have seen, and gives the same numbers to other messages. So numbering gets
//! a new epoch, and clients drop what they had.
//!
//! Each start makes a marker file anew and records in the store when the file system made it. A file that was copied was made at
//! another time. One that is put back without a copy (the snapshot of a whole disk or virtual machine) is not noticed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::disk::{not_writable, remove_if_there, sync_dir, write_synced};
use super::engine::{Batch, Engine, EngineError, Reader, Table};
use super::{decode, encode, new_epoch, scopes};
use crate::threads;

/// The marker file.
const MARKER: &str = "store-place";

/// The same between being made and being recorded.
const NEXT_MARKER: &str = "store-place.next";

/// Where it is recorded.
pub(super) const KEY: &str = "place";

/// Which file it is, among all that ever were on its disk, by what its file system can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// When the file was made, in nanoseconds.
    made_at: Option<u64>,
    /// Its number.
    number: Option<u64>,
}

impl Place {
    /// `None` if it is not there, or nothing is known of it.
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let made_at = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let made_at = made_at.and_then(|at| u64::try_from(at.as_nanos()).ok());
        let number = has_lasting_numbers(path).then(|| metadata.ino());
        (made_at.is_some() || number.is_some()).then_some(Self { made_at, number })
    }
}

/// Whether a file keeps its number when its file system is mounted again.
fn has_lasting_numbers(path: &Path) -> bool {
    /// FAT, exFAT, and those in user space.
    const FORGETFUL: [u64; 3] = [0x4d44, 0x2011_bab0, 0x6573_5546];
    #[cfg(target_os = "linux")]
    {
        rustix::fs::statfs(path).is_ok_and(|found| !FORGETFUL.contains(&(found.f_type as u64)))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (path, FORGETFUL);
        false
    }
}

/// Gives the store in `dir` a new epoch if it was copied, and records where it is now. Blocks.
///
/// # Errors
/// When the marker or the record cannot be written.
pub(super) fn settle(dir: &Path, engine: &impl Engine, reader: &dyn Reader) -> Result<(), EngineError> {
    let (marker, next) = (dir.join(MARKER), dir.join(NEXT_MARKER));
    let recorded = threads::wait(reader.get(Table::Meta, KEY.as_bytes()))?;
    let recorded: Option<Place> = recorded.and_then(|record| decode(&record).ok());
    let rename = || fs::rename(&next, &marker).map_err(|error| not_writable(&marker, &error));
    if recorded.is_some() && Place::of(&next) == recorded {
        // Killed between record and renaming.
        rename()?;
    }
    let is_copied = recorded.is_some() && Place::of(&marker) != recorded;
    // A file that is there would keep when it was made.
    remove_if_there(&next)?;
    write_synced(&next, b"By this file chatbot notices that the folder was copied; please leave it here.\n")?;
    let mut batch = Batch::new(scopes::OPEN_STORE);
    batch = match Place::of(&next) {
        Some(place) => batch.put(Table::Meta, KEY, encode(&place)),
        None => batch.delete(Table::Meta, KEY),
    };
    if is_copied {
        tracing::warn!(
            "the store was copied or moved since the last start; clients are told to drop what they had of it, as they \
             may have seen more than it has"
        );
        batch = batch.put(Table::Meta, "epoch", new_epoch());
    }
    engine.commit(&[&batch])?;
    rename()?;
    sync_dir(dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{DiskEngine, Facts, initialize};

    /// Opens and closes a store; its epoch.
    fn start(dir: &Path) -> String {
        let engine = DiskEngine::open(dir, 1 << 20).expect("a store");
        if engine.opened() == crate::store::disk::Opened::New {
            initialize(&engine).expect("written");
        }
        settle(dir, &engine, &engine.on_this_thread()).expect("settled");
        let facts = threads::wait(Facts::read(&engine.on_this_thread())).expect("facts");
        engine.mark_created().expect("marked");
        engine.close().expect("closed");
        facts.epoch
    }

    /// As `cp -r` does it: files that are there are overwritten.
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder").flatten() {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).expect("copied");
            }
        }
    }

    #[test]
    fn a_store_keeps_its_epoch_where_it_is_and_where_it_is_renamed() {
        let dir = tempfile::tempdir().expect("a folder");
        let (here, there) = (dir.path().join("here"), dir.path().join("there"));
        let epoch = start(&here);
        assert_eq!(start(&here), epoch);
        fs::rename(&here, &there).expect("renamed");
        assert_eq!(start(&there), epoch);
        // Killed before the marker got its name.
        fs::rename(there.join(MARKER), there.join(NEXT_MARKER)).expect("renamed");
        assert_eq!(start(&there), epoch);
    }

    #[test]
    fn a_store_that_is_put_back_from_a_copy_gets_a_new_epoch_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let (store, backup) = (dir.path().join("store"), dir.path().join("backup"));
        let epoch = start(&store);
        copy(&store, &backup);
        assert_eq!(start(&store), epoch, "a copy was made, and this is not it");
        fs::remove_dir_all(&store).expect("removed");
        copy(&backup, &store);
        let anew = start(&store);
        assert_ne!(anew, epoch);
        assert_eq!(start(&store), anew);
        // Files that are there are overwritten, the marker too, and keep when they were made.
        let entries = fs::read_dir(&store).expect("a folder").flatten();
        entries.filter(|entry| entry.path().is_dir()).for_each(|dir| fs::remove_dir_all(dir.path()).expect("removed"));
        copy(&backup, &store);
        let again = start(&store);
        assert!(again != epoch && again != anew);
        fs::remove_dir_all(&store).expect("removed");
        fs::rename(&backup, &store).expect("renamed");
        assert_ne!(start(&store), epoch);
    }
}
