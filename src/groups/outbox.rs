//! The bounded frame queue of a connection: many producers, one consumer that takes everything at once.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use parking_lot::{Mutex, MutexGuard};

use crate::protocol::CloseReason;

/// Maximum number of queued bytes per connection. Generous, so that a busy machine does not disconnect healthy clients:
/// stalled ones are detected by the write timer. Most of it is shared with other connections anyway.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Identifies a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutboxId(u64);

impl OutboxId {
    /// Counted from 1 since the start.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Which frames a client understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    Full,
    /// Only `message`, `loading` and `error`.
    Simple,
}

/// The queued frames of a connection.
#[derive(Debug, Default)]
pub struct Drained {
    pub frames: VecDeque<Bytes>,
    /// The connection is to be closed once the frames are written.
    pub close: Option<CloseReason>,
}

/// The queue of frames for one connection.
pub struct Outbox {
    id: OutboxId,
    reader: Reader,
    state: Mutex<State>,
    /// Bytes that were taken out and are not written yet.
    unwritten: AtomicUsize,
    waker: AtomicWaker,
}

#[derive(Default)]
struct State {
    waiting: Drained,
    bytes: usize,
}

impl Outbox {
    pub fn new(reader: Reader) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = OutboxId(NEXT.fetch_add(1, Ordering::Relaxed));
        Arc::new(Self {
            id,
            reader,
            state: Mutex::default(),
            unwritten: AtomicUsize::new(0),
            waker: AtomicWaker::new(),
        })
    }

    pub fn id(&self) -> OutboxId {
        self.id
    }

    pub fn reader(&self) -> Reader {
        self.reader
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Queues whole frames. If the queue is full, drops them and closes the connection; the client catches up later.
    pub fn push(&self, frames: Bytes) {
        self.push_unless(&AtomicBool::new(false), frames);
    }

    /// As [`Outbox::push`], unless what `is_gone` stands for was [retired](Outbox::retire).
    pub fn push_unless(&self, is_gone: &AtomicBool, frames: Bytes) {
        if frames.is_empty() {
            return;
        }
        let mut state = self.state();
        if state.waiting.close.is_some() || is_gone.load(Ordering::Relaxed) {
            return;
        }
        let waiting = state.bytes + self.unwritten.load(Ordering::Relaxed);
        if waiting + frames.len() > MAX_BYTES {
            state.waiting.close = Some(CloseReason::TooSlow);
        } else {
            state.bytes += frames.len();
            state.waiting.frames.push_back(frames);
        }
        drop(state);
        self.waker.wake();
    }

    /// After this returns, nothing is pushed with that flag any more: it is checked under this queue's lock.
    pub fn retire(&self, is_gone: &AtomicBool) {
        let _state = self.state();
        is_gone.store(true, Ordering::Relaxed);
    }

    /// Reports how many of the taken bytes are unwritten. They count as queued: a client that reads very slowly could otherwise
    /// accumulate an unbounded amount outside this queue.
    pub fn note_unwritten(&self, bytes: usize) {
        self.unwritten.store(bytes, Ordering::Relaxed);
    }

    /// Closes the connection after it has written what is queued; the first reason wins.
    pub fn close(&self, reason: CloseReason) {
        self.state().waiting.close.get_or_insert(reason);
        self.waker.wake();
    }

    /// All queued frames, as soon as there are any.
    pub fn poll_drain(&self, context: &mut Context<'_>) -> Poll<Drained> {
        self.waker.register(context.waker());
        let drained = self.take();
        if drained.frames.is_empty() && drained.close.is_none() { Poll::Pending } else { Poll::Ready(drained) }
    }

    /// All frames queued now.
    pub fn take(&self) -> Drained {
        let mut state = self.state();
        state.bytes = 0;
        // The reason is kept, so that nothing is queued after it.
        Drained { frames: std::mem::take(&mut state.waiting.frames), close: state.waiting.close }
    }

    /// As [`Outbox::poll_drain`].
    pub async fn drain(&self) -> Drained {
        poll_fn(|context| self.poll_drain(context)).await
    }
}
