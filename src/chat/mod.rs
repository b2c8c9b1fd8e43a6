//! The rooms: entering, leaving, saying something, being answered.
//!
//! Everything that is said takes one way: the store makes it durable and gives it its number, then the room's group hands
//! it to the members. Knows nothing of sockets, HTTP or what a command does.

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
use crate::model::{BotMode, Job, JobRequest, Message, MessageText, Persona, RoomName, SendId, Timestamp, Voice};
use crate::protocol::ServerFrame;
use crate::store::{ChangedMessage, NewMessage, Posted, RoomRecord, Store, StoreError};
use crate::text::Text;

/// Publications that may wait in one room before it is too busy for more.
const MAX_BACKLOG: usize = 4096;

/// How often a message is posted whose job comes and goes at the same time.
const TRIES: usize = 5;

/// The rooms and everything that happens in them.
pub struct Chat {
    store: Arc<Store>,
    jobs: Arc<Jobs>,
    rooms: Arc<Rooms>,
    runtime: Runtime,
    /// Deliveries and presence updates that are under way.
    tasks: TaskTracker,
}

/// What is to be changed of a room's settings; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
pub struct RoomChange {
    /// What its bot answers to.
    pub bot: Option<BotMode>,
    /// How its bot presents itself, as a whole.
    pub persona: Option<Persona>,
}

/// Something somebody wants to say.
#[derive(Clone, Debug)]
pub struct Post {
    pub text: MessageText,
    /// The client's own id, by which a repetition is recognised.
    pub id: Option<SendId>,
    /// What it asks the bot for, where that is known without reading it.
    pub request: Option<JobRequest>,
}

/// A message that is durable.
#[derive(Clone, Debug)]
pub struct Sent {
    pub seq: u64,
    /// It was there already; this author had sent it before.
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

    /// A new room under a made-up name, in words of the given language.
    pub async fn invent_room(&self, actor: &Actor) -> Result<Arc<Room>, Text> {
        /// With a few thousand rooms one in a hundred names is taken; five in a row never are.
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

    /// Public rooms whose name contains `part`, newest first. Reads every room: not for tokio's workers.
    pub fn list_rooms(&self, part: &str, limit: usize) -> Result<Vec<RoomSummary>, Text> {
        self.rooms.list(part, limit).map_err(Text::from)
    }

    /// Enters a room: what is said from now on reaches `outbox`, until the membership is dropped.
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
            // A repetition is answered however busy the server is: it was sent, and nothing has to be stored.
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
                room.publish_message(stored, &message, &chat.runtime);
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

    /// Says something and waits until it is durable; a repetition gives the message as it is now.
    pub async fn say(self: &Arc<Self>, room: Arc<Room>, actor: &Actor, post: Post) -> Result<Sent, Text> {
        let (answer, sent) = tokio::sync::oneshot::channel();
        // The caller may be gone by then.
        self.post(room.clone(), actor, post, |sent| drop(answer.send(sent))).await;
        let sent = sent.await.unwrap_or_else(|_| Err(Text::new("error-store_failed")))?;
        if !sent.repeated {
            return Ok(sent);
        }
        let message = self.message(&room, sent.seq)?.unwrap_or(sent.message);
        Ok(Sent { message, ..sent })
    }

    /// Whether a message can be taken now, and what it asks the bot for.
    async fn admit(&self, room: &Room, actor: &Actor, post: &Post) -> Result<Option<Admission>, Text> {
        actor.may(Action::Enter(room.name()))?;
        if room.backlog() > MAX_BACKLOG {
            return Err(Text::new("error-busy"));
        }
        let asks = actor.role.voice() == Voice::User;
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
            room.publish(&loading, Audience::Everyone, &self.runtime);
        }
        self.jobs.begin_admitted(admission, seq);
    }

    /// This person's message of that id, if it is stored.
    async fn sent_before(&self, room: &Room, actor: &Actor, post: &Post) -> Option<Sent> {
        let seq = self.store.find_sent(room.number(), &actor.person, post.id.as_ref()?).await.ok()??;
        let message = self.message(room, seq).ok()??;
        Some(Sent { seq, repeated: true, message })
    }

    /// The message of that number as it is now: what a repeated post is answered with.
    pub fn message(&self, room: &Room, seq: u64) -> Result<Option<Message>, Text> {
        self.store.message(room.number(), seq).map_err(Text::from)
    }

    /// Takes the text out of a message; everybody in the room sees that it was deleted.
    pub async fn delete_message(&self, room: &Arc<Room>, seq: u64, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::DeleteMessage)?;
        let (shown, runtime) = (room.clone(), self.runtime.clone());
        let effect = move |changed: Vec<ChangedMessage>| {
            for message in &changed {
                shown.publish_change(message, &runtime);
            }
        };
        if !self.store.delete_message(room.number(), seq, effect).await? {
            return Err(Text::new("error-not_found-message"));
        }
        tracing::info!(room = room.name().shown(), seq, "message deleted by the owner");
        Ok(())
    }

    /// Changes a room's settings; `None` leaves one as it is.
    pub async fn change_room(&self, room: &Arc<Room>, change: RoomChange, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::ChangeRoom)?;
        let persona = change.persona.map(Persona::checked).transpose()?;
        let (shown, runtime) = (room.clone(), self.runtime.clone());
        let effect = move |record: RoomRecord| {
            let (bot, greetings) = (record.settings.bot, &record.settings.persona.greeting);
            let frame = ServerFrame::Room { room: shown.name().shown(), bot, greetings };
            shown.publish(&frame, Audience::Full, &runtime);
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
        room.publish(&frame, Audience::FullExcept(membership.id()), &self.runtime);
    }
}

/// Called with what became of something said.
type OnSent = Box<dyn FnOnce(Result<Sent, Text>) + Send>;

/// What is said, as it is stored.
fn message(actor: &Actor, post: &Post, asks_for: Option<&Admission>) -> Message {
    Message {
        id: post.id.clone().unwrap_or_else(SendId::fresh),
        author: actor.person.clone(),
        handle: actor.handle.clone(),
        role: actor.role.voice(),
        text: post.text.clone(),
        at: Timestamp::now(),
        job: asks_for.map(|admission| admission.id().clone()),
        answer: None,
        deleted: false,
    }
}
