//! The rooms: entering, leaving, saying something, being answered.
//!
//! Everything that is said takes one way: the store makes it durable and gives it its number, then the room's group hands
//! it to the members. Knows nothing of sockets, HTTP or what a command does.

mod addressing;
mod catch_up;
mod presence;
mod room;
mod room_names;
mod rooms;

use std::sync::Arc;

use tokio::runtime::Handle as Runtime;
use tokio_util::task::TaskTracker;

pub use catch_up::{CatchUp, History, Page};
pub use room::{Membership, Room};

use crate::accounts::{Action, Actor};
use crate::groups::{Audience, Outbox};
use crate::jobs::{Begun, Cancelled, Jobs, Slot};
use crate::model::{
    Answer, BotMode, Handle, Job, JobError, JobId, JobState, Message, MessageText, Person, RoomName, SendId, Timestamp,
    Voice,
};
use crate::protocol::{JobView, MessageView, ServerFrame};
use crate::store::{NewMessage, Posted, Store, StoreError, StoredJob};
use crate::text::Text;
pub use rooms::RoomSummary;
use rooms::Rooms;

/// Publications that may wait in one room before it is too busy for more.
const MAX_BACKLOG: usize = 4096;

/// Unfinished jobs shown to whoever joins a room.
const MAX_JOBS_SHOWN: usize = 100;

/// The rooms and everything that happens in them.
pub struct Chat {
    store: Arc<Store>,
    jobs: Arc<Jobs>,
    rooms: Rooms,
    runtime: Runtime,
    /// Jobs that one person may have waiting and running.
    jobs_per_person: usize,
    /// Deliveries and presence updates that are under way.
    tasks: TaskTracker,
}

/// Something somebody wants to say.
#[derive(Clone, Debug)]
pub struct Post {
    pub text: MessageText,
    /// The client's own id, by which a repetition is recognised.
    pub id: Option<SendId>,
}

/// A message that is durable.
#[derive(Clone, Debug)]
pub struct Sent {
    pub seq: u64,
    /// It was there already; this author had sent it before.
    pub repeated: bool,
    pub message: Message,
}

/// How a job ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub state: JobState,
    /// What the room is told.
    pub text: String,
    /// Stable code of what went wrong.
    pub error: Option<String>,
}

impl Chat {
    /// `new_room_bot` is what the bot of a room answers to until its settings are changed, `jobs_per_person` how many jobs
    /// one person may have waiting and running.
    pub fn new(
        store: Arc<Store>,
        jobs: Arc<Jobs>,
        new_room_bot: BotMode,
        jobs_per_person: usize,
        tasks: TaskTracker,
    ) -> Arc<Self> {
        let rooms = Rooms::new(store.clone(), new_room_bot, tasks.clone());
        Arc::new(Self { store, jobs, rooms, runtime: Runtime::current(), jobs_per_person, tasks })
    }

    /// The room of that name, created if there is none; `true` if it is new.
    pub async fn open_room(&self, name: &RoomName) -> Result<(Arc<Room>, bool), Text> {
        self.rooms.open(name).await.map_err(refusal)
    }

