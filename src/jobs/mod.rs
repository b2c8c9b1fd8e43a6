//! Jobs in motion: who is next, what runs, how far it is, and the way to cancel it.
//!
//! What is durable about a job is in the store; here is what a running process knows of it. Knows nothing of rooms or bots:
//! commands appear only as names with a [`Policy`].

mod open;
mod policy;
mod queue;
mod running;
mod stats;
mod waiting;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub use policy::{Lane, OnRestart, Policy, Priority, Retries};
pub use running::Limits;
pub use stats::{Span, Stats};

use crate::model::{Handle, Job, JobId, JobState, LogLine, Person, RoomName, Timestamp};
use crate::protocol::{JobView, JobsNow, Partial};
use crate::store::{JobCounts, Store, StoreError};
use open::{OpenJob, Table};
use queue::JobQueue;

/// A place among the waiting jobs, taken before the job is stored, so that a stored job never finds them too many.
/// Given back when the job is handed to a worker, or when it is dropped.
#[must_use]
#[derive(Debug)]
pub struct Slot(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// The jobs that wait for a worker or have one.
///
/// Waiting jobs take turns in front of a bounded queue, which gets only what may run now and finds a free worker. Full means no
/// slot, at once; each lane has its own slots, so that much long work does not shut out the short.
pub struct Jobs {
    queue: JobQueue,
    quick_slots: Arc<Semaphore>,
    slow_slots: Arc<Semaphore>,
    policies: RwLock<HashMap<String, Policy>>,
    table: Mutex<Table>,
    /// Something is held back by its rate.
    held: Notify,
    stats: Stats,
    workers: usize,
}

/// A job that waits for a worker.
#[derive(Debug)]
pub struct Waiter {
    pub job: Job,
    /// Number of the message that asked for it.
    pub seq: u64,
    /// What its earlier attempts logged.
    pub log: Vec<LogLine>,
    /// `None` for jobs that were let in before the server was started.
    pub slot: Option<Slot>,
}

/// A job that a worker has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    pub job: Job,
    pub seq: u64,
    pub policy: Policy,
    pub cancel: CancellationToken,
}

/// What cancelling did.
#[derive(Debug)]
pub enum Cancelled {
    /// It had not begun and can be ended at once.
    BeforeStart { job: Box<Job>, seq: u64 },
    /// Its worker was told and will end it.
    WhileRunning(Box<JobView>),
}

/// How many jobs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub queued: usize,
    pub running: usize,
}

