//! The dispatcher: which of the jobs in memory is next, what runs, how far it is, and the way to cancel it.
//!
//! What is durable about a job is in the store; here is what a running process knows of it. Knows nothing of rooms, bots or
//! storage: commands appear only as names with a [`Policy`].

mod open;
mod permit;
mod queue;
mod running;
mod waiting;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use permit::{Full, Permit, Places};
pub use running::Concurrency;

use super::policy::Policy;
use super::stats::Stats;
use crate::model::{Handle, Job, JobId, JobState, LogLine, RoomName, Timestamp};
use crate::protocol::{JobView, Partial};
use crate::store::StoredJob;
use open::{OpenJob, OpenJobs};
use queue::JobQueue;

/// The jobs that wait for a worker or have one.
///
/// Waiting jobs take turns in front of a bounded queue, which gets only what may run now and finds a free worker. Full means no
/// permit, at once; each lane has its own permits, so that much long work does not shut out the short.
pub struct Dispatcher {
    queue: JobQueue,
    places: Places,
    policies: RwLock<HashMap<String, Policy>>,
    open: Mutex<OpenJobs>,
    /// Notified when a job is delayed by a rate limit.
    held: Notify,
    stats: Arc<Stats>,
}

/// A job that waits for a worker.
#[derive(Debug)]
pub struct QueuedJob {
    pub stored: StoredJob,
    /// Log of earlier attempts.
    pub log: Vec<LogLine>,
    pub permit: Permit,
}

/// A job that a worker has started.
#[derive(Clone, Debug)]
pub struct RunningJob {
    pub stored: StoredJob,
    pub policy: Policy,
    pub cancel: CancellationToken,
}

/// What cancelling did.
#[derive(Debug)]
pub enum Cancelled {
    /// It had not been started and can be ended at once.
    BeforeStart(Box<StoredJob>),
    /// Its worker was notified and will end it.
    WhileRunning(Box<JobView>),
}

/// How many jobs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub queued: usize,
    pub running: usize,
    /// Both, and those whose end is on its way into the store.
    pub open: usize,
}

impl Dispatcher {
    /// `capacity` is the number of jobs that may wait in each lane.
    pub fn new(capacity: usize, concurrency: Concurrency, stats: Arc<Stats>) -> Self {
        Self {
            queue: JobQueue::new(concurrency.workers),
            places: Places::new(capacity),
            policies: RwLock::default(),
            open: Mutex::new(OpenJobs::new(concurrency)),
            held: Notify::new(),
            stats,
        }
    }

    /// What the jobs of each command may do from now on.
    pub fn set_policies(&self, policies: HashMap<String, Policy>) {
        let mut open = self.open();
        open.take_limits_of(&policies);
        *self.policies.write() = policies;
        self.dispatch(&mut open);
    }

    /// What the command's jobs may do; an unknown command is answered quickly.
    pub fn policy(&self, name: &str) -> Policy {
        let policies = self.policies.read();
        policies.get(name).copied().unwrap_or(Policy::QUICK)
    }

    /// Whether people mean a command by this word: it is one's name, or a slip of the hand away from one.
    pub fn is_command(&self, word: &str) -> bool {
        /// Minimum length in characters; shorter words are that close to many others.
        const SHORTEST: usize = 3;
        let policies = self.policies.read();
        let is_slip = |name: &String| !name.contains(' ') && strsim::damerau_levenshtein(name, word) == 1;
        policies.contains_key(word) || (word.chars().count() >= SHORTEST && policies.keys().any(is_slip))
    }

