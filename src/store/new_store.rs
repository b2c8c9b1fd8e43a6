//! A store that is written from records of another one: by an upgrade, and from a backup.

use std::path::Path;

use super::disk::{DiskEngine, damaged};
use super::engine::{Batch, Engine, EngineError, Outcome, Scope, Table};
use super::sessions::OWNER_KEY;
use super::{check, claims, new_epoch, place};
use crate::threads;

/// Bytes of records in one commit: few syncs, little memory.
const GROUP: usize = 1024 * 1024;

/// A store that is not complete yet. All methods block.
pub struct NewStore {
    engine: DiskEngine,
    waiting: Vec<Batch>,
    waiting_bytes: usize,
    written: u64,
}

impl NewStore {
    /// Begins one in a folder that is made. `cache_bytes` is about what its newest rows may take in memory.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(dir: &Path, cache_bytes: u64) -> Result<Self, EngineError> {
        Ok(Self { engine: DiskEngine::open(dir, cache_bytes)?, waiting: Vec::new(), waiting_bytes: 0, written: 0 })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When it cannot be written; the store is of no use then.
    pub fn put(&mut self, table: Table, key: &[u8], value: impl Into<Vec<u8>>) -> Result<(), EngineError> {
        self.add(Batch::new(Scope::ANY).put(table, key, value))
    }

    /// Adds a record of another store, as it was there, except that clients are to drop what they had of that store: numbering
    /// begins a new epoch.
    ///
    /// # Errors
    /// As for [`NewStore::put`].
    pub fn restore(&mut self, table: Table, key: &[u8], value: &[u8], sign_ins: SignIns) -> Result<(), EngineError> {
        match (table, key) {
            (Table::Meta, key) if key == place::KEY.as_bytes() => Ok(()),
            (Table::Meta, b"epoch") => self.put(table, key, new_epoch()),
            _ if sign_ins == SignIns::Ended && is_of_sign_in(table, key) => Ok(()),
            _ => self.put(table, key, value),
        }
    }

    /// Adds several records at once. What they are conditioned on must be so.
    pub(super) fn add(&mut self, batch: Batch) -> Result<(), EngineError> {
        self.waiting_bytes += batch.bytes();
        self.waiting.push(batch);
        if self.waiting_bytes < GROUP { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), EngineError> {
        let outcomes = self.engine.commit(&self.waiting.iter().collect::<Vec<_>>())?;
        if let Some(Outcome::Refused { table, .. }) = outcomes.iter().find(|one| matches!(one, Outcome::Refused { .. }))
        {
            return Err(EngineError::Io(format!("{table:?} was written to twice")));
        }
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        self.waiting_bytes = 0;
        Ok(())
    }

    /// Makes it a store that can be opened, durable; how much was added.
    ///
    /// # Errors
    /// As for [`NewStore::put`].
    pub fn finish(mut self) -> Result<u64, EngineError> {
        self.write()?;
        self.engine.mark_created()?;
        self.engine.close()?;
        Ok(self.written)
    }
}

/// What becomes of sessions, programs' tokens and the owner's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIns {
    Kept,
    /// Everybody has to sign in anew; tokens have to be made anew, and so has the owner's key.
    Ended,
}

fn is_of_sign_in(table: Table, key: &[u8]) -> bool {
    match table {
        Table::Sessions | Table::SessionsOf | Table::Tokens | Table::TokensOf => true,
        Table::Meta => key == OWNER_KEY.as_bytes(),
        Table::Claims => claims::is_of_token(key),
        _ => false,
    }
}

/// Reads a new store of this version's schema from the disk, and checks that it does not contradict itself. Blocks.
///
/// # Errors
/// When it does, or cannot be read; `dir` is the folder that is named then.
pub fn verify(new: &Path, dir: &Path, cache_bytes: u64) -> Result<(), EngineError> {
    let engine = DiskEngine::open(new, cache_bytes)?;
    threads::wait(check::check(&engine.on_this_thread())).map_err(|what| damaged(dir, &what))?;
    engine.close()
}
