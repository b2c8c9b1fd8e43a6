//! Jobs: stored together with the message that asked, ended together with the one that answers.

use super::engine::number_from;
use super::job_index::{change, due_key, due_time, forget, insert_asked_by, person_key};
use super::rooms::RoomNumber;
use super::schedules::{ScheduleChange, follow};
use super::writer::Kind;
use super::{Batch, Direction, Outcome, Posted, Store, StoreError, Table, decode, encode, prefix_range};
use crate::model::{Job, JobId, JobState, LogLine, Message, Person, Timestamp};

/// A job and the number of the message that asked for it.
#[derive(Clone, Debug)]
pub struct StoredJob {
    pub job: Job,
    pub seq: u64,
}

/// What ends a job.
pub struct JobEnd<'a> {
    /// The job as it was.
    pub from: &'a Job,
    /// The job as it ended.
    pub to: &'a Job,
    pub log: &'a [LogLine],
    /// What is said about it, and where; nothing for a quiet job.
    pub answer: Option<(RoomNumber, &'a Message)>,
    /// Jobs that its end causes.
    pub causes: &'a [Job],
    /// What becomes of the schedule whose next run it was.
    pub schedule: Option<&'a ScheduleChange>,
}

/// Which jobs to go through.
#[derive(Clone, Copy, Debug)]
pub enum JobList<'a> {
    /// Newest first.
    All,
    /// One person's, newest first.
    Of(&'a Person),
    /// Those that wait for their time, the next first.
    Due,
    /// Those whose every attempt failed, newest first.
    Dead,
}

impl Store {
    pub fn job(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let Some(value) = self.engine.get(Table::Jobs, id.as_str().as_bytes())? else { return Ok(None) };
        let asked_by = self.engine.get(Table::AskedBy, id.as_str().as_bytes())?;
        Ok(Some(StoredJob { job: decode(&value)?, seq: asked_by.as_deref().map_or(0, number_from) }))
    }

    /// What a job has logged so far, oldest first.
    pub fn job_log(&self, id: &JobId) -> Result<Vec<LogLine>, StoreError> {
        let log = self.engine.get(Table::JobLogs, id.as_str().as_bytes())?;
        log.as_deref().map_or(Ok(Vec::new()), decode)
    }

    /// The unfinished job that has this key.
    pub fn unique_job(&self, key: &str) -> Result<Option<JobId>, StoreError> {
        let id = self.engine.get(Table::UniqueJobs, key.as_bytes())?;
        Ok(id.and_then(|id| JobId::parse(std::str::from_utf8(&id).ok()?)))
    }

    /// Stores a job that no message asks for directly; `seq` is the one behind it. Nothing is stored, and `false` returned,
    /// when there is a job of that id.
    pub async fn add_job(&self, job: &Job, seq: u64) -> Result<bool, StoreError> {
        let batch = Batch::new().if_absent(Table::Jobs, job.id.as_str());
        self.is_written(insert_asked_by(batch, std::slice::from_ref(job), seq), Kind::Growth).await
    }

    /// Changes a job from what it was; `false`, and nothing is stored, when it is not what it was any more.
    pub async fn change_job(&self, from: &Job, to: &Job, log: &[LogLine]) -> Result<bool, StoreError> {
        self.is_written(change(from, to, log), Kind::Upkeep).await
    }

    /// Changes a job together with the schedule whose next run it is, if it is that of one; else as [`Store::change_job`].
    pub async fn change_run(
        &self,
        from: &Job,
        to: &Job,
        schedule: Option<&ScheduleChange>,
    ) -> Result<bool, StoreError> {
        self.is_written(follow(change(from, to, &[]), schedule), Kind::Upkeep).await
    }

    pub(super) async fn is_written(&self, batch: Batch, kind: Kind) -> Result<bool, StoreError> {
        self.commit(batch, kind).await.map(|outcome| matches!(outcome, Outcome::Written { .. }))
    }

    /// Keeps what a running job has logged so far.
    pub async fn keep_log(&self, id: &JobId, log: &[LogLine]) -> Result<(), StoreError> {
        let batch = Batch::new().if_equal(Table::OpenJobs, id.as_str(), []);
        self.commit(batch.put(Table::JobLogs, id.as_str(), encode(&log)), Kind::Upkeep).await.map(drop)
    }

