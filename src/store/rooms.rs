//! Rooms: a name, a number under which everything of the room is kept, and settings.

use serde::{Deserialize, Serialize};

use super::engine::number_from;
use super::writer::WriteKind;
use super::{Batch, Direction, Outcome, Store, StoreError, Table, decode, encode};
use crate::model::{BotMode, Persona, RoomName, Timestamp};

/// A room's number: the first eight bytes of the keys of all that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomNumber(u64);

impl RoomNumber {
    /// A number as [`RoomNumber::get`] gave it.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    pub fn get(self) -> u64 {
        self.0
    }

    pub(super) fn prefix(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    pub(super) fn key(self, seq: u64) -> Vec<u8> {
        [self.prefix(), seq.to_be_bytes()].concat()
    }

    pub(super) fn from_key(key: &[u8]) -> Self {
        Self(key.first_chunk::<8>().map_or(0, |chunk| u64::from_be_bytes(*chunk)))
    }
}

/// How often a room is changed that others change at the same time.
const TRIES: usize = 20;

/// A room as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRecord {
    pub name: RoomName,
    pub bot: BotMode,
    #[serde(default, skip_serializing_if = "Persona::is_empty")]
    pub persona: Persona,
    pub created_at: Timestamp,
}

impl Store {
    /// The room of that name, if there is one.
    pub fn room(&self, name: &RoomName) -> Result<Option<(RoomNumber, RoomRecord)>, StoreError> {
        match self.engine.get(Table::RoomNames, name.as_str().as_bytes())? {
            Some(number) => self.room_record(RoomNumber(number_from(&number))).map(Some),
            None => Ok(None),
        }
    }

    /// The room of that number; an error if there is none.
    pub fn room_record(&self, number: RoomNumber) -> Result<(RoomNumber, RoomRecord), StoreError> {
        let record = self.engine.get(Table::Rooms, &number.prefix())?;
        let record = record.ok_or_else(|| StoreError::Unreadable(format!("room {} is missing", number.0)))?;
        Ok((number, decode(&record)?))
    }

    /// Creates a room, or returns the one that somebody else created first; `true` if it is new.
    pub async fn create_room(&self, record: RoomRecord) -> Result<(RoomNumber, RoomRecord, bool), StoreError> {
        let name = record.name.as_str().as_bytes().to_vec();
        let batch = Batch::new()
            .if_absent(Table::RoomNames, name.clone())
            .append(Table::Rooms, [], encode(&record))
            .put_number(Table::RoomNames, name);
        match self.commit(batch, WriteKind::Growth).await? {
            Outcome::Written { number } => Ok((RoomNumber(number.unwrap_or_default()), record, true)),
            Outcome::Refused { found, .. } => {
                let number = found.as_deref().map_or(0, number_from);
                self.room_record(RoomNumber(number)).map(|(number, record)| (number, record, false))
            }
        }
    }

    /// Changes a room's settings from what they are. `effect` is what the change causes in
    /// memory.
    pub async fn update_room(
        &self,
        number: RoomNumber,
        change: impl Fn(&mut RoomRecord),
        effect: impl Fn(RoomRecord) + Clone + Send + 'static,
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let (_, from) = self.room_record(number)?;
            let mut to = from.clone();
            change(&mut to);
            let batch = Batch::new().if_equal(Table::Rooms, number.prefix(), encode(&from)).put(
                Table::Rooms,
                number.prefix(),
                encode(&to),
            );
            let effect = effect.clone();
            if self.commit_if(batch, WriteKind::Maintenance, move || effect(to)).await? {
                return Ok(());
            }
        }
        Err(StoreError::Busy)
    }

    /// All rooms that `wanted` picks, newest first, at most `limit`. Reads every room: not for tokio's workers.
    pub fn rooms(
        &self,
        limit: usize,
        wanted: impl Fn(&RoomRecord) -> bool,
    ) -> Result<Vec<(RoomNumber, RoomRecord)>, StoreError> {
        /// Records read at a time.
        const PAGE: usize = 256;
        let mut rooms = Vec::new();
        let mut end = vec![u8::MAX; 9];
        loop {
            let page = self.engine.scan(Table::Rooms, vec![]..end.clone(), Direction::Backward, PAGE)?;
            for (key, value) in &page {
                let record: RoomRecord = decode(value)?;
                if wanted(&record) && rooms.len() < limit {
                    rooms.push((RoomNumber::from_key(key), record));
                }
            }
            match page.into_iter().next_back() {
                Some((key, _)) if rooms.len() < limit => end = key,
                _ => return Ok(rooms),
            }
        }
    }
}
