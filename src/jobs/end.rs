//! How a job ends: once, with its answer, with what follows from it, in one commit.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::announcer::{Announcement, Publish};
use super::attempts::STORE_PAUSE;
use super::deliveries::NewDelivery;
use super::dispatch::RunningJob;
use super::{JobOutcome, Jobs};
use crate::model::{Answer, Handle, Job, JobError, JobState, Message, MessageText, Timestamp};
use crate::protocol::JobView;
use crate::store::{Ended, JobChange, JobEnd, ScheduleChange, StoreError, StoredJob};
use crate::telemetry::metrics;

impl Jobs {
    /// Ends a job and waits until that is durable. One that is not what it was any more stays as it is.
    pub(super) async fn end(self: &Arc<Self>, from: StoredJob, outcome: JobOutcome) {
        let schedule = loop {
            match self.next_run(&from.job).await {
                Ok(schedule) => break schedule,
                Err(StoreError::Unavailable) => tokio::time::sleep(STORE_PAUSE).await,
                Err(error) => return tracing::error!(%error, job = %from.job.id, "cannot read the job's schedule"),
            }
        };
        let (done, durable) = oneshot::channel();
        self.clone().hand_in(Ending { from, outcome, schedule, is_erased: false }, Some(done)).await;
        // Dropped without an answer when the callback panicked, which is logged there.
        let _ = durable.await;
    }

    /// Ends a job that somebody cancelled.
    pub(super) async fn end_cancelled(self: &Arc<Self>, from: StoredJob, by: &Handle) {
        let outcome = JobOutcome::cancelled(&from.job, Some(&by.to_string()));
        self.end(from, outcome).await;
    }

    /// Ends a job that ran: returns when its end is with the store's writer, and its worker may do something else.
    pub async fn end_running(self: &Arc<Self>, running: RunningJob, outcome: JobOutcome) {
        let id = running.stored.job.id.clone();
        let ending = Ending { from: running.stored, outcome, schedule: None, is_erased: false };
        self.clone().hand_in(ending, None).await;
        self.queue.free_worker(&id);
    }

    /// Hands a job's end to the writer; `done` hears when it is durable.
    fn hand_in(self: Arc<Self>, ending: Ending, done: Option<oneshot::Sender<()>>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let (job, text, answer) = ending.ended();
            let announcement = self.announcement(&job, text, answer).await;
            let (message, publish) = announcement.map(|one| ((one.room, one.message), one.publish)).unzip();
            let (deliveries, log) = (self.deliveries_of_job(&job).await, self.queue.log(&job.id).unwrap_or_default());
            let causes: Vec<Job> = deliveries.iter().map(|delivery| delivery.job().clone()).collect();
            let (jobs, kept) = (self.clone(), ending.clone());
            let said = Said { job: job.clone(), message: message.clone().map(|(_, message)| message), publish };
            let on_commit = move |ended: Result<Ended, StoreError>| match ended {
                // The question was deleted while the job was on its way to its end.
                Ok(Ended::Erased) => jobs.hand_in_again(Ending { is_erased: true, ..kept }, done, Duration::ZERO),
                // In memory the job runs until its end is stored.
                Err(StoreError::Unavailable) => jobs.hand_in_again(kept, done, STORE_PAUSE),
                ended => jobs.ended(ended, &kept, said, deliveries, done),
            };
            let change = JobChange { from: &ending.from, to: &job, log: &log, schedule: ending.schedule.as_ref() };
            let answer = message.as_ref().map(|(room, message)| (*room, message));
            let end = JobEnd { change, answer, causes: &causes, is_erased: ending.is_erased };
            self.store.finish_job(end, on_commit).await;
        })
    }

    fn hand_in_again(self: &Arc<Self>, ending: Ending, done: Option<oneshot::Sender<()>>, pause: Duration) {
        let jobs = self.clone();
        let again = async move {
            tokio::time::sleep(pause).await;
            jobs.hand_in(ending, done).await;
        };
        self.tasks.spawn_on(again, &self.runtime);
    }

    /// What a job's end causes in memory. Called in the commit's callback.
    fn ended(
        self: &Arc<Self>,
        ended: Result<Ended, StoreError>,
        ending: &Ending,
        said: Said,
        deliveries: Vec<NewDelivery>,
        done: Option<oneshot::Sender<()>>,
    ) {
        let Said { job, message, publish } = said;
        match ended {
            Ok(Ended::Stored { answer }) => {
                // Before publishing: a client that joins now must not be shown a job whose end was already published.
                drop(self.queue.close(&job.id));
                self.stats.ended(&job);
                metrics().job_ends.with_label_values(&[self.label(&job.name), job.state.as_str()]).inc();
                if let (Some(publish), Some(stored), Some(message)) = (publish, answer, message) {
                    publish(stored, &message);
                }
                let progress = (job.state == JobState::Completed).then_some(100);
                self.show(&job, &JobView::new(&job, ending.from.seq, progress, None));
                self.begin_deliveries(deliveries, 0);
                self.show_next(ending.schedule.as_ref());
            }
            // Whoever changed it has taken it out of the queue, or put it in.
            Ok(_) => {}
            Err(error) => tracing::error!(%error, job = %job.id, "cannot store the job's end"),
        }
        // Nobody waits for the end of a job that ran.
        if let Some(done) = done {
            let _ = done.send(());
        }
    }

    /// What is said about a job's end, unless it is quiet. One that cannot be answered still ends.
    async fn announcement(&self, job: &Job, text: MessageText, answer: Answer) -> Option<Announcement> {
        if job.quiet {
            return None;
        }
        let announcement = self.announcer.answer(job, text, answer).await;
        announcement.inspect_err(|error| tracing::error!(code = error.code(), job = %job.id, "cannot answer")).ok()
    }
}

/// What ends a job.
#[derive(Clone)]
struct Ending {
    from: StoredJob,
    outcome: JobOutcome,
    /// What becomes of the schedule whose next run it was.
    schedule: Option<ScheduleChange>,
    /// Its question was deleted, and is not to be repeated.
    is_erased: bool,
}

/// A job that ended, with the message about it.
struct Said {
    job: Job,
    message: Option<Message>,
    publish: Option<Publish>,
}

impl Ending {
    /// The job in its final state, and the message that answers.
    fn ended(&self) -> (Job, MessageText, Answer) {
        let Self { from, outcome, is_erased, .. } = self;
        let mut job = from.job.clone();
        if *is_erased {
            job.arguments.clear();
        }
        let now = Timestamp::now();
        let citations = outcome.citations.clone().filter(|_| !job.arguments.is_empty());
        let query = citations.as_ref().map_or_else(|| job.line(), |citations| citations.query.clone());
        let took_ms = now.since(job.created_at);
        let answer = Answer { reply_to: from.seq, state: outcome.state, took_ms, query, citations: citations.clone() };
        let text = MessageText::from_bot(outcome.text.clone());
        let said = text.as_str().to_owned();
        job.move_to(outcome.state, outcome.error.as_ref().map(|_| said.clone()));
        job.finished_at = Some(now);
        job.citations = citations;
        job.result = outcome.error.is_none().then(|| said.clone());
        job.error = outcome.error.clone().map(|code| JobError { code, message: said });
        (job, text, answer)
    }
}
