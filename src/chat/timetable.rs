//! Jobs that wait for their time, and the clock.
//!
//! They stay in the store, sorted by time; in memory is only when the next one is due. The clock on the wall decides, and is
//! looked at often enough that it may jump.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future;
use tokio::sync::Notify;

use super::{Chat, refusal};
use crate::jobs::{Slot, Waiter};
use crate::model::{JobState, Timestamp};
use crate::store::{StoreError, StoredJob};
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
                    () = wait_until(at) => {}
                },
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
            let ready: Vec<_> = with_slots.map(|(slot, due)| self.begin_now(due, slot, None)).collect();
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
        let log = if from.attempt > 0 { self.store.job_log(&to.id).map_err(refusal)? } else { Vec::new() };
        if !self.store.change_job(&from, &to, &[]).await.map_err(refusal)? {
            return Ok(false);
        }
        self.jobs.enqueue([Waiter { job: to.clone(), seq, log, slot: Some(slot) }]);
        self.show_by_id(&to.id).await;
        Ok(true)
    }
}

/// Returns at that time by the clock on the wall, or a little before, when it is to be looked at again.
async fn wait_until(at: Timestamp) {
    loop {
        let left = Duration::from_millis(at.since(Timestamp::now()));
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK_EVERY)).await;
    }
}
