//! How much is kept.

use std::ops::Range;

use super::check::each;
use super::engine::{Counter, counter_key};
use super::{Direction, Store, StoreError, Table};
use crate::model::JobState;

/// How much there is in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub rooms: u64,
    /// Of all rooms, answers and deleted ones included.
    pub messages: u64,
    /// On the disk, where that is known.
    pub bytes: Option<u64>,
}

/// How many jobs there are that are neither in memory nor ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    pub scheduled: usize,
    pub retrying: usize,
    pub dead: usize,
}

impl Store {
    /// Adds up every room's newest number: not for tokio's workers.
    pub fn sizes(&self) -> Result<Sizes, StoreError> {
        let rooms = counter_key(Table::Rooms, &[]);
        let mut sizes = Sizes { bytes: self.engine.size(), ..Sizes::default() };
        self.each(Table::Counters, |key, count| match key.first() {
            _ if key == rooms => sizes.rooms = Counter::decode(count).number,
            Some(table) if *table == Table::Messages as u8 => sizes.messages += Counter::decode(count).number,
            _ => {}
        })?;
        Ok(sizes)
    }

    /// Goes through two indexes: not for tokio's workers.
    pub fn job_counts(&self) -> Result<JobCounts, StoreError> {
        let mut counts = JobCounts::default();
        self.each(Table::DueJobs, |_, state| {
            let is_retrying = state == JobState::Retrying.as_str().as_bytes();
            *(if is_retrying { &mut counts.retrying } else { &mut counts.scheduled }) += 1;
        })?;
        self.each(Table::DeadJobs, |_, _| counts.dead += 1)?;
        Ok(counts)
    }

    /// Shows entries of a range to `visit`, at most `limit`, in order. Reads many; blocking.
    pub(super) fn each_in(
        &self,
        table: Table,
        mut range: Range<Vec<u8>>,
        limit: usize,
        mut visit: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), StoreError> {
        /// Entries read at a time.
        const PAGE: usize = 256;
        for _ in 0..limit.div_ceil(PAGE) {
            let page = self.engine.scan(table, range.clone(), Direction::Forward, PAGE)?;
            page.iter().for_each(|(key, value)| visit(key, value));
            match page.into_iter().next_back() {
                // The smallest key behind the last one seen.
                Some((key, _)) => range.start = [key, vec![0]].concat(),
                None => break,
            }
        }
        Ok(())
    }

    fn each(&self, table: Table, mut visit: impl FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        let read = each(self.engine.as_ref(), table, |key, value| {
            visit(key, value);
            Ok(())
        });
        read.map_err(StoreError::Unreadable)
    }
}