    /// Ends a job and appends its answer, together. A job ends once: later attempts are `repeated` and store nothing.
    /// `then` is called as in [`Store::post`].
    pub async fn finish_job(&self, end: JobEnd<'_>, then: impl FnOnce(Result<Posted, StoreError>) + Send + 'static) {
        let id = end.to.id.as_str();
        let batch = follow(change(end.from, end.to, end.log), end.schedule);
        let mut batch = insert_asked_by(batch, end.causes, 0);
        if let Some((room, answer)) = end.answer {
            batch = batch.append(Table::Messages, room.prefix(), encode(answer)).put_number(Table::AnsweredBy, id);
        }
        let (news, room) = (self.news.clone(), end.answer.map(|(room, _)| room));
        let posted = move |outcome: Result<Outcome, StoreError>| {
            outcome.map(|outcome| match outcome {
                Outcome::Written { number } => {
                    let seq = number.unwrap_or_default();
                    if let Some(room) = room {
                        news.note(room, seq);
                    }
                    Posted { seq, repeated: false }
                }
                Outcome::Refused { .. } => Posted { seq: 0, repeated: true },
            })
        };
        self.writer.submit(batch, Kind::Upkeep, Box::new(move |outcome| then(posted(outcome)))).await;
    }

    /// Forgets a job that has ended; `false` when it has not.
    pub async fn remove_job(&self, job: &Job) -> Result<bool, StoreError> {
        let id = job.id.as_str();
        // As it was read: begun again meanwhile, it has another place by now.
        let batch = Batch::new().if_absent(Table::OpenJobs, id).if_equal(Table::Jobs, id, encode(job));
        self.is_written(forget(batch.delete(Table::DeadJobs, id), job), Kind::Upkeep).await
    }

    /// Jobs that wait for a worker or have one, oldest first. Not for tokio's workers.
    pub fn open_jobs(&self) -> Result<Vec<StoredJob>, StoreError> {
        let open = self.engine.scan(Table::OpenJobs, prefix_range(&[]), Direction::Forward, usize::MAX)?;
        open.iter().filter_map(|(key, _)| self.job_by_key(key).transpose()).collect()
    }

    /// Jobs whose time has come by `now`, the most overdue first, at most `limit`.
    pub fn due_jobs(&self, now: Timestamp, limit: usize) -> Result<Vec<StoredJob>, StoreError> {
        let range = Vec::new()..due_key(Timestamp(now.0.saturating_add(1)), b"");
        let due = self.engine.scan(Table::DueJobs, range, Direction::Forward, limit)?;
        due.iter().filter_map(|(key, _)| self.job_by_key(key.get(8..)?).transpose()).collect()
    }

    /// When the next job's time comes.
    pub fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let next = self.engine.scan(Table::DueJobs, prefix_range(&[]), Direction::Forward, 1)?;
        Ok(next.first().map(|(key, _)| due_time(key)))
    }

    /// The first jobs of a list that are `wanted`, at most `limit`; those behind `after` in the list. Not for tokio's workers.
    pub fn list_jobs(
        &self,
        list: JobList<'_>,
        after: Option<&StoredJob>,
        limit: usize,
        wanted: impl Fn(&StoredJob) -> bool,
    ) -> Result<Vec<StoredJob>, StoreError> {
        /// Keys read at a time.
        const PAGE: usize = 256;
        /// Keys looked at before giving up on what is rare.
        const MOST: usize = 20_000;
        let (table, prefix, direction) = match list {
            JobList::All => (Table::Jobs, Vec::new(), Direction::Backward),
            JobList::Of(person) => (Table::JobsOfPerson, person_key(person, ""), Direction::Backward),
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

    /// Jobs that ended before `until`, oldest first, at most `limit`; dead ones are kept. Not for tokio's workers.
    pub fn old_jobs(&self, until: Timestamp, limit: usize) -> Result<Vec<Job>, StoreError> {
        const PAGE: usize = 256;
        let mut range = prefix_range(&[]);
        let mut old = Vec::new();
        loop {
            let page = self.engine.scan(Table::Jobs, range.clone(), Direction::Forward, PAGE)?;
            for (_, value) in &page {
                let job: Job = decode(value)?;
                // Ids sort by the time they were made.
                if job.created_at > until || old.len() == limit {
                    return Ok(old);
                }
                // Nobody looks after dead ones that say nothing.
                let is_kept = !job.state.has_ended() || (job.state == JobState::Dead && !job.quiet);
                if !is_kept && job.finished_at.is_some_and(|at| at < until) {
                    old.push(job);
                }
            }
            match page.into_iter().next_back() {
                Some((key, _)) => range.start = successor(key),
                None => return Ok(old),
            }
        }
    }

    fn job_by_key(&self, key: &[u8]) -> Result<Option<StoredJob>, StoreError> {
        match std::str::from_utf8(key).ok().and_then(JobId::parse) {
            Some(id) => self.job(&id),
            None => Ok(None),
        }
    }
}

/// The smallest key behind this one.
fn successor(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}
