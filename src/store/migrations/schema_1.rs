//! The store of schema 1, as its program left it: one sled database, with a table's number before each key. It is only read.

use std::path::Path;

use crate::store::disk::{Database, damaged, read_acknowledged};
use crate::store::engine::{EngineError, prefix_range};

/// sled's cache, in bytes. Records are read once, in order.
const CACHE: u64 = 1024 * 1024;

/// The segments of its sled database, in bytes.
const SEGMENT: usize = 8 * 1024 * 1024;

/// sled's file.
const FILE: &str = "db";

/// Where the number of commits is, before all tables.
const COMMITS: &[u8] = b"\0commits";

pub struct OldStore(Database);

/// Whether there is such a store in a folder.
pub fn is_there(dir: &Path) -> bool {
    dir.join(FILE).exists()
}

impl OldStore {
    /// # Errors
    /// When another process uses it, or it is damaged as far as opening can tell.
    pub fn open(dir: &Path) -> Result<Self, EngineError> {
        let database = Database::open(dir.to_owned(), SEGMENT, CACHE)?;
        let commits = database.get(COMMITS)?;
        let commits = commits.as_ref().and_then(|count| count.first_chunk()).map(|count| u64::from_be_bytes(*count));
        match commits {
            None => Err(damaged(dir, "it opens empty although it held data")),
            Some(commits) if commits < read_acknowledged(dir) => Err(damaged(dir, "its newest entries are missing")),
            Some(_) => Ok(Self(database)),
        }
    }

    /// Bytes on the disk.
    pub fn bytes(&self) -> u64 {
        self.0.file_bytes()
    }

    pub fn get(&self, table: u8, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.0.get(&[&[table], key].concat())?.map(|value| value.to_vec()))
    }

    /// Shows all records of a table whose key begins with `prefix`, in the order of their keys.
    pub fn each(
        &self,
        table: u8,
        prefix: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        for row in self.0.rows(prefix_range(&[&[table], prefix].concat())) {
            let (key, value) = row?;
            visit(&key[1..], &value)?;
        }
        Ok(())
    }
}
