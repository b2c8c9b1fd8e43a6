//! Makes a data folder from a backup.
//!
//! All of the backup is checked before anything is written. Then store and files are written to a folder within the one that
//! they are for, checked again, and moved to their places, the store last: a process that is killed at any moment leaves a data
//! folder without a store, where restoring can be done again, or with a complete one.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::format::{Part, ReadBlobs, Reader};
use super::seal::opened;
use super::targets::Beside;
use super::{BackupError, Contents, Header, Identities};
use crate::durable;
use crate::model::FileId;
use crate::store::{self, Files, Incoming, NewStore, SCHEMA, SignIns, free_space};

/// The folder within a data folder in which a restored store is written.
const UNFINISHED: &str = "restoring";

/// Bytes of a backup that are read at a time.
const BUFFER: usize = 128 * 1024;

/// Memory for the newest rows of the store that is written, in bytes.
const CACHE: u64 = 12 * 1024 * 1024;

/// What is left of the disk at least, in bytes.
const MIN_FREE: u64 = 16 * 1024 * 1024;

/// How a backup is restored.
pub struct Restoring<'a> {
    pub backup: &'a Path,
    pub identities: Option<&'a Identities>,
    pub sign_ins: SignIns,
}

/// What was restored or checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub header: Header,
    pub contents: Contents,
}

/// Reads a backup to its end and checks all of it. `watch` is told how many bytes of the file were read. Blocks.
///
/// # Errors
/// When it is not whole, or this version cannot restore it.
pub fn verify(backup: &Path, identities: Option<&Identities>, watch: impl FnMut(u64)) -> Result<Restored, BackupError> {
    let blobs = Beside::of(backup, identities);
    read(backup, identities, Some(&blobs), watch, |_| Ok(()))
}

/// The same of a backup that is in one file.
///
/// # Errors
/// As of [`verify`], and that it has its content elsewhere.
pub(super) fn verify_whole(backup: &Path) -> Result<Restored, BackupError> {
    read(backup, None, None, |_| (), |_| Ok(()))
}

/// Whether a backup begins and ends as one, and has all blocks in between and all blobs beside it, without reading what is in
/// them. Blocks.
///
/// # Errors
/// When it was cut off, or this version cannot restore it; that it is encrypted, which only its key changes.
pub fn skim(backup: &Path) -> Result<Header, BackupError> {
    let mut file = File::open(backup)?;
    drop(opened(BufReader::new(&file), None)?);
    file.rewind()?;
    let header = Reader::skim(file, &Beside::of(backup, None))?;
    if header.schema > SCHEMA { Err(BackupError::Schema { found: header.schema, known: SCHEMA }) } else { Ok(header) }
}

fn read(
    backup: &Path,
    identities: Option<&Identities>,
    blobs: Option<&dyn ReadBlobs>,
    watch: impl FnMut(u64),
    visit: impl FnMut(Part<'_>) -> Result<(), BackupError>,
) -> Result<Restored, BackupError> {
    let file = Counted { from: File::open(backup)?, watch };
    let stream = opened(BufReader::with_capacity(BUFFER, file), identities)?;
    // What age gives is not read ahead.
    let read = Reader::begin(BufReader::with_capacity(BUFFER, stream), blobs).and_then(|(header, reader)| {
        match header.schema {
            schema if schema > SCHEMA => return Err(BackupError::Schema { found: schema, known: SCHEMA }),
            _ => {}
        }
        let contents = reader.read(visit)?;
        Ok(Restored { header, contents })
    });
    // How age tells that the stream was cut or changed.
    read.map_err(|error| match error {
        BackupError::Io(error) if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
            BackupError::Damaged(error.to_string())
        }
        other => other,
    })
}

/// Restores a backup to a data folder that has no store. `watch` is told how many bytes of the backup were read; it is read
/// twice. Blocks.
///
/// # Errors
/// When the folder has a store, the backup is not whole, or something cannot be written. Then the folder is as it was, but
/// perhaps for files that are not in use and a folder that the next attempt replaces.
pub fn restore(restoring: &Restoring<'_>, to: &Path, mut watch: impl FnMut(u64)) -> Result<Restored, BackupError> {
    refuse_a_store(to)?;
    let checked = verify(restoring.backup, restoring.identities, &mut watch)?;
    require_space(to, &checked.contents)?;
    durable::private_dir(to)?;
    let unfinished = to.join(UNFINISHED);
    remove_dir(&unfinished)?;
    // sled panics on some disk errors.
    let written = catch_unwind(AssertUnwindSafe(|| write(restoring, &unfinished, &mut watch)));
    let written = written.unwrap_or_else(|_| Err(BackupError::Target("the new store could not be written".into())));
    let written = written.and_then(|restored| {
        if restored != checked {
            return Err(BackupError::Damaged("it changed while it was being restored".into()));
        }
        put_in_place(&unfinished, to)?;
        Ok(restored)
    });
    if written.is_err() {
        // It may be what fills the disk; the first error is the one to tell.
        let _ = remove_dir(&unfinished);
    }
    written
}

