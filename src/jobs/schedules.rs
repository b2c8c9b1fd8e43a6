//! Schedules, and what happens when a run is due.
//!
//! A schedule's next run is an ordinary job in the state `scheduled`. Whatever takes it out of that state (its due time, a manual
//! start, a cancellation) stores the following run in the same commit, so that none is lost or duplicated.

use std::sync::Arc;
use std::time::Duration;

use super::Jobs;
use crate::accounts::{Action, Actor};
use crate::model::{
    Job, JobId, JobRequest, JobState, MissedRuns, NextRun, Principal, Rhythm, Role, Schedule, ScheduleId, Timestamp,
};
use crate::protocol::ScheduleView;
use crate::schedule::{Recurrence, Zone};
use crate::store::{Added, ScheduleChange, StoreError, StoredSchedule};
use crate::text::Text;

/// How late a run may start and still count as on time; later ones are missed.
const GRACE: Duration = Duration::from_secs(60);

/// Maximum number of schedules in one response.
const MAX_SHOWN: usize = 1000;

/// A change of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alteration {
    Pause,
    Resume,
    Delete,
}

/// A schedule to be created.
#[derive(Clone, Debug)]
pub struct NewSchedule {
    pub rhythm: Rhythm,
    pub first: Timestamp,
    /// The zone of the rhythm.
    pub zone: Zone,
    pub request: JobRequest,
    pub missed: MissedRuns,
}

impl Jobs {
    /// Stores a schedule that a job asks for, and lets its first run wait for its time. When that job did so before, what it
    /// planned then. `None` when its person has as many as one may have.
    pub async fn add_schedule(
        self: &Arc<Self>,
        asked_by: &Job,
        seq: u64,
        new: NewSchedule,
    ) -> Result<Option<Schedule>, Text> {
        let (jobs, mut schedule) = (self.clone(), schedule(asked_by, seq, &new));
        schedule.expires_at = self.expiry(&schedule);
        self.to_the_end(async move { jobs.store_schedule(schedule, new.first).await }).await
    }

    async fn store_schedule(self: &Arc<Self>, schedule: Schedule, first: Timestamp) -> Result<Option<Schedule>, Text> {
        let (id, limits) = (schedule.id.clone(), self.settings.schedules);
        let (schedule, run) = self.with_run(schedule, id.first_run(), first);
        let (jobs, shown, seq) = (self.clone(), run.clone(), schedule.seq);
        let effect = move || jobs.show_run(&shown, seq);
        match self.store.add_schedule(schedule.clone(), &run, limits, effect).await? {
            Added::New(schedule) => Ok(Some(*schedule)),
            Added::Before => {
                let stored = self.store.schedule(&id).await?;
                Ok(Some(stored.map_or(schedule, |stored| stored.schedule)))
            }
            Added::TooMany => Ok(None),
        }
    }

    /// One person's schedules in every room, oldest first.
    pub async fn schedules_of(&self, principal: &Principal) -> Result<Vec<Schedule>, Text> {
        Ok(self.store.schedules_of(principal).await?)
    }

    /// One's own schedules, everybody's for the owner; oldest first.
    pub async fn list_schedules(&self, actor: &Actor) -> Result<Vec<ScheduleView>, Text> {
        let schedules = match actor.may(Action::SeeEveryJob) {
            Ok(()) => self.store.schedules(MAX_SHOWN).await?,
            Err(_) => {
                let mut own = Vec::new();
                for principal in actor.principals() {
                    own.extend(self.schedules_of(principal).await?);
                }
                own.sort_by_key(|schedule| schedule.created_at);
                own
            }
        };
        Ok(schedules.iter().map(ScheduleView::new).collect())
    }

    /// Changes a schedule if the actor may; returns its new state, or the last one if it was deleted.
    pub async fn alter_schedule_for(
        self: &Arc<Self>,
        actor: &Actor,
        id: &ScheduleId,
        alteration: Alteration,
    ) -> Result<ScheduleView, Text> {
        let stored = self.store.schedule(id).await?.ok_or_else(no_such_schedule)?;
        // Schedules of others are reported as not found.
        actor.may(Action::ManageSchedule(&stored.schedule)).map_err(|_| no_such_schedule())?;
        self.alter_schedule(id, alteration).await.map(|schedule| ScheduleView::new(&schedule))
    }

