//! Rooms: joining, leaving, posting and receiving answers.
//!
//! All messages take the same path: the store makes them durable and numbers them, then the room's group delivers
//! them to the members. Independent of sockets, HTTP and what commands do.

mod addressing;
mod announcements;
mod catch_up;
mod maintenance;
mod presence;
mod room;
mod room_names;
mod rooms;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle as Runtime;
use tokio_util::task::TaskTracker;

pub use addressing::request;
pub use announcements::RoomAnnouncer;
pub use catch_up::{CatchUp, History, Page, Seen};
pub use room::{Membership, Room};
pub use rooms::{RoomSummary, Rooms};

use crate::accounts::{Action, Actor};
use crate::groups::{Audience, Outbox};
use crate::jobs::{Admission, JobOrigin, Jobs};
use crate::model::{AuthorKind, BotMode, Job, JobRequest, Message, MessageText, Persona, RoomName, SendId, Timestamp};
use crate::protocol::ServerFrame;
use crate::store::{ChangedMessage, NewMessage, Posted, RoomRecord, Store, StoreError};
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
    runtime: Runtime,
    /// Tracks deliveries and presence updates in progress.
    tasks: TaskTracker,
}

/// A change of a room's settings; `None` leaves a setting unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
pub struct RoomChange {
    /// What its bot answers to.
    pub bot: Option<BotMode>,
    /// The bot's persona, replaced as a whole.
    pub persona: Option<Persona>,
}

/// A message to be posted.
#[derive(Clone, Debug)]
pub struct Post {
    pub text: MessageText,
    /// The client's id, for deduplication.
    pub id: Option<SendId>,
    /// The request to the bot, if it is known without parsing the text.
    pub request: Option<JobRequest>,
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
    pub fn new(store: Arc<Store>, jobs: Arc<Jobs>, rooms: Arc<Rooms>, tasks: TaskTracker) -> Arc<Self> {
        Arc::new(Self { store, jobs, rooms, runtime: Runtime::current(), tasks })
    }

    /// The room of that name, created if there is none; `true` if it is new.
    pub async fn open_room(&self, name: &RoomName) -> Result<(Arc<Room>, bool), Text> {
        self.rooms.open(name).await.map_err(Text::from)
    }

    /// The room of that name, if there is one.
    pub async fn find_room(&self, name: &RoomName) -> Result<Arc<Room>, Text> {
        let found = self.rooms.find(name).await.map_err(Text::from)?;
        found.ok_or_else(|| Text::new("error-not_found-room").with("room", name.shown()))
    }

    /// Creates a room with a generated name in the given language.
    pub async fn invent_room(&self, actor: &Actor) -> Result<Arc<Room>, Text> {
        /// With a few thousand rooms one in a hundred names is taken; this many in a row never are.
        const TRIES: usize = 20;
        for _ in 0..TRIES {
            let name = RoomName::public(&room_names::invent(actor.locale))?;
            let (room, is_new) = self.open_room(&name).await?;
            if is_new {
                return Ok(room);
            }
        }
        Err(Text::new("error-busy"))
    }

    /// Public rooms whose name contains `part`, newest first. Reads every room.
    pub async fn list_rooms(&self, part: &str, limit: usize) -> Result<Vec<RoomSummary>, Text> {
        Ok(self.rooms.list(part, limit).await?)
    }

    /// Joins a room: its messages are delivered to `outbox` until the membership is dropped.
    pub async fn join(&self, name: &RoomName, actor: &Actor, outbox: &Arc<Outbox>) -> Result<Membership, Text> {
        actor.may(Action::Enter(name))?;
        let (room, _) = self.open_room(name).await?;
        Ok(Membership::new(room, actor, outbox.clone(), &self.runtime, &self.tasks, &self.rooms))
    }

