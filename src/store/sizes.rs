//! Size statistics of the store.

use super::apply::{Counter, counter_key};
use super::{Store, StoreError, Table};
use crate::model::JobState;

/// Sizes of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub rooms: u64,
    /// Messages ever stored in the rooms there are, including answers, deleted and purged ones.
    pub messages: u64,
    /// Of these, how many were purged.
    pub purged: u64,
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
    /// Adds up the newest numbers of all rooms.
    pub async fn sizes(&self) -> Result<Sizes, StoreError> {
        let rooms = counter_key(Table::Rooms, &[]);
        let mut sizes = Sizes { bytes: self.engine.size(), ..Sizes::default() };
        // A damaged one is found by whoever appends next; statistics go on without it.
        let newest = |count: &[u8]| Counter::decode(count).map_or(0, |counter| counter.number);
        let mut counters = self.pages_of(Table::Counters);
        while let Some((key, count)) = counters.next().await? {
            match key.first() {
                _ if key == rooms => sizes.rooms = newest(&count),
                Some(table) if *table == Table::Messages as u8 => sizes.messages += newest(&count),
                _ => {}
            }
        }
        sizes.purged = self.purged_rooms().await?.into_iter().map(|(_, oldest)| oldest.saturating_sub(1)).sum();
        Ok(sizes)
    }

    /// Counts the entries of two indexes.
    pub async fn job_counts(&self) -> Result<JobCounts, StoreError> {
        let mut counts = JobCounts::default();
        let mut due = self.pages_of(Table::DueJobs);
        while let Some((_, state)) = due.next().await? {
            let is_retrying = state == JobState::Retrying.as_str().as_bytes();
            *(if is_retrying { &mut counts.retrying } else { &mut counts.scheduled }) += 1;
        }
        let mut dead = self.pages_of(Table::DeadJobs);
        while dead.next().await?.is_some() {
            counts.dead += 1;
        }
        Ok(counts)
    }
}
