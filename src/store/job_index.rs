//! Where a job is found: the batches that add jobs, change them and remove them.
//!
//! An unfinished job has one place in an index: among the open ones (queued or running), or among those that wait for their
//! time. Every change is conditioned on the place it had, that of a job that has ended on the whole record; so of two changes
//! at the same time one is refused.

use super::apply::number_from;
use super::claims::Claim;
use super::{Batch, Scope, StoreError, Table, decode, encode, scopes};
use crate::model::{Job, JobState, LogLine, Principal, RoomName, Timestamp};

/// Bytes before a job's record: the number of the message that asked for it, and of the one that answers it.
const NUMBERS: usize = 16;

/// Where the answer's number stands.
const ANSWER: usize = 8;

/// Whose an open job is, as the value of its place. There is one claimant, the process that has the store open, and it needs no
/// name; every change is conditioned on the place and so on the claim.
pub(super) const OWN_CLAIM: &str = "";

/// A job as it is stored.
#[derive(Clone, Debug)]
pub struct StoredJob {
    pub job: Job,
    /// Number of the message that asked for it, 0 for none.
    pub seq: u64,
    /// Number of the message that answers it, 0 for none.
    pub answer: u64,
}

impl StoredJob {
    /// A job that has no answer yet.
    pub fn new(job: Job, seq: u64) -> Self {
        Self { job, seq, answer: 0 }
    }

    /// Number of the message with which it is kept: the one that asked for it; of a run of a schedule, the one that answers it.
    pub(super) fn belongs_to(&self) -> Option<u64> {
        let is_asked_for = self.seq > 0 && self.job.schedule.is_none();
        Some(if is_asked_for { self.seq } else { self.answer }).filter(|seq| *seq > 0)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let numbers = [self.seq.to_be_bytes(), self.answer.to_be_bytes()].concat();
        [numbers, encode(&self.job)].concat()
    }

    pub(super) fn decode(record: &[u8]) -> Result<Self, StoreError> {
        let too_short = || StoreError::Unreadable("a job without its numbers".into());
        let (numbers, job) = record.split_at_checked(NUMBERS).ok_or_else(too_short)?;
        Ok(Self { job: decode(job)?, seq: number_from(&numbers[..ANSWER]), answer: number_from(numbers) })
    }
}

/// Adds a new job to the batch that stores the message asking for it.
pub(super) fn insert_with_message(batch: Batch, job: &Job) -> Batch {
    let record = StoredJob::new(job.clone(), 0).encode();
    enter(batch.put_numbered(Table::Jobs, job.id.as_str(), record, 0), job)
}

/// Adds new jobs that message number `seq` is behind, 0 for none.
pub(super) fn insert(batch: Batch, jobs: &[Job], seq: u64) -> Batch {
    jobs.iter().fold(batch, |batch, job| {
        let record = StoredJob::new(job.clone(), seq).encode();
        enter(batch.put(Table::Jobs, job.id.as_str(), record), job)
    })
}

/// Everything that indexes have of a job.
pub(super) fn entries(job: &Job) -> Batch {
    enter(Batch::new(Scope::ANY), job)
}

/// What is beside a job's record.
fn enter(batch: Batch, job: &Job) -> Batch {
    let batch = batch.put(Table::JobsOfPerson, person_key(&job.principal, job.id.as_str()), []);
    let batch = take_place(batch, job);
    match job.unique_key.as_deref().filter(|_| !job.state.has_ended()) {
        Some(key) => batch.claim(&Claim::unique_job(key), job.id.as_str()),
        None => batch,
    }
}

/// The index entry of a job in its current state: key and value.
fn place(job: &Job) -> Option<(Table, Vec<u8>, &'static str)> {
    let id = job.id.as_str().as_bytes();
    let due_key = || due_key(job.due_at.unwrap_or(job.created_at), id);
    match job.state {
        state if state.is_open() => Some((Table::OpenJobs, id.to_vec(), OWN_CLAIM)),
        // The value is the state, so that jobs can be counted without reading them.
        state if state.is_due_later() => Some((Table::DueJobs, due_key(), state.as_str())),
        JobState::Dead => Some((Table::DeadJobs, id.to_vec(), "")),
        _ => None,
    }
}

/// The room whose visitors are shown this job while it waits for its time.
fn due_in_room(job: &Job) -> Option<&RoomName> {
    job.room.as_ref().filter(|_| job.state.is_due_later() && !job.quiet)
}

/// The places for schedules that a job takes which waits for its first start.
fn schedule_places(job: &Job) -> impl Iterator<Item = Claim> {
    let is_waiting = job.state == JobState::Scheduled;
    let own = job.place.map(|place| Claim::schedule_place(&job.payer(), place));
    let of_guests = job.guest_place.map(Claim::guest_schedule);
    own.into_iter().chain(of_guests).filter(move |_| is_waiting)
}