    /// Says something. `on_commit` is called once it is durable and on its way to the members, or refused; on the store's
    /// writer thread: it must be quick and must neither block nor read the store.
    pub async fn post(
        self: &Arc<Self>,
        room: Arc<Room>,
        actor: &Actor,
        post: Post,
        on_commit: impl FnOnce(Result<Sent, Text>) + Send + 'static,
    ) {
        self.try_to_post(room, actor.clone(), post, Box::new(on_commit), TRIES).await;
    }

    async fn try_to_post(self: &Arc<Self>, room: Arc<Room>, actor: Actor, post: Post, on_commit: OnSent, tries: usize) {
        let admission = match self.admit(&room, &actor, &post).await {
            Ok(admission) => admission,
            // A duplicate is acknowledged even when the server is busy: nothing has to be stored.
            Err(refused) => return on_commit(self.sent_before(&room, &actor, &post).await.ok_or(refused)),
        };
        let number = match self.rooms.store(&room, &actor.home).await {
            Ok(number) => number,
            Err(error) => return on_commit(Err(error.into())),
        };
        let message = message(&actor, &post, admission.as_ref());
        let deliveries = self.jobs.deliveries_of_message(room.name(), &message);
        let asked = admission.iter().filter_map(Admission::new_job);
        let new_jobs: Vec<Job> = asked.chain(deliveries.iter().map(|delivery| delivery.job())).cloned().collect();
        let (chat, kept, name) = (self.clone(), message.clone(), room.name().clone());
        let is_repeatable = post.id.is_some();
        let on_durable = move |posted: Result<Posted, StoreError>| match posted {
            Ok(Posted::New(stored)) => {
                let seq = stored.number;
                room.publish_message(stored, &message);
                if let Some(admission) = admission {
                    chat.begin(&room, admission, seq);
                }
                chat.jobs.begin_deliveries(deliveries, seq);
                on_commit(Ok(Sent { seq, repeated: false, message }));
            }
            Ok(Posted::Repeated { seq }) => on_commit(Ok(Sent { seq, repeated: true, message })),
            // The same was asked for at the same moment: now that job is there.
            Ok(Posted::NotUnique) if tries > 0 => chat.post_again(room, actor, post, on_commit, tries - 1),
            Ok(Posted::NotUnique | Posted::Gone) => on_commit(Err(Text::new("error-busy"))),
            Err(error) => on_commit(Err(error.into())),
        };
        let temporary = Some(&name).filter(|name| name.is_temporary());
        let new = NewMessage { room: number, message: &kept, is_repeatable, temporary, jobs: &new_jobs };
        self.store.post(new, on_durable).await;
    }

    fn post_again(self: Arc<Self>, room: Arc<Room>, actor: Actor, post: Post, on_commit: OnSent, tries: usize) {
        let (tasks, runtime) = (self.tasks.clone(), self.runtime.clone());
        let posting: BoxFuture<'static, ()> =
            Box::pin(async move { self.try_to_post(room, actor, post, on_commit, tries).await });
        tasks.spawn_on(posting, &runtime);
    }

    /// Posts a message and waits until it is durable; for a duplicate, returns the stored message in its current state.
    pub async fn say(self: &Arc<Self>, room: Arc<Room>, actor: &Actor, post: Post) -> Result<Sent, Text> {
        let (answer, sent) = tokio::sync::oneshot::channel();
        // The caller may be gone by then.
        self.post(room.clone(), actor, post, |sent| drop(answer.send(sent))).await;
        let sent = sent.await.unwrap_or_else(|_| Err(Text::new("error-store_failed")))?;
        if !sent.repeated {
            return Ok(sent);
        }
        let message = self.message(&room, sent.seq).await?.unwrap_or(sent.message);
        Ok(Sent { message, ..sent })
    }