/// A store must not be overwritten, whatever its state.
fn refuse_a_store(to: &Path) -> Result<(), BackupError> {
    let found = ["store", "store-upgrading"].into_iter().find(|name| to.join(name).exists());
    match found {
        None => Ok(()),
        Some(name) => Err(BackupError::Target(format!(
            "there is a store in {} already, which a restored one would replace. Nothing was changed. Move {} away, or name \
             another folder by --to",
            to.display(),
            to.join(name).display(),
        ))),
    }
}

fn require_space(to: &Path, contents: &Contents) -> Result<(), BackupError> {
    const MIB: u64 = 1024 * 1024;
    // Rows are compressed on the disk, but those of half a head, and merged once.
    let needed = contents.row_bytes.saturating_add(contents.file_bytes).saturating_add(MIN_FREE);
    let existing = to.ancestors().find(|dir| dir.is_dir()).unwrap_or(Path::new("."));
    match free_space(existing).filter(|free| *free < needed) {
        None => Ok(()),
        Some(free) => Err(BackupError::Target(format!(
            "there is not enough space at {}: up to {} MiB are needed and {} MiB are free. Nothing was changed",
            to.display(),
            needed.div_ceil(MIB),
            free / MIB
        ))),
    }
}

fn write(restoring: &Restoring<'_>, unfinished: &Path, watch: &mut impl FnMut(u64)) -> Result<Restored, BackupError> {
    durable::private_dir(unfinished)?;
    let store_dir = unfinished.join("store");
    let mut store = NewStore::create(&store_dir, CACHE)?;
    let files = Files::open(&unfinished.join("files"), MIN_FREE)?;
    let mut incoming: Option<(FileId, Incoming)> = None;
    let blobs = Beside::of(restoring.backup, restoring.identities);
    let restored = read(restoring.backup, restoring.identities, Some(&blobs), watch, |part| {
        match part {
            Part::Row(table, key, value) => store.restore(table, key, value, restoring.sign_ins)?,
            Part::File(id) => incoming = Some((id, files.begin()?)),
            Part::Content(content) => {
                if let Some((_, file)) = &mut incoming {
                    file.write(content)?;
                }
            }
            Part::FileEnd => {
                if let Some((id, file)) = incoming.take()
                    && files.keep(file)? != id
                {
                    return Err(BackupError::Damaged(format!("the file {} in it has another content", id.as_str())));
                }
            }
        }
        Ok(())
    })?;
    store.finish()?;
    // That of an older schema is checked when it is upgraded, at the first start.
    if restored.header.schema == SCHEMA {
        store::verify(&store_dir, &store_dir, CACHE)?;
    }
    sync_dir(unfinished)?;
    Ok(restored)
}

/// Moves files and store to their places.
fn put_in_place(unfinished: &Path, to: &Path) -> io::Result<()> {
    // Indexes of another store say what is not in this one. They are made anew.
    remove_dir(&to.join("index"))?;
    let (restored, files) = (unfinished.join("files"), to.join("files"));
    match fs::rename(&restored, &files) {
        Ok(()) => {}
        // Some are there already, by what they have in them.
        Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
            for entry in fs::read_dir(&restored)? {
                let entry = entry?;
                fs::rename(entry.path(), files.join(entry.file_name()))?;
            }
            sync_dir(&files)?;
        }
        Err(error) => return Err(error),
    }
    sync_dir(to)?;
    fs::rename(unfinished.join("store"), to.join("store"))?;
    sync_dir(to)?;
    remove_dir(unfinished)
}

fn remove_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Tells how much is read.
struct Counted<F> {
    from: File,
    watch: F,
}

impl<F: FnMut(u64)> Read for Counted<F> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(bytes)?;
        (self.watch)(read as u64);
        Ok(read)
    }
}
