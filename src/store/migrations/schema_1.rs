//! The store of schema 1, as its program left it: one sled database, with a table's number before each key. It is only read.

use std::path::Path;
use std::sync::Arc;

use crate::store::disk::{Head, damaged, read_acknowledged};
use crate::store::engine::{Direction, EngineError, prefix_range};

/// sled's cache, in bytes. Records are read once, in order.
const CACHE: u64 = 1024 * 1024;

/// sled's file.
const FILE: &str = "db";

pub struct OldStore(Arc<Head>);

/// Whether there is such a store in a folder.
pub fn is_there(dir: &Path) -> bool {
    dir.join(FILE).exists()
}

impl OldStore {
    /// # Errors
    /// When another process uses it, or it is damaged as far as opening can tell.
    pub fn open(dir: &Path) -> Result<Self, EngineError> {
        let head = Head::open(dir.to_owned(), 0, true, CACHE)?;
        let commits = head.state().commits;
        if commits < read_acknowledged(dir) {
            return Err(damaged(dir, "its newest entries are missing"));
        }
        Ok(Self(Arc::new(head)))
    }

    /// Bytes on the disk.
    pub fn bytes(&self) -> u64 {
        self.0.file_bytes()
    }

    pub fn get(&self, table: u8, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.0.get(&[&[table], key].concat())?.flatten())
    }

    /// Shows all records of a table whose key begins with `prefix`, in the order of their keys.
    pub fn each(
        &self,
        table: u8,
        prefix: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let mut rows = self.0.rows(&prefix_range(&[&[table], prefix].concat()), Direction::Forward);
        while let Some((key, value)) = rows.next()? {
            visit(&key[1..], &value.unwrap_or_default())?;
        }
        Ok(())
    }
}
