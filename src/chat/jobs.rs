//! What happens to jobs: beginning, telling, trying again, ending, cancelling; and who is told of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::feed::Watched;
use super::{Chat, Outcome, Room};
use crate::accounts::{Action, Actor};
use crate::groups::{Audience, Outbox, Subscription};
use crate::jobs::{Begun, Cancelled, OnRestart, Slot, Waiter};
use crate::model::{
    Answer, Handle, Job, JobError, JobId, JobRequest, JobState, Message, MessageText, RoomName, SendId, Timestamp,
    Voice,
};
use crate::protocol::{JobView, ServerFrame};
use crate::store::{JobEnd, NewMessage, Posted, ScheduleChange, StoreError, StoredJob};
use crate::text::Text;

/// How often a job is begun at most that was running when the server went down: one that takes it down must not do so forever.
const MAX_CRASHES: u32 = 5;

impl Chat {
    // --- on the way to an end ---

    /// Takes up jobs that had not ended at the last stop: they wait again, or end as their command demands.
    pub async fn resume(self: &Arc<Self>, stored: Vec<StoredJob>) {
        let must_end = |stored: &StoredJob| {
            let ran = stored.job.state == JobState::Running;
            let once = self.jobs.policy(&stored.job.name).on_restart == OnRestart::Interrupt;
            ran && (once || stored.job.crashes + 1 >= MAX_CRASHES)
        };
        let (ending, waiting): (Vec<_>, Vec<_>) = stored.into_iter().partition(must_end);
        self.jobs.enqueue(waiting.into_iter().map(|StoredJob { mut job, seq }| {
            if job.state == JobState::Running {
                job.crashes += 1;
                job.move_to(JobState::Queued, Some(Text::new("job-server-stopped").in_locale(job.locale)));
            }
            let log = self.store.job_log(&job.id).unwrap_or_default();
            let slot = self.jobs.reserve(self.jobs.policy(&job.name).lane);
            Waiter { job, seq, log, slot }
        }));
        for StoredJob { job, seq } in ending {
            let outcome = Outcome::interrupted(&job);
            self.finish(job, seq, outcome).await;
        }
    }

    /// Stores that a job waits again, for the next start to take up, as if it had not been begun.
    pub async fn put_back(self: &Arc<Self>, job: &Job, seq: u64) -> Result<(), StoreError> {
        let mut waiting = Job { started_at: None, attempt: job.attempt - 1, ..job.clone() };
        waiting.move_to(JobState::Queued, Some(Text::new("job-server-stopped").in_locale(job.locale)));
        let log = self.jobs.log(&job.id).unwrap_or_default();
        let stored = self.store.change_job(job, &waiting, &log).await.map(drop);
        if let Some(by) = self.jobs.close(&job.id) {
            self.finish_cancelled(waiting, seq, &by).await;
        }
        stored
    }

    /// Notes that a worker has begun a job.
    pub async fn job_begun(&self, begun: &Begun) {
        // Queued and running have one place in the store.
        if let Err(error) = self.store.change_job(&begun.job, &begun.job, &[]).await {
            tracing::warn!(%error, job = %begun.job.id, "cannot note that the job began");
        }
        self.show_by_id(&begun.job.id).await;
    }

    /// Shows how far a job is.
    pub async fn job_progress(&self, id: &JobId, progress: Option<u8>, text: Option<String>) {
        if self.jobs.set_progress(id, progress, text).is_some() {
            self.show_by_id(id).await;
        }
    }

    /// Shows the room a piece of an answer that is still being written.
    pub async fn job_piece(&self, job: &Job, text: &str) {
        let Some(n) = self.jobs.add_piece(&job.id, text) else { return };
        if job.quiet {
            return;
        }
        if let Ok(Some(room)) = self.rooms.find(&job.room).await {
            let delta = ServerFrame::Delta { room: room.name().shown(), job: &job.id, text, n };
            room.publish(&delta, Audience::Full, &self.runtime);
        }
    }

    /// Adds a line to a running job's log.
    pub fn job_logged(&self, id: &JobId, line: &str) {
        self.jobs.add_log(id, line);
    }

    /// Keeps what a running job has logged so far, should the server go down under it.
    pub async fn keep_log(&self, id: &JobId) {
        if let Some(log) = self.jobs.log(id)
            && let Err(error) = self.store.keep_log(id, &log).await
        {
            tracing::warn!(%error, job = %id, "cannot keep the job's log");
        }
    }

