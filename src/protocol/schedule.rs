//! A schedule as clients see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Handle, JobId, PRIVATE_ROOM, Rhythm, RoomName, Schedule, ScheduleId, Timestamp, rfc_3339};

/// A schedule as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduleView {
    #[schema(value_type = String)]
    pub id: ScheduleId,
    /// Number by which its owner refers to it in the room.
    pub number: u32,
    /// `once` or `every`.
    pub kind: &'static str,
    /// When a repeated command runs: a cron pattern, several with `;` between them, these with `, every 2 days from 2026-11-23` behind
    /// (or weeks, or months), or `every 90 minutes from 2026-11-23T09:00:00Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// IANA name of the time zone of the pattern, or its offset, such as `UTC+05:30`.
    pub time_zone: String,
    /// The command with its arguments, as one line.
    pub line: String,
    #[schema(value_type = String)]
    pub handle: Handle,
    pub room: String,
    pub paused: bool,
    #[serde(serialize_with = "rfc_3339::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The waiting run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub job: Option<JobId>,
}

impl ScheduleView {
    pub fn new(schedule: &Schedule) -> Self {
        let (kind, pattern) = match &schedule.rhythm {
            Rhythm::Once(_) => ("once", None),
            Rhythm::Every(pattern) => ("every", Some(pattern.clone())),
        };
        Self {
            id: schedule.id.clone(),
            number: schedule.number,
            kind,
            pattern,
            time_zone: schedule.zone.clone(),
            line: schedule.request.line(),
            handle: schedule.handle.clone(),
            room: schedule.room.as_ref().map_or(PRIVATE_ROOM, RoomName::shown).to_owned(),
            paused: schedule.next.is_none(),
            next_at: schedule.next.as_ref().map(|next| next.at),
            created_at: schedule.created_at,
            job: schedule.next.as_ref().map(|next| next.job.clone()),
        }
    }
}
