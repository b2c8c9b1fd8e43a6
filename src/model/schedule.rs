//! Schedules: commands to be run later, once or repeatedly.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AddressDigest, Handle, Job, JobId, JobRequest, Payer, Principal, Role, RoomName, Timestamp};
use crate::text::Locale;

/// A schedule's id: that of the job that requested it, so that it is created once even if that job runs again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScheduleId(JobId);

impl ScheduleId {
    /// The id of the schedule that a job creates.
    pub fn asked_by(job: &JobId) -> Self {
        Self(job.clone())
    }

    /// Parses an untrusted id; `None` if it is invalid.
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
    /// A recurrence as text, such as a cron pattern.
    Every(String),
}

/// How runs missed while the server was down are handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedRuns {
    /// One run, regardless of how many were missed.
    #[default]
    Once,
    /// No run.
    Skip,
}

/// A waiting run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextRun {
    pub job: JobId,
    pub at: Timestamp,
}

/// The stored record of a schedule. Its next run is a job in the state `scheduled`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Schedule {
    pub id: ScheduleId,
    /// Number for users, counted per person and room.
    pub number: u32,
    /// Which of the places that its payer has for schedules it takes, from 1.
    pub place: u32,
    /// Which of the places that all guests have it takes, if it is a guest's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_place: Option<u32>,
    /// When a guest's recurring schedule ends, unless the guest comes back before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    pub rhythm: Rhythm,
    /// The time zone of the pattern, by its IANA name.
    pub zone: String,
    pub request: JobRequest,
    pub principal: Principal,
    pub handle: Handle,
    /// What its maker was then.
    #[serde(default, skip_serializing_if = "Role::is_guest")]
    pub role: Role,
    /// From where it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressDigest>,
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
    /// The previous run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<JobId>,
}

impl Schedule {
    /// Who pays for it.
    pub fn payer(&self) -> Payer {
        Payer::new(self.role, &self.principal, self.address.as_ref())
    }

    /// The job for its run at that time.
    pub fn run(&self, id: JobId, at: Timestamp) -> Job {
        let (principal, handle, room) = (self.principal.clone(), self.handle.clone(), self.room.clone());
        let job = Job::queued(self.request.clone(), principal, handle, room, self.locale);
        let (role, address) = (self.role, self.address.clone());
        Job { id, role, address, schedule: Some(self.id.clone()), zone: Some(self.zone.clone()), ..job }.scheduled(at)
    }
}
