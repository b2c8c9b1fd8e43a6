//! Jobs in motion: a bounded queue, the jobs that have not ended, and the way to cancel them.
//!
//! What is durable about a job is in the store; here is what a running process knows of it. Knows nothing of rooms or bots:
//! commands appear only as names with a [`Policy`].

mod queue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use queue::{JobQueue, Lane, Slot};

use crate::model::{Handle, Job, JobId, JobState, Person, RoomName, Timestamp};
use crate::protocol::JobView;

/// What a command's jobs may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub lane: Lane,
    /// Longest run.
    pub time_limit: Duration,
    pub on_restart: OnRestart,
}

impl Policy {
    /// For what is answered from memory.
    pub const QUICK: Self =
        Self { lane: Lane::Quick, time_limit: Duration::from_secs(60), on_restart: OnRestart::RunAgain };
}

/// What becomes of a job that ran when the server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRestart {
    RunAgain,
    /// It must not run twice: it is ended and says so.
    Interrupt,
}

/// The jobs that have not ended.
pub struct Jobs {
    queue: JobQueue,
    policies: HashMap<&'static str, Policy>,
    open: Mutex<HashMap<JobId, OpenJob>>,
}

struct OpenJob {
    job: Job,
    seq: u64,
    progress: Option<u8>,
    text: Option<String>,
    cancel: CancellationToken,
    cancelled_by: Option<Handle>,
}

impl OpenJob {
    fn view(&self) -> JobView {
        JobView::new(&self.job, self.seq, self.progress, self.text.clone())
    }
}

/// A job that a worker has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    pub job: Job,
    pub seq: u64,
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

impl Jobs {
    /// `capacity` is the number of jobs that may wait in each lane. Commands without a policy (there is no such command) get the quick lane's.
    pub fn new(capacity: usize, policies: HashMap<&'static str, Policy>) -> Arc<Self> {
        Arc::new(Self { queue: JobQueue::new(capacity), policies, open: Mutex::default() })
    }

    /// Held for moments only, never across an await.
    fn open(&self) -> MutexGuard<'_, HashMap<JobId, OpenJob>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way to the workers.
    pub fn queue(&self) -> &JobQueue {
        &self.queue
    }

    /// What the command's jobs may do; an unknown command is answered quickly.
    pub fn policy(&self, name: &str) -> Policy {
        self.policies.get(name).copied().unwrap_or(Policy::QUICK)
    }

    /// Hands a stored job to the workers.
    pub fn enqueue(&self, job: Job, seq: u64, slot: Slot) {
        let (id, lane) = (job.id.clone(), self.policy(&job.name).lane);
        let open =
            OpenJob { job, seq, progress: None, text: None, cancel: CancellationToken::new(), cancelled_by: None };
        self.open().insert(id.clone(), open);
        self.queue.push(id, lane, slot);
    }

    /// Marks a job as running; `None` when it has ended meanwhile.
    pub fn begin(&self, id: &JobId) -> Option<Begun> {
        let mut open = self.open();
        let entry = open.get_mut(id)?;
        entry.job.state = JobState::Running;
        entry.job.attempt += 1;
        entry.job.started_at = Some(Timestamp::now());
        Some(Begun { job: entry.job.clone(), seq: entry.seq, cancel: entry.cancel.clone() })
    }

    /// Notes how far a job is; the view to show, or `None` when it has ended.
    pub fn set_progress(&self, id: &JobId, progress: Option<u8>, text: Option<String>) -> Option<JobView> {
        let mut open = self.open();
        let entry = open.get_mut(id)?;
        entry.progress = progress.map(|percent| percent.min(100));
        entry.text = text;
        Some(entry.view())
    }

    /// Forgets a job that has ended or is put back.
    pub fn close(&self, id: &JobId) {
        self.open().remove(id);
    }

    /// Tells a job to stop; `None` when it has ended already.
    pub fn cancel(&self, id: &JobId, by: Handle) -> Option<Cancelled> {
        let mut open = self.open();
        let entry = open.get_mut(id)?;
        entry.cancelled_by.get_or_insert(by);
        entry.cancel.cancel();
        Some(match entry.job.state {
            JobState::Queued => {
                self.queue.remove(id, self.policy(&entry.job.name).lane);
                Cancelled::BeforeStart { job: Box::new(entry.job.clone()), seq: entry.seq }
            }
            _ => Cancelled::WhileRunning(Box::new(entry.view())),
        })
    }

    /// Who cancelled a job that has not ended yet.
    pub fn cancelled_by(&self, id: &JobId) -> Option<Handle> {
        self.open().get(id)?.cancelled_by.clone()
    }

    /// The job itself and how it is shown, while it has not ended.
    pub fn get(&self, id: &JobId) -> Option<(Job, JobView)> {
        self.open().get(id).map(|entry| (entry.job.clone(), entry.view()))
    }

    /// How many jobs of this person have not ended.
    pub fn count_of(&self, person: &Person) -> usize {
        self.open().values().filter(|entry| entry.job.person == *person).count()
    }

    /// The unfinished jobs of a room, oldest first, at most `limit`.
    pub fn of_room(&self, room: &RoomName, limit: usize) -> Vec<JobView> {
        let open = self.open();
        let mut views: Vec<_> = open.values().filter(|entry| entry.job.room == *room).map(OpenJob::view).collect();
        views.sort_by(|a, b| a.id.cmp(&b.id));
        views.truncate(limit);
        views
    }

    /// Jobs that have not ended: waiting and running.
    pub fn len(&self) -> usize {
        self.open().len()
    }

    pub fn is_empty(&self) -> bool {
        self.open().is_empty()
    }
}
