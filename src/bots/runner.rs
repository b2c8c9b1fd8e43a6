//! The workers: each takes a job, runs its bot under its policy and posts the answer. Every job gets an answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use super::{Again, Bots, Failure, Output, Reply, Request};
use crate::chat::Chat;
use crate::jobs::{JobOutcome, Jobs, Lane, OnRestart, RunningJob};
use crate::model::{Job, JobId, JobState};
use crate::store::{StoreError, StoredJob};
use crate::telemetry::{SpanKind, TraceSpan, metrics, within};
use crate::text::Text;

/// How often old jobs are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(60 * 60);

/// Runs jobs.
pub struct Runner {
    chat: Arc<Chat>,
    jobs: Arc<Jobs>,
    bots: Arc<Bots>,
    workers: TaskTracker,
    /// Cancelled when no further job may be started.
    stopping: CancellationToken,
    /// Cancelled when jobs that still run must be put back.
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

impl Ended {
    /// Why it did not come to its end, in one word.
    fn error(&self) -> Option<&str> {
        match self {
            Self::Done(Ok(_)) => None,
            Self::Done(Err(failure)) => Some(failure.code),
            Self::TimedOut(_) => Some("timed_out"),
            Self::Cancelled => Some("cancelled"),
            Self::Panicked => Some("internal"),
            Self::PutBack => Some("put_back"),
        }
    }
}

impl Runner {
    /// Resumes the jobs that had not ended when the server stopped, then starts `count` workers and the timers. Ended
    /// jobs are deleted after `keep`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(
        chat: Arc<Chat>,
        jobs: Arc<Jobs>,
        bots: Arc<Bots>,
        count: usize,
        unfinished: Vec<StoredJob>,
        keep: Duration,
    ) -> Result<Arc<Self>, StoreError> {
        let runner = Arc::new(Self {
            chat,
            jobs,
            bots,
            workers: TaskTracker::new(),
            stopping: CancellationToken::new(),
            putting_back: CancellationToken::new(),
        });
        // Before clients can query them.
        runner.jobs.load_paused().await?;
        runner.jobs.resume(unfinished).await?;
        for _ in 0..count {
            runner.workers.spawn(runner.clone().work());
        }
        let (time, rates, prune) = (runner.clone(), runner.clone(), runner.clone());
        runner.spawn_until_stop(async move { time.jobs.keep_time().await });
        runner.spawn_until_stop(async move { rates.jobs.keep_rates().await });
        runner.spawn_until_stop(async move { prune.prune(keep).await });
        Ok(runner)
    }

    fn spawn_until_stop(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        self.workers.spawn(async move {
            stopping.run_until_cancelled(work).await;
        });
    }

    /// Starts no further job, lets running ones finish until `deadline`, then puts back those that still run.
    pub async fn stop(&self, deadline: tokio::time::Instant) {
        self.stopping.cancel();
        self.workers.close();
        if tokio::time::timeout_at(deadline, self.workers.wait()).await.is_err() {
            self.putting_back.cancel();
            self.workers.wait().await;
        }
    }

