//! The workers: take a job, run its bot under its policy, answer in the room. Never silence.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Bots, Failure, Reply, Request};
use crate::chat::{Chat, Outcome};
use crate::jobs::{Begun, Jobs, Lane, OnRestart};
use crate::model::{Job, JobId, JobRequest, JobState, RoomName};
use crate::store::StoredJob;
use crate::text::Text;

/// How often a job is begun at most, over restarts: one that takes the server down must not do so forever.
const MAX_ATTEMPTS: u32 = 3;

/// Shortest time between two words on a job's progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Runs jobs.
pub struct Runner {
    chat: Arc<Chat>,
    jobs: Arc<Jobs>,
    bots: Arc<Bots>,
    workers: TaskTracker,
    /// No further job is begun.
    stopping: CancellationToken,
    /// Jobs that still run are put back.
    putting_back: CancellationToken,
}

/// How a run ended.
enum Ended {
    Done(Result<Reply, Failure>),
    TimedOut(Duration),
    Cancelled,
    Panicked,
    /// The server stops.
    PutBack,
}

impl Runner {
    /// Starts `count` workers, of which some serve quick commands only, so that long work never delays them.
    pub fn start(chat: Arc<Chat>, jobs: Arc<Jobs>, bots: Arc<Bots>, count: usize) -> Arc<Self> {
        let runner = Arc::new(Self {
            chat,
            jobs,
            bots,
            workers: TaskTracker::new(),
            stopping: CancellationToken::new(),
            putting_back: CancellationToken::new(),
        });
        let quick_only = (count / 4).max(1);
        for index in 0..count {
            let lane = if index < quick_only { Lane::Quick } else { Lane::Slow };
            runner.workers.spawn(runner.clone().work(lane));
        }
        runner
    }

    /// Takes up the jobs that had not ended when the server stopped.
    pub fn resume(self: &Arc<Self>, stored: Vec<StoredJob>) {
        let runner = self.clone();
        self.workers.spawn(async move {
            for stored in stored {
                let policy = runner.jobs.policy(&stored.job.name);
                let again = policy.on_restart == OnRestart::RunAgain && stored.job.attempt < MAX_ATTEMPTS;
                let interrupted = interrupted(&stored.job);
                tokio::select! {
                    () = runner.stopping.cancelled() => return,
                    () = runner.chat.resume(stored, again, interrupted) => {}
                }
            }
        });
    }

    /// Begins no further job, lets the running ones end until `deadline`, then puts back what still runs.
    pub async fn stop(&self, deadline: tokio::time::Instant) {
        self.stopping.cancel();
        self.workers.close();
        if tokio::time::timeout_at(deadline, self.workers.wait()).await.is_err() {
            self.putting_back.cancel();
            self.workers.wait().await;
        }
    }

    /// One worker: job after job. `Lane::Slow` serves both lanes.
    async fn work(self: Arc<Self>, lane: Lane) {
        let queue = self.jobs.queue();
        loop {
            let next = async {
                match lane {
                    Lane::Quick => queue.next_quick().await,
                    Lane::Slow => queue.next().await,
                }
            };
            let id = tokio::select! {
                biased;
                () = self.stopping.cancelled() => return,
                id = next => id,
            };
            let Some(id) = id else { return };
            self.run(&id).await;
        }
    }

    async fn run(&self, id: &JobId) {
        // None: cancelled while it waited.
        let Some(begun) = self.jobs.begin(id) else { return };
        let policy = self.jobs.policy(&begun.job.name);
        // A quick job is over before anybody could look; writing down that it began would only double its cost.
        if policy.lane == Lane::Slow {
            self.chat.job_begun(&begun).await;
        }
        let ended = self.run_bot(&begun, policy.time_limit).await;
        if matches!(ended, Ended::PutBack) && policy.on_restart == OnRestart::RunAgain {
            return self.put_back(begun.job).await;
        }
        let outcome = self.outcome(&begun.job, ended);
        tracing::debug!(job = %id, command = %begun.job.name, state = outcome.state.as_str(), "job ended");
        self.chat.finish(begun.job, begun.seq, outcome).await;
    }

