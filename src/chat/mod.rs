//! Rooms: joining, leaving, posting and receiving answers.
//!
//! All messages take the same path: the store makes them durable and numbers them, then the room's group delivers
//! them to the members. Independent of sockets, HTTP and what commands do.

mod addressing;
mod announcements;
mod catch_up;
mod holding;
mod leaving;
mod maintenance;
mod managing;
mod moderating;
mod presence;
mod reacting;
mod retention;
mod room;
mod room_names;
mod rooms;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::runtime::Handle as Runtime;
use tokio_util::task::TaskTracker;

use holding::{Passage, Waiting};

pub use addressing::request;
pub use announcements::RoomAnnouncer;
pub use catch_up::{CatchUp, History, Page, Seen};
pub use managing::{NewRoom, RoomChange};
pub use moderating::{Cleared, Culprit};
pub use retention::{Purged, Purges};
pub use room::{Membership, Room};
pub use rooms::{RoomSummary, Rooms};

use crate::accounts::{Action, Actor, Connections};
use crate::budgets::{Budgets, Cost, Spender};
use crate::groups::{Audience, Outbox};
use crate::jobs::{Admission, JobOrigin, Jobs, Start};
use crate::model::{
    AuthorKind, BotMode, HeldMessage, Job, JobRequest, Message, MessageText, Reactions, RoomName, RoomRecord, SendId,
    Timestamp,
};
use crate::moderation::Moderation;
use crate::protocol::ServerFrame;
use crate::store::{Held, HeldId, NewMessage, Posted, Store, StoreError};
use crate::text::Text;

/// Maximum backlog of publications per room; beyond it, posts are refused as busy.
const MAX_BACKLOG: usize = 4096;

/// How often a message is posted whose job comes and goes at the same time.
const TRIES: usize = 5;

/// The rooms and everything that happens in them.
pub struct Chat {
    store: Arc<Store>,
    jobs: Arc<Jobs>,
    rooms: Arc<Rooms>,
    budgets: Arc<Budgets>,
    moderation: Arc<Moderation>,
    waiting: Waiting,
    /// The authors of what waits for approval are told what becomes of it.
    connections: Arc<dyn Connections>,
    runtime: Runtime,
    /// Tracks deliveries and presence updates in progress.
    tasks: TaskTracker,
    purges: Mutex<Purges>,
}

/// A message to be posted.
#[derive(Clone, Debug)]
pub struct Post {
    pub text: MessageText,
    /// The client's id, for deduplication.
    pub id: Option<SendId>,
    /// The request to the bot, if it is known without parsing the text.
    pub request: Option<JobRequest>,
    /// When what is requested is to be started.
    pub start: Start,
    /// What it was while it waited for approval, if it did.
    pub held: Option<Arc<Held>>,
}

impl Post {
    /// What somebody says, which may ask the bot for something by its words.
    pub fn new(text: MessageText, id: Option<SendId>) -> Self {
        Self { text, id, request: None, start: Start::default(), held: None }
    }
}

/// What became of something said.
#[derive(Clone, Debug)]
pub enum Said {
    Posted(Box<Sent>),
    /// It waits for approval, under this id; `false` if it did before.
    Held {
        id: HeldId,
        message: Box<HeldMessage>,
        is_new: bool,
    },
}

impl Said {
    fn repeated(seq: u64, message: Message) -> Self {
        Self::Posted(Box::new(Sent { seq, repeated: true, message }))
    }
}

/// A message that is durable.
#[derive(Clone, Debug)]
pub struct Sent {
    pub seq: u64,
    /// A duplicate: this author had sent it before.
    pub repeated: bool,
    pub message: Message,
}

