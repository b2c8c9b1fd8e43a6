//! Rooms that are removed: those of connections that could not find them again, and those in which nothing was ever said.
//!
//! A room leaves the store in one commit; what was said in it follows in further ones, which a stop may cut short.

use super::apply::{counter_key, number_from};
use super::job_index::StoredJob;
use super::jobs::JobList;
use super::rooms::{RoomNumber, list_members, named_members};
use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, prefix_range, scopes};
use crate::model::{BotMode, Principal, RoomKind, RoomName, RoomRecord, Timestamp};

/// How often the removal of a room is tried that others change at the same time.
const TRIES: usize = 20;

impl Store {
    /// Names of temporary rooms, at most `limit`: those of connections that are open, and those that a stop left. Reads many.
    pub async fn temporary_rooms(&self, limit: usize) -> Result<Vec<RoomName>, StoreError> {
        let prefix = prefix_range(RoomName::TEMPORARY_PREFIX.as_bytes());
        let mut found = self.pages(Table::RoomNames, prefix).at_most(limit);
        let mut names = Vec::new();
        while let Some((_, number)) = found.next().await? {
            names.push(self.room_record(RoomNumber::new(number_from(&number))).await?.1.name);
        }
        Ok(names)
    }

    /// Removes a temporary room with all that was said and done in it; `false`, and the room stays, while something is still
    /// being done there.
    pub async fn remove_temporary_room(&self, name: &RoomName) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let Some((number, record)) = self.room(name).await? else { return Ok(true) };
            for owner in &record.members {
                if self.has_work(owner).await? {
                    return Ok(false);
                }
            }
            if self.try_to_remove_room(number, &record).await? {
                self.remove_messages(number).await?;
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// Removes a temporary room whose owners' work has ended; `false` when others change something of it at the same moment, who
    /// may be about to remove it, too.
    async fn try_to_remove_room(&self, number: RoomNumber, record: &RoomRecord) -> Result<bool, StoreError> {
        let counter = counter_key(Table::Messages, &number.prefix());
        let said = self.engine.get(Table::Counters, &counter).await?;
        for owner in &record.members {
            if !self.remove_work_of(owner).await? {
                return Ok(false);
            }
        }
        let batch = Batch::new(scopes::REMOVE_TEMPORARY_ROOM).if_equal(Table::Rooms, number.prefix(), encode(record));
        let batch = match said {
            Some(said) => batch.if_equal(Table::Counters, counter.clone(), said),
            None => batch.if_absent(Table::Counters, counter.clone()),
        };
        let batch = batch
            .delete(Table::Counters, counter)
            .delete(Table::Rooms, number.prefix())
            .delete(Table::RoomNames, record.name.as_str())
            .delete(Table::OldestKept, number.prefix())
            .put(Table::RemovedRooms, number.prefix(), []);
        self.commit_if(batch, WriteKind::Maintenance, || ()).await
    }

    /// Public rooms that were made before and in which nothing was said or set up since, at most `limit`. Reads many.
    pub async fn empty_rooms(
        &self,
        before: Timestamp,
        bot: BotMode,
        limit: usize,
    ) -> Result<Vec<RoomRecord>, StoreError> {
        let mut rooms = self.pages_of(Table::Rooms);
        let mut empty = Vec::new();
        while empty.len() < limit
            && let Some((number, record)) = rooms.next().await?
        {
            let record: RoomRecord = decode(&record)?;
            let as_made = RoomRecord {
                created_at: record.created_at,
                ..RoomRecord::new(record.name.clone(), bot, record.owner.as_ref())
            };
            let is_unused = record.created_at < before && record.kind == RoomKind::Public && record == as_made;
            let counter = counter_key(Table::Messages, &number);
            if is_unused && self.engine.get(Table::Counters, &counter).await?.is_none() {
                empty.push(record);
            }
        }
        Ok(empty)
    }

    /// Removes a room in which nothing was said; `false` when something is said or changed there at the same moment. Nobody may
    /// be about to.
    pub async fn remove_empty_room(&self, record: &RoomRecord) -> Result<bool, StoreError> {
        let Some((number, _)) = self.room(&record.name).await? else { return Ok(false) };
        let batch = Batch::new(scopes::REMOVE_EMPTY_ROOM)
            .if_equal(Table::Rooms, number.prefix(), encode(record))
            .if_absent(Table::Counters, counter_key(Table::Messages, &number.prefix()))
            .delete(Table::Rooms, number.prefix())
            .delete(Table::RoomNames, record.name.as_str());
        self.commit_if(batch, WriteKind::Maintenance, || ()).await
    }

    /// Removes a room that people set up, or a direct one, whatever was said in it: that follows. `effect` is what it causes in memory.
    /// `false` if the room changes at the same moment.
    pub async fn remove_room(
        &self,
        record: &RoomRecord,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<bool, StoreError> {
        let Some((number, _)) = self.room(&record.name).await? else { return Ok(true) };
        let batch = Batch::new(scopes::REMOVE_ROOM)
            .if_equal(Table::Rooms, number.prefix(), encode(record))
            .delete(Table::Counters, counter_key(Table::Messages, &number.prefix()))
            .delete(Table::Rooms, number.prefix())
            .delete(Table::RoomNames, record.name.as_str())
            .delete(Table::OldestKept, number.prefix())
            .put(Table::RemovedRooms, number.prefix(), []);
        let batch = list_members(batch, &record.name, named_members(record), &[]);
        self.commit_if(batch, WriteKind::Maintenance, effect).await
    }

    /// Removes what was said in rooms whose removal a stop cut short.
    pub async fn finish_removals(&self) -> Result<(), StoreError> {
        let mut removed = self.pages_of(Table::RemovedRooms);
        while let Some((key, _)) = removed.next().await? {
            let room = RoomNumber::from_key(&key);
            self.change_feed.note_purged(room, u64::MAX);
            self.remove_messages(room).await?;
        }
        Ok(())
    }

    /// Whether jobs of somebody have not ended, those aside that wait for a schedule's time.
    async fn has_work(&self, principal: &Principal) -> Result<bool, StoreError> {
        let has_not_ended = |stored: &StoredJob| !stored.job.state.has_ended() && stored.job.schedule.is_none();
        Ok(!self.list_jobs(JobList::Of(principal), None, 1, has_not_ended).await?.is_empty())
    }

    /// Removes the schedules and the ended jobs of somebody who cannot come back; `false` when a job was not there any more, or
    /// has not ended.
    pub async fn remove_work_of(&self, principal: &Principal) -> Result<bool, StoreError> {
        /// Jobs at a time.
        const AT_ONCE: usize = 64;
        for schedule in self.schedules_of(principal).await? {
            self.remove_schedule(&schedule).await?;
        }
        loop {
            let some = self.list_jobs(JobList::Of(principal), None, AT_ONCE, |_| true).await?;
            if some.is_empty() {
                return Ok(true);
            }
            for stored in some {
                if !self.remove_job(&stored).await? {
                    return Ok(false);
                }
            }
        }
    }

    async fn remove_messages(&self, room: RoomNumber) -> Result<(), StoreError> {
        let (room_prefix, counter) = (room.prefix().to_vec(), counter_key(Table::Messages, &room.prefix()));
        let tables = [
            (Table::SentIds, &room_prefix),
            (Table::Changes, &counter),
            (Table::ChangedAt, &counter),
            (Table::Messages, &room_prefix),
        ];
        for (table, prefix) in tables {
            let mut pages = self.pages(table, prefix_range(prefix));
            loop {
                let page = pages.next_page().await?;
                if page.is_empty() {
                    break;
                }
                let batch = page
                    .into_iter()
                    .fold(Batch::new(scopes::CLEAR_REMOVED_ROOM), |batch, (key, _)| batch.delete(table, key));
                self.commit(batch, WriteKind::Maintenance).await?;
            }
        }
        let batch = Batch::new(scopes::CLEAR_REMOVED_ROOM).delete(Table::RemovedRooms, room.prefix());
        self.commit(batch, WriteKind::Maintenance).await.map(drop)
    }
}
