//! Commands for schedules: `remind`, `every`, and `schedules`, which lists and changes them.

mod every;
mod list;
mod remind;

pub use every::Every;
pub use list::Schedules;
pub use remind::{Remind, Reminder};

use std::time::Duration;

use super::{Failure, Request};
use crate::jobs::NewSchedule;
use crate::model::{Job, MissedRuns, Schedule};
use crate::schedule::{Asker, Zone};
use crate::text::Text;

/// Settings of all schedules.
#[derive(Clone, Debug)]
pub struct Planning {
    /// Time zone of users whose client sends none.
    pub zone: Zone,
    /// Schedules that one person may have.
    pub per_person: u32,
    /// Shortest interval of a guest's recurring schedule.
    pub guest_interval: Duration,
    pub missed: MissedRuns,
}

impl Planning {
    /// The asker's time zone.
    fn zone_of(&self, job: &Job) -> Zone {
        job.zone.as_deref().and_then(Zone::named).unwrap_or_else(|| self.zone.clone())
    }

    /// Who writes times in a job's arguments. They are relative to when it was asked for, so that what they mean does not depend on
    /// when or how often the job runs.
    fn asker(&self, job: &Job) -> Asker {
        Asker { now: job.created_at, zone: self.zone_of(job), locale: job.locale }
    }

    /// A recurrence for the asker, with its zone if that is not the asker's.
    fn recurrence_words(&self, pattern: &str, zone: &str, job: &Job) -> String {
        let is_own = self.zone_of(job).name() == zone;
        if is_own { pattern.to_owned() } else { format!("{pattern}, {zone}") }
    }

    /// Stores the schedule that a job creates; if the job did so before, returns that one.
    async fn keep(&self, request: &Request<'_>, new: NewSchedule) -> Result<Schedule, Failure> {
        let added = request.jobs.add_schedule(request.job, request.seq, new).await.map_err(broken)?;
        added.ok_or_else(|| {
            let text = Text::new("schedules-too-many").with("max", self.per_person);
            Failure::for_good("too_many_schedules", text)
        })
    }
}

/// The store refused.
fn broken(text: Text) -> Failure {
    Failure::for_now("store_failed", text)
}