    /// The room of that name, if there is one.
    pub async fn find_room(&self, name: &RoomName) -> Result<Arc<Room>, Text> {
        let found = self.rooms.find(name).await.map_err(refusal)?;
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
        self.rooms.list(part, limit).map_err(refusal)
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
        &self,
        room: Arc<Room>,
        actor: &Actor,
        post: Post,
        then: impl FnOnce(Result<Sent, Text>) + Send + 'static,
    ) {
        let (job, slot) = match self.admit(&room, actor, &post) {
            Ok(admitted) => admitted.unzip(),
            // A repetition is answered however busy the server is: it was sent, and nothing has to be stored.
            Err(refused) => return then(self.sent_before(&room, actor, &post).await.ok_or(refused)),
        };
        let message = Message {
            id: post.id.clone().unwrap_or_else(SendId::fresh),
            handle: actor.handle.clone(),
            role: actor.role.voice(),
            text: post.text,
            at: Timestamp::now(),
            job: job.as_ref().map(|job: &Job| job.id.clone()),
            answer: None,
            deleted: false,
        };
        let (jobs, runtime, kept) = (self.jobs.clone(), self.runtime.clone(), message.clone());
        let (number, asked) = (room.number(), job.clone());
        let on_durable = move |posted: Result<Posted, StoreError>| {
            let sent = posted.map_err(refusal).map(|Posted { seq, repeated }| Sent { seq, repeated, message });
            if let Ok(Sent { seq, repeated: false, message }) = &sent {
                room.publish_message(*seq, message, &runtime);
                if let Some((job, slot)) = asked.zip(slot) {
                    // First, so that whoever joins now is shown the job. No worker gets ahead of the announcement: all it
                    // has to say goes through the store's writer, which is busy with this.
                    jobs.enqueue(job.clone(), *seq, slot);
                    announce(&room, &job, *seq, &runtime);
                }
            }
            then(sent);
        };
        let new = NewMessage {
            room: number,
            author: &actor.person,
            message: &kept,
            is_repeatable: post.id.is_some(),
            job: job.as_ref(),
        };
        self.store.post(new, on_durable).await;
    }

    /// Whether a message can be taken now, and the job it asks for with its place in the queue.
    fn admit(&self, room: &Room, actor: &Actor, post: &Post) -> Result<Option<(Job, Slot)>, Text> {
        actor.may(Action::Enter(room.name()))?;
        if room.backlog() > MAX_BACKLOG {
            return Err(Text::new("error-busy"));
        }
        let asks = actor.role.voice() == Voice::User;
        let request = asks.then(|| addressing::request(room.bot(), post.text.as_str())).flatten();
        let Some(request) = request else { return Ok(None) };
        let person = actor.job_owner(room.name());
        if self.jobs.count_of(&person) >= self.jobs_per_person {
            return Err(Text::new("error-busy-own").with("max", self.jobs_per_person));
        }
        let lane = self.jobs.policy(&request.name).lane;
        let slot = self.jobs.queue().reserve(lane).ok_or_else(|| Text::new("error-busy"))?;
        let job = Job::queued(request, person, actor.handle.clone(), room.name().clone(), actor.locale);
        Ok(Some((job, slot)))
    }

    /// This person's message of that id, if it is stored.
    async fn sent_before(&self, room: &Room, actor: &Actor, post: &Post) -> Option<Sent> {
        let seq = self.store.find_sent(room.number(), &actor.person, post.id.as_ref()?).await.ok()??;
        let message = self.message(room, seq).ok()??;
        Some(Sent { seq, repeated: true, message })
    }

    /// The message of that number as it is now: what a repeated post is answered with.
    pub fn message(&self, room: &Room, seq: u64) -> Result<Option<Message>, Text> {
        self.store.message(room.number(), seq).map_err(refusal)
    }

    /// Hands jobs that had not ended at the last stop back to the workers, or ends them as their command demands.
    pub async fn resume(&self, stored: StoredJob, again: bool, interrupted: Outcome) {
        let StoredJob { mut job, seq } = stored;
        if again || job.state == JobState::Queued {
            let Some(slot) = self.jobs.queue().wait_for_slot(self.jobs.policy(&job.name).lane).await else { return };
            job.state = JobState::Queued;
            self.jobs.enqueue(job, seq, slot);
        } else {
            self.finish(job, seq, interrupted).await;
        }
    }

    /// Stores that a job waits again, for the next start to take up.
    pub async fn put_back(&self, job: &Job) -> Result<(), StoreError> {
        self.jobs.close(&job.id);
        self.store.update_job(job).await.map(drop)
    }

    /// Notes that a worker has begun a job.
    pub async fn job_begun(&self, begun: &Begun) {
        if let Err(error) = self.store.update_job(&begun.job).await {
            tracing::warn!(%error, job = %begun.job.id, "cannot note that the job began");
        }
        if let Some((_, view)) = self.jobs.get(&begun.job.id) {
            self.show_job(&begun.job.room, &view).await;
        }
    }

