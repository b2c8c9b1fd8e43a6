//! Publish and subscribe: groups of outboxes.
//!
//! Independent of rooms, sockets and storage. [`Group`] says what is promised, and [`LocalBroker`] keeps it for one process.

mod local;
mod outbox;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;

pub use local::LocalBroker;
pub use outbox::{Drained, Outbox, OutboxId, Reader};

/// A frame to be delivered.
#[derive(Clone, Debug)]
pub struct Publication {
    pub frame: Bytes,
    pub audience: Audience,
    /// The group's progress once this is delivered; the record it shows is already in the store. Zero for a frame that is not
    /// stored.
    pub progress: Progress,
}

/// How far a group has come, by two numbers that only grow: one counts what is new, the other every change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Of the newest record; zero in a publication that adds none.
    pub number: u64,
    /// Incremented by every stored record or change.
    pub version: u64,
}

impl Progress {
    fn max(self, other: Self) -> Self {
        Self { number: self.number.max(other.number), version: self.version.max(other.version) }
    }
}

/// Who gets a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Everyone,
    /// Readers of every kind of frame, but not simple clients.
    Full,
    /// Like `Full`, except the one who caused it.
    FullExcept(OutboxId),
}

impl Audience {
    fn includes(self, member: &Outbox) -> bool {
        match self {
            Self::Everyone => true,
            Self::Full => member.reader() == Reader::Full,
            Self::FullExcept(id) => member.reader() == Reader::Full && member.id() != id,
        }
    }
}

/// Makes the groups of this process.
pub trait Broker: Send + Sync + 'static {
    /// The group of that name, which the caller has in memory once. `delivered` is what it has read from the store before: a
    /// broker that hears of other processes' commits must not miss those between that read and this call.
    fn open(&self, name: &str, delivered: Progress) -> Arc<dyn Group>;
}

/// Members, and what is published to them.
///
/// 1. **In order.** A member gets what this process publishes in the order of the calls. What other processes publish comes in
///    the order of its versions; frames that are not stored come when they do, or are lost.
/// 2. **At most once.** A version that comes again, or behind a greater one, is not delivered.
/// 3. **Without gaps.** A version is delivered behind all smaller ones only. While one is missing nothing behind it is delivered;
///    a group that cannot get it lets every member lose its place.
/// 4. **Since.** What a subscription's `since` covers is in the store, and all beyond it is delivered: whoever subscribes first
///    and then reads the store up to there misses nothing. `delivered` only grows, and is what the next `since` would be.
/// 5. **A lost place.** A member whose outbox is full, or whose group misses something, gets nothing more, and its outbox is
///    closed as too slow. It has to subscribe anew and to read from the store what is behind the last number and version it has.
/// 6. **Publishing never waits, and is never refused**, because what is published is durable already. Whoever publishes bounds
///    the backlog, by refusing what is to be stored while that is long; memory per member is bounded by its outbox.
pub trait Group: Send + Sync + 'static {
    /// Begins delivery to `outbox`, until the subscription is dropped; nothing is pushed afterwards.
    fn subscribe(self: Arc<Self>, outbox: Arc<Outbox>) -> Subscription;

    /// Ends delivery. To be called by the [`Subscription`].
    fn unsubscribe(&self, member: &Member);

    /// Delivers to all members there are. Those with a version are to be published in its order, each once it is durable.
    fn publish(self: Arc<Self>, publication: Publication);

    /// How far delivery has begun: everything up to here is durable, and was or is being pushed to those who were members then.
    /// Reads of the store may show what is up to here.
    fn delivered(&self) -> Progress;

    /// Closes the connections of all members, who may come back.
    fn disconnect(&self);

    /// Publications that wait because delivery is slower than publishing.
    fn backlog(&self) -> usize;
}

/// An outbox in a group.
#[derive(Clone)]
pub struct Member {
    outbox: Arc<Outbox>,
    /// Set when it unsubscribes; the outbox may be in the group again by then.
    is_gone: Arc<AtomicBool>,
}

impl Member {
    fn new(outbox: Arc<Outbox>) -> Self {
        Self { outbox, is_gone: Arc::default() }
    }
}

/// A subscription to a group. After it is dropped, nothing more of the group is pushed to the outbox.
pub struct Subscription {
    group: Arc<dyn Group>,
    member: Member,
    since: Progress,
}

impl Subscription {
    /// Where delivery begins: publications with greater versions are delivered, everything up to here is in the store. Frames
    /// that are not stored are delivered as they come.
    pub fn since(&self) -> Progress {
        self.since
    }

    /// Whose subscription this is.
    pub fn outbox(&self) -> OutboxId {
        self.member.outbox.id()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.group.unsubscribe(&self.member);
    }
}

#[cfg(test)]
mod tests;
