//! The directory of an index: opening, checking, recreating.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, TerminatingWrite, WatchCallback,
    WatchHandle,
};
use tantivy::schema::{IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexSettings};

use super::IndexError;
use super::terms::{TERMS, TermsTokenizer};
use crate::analysis;

/// The file with the version that created the index.
const STAMP: &str = "version";

/// How an index is stored.
pub(super) struct Plan {
    pub schema: Schema,
    /// Schema version.
    pub layout: u32,
    pub forms: bool,
    /// Whether commits survive a power failure. If not, the damage is detected on opening.
    pub durable: bool,
}

/// An open index.
pub(super) struct Opened {
    pub index: Index,
    /// Its terms are those of another version of [`analysis`].
    pub is_outdated: bool,
}

/// Opens the index in `dir`, creating it if it is missing or empty.
///
/// # Errors
/// [`IndexError::Damaged`] when its files cannot be read or do not say what was written.
pub(super) fn open(dir: &Path, plan: Plan) -> Result<Opened, IndexError> {
    fs::create_dir_all(dir)?;
    let is_new = fs::read_dir(dir)?.next().is_none();
    let current = format!("{}.{}", plan.layout, analysis::VERSION);
    let opened = if is_new { create(dir, &plan, &current)? } else { reopen(dir, &plan, &current)? };
    opened.index.tokenizers().register(TERMS, TermsTokenizer::new(plan.forms));
    Ok(opened)
}

fn create(dir: &Path, plan: &Plan, stamp: &str) -> Result<Opened, IndexError> {
    let settings = IndexSettings { docstore_compression: tantivy::store::Compressor::None, ..IndexSettings::default() };
    let index = Index::create(directory(dir, plan.durable)?, plan.schema.clone(), settings)?;
    // Written last: a directory without it is incomplete.
    let mut file = File::create(dir.join(STAMP))?;
    file.write_all(stamp.as_bytes())?;
    if plan.durable {
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
    }
    Ok(Opened { index, is_outdated: false })
}

fn reopen(dir: &Path, plan: &Plan, current: &str) -> Result<Opened, IndexError> {
    let damaged = |what: String| IndexError::Damaged(what);
    let stamp =
        fs::read_to_string(dir.join(STAMP)).map_err(|error| damaged(format!("its version is missing ({error})")))?;
    let layout = stamp.split('.').next().and_then(|layout| layout.parse::<u32>().ok());
    if layout != Some(plan.layout) {
        return Err(damaged(format!("it has layout {stamp:?} where this version knows {current:?}")));
    }
    let index = Index::open(directory(dir, plan.durable)?).map_err(|error| damaged(error.to_string()))?;
    if index.schema() != plan.schema {
        return Err(damaged("it has another schema".into()));
    }
    let bad = index.validate_checksum().map_err(|error| damaged(error.to_string()))?;
    if let Some(file) = bad.iter().next() {
        return Err(damaged(format!("{} is not what was written", file.display())));
    }
    // Missing files are detected when the index is opened.
    reader(&index).map_err(|error| damaged(error.to_string()))?;
    Ok(Opened { index, is_outdated: stamp != current })
}

/// A reader that is reloaded manually: no thread watches the directory.
pub(super) fn reader(index: &Index) -> tantivy::Result<tantivy::IndexReader> {
    index.reader_builder().reload_policy(tantivy::ReloadPolicy::Manual).try_into()
}

/// A field of terms: which entries have one, not how often or where, nor how long they are.
pub(super) fn terms_field() -> TextOptions {
    words_field(TERMS)
}

/// A field of words that are looked up as they are.
pub(super) fn facts_field() -> TextOptions {
    words_field("raw")
}

fn words_field(tokenizer: &str) -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(IndexRecordOption::Basic);
    TextOptions::default().set_indexing_options(indexing.set_fieldnorms(false))
}

fn directory(dir: &Path, durable: bool) -> Result<Box<dyn Directory>, IndexError> {
    let mapped = MmapDirectory::open(dir).map_err(|error| IndexError::Failed(error.to_string()))?;
    Ok(if durable { Box::new(mapped) } else { Box::new(Unsynced { mapped, dir: dir.into() }) })
}

/// A directory whose files are not synced: commits cause no disk writes that messages would have to wait for.
#[derive(Clone, Debug)]
struct Unsynced {
    mapped: MmapDirectory,
    dir: Arc<Path>,
}

struct PlainFile(File);

impl Write for PlainFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl TerminatingWrite for PlainFile {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        self.0.flush()
    }
}

impl Directory for Unsynced {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.mapped.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.mapped.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.mapped.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<tantivy::directory::WritePtr, OpenWriteError> {
        let opened = OpenOptions::new().write(true).create_new(true).open(self.dir.join(path));
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => OpenWriteError::FileAlreadyExists(path.to_path_buf()),
            _ => OpenWriteError::wrap_io_error(error, path.to_path_buf()),
        })?;
        Ok(BufWriter::new(Box::new(PlainFile(file))))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.mapped.atomic_read(path)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        // Unique names, because two threads write files.
        let mut half = path.as_os_str().to_owned();
        half.push(".half");
        let half = self.dir.join(half);
        fs::write(&half, data)?;
        fs::rename(half, self.dir.join(path))
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.mapped.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.mapped.watch(callback)
    }
}
