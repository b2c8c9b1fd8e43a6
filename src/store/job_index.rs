//! Where a job is found: the batches that add jobs, move them on and take them out.
//!
//! An unfinished job has one place in an index: among the open ones (queued or running), or among those that wait for their
//! time. Every change is conditioned on the place it had, so that of two changes at the same time one is refused.

use super::{Batch, Table, encode};
use crate::model::{Job, JobState, LogLine, Person, Timestamp};

/// Adds a new job to the batch that stores the message asking for it.
pub(super) fn enqueue(batch: Batch, job: &Job) -> Batch {
    insert(batch, job).put_number(Table::AskedBy, job.id.as_str())
}

/// Adds a new job to a batch; who asked for it is for the caller to add.
fn insert(batch: Batch, job: &Job) -> Batch {
    let batch = batch.put(Table::Jobs, job.id.as_str(), encode(job)).put(
        Table::JobsOfPerson,
        person_key(&job.person, job.id.as_str()),
        [],
    );
    enter_index(batch, job)
}

/// Adds new jobs that message number `seq` is behind.
pub(super) fn insert_asked_by(batch: Batch, jobs: &[Job], seq: u64) -> Batch {
    jobs.iter()
        .fold(batch, |batch, job| insert(batch, job).put(Table::AskedBy, job.id.as_str(), seq.to_be_bytes().to_vec()))
}

/// Where a job is found as long as it is in its state, and what stands there.
fn place(job: &Job) -> Option<(Table, Vec<u8>, &'static str)> {
    let id = job.id.as_str().as_bytes();
    let due_key = || due_key(job.due_at.unwrap_or(job.created_at), id);
    match job.state {
        state if state.is_open() => Some((Table::OpenJobs, id.to_vec(), "")),
        // The state, so that both kinds can be counted without reading the jobs.
        state if state.is_due_later() => Some((Table::DueJobs, due_key(), state.as_str())),
        JobState::Dead => Some((Table::DeadJobs, id.to_vec(), "")),
        _ => None,
    }
}

fn enter_index(mut batch: Batch, job: &Job) -> Batch {
    if let Some((table, key, value)) = place(job) {
        batch = batch.put(table, key, value);
    }
    match &job.unique_key {
        Some(key) if job.state.has_ended() => batch.delete(Table::UniqueJobs, key.as_str()),
        Some(key) => batch.put(Table::UniqueJobs, key.as_str(), job.id.as_str()),
        None => batch,
    }
}

/// The batch that changes a job, if it still is where `from` says.
pub(super) fn change(from: &Job, to: &Job, log: &[LogLine]) -> Batch {
    let id = to.id.as_str();
    let batch = match place(from) {
        Some((table, key, value)) => Batch::new().if_equal(table, key.clone(), value).delete(table, key),
        None => Batch::new().if_absent(Table::OpenJobs, id),
    };
    let batch = enter_index(batch.put(Table::Jobs, id, encode(to)), to);
    if log.is_empty() { batch } else { batch.put(Table::JobLogs, id, encode(&log)) }
}

/// The batch that takes a job out that waits for its time, as if it had not been.
pub(super) fn withdraw(job: &Job) -> Batch {
    let batch = match place(job) {
        Some((table, key, value)) => Batch::new().if_equal(table, key.clone(), value).delete(table, key),
        None => Batch::new(),
    };
    forget(batch, job)
}

/// Removes what is kept of a job, but for its place in an index.
pub(super) fn forget(batch: Batch, job: &Job) -> Batch {
    let id = job.id.as_str();
    let tables = [Table::Jobs, Table::AskedBy, Table::AnsweredBy, Table::JobLogs];
    let batch = tables.into_iter().fold(batch, |batch, table| batch.delete(table, id));
    batch.delete(Table::JobsOfPerson, person_key(&job.person, id))
}

/// Sorts by time. Moments before 1970 are not to be waited for.
pub(super) fn due_key(at: Timestamp, id: &[u8]) -> Vec<u8> {
    [&u64::try_from(at.0).unwrap_or(0).to_be_bytes(), id].concat()
}

pub(super) fn due_time(key: &[u8]) -> Timestamp {
    let millis = key.first_chunk::<8>().map_or(0, |chunk| u64::from_be_bytes(*chunk));
    Timestamp(i64::try_from(millis).unwrap_or(i64::MAX))
}

pub(super) fn person_key(person: &Person, id: &str) -> Vec<u8> {
    [person.to_string().as_bytes(), &[0], id.as_bytes()].concat()
}
