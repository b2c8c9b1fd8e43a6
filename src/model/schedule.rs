//! A schedule: what is to be done later, once or again and again.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Handle, Job, JobId, JobRequest, Person, RoomName, Timestamp};
use crate::text::Locale;

/// A schedule's id: that of the job that asked for it, so that it is made once however often that one runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScheduleId(JobId);

impl ScheduleId {
    /// The schedule that a job asks for.
    pub fn asked_by(job: &JobId) -> Self {
        Self(job.clone())
    }

    /// An id from outside; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        JobId::parse(text).map(Self)
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The id of its first run.
    pub fn first_run(&self) -> JobId {
        self.0.follower()
    }
}

impl fmt::Display for ScheduleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When a schedule's runs are due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rhythm {
    Once(Timestamp),
    /// A cron pattern.
    Every(String),
}

/// What becomes of runs whose time passed while the server was down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedRuns {
    /// One is made up for, however many there were.
    #[default]
    Once,
    /// They are left out.
    Skip,
}

/// A run that waits for its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextRun {
    pub job: JobId,
    pub at: Timestamp,
}

/// One schedule as it is kept. Its next run is a job that waits for its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Schedule {
    pub id: ScheduleId,
    /// What its person calls it by; counted in each room.
    pub number: u32,
    /// Which of the places that its person has for schedules it takes, from 1.
    pub place: u32,
    pub rhythm: Rhythm,
    /// The time zone of the pattern, by its IANA name.
    pub zone: String,
    pub request: JobRequest,
    pub person: Person,
    pub handle: Handle,
    /// Where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    pub locale: Locale,
    /// Number of the message that asked for it.
    pub seq: u64,
    pub missed: MissedRuns,
    pub created_at: Timestamp,
    /// `None` while it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextRun>,
    /// The run before the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<JobId>,
}

impl Schedule {
    /// The job that is its run at that time.
    pub fn run(&self, id: JobId, at: Timestamp) -> Job {
        let (person, handle, room) = (self.person.clone(), self.handle.clone(), self.room.clone());
        let job = Job::queued(self.request.clone(), person, handle, room, self.locale);
        Job { id, schedule: Some(self.id.clone()), zone: Some(self.zone.clone()), ..job }.scheduled(at)
    }
}
