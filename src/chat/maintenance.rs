//! What is removed from time to time because nobody can or will use it again.

use std::time::Duration;

use super::Chat;
use crate::model::Timestamp;
use crate::store::StoreError;

/// How often.
const EVERY: Duration = Duration::from_millis(EVERY_MS.unsigned_abs());
const EVERY_MS: i64 = 60 * 60 * 1000;

/// How long a client's id of a message is known, so that a repetition is not stored again. Milliseconds.
const KEEP_SENT_IDS: i64 = 30 * DAY;

/// How long a public room is kept in which nothing was said. Milliseconds.
const KEEP_EMPTY_ROOMS: i64 = DAY;

const DAY: i64 = 24 * 60 * 60 * 1000;

impl Chat {
    /// Removes temporary rooms of connections that a stop ended, empty rooms, clients' ids that are old, and messages that are not
    /// kept any more, and adds up what rooms take where that is not known; at once and then every hour. Never ends.
    pub async fn maintain(&self) {
        loop {
            let now = Timestamp::now();
            let ago = |millis: i64| Timestamp(now.0.saturating_sub(millis));
            for (what, done) in [
                ("temporary rooms", self.clear_temporary_rooms().await),
                ("empty rooms", self.remove_empty_rooms(ago(KEEP_EMPTY_ROOMS)).await),
                ("sizes of rooms", self.store.count_room_bytes().await),
                ("messages that waited too long for approval", self.forget_held(now).await),
                ("old ids of messages", self.store.prune_sent_ids(ago(KEEP_SENT_IDS)).await),
            ] {
                match done {
                    Ok(0) => {}
                    Ok(count) => tracing::debug!(count, what, "tidied up"),
                    Err(error) => tracing::warn!(%error, what, "cannot tidy up for now"),
                }
            }
            self.purge().await;
            self.purges.lock().next_at = Some(Timestamp(Timestamp::now().0 + EVERY_MS));
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn clear_temporary_rooms(&self) -> Result<usize, StoreError> {
        /// Rooms at a time.
        const AT_ONCE: usize = 10_000;
        self.store.finish_removals().await?;
        let mut cleared = 0;
        for name in self.store.temporary_rooms(AT_ONCE).await? {
            if self.rooms.live(&name).is_none_or(|room| room.presence.count() == 0) {
                self.rooms.clear(&name).await;
                cleared += 1;
            }
        }
        Ok(cleared)
    }

    async fn remove_empty_rooms(&self, before: Timestamp) -> Result<usize, StoreError> {
        /// Rooms at a time.
        const AT_ONCE: usize = 1000;
        let mut removed = 0;
        let held = self.store.held_messages().await?;
        for record in self.store.empty_rooms(before, self.rooms.new_room_bot(), AT_ONCE).await? {
            // Something is going to be said there.
            if held.iter().any(|held| held.record.room == record.name) {
                continue;
            }
            removed += usize::from(self.rooms.remove_empty(&record).await?);
        }
        Ok(removed)
    }
}
