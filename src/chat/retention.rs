//! Retention: what rooms do not keep any more is removed for good, in rounds.

use serde::Serialize;
use utoipa::ToSchema;

use super::Chat;
use crate::model::{Retention, RoomKind, Timestamp};
use crate::store::{RoomNumber, StoreError};

/// What was removed because it is not kept any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Purged {
    pub messages: u64,
    /// Rooms that they were in.
    pub rooms: u64,
    /// Ended jobs of these messages.
    pub jobs: usize,
    /// Reports of these messages.
    pub reports: usize,
}

/// The rounds since the server started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Purges {
    /// The last one, and when it ended.
    pub last: Option<(Timestamp, Purged)>,
    /// Messages that all of them removed.
    pub messages: u64,
    /// When the next one begins; `None` during the first.
    pub next_at: Option<Timestamp>,
}

impl Chat {
    /// How long messages are kept in rooms whose settings do not say so.
    pub fn retention(&self) -> Retention {
        self.rooms.retention()
    }

    /// What was purged since the start, and when it goes on.
    pub fn purges(&self) -> Purges {
        *self.purges.lock()
    }

    /// Removes what rooms do not keep any more, and what refers to it. Can be dropped at any moment: the next round goes on.
    pub(super) async fn purge(&self) {
        let is_first = self.purges().last.is_none();
        let purged = match self.purge_rooms(is_first).await {
            Ok(purged) => purged,
            Err(error) => return tracing::error!(%error, "cannot purge what is not kept any more"),
        };
        if purged != Purged::default() {
            let Purged { messages, rooms, jobs, reports } = purged;
            tracing::info!(messages, rooms, jobs, reports, "purged what is not kept any more");
        }
        let mut purges = self.purges.lock();
        purges.last = Some((Timestamp::now(), purged));
        purges.messages += purged.messages;
    }

    /// A stop may have come between the removal of messages and that of what refers to them, so `is_first` looks for it in any case.
    async fn purge_rooms(&self, is_first: bool) -> Result<Purged, StoreError> {
        let mut purged = Purged::default();
        for number in self.store.room_numbers().await? {
            let messages = self.purge_room(number).await.unwrap_or_else(|error| {
                tracing::error!(%error, room = number.get(), "cannot purge a room");
                0
            });
            purged.messages += messages;
            purged.rooms += u64::from(messages > 0);
        }
        if purged.messages > 0 || (is_first && !self.store.purged_rooms().await?.is_empty()) {
            purged.jobs = self.store.purge_jobs().await?;
            purged.reports = self.store.purge_reports().await?;
        }
        Ok(purged)
    }

    /// How many messages of a room were removed, a part at a time.
    async fn purge_room(&self, number: RoomNumber) -> Result<u64, StoreError> {
        let mut messages = 0;
        loop {
            let Some(record) = self.store.find_room_record(number).await? else { return Ok(messages) };
            let retention = record.settings.retention(self.retention());
            // A temporary room leaves as a whole.
            if retention.is_for_ever() || record.kind == RoomKind::Temporary {
                return Ok(messages);
            }
            let (rooms, name) = (self.rooms.clone(), record.name.clone());
            let effect = move |oldest| {
                if let Some(room) = rooms.live(&name) {
                    room.set_oldest(oldest);
                }
            };
            match self.store.purge_messages(number, &record, retention, effect).await? {
                0 => return Ok(messages),
                purged => messages += purged,
            }
        }
    }
}
