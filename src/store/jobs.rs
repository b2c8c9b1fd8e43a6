//! Jobs: each is stored together with the message that requests it, and ended together with the one that answers.

use super::claims::Claim;
use super::job_index::{
    OWN_CLAIM, StoredJob, change, change_with_answer, due_key, due_time, insert, person_key, remove, room_prefix,
};
use super::pager::Pager;
use super::rooms::RoomNumber;
use super::schedules::{ScheduleChange, follow};
use super::writer::WriteKind;
use super::{Batch, Counter, Direction, Outcome, Store, StoreError, Table, decode, encode, prefix_range, scopes};
use crate::model::{Job, JobId, JobState, LogLine, Message, Principal, RoomName, Timestamp};

/// Bytes of the due time in a key of [`Table::DueJobs`], before the job's id.
const DUE_TIME: usize = size_of::<u64>();

/// A change of a job that does not end it.
pub struct JobChange<'a> {
    /// The job before.
    pub from: &'a StoredJob,
    /// The job as it is to be.
    pub to: &'a Job,
    /// What it has logged so far; left as it is when empty.
    pub log: &'a [LogLine],
    /// Change of the schedule whose next run it was.
    pub schedule: Option<&'a ScheduleChange>,
}

/// The end of a job.
pub struct JobEnd<'a> {
    pub change: JobChange<'a>,
    /// What is said about it, and where.
    pub answer: Option<(RoomNumber, &'a Message)>,
    /// Jobs that its end causes.
    pub causes: &'a [Job],
    /// Its question was deleted, and `change` repeats nothing of it.
    pub is_erased: bool,
}

/// What became of a job's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Stored, with the answer under this number if there is one.
    Stored { answer: Option<Counter> },
    /// The job is not what it was any more; nothing was stored.
    Changed,
    /// Its question was deleted meanwhile, which the answer must not repeat; nothing was stored.
    Erased,
}

/// Selects a stored list of jobs.
#[derive(Clone, Copy, Debug)]
pub enum JobList<'a> {
    /// Newest first.
    All,
    /// One person's, newest first.
    Of(&'a Principal),
    /// Jobs that wait for their due time, by that time.
    Due,
    /// Those whose every attempt failed, newest first.
    Dead,
}

impl Store {
    pub async fn job(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        self.job_by_key(id.as_str().as_bytes()).await
    }

    /// What a job has logged so far, oldest first.
    pub async fn job_log(&self, id: &JobId) -> Result<Vec<LogLine>, StoreError> {
        let log = self.engine.get(Table::JobLogs, id.as_str().as_bytes()).await?;
        log.as_deref().map_or(Ok(Vec::new()), decode)
    }

    /// The unfinished job that has this key.
    pub async fn unique_job(&self, key: &str) -> Result<Option<JobId>, StoreError> {
        Ok(self.holder(&Claim::unique_job(key)).await?.as_deref().and_then(JobId::parse))
    }

    /// Stores a job that no message asks for directly; `seq` is the one behind it, 0 for none. Nothing is stored, and `false`
    /// returned, when there is a job of that id. `effect` is what it causes in memory if it is stored.
    pub async fn add_job(
        &self,
        job: &Job,
        seq: u64,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<bool, StoreError> {
        let batch = Batch::new(scopes::ADD_JOB).if_absent(Table::Jobs, job.id.as_str());
        self.commit_if(insert(batch, std::slice::from_ref(job), seq), WriteKind::Growth, effect).await
    }

    /// Changes a job from what it was; `false`, and nothing is stored, when it is not what it was any more, or another
    /// unfinished job has its key. `effect` is what it causes in memory if it is stored.
    pub async fn change_job(
        &self,
        change_of: JobChange<'_>,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<bool, StoreError> {
        let JobChange { from, to, log, schedule } = change_of;
        let batch = change(Batch::new(scopes::CHANGE_JOB), from, to, log);
        self.commit_if(follow(batch, schedule), WriteKind::Maintenance, effect).await
    }

    /// Keeps what a running job has logged so far.
    pub async fn keep_log(&self, id: &JobId, log: &[LogLine]) -> Result<(), StoreError> {
        let batch = Batch::new(scopes::KEEP_LOG).if_equal(Table::OpenJobs, id.as_str(), OWN_CLAIM);
        self.commit(batch.put(Table::JobLogs, id.as_str(), encode(&log)), WriteKind::Maintenance).await.map(drop)
    }

    /// Ends a job and appends its answer, together. A job ends once. `on_commit` is called as in [`Store::post`].
    pub async fn finish_job(
        &self,
        end: JobEnd<'_>,
        on_commit: impl FnOnce(Result<Ended, StoreError>) + Send + 'static,
    ) {
        let JobChange { from, to, log, schedule } = end.change;
        let id = to.id.as_str();
        let batch = Batch::new(scopes::FINISH_JOB);
        let mut batch = match end.answer {
            Some((room, answer)) => {
                change_with_answer(batch, from, to, log).append(Table::Messages, room.prefix(), encode(answer))
            }
            None => change(batch, from, to, log),
        };
        batch = match end.is_erased {
            true => batch.delete(Table::ErasedJobs, id),
            false => batch.if_absent(Table::ErasedJobs, id),
        };
        batch = insert(follow(batch, schedule), end.causes, 0);
        let (change_feed, room) = (self.change_feed.clone(), end.answer.map(|(room, _)| room));
        let ended = move |outcome| match outcome {
            Outcome::Written { number, version } => {
                if let Some((room, seq)) = room.zip(number) {
                    change_feed.note(room, seq);
                }
                let answer = number.zip(version).map(|(number, version)| Counter { number, version });
                Ended::Stored { answer }
            }
            Outcome::Refused { table: Table::ErasedJobs, .. } => Ended::Erased,
            Outcome::Refused { .. } => Ended::Changed,
        };
        let on_commit = Box::new(move |outcome: Result<Outcome, StoreError>| on_commit(outcome.map(ended)));
        self.writer.submit(batch, WriteKind::Maintenance, on_commit).await;
    }

    /// Forgets a job that has ended; `false` when it has not, or is not what it was any more.
    pub async fn remove_job(&self, stored: &StoredJob) -> Result<bool, StoreError> {
        if !stored.job.state.has_ended() {
            return Ok(false);
        }
        self.commit_if(remove(stored), WriteKind::Maintenance, || ()).await
    }

    /// Jobs of a room that wait for their time, oldest first, at most `limit`.
    pub async fn due_jobs_of(&self, room: &RoomName, limit: usize) -> Result<Vec<StoredJob>, StoreError> {
        let prefix = room_prefix(room);
        let due = self.pages(Table::DueJobsOfRoom, prefix_range(&prefix)).at_most(limit);
        self.jobs_in(due, prefix.len(), |stored| stored.job.state.is_due_later()).await
    }

    /// Jobs that wait for a worker or have one, oldest first: no more than there are places for in memory. All are claimed by the
    /// process that has the store open; what one finds at its start was claimed by another that has ended.
    pub async fn open_jobs(&self) -> Result<Vec<StoredJob>, StoreError> {
        self.jobs_in(self.pages_of(Table::OpenJobs), 0, |_| true).await
    }

    /// Jobs that are due at `now`, the most overdue first, at most `limit`.
    pub async fn due_jobs(&self, now: Timestamp, limit: usize) -> Result<Vec<StoredJob>, StoreError> {
        let range = Vec::new()..due_key(Timestamp(now.0.saturating_add(1)), b"");
        let due = self.pages(Table::DueJobs, range).at_most(limit);
        self.jobs_in(due, DUE_TIME, |stored| stored.job.state.is_due_later()).await
    }

    /// Due time of the next job.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let next = self.pages_of(Table::DueJobs).at_most(1).next().await?;
        Ok(next.map(|(key, _)| due_time(&key)))
    }

