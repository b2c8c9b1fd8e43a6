//! Schedules: each is stored together with the job that is its next run.

use super::claims::{Claim, free_number};
use super::job_index::{insert, withdraw};
use super::writer::WriteKind;
use super::{Batch, Outcome, Store, StoreError, Table, decode, encode, prefix_range, scopes};
use crate::model::{Job, Payer, Principal, Role, Schedule, ScheduleId};

/// How often a schedule is tried that others come before. In each round one gets through, and a person has no more than about a
/// hundred.
const TRIES: usize = 128;

/// A schedule with its stored bytes, for compare-and-swap.
#[derive(Clone, Debug)]
pub struct StoredSchedule {
    pub schedule: Schedule,
    kept: Vec<u8>,
}

/// What became of a schedule that was to be added.
#[derive(Clone, Debug)]
pub enum Added {
    /// Stored, under the number it got.
    New(Box<Schedule>),
    /// It was stored before, or it is over already.
    Before,
    /// There are as many as there may be: of its payer, or of all guests.
    TooMany,
}

/// How many schedules there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleLimits {
    /// Of one payer.
    pub per_payer: u32,
    /// Of all guests together; `None` for no limit.
    pub of_guests: Option<u32>,
}

#[cfg(test)]
impl ScheduleLimits {
    pub fn for_tests() -> Self {
        Self { per_payer: 100, of_guests: Some(1000) }
    }
}

/// A change of a schedule, with its new waiting run, if any.
#[derive(Clone, Debug)]
pub struct ScheduleChange {
    pub from: StoredSchedule,
    /// `None` to delete it.
    pub to: Option<Schedule>,
    /// The new waiting run, if there is one.
    pub run: Option<Job>,
}

/// Adds the change of a schedule to a batch, on condition that it was not changed meanwhile.
pub(super) fn follow(batch: Batch, change: Option<&ScheduleChange>) -> Batch {
    let Some(ScheduleChange { from, to, run }) = change else { return batch };
    let was = &from.schedule;
    let id = was.id.as_str();
    let batch = batch.if_equal(Table::Schedules, id, from.kept.clone());
    let batch = match to {
        Some(schedule) => batch.put(Table::Schedules, id, encode(schedule)),
        None => claims_of(was).fold(batch.delete(Table::Schedules, id), |batch, claim| batch.release(&claim)),
    };
    insert(batch, run.as_slice(), was.seq)
}

fn place_of(schedule: &Schedule) -> Claim {
    Claim::schedule_place(&schedule.payer(), schedule.place)
}

/// All that a schedule claims.
pub(super) fn claims_of(schedule: &Schedule) -> impl Iterator<Item = Claim> {
    let guest_place = schedule.guest_place.map(Claim::guest_schedule);
    [place_of(schedule), number_of(schedule)].into_iter().chain(guest_place)
}

fn number_of(schedule: &Schedule) -> Claim {
    Claim::schedule_number_of(schedule)
}

impl Store {
    /// One of the places that a payer has for schedules, and for a guest one of those that all guests have, if there are.
    pub async fn free_schedule_place(
        &self,
        payer: &Payer,
        role: Role,
        limits: ScheduleLimits,
    ) -> Result<Option<(u32, Option<u32>)>, StoreError> {
        let taken = self.holders(&Claim::schedule_place(payer, 0)).await?;
        let Some(place) = free_number(&taken, limits.per_payer) else { return Ok(None) };
        let Some(most) = limits.of_guests.filter(|_| role == Role::Guest) else { return Ok(Some((place, None))) };
        let taken = self.holders(&Claim::guest_schedule(0)).await?;
        Ok(free_number(&taken, most).map(|guest_place| (place, Some(guest_place))))
    }