    /// Shows the room how far a job is.
    pub async fn job_progress(&self, room: &RoomName, id: &JobId, progress: Option<u8>, text: Option<String>) {
        if let Some(view) = self.jobs.set_progress(id, progress, text) {
            self.show_job(room, &view).await;
        }
    }

    async fn show_job(&self, room: &RoomName, view: &JobView) {
        if let Ok(Some(room)) = self.rooms.find(room).await {
            let frame = ServerFrame::Job { room: room.name().shown(), job: view };
            room.publish(&frame, Audience::Full, &self.runtime);
        }
    }

    /// Ends a job: its end and the bot's words about it are stored together, then the room sees both.
    pub async fn finish(&self, job: Job, seq: u64, outcome: Outcome) {
        let room = match self.open_room(&job.room).await {
            Ok((room, _)) => room,
            Err(error) => return tracing::error!(code = error.code(), job = %job.id, "cannot answer"),
        };
        // Deleted while the job ran: its words must not come back with the answer.
        let is_deleted =
            self.store.message(room.number(), seq).is_ok_and(|asked| asked.is_some_and(|asked| asked.deleted));
        let job = if is_deleted { Job { arguments: String::new(), ..job } } else { job };
        let now = Timestamp::now();
        let message = Message {
            id: SendId::fresh(),
            handle: Handle::bot(),
            role: Voice::Bot,
            text: MessageText::from_bot(outcome.text),
            at: now,
            job: Some(job.id.clone()),
            answer: Some(Answer {
                reply_to: seq,
                state: outcome.state,
                took_ms: now.since(job.created_at),
                query: job.line(),
            }),
            deleted: false,
        };
        let said = message.text.as_str().to_owned();
        let ended = Job {
            state: outcome.state,
            finished_at: Some(now),
            result: outcome.error.is_none().then(|| said.clone()),
            error: outcome.error.map(|code| JobError { code, message: said }),
            ..job
        };
        let (jobs, runtime, number) = (self.jobs.clone(), self.runtime.clone(), room.number());
        let (kept_job, kept_message) = (ended.clone(), message.clone());
        let (done, durable) = tokio::sync::oneshot::channel();
        let on_durable = move |posted: Result<Posted, StoreError>| {
            match posted {
                Ok(Posted { seq: answer_seq, repeated: false }) => {
                    // Before anybody hears of it: who joins then must not be shown a job whose end was told already.
                    jobs.close(&ended.id);
                    room.publish_message(answer_seq, &message, &runtime);
                    let view = JobView::new(&ended, seq, (ended.state == JobState::Completed).then_some(100), None);
                    room.publish(&ServerFrame::Job { room: room.name().shown(), job: &view }, Audience::Full, &runtime);
                }
                Ok(_) => jobs.close(&ended.id),
                Err(error) => tracing::error!(%error, job = %ended.id, "cannot store the answer"),
            }
            // Nobody waits any more when the server stops meanwhile.
            let _ = done.send(());
        };
        self.store.finish_job(number, &kept_job, &kept_message, on_durable).await;
        drop(durable.await);
    }

    /// Cancels a job; the view says how it stands then.
    pub async fn cancel(
        &self,
        id: &JobId,
        actor: &Actor,
        cancelled: impl FnOnce(&Job) -> Outcome,
    ) -> Result<JobView, Text> {
        let (job, _) = self.job(id)?;
        actor.may(Action::SeeJob(&job)).map_err(|_| no_such_job())?;
        actor.may(Action::CancelJob(&job))?;
        match self.jobs.cancel(id, actor.handle.clone()) {
            Some(Cancelled::WhileRunning(view)) => Ok(*view),
            Some(Cancelled::BeforeStart { job, seq }) => {
                let outcome = cancelled(&job);
                self.finish(*job, seq, outcome).await;
                self.job(id).map(|(_, view)| view)
            }
            None => self.job(id).map(|(_, view)| view),
        }
    }

    /// A job, if this person may see it.
    pub fn visible_job(&self, id: &JobId, actor: &Actor) -> Result<JobView, Text> {
        let (job, view) = self.job(id)?;
        actor.may(Action::SeeJob(&job)).map_err(|_| no_such_job())?;
        Ok(view)
    }

