//! Jobs that wait for their time, and the clock.
//!
//! They stay in the store, sorted by time; in memory is only when the next one is due. The clock on the wall decides, and is
//! looked at often enough that it may jump.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future;
use tokio::sync::Notify;

use super::Jobs;
use super::deliveries::postponed;
use super::dispatch::{Permit, QueuedJob};
use crate::model::{Job, JobState, Timestamp};
use crate::store::{JobChange, JobList, StoreError, StoredJob};
use crate::text::Text;

/// Longest time between two looks at the clock while jobs wait for it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Jobs whose time has come that are made ready together.
const AT_ONCE: usize = 256;

/// Jobs that are looked through when there is no place for the first of them.
const FAR: usize = 4096;

/// Pause when there is no place for a job whose time has come.
const FULL_PAUSE: Duration = Duration::from_millis(100);

/// Wakes the timetable when a job may be due sooner than what it knows of, and notices when the clock is set back.
#[derive(Default)]
pub struct Alarm {
    notify: Notify,
    /// The clock at the last look, in milliseconds.
    seen: AtomicI64,
}

impl Alarm {
    pub fn ring(&self) {
        self.seen.fetch_max(Timestamp::now().0, Ordering::Relaxed);
        self.notify.notify_one();
    }

    /// Looks at the clock; whether it shows an earlier time than before.
    fn was_set_back(&self) -> bool {
        let now = Timestamp::now().0;
        self.seen.swap(now, Ordering::Relaxed) > now
    }

    /// Waits for a time by the clock, which is looked at now and then.
    async fn wait_until(&self, at: Timestamp) -> Waited {
        loop {
            if self.was_set_back() {
                return Waited::ClockSetBack;
            }
            let left = Duration::from_millis(at.since(Timestamp::now()));
            if left.is_zero() {
                return Waited::ItIsTime;
            }
            tokio::time::sleep(left.min(LOOK_EVERY)).await;
        }
    }
}

/// Why waiting is over.
enum Waited {
    ItIsTime,
    ClockSetBack,
}

/// What becomes of a job whose time has come.
enum Admitted {
    Now(Permit),
    /// There are too many of its kind.
    Later,
}

/// What is known after a look at the store.
pub(super) enum Next {
    Never,
    At(Timestamp),
    /// Some are due, and there was no place for them.
    WhenThereIsRoom,
}

impl Jobs {
    /// Makes jobs ready when their time comes; runs until it is dropped.
    pub async fn keep_time(self: &Arc<Self>) {
        // The clock may have been set while the server was down.
        self.hurry_retries().await;
        loop {
            let next = self.begin_all_due().await.unwrap_or_else(|error| {
                tracing::error!(%error, "cannot read which jobs are due");
                Next::WhenThereIsRoom
            });
            match next {
                Next::Never => self.alarm.notify.notified().await,
                Next::WhenThereIsRoom => tokio::time::sleep(FULL_PAUSE).await,
                Next::At(at) => tokio::select! {
                    () = self.alarm.notify.notified() => {}
                    waited = self.alarm.wait_until(at) => if matches!(waited, Waited::ClockSetBack) {
                        self.hurry_retries().await;
                    },
                },
            }
        }
    }

