//! Change feed: the messages that its consumer has not read yet, as ranges of numbers: recording one costs almost
//! nothing, and memory is bounded by two numbers per room, however far the consumer is behind.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::RoomNumber;

/// Maximum number of rooms tracked; beyond it, the consumer must scan all rooms.
const MAX_ROOMS: usize = 4096;

/// Maximum number of deletions tracked, and of other changes; further ones are dropped, since [`ChangeFeed`] gives no guarantee for
/// them.
const MAX_DELETED: usize = 4096;

/// Changes since the last read.
#[derive(Debug, Default)]
pub struct ChangeFeed {
    state: Mutex<State>,
    arrived: Condvar,
    /// Nothing is recorded without a consumer.
    is_followed: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    fresh: FeedChanges,
    is_waiting: bool,
    is_closed: bool,
}

/// What became durable.
#[derive(Debug, Default)]
pub struct FeedChanges {
    /// By room: first and last new message; all between are new, too.
    pub rooms: HashMap<RoomNumber, (u64, u64)>,
    /// Messages whose text was deleted.
    pub deleted: Vec<(RoomNumber, u64)>,
    /// By room: the oldest message that is kept; those before it were purged.
    pub purged: HashMap<RoomNumber, u64>,
    /// Messages that are somebody else's now.
    pub changed: Vec<(RoomNumber, u64)>,
    /// A limit was exceeded: any room may have new messages, and fewer old ones.
    pub everywhere: bool,
}

impl FeedChanges {
    fn is_empty(&self) -> bool {
        let is_none_gone = self.deleted.is_empty() && self.purged.is_empty();
        self.rooms.is_empty() && is_none_gone && self.changed.is_empty() && !self.everywhere
    }
}

impl ChangeFeed {
    /// Starts recording. There is one consumer.
    pub fn follow(&self) {
        self.is_followed.store(true, Ordering::Release);
    }

    /// Waits for changes, at most this long; `false` once [`ChangeFeed::close`] was called.
    pub fn wait(&self, at_most: Duration) -> bool {
        let mut state = self.state();
        if state.fresh.is_empty() && !state.is_closed {
            state.is_waiting = true;
            state = self.arrived.wait_timeout(state, at_most).unwrap_or_else(PoisonError::into_inner).0;
            state.is_waiting = false;
        }
        !state.is_closed
    }

    /// Waits this long to collect more changes; `false` once [`ChangeFeed::close`] was called.
    pub fn gather(&self, time: Duration) -> bool {
        let state = self.state();
        let waited = self.arrived.wait_timeout_while(state, time, |state| !state.is_closed);
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_closed
    }

    /// Takes the changes.
    pub fn take(&self) -> FeedChanges {
        std::mem::take(&mut self.state().fresh)
    }

    /// Tells the consumer to stop.
    pub fn close(&self) {
        self.is_followed.store(false, Ordering::Release);
        self.state().is_closed = true;
        self.arrived.notify_all();
    }

    /// Records a durable message. Must be called in the order of the numbers.
    pub(super) fn note(&self, room: RoomNumber, seq: u64) {
        self.add(|fresh| {
            if fresh.rooms.len() >= MAX_ROOMS && !fresh.rooms.contains_key(&room) {
                fresh.everywhere = true;
                return;
            }
            fresh.rooms.entry(room).or_insert((seq, seq)).1 = seq;
        });
    }

    /// Records the deletion of a message's text.
    pub(super) fn note_deleted(&self, room: RoomNumber, seq: u64) {
        self.add(|fresh| {
            if fresh.deleted.len() < MAX_DELETED {
                fresh.deleted.push((room, seq));
            }
        });
    }

    /// Records that a room's messages before `oldest` were purged.
    pub(super) fn note_purged(&self, room: RoomNumber, oldest: u64) {
        self.add(|fresh| {
            if fresh.purged.len() >= MAX_ROOMS && !fresh.purged.contains_key(&room) {
                fresh.everywhere = true;
                return;
            }
            fresh.purged.insert(room, oldest);
        });
    }

    /// Records that a message is somebody else's now.
    pub(super) fn note_changed(&self, room: RoomNumber, seq: u64) {
        self.add(|fresh| {
            if fresh.changed.len() < MAX_DELETED {
                fresh.changed.push((room, seq));
            }
        });
    }

    fn add(&self, change: impl FnOnce(&mut FeedChanges)) {
        if !self.is_followed.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.state();
        change(&mut state.fresh);
        // A consumer that is awake checks by itself.
        if state.is_waiting {
            drop(state);
            self.arrived.notify_all();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_numbers_are_kept_and_told_once() {
        let (change_feed, room) = (ChangeFeed::default(), RoomNumber::new(7));
        change_feed.note(room, 1);
        assert!(change_feed.take().is_empty(), "nobody followed");
        change_feed.follow();
        for seq in 2..100 {
            change_feed.note(room, seq);
        }
        change_feed.note_deleted(room, 5);
        assert!(change_feed.wait(Duration::ZERO));
        let fresh = change_feed.take();
        assert_eq!(fresh.rooms, HashMap::from([(room, (2, 99))]));
        assert_eq!(fresh.deleted, [(room, 5)]);
        assert!(change_feed.take().is_empty());
        change_feed.close();
        assert!(!change_feed.wait(Duration::from_secs(60)));
    }

    #[test]
    fn more_rooms_than_can_be_told_apart_are_told_as_everywhere() {
        let change_feed = ChangeFeed::default();
        change_feed.follow();
        for room in 0..=MAX_ROOMS as u64 {
            change_feed.note(RoomNumber::new(room), 1);
        }
        let fresh = change_feed.take();
        assert!(fresh.everywhere && fresh.rooms.len() == MAX_ROOMS);
    }
}
