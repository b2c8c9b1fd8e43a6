//! Jobs: stored together with the message that asked, ended together with the one that answers.

use super::engine::number_from;
use super::rooms::RoomNumber;
use super::writer::Kind;
use super::{Batch, Direction, Outcome, Posted, Store, StoreError, Table, decode, encode, prefix_range};
use crate::model::{Job, JobId, Message, Person};

/// A job and the number of the message that asked for it.
#[derive(Clone, Debug)]
pub struct StoredJob {
    pub job: Job,
    pub seq: u64,
}

/// Adds a new job to the batch that stores the message asking for it.
pub(super) fn enqueue(batch: Batch, job: &Job) -> Batch {
    batch
        .put(Table::Jobs, job.id.as_str(), encode(job))
        .put_number(Table::AskedBy, job.id.as_str())
        .put(Table::OpenJobs, job.id.as_str(), [])
        .put(Table::JobsOfPerson, person_key(&job.person, job.id.as_str()), [])
}

impl Store {
    pub fn job(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let Some(value) = self.engine.get(Table::Jobs, id.as_str().as_bytes())? else { return Ok(None) };
        let asked_by = self.engine.get(Table::AskedBy, id.as_str().as_bytes())?;
        Ok(Some(StoredJob { job: decode(&value)?, seq: asked_by.as_deref().map_or(0, number_from) }))
    }

    /// Stores where an unfinished job stands; does nothing once it has ended. `false` if it had.
    pub async fn update_job(&self, job: &Job) -> Result<bool, StoreError> {
        let id = job.id.as_str();
        let batch = Batch::new().if_equal(Table::OpenJobs, id, []).put(Table::Jobs, id, encode(job));
        self.commit(batch, Kind::Upkeep).await.map(|outcome| matches!(outcome, Outcome::Written { .. }))
    }

    /// Ends a job and appends its answer, together. A job ends once: later attempts are `repeated` and store nothing.
    /// `then` is called as in [`Store::post`].
    pub async fn finish_job(
        &self,
        room: RoomNumber,
        job: &Job,
        answer: &Message,
        then: impl FnOnce(Result<Posted, StoreError>) + Send + 'static,
    ) {
        let id = job.id.as_str();
        let batch = Batch::new()
            .if_equal(Table::OpenJobs, id, [])
            .delete(Table::OpenJobs, id)
            .put(Table::Jobs, id, encode(job))
            .append(Table::Messages, room.prefix(), encode(answer))
            .put_number(Table::AnsweredBy, id);
        let posted = |outcome: Result<Outcome, StoreError>| {
            outcome.map(|outcome| match outcome {
                Outcome::Written { number } => Posted { seq: number.unwrap_or_default(), repeated: false },
                Outcome::Refused { .. } => Posted { seq: 0, repeated: true },
            })
        };
        self.writer.submit(batch, Kind::Upkeep, Box::new(move |outcome| then(posted(outcome)))).await;
    }

    /// Jobs that have not ended, oldest first. Not for tokio's workers.
    pub fn open_jobs(&self) -> Result<Vec<StoredJob>, StoreError> {
        let open = self.engine.scan(Table::OpenJobs, prefix_range(&[]), Direction::Forward, usize::MAX)?;
        open.iter().filter_map(|(key, _)| self.job_by_key(key).transpose()).collect()
    }

    /// The newest jobs that are `wanted`, of one person or of everybody, at most `limit`. Not for tokio's workers.
    pub fn newest_jobs(
        &self,
        person: Option<&Person>,
        limit: usize,
        wanted: impl Fn(&StoredJob) -> bool,
    ) -> Result<Vec<StoredJob>, StoreError> {
        /// Keys read at a time.
        const PAGE: usize = 256;
        /// Keys looked at before giving up on what is rare.
        const MOST: usize = 20_000;
        let (table, prefix) = match person {
            Some(person) => (Table::JobsOfPerson, person_key(person, "")),
            None => (Table::Jobs, Vec::new()),
        };
        let mut range = prefix_range(&prefix);
        let mut jobs = Vec::new();
        for _ in 0..MOST / PAGE {
            let page = self.engine.scan(table, range.clone(), Direction::Backward, PAGE)?;
            for (key, _) in &page {
                match self.job_by_key(&key[prefix.len()..])? {
                    Some(job) if wanted(&job) => jobs.push(job),
                    _ => {}
                }
                if jobs.len() == limit {
                    return Ok(jobs);
                }
            }
            match page.into_iter().next_back() {
                Some((key, _)) => range.end = key,
                None => break,
            }
        }
        Ok(jobs)
    }

    fn job_by_key(&self, key: &[u8]) -> Result<Option<StoredJob>, StoreError> {
        match std::str::from_utf8(key).ok().and_then(JobId::parse) {
            Some(id) => self.job(&id),
            None => Ok(None),
        }
    }
}

fn person_key(person: &Person, id: &str) -> Vec<u8> {
    [person.to_string().as_bytes(), &[0], id.as_bytes()].concat()
}
