//! Warnings about what takes too long: few lines, however much is slow.

use std::fmt::Display;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::metrics;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// From a request's head to the head of its answer.
    Request,
    /// Of a message over a WebSocket.
    Frame,
    /// Of changes of the store, to their sync.
    Commit,
    Search,
    /// The wait of a job for a worker.
    JobStart,
}

/// Time between two warnings about the same operation.
const PAUSE: Duration = Duration::from_secs(10);

/// How many times as long as other operations a job may wait: limits of persons, rooms and commands let it wait on purpose.
const JOB_PATIENCE: u64 = 30;

/// Number of operations.
const OPERATIONS: usize = 5;

/// In milliseconds; 0 while there are no warnings.
static THRESHOLD: AtomicU64 = AtomicU64::new(0);

/// Of each operation.
static WARNINGS: LazyLock<[Warnings; OPERATIONS]> = LazyLock::new(Default::default);

/// When the last warning was, and what was not warned of since.
#[derive(Default)]
struct Warnings {
    /// Milliseconds on this process's clock after which there may be another.
    next: AtomicU64,
    unsaid: AtomicU64,
}

impl Operation {
    fn label(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Frame => "frame",
            Self::Commit => "commit",
            Self::Search => "search",
            Self::JobStart => "job_start",
        }
    }
}

impl Warnings {
    /// Whether there may be a warning now: how many there might have been since the last.
    fn take_turn(&self, now: u64) -> Option<u64> {
        let next = self.next.load(Ordering::Relaxed);
        let after = now + PAUSE.as_millis() as u64;
        let is_turn =
            now >= next && self.next.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_turn {
            return Some(self.unsaid.swap(0, Ordering::Relaxed));
        }
        self.unsaid.fetch_add(1, Ordering::Relaxed);
        None
    }
}

/// Warns from now on of what takes longer; [`Duration::ZERO`] for no warnings.
pub fn warn_of_slower_than(threshold: Duration) {
    THRESHOLD.store(threshold.as_millis().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// Tells how long something took. `what` says which one it was, without secrets.
pub fn took(operation: Operation, time: Duration, what: impl Display) {
    let threshold = THRESHOLD.load(Ordering::Relaxed);
    let patience = if operation == Operation::JobStart { JOB_PATIENCE } else { 1 };
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    if threshold == 0 || ms < threshold.saturating_mul(patience) {
        return;
    }
    metrics().slow_operations.with_label_values(&[operation.label()]).inc();
    if let Some(unsaid) = WARNINGS[operation as usize].take_turn(now()) {
        tracing::warn!(operation = operation.label(), %what, ms, unsaid, "slow");
    }
}

/// Milliseconds on this process's clock.
fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_warning_in_a_while_and_it_says_how_many_there_were_not() {
        let warnings = Warnings::default();
        let pause = PAUSE.as_millis() as u64;
        assert_eq!(warnings.take_turn(0), Some(0));
        for now in [0, 1, pause - 1] {
            assert_eq!(warnings.take_turn(now), None);
        }
        assert_eq!(warnings.take_turn(pause), Some(3));
        assert_eq!(warnings.take_turn(pause), None);
    }
}