    /// Brings forward what would be tried again later than its policy says, because the clock was set back.
    async fn hurry_retries(self: &Arc<Self>) {
        let jobs = self.clone();
        let read = move || {
            let is_late = |stored: &StoredJob| {
                let job = &stored.job;
                let longest = jobs.policy(&job.name).retries.longest_delay();
                let left = job.due_at.map(|at| Duration::from_millis(at.since(Timestamp::now())));
                job.state == JobState::Retrying && left.is_some_and(|left| left > longest)
            };
            jobs.store.list_jobs(JobList::Due, None, usize::MAX, is_late)
        };
        let late = tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Failed));
        for stored in late.unwrap_or_default() {
            let now = Job { due_at: Some(Timestamp::now()), ..stored.job.clone() };
            let change = JobChange { from: &stored, to: &now, log: &[], schedule: None };
            if let Err(error) = self.store.change_job(change, || ()).await {
                tracing::error!(%error, job = %now.id, "cannot bring the next attempt forward");
            }
        }
    }

    /// Makes ready what is due now.
    pub(super) async fn begin_all_due(self: &Arc<Self>) -> Result<Next, StoreError> {
        let mut look_at = AT_ONCE;
        loop {
            let jobs = self.clone();
            let read = move || Ok((jobs.store.due_jobs(Timestamp::now(), look_at)?, jobs.store.next_due()?));
            let (due, next) = tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Failed))?;
            let found = due.len();
            if found == 0 {
                return Ok(next.map_or(Next::Never, Next::At));
            }
            let admitted = due.into_iter().filter_map(|due| Some((self.admit_due(&due.job)?, due)));
            let ready = admitted.take(AT_ONCE).map(|(admitted, due)| self.begin_in_time(due, admitted));
            let begun = future::join_all(ready).await;
            for error in begun.iter().filter_map(|begun| begun.as_ref().err()) {
                tracing::error!(code = error.code(), "cannot make a due job ready");
            }
            if begun.iter().any(|begun| matches!(begun, Ok(true))) {
                look_at = AT_ONCE;
            } else if found == look_at && look_at < FAR {
                // There may be a place for what stands behind those that have none.
                look_at = FAR;
            } else {
                // Something is in the way; to ask again at once would not change that.
                return Ok(Next::WhenThereIsRoom);
            }
        }
    }

    /// Whether a job whose time has come can wait for a worker: those of people with a place, deliveries up to a number.
    fn admit_due(&self, job: &Job) -> Option<Admitted> {
        let places = self.dispatcher.places();
        if !job.quiet {
            let lane = self.policy(&job.name).lane;
            return places.reserve(lane, &job.person, usize::MAX).ok().map(Admitted::Now);
        }
        Some(self.permit_for_delivery(job).map_or(Admitted::Later, Admitted::Now))
    }

    /// Lets a job whose time has come wait for a worker, or for another time if it is not to be begun now.
    async fn begin_in_time(self: &Arc<Self>, due: StoredJob, admitted: Admitted) -> Result<bool, Text> {
        let (moved, schedule) = match (admitted, self.moved_on(&due.job).await?) {
            (_, Some((moved, schedule))) => (moved, Some(schedule)),
            (Admitted::Later, None) => (postponed(due.job.clone()), None),
            (Admitted::Now(permit), None) => return self.begin_due(due, permit, None).await,
        };
        let (jobs, shown, seq) = (self.clone(), moved.clone(), due.seq);
        let change = JobChange { from: &due, to: &moved, log: &[], schedule: schedule.as_ref() };
        Ok(self.store.change_job(change, move || jobs.show_stored(&shown, seq)).await?)
    }

    /// Lets a job that waits for its time wait for a worker instead; `false` when it was changed meanwhile.
    pub(super) async fn begin_due(
        self: &Arc<Self>,
        due: StoredJob,
        permit: Permit,
        reason: Option<String>,
    ) -> Result<bool, Text> {
        let mut to = due.job.clone();
        to.move_to(JobState::Queued, reason);
        let log = if to.attempt > 0 { self.store.job_log(&to.id).await? } else { Vec::new() };
        let schedule = self.next_run(&due.job).await?;
        let (jobs, next) = (self.clone(), schedule.clone());
        let queued = QueuedJob { stored: StoredJob { job: to.clone(), ..due }, log, permit };
        let effect = move || {
            jobs.enqueue(queued);
            jobs.show_next(next.as_ref());
        };
        let change = JobChange { from: &due, to: &to, log: &[], schedule: schedule.as_ref() };
        Ok(self.store.change_job(change, effect).await?)
    }
}
