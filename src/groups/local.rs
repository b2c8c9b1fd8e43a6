//! Groups of one process: whatever is stored is published here, in the order of its versions.
//!
//! Few members are handed a publication at once. For more there is a delivery task: publications accumulate while it runs and
//! are then sent as one block that all members share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle as Runtime;
use tokio_util::task::TaskTracker;

use super::{Audience, Broker, Group, Member, Outbox, Progress, Publication, Reader, Subscription};
use crate::protocol::CloseReason;
use crate::telemetry::metrics;

/// So many members are handed a publication by its publisher: a task would cost more than that does.
const FEW: usize = 4;

/// Members served before yielding to the runtime, so that a huge group does not delay other tasks.
const MEMBERS_PER_TURN: usize = 256;

/// A group whose last delivery ended less than this ago is busy.
const BUSY: Duration = Duration::from_millis(10);

/// A quarter of what delivering to one member costs, measured at 8 µs.
const GATHER_PER_MEMBER: Duration = Duration::from_micros(2);

/// Not noticeable for users.
const MAX_GATHER: Duration = Duration::from_millis(5);

/// Makes groups whose every publisher and member is in this process.
pub struct LocalBroker {
    /// Tracks the deliveries, so that a shutdown can wait for them.
    deliveries: TaskTracker,
    runtime: Runtime,
}

impl LocalBroker {
    /// Needs a running runtime.
    pub fn new(deliveries: TaskTracker) -> Arc<Self> {
        Arc::new(Self { deliveries, runtime: Runtime::current() })
    }

    fn group(&self, name: &str, delivered: Progress) -> Arc<LocalGroup> {
        let state = State {
            members: Arc::default(),
            waiting: Vec::new(),
            is_delivering: false,
            accepted: delivered,
            delivered,
            rested_since: Instant::now(),
        };
        let (deliveries, runtime) = (self.deliveries.clone(), self.runtime.clone());
        Arc::new(LocalGroup { name: name.into(), state: Mutex::new(state), deliveries, runtime })
    }
}

impl Broker for LocalBroker {
    fn open(&self, name: &str, delivered: Progress) -> Arc<dyn Group> {
        self.group(name, delivered)
    }
}

/// Members and pending publications.
struct LocalGroup {
    name: Box<str>,
    state: Mutex<State>,
    deliveries: TaskTracker,
    runtime: Runtime,
}

/// Shared with a running delivery; modified in place if none is running.
type Members = Arc<Vec<Member>>;

struct State {
    members: Members,
    waiting: Vec<Publication>,
    is_delivering: bool,
    /// What was handed to the members there were at that time, and what waits.
    accepted: Progress,
    /// What was handed to the members there were at that time.
    delivered: Progress,
    /// When the last delivery ended.
    rested_since: Instant,
}

/// Where a publication comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Next,
    /// It was accepted before.
    Past,
    /// Something before it is missing.
    Ahead,
}

impl State {
    fn turn_of(&self, publication: Progress) -> Turn {
        let Progress { number, version } = publication;
        let is_next_number = number == 0 || number == self.accepted.number + 1;
        if publication == Progress::default() || (version == self.accepted.version + 1 && is_next_number) {
            return Turn::Next;
        }
        if version <= self.accepted.version { Turn::Past } else { Turn::Ahead }
    }

    /// Goes on from `to`, without those who are members now.
    fn skip_to(&mut self, to: Progress) -> Members {
        self.waiting.clear();
        self.accepted = self.accepted.max(to);
        self.delivered = self.accepted;
        std::mem::take(&mut self.members)
    }
}

impl Group for LocalGroup {
    fn subscribe(self: Arc<Self>, outbox: Arc<Outbox>) -> Subscription {
        let member = Member::new(outbox);
        let mut state = self.state();
        // Copies the list only if a delivery is iterating over the old one.
        Arc::make_mut(&mut state.members).push(member.clone());
        let since = state.delivered;
        drop(state);
        Subscription { group: self, member, since }
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

    fn disconnect(&self) {
        let members = self.state().members.clone();
        members.iter().for_each(|member| member.outbox.close(CloseReason::GoingAway));
    }

    fn publish(self: Arc<Self>, publication: Publication) {
        let mut state = self.state();
        match state.turn_of(publication.progress) {
            Turn::Next => {}
            Turn::Past => return,
            // The one writer's callbacks come in order, so what is missing never comes: a callback broke.
            Turn::Ahead => {
                let members = state.skip_to(publication.progress);
                drop(state);
                return self.close(&members);
            }
        }
        state.accepted = state.accepted.max(publication.progress);
        if state.is_delivering {
            return state.waiting.push(publication);
        }
        if state.members.is_empty() {
            state.delivered = state.accepted;
            return;
        }
        state.waiting.push(publication);
        state.is_delivering = true;
        let has_few = state.members.len() <= FEW;
        drop(state);
        if has_few && self.hand_out() {
            return;
        }
        self.deliveries.spawn_on(self.clone().deliver(), &self.runtime);
    }

    fn delivered(&self) -> Progress {
        self.state().delivered
    }

    fn backlog(&self) -> usize {
        self.state().waiting.len()
    }
}

impl LocalGroup {
    /// Locked only briefly; never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Lets members catch up from the store, because a publication is missing.
    fn close(&self, members: &Members) {
        tracing::error!(group = %self.name, members = members.len(), "a publication is missing; members catch up");
        members.iter().for_each(|member| member.outbox.close(CloseReason::TooSlow));
    }

    /// Delivers pending publications to a few members; `false` if more come all the time, which a task has to deliver.
    fn hand_out(&self) -> bool {
        const ROUNDS: usize = 3;
        for _ in 0..ROUNDS {
            let Some((members, publications)) = self.take_waiting() else { return true };
            let blocks = Blocks::new(&publications);
            blocks.push_to(&members);
        }
        false
    }

    /// Delivers pending publications until there are none.
    async fn deliver(self: Arc<Self>) {
        if let Some(pause) = self.gathering_time() {
            tokio::time::sleep(pause).await;
        }
        while let Some((members, publications)) = self.take_waiting() {
            let blocks = Blocks::new(&publications);
            for turn in members.chunks(MEMBERS_PER_TURN) {
                blocks.push_to(turn);
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
        state.delivered = state.accepted;
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

    fn push_to(&self, members: &[Member]) {
        for member in members {
            member.outbox.push_unless(&member.is_gone, self.for_member(&member.outbox));
        }
        // Once for all of them: it is shared by all threads.
        metrics().deliveries.inc_by((members.len() * self.publications.len()) as u64);
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

    #[tokio::test]
    async fn who_has_left_gets_nothing_more_even_of_a_delivery_under_way() {
        let tracker = TaskTracker::new();
        let group = LocalBroker::new(tracker.clone()).group("lobby", Progress::default());
        let ann = Outbox::new(Reader::Full);
        let first = group.clone().subscribe(ann.clone());
        let under_way = group.state().members.clone();
        drop(first);
        let second = group.clone().subscribe(ann.clone());
        under_way[0].outbox.push_unless(&under_way[0].is_gone, Bytes::from_static(b"old"));
        let (frame, progress) = (Bytes::from_static(b"new"), Progress { number: 1, version: 1 });
        group.clone().publish(Publication { frame, audience: Audience::Everyone, progress });
        tracker.close();
        tracker.wait().await;
        assert_eq!(ann.take().frames, [Bytes::from_static(b"new")]);
        drop(second);
        assert!(group.state().members.is_empty());
    }
}
