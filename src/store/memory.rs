//! The in-memory engine, for tests and experiments. Gives all guarantees except persistence.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use parking_lot::{Mutex, MutexGuard};

use super::engine::{Batch, Direction, Engine, EngineError, Entry, Outcome, Table, Transaction, apply, full_key};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Ordered tables in one map.
#[derive(Debug, Default)]
pub struct MemoryEngine {
    map: Mutex<Map>,
}

impl MemoryEngine {
    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock()
    }
}

impl Engine for MemoryEngine {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.map().get(&full_key(table, key)).cloned())
    }

    fn scan(
        &self,
        table: Table,
        range: Range<Vec<u8>>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, EngineError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let map = self.map();
        let found = map.range(full_key(table, &range.start)..full_key(table, &range.end));
        let entry = |(key, value): (&Vec<u8>, &Vec<u8>)| (key[1..].to_vec(), value.clone());
        Ok(match direction {
            Direction::Forward => found.take(limit).map(entry).collect(),
            Direction::Backward => found.rev().take(limit).map(entry).collect(),
        })
    }

    fn commit(&self, batches: &[&Batch]) -> Result<Vec<Outcome>, EngineError> {
        let mut map = self.map();
        let transaction = RefCell::new(&mut *map);
        batches.iter().map(|batch| apply(&transaction, batch)).collect()
    }

    fn free_space(&self) -> Option<u64> {
        None
    }

    fn size(&self) -> Option<u64> {
        None
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
