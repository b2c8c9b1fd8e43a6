//! The rooms: entering, leaving, saying something, being answered.
//!
//! Everything that is said takes one way: the store makes it durable and gives it its number, then the room's group hands
//! it to the members. Knows nothing of sockets, HTTP or what a command does.

mod addressing;
mod catch_up;
mod deliveries;
mod feed;
mod job_views;
mod jobs;
mod outcome;
mod presence;
mod room;
mod room_names;
mod rooms;
mod schedules;
mod timetable;

use std::sync::Arc;

use tokio::runtime::Handle as Runtime;
use tokio_util::task::TaskTracker;

pub use addressing::request;
pub use catch_up::{CatchUp, History, Page};
pub use job_views::JobFilter;
pub use outcome::Outcome;
pub use room::{Membership, Room};
pub use schedules::Alteration;

use crate::accounts::{Action, Actor};
use crate::groups::{Audience, Outbox};
use crate::jobs::{Jobs, Slot, Waiter};
use crate::model::{
    BotMode, Job, JobId, JobRequest, Message, MessageText, Persona, RoomName, SendId, Timestamp, Voice,
};
use crate::protocol::{MessageView, ServerFrame};
use crate::store::{NewMessage, Posted, Store, StoreError};
use crate::text::Text;
use crate::webhooks::Webhooks;
use feed::Feed;
pub use rooms::RoomSummary;
use rooms::Rooms;
use timetable::Alarm;

/// Publications that may wait in one room before it is too busy for more.
const MAX_BACKLOG: usize = 4096;

/// The rooms and everything that happens in them.
pub struct Chat {
    store: Arc<Store>,
    jobs: Arc<Jobs>,
    rooms: Rooms,
    /// Who watches jobs.
    feed: Feed,
    /// Wakes the timetable.
    alarm: Alarm,
    /// Who outside is told of what happens.
    webhooks: Arc<Webhooks>,
    runtime: Runtime,
    /// Jobs that one person may have waiting and running.
    jobs_per_person: usize,
    /// Held while a room's settings change.
    changing: tokio::sync::Mutex<()>,
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

/// What a message asks the bot for.
enum Asked {
    Nothing,
    /// A job of its own, with its place among the waiting.
    New(Box<Job>, Slot),
    /// The same as a job that has not ended.
    Same(JobId),
}

impl Asked {
    fn id(&self) -> Option<JobId> {
        match self {
            Self::Nothing => None,
            Self::New(job, _) => Some(job.id.clone()),
            Self::Same(id) => Some(id.clone()),
        }
    }

    fn new_job(&self) -> Option<&Job> {
        if let Self::New(job, _) = self { Some(job) } else { None }
    }
}

impl Chat {
    /// `new_room_bot` is what the bot of a room answers to until its settings are changed, `jobs_per_person` how many jobs
    /// one person may have waiting and running.
    pub fn new(
        store: Arc<Store>,
        jobs: Arc<Jobs>,
        new_room_bot: BotMode,
        jobs_per_person: usize,
        webhooks: Arc<Webhooks>,
        tasks: TaskTracker,
    ) -> Arc<Self> {
        let rooms = Rooms::new(store.clone(), new_room_bot, tasks.clone());
        let feed = Feed::new(tasks.clone());
        let runtime = Runtime::current();
        let (alarm, changing) = (Alarm::default(), tokio::sync::Mutex::default());
        Arc::new(Self { store, jobs, rooms, feed, alarm, webhooks, runtime, jobs_per_person, changing, tasks })
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
        Ok(Membership::new(room, actor, outbox.clone(), &self.runtime, &self.tasks))
    }

