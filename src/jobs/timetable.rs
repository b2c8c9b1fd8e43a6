//! Jobs that wait for their due time.
//!
//! They are in the store, sorted by time; only the next due time is in memory. The wall clock decides, and is
//! read often enough that clock changes are noticed. Whoever looks may begin what is due: the change is conditioned on the place
//! that the job had, so of several timetables on one store one fires it, and has it from then on.

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

/// Maximum interval between two reads of the clock while jobs are waiting.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Number of due jobs that are queued together.
const AT_ONCE: usize = 256;

/// Number of due jobs examined if there is no permit for the first one.
const FAR: usize = 4096;

/// Pause if there is no permit for a due job.
const FULL_PAUSE: Duration = Duration::from_millis(100);

/// Wakes the scheduler if a job may be due earlier than expected, and detects when the clock is set back.
#[derive(Default)]
pub struct Alarm {
    notify: Notify,
    /// Last reading of the clock, in milliseconds.
    seen: AtomicI64,
}

impl Alarm {
    pub fn ring(&self) {
        self.seen.fetch_max(Timestamp::now().0, Ordering::Relaxed);
        self.notify.notify_one();
    }

    /// Reads the clock; returns whether it went back.
    fn was_set_back(&self) -> bool {
        let now = Timestamp::now().0;
        self.seen.swap(now, Ordering::Relaxed) > now
    }

    /// Waits until a wall-clock time, reading the clock periodically.
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

/// What happened to a due job.
enum Admitted {
    Now(Permit),
    /// There is no permit for it now.
    Later,
}

/// Result of a scan of the store.
pub(super) enum Next {
    Never,
    At(Timestamp),
    /// Some are due, but there was no permit for them.
    WhenThereIsRoom,
}

impl Jobs {
    /// Queues jobs when they are due; runs until dropped.
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

    /// Reschedules retries that would come later than was planned because the clock was set back.
    async fn hurry_retries(self: &Arc<Self>) {
        let is_late = |stored: &StoredJob| {
            let job = &stored.job;
            let left = job.due_at.map_or(0, |at| at.since(Timestamp::now()));
            job.state == JobState::Retrying && left > planned_pause(job)
        };
        let late = self.store.list_jobs(JobList::Due, None, FAR, is_late).await.unwrap_or_else(|error| {
            tracing::error!(%error, "cannot read which attempts come too late");
            Vec::new()
        });
        for stored in late {
            let pause = i64::try_from(planned_pause(&stored.job)).unwrap_or(0);
            let now = Job { due_at: Some(Timestamp(Timestamp::now().0 + pause)), ..stored.job.clone() };
            let change = JobChange { from: &stored, to: &now, log: &[], schedule: None };
            if let Err(error) = self.store.change_job(change, || ()).await {
                tracing::error!(%error, job = %now.id, "cannot bring the next attempt forward");
            }
        }
    }

    /// Queues the jobs that are due now.
    pub(super) async fn begin_all_due(self: &Arc<Self>) -> Result<Next, StoreError> {
        let mut look_at = AT_ONCE;
        loop {
            let due = self.store.due_jobs(Timestamp::now(), look_at).await?;
            let found = due.len();
            if found == 0 {
                return Ok(self.store.next_due().await?.map_or(Next::Never, Next::At));
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
                // There may be permits for jobs after the blocked ones.
                look_at = FAR;
            } else {
                // An immediate retry would not help.
                return Ok(Next::WhenThereIsRoom);
            }
        }
    }

    /// Whether a due job can be queued: users' jobs need a permit, deliveries are limited in number.
    fn admit_due(self: &Arc<Self>, job: &Job) -> Option<Admitted> {
        if !super::webhooks::is_delivery(job) {
            return self.place_in_lane(job, usize::MAX).ok().map(Admitted::Now);
        }
        Some(self.permit_for_delivery(job).map_or(Admitted::Later, Admitted::Now))
    }

    /// Queues a due job, or postpones it if it must not start now.
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

    /// Moves a waiting job to the queue; `false` if it was changed meanwhile.
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
        let queued = QueuedJob { stored: StoredJob { job: to.clone(), ..due }, log, permit, trace: None };
        let effect = move || {
            jobs.enqueue(queued);
            jobs.show_next(next.as_ref());
        };
        let change = JobChange { from: &due, to: &to, log: &[], schedule: schedule.as_ref() };
        Ok(self.store.change_job(change, effect).await?)
    }
}

/// How long a job was to wait for its next attempt when the last one failed, in milliseconds.
fn planned_pause(job: &Job) -> u64 {
    let failed_at = job.changes.last().map(|change| change.at);
    job.due_at.zip(failed_at).map_or(0, |(due, failed)| due.since(failed))
}