    /// Checks whether a message can be accepted now, and reserves the job that it requests.
    async fn admit(&self, room: &Room, actor: &Actor, post: &Post) -> Result<Option<Admission>, Text> {
        actor.may(Action::Enter(room.name()))?;
        if room.backlog() > MAX_BACKLOG {
            return Err(Text::new("error-busy"));
        }
        let asks = actor.author_kind() == AuthorKind::User;
        let is_command = |name: &str| self.jobs.is_command(name);
        let read = || addressing::read(room.bot(), post.text.as_str(), is_command).filter(|_| asks);
        match post.request.clone().or_else(read) {
            Some(request) => {
                let origin = JobOrigin::of(actor, Some(room.name().clone()));
                self.jobs.admit(request, origin).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// What a message asked for is durable: the room is told, and the job waits for a worker.
    fn begin(&self, room: &Room, admission: Admission, seq: u64) {
        if let Some(job) = admission.new_job() {
            let words = room.persona().working(job.locale).map(str::to_owned);
            let words = words.unwrap_or_else(|| Text::new("loading").with("line", job.line()).in_locale(job.locale));
            let loading = ServerFrame::Loading { room: room.name().shown(), job: &job.id, message: &words };
            room.publish(&loading, Audience::Everyone);
        }
        self.jobs.begin_admitted(admission, seq);
    }

    /// This person's message of that id, if it is stored.
    async fn sent_before(&self, room: &Room, actor: &Actor, post: &Post) -> Option<Sent> {
        let seq = self.store.find_sent(room.number(), &actor.principal, post.id.as_ref()?).await.ok()??;
        let message = self.message(room, seq).await.ok()??;
        Some(Sent { seq, repeated: true, message })
    }

    /// The message of that number in its current state.
    pub async fn message(&self, room: &Room, seq: u64) -> Result<Option<Message>, Text> {
        Ok(self.store.message(room.number(), seq).await?)
    }

    /// Deletes the text of a message and tells the room.
    pub async fn delete_message(&self, room: &Arc<Room>, seq: u64, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::DeleteMessage)?;
        let shown = room.clone();
        let effect =
            move |changed: Vec<ChangedMessage>| changed.iter().for_each(|message| shown.publish_change(message));
        if !self.store.delete_message(room.number(), seq, effect).await? {
            return Err(Text::new("error-not_found-message"));
        }
        tracing::info!(room = room.name().shown(), seq, "message deleted by the owner");
        Ok(())
    }

    /// Changes a room's settings; `None` leaves a setting unchanged.
    pub async fn change_room(&self, room: &Arc<Room>, change: RoomChange, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::ChangeRoom)?;
        let persona = change.persona.map(Persona::checked).transpose()?;
        let shown = room.clone();
        let effect = move |record: RoomRecord| {
            let (bot, greetings) = (record.settings.bot, &record.settings.persona.greeting);
            let frame = ServerFrame::Room { room: shown.name().shown(), bot, greetings };
            shown.publish(&frame, Audience::Full);
            shown.set_record(record);
        };
        let change = move |record: &mut RoomRecord| {
            let settings = &mut record.settings;
            settings.bot = change.bot.unwrap_or(settings.bot);
            settings.persona = persona.clone().unwrap_or_else(|| std::mem::take(&mut settings.persona));
        };
        Ok(self.store.update_room(room.number(), change, effect).await?)
    }

    /// Tells the others that somebody is typing.
    pub fn typing(&self, membership: &Membership, actor: &Actor) {
        let room = membership.room();
        let frame = ServerFrame::Typing { room: room.name().shown(), handle: &actor.handle };
        room.publish(&frame, Audience::FullExcept(membership.id()));
    }
}

/// Called with what became of something said.
type OnSent = Box<dyn FnOnce(Result<Sent, Text>) + Send>;

/// What is said, as it is stored.
fn message(actor: &Actor, post: &Post, asks_for: Option<&Admission>) -> Message {
    Message {
        id: post.id.clone().unwrap_or_else(SendId::fresh),
        author: actor.principal.clone(),
        handle: actor.handle.clone(),
        role: actor.author_kind(),
        text: post.text.clone(),
        at: Timestamp::now(),
        job: asks_for.map(|admission| admission.id().clone()),
        answer: None,
        deleted: false,
    }
}
