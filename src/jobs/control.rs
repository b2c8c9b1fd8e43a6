//! What people do to jobs: cancel, begin again, forget.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dispatch::{Cancelled, Permit, QueuedJob};
use super::{Alteration, JobFilter, Jobs};
use crate::accounts::Actor;
use crate::model::{Handle, Job, JobId, JobState, RoomName, Schedule, Timestamp};
use crate::protocol::JobView;
use crate::store::{JobChange, JobList, StoreError, StoredJob};
use crate::telemetry::current_span;
use crate::text::Text;

/// How often something is tried with a job that changes at the same time.
const TRIES: usize = 20;

/// About as long as a change takes to be durable.
const MOMENT: Duration = Duration::from_millis(10);

/// What was ended at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndedWork {
    pub jobs: usize,
    pub schedules: usize,
}

/// What is done to many jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    Cancel,
    Retry,
    Remove,
}

impl BulkAction {
    /// The states of jobs to which it is done where none are named.
    fn states(self) -> Vec<JobState> {
        let is_for_it = |state: &JobState| match self {
            Self::Cancel => !state.has_ended(),
            Self::Retry => state.has_ended() && *state != JobState::Completed,
            Self::Remove => state.has_ended(),
        };
        JobState::ALL.into_iter().filter(is_for_it).collect()
    }
}

/// What came of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct BulkOutcome {
    /// Jobs to which it was done.
    pub done: usize,
    /// Jobs in no state for that, or of others.
    pub skipped: usize,
    /// Whether there are more to which it can be done.
    pub more: bool,
}

impl Jobs {
    /// Does something to the jobs of a list that this person may change, at most `limit`.
    pub async fn in_bulk(
        self: &Arc<Self>,
        actor: &Actor,
        mut filter: JobFilter,
        action: BulkAction,
        limit: usize,
    ) -> Result<BulkOutcome, Text> {
        if filter.states.is_empty() {
            filter.states = action.states();
        }
        let (jobs, more) = self.list(actor, filter, limit).await?;
        let mut outcome = BulkOutcome { more, ..BulkOutcome::default() };
        for job in jobs {
            let done = match action {
                // One that waits for its time is in no need of it, unless it is named.
                _ if !action.states().contains(&job.state) && !job.state.is_due_later() => {
                    Err(Text::new("error-wrong_state-retry"))
                }
                BulkAction::Cancel => self.cancel(&job.id, actor).await.map(drop),
                BulkAction::Retry => self.retry(&job.id, actor).await.map(drop),
                BulkAction::Remove => self.remove(&job.id, actor).await,
            };
            match done {
                Ok(()) => outcome.done += 1,
                // Somebody else did it, or it ended, meanwhile; or it is not theirs.
                Err(text) if matches!(text.code(), "wrong_state" | "not_found" | "forbidden") => outcome.skipped += 1,
                Err(text) => return Err(text),
            }
        }
        // Where nothing can be done, asking again would not help.
        outcome.more &= outcome.done > 0;
        Ok(outcome)
    }

    /// Cancels a job and returns its state afterwards.
    pub async fn cancel(self: &Arc<Self>, id: &JobId, actor: &Actor) -> Result<JobView, Text> {
        self.manageable(id, actor).await?;
        let (jobs, id, by) = (self.clone(), id.clone(), actor.handle.clone());
        self.to_the_end(async move { jobs.cancel_as(&id, &by).await }).await
    }

    async fn cancel_as(self: &Arc<Self>, id: &JobId, by: &Handle) -> Result<JobView, Text> {
        for _ in 0..TRIES {
            let stored = match self.queue.cancel(id, by.clone()) {
                Some(Cancelled::WhileRunning(view)) => return Ok(*view),
                Some(Cancelled::BeforeStart(stored)) => *stored,
                None => self.stored_job(id).await?,
            };
            if stored.job.state.has_ended() {
                break;
            }
            if stored.job.state.is_open() && self.queue.get(id).is_none() {
                // In a state transition.
                tokio::time::sleep(MOMENT).await;
                continue;
            }
            self.end_cancelled(stored, by).await;
        }
        self.current(id).await.map(|(_, view)| view)
    }

    /// Ends everything that is being done in a room or planned there.
    pub async fn end_all_of_room(self: &Arc<Self>, room: &RoomName, by: &Handle) -> Result<(), Text> {
        let is_there = |other: Option<&RoomName>| other == Some(room);
        let is_job = |job: &Job| is_there(job.room.as_ref());
        self.end_all(is_job, |schedule| is_there(schedule.room.as_ref()), by).await.map(drop)
    }

