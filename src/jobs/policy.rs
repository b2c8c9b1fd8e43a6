//! What a command's jobs may do: data, given by each command for itself.

use std::num::NonZeroU32;
use std::time::Duration;

/// How long a command's jobs usually take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Answers from what is in memory.
    Quick,
    /// Waits for something: a network, a program, a clock.
    Slow,
}

/// What a command's jobs may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub lane: Lane,
    /// Longest run.
    pub time_limit: Duration,
    pub on_restart: OnRestart,
    pub retries: Retries,
    /// How many may run at a time; `None` for as many as there are workers.
    pub at_once: Option<usize>,
    /// How many may be begun in a minute, with a burst of as many; further ones wait.
    pub per_minute: Option<NonZeroU32>,
    pub priority: Priority,
    /// Whether asking again in the same room, while the same is waiting or running, gives that job back.
    pub is_unique: bool,
}

impl Policy {
    /// For what is answered from memory.
    pub const QUICK: Self = Self {
        lane: Lane::Quick,
        time_limit: Duration::from_secs(60),
        on_restart: OnRestart::RunAgain,
        retries: Retries::NONE,
        at_once: None,
        per_minute: None,
        priority: Priority::Normal,
        is_unique: false,
    };

    /// For what waits for something else and may be done twice.
    pub const SLOW: Self = Self { lane: Lane::Slow, ..Self::QUICK };
}

/// What becomes of a job that ran when the server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRestart {
    RunAgain,
    /// It must not run twice: it is ended and says so.
    Interrupt,
}

/// Who is served first; within a priority people take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    High,
    Normal,
    /// What nobody waits for.
    Low,
}

/// How often, and after what time, a failed attempt is followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Attempts after the first.
    pub most: u32,
    /// Before the second attempt; doubled for each further one.
    pub first: Duration,
    pub longest: Duration,
}

/// Part of a delay by which it is made shorter or longer at random.
const SPREAD: f64 = 0.25;

impl Retries {
    pub const NONE: Self = Self { most: 0, first: Duration::ZERO, longest: Duration::ZERO };

    /// How long to wait after the attempt of that number, counted from 1: exponential, and spread in both
    /// directions, so that what failed together is not tried again together.
    pub fn delay(&self, attempt: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << attempt.saturating_sub(1).min(24)).min(self.longest);
        // Without randomness nothing is lost but the spread.
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        doubled.mul_f64(1.0 - SPREAD + 2.0 * SPREAD * f64::from(random) / f64::from(u32::MAX))
    }

    /// What `delay` never exceeds.
    pub fn longest_delay(&self) -> Duration {
        self.longest.mul_f64(1.0 + SPREAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_are_spread() {
        let retries = Retries { most: 9, first: Duration::from_secs(2), longest: Duration::from_secs(60) };
        for (attempt, seconds) in [(1, 2.0), (2, 4.0), (3, 8.0), (5, 32.0), (6, 60.0), (4_000_000_000, 60.0)] {
            let delay = retries.delay(attempt).as_secs_f64();
            assert!((seconds * 0.75..=seconds * 1.25).contains(&delay), "{attempt}: {delay}");
        }
        let all: Vec<_> = (0..20).map(|_| retries.delay(3)).collect();
        assert!(all.iter().any(|delay| *delay != all[0]));
    }
}
