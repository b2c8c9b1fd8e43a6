//! The queue of one process, in memory.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};

use super::super::policy::{Lane, Policies};
use super::super::stats::Stats;
use super::open::{OpenJob, OpenJobs};
use super::permit::Places;
use super::ready::Ready;
use super::{Cancelled, Concurrency, Counts, Full, JobQueue, LiveJobs, Permit, QueuedJob, RunningJob};
use crate::model::{Handle, Job, JobId, JobState, LogLine, Payer, RoomName, Timestamp};
use crate::protocol::{JobView, Partial};
use crate::store::StoredJob;
use crate::telemetry::{Operation, metrics, took};

/// A queue whose jobs and workers are those of this process.
///
/// Waiting jobs take turns in front of a bounded queue, which gets only what may run now and finds a free worker.
pub struct Dispatcher {
    ready: Ready,
    places: Places,
    policies: Arc<Policies>,
    open: Mutex<OpenJobs>,
    /// Notified when a job is delayed by a rate limit.
    held: Notify,
    stats: Arc<Stats>,
}

impl Dispatcher {
    /// `capacity` is the number of jobs that may wait in each lane.
    pub fn new(capacity: usize, concurrency: Concurrency, policies: Arc<Policies>, stats: Arc<Stats>) -> Self {
        Self {
            ready: Ready::new(concurrency.workers),
            places: Places::new(capacity),
            policies,
            open: Mutex::new(OpenJobs::new(concurrency)),
            held: Notify::new(),
            stats,
        }
    }

    /// Held for moments only, never across an await.
    fn open(&self) -> MutexGuard<'_, OpenJobs> {
        self.open.lock()
    }

    /// Hands the jobs that may run now to the workers.
    fn dispatch(&self, open: &mut OpenJobs) {
        while let Some(id) = open.take_next() {
            if !self.ready.push(id.clone()) {
                // It still holds a job that was just cancelled; the worker that finds it so dispatches again.
                return open.put_back(&id);
            }
        }
        if open.running.held_until.is_some() {
            self.held.notify_one();
        }
        self.stats.waiting(open.waiting());
    }
}

#[async_trait]
impl JobQueue for Dispatcher {
    fn reserve(&self, lane: Lane, payer: &Payer, most: usize) -> Result<Permit, Full> {
        self.places.reserve(lane, payer, most)
    }

    fn reserve_beside(&self, payer: &Payer, most: usize) -> Option<Permit> {
        self.places.reserve_beside(payer, most)
    }

    fn readmit(&self, lane: Lane, payer: &Payer) -> Permit {
        self.places.readmit(lane, payer)
    }

    fn displace(&self, lane: Lane, payer: &Payer) -> Option<StoredJob> {
        let mut open = self.open();
        let id = open.newest_of_largest(lane, payer)?;
        let entry = open.get_mut(&id)?;
        entry.cancel.cancel();
        let stored = entry.stored.clone();
        open.stop_waiting(&id);
        Some(stored)
    }

    fn enqueue(&self, jobs: Vec<QueuedJob>) {
        let entry = |queued: QueuedJob| {
            let policy = self.policies.of(&queued.stored.job.name);
            OpenJob::new(queued, policy)
        };
        let entries: Vec<_> = jobs.into_iter().map(entry).collect();
        let mut open = self.open();
        entries.into_iter().for_each(|entry| open.insert(entry));
        self.dispatch(&mut open);
    }

    async fn next(&self) -> Option<JobId> {
        self.ready.next().await
    }

