//! Job statistics per minute, compact enough to keep a day of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Statistics of one minute; can be merged for longer intervals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobMinute {
    /// The greatest number of jobs that waited.
    pub depth: usize,
    pub started: u64,
    pub completed: u64,
    pub failed: u64,
    pub run_times: RunTimes,
}

impl JobMinute {
    pub fn merge(&mut self, other: &Self) {
        self.depth = self.depth.max(other.depth);
        self.started += other.started;
        self.completed += other.completed;
        self.failed += other.failed;
        self.run_times.merge(&other.run_times);
    }
}

/// Histogram of run times with exponential buckets: quantiles are accurate to a tenth, regardless of
/// the order of magnitude.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunTimes(BTreeMap<u8, u64>);

impl RunTimes {
    /// Upper bound of bucket 0, in milliseconds; shorter times are not distinguished.
    const SHORTEST: f64 = 0.1;

    /// Ratio of the bounds of consecutive buckets. The middle of a bucket is off by at most its square root.
    const GROWTH: f64 = 1.2;

    pub fn add(&mut self, time: Duration) {
        let steps = (time.as_secs_f64() * 1000.0 / Self::SHORTEST).log(Self::GROWTH);
        // Saturates, after centuries.
        let step = (steps.floor() + 1.0).max(0.0) as u8;
        *self.0.entry(step).or_default() += 1;
    }

    fn merge(&mut self, other: &Self) {
        for (step, count) in &other.0 {
            *self.0.entry(*step).or_default() += count;
        }
    }

    /// The time that `share` (0 to 1) of the runs did not exceed, in milliseconds; `None` when nothing ran.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let total: u64 = self.0.values().sum();
        let rank = ((total as f64 * share).ceil() as u64).max(1);
        let mut counted = 0;
        let step = self.0.iter().find(|(_, count)| {
            counted += **count;
            counted >= rank
        });
        step.map(|(step, _)| Self::SHORTEST * Self::GROWTH.powf(f64::from(*step) - 0.5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_tenth_from_fractions_of_a_millisecond_to_hours() {
        for millis in [0.2, 1.0, 7.0, 99.0, 1234.5, 60_000.0, 86_400_000.0] {
            let mut times = RunTimes::default();
            for index in 1..=1000 {
                times.add(Duration::from_secs_f64(millis * f64::from(index) / 1000.0 / 1000.0));
            }
            for share in [0.5, 0.95, 1.0] {
                let (told, truth) = (times.quantile(share).expect("runs"), millis * share);
                assert!((told / truth - 1.0).abs() < 0.1, "{told} for {truth}");
            }
        }
        assert_eq!(RunTimes::default().quantile(0.5), None);
    }

    #[test]
    fn times_of_no_length_and_of_centuries_are_counted() {
        let mut times = RunTimes::default();
        times.add(Duration::ZERO);
        assert!(times.quantile(0.5).is_some_and(|millis| millis < 0.1));
        times.add(Duration::MAX);
        assert!(times.quantile(1.0).is_some_and(|millis| millis > 1e12));
    }

    #[test]
    fn minutes_merge_and_are_stored_as_they_are() {
        let mut first = JobMinute { depth: 5, started: 2, completed: 1, ..JobMinute::default() };
        first.run_times.add(Duration::from_millis(10));
        let mut second = JobMinute { depth: 3, started: 1, failed: 1, ..JobMinute::default() };
        second.run_times.add(Duration::from_millis(10));
        first.merge(&second);
        assert_eq!((first.depth, first.started, first.completed, first.failed), (5, 3, 1, 1));
        assert_eq!(first.run_times.0.values().collect::<Vec<_>>(), [&2]);
        let stored = serde_json::to_vec(&first).expect("JSON");
        assert_eq!(serde_json::from_slice::<JobMinute>(&stored).expect("readable"), first);
    }
}
