//! Jobs that wait for their time, and the clock.
//!
//! They stay in the store, sorted by time; in memory is only when the next one is due. The clock on the wall decides, and is
//! looked at often enough that it may jump.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future;
use tokio::sync::Notify;

use super::Chat;
use crate::jobs::{Slot, Waiter};
use crate::model::{Job, JobState, Timestamp};
use crate::store::{JobList, StoreError, StoredJob};
use crate::text::Text;

/// Longest time between two looks at the clock while jobs wait for it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Jobs whose time has come that are made ready together.
const BATCH: usize = 256;

/// Pause when there is no place for a job whose time has come.
const FULL_PAUSE: Duration = Duration::from_millis(100);

/// Wakes the timetable when a job may be due sooner than what it knows of.
#[derive(Default)]
pub struct Alarm(Notify);

impl Alarm {
    pub fn ring(&self) {
        self.0.notify_one();
    }
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
                Next::Never => self.alarm.0.notified().await,
                Next::WhenThereIsRoom => tokio::time::sleep(FULL_PAUSE).await,
                Next::At(at) => tokio::select! {
                    () = self.alarm.0.notified() => {}
                    waited = wait_until(at) => if matches!(waited, Waited::ClockSetBack) {
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
        loop {
            let chat = self.clone();
            let read = move || Ok((chat.store.due_jobs(Timestamp::now(), BATCH)?, chat.store.next_due()?));
            let (due, next) = tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Failed))?;
            if due.is_empty() {
                return Ok(next.map_or(Next::Never, Next::At));
            }
            let with_slots = due.into_iter().filter_map(|due| Some((self.slot_of_due(&due)?, due)));
            let ready: Vec<_> = with_slots.map(|(slot, due)| self.begin_in_time(due, slot)).collect();
            let begun = future::join_all(ready).await;
            for error in begun.iter().filter_map(|begun| begun.as_ref().err()) {
                tracing::error!(code = error.code(), "cannot make a due job ready");
            }
            // None: there was no place, or something is wrong; to ask again at once would not change that.
            if !begun.iter().any(|begun| matches!(begun, Ok(true))) {
                return Ok(Next::WhenThereIsRoom);
            }
        }
    }

    /// Lets a job whose time has come wait for a worker, or for another time if it is not to be begun now.
    async fn begin_in_time(self: &Arc<Self>, due: StoredJob, slot: Slot) -> Result<bool, Text> {
        let Some((moved, schedule)) = self.moved_on(&due.job).map_err(Text::from)? else {
            return self.begin_now(due, slot, None).await;
        };
        let is_moved = self.store.change_run(&due.job, &moved, Some(&schedule)).await.map_err(Text::from)?;
        self.show_by_id(&moved.id).await;
        Ok(is_moved)
    }

    fn slot_of_due(&self, due: &StoredJob) -> Option<Slot> {
        self.jobs.reserve(self.jobs.policy(&due.job.name).lane)
    }

    /// Lets a job that waits for its time wait for a worker instead; `false` when it was changed meanwhile.
    pub(super) async fn begin_now(
        self: &Arc<Self>,
        due: StoredJob,
        slot: Slot,
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
        self.jobs.enqueue([Waiter { job: to.clone(), seq, log, slot: Some(slot) }]);
        self.show_by_id(&to.id).await;
        self.show_next(schedule).await;
        Ok(true)
    }
}

/// Why waiting is over.
enum Waited {
    ItIsTime,
    ClockSetBack,
}

/// Waits for that time by the clock on the wall, which is looked at now and then.
async fn wait_until(at: Timestamp) -> Waited {
    loop {
        let now = Timestamp::now();
        let left = Duration::from_millis(at.since(now));
        if left.is_zero() {
            return Waited::ItIsTime;
        }
        tokio::time::sleep(left.min(LOOK_EVERY)).await;
        if Timestamp::now() < now {
            return Waited::ClockSetBack;
        }
    }
}
