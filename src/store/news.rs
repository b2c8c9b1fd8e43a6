//! Change feed: the messages that its consumer has not read yet, as ranges of numbers: recording one costs almost
//! nothing, and memory is bounded by two numbers per room, however far the consumer is behind.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::RoomNumber;

/// Maximum number of rooms tracked; beyond it, the consumer must scan all rooms.
const MAX_ROOMS: usize = 4096;

/// Maximum number of deletions tracked; further ones are dropped, since [`News`] gives no guarantee for them.
const MAX_DELETED: usize = 4096;

/// Changes since the last read.
#[derive(Debug, Default)]
pub struct News {
    state: Mutex<State>,
    arrived: Condvar,
    /// Nothing is recorded without a consumer.
    is_followed: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    fresh: Fresh,
    is_waiting: bool,
    is_closed: bool,
}

/// What became durable.
#[derive(Debug, Default)]
pub struct Fresh {
    /// By room: first and last new message; all between are new, too.
    pub rooms: HashMap<RoomNumber, (u64, u64)>,
    /// Messages whose text was deleted.
    pub deleted: Vec<(RoomNumber, u64)>,
    /// The limit was exceeded: any room may have new messages.
    pub everywhere: bool,
}

impl Fresh {
    fn is_empty(&self) -> bool {
        self.rooms.is_empty() && self.deleted.is_empty() && !self.everywhere
    }
}

impl News {
    /// Starts recording. There is one consumer.
    pub fn follow(&self) {
        self.is_followed.store(true, Ordering::Release);
    }

    /// Waits for changes, at most this long; `false` once [`News::close`] was called.
    pub fn wait(&self, at_most: Duration) -> bool {
        let mut state = self.state();
        if state.fresh.is_empty() && !state.is_closed {
            state.is_waiting = true;
            state = self.arrived.wait_timeout(state, at_most).unwrap_or_else(PoisonError::into_inner).0;
            state.is_waiting = false;
        }
        !state.is_closed
    }

    /// Waits this long to collect more changes; `false` once [`News::close`] was called.
    pub fn gather(&self, time: Duration) -> bool {
        let state = self.state();
        let waited = self.arrived.wait_timeout_while(state, time, |state| !state.is_closed);
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_closed
    }

    /// Takes the changes.
    pub fn take(&self) -> Fresh {
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

    fn add(&self, change: impl FnOnce(&mut Fresh)) {
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
        let (news, room) = (News::default(), RoomNumber::new(7));
        news.note(room, 1);
        assert!(news.take().is_empty(), "nobody followed");
        news.follow();
        for seq in 2..100 {
            news.note(room, seq);
        }
        news.note_deleted(room, 5);
        assert!(news.wait(Duration::ZERO));
        let fresh = news.take();
        assert_eq!(fresh.rooms, HashMap::from([(room, (2, 99))]));
        assert_eq!(fresh.deleted, [(room, 5)]);
        assert!(news.take().is_empty());
        news.close();
        assert!(!news.wait(Duration::from_secs(60)));
    }

    #[test]
    fn more_rooms_than_can_be_told_apart_are_told_as_everywhere() {
        let news = News::default();
        news.follow();
        for room in 0..=MAX_ROOMS as u64 {
            news.note(RoomNumber::new(room), 1);
        }
        let fresh = news.take();
        assert!(fresh.everywhere && fresh.rooms.len() == MAX_ROOMS);
    }
}
