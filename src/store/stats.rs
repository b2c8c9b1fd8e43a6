//! Job statistics of the last day, by minute.

use super::engine::number_from;
use super::writer::WriteKind;
use super::{Batch, Direction, Store, StoreError, Table, decode, encode};
use crate::model::JobMinute;

impl Store {
    /// Stored minutes, each with its number since 1970, from `first` on. Blocking; do not call from async code.
    pub fn job_minutes(&self, first: u64) -> Result<Vec<(u64, JobMinute)>, StoreError> {
        let range = first.to_be_bytes().to_vec()..vec![u8::MAX; 9];
        let found = self.engine.scan(Table::JobStats, range, Direction::Forward, usize::MAX)?;
        found.iter().map(|(key, value)| Ok((number_from(key), decode(value)?))).collect()
    }

    /// Stores minutes and deletes those before `first`.
    pub async fn put_job_minutes(&self, minutes: &[(u64, JobMinute)], first: u64) -> Result<(), StoreError> {
        let old = vec![]..first.to_be_bytes().to_vec();
        let old = self.engine.scan(Table::JobStats, old, Direction::Forward, usize::MAX)?;
        let batch = minutes.iter().fold(Batch::new(), |batch, (number, minute)| {
            batch.put(Table::JobStats, number.to_be_bytes(), encode(minute))
        });
        let batch = old.into_iter().fold(batch, |batch, (key, _)| batch.delete(Table::JobStats, key));
        self.commit(batch, WriteKind::Maintenance).await.map(drop)
    }
}
