//! In-memory publish/subscribe: groups of outboxes.
//!
//! Independent of rooms, sockets and storage. Within a group, frames are delivered in publishing order, at most once.
//! Publishing never waits: frames accumulate while a delivery runs and are then sent as one block that all members share.

mod outbox;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use parking_lot::{Mutex, MutexGuard};
use tokio_util::task::TaskTracker;

pub use outbox::{Drained, Outbox, OutboxId, Reader};

/// Members served before yielding to the runtime, so that a huge group does not delay other tasks.
const MEMBERS_PER_TURN: usize = 256;

/// A group whose last delivery ended less than this ago is busy.
const BUSY: Duration = Duration::from_millis(10);

/// A quarter of what delivering to one member costs, measured at 8 µs.
const GATHER_PER_MEMBER: Duration = Duration::from_micros(2);

/// Not noticeable for users.
const MAX_GATHER: Duration = Duration::from_millis(5);

/// A frame to be delivered.
#[derive(Clone, Debug)]
pub struct Publication {
    pub frame: Bytes,
    pub audience: Audience,
    /// How far the group has come with it: what comes before that is in the store. Nothing is zero.
    pub progress: Progress,
}

/// How far a group has come, by two numbers that only grow: one counts what is new, the other every change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub number: u64,
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

/// Members and pending publications.
pub struct Group {
    state: Mutex<State>,
    /// Tracks the deliveries, so that a shutdown can wait for them.
    deliveries: TaskTracker,
}

/// Shared with a running delivery; modified in place if none is running.
type Members = Arc<Vec<Member>>;

/// An outbox in a group.
#[derive(Clone)]
struct Member {
    outbox: Arc<Outbox>,
    /// Set when it unsubscribes; the outbox may be in the group again by then.
    is_gone: Arc<AtomicBool>,
}

/// A subscription to a group. After it is dropped, nothing more of the group is pushed to the outbox.
pub struct Subscription {
    group: Arc<Group>,
    member: Member,
    since: Progress,
}

impl Subscription {
    /// Publications with greater numbers are delivered; those up to this number are in the store.
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

struct State {
    members: Members,
    waiting: Vec<Publication>,
    is_delivering: bool,
    /// What was handed to the members there were at that time.
    delivered: Progress,
    /// When the last delivery ended.
    rested_since: Instant,
}

impl Group {
    /// A group without members. `delivered` is what is in the store already.
    pub fn new(delivered: Progress, deliveries: TaskTracker) -> Self {
        let state = State {
            members: Arc::default(),
            waiting: Vec::new(),
            is_delivering: false,
            delivered,
            rested_since: Instant::now(),
        };
        Self { state: Mutex::new(state), deliveries }
    }

    /// Locked only briefly; never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Begins delivery to `outbox`, until the subscription is dropped.
    pub fn subscribe(self: &Arc<Self>, outbox: Arc<Outbox>) -> Subscription {
        let member = Member { outbox, is_gone: Arc::default() };
        let mut state = self.state();
        // Copies the list only if a delivery is iterating over the old one.
        Arc::make_mut(&mut state.members).push(member.clone());
        Subscription { group: self.clone(), member, since: state.delivered }
    }

    fn unsubscribe(&self, member: &Member) {
        // A delivery that iterates over an older list skips it from now on.
        member.outbox.retire(&member.is_gone);
        let mut state = self.state();
        let members = Arc::make_mut(&mut state.members);
        if let Some(index) = members.iter().position(|one| Arc::ptr_eq(&one.is_gone, &member.is_gone)) {
            members.swap_remove(index);
        }
        if members.len() * 4 < members.capacity() {
            members.shrink_to(members.len() * 2);
        }
    }

    /// What every member has been handed, and may be shown.
    pub fn delivered(&self) -> Progress {
        self.state().delivered
    }

    /// Publications that wait because delivery is slower than publishing.
    pub fn backlog(&self) -> usize {
        self.state().waiting.len()
    }

    /// Delivers to all members there are, in publishing order. Returns at once.
    pub fn publish(self: &Arc<Self>, publication: Publication, runtime: &tokio::runtime::Handle) {
        let mut state = self.state();
        state.waiting.push(publication);
        if !state.is_delivering {
            state.is_delivering = true;
            drop(state);
            self.deliveries.spawn_on(self.clone().deliver(), runtime);
        }
    }