    /// Changes a schedule; returns its new state, or the last one if it was deleted.
    pub async fn alter_schedule(self: &Arc<Self>, id: &ScheduleId, alteration: Alteration) -> Result<Schedule, Text> {
        /// Its run may become due at the same moment.
        const TRIES: usize = 5;
        for _ in 0..TRIES {
            if let Some(schedule) = self.try_to_alter(id, alteration).await? {
                return Ok(schedule);
            }
        }
        Err(Text::new("error-busy"))
    }

    /// `None` if it was changed concurrently.
    async fn try_to_alter(self: &Arc<Self>, id: &ScheduleId, alteration: Alteration) -> Result<Option<Schedule>, Text> {
        let from = self.store.schedule(id).await?.ok_or_else(no_such_schedule)?;
        let was = from.schedule.clone();
        let (to, run) = match (alteration, &was.next) {
            (Alteration::Delete, _) => (None, None),
            (Alteration::Pause, Some(_)) => (Some(Schedule { next: None, ..was.clone() }), None),
            (Alteration::Resume, None) => {
                let at = match was.rhythm {
                    Rhythm::Once(at) => Some(at),
                    Rhythm::Every(_) => time_after(&was, Timestamp::now()),
                };
                let at = at.ok_or_else(no_such_schedule)?;
                let (schedule, run) = self.with_run(was.clone(), JobId::fresh(), at);
                (Some(schedule), Some(run))
            }
            (Alteration::Pause, None) | (Alteration::Resume, Some(_)) => return Ok(Some(was)),
        };
        let withdrawn = match &was.next {
            Some(next) => self.store.job(&next.job).await?,
            None => None,
        };
        let result = to.clone().unwrap_or(was);
        let change = ScheduleChange { from, to, run };
        let (jobs, next, gone) = (self.clone(), change.clone(), withdrawn.clone());
        let effect = move || {
            jobs.show_next(Some(&next));
            if let Some(mut stored) = gone {
                // It will not come.
                stored.job.move_to(JobState::Cancelled, None);
                jobs.show_stored(&stored.job, stored.seq);
            }
        };
        let withdrawn = withdrawn.as_ref().map(|stored| &stored.job);
        let is_changed = self.store.change_schedule(&change, withdrawn, effect).await?;
        Ok(is_changed.then_some(result))
    }

    /// The change of the schedule when one of its runs leaves the state `scheduled`; `None` if the job is not such a run.
    pub(super) async fn next_run(&self, from: &Job) -> Result<Option<ScheduleChange>, StoreError> {
        let Some(stored) = self.schedule_of(from).await? else { return Ok(None) };
        let was = &stored.schedule;
        // Not before this run's time, in case the clock was set back.
        let after = from.due_at.map_or(Timestamp::now(), |due| due.max(Timestamp::now()));
        let last = Schedule { last: Some(from.id.clone()), ..was.clone() };
        let is_wanted = |at: &Timestamp| was.expires_at.is_none_or(|expires_at| *at <= expires_at);
        let (to, run) =
            time_after(was, after).filter(is_wanted).map(|at| self.with_run(last, JobId::fresh(), at)).unzip();
        Ok(Some(ScheduleChange { from: stored, to, run }))
    }

    /// The schedule whose next run this is.
    async fn schedule_of(&self, run: &Job) -> Result<Option<StoredSchedule>, StoreError> {
        let Some(id) = run.schedule.as_ref().filter(|_| run.state == JobState::Scheduled) else { return Ok(None) };
        let stored = self.store.schedule(id).await?;
        Ok(stored.filter(|stored| stored.schedule.next.as_ref().is_some_and(|next| next.job == run.id)))
    }

    /// Shows a schedule's new run, if it got one, and lets the timetable know. To be called in the commit's callback.
    pub(super) fn show_next(&self, change: Option<&ScheduleChange>) {
        if let Some(ScheduleChange { from, run: Some(run), .. }) = change {
            self.show_run(run, from.schedule.seq);
        }
    }

    fn show_run(&self, run: &Job, seq: u64) {
        self.alarm.ring();
        self.show_stored(run, seq);
    }

