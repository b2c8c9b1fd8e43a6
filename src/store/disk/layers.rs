//! The layers of a store at one moment.

use std::ops::Range;
use std::sync::Arc;

use super::head::Head;
use super::merge::Merge;
use super::run::Run;
use crate::store::apply::full_key;
use crate::store::engine::{Direction, EngineError, Entry, Limit, Table};

/// The layers at one moment, newest first.
#[derive(Clone)]
pub(super) struct Layers {
    /// The first is written to; a second one is being turned into a run.
    pub heads: Vec<Arc<Head>>,
    pub runs: Vec<Arc<Run>>,
}

impl Layers {
    /// Whether nothing was ever written.
    pub fn are_empty(&self) -> bool {
        self.heads.len() == 1 && self.runs.is_empty() && self.head().commits() == 0
    }

    /// The head that is written to.
    pub fn head(&self) -> &Arc<Head> {
        &self.heads[0]
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        for head in &self.heads {
            if let Some(found) = head.get(key) {
                return Ok(found);
            }
        }
        for run in &self.runs {
            if let Some(found) = run.get(key)? {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// As [`Layers::get`], if what is in memory suffices: the heads, and blocks of runs that were read a short time ago. `None` if a
    /// file is to be read.
    pub fn get_warm(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        if let Some(found) = self.heads.iter().find_map(|head| head.get(key)) {
            return Some(found);
        }
        for run in &self.runs {
            match run.get_warm(key) {
                Some(None) => {}
                found => return found.flatten(),
            }
        }
        Some(None)
    }

    /// Rows of a table in a range, without those that were removed, up to `limit`.
    pub fn scan(
        &self,
        table: Table,
        range: &Range<Vec<u8>>,
        direction: Direction,
        limit: Limit,
    ) -> Result<Vec<Entry>, EngineError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let range = full_key(table, &range.start)..full_key(table, &range.end);
        let mut rows = Merge::new(&self.heads, &self.runs, &range, direction)?;
        let (mut found, mut bytes) = (Vec::new(), 0);
        while !limit.is_reached(found.len(), bytes)
            && let Some((key, value)) = rows.next()?
        {
            if let Some(value) = value {
                let key = &key[size_of::<Table>()..];
                bytes += key.len() + value.len();
                found.push((key.to_vec(), value.to_vec()));
            }
        }
        Ok(found)
    }
}
