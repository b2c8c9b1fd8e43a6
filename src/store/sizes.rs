//! Size statistics of the store.

use std::ops::Range;

use super::check::each;
use super::engine::{Counter, counter_key};
use super::{Direction, Store, StoreError, Table};
use crate::model::JobState;

/// Sizes of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub rooms: u64,
    /// Messages in all rooms, including answers and deleted ones.
    pub messages: u64,
    /// Size on disk in bytes, if it is known.
    pub bytes: Option<u64>,
}

/// Number of jobs that are only in the store, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    pub scheduled: usize,
    pub retrying: usize,
    pub dead: usize,
}

impl Store {
    /// Adds up the newest numbers of all rooms. Blocking; do not call from async code.
    pub fn sizes(&self) -> Result<Sizes, StoreError> {
        let rooms = counter_key(Table::Rooms, &[]);
        let mut sizes = Sizes { bytes: self.engine.size(), ..Sizes::default() };
        // A damaged one is found by whoever appends next; statistics go on without it.
        let newest = |count: &[u8]| Counter::decode(count).map_or(0, |counter| counter.number);
        self.each(Table::Counters, |key, count| match key.first() {
            _ if key == rooms => sizes.rooms = newest(count),
            Some(table) if *table == Table::Messages as u8 => sizes.messages += newest(count),
            _ => {}
        })?;
        Ok(sizes)
    }

    /// Scans two indexes. Blocking; do not call from async code.
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
