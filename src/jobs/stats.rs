//! Job statistics of the last day: counted per minute in memory, stored once a minute.
//!
//! Counting costs a lock and a few additions per job.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use crate::model::{Job, JobMinute, JobState, Timestamp};
use crate::protocol::StatsPoint;
use crate::store::{JobCounts, Store, StoreError};

/// Number of minutes kept: a day.
const REMEMBERED: u64 = 24 * 60;

/// Interval of storing the counts: a crash loses at most this.
const STORE_EVERY: Duration = Duration::from_secs(60);

/// Counts jobs.
#[derive(Default)]
pub struct Stats {
    counts: Mutex<Counts>,
    /// What was last read of the store, and when.
    stored: tokio::sync::Mutex<Option<(Instant, JobCounts)>>,
}

#[derive(Default)]
struct Counts {
    /// By their number since 1970; minutes without events are omitted.
    minutes: BTreeMap<u64, Arc<JobMinute>>,
    /// Not stored yet.
    changed: BTreeSet<u64>,
    waiting: usize,
    totals: Totals,
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub started: u64,
    pub completed: u64,
    pub failed: u64,
}

/// How far back the points go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Hour,
    Day,
}

impl Span {
    /// Minutes from one point to the next.
    fn step(self) -> u64 {
        match self {
            Self::Hour => 1,
            Self::Day => 15,
        }
    }

    /// Seconds from one point to the next.
    pub fn step_seconds(self) -> u64 {
        self.step() * 60
    }

    pub fn points(self) -> u64 {
        match self {
            Self::Hour => 60,
            Self::Day => REMEMBERED / self.step(),
        }
    }
}

impl Stats {
    /// Locked only briefly; never held across an await.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock()
    }

    /// Sets the number of jobs that wait for a worker.
    pub fn waiting(&self, count: usize) {
        self.counts().set_waiting(count, minute_of(Timestamp::now()));
    }

    /// A job was begun.
    pub fn started(&self) {
        self.counts().started(minute_of(Timestamp::now()));
    }

    /// Counts a job that ended. Cancelled and interrupted jobs are ignored.
    pub fn ended(&self, job: &Job) {
        let (from, to) = (job.started_at.unwrap_or(job.created_at), job.finished_at.unwrap_or_else(Timestamp::now));
        self.counts().ended(job.state, Duration::from_millis(to.since(from)), minute_of(to));
    }

    /// Number of jobs that are only in the store; cached for a second, so that many requests cost one read.
    pub async fn stored(&self, store: &Store) -> Result<JobCounts, StoreError> {
        const FRESH: Duration = Duration::from_secs(1);
        let mut stored = self.stored.lock().await;
        if let Some((at, counts)) = *stored
            && at.elapsed() < FRESH
        {
            return Ok(counts);
        }
        let counts = store.job_counts().await?;
        *stored = Some((Instant::now(), counts));
        Ok(counts)
    }

    /// One point per interval, oldest first; the last interval has not ended. Blocking; do not call from async code.
    pub fn points(&self, span: Span) -> Vec<StatsPoint> {
        let now = minute_of(Timestamp::now());
        // Counting continues while the points are computed.
        let minutes = self.counts().minutes_until(now);
        points(&minutes, span, now)
    }

    pub fn totals(&self) -> Totals {
        self.counts().totals
    }

    /// Restores the counts from before the last stop.
    pub fn restore(&self, stored: Vec<(u64, JobMinute)>) {
        self.counts().minutes.extend(stored.into_iter().map(|(number, minute)| (number, Arc::new(minute))));
    }

    /// The oldest minute that is still needed.
    pub fn first_minute() -> u64 {
        first_minute(minute_of(Timestamp::now()))
    }

    /// Stores the counts once a minute; runs until dropped.
    pub async fn keep(&self, store: &Store) {
        loop {
            tokio::time::sleep(STORE_EVERY).await;
            self.save(store).await;
        }
    }

    /// Stores what was counted since the last time; nothing when nothing happened.
    pub async fn save(&self, store: &Store) {
        let now = minute_of(Timestamp::now());
        let changed = self.counts().take_changed(now);
        if changed.is_empty() {
            return;
        }
        if let Err(error) = store.put_job_minutes(&changed, first_minute(now)).await {
            tracing::warn!(%error, "cannot store the jobs' statistics");
            // With the next ones.
            self.counts().changed.extend(changed.iter().map(|(number, _)| *number));
        }
    }
}

impl Counts {
    /// A minute that is about to change. Jobs that waited before it waited at its beginning.
    fn minute(&mut self, number: u64) -> &mut JobMinute {
        self.changed.insert(number);
        let depth = self.waiting;
        let new = || Arc::new(JobMinute { depth, ..JobMinute::default() });
        Arc::make_mut(self.minutes.entry(number).or_insert_with(new))
    }

    fn set_waiting(&mut self, count: usize, now: u64) {
        if count == self.waiting {
            return;
        }
        let minute = self.minute(now);
        minute.depth = minute.depth.max(count);
        self.waiting = count;
    }

    fn started(&mut self, now: u64) {
        self.totals.started += 1;
        self.minute(now).started += 1;
    }

    fn ended(&mut self, state: JobState, ran: Duration, now: u64) {
        let (completed, failed) = match state {
            JobState::Completed => (1, 0),
            JobState::Failed | JobState::Dead => (0, 1),
            _ => return,
        };
        self.totals.completed += completed;
        self.totals.failed += failed;
        let minute = self.minute(now);
        minute.completed += completed;
        minute.failed += failed;
        minute.run_times.add(ran);
    }