    fn job(&self, id: &JobId) -> Result<(Job, JobView), Text> {
        if let Some(open) = self.jobs.get(id) {
            return Ok(open);
        }
        let StoredJob { job, seq } = self.store.job(id).map_err(refusal)?.ok_or_else(no_such_job)?;
        let view = JobView::new(&job, seq, None, None);
        Ok((job, view))
    }

    /// The newest jobs: one's own, everybody's for the owner. Reads many: not for tokio's workers.
    pub fn list_jobs(&self, actor: &Actor, state: Option<JobState>, limit: usize) -> Result<Vec<JobView>, Text> {
        let everybody = actor.may(Action::SeeEveryJob).is_ok();
        let person: Option<&Person> = (!everybody).then_some(&actor.person);
        // Where an unfinished job stands is known here, not in the store.
        let view = |stored: &StoredJob| match self.jobs.get(&stored.job.id) {
            Some((_, view)) => view,
            None => JobView::new(&stored.job, stored.seq, None, None).shortened(),
        };
        let wanted = |stored: &StoredJob| state.is_none_or(|state| view(stored).state == state);
        let stored = self.store.newest_jobs(person, limit, wanted).map_err(refusal)?;
        Ok(stored.iter().map(view).collect())
    }

    /// Takes the text out of a message; everybody in the room sees that it was deleted.
    pub async fn delete_message(&self, room: &Arc<Room>, seq: u64, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::DeleteMessage)?;
        let deleted = self.store.delete_message(room.number(), seq, room.last()).await.map_err(refusal)?;
        if deleted.is_none() {
            return Err(Text::new("error-not_found-message"));
        }
        tracing::info!(room = room.name().shown(), seq, "message deleted by the owner");
        let frame = ServerFrame::Deleted { room: room.name().shown(), seq };
        room.publish(&frame, Audience::Full, &self.runtime);
        Ok(())
    }

    /// Changes what a room's bot answers to.
    pub async fn set_bot(&self, room: &Arc<Room>, bot: BotMode, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::ChangeRoom)?;
        let record = room.record_with_bot(bot);
        self.store.update_room(room.number(), &record).await.map_err(refusal)?;
        room.set_bot(bot);
        let frame = ServerFrame::Room { room: room.name().shown(), bot };
        room.publish(&frame, Audience::Full, &self.runtime);
        Ok(())
    }

    /// Tells the others that somebody is typing.
    pub fn typing(&self, membership: &Membership, actor: &Actor) {
        let room = membership.room();
        let frame = ServerFrame::Typing { room: room.name().shown(), handle: &actor.handle };
        room.publish(&frame, Audience::FullExcept(membership.id()), &self.runtime);
    }

    /// The unfinished jobs of a room.
    pub fn jobs_of(&self, room: &Room) -> Vec<JobView> {
        self.jobs.of_room(room.name(), MAX_JOBS_SHOWN)
    }
}

/// Shows the room that its message became a job.
fn announce(room: &Arc<Room>, job: &Job, seq: u64, runtime: &Runtime) {
    let words = Text::new("loading").with("line", job.line()).in_locale(job.locale);
    let loading = ServerFrame::Loading { room: room.name().shown(), job: &job.id, message: &words };
    room.publish(&loading, Audience::Everyone, runtime);
    let view = JobView::new(job, seq, None, None);
    room.publish(&ServerFrame::Job { room: room.name().shown(), job: &view }, Audience::Full, runtime);
}

/// A message's frame.
fn message_frame<'a>(room: &'a RoomName, seq: u64, message: &'a Message) -> ServerFrame<'a> {
    ServerFrame::Message(MessageView::new(room, seq, message))
}

fn no_such_job() -> Text {
    Text::new("error-not_found-job")
}

/// What a client is told when the store refuses; the details are in the log.
fn refusal(error: StoreError) -> Text {
    match error {
        StoreError::Full => Text::new("error-storage_full"),
        StoreError::Failed | StoreError::Unreadable(_) => {
            tracing::error!(%error, "the store refused");
            Text::new("error-store_failed")
        }
    }
}