impl Jobs {
    /// `capacity` is the number of jobs that may wait in each lane.
    pub fn new(capacity: usize, limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            queue: JobQueue::new(limits.workers),
            quick_slots: Arc::new(Semaphore::new(capacity)),
            slow_slots: Arc::new(Semaphore::new(capacity)),
            policies: RwLock::default(),
            table: Mutex::new(Table::new(limits)),
            held: Notify::new(),
            stats: Stats::default(),
            workers: limits.workers,
        })
    }

    /// What the jobs of each command may do from now on.
    pub fn set_policies(&self, policies: HashMap<String, Policy>) {
        let mut table = self.table();
        table.take_limits_of(&policies);
        *self.policies.write().unwrap_or_else(PoisonError::into_inner) = policies;
        self.dispatch(&mut table);
    }

    /// What the command's jobs may do; an unknown command is answered quickly.
    pub fn policy(&self, name: &str) -> Policy {
        let policies = self.policies.read().unwrap_or_else(PoisonError::into_inner);
        policies.get(name).copied().unwrap_or(Policy::QUICK)
    }

    /// Whether people mean a command by this word: it is one's name, or a slip of the hand away from one.
    pub fn is_command(&self, word: &str) -> bool {
        /// Letters; a shorter word is that far from many.
        const SHORTEST: usize = 3;
        let policies = self.policies.read().unwrap_or_else(PoisonError::into_inner);
        let is_slip = |name: &String| !name.contains(' ') && strsim::damerau_levenshtein(name, word) == 1;
        policies.contains_key(word) || (word.chars().count() >= SHORTEST && policies.keys().any(is_slip))
    }

    /// Held for moments only, never across an await.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among the waiting, or `None` when the lane is full.
    pub fn reserve(&self, lane: Lane) -> Option<Slot> {
        let slots = match lane {
            Lane::Quick => &self.quick_slots,
            Lane::Slow => &self.slow_slots,
        };
        slots.clone().try_acquire_owned().ok().map(Slot)
    }

    /// Lets stored jobs wait for their turn.
    pub fn enqueue(&self, waiters: impl IntoIterator<Item = Waiter>) {
        let entries: Vec<_> = waiters
            .into_iter()
            .map(|waiter| {
                let policy = self.policy(&waiter.job.name);
                OpenJob::new(waiter, policy)
            })
            .collect();
        let mut table = self.table();
        entries.into_iter().for_each(|entry| table.insert(entry));
        self.dispatch(&mut table);
    }

    /// Hands to the workers what may run now.
    fn dispatch(&self, table: &mut Table) {
        while let Some(id) = table.take_next() {
            if !self.queue.push(id.clone()) {
                // A place is still taken by a job that was cancelled at that moment; whoever ends next comes by here again.
                return table.put_back(&id);
            }
        }
        if table.running.held_until.is_some() {
            self.held.notify_one();
        }
        self.stats.waiting(table.waiting());
    }

    /// Begins what was held back by its command's rate, when that lets it through; runs until it is dropped.
    pub async fn keep_rates(&self) {
        loop {
            let held_until = self.table().running.held_until;
            let Some(until) = held_until else {
                self.held.notified().await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until.into()) => {
                    let mut table = self.table();
                    table.running.held_until = None;
                    self.dispatch(&mut table);
                }
                // Another rate may let something through sooner.
                () = self.held.notified() => {}
            }
        }
    }

    /// The next job for a worker.
    pub async fn next(&self) -> Option<JobId> {
        self.queue.next().await
    }

    /// Marks a job as running; `None` when it has ended meanwhile.
    pub fn begin(&self, id: &JobId) -> Option<Begun> {
        let mut table = self.table();
        let entry = table.get_mut(id).filter(|entry| !entry.cancel.is_cancelled())?;
        entry.job.move_to(JobState::Running, None);
        entry.job.attempt += 1;
        entry.job.started_at = Some(Timestamp::now());
        let (job, policy, cancel) = (entry.job.clone(), entry.policy, entry.cancel.clone());
        self.stats.started();
        Some(Begun { job, seq: entry.seq, policy, cancel })
    }

    /// Notes how far a job is; the view to show, or `None` when it has ended.
    pub fn set_progress(&self, id: &JobId, progress: Option<u8>, text: Option<String>) -> Option<JobView> {
        let mut table = self.table();
        let entry = table.get_mut(id)?;
        entry.progress = progress.map(|percent| percent.min(100));
        entry.text = text;
        Some(entry.view())
    }

    /// Adds a piece to the answer being written; how many there are now, or `None` when it has ended.
    pub fn add_piece(&self, id: &JobId, text: &str) -> Option<u64> {
        Some(self.table().get_mut(id)?.add_piece(text))
    }

    /// Adds a line to the job's log, which keeps the last of them.
    pub fn add_log(&self, id: &JobId, text: &str) {
        if let Some(entry) = self.table().get_mut(id) {
            entry.add_log(text);
        }
    }

    /// What the job has logged, oldest first, while it has not ended.
    pub fn log(&self, id: &JobId) -> Option<Vec<LogLine>> {
        self.table().get(id).map(|entry| entry.log.iter().cloned().collect())
    }

    /// Gives a job's worker to another while the job's end is being stored.
    pub fn free_worker(&self, id: &JobId) {
        let mut table = self.table();
        table.free_worker(id);
        self.dispatch(&mut table);
    }

    /// Forgets a job that has ended, waits for a later time or is put back, and gives its worker to another. Whoever cancelled
    /// it meanwhile is returned.
    pub fn close(&self, id: &JobId) -> Option<Handle> {
        let mut table = self.table();
        let cancelled_by = table.remove(id);
        self.dispatch(&mut table);
        cancelled_by
    }

    /// Tells a job to stop; `None` when it has ended already.
    pub fn cancel(&self, id: &JobId, by: Handle) -> Option<Cancelled> {
        let mut table = self.table();
        let entry = table.get_mut(id)?;
        entry.cancelled_by.get_or_insert(by);
        entry.cancel.cancel();
        if entry.job.state == JobState::Running {
            return Some(Cancelled::WhileRunning(Box::new(entry.view())));
        }
        let (job, seq) = (Box::new(entry.job.clone()), entry.seq);
        table.stop_waiting(id);
        Some(Cancelled::BeforeStart { job, seq })
    }

    /// Who cancelled a job that has not ended yet.
    pub fn cancelled_by(&self, id: &JobId) -> Option<Handle> {
        self.table().get(id)?.cancelled_by.clone()
    }

    /// The job itself and how it is shown, while it has not ended.
    pub fn get(&self, id: &JobId) -> Option<(Job, JobView)> {
        self.table().get(id).map(|entry| (entry.job.clone(), entry.view()))
    }

    /// What has been written of the answer of a job that has not ended.
    pub fn partial(&self, id: &JobId) -> Option<Partial> {
        self.table().get(id)?.partial()
    }

    /// Takes a job's key for it, before it is stored; the job that has it already, if one does.
    pub fn claim(&self, job: &Job) -> Result<(), JobId> {
        let Some(key) = &job.unique_key else { return Ok(()) };
        match self.table().unique.entry(key.clone()) {
            Entry::Occupied(other) => Err(other.get().clone()),
            Entry::Vacant(free) => {
                free.insert(job.id.clone());
                Ok(())
            }
        }
    }

    /// Gives the key back of a job that was not stored.
    pub fn unclaim(&self, job: &Job) {
        if let Some(key) = &job.unique_key {
            self.table().unique.remove(key);
        }
    }

    /// How many jobs of this person wait or run.
    pub fn count_of(&self, person: &Person) -> usize {
        self.table().people.get(person).copied().unwrap_or(0)
    }

    /// The jobs of a room that wait or run, oldest first, at most `limit`.
    pub fn of_room(&self, room: &RoomName, limit: usize) -> Vec<JobView> {
        let table = self.table();
        let of_room = table.jobs().filter(|entry| entry.job.room == *room && !entry.job.quiet);
        let mut views: Vec<_> = of_room.map(|entry| JobView { partial: entry.partial(), ..entry.view() }).collect();
        views.sort_by(|a, b| a.id.cmp(&b.id));
        views.truncate(limit);
        views
    }

    /// How many jobs wait for a worker, and how many have one.
    pub fn counts(&self) -> Counts {
        let table = self.table();
        Counts { queued: table.waiting(), running: table.running.all() }
    }

    /// How many jobs are in each state that is not an end, and how many ended as dead. Not for tokio's workers.
    pub fn now(&self, store: &Store) -> Result<JobsNow, StoreError> {
        let (Counts { queued, running }, JobCounts { scheduled, retrying, dead }) =
            (self.counts(), self.stats.stored(store)?);
        Ok(JobsNow { queued, running, scheduled, retrying, dead, workers: self.workers })
    }

    /// What the jobs did in the last day.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }
}

#[cfg(test)]
mod tests;
