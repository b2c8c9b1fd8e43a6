//! Rooms that are removed: those of connections that could not find them again, and those in which nothing was ever said.
//!
//! A room leaves the store in one commit; what was said in it follows in further ones, which a stop may cut short.

use super::engine::{counter_key, number_from};
use super::job_index::StoredJob;
use super::jobs::JobList;
use super::rooms::{RoomKind, RoomNumber, RoomRecord};
use super::writer::WriteKind;
use super::{Batch, Direction, Store, StoreError, Table, encode, prefix_range};
use crate::model::{BotMode, Principal, RoomName, Timestamp};

impl Store {
    /// Names of temporary rooms, at most `limit`: those of connections that are open, and those that a stop left. Reads many;
    /// blocking.
    pub fn temporary_rooms(&self, limit: usize) -> Result<Vec<RoomName>, StoreError> {
        let prefix = prefix_range(RoomName::TEMPORARY_PREFIX.as_bytes());
        let found = self.engine.scan(Table::RoomNames, prefix, Direction::Forward, limit)?;
        let numbers = found.iter().map(|(_, number)| RoomNumber::new(number_from(number)));
        numbers.map(|number| Ok(self.room_record(number)?.1.name)).collect()
    }

    /// Removes a temporary room with all that was said and done in it; `false`, and nothing is removed, while something is still
    /// being said or done.
    pub async fn remove_temporary_room(&self, name: &RoomName) -> Result<bool, StoreError> {
        let Some((number, record)) = self.room(name)? else { return Ok(true) };
        let counter = counter_key(Table::Messages, &number.prefix());
        let said = self.engine.get(Table::Counters, &counter)?;
        for owner in &record.members {
            if !self.remove_work_of(owner).await? {
                return Ok(false);
            }
        }
        let batch = Batch::new().if_equal(Table::Rooms, number.prefix(), encode(&record));
        let batch = match said {
            Some(said) => batch.if_equal(Table::Counters, counter.clone(), said),
            None => batch.if_absent(Table::Counters, counter.clone()),
        };
        let batch = batch
            .delete(Table::Counters, counter)
            .delete(Table::Rooms, number.prefix())
            .delete(Table::RoomNames, name.as_str())
            .put(Table::RemovedRooms, number.prefix(), []);
        if !self.commit_if(batch, WriteKind::Maintenance, || ()).await? {
            return Ok(false);
        }
        self.remove_messages(number).await.map(|()| true)
    }

    /// Public rooms that were made before and in which nothing was said or set up since, at most `limit`. Reads many; blocking.
    pub fn empty_rooms(&self, before: Timestamp, bot: BotMode, limit: usize) -> Result<Vec<RoomRecord>, StoreError> {
        let mut empty = Vec::new();
        for number in self.room_numbers()? {
            let counter = counter_key(Table::Messages, &number.prefix());
            if empty.len() < limit && self.engine.get(Table::Counters, &counter)?.is_none() {
                let (_, record) = self.room_record(number)?;
                let as_made =
                    RoomRecord { created_at: record.created_at, ..RoomRecord::new(record.name.clone(), bot, None) };
                if record.created_at < before && record.kind == RoomKind::Public && record == as_made {
                    empty.push(record);
                }
            }
        }
        Ok(empty)
    }

    /// Removes a room in which nothing was said; `false` when something is said or changed there at the same moment. Nobody may
    /// be about to.
    pub async fn remove_empty_room(&self, record: &RoomRecord) -> Result<bool, StoreError> {
        let Some((number, _)) = self.room(&record.name)? else { return Ok(false) };
        let batch = Batch::new()
            .if_equal(Table::Rooms, number.prefix(), encode(record))
            .if_absent(Table::Counters, counter_key(Table::Messages, &number.prefix()))
            .delete(Table::Rooms, number.prefix())
            .delete(Table::RoomNames, record.name.as_str());
        self.commit_if(batch, WriteKind::Maintenance, || ()).await
    }

    /// Removes what was said in rooms whose removal a stop cut short.
    pub async fn finish_removals(&self) -> Result<(), StoreError> {
        for (key, _) in self.engine.scan(Table::RemovedRooms, prefix_range(&[]), Direction::Forward, usize::MAX)? {
            self.remove_messages(RoomNumber::from_key(&key)).await?;
        }
        Ok(())
    }

    /// Removes the schedules and the ended jobs of somebody who cannot come back; `false` while others have not ended.
    async fn remove_work_of(&self, principal: &Principal) -> Result<bool, StoreError> {
        let has_not_ended = |stored: &StoredJob| !stored.job.state.has_ended() && stored.job.schedule.is_none();
        if !self.list_jobs(JobList::Of(principal), None, 1, has_not_ended)?.is_empty() {
            return Ok(false);
        }
        for schedule in self.schedules_of(principal).await? {
            self.remove_schedule(&schedule).await?;
        }
        for stored in self.list_jobs(JobList::Of(principal), None, usize::MAX, |_| true)? {
            if !self.remove_job(&stored).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn remove_messages(&self, room: RoomNumber) -> Result<(), StoreError> {
        /// Records removed in one commit.
        const PAGE: usize = 256;
        let (room_prefix, counter) = (room.prefix().to_vec(), counter_key(Table::Messages, &room.prefix()));
        let tables = [
            (Table::SentIds, &room_prefix),
            (Table::Changes, &counter),
            (Table::ChangedAt, &counter),
            (Table::Messages, &room_prefix),
        ];
        for (table, prefix) in tables {
            loop {
                let page = self.engine.scan(table, prefix_range(prefix), Direction::Forward, PAGE)?;
                if page.is_empty() {
                    break;
                }
                let batch = page.into_iter().fold(Batch::new(), |batch, (key, _)| batch.delete(table, key));
                self.commit(batch, WriteKind::Maintenance).await?;
            }
        }
        let batch = Batch::new().delete(Table::RemovedRooms, room.prefix());
        self.commit(batch, WriteKind::Maintenance).await.map(drop)
    }
}
