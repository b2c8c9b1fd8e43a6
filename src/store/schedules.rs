//! Schedules: each stored together with the job that is its next run, which waits for its time among the due ones.

use super::job_index::{insert_asked_by, person_key, withdraw};
use super::writer::Kind;
use super::{Batch, Direction, Store, StoreError, Table, decode, encode, prefix_range};
use crate::model::{Job, Person, Schedule, ScheduleId};

/// A schedule as it was read, by which it is known later whether it was changed.
#[derive(Clone, Debug)]
pub struct StoredSchedule {
    pub schedule: Schedule,
    kept: Vec<u8>,
}

/// What a schedule becomes, with its run that waits, if one does.
#[derive(Clone, Debug)]
pub struct ScheduleChange {
    pub from: StoredSchedule,
    /// `None` when it is over.
    pub to: Option<Schedule>,
    /// The run that waits from now on, when it is a new one.
    pub run: Option<Job>,
}

/// Adds what becomes of a schedule to a batch, which is refused when the schedule was changed meanwhile.
pub(super) fn follow(batch: Batch, change: Option<&ScheduleChange>) -> Batch {
    let Some(ScheduleChange { from, to, run }) = change else { return batch };
    let was = &from.schedule;
    let id = was.id.as_str();
    let batch = batch.if_equal(Table::Schedules, id, from.kept.clone());
    let batch = match to {
        Some(schedule) => batch.put(Table::Schedules, id, encode(schedule)),
        None => batch.delete(Table::Schedules, id).delete(Table::SchedulesOfPerson, person_key(&was.person, id)),
    };
    insert_asked_by(batch, run.as_slice(), was.seq)
}

impl Store {
    /// Stores a new schedule with its first run; `false`, and nothing is stored, when this was done before.
    pub async fn add_schedule(&self, schedule: &Schedule, run: &Job) -> Result<bool, StoreError> {
        let id = schedule.id.as_str();
        let batch = Batch::new()
            .if_absent(Table::Schedules, id)
            // One that is over is not begun again.
            .if_absent(Table::Jobs, run.id.as_str())
            .put(Table::Schedules, id, encode(schedule))
            .put(Table::SchedulesOfPerson, person_key(&schedule.person, id), []);
        let batch = insert_asked_by(batch, std::slice::from_ref(run), schedule.seq);
        self.is_written(batch, Kind::Growth).await
    }

    pub fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredSchedule>, StoreError> {
        let Some(kept) = self.engine.get(Table::Schedules, id.as_str().as_bytes())? else { return Ok(None) };
        Ok(Some(StoredSchedule { schedule: decode(&kept)?, kept }))
    }

    /// Changes a schedule, and takes its run out that waits; `false`, and nothing is stored, when either is not what it was
    /// any more.
    pub async fn change_schedule(&self, change: &ScheduleChange, withdrawn: Option<&Job>) -> Result<bool, StoreError> {
        let batch = withdrawn.map_or_else(Batch::new, withdraw);
        self.is_written(follow(batch, Some(change)), Kind::Upkeep).await
    }

    /// One person's schedules, oldest first.
    pub fn schedules_of(&self, person: &Person) -> Result<Vec<Schedule>, StoreError> {
        let prefix = person_key(person, "");
        let keys = self.engine.scan(Table::SchedulesOfPerson, prefix_range(&prefix), Direction::Forward, usize::MAX)?;
        let ids = keys.iter().filter_map(|(key, _)| ScheduleId::parse(std::str::from_utf8(&key[prefix.len()..]).ok()?));
        ids.filter_map(|id| self.schedule(&id).transpose()).map(|stored| Ok(stored?.schedule)).collect()
    }

    /// Everybody's schedules, oldest first, at most `limit`. Not for tokio's workers.
    pub fn schedules(&self, limit: usize) -> Result<Vec<Schedule>, StoreError> {
        let all = self.engine.scan(Table::Schedules, prefix_range(&[]), Direction::Forward, limit)?;
        all.iter().map(|(_, value)| decode(value)).collect()
    }
}