    /// Stores a new schedule with its first run, under the lowest number that its person has free in its room, if there are not
    /// too many. `effect` is what it causes in memory if it is stored.
    pub async fn add_schedule(
        &self,
        mut schedule: Schedule,
        run: &Job,
        limits: ScheduleLimits,
        effect: impl Fn() + Clone + Send + 'static,
    ) -> Result<Added, StoreError> {
        for _ in 0..TRIES {
            let taken = (self.holders(&place_of(&schedule)).await?, self.holders(&number_of(&schedule)).await?);
            let place = free_number(&taken.0, limits.per_payer);
            let limit = limits.of_guests.filter(|_| schedule.role == Role::Guest);
            schedule.guest_place = match limit {
                Some(most) => free_number(&self.holders(&Claim::guest_schedule(0)).await?, most),
                None => None,
            };
            let has_places = limit.is_none() || schedule.guest_place.is_some();
            let Some(place) = place.filter(|_| has_places) else {
                let is_before = self.schedule(&schedule.id).await?.is_some();
                return Ok(if is_before { Added::Before } else { Added::TooMany });
            };
            schedule.place = place;
            schedule.number = taken.1.last().map_or(0, |(number, _)| *number) + 1;
            let id = schedule.id.as_str();
            let batch = Batch::new(scopes::ADD_SCHEDULE)
                .if_absent(Table::Schedules, id)
                // An ended schedule is not created again.
                .if_absent(Table::Jobs, run.id.as_str())
                .put(Table::Schedules, id, encode(&schedule));
            let batch = claims_of(&schedule).fold(batch, |batch, claim| batch.claim(&claim, id));
            let (batch, effect) = (insert(batch, std::slice::from_ref(run), schedule.seq), effect.clone());
            let on_commit = move |outcome: Result<Outcome, StoreError>| {
                let outcome = outcome?;
                if matches!(outcome, Outcome::Written { .. }) {
                    effect();
                }
                Ok(outcome)
            };
            match self.commit_with(batch, WriteKind::Growth, on_commit).await? {
                Outcome::Written { .. } => return Ok(Added::New(Box::new(schedule))),
                Outcome::Refused { table: Table::Claims, .. } => {}
                Outcome::Refused { .. } => return Ok(Added::Before),
            }
        }
        Err(StoreError::Busy)
    }

    pub async fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredSchedule>, StoreError> {
        let Some(kept) = self.engine.get(Table::Schedules, id.as_str().as_bytes()).await? else { return Ok(None) };
        Ok(Some(StoredSchedule { schedule: decode(&kept)?, kept }))
    }

    /// Changes a schedule, and takes its run out that waits; `false`, and nothing is stored, when either is not what it was
    /// any more. `effect` is what it causes in memory if it is stored.
    pub async fn change_schedule(
        &self,
        change: &ScheduleChange,
        withdrawn: Option<&Job>,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<bool, StoreError> {
        let batch = Batch::new(scopes::CHANGE_SCHEDULE);
        let batch = match withdrawn {
            Some(run) => withdraw(batch, run),
            None => batch,
        };
        self.commit_if(follow(batch, Some(change)), WriteKind::Maintenance, effect).await
    }

    /// Removes a schedule with the run that waits.
    pub(super) async fn remove_schedule(&self, schedule: &Schedule) -> Result<bool, StoreError> {
        let Some(from) = self.schedule(&schedule.id).await? else { return Ok(false) };
        let withdrawn = match &from.schedule.next {
            Some(next) => self.job(&next.job).await?,
            None => None,
        };
        let change = ScheduleChange { from, to: None, run: None };
        self.change_schedule(&change, withdrawn.as_ref().map(|stored| &stored.job), || ()).await
    }

    /// One person's schedules, oldest first.
    pub async fn schedules_of(&self, principal: &Principal) -> Result<Vec<Schedule>, StoreError> {
        let mut schedules = Vec::new();
        let mut numbers = self.pages(Table::Claims, prefix_range(&Claim::schedule_numbers_of(principal)));
        while let Some((_, id)) = numbers.next().await? {
            if let Some(id) = str::from_utf8(&id).ok().and_then(ScheduleId::parse)
                && let Some(stored) = self.schedule(&id).await?
            {
                schedules.push(stored.schedule);
            }
        }
        schedules.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(schedules)
    }

    /// Everybody's schedules, oldest first, at most `limit`.
    pub async fn schedules(&self, limit: usize) -> Result<Vec<Schedule>, StoreError> {
        let mut pages = self.pages_of(Table::Schedules).at_most(limit);
        let mut schedules = Vec::new();
        while let Some((_, value)) = pages.next().await? {
            schedules.push(decode(&value)?);
        }
        Ok(schedules)
    }
}
