//! Makes a backup.
//!
//! The store gives its state at one commit, which stays as it is while it is read and others write; all files are kept meanwhile.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::format::{BlobPlace, KeepBlobs, Writer};
use super::restore::verify_whole;
use super::{BackupError, Contents, Header, Recipient};
use crate::durable;
use crate::model::{FileId, Timestamp};
use crate::store::{Files, SCHEMA, Store, Table};

/// Bytes that are written to a file at a time.
const BUFFER: usize = 128 * 1024;

/// Bytes between two syncs: one sync of a long file at its end would hold up everybody else's.
const SYNC_EVERY: u64 = 8 * 1024 * 1024;

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub header: Header,
    pub contents: Contents,
}

/// Writes a backup of what is stored now; rows and files go to `blobs`, if there are any. Blocks; on its way it reads everything
/// once.
///
/// # Errors
/// As of the store, the files, the stream and the blobs.
pub fn make(
    store: &Store,
    files: &Files,
    recipient: Option<&Recipient>,
    mut to: impl Write,
    blobs: Option<&mut dyn KeepBlobs>,
) -> Result<Made, BackupError> {
    // Before the snapshot: what it refers to stays.
    let _all_kept = files.keep_all();
    match recipient {
        None => write(store, files, None, &mut to, blobs),
        Some(sealing) => {
            sealing.sealed(to, |mut to| write(store, files, recipient, &mut to, blobs)).map(|(made, _)| made)
        }
    }
}

/// Where the blobs of a store are. Of all its backups the same, or they would have nothing in common.
pub(super) fn blob_place(store: &Store, recipient: Option<&Recipient>) -> BlobPlace {
    let folder = store.sign(&["folder of blobs"])[..BlobPlace::FOLDER].to_owned();
    let recipient = recipient.map(ToString::to_string).unwrap_or_default();
    BlobPlace::new(folder, store.sign(&["blobs of backups", &recipient]))
}

fn write(
    store: &Store,
    files: &Files,
    recipient: Option<&Recipient>,
    to: &mut impl Write,
    blobs: Option<&mut dyn KeepBlobs>,
) -> Result<Made, BackupError> {
    let snapshot = store.snapshot()?;
    let header = Header {
        schema: SCHEMA,
        program: env!("CARGO_PKG_VERSION").into(),
        commit: snapshot.commit,
        created_at: Timestamp::now().to_string(),
        blobs: blobs.is_some().then(|| blob_place(store, recipient)),
    };
    let mut writer = Writer::begin(to, &header, blobs)?;
    snapshot.each_row(|table, key, value| writer.row(table, key, value))?;
    let mut last = None;
    // Each is referred to by one document or several, one after the other.
    snapshot.each_row_of(Table::FileReferences, |key, _| {
        let id = key.get(..64).and_then(|id| std::str::from_utf8(id).ok()).and_then(FileId::parse);
        match id {
            Some(id) if last.as_ref() != Some(&id) => {
                add_file(&mut writer, files, &id)?;
                last = Some(id);
                Ok(())
            }
            _ => Ok::<_, BackupError>(()),
        }
    })?;
    let (contents, _) = writer.finish()?;
    Ok(Made { header, contents })
}

/// Adds a file if it is what it should be: one that a disk has damaged must not keep the others from being saved.
fn add_file(writer: &mut Writer<'_, impl Write>, files: &Files, id: &FileId) -> Result<(), BackupError> {
    let path = files.path(id);
    match digest(&path) {
        Ok((found, bytes)) if found == *id => writer.file(id, bytes, File::open(&path)?),
        Ok(_) => {
            tracing::warn!(file = id.as_str(), "a file has another content than was stored; it is not in the backup");
            writer.miss_file();
            Ok(())
        }
        Err(error) => {
            tracing::warn!(%error, file = id.as_str(), "a file cannot be read; it is not in the backup");
            writer.miss_file();
            Ok(())
        }
    }
}

/// The id that a file's content has, and its length.
fn digest(path: &Path) -> io::Result<(FileId, u64)> {
    let mut digest = Sha256::new();
    let bytes = io::copy(&mut BufReader::with_capacity(BUFFER, File::open(path)?), &mut digest)?;
    Ok((FileId::of(digest.finalize().into()), bytes))
}

/// Makes a backup in a file of this name, in place of what has the name. Blocks.
///
/// # Errors
/// As for [`make`] and [`NewFile::finish`]; then the name stands for what it stood for before.
pub fn make_file(
    store: &Store,
    files: &Files,
    recipient: Option<&Recipient>,
    path: &Path,
    watch: impl FnMut(u64) -> Result<(), BackupError>,
) -> Result<Made, BackupError> {
    let mut file = NewFile::begin(path)?;
    let made = make(store, files, recipient, Watched { to: &mut file, watch }, None)?;
    file.finish()?;
    Ok(made)
}

/// Tells how many bytes were written, and ends what is written when that is wanted.
pub struct Watched<W, F> {
    pub to: W,
    pub watch: F,
}

impl<W: Write, F: FnMut(u64) -> Result<(), BackupError>> Write for Watched<W, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        (self.watch)(written as u64).map_err(io::Error::other)?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A file that gets its name only once it is whole, on the disk, and was read back.
pub struct NewFile {
    path: PathBuf,
    unfinished: PathBuf,
    file: BufWriter<File>,
    digest: Sha256,
    since_sync: u64,
}

impl NewFile {
    /// Begins one beside `path`, which only its owner can read. What a killed process left there is replaced.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        let unfinished = PathBuf::from(unfinished);
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        let file = BufWriter::with_capacity(BUFFER, file);
        Ok(Self { path: path.to_owned(), unfinished, file, digest: Sha256::new(), since_sync: 0 })
    }

    /// Syncs it, reads it back, and gives it its name in place of what has it.
    ///
    /// # Errors
    /// When it is not whole, or the disk gives back something else. Then what had the name still has it.
    pub fn finish(mut self) -> Result<(), BackupError> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        drop_from_cache(self.file.get_ref());
        match verify_whole(&self.unfinished) {
            // There is no key to open it here, or its blobs are elsewhere.
            Err(BackupError::Encrypted | BackupError::Blobs) => {
                let written: [u8; 32] = self.digest.finalize_reset().into();
                if digest(&self.unfinished)?.0 != FileId::of(written) {
                    return Err(BackupError::Damaged("the disk has not kept what was written".into()));
                }
            }
            verified => drop(verified?),
        }
        durable::put(self.file.get_ref(), &self.unfinished, &self.path)?;
        Ok(())
    }
}

/// Lets what is read next come from the disk.
pub(super) fn drop_from_cache(file: &File) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed) {
        tracing::debug!(%error, "the backup is read back from memory");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.since_sync += written as u64;
        if self.since_sync >= SYNC_EVERY {
            self.file.flush()?;
            self.file.get_ref().sync_data()?;
            self.since_sync = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Not there any more if it was finished.
        let _ = fs::remove_file(&self.unfinished);
    }
}
