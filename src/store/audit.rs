//! Whether every index says what the records say: for tests, after kills and races.
//!
//! Reads the whole store into memory. What every start after an unclean stop looks at is in [`check`](super::check).

use std::collections::BTreeMap;
use std::path::Path;

use super::check::each;
use super::claims::Claim;
use super::documents::add_references;
use super::engine::{Operation, number_from};
use super::job_index::{StoredJob, entries};
use super::rooms::RoomNumber;
use super::{Batch, DiskEngine, Engine, Store, Table, check};
use crate::model::{Hook, JobState, Message, Schedule};

/// The tables that follow from records alone.
const INDEXES: [Table; 7] = [
    Table::OpenJobs,
    Table::DueJobs,
    Table::DeadJobs,
    Table::JobsOfPerson,
    Table::DueJobsOfRoom,
    Table::Claims,
    Table::FileReferences,
];

type Entries = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// Audits the store of a server that does not run.
///
/// # Errors
/// The first contradiction.
pub fn audit(dir: &Path) -> Result<(), String> {
    let engine = DiskEngine::open(dir, 16 << 20).map_err(|error| error.to_string())?;
    audit_engine(&engine)
}

impl Store {
    /// Audits what is durable. Nothing may be written meanwhile.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn audit(&self) -> Result<(), String> {
        audit_engine(self.engine.as_ref())
    }
}

fn audit_engine(engine: &dyn Engine) -> Result<(), String> {
    check::check(engine)?;
    let mut expected = Entries::new();
    each(engine, Table::Jobs, |key, record| {
        let stored = StoredJob::decode(record).map_err(|error| format!("job {:?}: {error}", shown(key)))?;
        if stored.job.id.as_str().as_bytes() != key {
            return Err(format!("job {} is stored as {:?}", stored.job.id, shown(key)));
        }
        add(&mut expected, entries(&stored.job));
        audit_schedule_of(engine, &stored)
    })?;
    each(engine, Table::Schedules, |_, record| {
        let schedule: Schedule = read(record)?;
        let claims = [Claim::schedule_place(&schedule.principal, schedule.place), Claim::schedule_number_of(&schedule)];
        let batch = claims.iter().fold(Batch::new(), |batch, claim| batch.claim(claim, schedule.id.as_str()));
        add(&mut expected, batch);
        audit_next_run(engine, &schedule)
    })?;
    each(engine, Table::Hooks, |_, record| {
        let hook: Hook = read(record)?;
        add(&mut expected, Batch::new().claim(&Claim::hook_place(hook.place), hook.id.as_str()));
        Ok(())
    })?;
    each(engine, Table::Documents, |_, record| {
        add(&mut expected, add_references(Batch::new(), &read(record)?));
        Ok(())
    })?;
    compare(engine, &expected)?;
    for table in [Table::JobLogs, Table::ErasedJobs] {
        each(engine, table, |id, _| audit_beside_job(engine, table, id))?;
    }
    each(engine, Table::Messages, |key, record| audit_message(engine, key, record))
}

fn add(expected: &mut Entries, batch: Batch) {
    for operation in batch.operations {
        if let Operation::Put { table, key, value } = operation {
            expected.insert((table as u8, key), value);
        }
    }
}

fn compare(engine: &dyn Engine, expected: &Entries) -> Result<(), String> {
    let mut found = Entries::new();
    for table in INDEXES {
        each(engine, table, |key, value| {
            found.insert((table as u8, key.to_vec()), value.to_vec());
            Ok(())
        })?;
    }
    let name = |table: u8| INDEXES.into_iter().find(|index| *index as u8 == table);
    for (entry, value) in expected {
        match found.remove(entry) {
            Some(found) if found == *value => {}
            Some(found) => return Err(format!("{:?} {:?} has {:?}", name(entry.0), shown(&entry.1), shown(&found))),
            None => return Err(format!("{:?} lacks {:?}", name(entry.0), shown(&entry.1))),
        }
    }
    match found.into_iter().next() {
        Some((entry, value)) => {
            Err(format!("{:?} has {:?} for nothing: {:?}", name(entry.0), shown(&entry.1), shown(&value)))
        }
        None => Ok(()),
    }
}

/// A job that waits as the run of a schedule is that schedule's next.
fn audit_schedule_of(engine: &dyn Engine, stored: &StoredJob) -> Result<(), String> {
    let job = &stored.job;
    let Some(id) = job.schedule.as_ref().filter(|_| job.state == JobState::Scheduled) else { return Ok(()) };
    let record = get(engine, Table::Schedules, id.as_str().as_bytes())?;
    let schedule: Option<Schedule> = record.map(|record| read(&record)).transpose()?;
    match schedule.and_then(|schedule| schedule.next) {
        Some(next) if next.job == job.id => Ok(()),
        _ => Err(format!("job {} waits for a schedule that does not know it", job.id)),
    }
}

fn audit_next_run(engine: &dyn Engine, schedule: &Schedule) -> Result<(), String> {
    let Some(next) = &schedule.next else { return Ok(()) };
    let job = get(engine, Table::Jobs, next.job.as_str().as_bytes())?;
    let job = job.map(|record| StoredJob::decode(&record)).transpose().map_err(|error| error.to_string())?;
    match job {
        Some(stored) if stored.job.state == JobState::Scheduled && stored.job.due_at == Some(next.at) => Ok(()),
        found => Err(format!("schedule {}: its next run is {:?}", schedule.id, found.map(|stored| stored.job.state))),
    }
}

fn audit_beside_job(engine: &dyn Engine, table: Table, id: &[u8]) -> Result<(), String> {
    let job = get(engine, Table::Jobs, id)?.ok_or_else(|| format!("{table:?} of no job: {:?}", shown(id)))?;
    let stored = StoredJob::decode(&job).map_err(|error| error.to_string())?;
    if table == Table::ErasedJobs && stored.job.state.has_ended() {
        return Err(format!("job {} has ended and is still to be erased", stored.job.id));
    }
    Ok(())
}

/// What a message says of a job, the job says of the message, as long as it is kept.
fn audit_message(engine: &dyn Engine, key: &[u8], record: &[u8]) -> Result<(), String> {
    let message: Message = read(record)?;
    let (seq, room) = (number_from(key), RoomNumber::from_key(key));
    let Some(id) = &message.job else { return Ok(()) };
    let Some(job) = get(engine, Table::Jobs, id.as_str().as_bytes())? else { return Ok(()) };
    let stored = StoredJob::decode(&job).map_err(|error| error.to_string())?;
    let is_asked = stored.seq == seq || stored.job.unique_key.is_some();
    match &message.answer {
        None if !is_asked => Err(format!("message {seq} of room {} asked for {id}, says it alone", room.get())),
        Some(_) if stored.answer < seq => Err(format!("message {seq} of room {} answers {id}, unnoted", room.get())),
        _ => Ok(()),
    }
}

fn get(engine: &dyn Engine, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
    engine.get(table, key).map_err(|error| error.to_string())
}

fn read<T: serde::de::DeserializeOwned>(record: &[u8]) -> Result<T, String> {
    serde_json::from_slice(record).map_err(|error| error.to_string())
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
