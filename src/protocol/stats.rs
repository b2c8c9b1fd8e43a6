//! Job statistics.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{JobMinute, Timestamp, rfc_3339};

/// Current number of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobsNow {
    pub queued: usize,
    pub running: usize,
    pub scheduled: usize,
    pub retrying: usize,
    pub dead: usize,
    /// Number of jobs that can run concurrently.
    pub workers: usize,
}

/// Statistics of one interval.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatsPoint {
    /// Beginning of the interval.
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The greatest number of jobs that waited for a worker.
    pub depth: usize,
    pub started: u64,
    pub completed: u64,
    pub failed: u64,
    /// Median run time in milliseconds; null if no run ended.
    pub p50_ms: Option<f64>,
    /// 95th percentile of the run time.
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
