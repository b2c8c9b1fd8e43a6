//! Quotas: what the store may take in all, and each room.
//!
//! What a room's messages take is counted in the commits that store, change and remove them, and compared in the commit that adds
//! one: that costs no read. What documents take is known in memory.

use std::sync::Arc;

use super::apply::{Counter, Tally, counter_key, record_bytes};
use super::documents::DocumentBytes;
use super::rooms::RoomNumber;
use super::writer::WriteKind;
use super::{Batch, Engine, Store, StoreError, Table, prefix_range, scopes};
use crate::model::RoomName;

/// Bytes that may be taken; `None` for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// By the database and the files of documents together.
    pub total: Option<u64>,
    /// By the messages and documents of each room.
    pub per_room: Option<u64>,
}

impl Quotas {
    pub const NONE: Self = Self { total: None, per_room: None };

    /// Tells whether something new may be stored: so many bytes stay free on the disk, and the quota is not reached.
    pub(super) fn space(
        self,
        engine: Arc<dyn Engine>,
        documents: Arc<DocumentBytes>,
        min_free: u64,
    ) -> impl Fn() -> bool + Send + 'static {
        move || {
            let taken = || engine.size().unwrap_or(0).saturating_add(documents.total());
            let is_within = self.total.is_none_or(|total| taken() < total);
            is_within && engine.free_space().is_none_or(|free| free >= min_free)
        }
    }
}

impl Store {
    /// What may be taken.
    pub fn quotas(&self) -> Quotas {
        self.quotas
    }

    /// Bytes that the messages of a room may take.
    pub fn message_quota(&self, room: &RoomName) -> Option<u64> {
        Some(self.quotas.per_room?.saturating_sub(self.document_bytes.of(room)))
    }

    /// Bytes that a room's messages and documents take; `None` while those are being added up that were stored before they were
    /// counted.
    pub async fn room_bytes(&self, number: RoomNumber, name: &RoomName) -> Result<Option<u64>, StoreError> {
        let messages = Tally::read(self.engine.as_ref(), Table::Messages, &number.prefix()).await?.bytes;
        Ok(messages.map(|bytes| bytes.saturating_add(self.document_bytes.of(name))))
    }

    /// Whether a room may take so many bytes more. One that does not exist takes what its documents do.
    pub async fn has_room_for(&self, name: &RoomName, bytes: u64) -> Result<bool, StoreError> {
        let Some(quota) = self.quotas.per_room else { return Ok(true) };
        let taken = match self.room(name).await? {
            Some((number, _)) => self.room_bytes(number, name).await?.unwrap_or(0),
            None => self.document_bytes.of(name),
        };
        Ok(taken.saturating_add(bytes) <= quota)
    }

    /// Adds up what rooms take whose first messages were stored before bytes were counted; how many rooms. One that changes at the
    /// same moment is left to the next time.
    pub async fn count_room_bytes(&self) -> Result<usize, StoreError> {
        let mut counters = self.pages(Table::Counters, prefix_range(&counter_key(Table::Messages, &[])));
        let mut counted = 0;
        while let Some((key, record)) = counters.next().await? {
            let tally = Tally::decode(&record)?;
            if tally.bytes.is_some() {
                continue;
            }
            let room = RoomNumber::from_key(key.get(1..).unwrap_or_default());
            let bytes = Some(self.add_up(room, tally.counter).await?);
            let batch = Batch::new(scopes::COUNT_BYTES).if_equal(Table::Counters, key.clone(), record).put(
                Table::Counters,
                key,
                Tally { bytes, ..tally }.encode(),
            );
            counted += usize::from(self.commit_if(batch, WriteKind::Maintenance, || ()).await?);
        }
        Ok(counted)
    }

    async fn add_up(&self, room: RoomNumber, counter: Counter) -> Result<u64, StoreError> {
        let mut messages = self.pages(Table::Messages, room.key(0)..room.key(counter.number.saturating_add(1)));
        let mut bytes = 0;
        while let Some((_, message)) = messages.next().await? {
            bytes += record_bytes(&room.prefix(), &message);
        }
        Ok(bytes)
    }
}
