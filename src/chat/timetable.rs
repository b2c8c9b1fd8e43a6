//! Jobs that wait for their time, and the clock.
//!
//! They stay in the store, sorted by time; in memory is only when the next one is due. The clock on the wall decides, and is
//! looked at often enough that it may jump.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future;
use tokio::sync::Notify;

use super::Chat;
use super::deliveries::postponed;
use crate::jobs::{Slot, Waiter};
use crate::model::{Job, JobState, Timestamp};
use crate::store::{JobList, StoreError, StoredJob};
use crate::text::Text;

/// Longest time between two looks at the clock while jobs wait for it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Jobs whose time has come that are made ready together.
const BATCH: usize = 256;

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
    Now(Option<Slot>),
    /// There are too many of its kind.
    Later,
}

/// What is known after a look at the store.
enum Next {
    Never,
    At(Timestamp),
    /// Some are due, and there was no place for them.
    WhenThereIsRoom,
}

impl Chat {
    /// Makes jobs ready when their time comes; runs until it is dropped.
    pub async fn keep_time(self: &Arc<Self>) {
        // The clock may have been set while the server was down.
        self.hurry_retries().await;
        loop {
            let next = self.begin_due().await.unwrap_or_else(|error| {
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
        let chat = self.clone();
        let read = move || {
            let is_late = |stored: &StoredJob| {
                let StoredJob { job, .. } = stored;
                let longest = chat.jobs.policy(&job.name).retries.longest_delay();
                let left = job.due_at.map(|at| Duration::from_millis(at.since(Timestamp::now())));
                job.state == JobState::Retrying && left.is_some_and(|left| left > longest)
            };
            chat.store.list_jobs(JobList::Due, None, usize::MAX, is_late)
        };
        let late = tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Failed));
        for StoredJob { job, .. } in late.unwrap_or_default() {
            let now = Job { due_at: Some(Timestamp::now()), ..job.clone() };
            if let Err(error) = self.store.change_job(&job, &now, &[]).await {
                tracing::error!(%error, job = %job.id, "cannot bring the next attempt forward");
            }
        }
    }

    /// Makes ready what is due now.
    async fn begin_due(self: &Arc<Self>) -> Result<Next, StoreError> {
        let mut look_at = BATCH;
        loop {
            let chat = self.clone();
            let read = move || Ok((chat.store.due_jobs(Timestamp::now(), look_at)?, chat.store.next_due()?));
            let (due, next) = tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Failed))?;
            let found = due.len();
            if found == 0 {
                return Ok(next.map_or(Next::Never, Next::At));
            }
            let admitted = due.into_iter().filter_map(|due| Some((self.admit_due(&due.job)?, due)));
            let ready = admitted.take(BATCH).map(|(admitted, due)| self.begin_in_time(due, admitted));
            let begun = future::join_all(ready).await;
            for error in begun.iter().filter_map(|begun| begun.as_ref().err()) {
                tracing::error!(code = error.code(), "cannot make a due job ready");
            }
            if begun.iter().any(|begun| matches!(begun, Ok(true))) {
                look_at = BATCH;
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
        if !job.quiet {
            return self.jobs.reserve(self.jobs.policy(&job.name).lane).map(|slot| Admitted::Now(Some(slot)));
        }
        Some(if self.has_place_for(job) { Admitted::Now(None) } else { Admitted::Later })
    }

    /// Lets a job whose time has come wait for a worker, or for another time if it is not to be begun now.
    async fn begin_in_time(self: &Arc<Self>, due: StoredJob, admitted: Admitted) -> Result<bool, Text> {
        let (moved, schedule) = match (admitted, self.moved_on(&due.job).map_err(Text::from)?) {
            (_, Some((moved, schedule))) => (moved, Some(schedule)),
            (Admitted::Later, None) => (postponed(due.job.clone()), None),
            (Admitted::Now(slot), None) => return self.begin_now(due, slot, None).await,
        };
        let is_moved = self.store.change_run(&due.job, &moved, schedule.as_ref()).await.map_err(Text::from)?;
        self.show_by_id(&moved.id).await;
        Ok(is_moved)
    }

    /// Lets a job that waits for its time wait for a worker instead; `false` when it was changed meanwhile.
    pub(super) async fn begin_now(
        self: &Arc<Self>,
        due: StoredJob,
        slot: Option<Slot>,
        reason: Option<String>,
    ) -> Result<bool, Text> {
        let StoredJob { job: from, seq } = due;
        let mut to = from.clone();
        to.move_to(JobState::Queued, reason);
        let log = if from.attempt > 0 { self.store.job_log(&to.id).map_err(Text::from)? } else { Vec::new() };
        let schedule = self.next_run(&from).map_err(Text::from)?;
        if !self.store.change_run(&from, &to, schedule.as_ref()).await.map_err(Text::from)? {
            return Ok(false);
        }
        self.jobs.enqueue([Waiter { job: to.clone(), seq, log, slot }]);
        self.show_by_id(&to.id).await;
        self.show_next(schedule).await;
        Ok(true)
    }
}