    async fn prune(&self, keep: Duration) {
        loop {
            match self.jobs.prune(keep).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "old jobs forgotten"),
                Err(error) => tracing::error!(%error, "cannot forget old jobs"),
            }
            tokio::time::sleep(PRUNE_EVERY).await;
        }
    }

    /// One worker: job after job.
    async fn work(self: Arc<Self>) {
        loop {
            let id = tokio::select! {
                biased;
                () = self.stopping.cancelled() => return,
                id = self.jobs.next() => id,
            };
            let Some(id) = id else { return };
            // A panic in a bot is reported to the room; a panic around it must not end the worker.
            let span = tracing::debug_span!("job", %id, command = tracing::field::Empty);
            if AssertUnwindSafe(self.run(&id).instrument(span)).catch_unwind().await.is_err() {
                tracing::error!(job = %id, "a worker broke over this job");
            }
        }
    }

    async fn run(&self, id: &JobId) {
        // None: cancelled while it waited.
        let Some(running) = self.jobs.begin(id) else { return };
        let policy = running.policy;
        Span::current().record("command", &running.stored.job.name);
        // A quick job ends before anyone could see it running; storing its start would only double its cost. A job that must
        // not run twice is recorded as started.
        if policy.lane == Lane::Slow || policy.on_restart == OnRestart::Interrupt {
            self.jobs.note_begun(&running).await;
        }
        let job = &running.stored.job;
        let ended = match self.jobs.check_still_allowed(job).await {
            Ok(()) if job.attempt <= 1 && job.has_expired() => Ended::Done(Err(expired(job))),
            Ok(()) => self.run_bot(&running).await,
            Err(refused) => Ended::Done(Err(self.not_allowed(job, refused).await)),
        };
        let outcome = match ended {
            Ended::Done(Ok(reply)) => outcome_of(reply, job),
            Ended::Done(Err(failure)) => return self.failed(running, failure).await,
            Ended::TimedOut(limit) => {
                let text = Text::new("job-timed-out").with("name", &job.name).with("seconds", limit.as_secs());
                return self.failed(running, Failure::for_now("timed_out", text)).await;
            }
            Ended::Panicked => {
                let text = Text::new("job-broke").with("name", &job.name);
                return self.failed(running, Failure::for_now("internal", text)).await;
            }
            Ended::Cancelled => {
                let by = self.jobs.cancelled_by(id).map(|handle| handle.to_string());
                JobOutcome::cancelled(job, by.as_deref())
            }
            Ended::PutBack if policy.on_restart == OnRestart::RunAgain => return self.put_back(&running).await,
            Ended::PutBack => JobOutcome::interrupted(job),
        };
        self.end(running, outcome).await;
    }

    /// Why a job does not run any more; a schedule that it is a run of stops, too, instead of being refused again and again.
    async fn not_allowed(&self, run: &Job, refused: Text) -> Failure {
        if refused.code() != "forbidden" {
            return Failure::for_now("store_failed", refused);
        }
        let text = match self.jobs.pause_schedule_of(run).await {
            true => Text::new("job-not-allowed-paused").with("reason", refused.in_locale(run.locale)),
            false => refused,
        };
        Failure::for_good("forbidden", text)
    }

    async fn run_bot(&self, running: &RunningJob) -> Ended {
        let StoredJob { job, seq, .. } = &running.stored;
        let output = Output::new(self.jobs.clone(), self.chat.clone(), job.clone());
        let request = Request { job, seq: *seq, jobs: &self.jobs, chat: &self.chat, output: &output };
        let limit = running.policy.time_limit;
        let began = Instant::now();
        let mut span = span_of(running);
        let run = within(span.context(), AssertUnwindSafe(self.bots.run(request)).catch_unwind());
        let ended = tokio::select! {
            biased;
            () = running.cancel.cancelled() => Ended::Cancelled,
            ended = tokio::time::timeout(limit, run) => match ended {
                Ok(Ok(result)) => Ended::Done(result),
                Ok(Err(_)) => Ended::Panicked,
                Err(_) => Ended::TimedOut(limit),
            },
            () = self.putting_back.cancelled() => Ended::PutBack,
        };
        if let Some(why) = ended.error() {
            span.fail(why);
        }
        let time = &metrics().job_run_time;
        time.with_label_values(&[self.jobs.label(&job.name)]).observe(began.elapsed().as_secs_f64());
        ended
    }

    /// Handles a failed attempt: schedules another if that may help and the policy allows it.
    async fn failed(&self, running: RunningJob, failure: Failure) {
        let (job, retries) = (&running.stored.job, running.policy.retries);
        let words = failure.text.in_locale(job.locale);
        let delay = match failure.again {
            Again::Never => None,
            Again::ByPolicy => Some(retries.delay(job.attempt)),
            Again::After(delay) => Some(delay),
        };
        if let Some(delay) = delay.filter(|_| job.finished_attempts() < job.attempts) {
            tracing::debug!(job = %job.id, command = %job.name, code = failure.code, "attempt failed");
            return self.jobs.retry_later(&running, failure.code, words, delay).await;
        }
        let state = if delay.is_some() && retries.most > 0 { JobState::Dead } else { JobState::Failed };
        self.end(running, JobOutcome::failed(state, failure.code, words)).await;
    }

    async fn end(&self, running: RunningJob, outcome: JobOutcome) {
        let job = &running.stored.job;
        tracing::debug!(job = %job.id, command = %job.name, state = outcome.state.as_str(), "job ended");
        self.jobs.end_running(running, outcome).await;
    }

    /// Puts the job back; the next start resumes it as if it had not been started.
    async fn put_back(&self, running: &RunningJob) {
        let job = &running.stored.job;
        match self.jobs.put_back(running).await {
            Ok(()) => tracing::info!(job = %job.id, command = %job.name, "job put back for the next start"),
            Err(error) => tracing::error!(%error, job = %job.id, "cannot put the job back"),
        }
    }
}

/// It came to its start too late to be of use.
fn expired(job: &Job) -> Failure {
    Failure::for_good("expired", Text::new("job-expired").with("line", job.line()))
}

/// The run of a job, as part of what asked for it.
fn span_of(running: &RunningJob) -> TraceSpan {
    let job = &running.stored.job;
    let mut span = TraceSpan::after(running.trace, SpanKind::Consumer, "job");
    span.rename(|| format!("job {}", job.name));
    span.set("chatbot.job", || job.id.to_string());
    span.set("chatbot.command", || job.name.as_str());
    span.set("chatbot.attempt", || u64::from(job.attempt));
    span
}

fn outcome_of(reply: Reply, job: &Job) -> JobOutcome {
    match reply {
        Reply::Words(text) => JobOutcome::completed(text.in_locale(job.locale)),
        Reply::Plain(text) => JobOutcome::completed(text),
        Reply::Cited(text, citations) => JobOutcome::answered(text, citations),
    }
}
