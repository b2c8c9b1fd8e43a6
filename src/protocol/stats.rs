//! What the jobs do and did, in numbers.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{JobMinute, Timestamp, rfc_3339};

/// How many jobs there are at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobsNow {
    pub queued: usize,
    pub running: usize,
    pub scheduled: usize,
    pub retrying: usize,
    pub dead: usize,
    /// Jobs that can run at a time.
    pub workers: usize,
}

/// What the jobs did in one step of time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatsPoint {
    /// When the step begins.
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The greatest number of jobs that waited for a worker.
    pub depth: usize,
    pub started: u64,
    pub completed: u64,
    pub failed: u64,
    /// Milliseconds that half of the runs did not exceed, null where none ended.
    pub p50_ms: Option<f64>,
    /// The same for 95 of 100.
    pub p95_ms: Option<f64>,
}

impl StatsPoint {
    pub fn new(at: Timestamp, minute: &JobMinute) -> Self {
        let quantile = |share| minute.run_times.quantile(share).map(|millis| (millis * 10.0).round() / 10.0);
        Self {
            at,
            depth: minute.depth,
            started: minute.started,
            completed: minute.completed,
            failed: minute.failed,
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
        }
    }
}