    /// A due run, postponed to the next time, if it must not start now: because it was missed and its
    /// schedule skips missed runs, or because the previous run has not ended.
    pub(super) async fn moved_on(&self, due: &Job) -> Result<Option<(Job, ScheduleChange)>, StoreError> {
        let (Some(from), Some(due_at)) = (self.schedule_of(due).await?, due.due_at) else { return Ok(None) };
        let (was, now) = (&from.schedule, Timestamp::now());
        let is_missed = was.missed == MissedRuns::Skip && Duration::from_millis(now.since(due_at)) > GRACE;
        if !is_missed && !self.is_unfinished(was.last.as_ref()).await? {
            return Ok(None);
        }
        let Some(at) = time_after(was, now) else { return Ok(None) };
        let reason = Text::new(if is_missed { "job-missed" } else { "job-overtaken" }).in_locale(due.locale);
        let mut moved = due.clone();
        moved.move_to(JobState::Scheduled, Some(reason));
        moved.due_at = Some(at);
        let to = Schedule { next: Some(NextRun { job: due.id.clone(), at }), ..was.clone() };
        Ok(Some((moved, ScheduleChange { from, to: Some(to), run: None })))
    }

    /// When a schedule ends that its maker has just been seen with: only a guest's that recurs does by itself.
    fn expiry(&self, schedule: &Schedule) -> Option<Timestamp> {
        let is_forgettable = schedule.role == Role::Guest && matches!(schedule.rhythm, Rhythm::Every(_));
        is_forgettable.then(|| Timestamp(Timestamp::now().0.saturating_add(self.settings.guest_schedule_ms)))
    }

    /// Notes that a guest is here: the guest's recurring schedules go on.
    pub fn note_seen(self: &Arc<Self>, principal: Principal) {
        let jobs = self.clone();
        let noting = async move {
            if let Err(error) = jobs.prolong(&principal).await {
                tracing::warn!(code = error.code(), "cannot prolong a guest's schedules");
            }
        };
        self.tasks.spawn_on(noting, &self.runtime);
    }

    pub(super) async fn prolong(self: &Arc<Self>, principal: &Principal) -> Result<(), Text> {
        /// A part of the whole term; more often is not worth a commit.
        const EVERY: i64 = 30;
        for schedule in self.store.schedules_of(principal).await? {
            let Some((until, new)) = schedule.expires_at.zip(self.expiry(&schedule)) else { continue };
            if new.0 - until.0 < self.settings.guest_schedule_ms / EVERY {
                continue;
            }
            let Some(from) = self.store.schedule(&schedule.id).await? else { continue };
            let to = Schedule { expires_at: Some(new), ..from.schedule.clone() };
            // Where it changes at the same moment, it is prolonged the next time.
            self.store.change_schedule(&ScheduleChange { from, to: Some(to), run: None }, None, || ()).await?;
        }
        Ok(())
    }

    async fn is_unfinished(&self, last: Option<&JobId>) -> Result<bool, StoreError> {
        let Some(last) = last else { return Ok(false) };
        Ok(self.store.job(last).await?.is_some_and(|stored| !stored.job.state.has_ended()))
    }

    /// Adds a waiting run to a schedule.
    fn with_run(&self, schedule: Schedule, id: JobId, at: Timestamp) -> (Schedule, Job) {
        let mut run = schedule.run(id, at);
        run.attempts += self.policy(&run.name).retries.most;
        let next = Some(NextRun { job: run.id.clone(), at });
        (Schedule { next, ..schedule }, run)
    }
}

/// The schedule that a job asks for, without its number.
fn schedule(asked_by: &Job, seq: u64, new: &NewSchedule) -> Schedule {
    Schedule {
        id: ScheduleId::asked_by(&asked_by.id),
        number: 0,
        place: 0,
        guest_place: None,
        expires_at: None,
        rhythm: new.rhythm.clone(),
        zone: new.zone.name().to_owned(),
        request: new.request.clone(),
        principal: asked_by.principal.clone(),
        handle: asked_by.handle.clone(),
        role: asked_by.role,
        address: asked_by.address.clone(),
        room: asked_by.room.clone(),
        locale: asked_by.locale,
        seq,
        missed: new.missed,
        created_at: asked_by.created_at,
        next: None,
        last: None,
    }
}

/// When a schedule's next run after a moment is due.
fn time_after(schedule: &Schedule, moment: Timestamp) -> Option<Timestamp> {
    let Rhythm::Every(pattern) = &schedule.rhythm else { return None };
    let zone = Zone::named(&schedule.zone).unwrap_or(Zone::UTC);
    Recurrence::new(pattern).ok()?.next_after(moment, &zone)
}

fn no_such_schedule() -> Text {
    Text::new("error-not_found-schedule")
}