    fn begin(&self, id: &JobId) -> Option<RunningJob> {
        let mut open = self.open();
        let is_begun = |entry: &OpenJob| entry.stored.job.state == JobState::Running;
        let Some(entry) = open.get_mut(id).filter(|entry| !entry.cancel.is_cancelled() && !is_begun(entry)) else {
            // Where it was among the ready is room for another.
            self.dispatch(&mut open);
            return None;
        };
        let job = &mut entry.stored.job;
        job.move_to(JobState::Running, None);
        job.attempt += 1;
        job.started_at = Some(Timestamp::now());
        let waited = entry.waits_since.elapsed();
        metrics().job_wait_time.observe(waited.as_secs_f64());
        took(Operation::JobStart, waited, format_args!("{} {}", job.name, job.id));
        let (stored, policy, cancel) = (entry.stored.clone(), entry.policy, entry.cancel.clone());
        let trace = entry.trace;
        self.stats.started();
        Some(RunningJob { stored, policy, cancel, trace })
    }

    fn free_worker(&self, id: &JobId) {
        let mut open = self.open();
        open.free_worker(id);
        self.dispatch(&mut open);
    }

    fn close(&self, id: &JobId) -> Option<Handle> {
        let mut open = self.open();
        let cancelled_by = open.remove(id);
        self.dispatch(&mut open);
        cancelled_by
    }

    fn cancel(&self, id: &JobId, by: Handle) -> Option<Cancelled> {
        let mut open = self.open();
        let entry = open.get_mut(id)?;
        entry.cancelled_by.get_or_insert(by);
        entry.cancel.cancel();
        if entry.stored.job.state == JobState::Running {
            return Some(Cancelled::WhileRunning(Box::new(entry.view())));
        }
        let stored = Box::new(entry.stored.clone());
        open.stop_waiting(id);
        Some(Cancelled::BeforeStart(stored))
    }

    fn apply_policies(&self) {
        let mut open = self.open();
        open.take_limits_of(&self.policies);
        self.dispatch(&mut open);
    }

    async fn keep_rates(&self) {
        loop {
            let held_until = self.open().running.held_until;
            let Some(until) = held_until else {
                self.held.notified().await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until.into()) => {
                    let mut open = self.open();
                    open.running.held_until = None;
                    self.dispatch(&mut open);
                }
                // Another rate limit may permit a job sooner.
                () = self.held.notified() => {}
            }
        }
    }
}

impl LiveJobs for Dispatcher {
    fn get(&self, id: &JobId) -> Option<(Job, JobView)> {
        self.open().get(id).map(|entry| (entry.stored.job.clone(), entry.view()))
    }

    fn of_room(&self, room: &RoomName, limit: usize) -> Vec<JobView> {
        let open = self.open();
        let of_room = open.of_room(room).filter(|entry| !entry.stored.job.quiet);
        of_room.map(|entry| JobView { partial: entry.partial(), ..entry.view() }).take(limit).collect()
    }

    fn counts(&self) -> Counts {
        let open = self.open();
        Counts { queued: open.waiting(), running: open.running.all(), open: open.len() }
    }

    fn cancelled_by(&self, id: &JobId) -> Option<Handle> {
        self.open().get(id)?.cancelled_by.clone()
    }

    fn set_progress(&self, id: &JobId, progress: Option<u8>, text: Option<String>) -> Option<JobView> {
        let mut open = self.open();
        let entry = open.get_mut(id)?;
        entry.progress = progress.map(|percent| percent.min(100));
        entry.text = text;
        Some(entry.view())
    }

    fn add_piece(&self, id: &JobId, text: &str) -> Option<u64> {
        Some(self.open().get_mut(id)?.add_piece(text))
    }

    fn partial(&self, id: &JobId) -> Option<Partial> {
        self.open().get(id)?.partial()
    }

    fn follow(&self, id: &JobId) -> Option<watch::Receiver<u64>> {
        Some(self.open().get(id)?.follow())
    }

    fn add_log(&self, id: &JobId, text: &str) {
        if let Some(entry) = self.open().get_mut(id) {
            entry.add_log(text);
        }
    }

    fn log(&self, id: &JobId) -> Option<Vec<LogLine>> {
        self.open().get(id).map(|entry| entry.log.iter().cloned().collect())
    }
}