    async fn run_bot(&self, begun: &Begun, time_limit: Duration) -> Ended {
        let job = &begun.job;
        let progress = Progress::new(self.chat.clone(), job.room.clone(), job.id.clone());
        let asked = JobRequest { name: job.name.clone(), arguments: job.arguments.clone() };
        let request = Request { arguments: &asked.arguments, locale: job.locale, progress: &progress };
        let run = AssertUnwindSafe(self.bots.run(&asked, request)).catch_unwind();
        tokio::select! {
            biased;
            () = begun.cancel.cancelled() => Ended::Cancelled,
            ended = tokio::time::timeout(time_limit, run) => match ended {
                Ok(Ok(result)) => Ended::Done(result),
                Ok(Err(_)) => Ended::Panicked,
                Err(_) => Ended::TimedOut(time_limit),
            },
            () = self.putting_back.cancelled() => Ended::PutBack,
        }
    }

    /// The next start takes it up again, as if it had not been begun.
    async fn put_back(&self, job: Job) {
        let waiting = Job { state: JobState::Queued, started_at: None, attempt: job.attempt - 1, ..job };
        match self.chat.put_back(&waiting).await {
            Ok(()) => tracing::info!(job = %waiting.id, command = %waiting.name, "job put back for the next start"),
            Err(error) => tracing::error!(%error, job = %waiting.id, "cannot put the job back"),
        }
    }

    fn outcome(&self, job: &Job, ended: Ended) -> Outcome {
        let failed = |code: &str, text: Text| Outcome {
            state: JobState::Failed,
            text: text.in_locale(job.locale),
            error: Some(code.to_owned()),
        };
        match ended {
            Ended::Done(Ok(reply)) => {
                let text = match reply {
                    Reply::Words(text) => text.in_locale(job.locale),
                    Reply::Plain(text) => text,
                };
                Outcome { state: JobState::Completed, text, error: None }
            }
            Ended::Done(Err(Failure { code, text })) => failed(code, text),
            Ended::TimedOut(limit) => {
                failed("timed_out", Text::new("job-timed-out").with("name", &job.name).with("seconds", limit.as_secs()))
            }
            Ended::Panicked => failed("internal", Text::new("job-broke").with("name", &job.name)),
            Ended::Cancelled => cancelled(job, self.jobs.cancelled_by(&job.id).map(|handle| handle.to_string())),
            Ended::PutBack => interrupted(job),
        }
    }
}

/// How a cancelled job ends.
pub fn cancelled(job: &Job, by: Option<String>) -> Outcome {
    let text = match by {
        Some(by) if by != job.handle.to_string() => Text::new("job-cancelled-by").with("by", by),
        _ => Text::new("job-cancelled"),
    };
    let text = text.with("line", job.line()).in_locale(job.locale);
    Outcome { state: JobState::Cancelled, text, error: Some("cancelled".into()) }
}

/// How a job ends that the stop of the server cut short and that must not run twice.
fn interrupted(job: &Job) -> Outcome {
    let text = Text::new("job-interrupted").with("line", job.line()).in_locale(job.locale);
    Outcome { state: JobState::Interrupted, text, error: Some("interrupted".into()) }
}

/// How a bot says how far it is. What comes too fast to be read is left out.
pub struct Progress {
    chat: Arc<Chat>,
    room: RoomName,
    job: JobId,
    said: Mutex<Option<Instant>>,
}

impl Progress {
    fn new(chat: Arc<Chat>, room: RoomName, job: JobId) -> Self {
        Self { chat, room, job, said: Mutex::new(None) }
    }

    /// `percent` is 0 to 100, `None` where it is not known; `words` are in the asker's language.
    pub async fn set(&self, percent: Option<u8>, words: Option<String>) {
        if self.is_due() {
            self.chat.job_progress(&self.room, &self.job, percent, words).await;
        }
    }

    fn is_due(&self) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = said.is_none_or(|at| at.elapsed() >= PROGRESS_EVERY);
        if is_due {
            *said = Some(Instant::now());
        }
        is_due
    }
}