fn take_place(mut batch: Batch, job: &Job) -> Batch {
    if let Some((table, key, value)) = place(job) {
        batch = batch.put(table, key, value);
    }
    batch = schedule_places(job).fold(batch, |batch, claim| batch.claim(&claim, job.id.as_str()));
    match due_in_room(job) {
        Some(room) => batch.put(Table::DueJobsOfRoom, room_key(room, job), []),
        None => batch,
    }
}

/// Only if the job still is in its place.
pub(super) fn if_in_place(batch: Batch, job: &Job) -> Batch {
    match place(job) {
        Some((table, key, value)) => batch.if_equal(table, key, value),
        None => batch,
    }
}

fn leave_place(batch: Batch, job: &Job) -> Batch {
    let mut batch = if_in_place(batch, job);
    if let Some((table, key, _)) = place(job) {
        batch = batch.delete(table, key);
    }
    batch = schedule_places(job).fold(batch, |batch, claim| batch.release(&claim));
    match due_in_room(job) {
        Some(room) => batch.delete(Table::DueJobsOfRoom, room_key(room, job)),
        None => batch,
    }
}

/// Changes a job, on condition that it still has the index entry of `from`.
pub(super) fn change(batch: Batch, from: &StoredJob, to: &Job, log: &[LogLine]) -> Batch {
    change_with(batch, from, to, log, |batch, record| batch.put(Table::Jobs, to.id.as_str(), record))
}

/// As [`change`], with the message answering it, which the batch appends.
pub(super) fn change_with_answer(batch: Batch, from: &StoredJob, to: &Job, log: &[LogLine]) -> Batch {
    change_with(batch, from, to, log, |batch, record| batch.put_numbered(Table::Jobs, to.id.as_str(), record, ANSWER))
}

fn change_with(
    mut batch: Batch,
    from: &StoredJob,
    to: &Job,
    log: &[LogLine],
    put: impl Fn(Batch, Vec<u8>) -> Batch,
) -> Batch {
    let id = to.id.as_str();
    let (had_ended, has_ended) = (from.job.state.has_ended(), to.state.has_ended());
    if had_ended {
        batch = batch.if_equal(Table::Jobs, id, from.encode());
    }
    batch = put(leave_place(batch, &from.job), StoredJob { job: to.clone(), ..*from }.encode());
    batch = take_place(batch, to);
    if let Some(claim) = to.unique_key.as_deref().map(Claim::unique_job) {
        batch = match (had_ended, has_ended) {
            (true, false) => batch.claim(&claim, id),
            (false, true) => batch.release(&claim),
            _ => batch,
        };
    }
    if log.is_empty() { batch } else { batch.put(Table::JobLogs, id, encode(&log)) }
}

/// Deletes a waiting job without a trace.
pub(super) fn withdraw(batch: Batch, job: &Job) -> Batch {
    let batch = leave_place(batch, job);
    let batch = match job.unique_key.as_deref().map(Claim::unique_job) {
        Some(claim) => batch.release(&claim),
        None => batch,
    };
    forget(batch, job)
}

/// Deletes the data of a job, except for its index entry.
pub(super) fn forget(batch: Batch, job: &Job) -> Batch {
    let id = job.id.as_str();
    let tables = [Table::Jobs, Table::JobLogs, Table::ErasedJobs];
    let batch = tables.into_iter().fold(batch, |batch, table| batch.delete(table, id));
    batch.delete(Table::JobsOfPerson, person_key(&job.principal, id))
}

/// The batch that removes a job that has ended and is what it was.
pub(super) fn remove(stored: &StoredJob) -> Batch {
    let batch = Batch::new(scopes::REMOVE_JOB).if_equal(Table::Jobs, stored.job.id.as_str(), stored.encode());
    forget(leave_place(batch, &stored.job), &stored.job)
}

/// Sorts by time. Times before 1970 count as 1970.
pub(super) fn due_key(at: Timestamp, id: &[u8]) -> Vec<u8> {
    [&u64::try_from(at.0).unwrap_or(0).to_be_bytes(), id].concat()
}

pub(super) fn due_time(key: &[u8]) -> Timestamp {
    let millis = key.first_chunk::<8>().map_or(0, |chunk| u64::from_be_bytes(*chunk));
    Timestamp(i64::try_from(millis).unwrap_or(i64::MAX))
}

pub(super) fn person_key(principal: &Principal, id: &str) -> Vec<u8> {
    [principal.to_string().as_bytes(), &[0], id.as_bytes()].concat()
}

pub(super) fn room_prefix(room: &RoomName) -> Vec<u8> {
    [room.as_str().as_bytes(), &[0]].concat()
}

fn room_key(room: &RoomName, job: &Job) -> Vec<u8> {
    [room_prefix(room), job.id.as_str().as_bytes().to_vec()].concat()
}
