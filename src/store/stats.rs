//! Job statistics of the last day, by minute.

use super::apply::number_from;
use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::JobMinute;

impl Store {
    /// Stored minutes, each with its number since 1970, from `first` on. They are as many as there were since then at most.
    pub async fn job_minutes(&self, first: u64) -> Result<Vec<(u64, JobMinute)>, StoreError> {
        let mut pages = self.pages(Table::JobStats, first.to_be_bytes().to_vec()..vec![u8::MAX; 9]);
        let mut minutes = Vec::new();
        while let Some((key, value)) = pages.next().await? {
            minutes.push((number_from(&key), decode(&value)?));
        }
        Ok(minutes)
    }

    /// Stores minutes and deletes those before `first`: never more than are kept, a day's.
    pub async fn put_job_minutes(&self, minutes: &[(u64, JobMinute)], first: u64) -> Result<(), StoreError> {
        let mut batch = minutes.iter().fold(Batch::new(scopes::KEEP_STATS), |batch, (number, minute)| {
            batch.put(Table::JobStats, number.to_be_bytes(), encode(minute))
        });
        let mut old = self.pages(Table::JobStats, vec![]..first.to_be_bytes().to_vec());
        while let Some((key, _)) = old.next().await? {
            batch = batch.delete(Table::JobStats, key);
        }
        self.commit(batch, WriteKind::Maintenance).await.map(drop)
    }
}
