//! What happens to a job while workers have it: beginning, telling how far it is, trying again later, being put back.

use std::sync::Arc;
use std::time::Duration;

use super::dispatch::{QueuedJob, RunningJob};
use super::{JobOutcome, Jobs, OnRestart};
use crate::model::{Handle, Job, JobError, JobId, JobState, Timestamp};
use crate::store::{JobChange, StoreError, StoredJob};
use crate::telemetry::metrics;
use crate::text::Text;

/// Maximum number of starts of a job that was running when the server crashed: a job that crashes it must not do so forever.
const MAX_CRASHES: u32 = 5;

/// How long what must be stored of a job waits at a time while the store cannot be reached.
pub(super) const STORE_PAUSE: Duration = Duration::from_millis(500);

impl Jobs {
    /// Takes over the open jobs of a process whose lease has ended: at the start, all there are. They are queued again, or end as
    /// interrupted if their policy requires it.
    ///
    /// # Errors
    /// When the store cannot be read; then none is resumed.
    pub async fn resume(self: &Arc<Self>, unfinished: Vec<StoredJob>) -> Result<(), StoreError> {
        let must_end = |stored: &StoredJob| {
            let ran = stored.job.state == JobState::Running;
            let once = self.policy(&stored.job.name).on_restart == OnRestart::Interrupt;
            ran && (once || stored.job.crashes + 1 >= MAX_CRASHES)
        };
        let (ending, waiting): (Vec<_>, Vec<_>) = unfinished.into_iter().partition(must_end);
        let mut queued = Vec::with_capacity(waiting.len());
        for mut stored in waiting {
            let job = &mut stored.job;
            if job.state == JobState::Running {
                job.crashes += 1;
                job.move_to(JobState::Queued, Some(Text::new("job-server-stopped").in_locale(job.locale)));
            }
            let log = self.store.job_log(&job.id).await?;
            let permit = self.queue.readmit(self.policy(&job.name).lane, &job.payer());
            queued.push(QueuedJob { stored, log, permit, trace: None });
        }
        self.queue.enqueue(queued);
        for stored in ending {
            let outcome = JobOutcome::interrupted(&stored.job);
            self.end(stored, outcome).await;
        }
        Ok(())
    }

    /// The next job for a worker.
    pub async fn next(&self) -> Option<JobId> {
        self.queue.next().await
    }

    /// Marks a job as running; `None` when it was cancelled while it waited.
    pub fn begin(&self, id: &JobId) -> Option<RunningJob> {
        self.queue.begin(id)
    }

    /// Stores that a worker has begun a job, and shows it.
    pub async fn note_begun(self: &Arc<Self>, running: &RunningJob) {
        let (jobs, job) = (self.clone(), &running.stored.job);
        let id = job.id.clone();
        // Queued and running jobs share an index in the store.
        let change = JobChange { from: &running.stored, to: job, log: &[], schedule: None };
        if let Err(error) = self.store.change_job(change, move || jobs.show_open(&id)).await {
            tracing::warn!(%error, job = %job.id, "cannot note that the job began");
        }
    }

    /// Shows how far a job is.
    pub fn progress(&self, id: &JobId, progress: Option<u8>, text: Option<String>) {
        if self.queue.set_progress(id, progress, text).is_some() {
            self.show_open(id);
        }
    }

    /// Shows a piece of an answer that is still being written.
    pub fn piece(&self, job: &Job, text: &str) {
        if let Some(n) = self.queue.add_piece(&job.id, text)
            && !job.quiet
        {
            self.announcer.piece(job, text, n);
        }
    }

    /// Adds a line to a running job's log.
    pub fn log(&self, id: &JobId, line: &str) {
        self.queue.add_log(id, line);
    }

    /// Stores what a running job has logged so far, should the server go down under it.
    pub async fn keep_log(&self, id: &JobId) {
        if let Some(log) = self.queue.log(id)
            && let Err(error) = self.store.keep_log(id, &log).await
        {
            tracing::warn!(%error, job = %id, "cannot keep the job's log");
        }
    }

