//! An engine that fails when it is told to, and notes what it wrote: for tests of the promises between it and the store.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::engine::{Batch, Direction, Engine, EngineError, Entry, Limit, Operation, Outcome, Reader, Snapshot, Table};
use super::{Closing, Facts, MemoryEngine, Store, StoreOptions, initialize};
use crate::threads;

type Fault = fn() -> EngineError;

/// The database is away.
pub fn away() -> EngineError {
    EngineError::Away("a test".into())
}

/// What comes next fails, as often as there are faults.
#[derive(Default)]
pub struct Faults {
    commits: Mutex<Vec<Fault>>,
    reads: Mutex<Vec<Fault>>,
    touched: Mutex<HashMap<&'static str, HashSet<Table>>>,
}

impl Faults {
    /// The next commit fails.
    pub fn fail_commit(&self, fault: Fault) {
        self.commits.lock().push(fault);
    }

    /// The tables that batches touched so far, by the names of their scopes.
    pub fn touched(&self) -> HashMap<&'static str, HashSet<Table>> {
        self.touched.lock().clone()
    }

    fn note(&self, batch: &Batch) {
        let mut touched = self.touched.lock();
        let tables = touched.entry(batch.scope.name()).or_default();
        tables.extend(batch.conditions.iter().map(|condition| condition.table));
        tables.extend(batch.append.iter().flat_map(|append| [append.table, Table::Counters]));
        for operation in &batch.operations {
            match operation {
                Operation::Put { table, .. }
                | Operation::PutNumbered { table, .. }
                | Operation::Delete { table, .. } => {
                    tables.insert(*table);
                }
                Operation::Touch { .. } => tables.extend([Table::Counters, Table::Changes, Table::ChangedAt]),
                Operation::Remove { table, .. } | Operation::Grow { table, .. } => {
                    tables.extend([*table, Table::Counters]);
                }
            }
        }
    }

    /// The next read fails.
    pub fn fail_read(&self, fault: Fault) {
        self.reads.lock().push(fault);
    }
}

struct FaultyEngine {
    engine: MemoryEngine,
    faults: Arc<Faults>,
}

fn next(faults: &Mutex<Vec<Fault>>) -> Result<(), EngineError> {
    faults.lock().pop().map_or(Ok(()), |fault| Err(fault()))
}

#[async_trait]
impl Reader for FaultyEngine {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        next(&self.faults.reads)?;
        self.engine.get(table, key).await
    }

    async fn scan(
        &self,
        table: Table,
        range: Range<Vec<u8>>,
        direction: Direction,
        limit: Limit,
    ) -> Result<Vec<Entry>, EngineError> {
        next(&self.faults.reads)?;
        self.engine.scan(table, range, direction, limit).await
    }
}

impl Engine for FaultyEngine {
    fn commit(&self, batches: &[&Batch]) -> Result<Vec<Outcome>, EngineError> {
        next(&self.faults.commits)?;
        batches.iter().for_each(|batch| self.faults.note(batch));
        self.engine.commit(batches)
    }

    fn free_space(&self) -> Option<u64> {
        None
    }

    fn size(&self) -> Option<u64> {
        None
    }

    fn snapshot(&self) -> Result<Snapshot, EngineError> {
        next(&self.faults.reads)?;
        self.engine.snapshot()
    }

    fn compact(&self) -> Result<(), EngineError> {
        self.engine.compact()
    }

    fn close(&self) -> Result<(), EngineError> {
        self.engine.close()
    }
}

impl Store {
    /// An in-memory store that fails when it is told to.
    pub fn with_faults(
        on_failure: impl FnOnce(String) + Send + 'static,
    ) -> Result<(Arc<Self>, Closing, Arc<Faults>), EngineError> {
        let faults = Arc::<Faults>::default();
        let engine = FaultyEngine { engine: MemoryEngine::default(), faults: faults.clone() };
        initialize(&engine)?;
        let facts = threads::wait(Facts::read(&engine)).map_err(EngineError::Damaged)?;
        let (store, closing) =
            Self::start(Arc::new(engine), facts, Arc::default(), StoreOptions::default(), on_failure)?;
        Ok((store, closing, faults))
    }
}
