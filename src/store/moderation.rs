//! Sanctions, reports and the audit log.

use super::apply::number_from;
use super::claims::{Claim, free_number};
use super::engine::Direction;
use super::rooms::RoomNumber;
use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{AuditEntry, Report, Sanction, SanctionId, Timestamp};

/// How often a record looks for a free place that others take at the same time.
const TRIES: usize = 20;

impl Store {
    /// All sanctions, oldest first; they are no more than there are places.
    pub async fn sanctions(&self) -> Result<Vec<Sanction>, StoreError> {
        let mut pages = self.pages_of(Table::Sanctions);
        let mut sanctions = Vec::new();
        while let Some((_, value)) = pages.next().await? {
            sanctions.push(decode(&value)?);
        }
        Ok(sanctions)
    }

    /// Stores a sanction if there are fewer than `most`; `effect` is what it causes in memory. `false` if not.
    pub async fn add_sanction(
        &self,
        mut sanction: Sanction,
        most: u32,
        effect: impl Fn(Sanction) + Clone + Send + 'static,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let taken = self.holders(&Claim::sanction_place(0)).await?;
            let Some(place) = free_number(&taken, most) else { return Ok(false) };
            sanction.place = place;
            let id = sanction.id.as_str();
            let batch = Batch::new(scopes::ADD_SANCTION).claim(&Claim::sanction_place(place), id).put(
                Table::Sanctions,
                id,
                encode(&sanction),
            );
            let (effect, added) = (effect.clone(), sanction.clone());
            if self.commit_if(batch, WriteKind::Maintenance, move || effect(added)).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// Ends a sanction; `None` if there is none of that id.
    pub async fn remove_sanction(
        &self,
        id: &SanctionId,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<Option<Sanction>, StoreError> {
        let Some(value) = self.engine.get(Table::Sanctions, id.as_str().as_bytes()).await? else { return Ok(None) };
        let sanction: Sanction = decode(&value)?;
        let batch = Batch::new(scopes::REMOVE_SANCTION)
            .if_equal(Table::Sanctions, id.as_str(), value)
            .delete(Table::Sanctions, id.as_str())
            .release(&Claim::sanction_place(sanction.place));
        let is_removed = self.commit_if(batch, WriteKind::Maintenance, effect).await?;
        Ok(Some(sanction).filter(|_| is_removed))
    }

    /// The open reports, by room and number; they are no more than there are places.
    pub async fn reports(&self) -> Result<Vec<(RoomNumber, Report)>, StoreError> {
        let mut pages = self.pages_of(Table::Reports);
        let mut reports = Vec::new();
        while let Some((key, value)) = pages.next().await? {
            reports.push((RoomNumber::from_key(&key), decode(&value)?));
        }
        Ok(reports)
    }

    /// Stores the report of a message, if there is none of it yet and there are fewer than `most`; `false` if those are too many.
    pub async fn add_report(&self, room: RoomNumber, mut report: Report, most: u32) -> Result<bool, StoreError> {
        let key = room.key(report.seq);
        for _ in 0..TRIES {
            if self.engine.get(Table::Reports, &key).await?.is_some() {
                return Ok(true);
            }
            let taken = self.holders(&Claim::report_place(0)).await?;
            let Some(place) = free_number(&taken, most) else { return Ok(false) };
            report.place = place;
            let batch = Batch::new(scopes::ADD_REPORT)
                .if_absent(Table::Reports, key.clone())
                .claim(&Claim::report_place(place), &report_id(room, report.seq))
                .put(Table::Reports, key.clone(), encode(&report));
            if self.commit_if(batch, WriteKind::Growth, || ()).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// Changes the report of a message; `false` if it is not what it was any more.
    pub async fn change_report(&self, room: RoomNumber, from: &Report, to: &Report) -> Result<bool, StoreError> {
        let key = room.key(from.seq);
        let batch = Batch::new(scopes::CHANGE_REPORT).if_equal(Table::Reports, key.clone(), encode(from));
        self.commit_if(batch.put(Table::Reports, key, encode(to)), WriteKind::Maintenance, || ()).await
    }

    /// Removes the report of a message; `None` if there is none.
    pub async fn remove_report(&self, room: RoomNumber, seq: u64) -> Result<Option<Report>, StoreError> {
        let key = room.key(seq);
        let Some(value) = self.engine.get(Table::Reports, &key).await? else { return Ok(None) };
        let report: Report = decode(&value)?;
        let batch = Batch::new(scopes::REMOVE_REPORT)
            .if_equal(Table::Reports, key.clone(), value)
            .delete(Table::Reports, key)
            .release(&Claim::report_place(report.place));
        let is_removed = self.commit_if(batch, WriteKind::Maintenance, || ()).await?;
        Ok(Some(report).filter(|_| is_removed))
    }

    /// Adds an entry to the audit log.
    pub async fn add_audit_entry(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let batch = Batch::new(scopes::ADD_AUDIT_ENTRY).append(Table::AuditLog, [], encode(entry));
        self.commit(batch, WriteKind::Maintenance).await.map(drop)
    }

    /// Removes the oldest entries of the audit log, up to the first one that is not from before that moment; how many.
    pub async fn prune_audit_log(&self, before: Timestamp) -> Result<usize, StoreError> {
        let mut pages = self.pages_of(Table::AuditLog);
        let mut pruned = 0;
        loop {
            let page = pages.next_page().await?;
            let mut batch = Batch::new(scopes::PRUNE_AUDIT_LOG);
            let mut old = 0;
            for (key, value) in &page {
                if decode::<AuditEntry>(value)?.at >= before {
                    break;
                }
                batch = batch.delete(Table::AuditLog, key.clone());
                old += 1;
            }
            if old > 0 {
                self.commit(batch, WriteKind::Maintenance).await?;
            }
            pruned += old;
            if old < page.len() || page.is_empty() {
                return Ok(pruned);
            }
        }
    }

    /// Entries of the audit log with smaller numbers than `before` that are wanted, newest first, at most `limit`. Reads all entries
    /// up to the last of them.
    pub async fn audit_entries(
        &self,
        before: Option<u64>,
        limit: usize,
        is_wanted: impl Fn(&AuditEntry) -> bool,
    ) -> Result<Vec<(u64, AuditEntry)>, StoreError> {
        let range = vec![]..before.unwrap_or(u64::MAX).to_be_bytes().to_vec();
        let mut pages = self.pages(Table::AuditLog, range).from(Direction::Backward);
        let mut entries = Vec::new();
        while entries.len() < limit
            && let Some((key, value)) = pages.next().await?
        {
            let entry = Some(decode::<AuditEntry>(&value)?).filter(&is_wanted);
            entries.extend(entry.map(|entry| (number_from(&key), entry)));
        }
        Ok(entries)
    }
}

/// What refers to the report of a message.
pub fn report_id(room: RoomNumber, seq: u64) -> String {
    format!("{}-{seq}", room.get())
}
