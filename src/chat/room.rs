//! A room in memory: its record, the receivers of its frames, and presence.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle as Runtime;
use tokio_util::task::TaskTracker;

use super::Rooms;
use super::presence::{ANNOUNCE_AFTER, LocalPresence, Presence};
use crate::accounts::Actor;
use crate::groups::{Audience, Broker, Group, Outbox, OutboxId, Progress, Publication, Subscription};
use crate::model::{AuthorKind, BotMode, Message, Persona, Principal, RoomName, RoomRecord};
use crate::protocol::{MemberView, MessageView, ServerFrame};
use crate::store::{ChangedMessage, Counter, RoomNumber};
use crate::telemetry::metrics;
use crate::text::Locale;

/// The number of a room that is not stored: no room has it.
pub(super) const UNSTORED: RoomNumber = RoomNumber::new(0);

/// A room with members or with a message in progress.
pub struct Room {
    /// 0, under which nothing is stored, until the room is.
    number: AtomicU64,
    name: RoomName,
    record: Mutex<RoomRecord>,
    /// Number of the oldest message that is kept, or of the next one.
    oldest: AtomicU64,
    /// When people said something last, while the room is slow.
    said_at: Mutex<HashMap<Principal, Instant>>,
    /// Whether it was deleted.
    is_gone: AtomicBool,
    group: Arc<dyn Group>,
    pub(super) presence: Box<dyn Presence>,
}

impl Room {
    /// `stored` is how far the room has come in the store, `oldest` the number of the oldest message there.
    pub(super) fn new(
        number: RoomNumber,
        record: RoomRecord,
        stored: Counter,
        oldest: u64,
        broker: &dyn Broker,
    ) -> Self {
        let delivered = Progress { number: stored.number, version: stored.version };
        Self {
            number: AtomicU64::new(number.get()),
            name: record.name.clone(),
            group: broker.open(record.name.as_str(), delivered),
            record: Mutex::new(record),
            oldest: AtomicU64::new(oldest),
            said_at: Mutex::default(),
            is_gone: AtomicBool::new(false),
            presence: Box::new(LocalPresence::default()),
        }
    }

    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// The number under which the room's messages are; [`UNSTORED`] as long as nothing was said in a private room.
    pub(super) fn number(&self) -> RoomNumber {
        RoomNumber::new(self.number.load(Ordering::Acquire))
    }

    pub(super) fn is_stored(&self) -> bool {
        self.number() != UNSTORED
    }

    pub(super) fn set_number(&self, number: RoomNumber) {
        self.number.store(number.get(), Ordering::Release);
    }

    /// Newest number that is durable and delivered.
    pub fn last(&self) -> u64 {
        self.group.delivered().number
    }

    /// Number of the oldest message that is kept, or of the next one where there is none.
    pub fn oldest(&self) -> u64 {
        self.oldest.load(Ordering::Acquire)
    }

    pub(super) fn set_oldest(&self, oldest: u64) {
        self.oldest.store(oldest, Ordering::Release);
    }

    /// What the room's bot answers to.
    pub fn bot(&self) -> BotMode {
        self.locked_record().settings.bot
    }

    /// How the room's bot presents itself.
    pub fn persona(&self) -> Persona {
        self.locked_record().settings.persona.clone()
    }

    /// The greeting of the room's persona, if there is one.
    pub fn greeting(&self, locale: Locale) -> Option<String> {
        self.locked_record().settings.persona.greeting(locale).map(str::to_owned)
    }

    /// The room as it is stored.
    pub fn record(&self) -> RoomRecord {
        self.locked_record().clone()
    }

    /// Looks at the room as it is stored.
    pub fn with_record<T>(&self, look: impl FnOnce(&RoomRecord) -> T) -> T {
        look(&self.locked_record())
    }

    /// Lets somebody say something, unless the room is slow and that was done a moment ago; the seconds to wait then.
    pub(super) fn take_turn(&self, principal: &Principal) -> Result<(), u64> {
        let pause = Duration::from_secs(self.with_record(|record| record.settings.slow_seconds).into());
        if pause.is_zero() {
            return Ok(());
        }
        let mut said_at = self.said_at.lock();
        said_at.retain(|_, at| at.elapsed() < pause);
        match said_at.get(principal) {
            Some(at) => Err(pause.saturating_sub(at.elapsed()).as_secs() + 1),
            None => {
                said_at.insert(principal.clone(), Instant::now());
                Ok(())
            }
        }
    }