    /// Held for moments only, never across an await.
    fn open(&self) -> MutexGuard<'_, OpenJobs> {
        self.open.lock()
    }

    /// The places among the waiting.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Queues stored jobs.
    pub fn enqueue(&self, jobs: impl IntoIterator<Item = QueuedJob>) {
        let entries: Vec<_> = jobs
            .into_iter()
            .map(|queued| {
                let policy = self.policy(&queued.stored.job.name);
                OpenJob::new(queued, policy)
            })
            .collect();
        let mut open = self.open();
        entries.into_iter().for_each(|entry| open.insert(entry));
        self.dispatch(&mut open);
    }

    /// Hands the jobs that may run now to the workers.
    fn dispatch(&self, open: &mut OpenJobs) {
        while let Some(id) = open.take_next() {
            if !self.queue.push(id.clone()) {
                // It still holds a job that was just cancelled; the worker that finds it so dispatches again.
                return open.put_back(&id);
            }
        }
        if open.running.held_until.is_some() {
            self.held.notify_one();
        }
        self.stats.waiting(open.waiting());
    }

    /// Begins what was held back by its command's rate, when that lets it through; runs until it is dropped.
    pub async fn keep_rates(&self) {
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

    /// The next job for a worker.
    pub async fn next(&self) -> Option<JobId> {
        self.queue.next().await
    }

    /// Marks a job as running; `None` when it has ended meanwhile.
    pub fn begin(&self, id: &JobId) -> Option<RunningJob> {
        let mut open = self.open();
        let Some(entry) = open.get_mut(id).filter(|entry| !entry.cancel.is_cancelled()) else {
            // Where it was among the ready is room for another.
            self.dispatch(&mut open);
            return None;
        };
        let job = &mut entry.stored.job;
        job.move_to(JobState::Running, None);
        job.attempt += 1;
        job.started_at = Some(Timestamp::now());
        let (stored, policy, cancel) = (entry.stored.clone(), entry.policy, entry.cancel.clone());
        self.stats.started();
        Some(RunningJob { stored, policy, cancel })
    }

    /// Sets a job's progress; returns its view, or `None` if it has ended.
    pub fn set_progress(&self, id: &JobId, progress: Option<u8>, text: Option<String>) -> Option<JobView> {
        let mut open = self.open();
        let entry = open.get_mut(id)?;
        entry.progress = progress.map(|percent| percent.min(100));
        entry.text = text;
        Some(entry.view())
    }

    /// Appends to the answer being written; returns the number of parts, or `None` if the job has ended.
    pub fn add_piece(&self, id: &JobId, text: &str) -> Option<u64> {
        Some(self.open().get_mut(id)?.add_piece(text))
    }

    /// Adds a line to the job's log, which keeps the last of them.
    pub fn add_log(&self, id: &JobId, text: &str) {
        if let Some(entry) = self.open().get_mut(id) {
            entry.add_log(text);
        }
    }

    /// What the job has logged, oldest first, while it has not ended.
    pub fn log(&self, id: &JobId) -> Option<Vec<LogLine>> {
        self.open().get(id).map(|entry| entry.log.iter().cloned().collect())
    }

    /// Frees a job's worker while the job's end is being stored.
    pub fn free_worker(&self, id: &JobId) {
        let mut open = self.open();
        open.free_worker(id);
        self.dispatch(&mut open);
    }

    /// Removes a job that has ended, waits for a later time or is put back, and frees its worker. Returns who cancelled
    /// it meanwhile, if anyone did.
    pub fn close(&self, id: &JobId) -> Option<Handle> {
        let mut open = self.open();
        let cancelled_by = open.remove(id);
        self.dispatch(&mut open);
        cancelled_by
    }

    /// Cancels a job; `None` if it has ended already.
    pub fn cancel(&self, id: &JobId, by: Handle) -> Option<Cancelled> {
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

    /// Who cancelled a job that has not ended yet.
    pub fn cancelled_by(&self, id: &JobId) -> Option<Handle> {
        self.open().get(id)?.cancelled_by.clone()
    }

    /// The job itself and how it is shown, while it has not ended.
    pub fn get(&self, id: &JobId) -> Option<(Job, JobView)> {
        self.open().get(id).map(|entry| (entry.stored.job.clone(), entry.view()))
    }

    /// What has been written of the answer of a job that has not ended.
    pub fn partial(&self, id: &JobId) -> Option<Partial> {
        self.open().get(id)?.partial()
    }

    /// The jobs asked for in a room that wait or run and are not quiet, oldest first, at most `limit`.
    pub fn of_room(&self, room: &RoomName, limit: usize) -> Vec<JobView> {
        let open = self.open();
        let of_room = open.of_room(room).filter(|entry| !entry.stored.job.quiet);
        of_room.map(|entry| JobView { partial: entry.partial(), ..entry.view() }).take(limit).collect()
    }

    /// How many jobs wait for a worker, and how many have one.
    pub fn counts(&self) -> Counts {
        let open = self.open();
        Counts { queued: open.waiting(), running: open.running.all(), open: open.len() }
    }
}

#[cfg(test)]
mod tests;