    /// The first jobs of a list that are `wanted`, at most `limit`; those behind `after` in the list. Reads many.
    pub async fn list_jobs(
        &self,
        list: JobList<'_>,
        after: Option<&StoredJob>,
        limit: usize,
        wanted: impl Fn(&StoredJob) -> bool + Send + Sync,
    ) -> Result<Vec<StoredJob>, StoreError> {
        /// Maximum number of keys looked at.
        const MOST: usize = 20_000;
        let (table, prefix, direction) = match list {
            JobList::All => (Table::Jobs, Vec::new(), Direction::Backward),
            JobList::Of(principal) => (Table::JobsOfPerson, person_key(principal, ""), Direction::Backward),
            JobList::Due => (Table::DueJobs, Vec::new(), Direction::Forward),
            JobList::Dead => (Table::DeadJobs, Vec::new(), Direction::Backward),
        };
        let mut keys = self.pages(table, prefix_range(&prefix)).from(direction).at_most(MOST);
        if let Some(StoredJob { job, .. }) = after {
            let id = job.id.as_str().as_bytes();
            keys = keys.behind(match list {
                JobList::Due => due_key(job.due_at.unwrap_or(job.created_at), id),
                _ => [&prefix, id].concat(),
            });
        }
        let before_id = if matches!(list, JobList::Due) { DUE_TIME } else { prefix.len() };
        let mut jobs = Vec::new();
        while jobs.len() < limit
            && let Some((key, _)) = keys.next().await?
        {
            // One that the index has just named may have been removed since.
            let job = self.job_by_key(key.get(before_id..).unwrap_or_default()).await?;
            jobs.extend(job.filter(|job| wanted(job)));
        }
        Ok(jobs)
    }

    /// Jobs that ended before `until`, oldest first, at most `limit`; dead ones are kept. Reads many.
    pub async fn old_jobs(&self, until: Timestamp, limit: usize) -> Result<Vec<StoredJob>, StoreError> {
        let mut jobs = self.pages_of(Table::Jobs);
        let mut old = Vec::new();
        while old.len() < limit
            && let Some((_, value)) = jobs.next().await?
        {
            let stored = StoredJob::decode(&value)?;
            let job = &stored.job;
            // Ids sort by the time they were made.
            if job.created_at > until {
                break;
            }
            // Nobody sees dead quiet jobs.
            let is_kept = !job.state.has_ended() || (job.state == JobState::Dead && !job.quiet);
            if !is_kept && job.finished_at.is_some_and(|at| at < until) {
                old.push(stored);
            }
        }
        Ok(old)
    }

    /// The jobs that an index names, whose keys end with the id behind so many bytes. They may have been changed or removed
    /// since: those that are as they are `wanted`.
    async fn jobs_in(
        &self,
        mut index: Pager<'_>,
        before_id: usize,
        wanted: fn(&StoredJob) -> bool,
    ) -> Result<Vec<StoredJob>, StoreError> {
        let mut jobs = Vec::new();
        while let Some((key, _)) = index.next().await? {
            let job = self.job_by_key(key.get(before_id..).unwrap_or_default()).await?;
            jobs.extend(job.filter(wanted));
        }
        Ok(jobs)
    }

    async fn job_by_key(&self, key: &[u8]) -> Result<Option<StoredJob>, StoreError> {
        self.engine.get(Table::Jobs, key).await?.map(|record| StoredJob::decode(&record)).transpose()
    }
}