    /// Says something. `then` is called once it is durable and on its way to the members, or refused; on the store's
    /// writer thread: it must be quick and must not block.
    pub async fn post(
        self: &Arc<Self>,
        room: Arc<Room>,
        actor: &Actor,
        post: Post,
        then: impl FnOnce(Result<Sent, Text>) + Send + 'static,
    ) {
        let asked = match self.admit(&room, actor, &post) {
            Ok(asked) => asked,
            // A repetition is answered however busy the server is: it was sent, and nothing has to be stored.
            Err(refused) => return then(self.sent_before(&room, actor, &post).await.ok_or(refused)),
        };
        let message = Message {
            id: post.id.clone().unwrap_or_else(SendId::fresh),
            handle: actor.handle.clone(),
            role: actor.role.voice(),
            text: post.text,
            at: Timestamp::now(),
            job: asked.id(),
            answer: None,
            deleted: false,
        };
        let deliveries = self.deliveries_of_message(room.name(), &message);
        let new_jobs: Vec<Job> = asked.new_job().into_iter().chain(&deliveries).cloned().collect();
        let (chat, number, kept) = (self.clone(), room.number(), message.clone());
        let on_durable = move |posted: Result<Posted, StoreError>| {
            let sent = posted.map_err(Text::from).map(|Posted { seq, repeated }| Sent { seq, repeated, message });
            match &sent {
                Ok(Sent { seq, repeated: false, message }) => {
                    room.publish_message(*seq, message, &chat.runtime);
                    chat.begin_asked(&room, asked, *seq);
                    chat.begin_deliveries(deliveries, *seq);
                }
                _ => chat.withdraw(&asked),
            }
            then(sent);
        };
        let new = NewMessage {
            room: number,
            author: &actor.person,
            message: &kept,
            is_repeatable: post.id.is_some(),
            jobs: &new_jobs,
        };
        self.store.post(new, on_durable).await;
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
    fn admit(&self, room: &Room, actor: &Actor, post: &Post) -> Result<Asked, Text> {
        actor.may(Action::Enter(room.name()))?;
        if room.backlog() > MAX_BACKLOG {
            return Err(Text::new("error-busy"));
        }
        let asks = actor.role.voice() == Voice::User;
        let is_command = |name: &str| self.jobs.is_command(name);
        let read = || addressing::read(room.bot(), post.text.as_str(), is_command).filter(|_| asks);
        let Some(request) = post.request.clone().or_else(read) else { return Ok(Asked::Nothing) };
        let policy = self.jobs.policy(&request.name);
        let person = actor.job_owner(room.name());
        let mut job = Job::queued(request, person, actor.handle.clone(), room.name().clone(), actor.locale);
        job.zone.clone_from(&actor.zone);
        job.attempts += policy.retries.most;
        if policy.is_unique {
            job.unique_key = Some(job.digest());
        }
        let slot = self.slot_for(&job)?;
        Ok(self.same_job(&job).map_or_else(|| Asked::New(Box::new(job), slot), Asked::Same))
    }

    /// A place for one more job of this person.
    fn slot_for(&self, job: &Job) -> Result<Slot, Text> {
        if self.jobs.count_of(&job.person) >= self.jobs_per_person {
            return Err(Text::new("error-busy-own").with("max", self.jobs_per_person));
        }
        self.jobs.reserve(self.jobs.policy(&job.name).lane).ok_or_else(|| Text::new("error-busy"))
    }

    /// The unfinished job that has this one's key; if there is none, the key is this one's.
    fn same_job(&self, job: &Job) -> Option<JobId> {
        let key = job.unique_key.as_deref()?;
        if let Err(same) = self.jobs.claim(job) {
            return Some(same);
        }
        // One that waits for its time is known to the store alone.
        let later = self.store.unique_job(key).ok().flatten();
        if later.is_some() {
            self.jobs.unclaim(job);
        }
        later
    }

    /// What was asked for is durable: it waits for a worker from now on, and the room is told.
    fn begin_asked(&self, room: &Arc<Room>, asked: Asked, seq: u64) {
        match asked {
            Asked::Nothing => {}
            Asked::New(job, slot) => {
                // First, so that whoever joins now is shown the job. No worker gets ahead of the announcement: all it has to
                // say goes through the store's writer, which is busy with this.
                self.jobs.enqueue([Waiter { job: (*job).clone(), seq, log: Vec::new(), slot: Some(slot) }]);
                self.announce(room, &job, seq);
            }
            Asked::Same(id) => {
                if let Ok((job, view)) = self.job(&id) {
                    self.show(room, &job, &view);
                }
            }
        }
    }

    fn withdraw(&self, asked: &Asked) {
        if let Asked::New(job, _) = asked {
            self.jobs.unclaim(job);
        }
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
        let deleted = self.store.delete_message(room.number(), seq, room.last()).await.map_err(Text::from)?;
        if deleted.is_none() {
            return Err(Text::new("error-not_found-message"));
        }
        tracing::info!(room = room.name().shown(), seq, "message deleted by the owner");
        let frame = ServerFrame::Deleted { room: room.name().shown(), seq };
        room.publish(&frame, Audience::Full, &self.runtime);
        Ok(())
    }

    /// Changes a room's settings; `None` leaves one as it is.
    pub async fn change_room(&self, room: &Arc<Room>, change: RoomChange, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::ChangeRoom)?;
        let persona = change.persona.map(Persona::checked).transpose()?;
        // One change at a time: two that are given at once must not undo each other.
        let _changing = self.changing.lock().await;
        let mut record = room.record();
        record.bot = change.bot.unwrap_or(record.bot);
        record.persona = persona.unwrap_or(record.persona);
        self.store.update_room(room.number(), &record).await.map_err(Text::from)?;
        room.set_record(record.clone());
        let (bot, greetings) = (record.bot, &record.persona.greeting);
        let frame = ServerFrame::Room { room: room.name().shown(), bot, greetings };
        room.publish(&frame, Audience::Full, &self.runtime);
        Ok(())
    }

    /// Tells the others that somebody is typing.
    pub fn typing(&self, membership: &Membership, actor: &Actor) {
        let room = membership.room();
        let frame = ServerFrame::Typing { room: room.name().shown(), handle: &actor.handle };
        room.publish(&frame, Audience::FullExcept(membership.id()), &self.runtime);
    }
}

/// A message's frame.
fn message_frame<'a>(room: &'a RoomName, seq: u64, message: &'a Message) -> ServerFrame<'a> {
    ServerFrame::Message(MessageView::new(room, seq, message))
}
