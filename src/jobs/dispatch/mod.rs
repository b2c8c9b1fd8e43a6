//! The queue between those who ask for jobs and the workers: which job is next, what runs, how far it is, and the way to cancel
//! it.
//!
//! What is durable about a job is in the store; this is what a running process knows of it. It neither reads nor writes the store
//! and calls no bot or room: rooms appear only as names, commands only as names with a [`Policy`]. [`JobQueue`] states the contract,
//! and [`Dispatcher`] implements it for one process.

mod dispatcher;
mod open;
mod permit;
mod ready;
mod running;
mod waiting;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use dispatcher::Dispatcher;
pub use permit::{Full, Permit};
pub use running::Concurrency;

use super::policy::{Lane, Policy};
use crate::model::{Handle, Job, JobId, LogLine, Payer, RoomName};
use crate::protocol::{JobView, Partial};
use crate::store::StoredJob;
use crate::telemetry::SpanContext;

/// A job that waits for a worker.
#[derive(Debug)]
pub struct QueuedJob {
    pub stored: StoredJob,
    /// Log of earlier attempts.
    pub log: Vec<LogLine>,
    pub permit: Permit,
    /// What it is part of, where that is known.
    pub trace: Option<SpanContext>,
}

/// A job that a worker has started.
#[derive(Clone, Debug)]
pub struct RunningJob {
    pub stored: StoredJob,
    pub policy: Policy,
    pub cancel: CancellationToken,
    /// What it is part of, where that is known.
    pub trace: Option<SpanContext>,
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

/// The jobs that wait for a worker of this process or have one.
///
/// 1. **Places.** A place is taken before a job is stored; full is an error, at once. So what is stored never finds too many.
///    Each lane has its own places, so that much long work does not shut out the short.
/// 2. **A job is one's at a time.** Only jobs that this process has claimed are put in: by the commit that made them open, or at
///    its start, when it takes over those of a process whose lease has ended. A job's place in the store is that claim, and
///    every change of the job is conditioned on it: whoever lost it cannot even store the job's end. The lease is the lock on
///    the store's folder, so that all open jobs are this process's as long as it lives.
/// 3. **When a lease ends,** whoever takes over lets wait again what may run twice, and ends as interrupted what must not or has
///    taken down several processes ([`OnRestart`](super::OnRestart)).
/// 4. **Handed out at most once.** One worker gets a job from [`JobQueue::next`], and begins it once; one that was cancelled
///    before is never begun. [`JobQueue::next`] is cancel safe: dropping it loses no job.
/// 5. **Fair and within limits.** Higher priorities first; within one, payers are served round-robin: guests of one address
///    are one. When a lane is full, whoever has most places there loses the newest to those who have fewer. No command exceeds its
///    concurrency and rate; slow jobs are also limited per person and room, and leave a quarter of the workers (at least one) to
///    quick ones. All of these are counted by each process for itself.
///    What must hold for all processes on one store is a claim of the commit: unique keys, numbers and places of schedules.
#[async_trait]
pub trait JobQueue: LiveJobs {
    /// A place in a lane for one more job of this payer, who may have `most`.
    fn reserve(&self, lane: Lane, payer: &Payer, most: usize) -> Result<Permit, Full>;

    /// A place that counts for `payer` but takes none in a lane; `None` if it has `most` already. For webhook deliveries and
    /// the server's own work.
    fn reserve_beside(&self, payer: &Payer, most: usize) -> Option<Permit>;

    /// A place for a job that was let in before this process was started: in its lane as long as that has places.
    fn readmit(&self, lane: Lane, payer: &Payer) -> Permit;

    /// Makes a place in a full lane for one more job of this payer: takes out of its turn the newest job of whoever has most
    /// waiting there, if those are at least two more than this payer has. The caller must end it.
    fn displace(&self, lane: Lane, payer: &Payer) -> Option<StoredJob>;

    /// Adds jobs that are stored as open. A job that is in the queue must not be added again.
    fn enqueue(&self, jobs: Vec<QueuedJob>);

    /// Waits for the next job for a worker; `None` once the queue is closed. Cancel safe.
    async fn next(&self) -> Option<JobId>;

    /// Marks a job as running; `None` when it was cancelled or has ended meanwhile, or was begun already.
    fn begin(&self, id: &JobId) -> Option<RunningJob>;

    /// Frees a job's worker while the job's end is being stored.
    fn free_worker(&self, id: &JobId);

    /// Removes a job that has ended, waits for a later time or is put back, and frees its worker. Returns who cancelled
    /// it meanwhile, if anyone did.
    fn close(&self, id: &JobId) -> Option<Handle>;

    /// Cancels a job; `None` if it has ended already.
    fn cancel(&self, id: &JobId, by: Handle) -> Option<Cancelled>;

    /// Applies changed limits on concurrency and rate to the jobs in the queue, and resets the rate limiters. A job keeps the
    /// rest of its policy, such as lane, priority and time limit.
    fn apply_policies(&self);

    /// Begins what was held back by its command's rate, when that lets it through; runs until it is dropped.
    async fn keep_rates(&self);
}

/// What is known of the jobs in a queue beside what is stored; lost with the process that has them.
pub trait LiveJobs: Send + Sync + 'static {
    /// The job itself and how it is shown, while it has not ended.
    fn get(&self, id: &JobId) -> Option<(Job, JobView)>;

    /// The jobs asked for in a room that wait or run and are not quiet, oldest first, at most `limit`.
    fn of_room(&self, room: &RoomName, limit: usize) -> Vec<JobView>;

    /// How many jobs wait for a worker, and how many have one.
    fn counts(&self) -> Counts;

    /// Who cancelled a job that has not ended yet.
    fn cancelled_by(&self, id: &JobId) -> Option<Handle>;

    /// Sets a job's progress; returns its view, or `None` if it has ended.
    fn set_progress(&self, id: &JobId, progress: Option<u8>, text: Option<String>) -> Option<JobView>;

    /// Appends to the answer being written; returns the number of parts, or `None` if the job has ended.
    fn add_piece(&self, id: &JobId, text: &str) -> Option<u64>;

    /// What has been written of the answer of a job that has not ended.
    fn partial(&self, id: &JobId) -> Option<Partial>;

    /// Changes with every part of the answer, and is closed when the job leaves the queue; `None` if it is not there.
    fn follow(&self, id: &JobId) -> Option<watch::Receiver<u64>>;

    /// Adds a line to the job's log, which keeps the last of them.
    fn add_log(&self, id: &JobId, text: &str);

    /// What the job has logged, oldest first, while it has not ended.
    fn log(&self, id: &JobId) -> Option<Vec<LogLine>>;
}

#[cfg(test)]
mod tests;
