//! The commands for what is done later: `remind`, `every`, and `schedules`, which lists and changes what they planned.

mod every;
mod list;
mod remind;

pub use every::Every;
pub use list::Schedules;
pub use remind::{Remind, Reminder};

use super::{Failure, Request};
use crate::jobs::Policy;
use crate::model::{Job, JobRequest, MissedRuns, Rhythm, Schedule, ScheduleId, Timestamp};
use crate::schedule::Zone;
use crate::text::Text;

/// What all plans have in common.
#[derive(Clone, Debug)]
pub struct Planning {
    /// The zone of whoever does not say one.
    pub zone: Zone,
    /// Schedules that one person may have.
    pub per_person: usize,
    pub missed: MissedRuns,
}

/// What is to be done, and when.
struct Plan {
    rhythm: Rhythm,
    first: Timestamp,
    request: JobRequest,
    missed: MissedRuns,
}

impl Planning {
    /// For commands that plan: one at a time, so that each finds the number after the last.
    const POLICY: Policy = Policy { at_once: Some(1), ..Policy::QUICK };

    /// The asker's time zone.
    fn zone_of(&self, job: &Job) -> Zone {
        job.zone.as_deref().and_then(Zone::named).unwrap_or_else(|| self.zone.clone())
    }

    /// Stores what a job plans; when it did so before, what it planned then.
    async fn keep(&self, request: &Request<'_>, plan: Plan) -> Result<Schedule, Failure> {
        let job = request.job;
        let id = ScheduleId::asked_by(&job.id);
        let planned = request.chat.schedules_of(&job.person).map_err(broken)?;
        if let Some(before) = planned.iter().find(|schedule| schedule.id == id) {
            return Ok(before.clone());
        }
        if planned.len() >= self.per_person {
            let text = Text::new("schedules-too-many").with("max", self.per_person);
            return Err(Failure::for_good("too_many_schedules", text));
        }
        let here = planned.iter().filter(|schedule| schedule.room == job.room);
        let schedule = Schedule {
            id,
            number: here.map(|schedule| schedule.number).max().unwrap_or(0) + 1,
            rhythm: plan.rhythm,
            zone: self.zone_of(job).name().to_owned(),
            request: plan.request,
            person: job.person.clone(),
            handle: job.handle.clone(),
            room: job.room.clone(),
            locale: job.locale,
            seq: request.seq,
            missed: plan.missed,
            created_at: job.created_at,
            next: None,
            last: None,
        };
        request.chat.add_schedule(schedule, plan.first).await.map_err(broken)
    }
}

/// The store refused.
fn broken(text: Text) -> Failure {
    Failure::for_now("store_failed", text)
}