    /// Lets the bot say something in a job's room besides its answer.
    pub async fn bot_says(&self, job: &Job, text: String) -> Result<(), Text> {
        let (room, _) = self.open_room(&job.room).await?;
        let message = bot_message(text, None, None);
        let (number, kept, runtime) = (room.number(), message.clone(), self.runtime.clone());
        let (done, durable) = oneshot::channel();
        let on_durable = move |posted: Result<Posted, StoreError>| {
            if let Ok(posted) = &posted {
                room.publish_message(posted.seq, &message, &runtime);
            }
            // Nobody waits any more when the job was cancelled meanwhile.
            let _ = done.send(posted.map(drop).map_err(Text::from));
        };
        let new = NewMessage { room: number, author: &job.person, message: &kept, is_repeatable: false, jobs: &[] };
        self.store.post(new, on_durable).await;
        durable.await.unwrap_or_else(|_| Err(Text::new("error-store_failed")))
    }

    /// Stores a job that follows from message number `seq`, and lets it wait for its time or a worker. `false` when there is
    /// one of its id, for then this was done before.
    pub async fn add_job(self: &Arc<Self>, job: Job, seq: u64) -> Result<bool, Text> {
        let slot = if job.state.is_open() { Some(self.slot_for(&job)?) } else { None };
        if !self.store.add_job(&job, seq).await.map_err(Text::from)? {
            return Ok(false);
        }
        let id = job.id.clone();
        match slot {
            Some(_) => self.jobs.enqueue([Waiter { job, seq, log: Vec::new(), slot }]),
            None => self.alarm.ring(),
        }
        self.show_by_id(&id).await;
        Ok(true)
    }

    /// Lets something be done about which nothing is said in any room; the job, whose result only its person sees.
    pub async fn start_quietly(
        self: &Arc<Self>,
        room: RoomName,
        actor: &Actor,
        request: JobRequest,
    ) -> Result<JobId, Text> {
        let mut job = Job::queued(request, actor.person.clone(), actor.handle.clone(), room, actor.locale);
        job.zone.clone_from(&actor.zone);
        let id = job.id.clone();
        self.add_quiet_job(job).await?;
        Ok(id)
    }

    /// The same for a job that is made already.
    pub async fn add_quiet_job(self: &Arc<Self>, job: Job) -> Result<(), Text> {
        let attempts = job.attempts + self.jobs.policy(&job.name).retries.most;
        self.add_job(Job { attempts, quiet: true, ..job }, 0).await.map(drop)
    }

    /// Lets a job that failed be tried again after `delay`; `why` is in the asker's language.
    pub async fn retry_later(self: &Arc<Self>, begun: &Begun, why: String, delay: Duration) {
        let mut waiting = begun.job.clone();
        waiting.move_to(JobState::Retrying, Some(why));
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        waiting.due_at = Some(Timestamp(Timestamp::now().0.saturating_add(delay)));
        let log = self.jobs.log(&begun.job.id).unwrap_or_default();
        match self.store.change_job(&begun.job, &waiting, &log).await {
            Ok(_) => {
                if let Some(by) = self.jobs.close(&waiting.id) {
                    return self.finish_cancelled(waiting, begun.seq, &by).await;
                }
                self.alarm.ring();
                self.show_by_id(&waiting.id).await;
            }
            Err(error) => tracing::error!(%error, job = %waiting.id, "cannot let the job be tried again"),
        }
    }

    // --- the end ---

    /// Ends a job and waits until that is durable: its end and the bot's words about it are stored together, then the room sees
    /// both. One that is not what it was any more stays as it is.
    pub async fn finish(self: &Arc<Self>, from: Job, seq: u64, outcome: Outcome) {
        let schedule = match self.next_run(&from) {
            Ok(schedule) => schedule,
            Err(error) => return tracing::error!(%error, job = %from.id, "cannot read the job's schedule"),
        };
        if let Some(durable) = self.hand_in(from, seq, outcome, schedule.as_ref()).await {
            drop(durable.await);
            self.show_next(schedule).await;
        }
    }

    /// Ends a job that somebody cancelled while it was on its way from one state to another.
    async fn finish_cancelled(self: &Arc<Self>, from: Job, seq: u64, by: &Handle) {
        let outcome = Outcome::cancelled(&from, Some(&by.to_string()));
        self.finish(from, seq, outcome).await;
    }

    /// As `finish`, for a job that ran: returns when its end is with the store, and its worker may do something else.
    pub async fn finish_later(self: &Arc<Self>, from: Job, seq: u64, outcome: Outcome) {
        let id = from.id.clone();
        drop(self.hand_in(from, seq, outcome, None).await);
        self.jobs.free_worker(&id);
    }