    /// Delivers pending publications until there are none.
    async fn deliver(self: Arc<Self>) {
        if let Some(pause) = self.gathering_time() {
            tokio::time::sleep(pause).await;
        }
        while let Some((members, publications)) = self.take_waiting() {
            let blocks = Blocks::new(&publications);
            for turn in members.chunks(MEMBERS_PER_TURN) {
                for member in turn {
                    member.outbox.push_unless(&member.is_gone, blocks.for_member(&member.outbox));
                }
                if members.len() > MEMBERS_PER_TURN {
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// Delay before delivering. In a big group that is busy, the first message of a burst would cost every member a write of
    /// its own; waiting for a fraction of that time saves most of these writes.
    fn gathering_time(&self) -> Option<Duration> {
        let state = self.state();
        let is_big_and_busy = state.members.len() >= MEMBERS_PER_TURN && state.rested_since.elapsed() < BUSY;
        is_big_and_busy.then(|| (GATHER_PER_MEMBER * state.members.len() as u32).min(MAX_GATHER))
    }

    /// Atomically, so that later subscribers know that these are for earlier members.
    fn take_waiting(&self) -> Option<(Members, Vec<Publication>)> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            state.is_delivering = false;
            state.rested_since = Instant::now();
            return None;
        }
        let publications = std::mem::take(&mut state.waiting);
        state.delivered = publications.iter().fold(state.delivered, |newest, one| newest.max(one.progress));
        Some((state.members.clone(), publications))
    }
}

/// Publications joined into blocks, once per audience.
struct Blocks<'a> {
    publications: &'a [Publication],
    full: Bytes,
    simple: Bytes,
    /// Whether some member is excluded from a publication.
    has_exception: bool,
}

impl<'a> Blocks<'a> {
    fn new(publications: &'a [Publication]) -> Self {
        let has_exception = publications.iter().any(|one| matches!(one.audience, Audience::FullExcept(_)));
        let full = join(publications, |_| true);
        let simple = if publications.iter().all(|one| one.audience == Audience::Everyone) {
            full.clone()
        } else {
            join(publications, |audience| audience == Audience::Everyone)
        };
        Self { publications, full, simple, has_exception }
    }

    fn leaves_out(&self, member: &Outbox) -> bool {
        self.has_exception && self.publications.iter().any(|one| !one.audience.includes(member))
    }

    fn for_member(&self, member: &Outbox) -> Bytes {
        match member.reader() {
            Reader::Simple => self.simple.clone(),
            Reader::Full if self.leaves_out(member) => join(self.publications, |audience| audience.includes(member)),
            Reader::Full => self.full.clone(),
        }
    }
}

/// The concatenated frames for one audience; WebSocket frames need no separator.
fn join(publications: &[Publication], includes: impl Fn(Audience) -> bool) -> Bytes {
    let mut frames = publications.iter().filter(|one| includes(one.audience)).map(|one| &one.frame);
    match (frames.next(), frames.next()) {
        (None, _) => Bytes::new(),
        (Some(only), None) => only.clone(),
        (Some(first), Some(second)) => {
            let mut block = BytesMut::with_capacity(publications.iter().map(|one| one.frame.len()).sum());
            for frame in [first, second].into_iter().chain(frames) {
                block.extend_from_slice(frame);
            }
            block.freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing was changed.
    fn at(number: u64) -> Progress {
        Progress { number, version: number }
    }

    fn publication(frame: &'static str, audience: Audience, number: u64) -> Publication {
        Publication { frame: Bytes::from_static(frame.as_bytes()), audience, progress: at(number) }
    }

    async fn received(outbox: &Outbox) -> String {
        let drained = outbox.drain().await;
        drained.frames.iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect()
    }

    #[tokio::test]
    async fn members_get_their_share_in_order() {
        let tracker = TaskTracker::new();
        let group = Arc::new(Group::new(at(0), tracker.clone()));
        let (ann, bob, script) = (Outbox::new(Reader::Full), Outbox::new(Reader::Full), Outbox::new(Reader::Simple));
        let subscriptions = [&ann, &bob, &script].map(|member| group.subscribe(member.clone()));
        assert!(subscriptions.iter().all(|subscription| subscription.since() == at(0)));
        let runtime = tokio::runtime::Handle::current();
        group.publish(publication("a", Audience::Everyone, 1), &runtime);
        group.publish(publication("b", Audience::FullExcept(ann.id()), 2), &runtime);
        group.publish(publication("c", Audience::Full, 3), &runtime);
        group.publish(publication("d", Audience::Everyone, 4), &runtime);
        tracker.close();
        tracker.wait().await;
        assert_eq!(received(&ann).await, "acd");
        assert_eq!(received(&bob).await, "abcd");
        assert_eq!(received(&script).await, "ad");
        assert_eq!(group.delivered(), at(4));
    }

    #[tokio::test]
    async fn who_comes_later_gets_only_what_comes_later() {
        let tracker = TaskTracker::new();
        let group = Arc::new(Group::new(at(7), tracker.clone()));
        let runtime = tokio::runtime::Handle::current();
        group.publish(publication("a", Audience::Everyone, 8), &runtime);
        tracker.close();
        tracker.wait().await;
        let late = Outbox::new(Reader::Full);
        let subscription = group.subscribe(late.clone());
        assert_eq!(subscription.since(), at(8));
        group.publish(publication("b", Audience::Everyone, 9), &runtime);
        tracker.wait().await;
        assert_eq!(received(&late).await, "b");
    }

    #[tokio::test]
    async fn who_has_left_gets_nothing_more_even_of_a_delivery_under_way() {
        let tracker = TaskTracker::new();
        let group = Arc::new(Group::new(at(0), tracker.clone()));
        let ann = Outbox::new(Reader::Full);
        let first = group.subscribe(ann.clone());
        let under_way = group.state().members.clone();
        drop(first);
        let second = group.subscribe(ann.clone());
        under_way[0].outbox.push_unless(&under_way[0].is_gone, Bytes::from_static(b"old"));
        group.publish(publication("new", Audience::Everyone, 1), &tokio::runtime::Handle::current());
        tracker.close();
        tracker.wait().await;
        assert_eq!(received(&ann).await, "new");
        drop(second);
        assert!(group.state().members.is_empty());
    }
}