    /// Where jobs wait and nothing else happens, that they wait is what there is to note.
    fn note_waiting(&mut self, now: u64) {
        if self.waiting > 0 {
            self.minute(now);
        }
    }

    fn minutes_until(&mut self, now: u64) -> BTreeMap<u64, Arc<JobMinute>> {
        self.note_waiting(now);
        self.minutes.clone()
    }

    /// What is to be stored; what is too old is forgotten. A clock that was set wrong may have left minutes yet to come.
    fn take_changed(&mut self, now: u64) -> Vec<(u64, JobMinute)> {
        self.note_waiting(now);
        self.minutes.retain(|number, _| now.abs_diff(*number) < REMEMBERED);
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(|number| Some((number, JobMinute::clone(self.minutes.get(&number)?)))).collect()
    }
}

fn points(minutes: &BTreeMap<u64, Arc<JobMinute>>, span: Span, now: u64) -> Vec<StatsPoint> {
    let last = now / span.step();
    let steps = (last + 1).saturating_sub(span.points())..=last;
    let point = |step: u64| {
        let (first, mut sum) = (step * span.step(), JobMinute::default());
        minutes.range(first..first + span.step()).for_each(|(_, minute)| sum.merge(minute));
        StatsPoint::new(Timestamp((first * 60_000) as i64), &sum)
    };
    steps.map(point).collect()
}

fn minute_of(at: Timestamp) -> u64 {
    at.since(Timestamp(0)) / 60_000
}

fn first_minute(now: u64) -> u64 {
    (now + 1).saturating_sub(REMEMBERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 30_000_000;

    #[test]
    fn a_points_counts_are_those_of_its_minutes() {
        let mut counts = Counts::default();
        counts.started(NOW - 14);
        counts.started(NOW - 14);
        counts.ended(JobState::Completed, Duration::from_millis(100), NOW);
        counts.ended(JobState::Failed, Duration::from_millis(100), NOW);
        counts.ended(JobState::Cancelled, Duration::from_millis(100), NOW);
        let hour = points(&counts.minutes_until(NOW), Span::Hour, NOW);
        assert_eq!((hour.len(), hour[59].at, hour[0].at), (60, Timestamp(NOW as i64 * 60_000), minutes_before(59)));
        assert_eq!((hour[45].started, hour[59].completed, hour[59].failed), (2, 1, 1));
        assert!(hour[59].p95_ms.is_some_and(|millis| (90.0..110.0).contains(&millis)));
        assert_eq!((hour[58].completed, hour[58].p50_ms), (0, None));
        // The number of this minute is a multiple of 15, so that a new quarter begins with it.
        let day = points(&counts.minutes_until(NOW), Span::Day, NOW);
        assert_eq!((day.len(), day[95].at, day[94].at), (96, minutes_before(0), minutes_before(15)));
        assert_eq!((day[94].started, day[95].completed), (2, 1));
    }

    fn minutes_before(minutes: u64) -> Timestamp {
        Timestamp((NOW - minutes) as i64 * 60_000)
    }

    #[test]
    fn jobs_that_go_on_waiting_are_seen_in_every_minute() {
        let mut counts = Counts::default();
        counts.set_waiting(3, NOW);
        counts.set_waiting(2, NOW);
        assert_eq!(counts.take_changed(NOW).len(), 1);
        assert_eq!(counts.take_changed(NOW + 1).len(), 1, "nothing else happened");
        counts.set_waiting(0, NOW + 2);
        assert_eq!(counts.take_changed(NOW + 3).len(), 1);
        assert!(counts.take_changed(NOW + 3).is_empty());
        let depths: Vec<_> =
            points(&counts.minutes_until(NOW + 3), Span::Hour, NOW + 3).iter().map(|point| point.depth).collect();
        assert_eq!(depths[56..], [3, 2, 2, 0]);
    }

    #[test]
    fn what_is_older_than_a_day_is_forgotten() {
        let mut counts = Counts::default();
        counts.started(NOW);
        counts.started(NOW + 1);
        counts.take_changed(NOW + REMEMBERED);
        assert_eq!(counts.minutes.keys().collect::<Vec<_>>(), [&(NOW + 1)]);
        let day = points(&counts.minutes_until(NOW + REMEMBERED), Span::Day, NOW + REMEMBERED);
        assert_eq!(
            day.iter().map(|point| point.started).sum::<u64>(),
            0,
            "the day's points begin with a whole quarter"
        );
    }

    #[tokio::test]
    async fn statistics_survive_a_restart() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let stats = Stats::default();
        stats.started();
        stats.counts().ended(JobState::Completed, Duration::from_millis(5), minute_of(Timestamp::now()));
        stats.save(&store).await;
        store.put_job_minutes(&[(1, JobMinute::default())], 0).await.expect("stored");
        stats.waiting(1);
        stats.save(&store).await;
        let restored = Stats::default();
        restored.restore(store.job_minutes(0).await.expect("readable"));
        assert!(!restored.counts().minutes.contains_key(&1), "what is old is not kept");
        let points = restored.points(Span::Hour);
        let sums = |of: fn(&StatsPoint) -> u64| points.iter().map(of).sum::<u64>();
        assert_eq!((sums(|point| point.started), sums(|point| point.completed)), (1, 1));
        assert_eq!(sums(|point| point.depth as u64), 1);
    }
}