    /// Hands a job's end to the store; whoever waits is told when it is durable.
    async fn hand_in(
        self: &Arc<Self>,
        from: Job,
        seq: u64,
        outcome: Outcome,
        schedule: Option<&ScheduleChange>,
    ) -> Option<oneshot::Receiver<()>> {
        let room = match self.open_room(&from.room).await {
            Ok((room, _)) => room,
            Err(error) => {
                tracing::error!(code = error.code(), job = %from.id, "cannot answer");
                return None;
            }
        };
        let (ended, message) = self.ended(&room, &from, seq, outcome);
        let was_open = from.state.is_open();
        let log = self.jobs.log(&from.id).unwrap_or_default();
        let (done, durable) = oneshot::channel();
        let (chat, number, kept_job, kept_message) = (self.clone(), room.number(), ended.clone(), message.clone());
        let causes = self.deliveries_of_job(&ended);
        let kept_causes = causes.clone();
        let on_durable = move |posted: Result<Posted, StoreError>| {
            match posted {
                Ok(Posted { seq: answer_seq, repeated: false }) => {
                    // Before anybody hears of it: who joins then must not be shown a job whose end was told already.
                    drop(chat.jobs.close(&ended.id));
                    chat.jobs.stats().ended(&ended);
                    if !ended.quiet {
                        room.publish_message(answer_seq, &message, &chat.runtime);
                    }
                    let progress = (ended.state == JobState::Completed).then_some(100);
                    chat.show(&room, &ended, &JobView::new(&ended, seq, progress, None));
                    chat.begin_deliveries(causes, 0);
                }
                Ok(_) if was_open => drop(chat.jobs.close(&ended.id)),
                // It came to its time meanwhile, and waits for a worker.
                Ok(_) => {}
                Err(error) => tracing::error!(%error, job = %ended.id, "cannot store the answer"),
            }
            // Most do not wait.
            let _ = done.send(());
        };
        let answer = (!kept_job.quiet).then_some((number, &kept_message));
        let causes = &kept_causes;
        let end = JobEnd { from: &from, to: &kept_job, log: &log, answer, causes, schedule };
        self.store.finish_job(end, on_durable).await;
        Some(durable)
    }

    /// The job as it ended, and what is said about it.
    fn ended(&self, room: &Room, from: &Job, seq: u64, outcome: Outcome) -> (Job, Message) {
        let mut job = from.clone();
        // Deleted while the job ran: its words must not come back with the answer.
        if self.store.message(room.number(), seq).is_ok_and(|asked| asked.is_some_and(|asked| asked.deleted)) {
            job.arguments.clear();
        }
        let now = Timestamp::now();
        let took_ms = now.since(job.created_at);
        let grounds = outcome.grounds.filter(|_| !job.arguments.is_empty());
        let query = grounds.as_ref().map_or_else(|| job.line(), |grounds| grounds.query.clone());
        let answer = Answer { reply_to: seq, state: outcome.state, took_ms, query, grounds: grounds.clone() };
        let message = bot_message(outcome.text, Some(job.id.clone()), Some(answer));
        let said = message.text.as_str();
        job.move_to(outcome.state, outcome.error.as_ref().map(|_| said.to_owned()));
        job.finished_at = Some(now);
        job.grounds = grounds;
        job.result = outcome.error.is_none().then(|| said.to_owned());
        job.error = outcome.error.map(|code| JobError { code, message: said.to_owned() });
        (job, message)
    }

    /// Cancels a job; the view says how it stands then.
    pub async fn cancel(self: &Arc<Self>, id: &JobId, actor: &Actor) -> Result<JobView, Text> {
        /// It may come to its time, or fail, just as it is cancelled.
        const TRIES: usize = 20;
        /// About as long as a change takes to be durable.
        const MOMENT: Duration = Duration::from_millis(10);
        self.manageable(id, actor)?;
        for _ in 0..TRIES {
            let waiting = match self.jobs.cancel(id, actor.handle.clone()) {
                Some(Cancelled::WhileRunning(view)) => return Ok(*view),
                Some(Cancelled::BeforeStart { job, seq }) => Some(StoredJob { job: *job, seq }),
                None => Some(self.stored_job(id)?).filter(|stored| !stored.job.state.has_ended()),
            };
            let Some(StoredJob { job, seq }) = waiting else { break };
            if job.state.is_open() && self.jobs.get(id).is_none() {
                // On its way from one place to another.
                tokio::time::sleep(MOMENT).await;
                continue;
            }
            self.finish_cancelled(job, seq, &actor.handle).await;
        }
        self.job(id).map(|(_, view)| view)
    }

    /// Begins a job again that has ended otherwise than well, or at once what waits for its time.
    pub async fn retry(self: &Arc<Self>, id: &JobId, actor: &Actor) -> Result<JobView, Text> {
        let job = self.manageable(id, actor)?;
        if job.state.is_open() {
            return self.job(id).map(|(_, view)| view);
        }
        if job.state == JobState::Completed {
            return Err(Text::new("error-wrong_state-retry"));
        }
        let stored = self.stored_job(id)?;
        let slot = self.slot_for(&stored.job)?;
        let reason = Text::new("job-retried-by").with("by", &actor.handle).in_locale(stored.job.locale);
        if stored.job.state.is_due_later() {
            self.begin_now(stored, Some(slot), Some(reason)).await?;
        } else {
            self.reopen(stored, Waiting { slot, reason }).await?;
        }
        self.job(id).map(|(_, view)| view)
    }