    /// Who cancelled a job that has not ended yet.
    pub fn cancelled_by(&self, id: &JobId) -> Option<Handle> {
        self.queue.cancelled_by(id)
    }

    /// Stores a job as queued again, as if it had not been started, for the next start of the server.
    pub async fn put_back(self: &Arc<Self>, running: &RunningJob) -> Result<(), StoreError> {
        let job = &running.stored.job;
        // It was begun in time.
        let mut waiting = Job { started_at: None, expires_at: None, attempt: job.attempt - 1, ..job.clone() };
        waiting.move_to(JobState::Queued, Some(Text::new("job-server-stopped").in_locale(job.locale)));
        self.stop_running(running, waiting, || ()).await
    }

    /// Schedules another attempt of a failed job after `delay`; `code` and `why`, in the asker's language, say how the last one failed.
    pub async fn retry_later(self: &Arc<Self>, running: &RunningJob, code: &str, why: String, delay: Duration) {
        metrics().job_retries.inc();
        let mut waiting = running.stored.job.clone();
        waiting.error = Some(JobError { code: code.to_owned(), message: why.clone() });
        waiting.move_to(JobState::Retrying, Some(why));
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        waiting.due_at = Some(Timestamp(Timestamp::now().0.saturating_add(delay)));
        let (jobs, shown, seq) = (self.clone(), waiting.clone(), running.stored.seq);
        let effect = move || {
            jobs.alarm.ring();
            jobs.show_stored(&shown, seq);
        };
        match self.stop_running(running, waiting.clone(), effect.clone()).await {
            Ok(()) => {}
            Err(StoreError::Unavailable) => self.keep_stopping(running.clone(), waiting, effect),
            Err(error) => tracing::error!(%error, job = %waiting.id, "cannot let the job be tried again"),
        }
    }

    /// Stores that a running job waits as soon as the store can be reached: until then it runs, as far as memory tells. In a
    /// task of its own, for which a stop does not wait beyond its deadline.
    fn keep_stopping(
        self: &Arc<Self>,
        running: RunningJob,
        waiting: Job,
        effect: impl FnOnce() + Clone + Send + 'static,
    ) {
        let jobs = self.clone();
        let stopping = async move {
            loop {
                tokio::time::sleep(STORE_PAUSE).await;
                match jobs.stop_running(&running, waiting.clone(), effect.clone()).await {
                    Ok(()) => return,
                    Err(StoreError::Unavailable) => {}
                    Err(error) => {
                        return tracing::error!(%error, job = %waiting.id, "cannot let the job be tried again");
                    }
                }
            }
        };
        self.tasks.spawn_on(stopping, &self.runtime);
    }

    /// Stores that a running job waits, and takes it from its worker; if it was cancelled meanwhile it is ended instead of what
    /// `effect` does.
    async fn stop_running(
        self: &Arc<Self>,
        running: &RunningJob,
        waiting: Job,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let id = waiting.id.clone();
        let log = self.queue.log(&id).unwrap_or_default();
        let (jobs, stored) = (self.clone(), StoredJob { job: waiting.clone(), ..running.stored });
        let on_stored = move || match jobs.queue.close(&id) {
            Some(by) => jobs.clone().end_later(stored, by),
            None => effect(),
        };
        let change = JobChange { from: &running.stored, to: &waiting, log: &log, schedule: None };
        self.store.change_job(change, on_stored).await.map(drop)
    }

    /// Ends a job that was cancelled during a state transition.
    fn end_later(self: Arc<Self>, stored: StoredJob, by: Handle) {
        let (tasks, runtime) = (self.tasks.clone(), self.runtime.clone());
        tasks.spawn_on(async move { self.end_cancelled(stored, &by).await }, &runtime);
    }
}