    /// Deletes the schedules and cancels the unfinished jobs that are wanted, and waits for their ends; how many of both. Reads
    /// all of them.
    pub async fn end_all(
        self: &Arc<Self>,
        is_wanted_job: impl Fn(&Job) -> bool + Sync,
        is_wanted_schedule: impl Fn(&Schedule) -> bool,
        by: &Handle,
    ) -> Result<EndedWork, Text> {
        let mut ended = EndedWork::default();
        let schedules = self.store.schedules(usize::MAX).await?;
        for schedule in schedules.iter().filter(|schedule| is_wanted_schedule(schedule)) {
            match self.alter_schedule(&schedule.id, Alteration::Delete).await {
                Ok(_) => ended.schedules += 1,
                Err(error) if error.code() == "not_found" => {}
                Err(error) => return Err(error),
            }
        }
        let mut jobs = self.store.open_jobs().await?;
        jobs.extend(self.store.list_jobs(JobList::Due, None, usize::MAX, |stored| is_wanted_job(&stored.job)).await?);
        jobs.retain(|stored| is_wanted_job(&stored.job));
        for stored in &jobs {
            self.cancel_as(&stored.job.id, by).await?;
            ended.jobs += 1;
        }
        self.wait_for_ends(&jobs).await?;
        Ok(ended)
    }

    /// Waits a while for the ends of jobs that were cancelled while they ran.
    async fn wait_for_ends(&self, jobs: &[StoredJob]) -> Result<(), Text> {
        /// A program may take a moment to clean up.
        const PATIENCE: Duration = Duration::from_secs(5);
        let until = Instant::now() + PATIENCE;
        for stored in jobs {
            while !self.has_ended(&stored.job.id).await? && Instant::now() < until {
                tokio::time::sleep(MOMENT).await;
            }
        }
        Ok(())
    }

    /// Restarts a job that ended without success, or starts a waiting one immediately.
    pub async fn retry(self: &Arc<Self>, id: &JobId, actor: &Actor) -> Result<JobView, Text> {
        let job = self.manageable(id, actor).await?;
        if job.state == JobState::Completed {
            return Err(Text::new("error-wrong_state-retry"));
        }
        if !job.state.is_open() {
            self.check_restart(&job, actor).await?;
            let reason = Text::new("job-retried-by").with("by", &actor.handle).in_locale(job.locale);
            let stored = self.stored_job(id).await?;
            let permit = self.permit_for(&stored.job)?;
            match stored.job.state.is_due_later() {
                true => drop(self.begin_due(stored, permit, Some(reason)).await?),
                false => self.reopen(stored, permit, reason).await?,
            }
        }
        self.current(id).await.map(|(_, view)| view)
    }

    /// Queues a job that has ended again, with as many attempts as a new one.
    async fn reopen(self: &Arc<Self>, from: StoredJob, permit: Permit, reason: String) -> Result<(), Text> {
        let was = from.job.clone();
        let mut job = Job { started_at: None, finished_at: None, error: None, result: None, citations: None, ..was };
        job.attempts = job.finished_attempts() + 1 + self.policy(&job.name).retries.most;
        job.move_to(JobState::Queued, Some(reason));
        let log = self.store.job_log(&job.id).await?;
        let queued = QueuedJob { stored: StoredJob { job: job.clone(), ..from }, log, permit, trace: current_span() };
        let jobs = self.clone();
        let change = JobChange { from: &from, to: &job, log: &[], schedule: None };
        let is_changed = self.store.change_job(change, move || jobs.enqueue(queued)).await?;
        if is_changed || job.unique_key.is_none() { Ok(()) } else { Err(Text::new("error-wrong_state-same")) }
    }

    /// Deletes a job that has ended.
    pub async fn remove(&self, id: &JobId, actor: &Actor) -> Result<(), Text> {
        self.manageable(id, actor).await?;
        for _ in 0..TRIES {
            let stored = self.stored_job(id).await?;
            if !stored.job.state.has_ended() {
                break;
            }
            if self.store.remove_job(&stored).await? {
                return Ok(());
            }
        }
        Err(Text::new("error-wrong_state-remove"))
    }

    /// Deletes jobs that ended longer than `keep` ago, except dead ones. Returns their number.
    pub async fn prune(self: &Arc<Self>, keep: Duration) -> Result<usize, StoreError> {
        /// Jobs at a time.
        const BATCH: usize = 256;
        let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        let until = Timestamp(Timestamp::now().0.saturating_sub(keep));
        let mut pruned = 0;
        loop {
            let old = self.store.old_jobs(until, BATCH).await?;
            futures_util::future::try_join_all(old.iter().map(|stored| self.store.remove_job(stored))).await?;
            pruned += old.len();
            if old.len() < BATCH {
                return Ok(pruned);
            }
        }
    }
}