    /// Whether it was deleted: nothing more is said in it.
    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Acquire)
    }

    /// Notes that it was deleted, and lets its members find out.
    pub(super) fn close(&self) {
        self.is_gone.store(true, Ordering::Release);
        self.disconnect();
    }

    /// Closes the connections of all members, who join again if they may.
    pub(super) fn disconnect(&self) {
        self.group.disconnect();
    }

    pub(super) fn set_record(&self, record: RoomRecord) {
        *self.locked_record() = record;
    }

    fn locked_record(&self) -> MutexGuard<'_, RoomRecord> {
        self.record.lock()
    }

    /// Some of the members, and their total number.
    pub fn members(&self) -> (Vec<MemberView>, usize) {
        self.presence.members()
    }

    pub(super) fn backlog(&self) -> usize {
        self.group.backlog()
    }

    /// Sends a frame without a number.
    pub(super) fn publish(&self, frame: &ServerFrame<'_>, audience: Audience) {
        self.publish_as(frame, audience, Progress::default());
    }

    fn publish_as(&self, frame: &ServerFrame<'_>, audience: Audience, progress: Progress) {
        self.group.clone().publish(Publication { frame: frame.encode(), audience, progress });
    }

    /// Sends a durable message. To be called in the order of the versions.
    pub(super) fn publish_message(&self, stored: Counter, message: &Message) {
        let [of_people, of_bot, of_system] = &metrics().messages_posted;
        match message.role {
            AuthorKind::User => of_people.inc(),
            AuthorKind::Bot => of_bot.inc(),
            AuthorKind::System => of_system.inc(),
        }
        let Counter { number: seq, version } = stored;
        let view = MessageView { version: Some(version), ..MessageView::new(&self.name, seq, message) };
        self.publish_as(&ServerFrame::Message(view), Audience::Everyone, Progress { number: seq, version });
    }

    /// Sends a message as it is now, of which more has changed than that it was deleted. To be called as
    /// [`Room::publish_change`].
    pub(super) fn publish_anew(&self, changed: &ChangedMessage) {
        let ChangedMessage { seq, version, message } = changed;
        let view = MessageView { version: Some(*version), ..MessageView::new(&self.name, *seq, message) };
        let progress = Progress { number: 0, version: *version };
        self.publish_as(&ServerFrame::Changed(view), Audience::Full, progress);
    }

    /// Sends a durable change of a message. To be called in the order of the versions.
    pub(super) fn publish_change(&self, changed: &ChangedMessage) {
        let ChangedMessage { seq, version, message } = changed;
        let view = MessageView { version: Some(*version), ..MessageView::new(&self.name, *seq, message) };
        let frame = match message.deleted {
            true => ServerFrame::Deleted { room: self.name.shown(), seq: *seq, version: *version },
            false => ServerFrame::Changed(view),
        };
        self.publish_as(&frame, Audience::Full, Progress { number: 0, version: *version });
    }
}

/// Membership in a room: as long as it exists, frames are delivered to the outbox. Dropping it leaves the room.
pub struct Membership {
    room: Arc<Room>,
    subscription: Subscription,
    principal: Principal,
    runtime: Runtime,
    tasks: TaskTracker,
    /// Whose room it is, where it is gone when everybody has left.
    rooms: Arc<Rooms>,
}

impl Membership {
    pub(super) fn new(
        room: Arc<Room>,
        actor: &Actor,
        outbox: Arc<Outbox>,
        runtime: &Runtime,
        tasks: &TaskTracker,
        rooms: &Arc<Rooms>,
    ) -> Self {
        let subscription = room.group.clone().subscribe(outbox);
        room.presence.enter(&actor.principal, &actor.as_member());
        let (runtime, tasks) = (runtime.clone(), tasks.clone());
        let (principal, rooms) = (actor.principal.clone(), rooms.clone());
        let this = Self { room, subscription, principal, runtime, tasks, rooms };
        this.announce_presence();
        this
    }

    pub fn room(&self) -> &Arc<Room> {
        &self.room
    }

    pub fn id(&self) -> OutboxId {
        self.subscription.outbox()
    }

    /// What goes beyond this reaches the outbox; what is up to it is in the store.
    pub fn since(&self) -> Progress {
        self.subscription.since()
    }

    /// Changes the handle.
    pub fn rename(&mut self, actor: &Actor) {
        self.room.presence.enter(&actor.principal, &actor.as_member());
        self.room.presence.leave(&self.principal);
        self.principal = actor.principal.clone();
        self.announce_presence();
    }

    /// Presence is announced with a short delay, combined with other changes: a thousand people who join at once are announced
    /// in a few frames, and reloading the page causes no announcement.
    fn announce_presence(&self) {
        if !self.room.presence.begin_announcement() {
            return;
        }
        let room = self.room.clone();
        let announcement = async move {
            tokio::time::sleep(ANNOUNCE_AFTER).await;
            if let Some(changes) = room.presence.take_changes() {
                let frame = ServerFrame::Presence {
                    room: room.name.shown(),
                    joined: &changes.joined,
                    left: &changes.left,
                    count: changes.count,
                };
                room.publish(&frame, Audience::Full);
            }
        };
        self.tasks.spawn_on(announcement, &self.runtime);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.room.presence.leave(&self.principal);
        self.announce_presence();
        self.rooms.clear_when_left(&self.room, &self.runtime);
    }
}
