//! Jobs: each is stored together with the message that requests it, and ended together with the one that answers.

use super::claims::Claim;
use super::job_index::{
    OWN_CLAIM, StoredJob, change, change_with_answer, due_key, due_time, insert, person_key, remove, room_prefix,
};
use super::rooms::RoomNumber;
use super::schedules::{ScheduleChange, follow};
use super::writer::WriteKind;
use super::{Batch, Counter, Direction, Outcome, Store, StoreError, Table, decode, encode, prefix_range};
use crate::model::{Job, JobId, JobState, LogLine, Message, Principal, RoomName, Timestamp};

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
        self.job_by_key(id.as_str().as_bytes())
    }

    /// What a job has logged so far, oldest first.
    pub async fn job_log(&self, id: &JobId) -> Result<Vec<LogLine>, StoreError> {
        let log = self.engine.get(Table::JobLogs, id.as_str().as_bytes())?;
        log.as_deref().map_or(Ok(Vec::new()), decode)
    }

    /// The unfinished job that has this key.
    pub async fn unique_job(&self, key: &str) -> Result<Option<JobId>, StoreError> {
        Ok(self.holder(&Claim::unique_job(key))?.as_deref().and_then(JobId::parse))
    }

    /// Stores a job that no message asks for directly; `seq` is the one behind it, 0 for none. Nothing is stored, and `false`
    /// returned, when there is a job of that id. `effect` is what it causes in memory if it is stored.
    pub async fn add_job(
        &self,
        job: &Job,
        seq: u64,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<bool, StoreError> {
        let batch = Batch::new().if_absent(Table::Jobs, job.id.as_str());
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
        self.commit_if(follow(change(from, to, log), schedule), WriteKind::Maintenance, effect).await
    }

    /// Keeps what a running job has logged so far.
    pub async fn keep_log(&self, id: &JobId, log: &[LogLine]) -> Result<(), StoreError> {
        let batch = Batch::new().if_equal(Table::OpenJobs, id.as_str(), OWN_CLAIM);
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
        let mut batch = match end.answer {
            Some((room, answer)) => {
                change_with_answer(from, to, log).append(Table::Messages, room.prefix(), encode(answer))
            }
            None => change(from, to, log),
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
        let due = self.engine.scan(Table::DueJobsOfRoom, prefix_range(&prefix), Direction::Forward, limit)?;
        due.iter().filter_map(|(key, _)| self.due_job_by_key(key.get(prefix.len()..)?).transpose()).collect()
    }

    /// Jobs that wait for a worker or have one, oldest first. All are claimed by the process that has the store open; what one
    /// finds at its start was claimed by another that has ended. Reads many; blocking.
    pub fn open_jobs(&self) -> Result<Vec<StoredJob>, StoreError> {
        let open = self.engine.scan(Table::OpenJobs, prefix_range(&[]), Direction::Forward, usize::MAX)?;
        open.iter().filter_map(|(key, _)| self.job_by_key(key).transpose()).collect()
    }

    /// Jobs that are due at `now`, the most overdue first, at most `limit`.
    pub fn due_jobs(&self, now: Timestamp, limit: usize) -> Result<Vec<StoredJob>, StoreError> {
        let range = Vec::new()..due_key(Timestamp(now.0.saturating_add(1)), b"");
        let due = self.engine.scan(Table::DueJobs, range, Direction::Forward, limit)?;
        due.iter().filter_map(|(key, _)| self.due_job_by_key(key.get(8..)?).transpose()).collect()
    }

    /// Due time of the next job.
    pub fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let next = self.engine.scan(Table::DueJobs, prefix_range(&[]), Direction::Forward, 1)?;
        Ok(next.first().map(|(key, _)| due_time(key)))
    }

    /// The first jobs of a list that are `wanted`, at most `limit`; those behind `after` in the list. Reads many; blocking.
    pub fn list_jobs(
        &self,
        list: JobList<'_>,
        after: Option<&StoredJob>,
        limit: usize,
        wanted: impl Fn(&StoredJob) -> bool,
    ) -> Result<Vec<StoredJob>, StoreError> {
        /// Keys read at a time.
        const PAGE: usize = 256;
        /// Maximum number of keys scanned.
        const MOST: usize = 20_000;
        let (table, prefix, direction) = match list {
            JobList::All => (Table::Jobs, Vec::new(), Direction::Backward),
            JobList::Of(principal) => (Table::JobsOfPerson, person_key(principal, ""), Direction::Backward),
            JobList::Due => (Table::DueJobs, Vec::new(), Direction::Forward),
            JobList::Dead => (Table::DeadJobs, Vec::new(), Direction::Backward),
        };
        let mut range = prefix_range(&prefix);
        if let Some(StoredJob { job, .. }) = after {
            let id = job.id.as_str().as_bytes();
            match direction {
                Direction::Backward => range.end = [&prefix, id].concat(),
                Direction::Forward => range.start = successor(due_key(job.due_at.unwrap_or(job.created_at), id)),
            }
        }
        let mut jobs = Vec::new();
        for _ in 0..MOST / PAGE {
            let page = self.engine.scan(table, range.clone(), direction, PAGE)?;
            for (key, _) in &page {
                let id = if matches!(list, JobList::Due) { key.get(8..) } else { key.get(prefix.len()..) };
                match self.job_by_key(id.unwrap_or_default())? {
                    Some(job) if wanted(&job) => jobs.push(job),
                    _ => {}
                }
                if jobs.len() == limit {
                    return Ok(jobs);
                }
            }
            match (page.into_iter().next_back(), direction) {
                (Some((key, _)), Direction::Backward) => range.end = key,
                (Some((key, _)), Direction::Forward) => range.start = successor(key),
                (None, _) => break,
            }
        }
        Ok(jobs)
    }

    /// Jobs that ended before `until`, oldest first, at most `limit`; dead ones are kept. Reads many; blocking.
    pub fn old_jobs(&self, until: Timestamp, limit: usize) -> Result<Vec<StoredJob>, StoreError> {
        const PAGE: usize = 256;
        let mut range = prefix_range(&[]);
        let mut old = Vec::new();
        loop {
            let page = self.engine.scan(Table::Jobs, range.clone(), Direction::Forward, PAGE)?;
            for (_, value) in &page {
                let stored = StoredJob::decode(value)?;
                let job = &stored.job;
                // Ids sort by the time they were made.
                if job.created_at > until || old.len() == limit {
                    return Ok(old);
                }
                // Nobody sees dead quiet jobs.
                let is_kept = !job.state.has_ended() || (job.state == JobState::Dead && !job.quiet);
                if !is_kept && job.finished_at.is_some_and(|at| at < until) {
                    old.push(stored);
                }
            }
            match page.into_iter().next_back() {
                Some((key, _)) => range.start = successor(key),
                None => return Ok(old),
            }
        }
    }

    /// The job of this id if it waits for its time: one that an index has just named may have been changed since.
    fn due_job_by_key(&self, key: &[u8]) -> Result<Option<StoredJob>, StoreError> {
        Ok(self.job_by_key(key)?.filter(|stored| stored.job.state.is_due_later()))
    }

    fn job_by_key(&self, key: &[u8]) -> Result<Option<StoredJob>, StoreError> {
        self.engine.get(Table::Jobs, key)?.map(|record| StoredJob::decode(&record)).transpose()
    }
}

/// The smallest key after this one.
fn successor(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}
