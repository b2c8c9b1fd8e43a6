//! Retention: the messages of a room that are not kept any more are removed, oldest first, and then what refers to them.
//!
//! A message leaves together with the note which one is the oldest now, from which everything else follows: a stop at any moment
//! leaves nothing behind that the next purge does not find.

use std::collections::HashMap;

use super::apply::{counter_key, number_from};
use super::job_index::StoredJob;
use super::rooms::RoomNumber;
use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{Message, Retention, RoomName, RoomRecord, Timestamp};

impl Store {
    /// Number of the oldest message that a room keeps, or of the next one where all were purged.
    pub async fn oldest_kept(&self, room: RoomNumber) -> Result<u64, StoreError> {
        let oldest = self.engine.get(Table::OldestKept, &room.prefix()).await?;
        Ok(oldest.as_deref().map_or(1, number_from))
    }

    /// Rooms whose oldest messages were purged, with the number of the oldest that is kept. Reads all of them.
    pub async fn purged_rooms(&self) -> Result<Vec<(RoomNumber, u64)>, StoreError> {
        let mut rooms = self.pages_of(Table::OldestKept);
        let mut purged = Vec::new();
        while let Some((key, oldest)) = rooms.next().await? {
            purged.push((RoomNumber::from_key(&key), number_from(&oldest)));
        }
        Ok(purged)
    }

    /// Removes a part of the messages that a room with these settings does not keep any more, up to the first one whose job has not
    /// ended; how many. None when there are none, or the room changes at the same moment. `effect` is what it causes in memory that
    /// a message of this number is the oldest, or the next one.
    pub async fn purge_messages(
        &self,
        room: RoomNumber,
        record: &RoomRecord,
        retention: Retention,
        effect: impl FnOnce(u64) + Send + 'static,
    ) -> Result<u64, StoreError> {
        let first = self.oldest_kept(room).await?;
        let next = self.first_to_keep(room, first, retention).await?;
        if first > 1 {
            // A stop may have come between the two commits of the last purge.
            self.purge_changes(room, first).await?;
        }
        if next == first {
            return Ok(0);
        }
        let batch = Batch::new(scopes::PURGE_MESSAGES).if_equal(Table::Rooms, room.prefix(), encode(record));
        let batch = match first {
            1 => batch.if_absent(Table::OldestKept, room.prefix()),
            _ => batch.if_equal(Table::OldestKept, room.prefix(), first.to_be_bytes()),
        };
        let batch = batch.put(Table::OldestKept, room.prefix(), next.to_be_bytes());
        let batch = batch.remove(Table::Messages, room.prefix(), first..next);
        let change_feed = self.change_feed.clone();
        let on_commit = move || {
            change_feed.note_purged(room, next);
            effect(next);
        };
        if !self.commit_if(batch, WriteKind::Maintenance, on_commit).await? {
            return Ok(0);
        }
        self.purge_changes(room, next).await?;
        Ok(next - first)
    }

    /// The number behind those messages from `first` on that are not kept any more; at most a page behind.
    async fn first_to_keep(&self, room: RoomNumber, first: u64, retention: Retention) -> Result<u64, StoreError> {
        let last = self.last_seq(room).await?;
        let until = retention.until(Timestamp::now());
        let most = u64::from(retention.messages);
        let is_expired = |seq: u64, message: &Message| {
            until.is_some_and(|until| message.at <= until) || (most > 0 && seq + most <= last)
        };
        let range = || room.key(first)..room.key(last.saturating_add(1));
        // In most rooms the oldest one is kept: reading more of them would be in vain.
        let oldest = self.pages(Table::Messages, range()).at_most(1).next().await?;
        let Some((_, oldest)) = oldest.filter(|(key, _)| number_from(key) == first) else { return Ok(first) };
        if !is_expired(first, &decode(&oldest)?) {
            return Ok(first);
        }
        let mut next = first;
        for (key, record) in self.pages(Table::Messages, range()).next_page().await? {
            let message: Message = decode(&record)?;
            if number_from(&key) != next || !is_expired(next, &message) || self.is_in_progress(&message).await? {
                break;
            }
            next += 1;
        }
        Ok(next)
    }

    /// Whether the job that a message asked for has not ended.
    async fn is_in_progress(&self, message: &Message) -> Result<bool, StoreError> {
        let Some(id) = &message.job else { return Ok(false) };
        Ok(self.job(id).await?.is_some_and(|stored| !stored.job.state.has_ended()))
    }

    /// Removes what is noted of changes of messages below `oldest`. Behind the commit that removed these, so none changes any more.
    async fn purge_changes(&self, room: RoomNumber, oldest: u64) -> Result<(), StoreError> {
        let counter = counter_key(Table::Messages, &room.prefix());
        let under = |last: &[u8]| [counter.as_slice(), last].concat();
        let mut changed = self.pages(Table::ChangedAt, counter.clone()..under(&oldest.to_be_bytes()));
        loop {
            let page = changed.next_page().await?;
            if page.is_empty() {
                return Ok(());
            }
            let batch = page.into_iter().fold(Batch::new(scopes::PURGE_CHANGES), |batch, (key, version)| {
                batch.delete(Table::ChangedAt, key).delete(Table::Changes, under(&version))
            });
            self.commit(batch, WriteKind::Maintenance).await?;
        }
    }

    /// Removes the ended jobs whose messages were purged; how many. Reads every job.
    pub async fn purge_jobs(&self) -> Result<usize, StoreError> {
        let mut oldest: HashMap<RoomName, u64> = HashMap::new();
        let mut jobs = self.pages_of(Table::Jobs);
        let mut purged = 0;
        while let Some((_, record)) = jobs.next().await? {
            let stored = StoredJob::decode(&record)?;
            let Some(name) = stored.job.room.clone().filter(|_| stored.job.state.has_ended()) else { continue };
            let oldest = match oldest.get(&name) {
                Some(oldest) => *oldest,
                None => {
                    let kept = self.oldest_kept_of(&name).await?;
                    oldest.insert(name, kept);
                    kept
                }
            };
            if stored.belongs_to().is_some_and(|seq| seq < oldest) {
                purged += usize::from(self.remove_job(&stored).await?);
            }
        }
        Ok(purged)
    }

    async fn oldest_kept_of(&self, name: &RoomName) -> Result<u64, StoreError> {
        match self.engine.get(Table::RoomNames, name.as_str().as_bytes()).await? {
            Some(number) => self.oldest_kept(RoomNumber::new(number_from(&number))).await,
            None => Ok(1),
        }
    }

    /// Removes the reports of messages that were purged; how many.
    pub async fn purge_reports(&self) -> Result<usize, StoreError> {
        let mut purged = 0;
        for (room, report) in self.reports().await? {
            if report.seq < self.oldest_kept(room).await? {
                purged += usize::from(self.remove_report(room, report.seq).await?.is_some());
            }
        }
        Ok(purged)
    }
}
