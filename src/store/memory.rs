//! The in-memory engine, for tests and experiments. Gives all guarantees except persistence.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};

use super::apply::{Transaction, apply, full_key};
use super::engine::{Batch, Direction, Engine, EngineError, Entry, Limit, Outcome, Reader, Snapshot, Table};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Ordered tables in one map.
#[derive(Debug, Default)]
pub struct MemoryEngine {
    map: Mutex<Map>,
    commits: AtomicU64,
}

impl MemoryEngine {
    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock()
    }
}

#[async_trait]
impl Reader for MemoryEngine {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.map().get(&full_key(table, key)).cloned())
    }

    async fn scan(
        &self,
        table: Table,
        range: Range<Vec<u8>>,
        direction: Direction,
        limit: Limit,
    ) -> Result<Vec<Entry>, EngineError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let map = self.map();
        let mut rows = map.range(full_key(table, &range.start)..full_key(table, &range.end));
        let mut next = || match direction {
            Direction::Forward => rows.next(),
            Direction::Backward => rows.next_back(),
        };
        let (mut found, mut bytes) = (Vec::new(), 0);
        while !limit.is_reached(found.len(), bytes)
            && let Some((key, value)) = next()
        {
            let entry = (key[1..].to_vec(), value.clone());
            bytes += entry.0.len() + entry.1.len();
            found.push(entry);
        }
        Ok(found)
    }
}

impl Engine for MemoryEngine {
    fn commit(&self, batches: &[&Batch]) -> Result<Vec<Outcome>, EngineError> {
        let mut map = self.map();
        self.commits.fetch_add(1, Ordering::Relaxed);
        let transaction = RefCell::new(&mut *map);
        batches.iter().map(|batch| apply(&transaction, batch)).collect()
    }

    fn free_space(&self) -> Option<u64> {
        None
    }

    fn size(&self) -> Option<u64> {
        None
    }

    fn snapshot(&self) -> Result<Snapshot, EngineError> {
        let map = self.map();
        let commit = self.commits.load(Ordering::Relaxed);
        let rows = Self { map: Mutex::new(map.clone()), commits: commit.into() };
        Ok(Snapshot { commit, rows: Box::new(rows) })
    }

    fn compact(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn close(&self) -> Result<(), EngineError> {
        Ok(())
    }
}

impl<'a> Transaction<'a> for RefCell<&mut Map> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.borrow().get(key).cloned())
    }

    fn write(&self, key: Vec<u8>, value: Cow<'a, [u8]>) -> Result<(), EngineError> {
        self.borrow_mut().insert(key, value.into_owned());
        Ok(())
    }

    fn remove(&self, key: Vec<u8>) -> Result<(), EngineError> {
        self.borrow_mut().remove(&key);
        Ok(())
    }
}
