//! Upgrades: a store that an older version wrote is brought to this version's schema, one step after the other, before
//! anything else is done with it.
//!
//! A step reads the old store and writes a new one beside it. Only when that one is complete, checked and durable are the two
//! renamed: a process that is killed leaves the old store as it was, and the next one starts the step again. The old store is
//! kept.
//!
//! A step is one file, with a function for each table that it changes. It names the tables of its old schema by their numbers
//! and not by today's [`Table`]: those may change, the past does not.

mod schema_1;
mod schema_2;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::disk::{self, DiskEngine, Opened, damaged};
use super::engine::{EngineError, Reader, Table};
use super::new_store::{NewStore, verify};
use super::{SCHEMA, StoreOptions};
use crate::threads;
use schema_1::OldStore;

/// The first schema there was.
const FIRST: usize = 1;

/// Opens the store in `dir`, upgraded if it is an older one.
///
/// # Errors
/// As [`DiskEngine::open`]; also for a store of a newer version, and when there is no space for a copy. Nothing is changed then.
pub fn open(dir: &Path, options: StoreOptions) -> Result<DiskEngine, EngineError> {
    finish(dir)?;
    if schema_1::is_there(dir) {
        upgrade(dir, options)?;
    }
    let engine = DiskEngine::open(dir, options.cache_bytes)?;
    // Nobody else writes there: this process holds the store's lock.
    remove_unfinished(dir)?;
    if engine.opened() == Opened::New {
        return Ok(engine);
    }
    match threads::wait(schema(&engine.on_this_thread())).map_err(|what| damaged(dir, &what))? {
        SCHEMA => Ok(engine),
        other => Err(EngineError::Schema(format!(
            "the store in {dir} has schema {other}, and this version of chatbot knows {SCHEMA}: a newer version wrote it. \
             Nothing was changed. Start that version, or restore a backup from before it was installed",
            dir = dir.display()
        ))),
    }
}

/// Whether the next start has to upgrade the store in `dir`. Blocking.
pub fn is_of_older_version(dir: &Path) -> bool {
    schema_1::is_there(dir)
}

/// The number of a store's schema.
async fn schema(reader: &dyn Reader) -> Result<usize, String> {
    let record = reader.get(Table::Meta, b"schema").await.map_err(|error| error.to_string())?;
    let record = record.ok_or("its schema is missing")?;
    let number = std::str::from_utf8(&record).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| "its schema is unreadable".into())
}

/// Brings a store of schema 1 to this version's. When this returns, the new store is in `dir`, and the old one beside it.
fn upgrade(dir: &Path, options: StoreOptions) -> Result<(), EngineError> {
    let start = Instant::now();
    let (unfinished, kept) = (unfinished_dir(dir), kept_dir(dir, FIRST));
    if kept.exists() {
        return Err(EngineError::Schema(format!(
            "the store in {dir} has to be upgraded, and {kept}, where it would be kept, exists already, from an earlier upgrade. \
             Nothing was changed. Move {kept} away or delete it, and start again",
            dir = dir.display(),
            kept = kept.display()
        )));
    }
    // Also while both are renamed.
    let _lock = disk::lock(dir)?;
    let old = OldStore::open(dir)?;
    remove_unfinished(dir)?;
    require_space(dir, &old, options.min_free_bytes)?;
    tracing::info!(from = FIRST, to = SCHEMA, "upgrading the store; a million messages take about a minute");
    let upgraded = write(&old, &unfinished, options)
        .and_then(|records| verify(&unfinished, dir, options.cache_bytes).map(|()| records));
    // sled's files have their place by path.
    drop(old);
    let records = match upgraded {
        Ok(records) => records,
        Err(error) => {
            // It may be what fills the disk.
            remove_unfinished(dir)?;
            return Err(error);
        }
    };
    rename(dir, &kept)?;
    rename(&unfinished, dir)?;
    let seconds = start.elapsed().as_secs_f32();
    tracing::info!(records, seconds, "the store is upgraded; the old one is kept in {}", kept.display());
    Ok(())
}

/// Writes the new store; how many records it has.
fn write(old: &OldStore, to: &Path, options: StoreOptions) -> Result<u64, EngineError> {
    // Half, because the old store takes memory too.
    let mut new = NewStore::create(to, options.cache_bytes / 2)?;
    schema_2::upgrade(old, &mut new)?;
    new.put(Table::Meta, b"schema", SCHEMA.to_string())?;
    new.finish()
}

fn require_space(dir: &Path, old: &OldStore, min_free: u64) -> Result<(), EngineError> {
    const MIB: u64 = 1024 * 1024;
    // It becomes smaller, but for stores that are small anyway.
    let needed = old.bytes().saturating_add(min_free);
    let Some(free) = disk::free_space(dir).filter(|free| *free < needed) else { return Ok(()) };
    Err(EngineError::Schema(format!(
        "the store in {dir} has to be upgraded, and there is not enough space for the copy that this makes: {needed} MiB are \
         needed and {free} MiB are free. Nothing was changed. Free {missing} MiB more, or move the data folder to a larger \
         disk, and start again",
        dir = dir.display(),
        needed = needed.div_ceil(MIB),
        free = free / MIB,
        missing = (needed - free).div_ceil(MIB),
    )))
}

/// Does what a process did not that was killed between its two renames: the old store has left its place by then, so the new
/// one is complete.
fn finish(dir: &Path) -> Result<(), EngineError> {
    let unfinished = unfinished_dir(dir);
    if !dir.exists() && unfinished.exists() { rename(&unfinished, dir) } else { Ok(()) }
}

fn unfinished_dir(dir: &Path) -> PathBuf {
    beside(dir, "upgrading")
}

fn kept_dir(dir: &Path, schema: usize) -> PathBuf {
    beside(dir, &format!("schema-{schema}"))
}

fn beside(dir: &Path, what: &str) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(format!("-{what}"));
    dir.with_file_name(name)
}

fn remove_unfinished(dir: &Path) -> Result<(), EngineError> {
    let unfinished = unfinished_dir(dir);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|error| failed("remove", &unfinished, &error))?;
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<(), EngineError> {
    fs::rename(from, to).map_err(|error| failed("rename", from, &error))?;
    to.parent().map_or(Ok(()), disk::sync_dir)
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> EngineError {
    EngineError::Io(format!("cannot {what} {}: {error}", path.display()))
}
