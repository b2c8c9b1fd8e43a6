//! What is removed from time to time because nobody can or will use it again.

use std::time::Duration;

use super::Chat;
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::threads::blocking;

/// How often.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// How long a client's id of a message is known, so that a repetition is not stored again. Milliseconds.
const KEEP_SENT_IDS: i64 = 30 * DAY;

/// How long a public room is kept in which nothing was said. Milliseconds.
const KEEP_EMPTY_ROOMS: i64 = DAY;

const DAY: i64 = 24 * 60 * 60 * 1000;

impl Chat {
    /// Removes temporary rooms of connections that a stop ended, empty rooms, and clients' ids that are old; at once and then
    /// every hour. Never ends.
    pub async fn maintain(&self) {
        loop {
            let now = Timestamp::now();
            let ago = |millis: i64| Timestamp(now.0.saturating_sub(millis));
            for (what, done) in [
                ("temporary rooms", self.clear_temporary_rooms().await),
                ("empty rooms", self.remove_empty_rooms(ago(KEEP_EMPTY_ROOMS)).await),
                ("old ids of messages", self.prune_sent_ids(ago(KEEP_SENT_IDS)).await),
            ] {
                match done {
                    Ok(0) => {}
                    Ok(count) => tracing::debug!(count, what, "removed"),
                    Err(error) => tracing::warn!(%error, what, "cannot remove what is not needed any more"),
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn clear_temporary_rooms(&self) -> Result<usize, StoreError> {
        /// Rooms at a time.
        const AT_ONCE: usize = 10_000;
        self.store.finish_removals().await?;
        let store = self.store.clone();
        let names = blocking(move || store.temporary_rooms(AT_ONCE)).await.map_err(|_| StoreError::Failed)??;
        let mut cleared = 0;
        for name in names {
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
        let (store, bot) = (self.store.clone(), self.rooms.new_room_bot());
        let empty =
            blocking(move || store.empty_rooms(before, bot, AT_ONCE)).await.map_err(|_| StoreError::Failed)??;
        let mut removed = 0;
        for record in empty {
            removed += usize::from(self.rooms.remove_empty(&record).await?);
        }
        Ok(removed)
    }

    async fn prune_sent_ids(&self, before: Timestamp) -> Result<usize, StoreError> {
        /// Ids looked at in one step.
        const STEP: usize = 512;
        let (mut after, mut pruned) = (None, 0);
        loop {
            let step = self.store.prune_sent_ids(before, after, STEP).await?;
            pruned += step.pruned;
            after = step.more_after;
            if after.is_none() {
                return Ok(pruned);
            }
        }
    }
}