    /// Lets a job that has ended wait again, with as many attempts as a new one.
    async fn reopen(self: &Arc<Self>, stored: StoredJob, waiting: Waiting) -> Result<(), Text> {
        let StoredJob { job: from, seq } = stored;
        let mut job =
            Job { started_at: None, finished_at: None, error: None, result: None, grounds: None, ..from.clone() };
        job.attempts = job.finished_attempts() + 1 + self.jobs.policy(&job.name).retries.most;
        job.move_to(JobState::Queued, Some(waiting.reason));
        if self.same_job(&job).is_some() {
            return Err(Text::new("error-wrong_state-same"));
        }
        let log = self.store.job_log(&job.id).map_err(Text::from)?;
        let changed = self.store.change_job(&from, &job, &[]).await;
        if !matches!(changed, Ok(true)) {
            self.jobs.unclaim(&job);
            return changed.map(drop).map_err(Text::from);
        }
        let id = job.id.clone();
        self.jobs.enqueue([Waiter { job, seq, log, slot: Some(waiting.slot) }]);
        self.show_by_id(&id).await;
        Ok(())
    }

    /// Forgets a job that has ended.
    pub async fn remove_job(&self, id: &JobId, actor: &Actor) -> Result<(), Text> {
        let job = self.manageable(id, actor)?;
        let is_removed = job.state.has_ended() && self.store.remove_job(&job).await.map_err(Text::from)?;
        if is_removed { Ok(()) } else { Err(Text::new("error-wrong_state-remove")) }
    }

    /// Forgets jobs that ended longer than `keep` ago; dead ones are left to people. How many they were.
    pub async fn prune_jobs(self: &Arc<Self>, keep: Duration) -> Result<usize, StoreError> {
        /// Jobs at a time.
        const BATCH: usize = 256;
        let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        let until = Timestamp(Timestamp::now().0.saturating_sub(keep));
        let mut pruned = 0;
        loop {
            let chat = self.clone();
            let old = tokio::task::spawn_blocking(move || chat.store.old_jobs(until, BATCH)).await;
            let old = old.unwrap_or(Err(StoreError::Failed))?;
            futures_util::future::try_join_all(old.iter().map(|job| self.store.remove_job(job))).await?;
            pruned += old.len();
            if old.len() < BATCH {
                return Ok(pruned);
            }
        }
    }

    // --- telling ---

    /// Shows the room that its message became a job.
    pub(super) fn announce(&self, room: &Arc<Room>, job: &Job, seq: u64) {
        if !job.quiet {
            let own = room.persona().working(job.locale).map(str::to_owned);
            let words = own.unwrap_or_else(|| Text::new("loading").with("line", job.line()).in_locale(job.locale));
            let loading = ServerFrame::Loading { room: room.name().shown(), job: &job.id, message: &words };
            room.publish(&loading, Audience::Everyone, &self.runtime);
        }
        self.show(room, job, &JobView::new(job, seq, None, None));
    }

    /// Shows how a job stands, to its room and to whoever watches it.
    pub(super) fn show(&self, room: &Room, job: &Job, view: &JobView) {
        let frame = |watched| ServerFrame::Job { room: room.name().shown(), job: view, watched };
        self.feed.publish(&job.person, &frame(true), &self.runtime);
        if !job.quiet {
            room.publish(&frame(false), Audience::Full, &self.runtime);
        }
    }

    /// As `show`, for a job that may have changed meanwhile.
    pub(super) async fn show_by_id(&self, id: &JobId) {
        let Ok((job, view)) = self.job(id) else { return };
        if let Ok(Some(room)) = self.rooms.find(&job.room).await {
            self.show(&room, &job, &view);
        }
    }

    /// Every change of the jobs that this person may list reaches `outbox`, until the subscription is dropped.
    pub fn watch_jobs(&self, actor: &Actor, outbox: &Arc<Outbox>) -> Subscription {
        let watched = match actor.may(Action::SeeEveryJob) {
            Ok(()) => Watched::Everybody,
            Err(_) => Watched::One(actor.person.clone()),
        };
        self.feed.watch(watched, outbox.clone())
    }
}

/// What a job needs to wait again.
struct Waiting {
    slot: Slot,
    reason: String,
}

fn bot_message(text: String, job: Option<JobId>, answer: Option<Answer>) -> Message {
    Message {
        id: SendId::fresh(),
        handle: Handle::bot(),
        role: Voice::Bot,
        text: MessageText::from_bot(text),
        at: Timestamp::now(),
        job,
        answer,
        deleted: false,
    }
}