impl Chat {
    /// `tasks` are waited for when the server stops.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn new(
        store: Arc<Store>,
        jobs: Arc<Jobs>,
        rooms: Arc<Rooms>,
        budgets: Arc<Budgets>,
        moderation: Arc<Moderation>,
        connections: Arc<dyn Connections>,
        tasks: TaskTracker,
    ) -> Result<Arc<Self>, StoreError> {
        let (waiting, runtime) = (Waiting::of(&store.held_messages().await?), Runtime::current());
        let purges = Mutex::default();
        Ok(Arc::new(Self { store, jobs, rooms, budgets, moderation, waiting, connections, runtime, tasks, purges }))
    }

    /// The room of that name, created for this person if there is none; `true` if it is new. A direct room is made by naming its
    /// people, not itself.
    pub async fn open_room(&self, name: &RoomName, actor: &Actor) -> Result<(Arc<Room>, bool), Text> {
        if name.is_direct() {
            return self.find_room(name, actor).await.map(|room| (room, false));
        }
        let bot = if name.is_private() { BotMode::Always } else { self.rooms.new_room_bot() };
        self.room_with(RoomRecord::new(name.clone(), bot, Some(&actor.principal)), actor).await
    }

    /// The room of that name, if there is one that this person may enter.
    pub async fn find_room(&self, name: &RoomName, actor: &Actor) -> Result<Arc<Room>, Text> {
        let found = self.rooms.find(name).await?;
        self.entered(found.ok_or_else(|| managing::no_such_room(name))?, actor)
    }

    /// Joins a room: its messages are delivered to `outbox` until the membership is dropped. Who has `seen` something there is told
    /// that the room was deleted, and does not make it anew.
    pub async fn join(
        &self,
        name: &RoomName,
        actor: &Actor,
        outbox: &Arc<Outbox>,
        seen: Seen<'_>,
    ) -> Result<Membership, Text> {
        let was_there = seen.after.is_some_and(|after| after > 0) && seen.epoch == Some(self.epoch());
        let room = match was_there && !name.is_private() {
            true => self.find_room(name, actor).await?,
            false => self.open_room(name, actor).await?.0,
        };
        Ok(Membership::new(room, actor, outbox.clone(), &self.runtime, &self.tasks, &self.rooms))
    }

    /// Says something. `on_commit` is called once it is durable and on its way to the members, or refused; on the store's
    /// writer thread: it must be quick and must neither block nor read the store.
    pub async fn post(
        self: &Arc<Self>,
        room: Arc<Room>,
        actor: &Actor,
        post: Post,
        on_commit: impl FnOnce(Result<Said, Text>) + Send + 'static,
    ) {
        let allowed = self.may_post_now(&room, actor, &post).map(|()| self.passage(&room, actor, &post));
        match allowed {
            Ok(Passage::Free) => {}
            Ok(Passage::Held(finding)) => return self.hold(&room, actor, post, finding, Box::new(on_commit)).await,
            // A duplicate is acknowledged all the same: nothing has to be stored.
            Err(refused) | Ok(Passage::Refused(refused)) => {
                return on_commit(self.sent_before(&room, actor, &post).await.ok_or(refused));
            }
        }
        self.try_to_post(room, actor.clone(), post, Box::new(on_commit), TRIES).await;
    }

    async fn try_to_post(self: &Arc<Self>, room: Arc<Room>, actor: Actor, post: Post, on_commit: OnSent, tries: usize) {
        let admission = match self.admit(&room, &actor, &post).await {
            Ok(admission) => admission,
            // As above, when the server is busy.
            Err(refused) => return on_commit(self.sent_before(&room, &actor, &post).await.ok_or(refused)),
        };
        let number = match self.rooms.store(&room, &actor.principal).await {
            Ok(number) => number,
            Err(error) => return on_commit(Err(error.into())),
        };
        let message = message(&actor, &post, admission.as_ref());
        let deliveries = room.with_record(|record| self.jobs.deliveries_of_message(record, &message));
        let asked = admission.iter().filter_map(Admission::new_job);
        let new_jobs: Vec<Job> = asked.chain(deliveries.iter().map(|delivery| delivery.job())).cloned().collect();
        let (chat, kept, name) = (self.clone(), message.clone(), room.name().clone());
        let is_repeatable = post.id.is_some();
        let (held, was_held) = (post.held.clone(), post.held.is_some());
        let on_durable = move |posted: Result<Posted, StoreError>| match posted {
            Ok(Posted::New(stored)) => {
                let seq = stored.number;
                room.publish_message(stored, &message);
                if let Some(admission) = admission {
                    chat.begin(&room, admission, seq);
                }
                chat.jobs.begin_deliveries(deliveries, seq);
                if was_held {
                    chat.waiting.remove(&message.author);
                }
                on_commit(Ok(Said::Posted(Box::new(Sent { seq, repeated: false, message }))));
            }
            Ok(Posted::Repeated { seq }) => on_commit(Ok(Said::repeated(seq, message))),
            // The same was asked for at the same moment: now that job is there.
            Ok(Posted::NotUnique) if tries > 0 => chat.post_again(room, actor, post, on_commit, tries - 1),
            Ok(Posted::Full) => on_commit(Err(Text::new("error-room_full"))),
            Ok(Posted::NotUnique | Posted::Gone) => on_commit(Err(Text::new("error-busy"))),
            Err(error) => on_commit(Err(error.into())),
        };
        let temporary = Some(&name).filter(|name| name.is_temporary());
        let quota = self.store.message_quota(&name);
        let held = held.as_deref();
        let new = NewMessage { room: number, message: &kept, is_repeatable, temporary, jobs: &new_jobs, quota, held };
        self.store.post(new, on_durable).await;
    }

    fn post_again(self: Arc<Self>, room: Arc<Room>, actor: Actor, post: Post, on_commit: OnSent, tries: usize) {
        let (tasks, runtime) = (self.tasks.clone(), self.runtime.clone());
        let posting: BoxFuture<'static, ()> =
            Box::pin(async move { self.try_to_post(room, actor, post, on_commit, tries).await });
        tasks.spawn_on(posting, &runtime);
    }

    /// Posts a message and waits until it is durable; for a duplicate, returns the stored message in its current state.
    pub async fn say(self: &Arc<Self>, room: Arc<Room>, actor: &Actor, post: Post) -> Result<Said, Text> {
        let (answer, sent) = tokio::sync::oneshot::channel();
        // The caller may be gone by then.
        self.post(room.clone(), actor, post, |said| drop(answer.send(said))).await;
        match sent.await.unwrap_or_else(|_| Err(Text::new("error-store_failed")))? {
            Said::Posted(sent) if sent.repeated => {
                let message = self.message(&room, sent.seq).await?.unwrap_or(sent.message);
                Ok(Said::repeated(sent.seq, message))
            }
            said => Ok(said),
        }
    }

    /// Checks whether a message can be accepted now, and reserves the job that it requests.
    async fn admit(&self, room: &Room, actor: &Actor, post: &Post) -> Result<Option<Admission>, Text> {
        if room.backlog() > MAX_BACKLOG {
            return Err(Text::new("error-busy"));
        }
        let asks = actor.author_kind() == AuthorKind::User;
        let is_command = |name: &str| self.jobs.is_command(name);
        let read = || addressing::read(room.bot(), post.text.as_str(), is_command).filter(|_| asks);
        match post.request.clone().or_else(read) {
            Some(request) => {
                let origin = JobOrigin::of(actor, Some(room.name().clone()));
                let is_overheard = post.request.is_none()
                    && !room.name().is_private()
                    && !addressing::is_addressed(post.text.as_str());
                match self.jobs.admit(request, origin, post.start).await {
                    // Where the bot answers everything, who may not ask it may still talk.
                    Err(refused) if is_overheard && refused.code() == "forbidden" => Ok(None),
                    admission => admission.map(Some),
                }
            }
            None => Ok(None),
        }
    }

    /// Checks whether this person may say something in the room, and takes what it costs: once, however often it is tried to store it.
    fn may_post_now(&self, room: &Room, actor: &Actor, post: &Post) -> Result<(), Text> {
        if room.is_gone() {
            return Err(managing::no_such_room(room.name()));
        }
        if post.held.is_some() {
            // That was decided, and paid, when it was sent.
            return Ok(());
        }
        let manages = room.with_record(|record| {
            actor.may(Action::Post(record)).map(|()| actor.may(Action::ManageRoom(record)).is_ok())
        })?;
        if !manages && actor.may(Action::Moderate).is_err() {
            let later = |seconds| Text::new("error-too_fast-slow").with("seconds", seconds);
            room.take_turn(&actor.principal).map_err(later)?;
        }
        self.spend(room, actor, post)
    }

    /// What a message costs its author.
    fn spend(&self, room: &Room, actor: &Actor, post: &Post) -> Result<(), Text> {
        let payer = actor.payer();
        let spender = Spender { role: actor.role, payer: &payer, room: Some(room.name()) };
        self.budgets.take(Cost::Messages, 1, spender)?;
        Ok(self.budgets.take(Cost::Text, post.text.as_str().len() as u64, spender)?)
    }

    /// What a message asked for is durable: the room is told, and the job waits for a worker.
    fn begin(&self, room: &Room, admission: Admission, seq: u64) {
        if let Some(job) = admission.new_job().filter(|job| job.state.is_open()) {
            let words = room.persona().working(job.locale).map(str::to_owned);
            let words = words.unwrap_or_else(|| Text::new("loading").with("line", job.line()).in_locale(job.locale));
            let loading = ServerFrame::Loading { room: room.name().shown(), job: &job.id, message: &words };
            room.publish(&loading, Audience::Everyone);
        }
        self.jobs.begin_admitted(admission, seq);
    }

    /// This person's message of that id, if it is stored.
    async fn sent_before(&self, room: &Room, actor: &Actor, post: &Post) -> Option<Said> {
        let seq = self.store.find_sent(room.number(), &actor.principal, post.id.as_ref()?).await.ok()??;
        let message = self.message(room, seq).await.ok()??;
        Some(Said::repeated(seq, message))
    }

    /// The message of that number in its current state.
    pub async fn message(&self, room: &Room, seq: u64) -> Result<Option<Message>, Text> {
        Ok(self.store.message(room.number(), seq).await?)
    }

    /// Tells the others that somebody is typing who may say something then.
    pub fn typing(&self, membership: &Membership, actor: &Actor) {
        let room = membership.room();
        if room.with_record(|record| actor.may(Action::Post(record)).is_err()) {
            return;
        }
        let frame = ServerFrame::Typing { room: room.name().shown(), handle: &actor.handle };
        room.publish(&frame, Audience::FullExcept(membership.id()));
    }
}

/// Called with what became of something said.
type OnSent = Box<dyn FnOnce(Result<Said, Text>) + Send>;

/// What is said, as it is stored.
fn message(actor: &Actor, post: &Post, asks_for: Option<&Admission>) -> Message {
    let job = asks_for.map(|admission| admission.id().clone());
    if let Some(held) = &post.held {
        // As it was written, but said now.
        return Message { at: Timestamp::now(), job, ..held.record.message.clone() };
    }
    Message {
        id: post.id.clone().unwrap_or_else(SendId::fresh),
        author: actor.principal.clone(),
        handle: actor.handle.clone(),
        role: actor.author_kind(),
        author_role: actor.role,
        address: actor.address.clone(),
        text: post.text.clone(),
        at: Timestamp::now(),
        job,
        answer: None,
        reactions: Reactions::default(),
        deleted: false,
    }
}
