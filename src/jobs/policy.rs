//! Policies: limits and retries of a command's jobs, declared by each command.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::time::Duration;

use parking_lot::RwLock;

use super::pausing::EVERY_COMMAND;

/// How long a command's jobs usually take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Answers from memory.
    Quick,
    /// Waits for something: a network, a program, a clock.
    Slow,
}

/// Limits and retries of a command's jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub lane: Lane,
    /// Time limit of one run.
    pub time_limit: Duration,
    pub on_restart: OnRestart,
    pub retries: Retries,
    /// Maximum number of concurrent runs; `None` for no limit.
    pub at_once: Option<usize>,
    /// Maximum number of starts per minute, with bursts of that size; further ones wait.
    pub per_minute: Option<NonZeroU32>,
    pub priority: Priority,
    /// Whether an identical request in the same room returns the unfinished job.
    pub is_unique: bool,
}

impl Policy {
    /// For commands that answer from memory.
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

    /// For commands that wait for something and may run twice.
    pub const SLOW: Self = Self { lane: Lane::Slow, ..Self::QUICK };
}

/// The policies of all commands, by name. They can be replaced while the server runs.
#[derive(Default)]
pub struct Policies {
    all: RwLock<HashMap<String, Policy>>,
    paused: RwLock<BTreeSet<String>>,
}

impl Policies {
    /// What the jobs of each command may do from now on.
    pub fn replace(&self, policies: HashMap<String, Policy>) {
        *self.all.write() = policies;
    }

    /// Which commands' jobs are not started from now on.
    pub fn pause(&self, paused: BTreeSet<String>) {
        *self.paused.write() = paused;
    }

    pub fn paused(&self) -> BTreeSet<String> {
        self.paused.read().clone()
    }

    /// The policy of a command that there is. Of one that is paused no job may be started.
    pub fn find(&self, name: &str) -> Option<Policy> {
        let policy = self.all.read().get(name).copied()?;
        Some(if self.is_paused(name) { Policy { at_once: Some(0), ..policy } } else { policy })
    }

    /// What the server does of itself, by names with a space, goes on.
    fn is_paused(&self, name: &str) -> bool {
        let paused = self.paused.read();
        paused.contains(name) || (paused.contains(EVERY_COMMAND) && !name.contains(' '))
    }

    /// What the command's jobs may do; an unknown command is answered quickly.
    pub fn of(&self, name: &str) -> Policy {
        self.find(name).unwrap_or(Policy::QUICK)
    }

    /// Whether people mean a command by this word: it is one's name, or a slip of the hand away from one.
    pub fn is_command(&self, word: &str) -> bool {
        /// Minimum length in characters; shorter words are that close to many others.
        const SHORTEST: usize = 3;
        let policies = self.all.read();
        let is_slip = |name: &String| !name.contains(' ') && strsim::damerau_levenshtein(name, word) == 1;
        policies.contains_key(word) || (word.chars().count() >= SHORTEST && policies.keys().any(is_slip))
    }
}

/// What becomes of a job that ran when the server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRestart {
    RunAgain,
    /// It must not run twice: it ends as interrupted.
    Interrupt,
}

/// Order of service; within a priority, people take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    High,
    Normal,
    /// For background work.
    Low,
}

/// Retry policy: number of retries and delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Maximum number of retries.
    pub most: u32,
    /// Before the second attempt.
    pub first: Duration,
    /// By which that grows from one attempt to the next, in percent: 100 for no change.
    pub growth: u32,
    pub longest: Duration,
    /// By how much a delay may be longer or shorter, in percent, so that jobs that failed together are not retried together.
    pub jitter: u32,
}

impl Retries {
    pub const NONE: Self = Self { most: 0, first: Duration::ZERO, growth: 100, longest: Duration::ZERO, jitter: 0 };

    /// Four retries take about seven minutes, twenty more than a day: longer than what fails for a while usually does.
    pub const PATIENT: Self = Self {
        most: 0,
        first: Duration::from_secs(10),
        growth: 300,
        longest: Duration::from_secs(60 * 60),
        jitter: 25,
    };

    /// Delay after the attempt of that number, from 1 on: exponential backoff with jitter.
    pub fn delay(&self, attempt: u32) -> Duration {
        let growth = (f64::from(self.growth) / 100.0).max(1.0);
        let grown =
            growth.powi(i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX)) * self.first.as_secs_f64();
        // Whatever is larger than any limit is as good as the limit.
        let delay = if grown < self.longest.as_secs_f64() { Duration::from_secs_f64(grown) } else { self.longest };
        // Without randomness there is only no jitter.
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        let spread = self.spread();
        delay.mul_f64(1.0 - spread + 2.0 * spread * f64::from(random) / f64::from(u32::MAX))
    }

    fn spread(&self) -> f64 {
        f64::from(self.jitter.min(100)) / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_longest_and_are_spread() {
        let (first, longest) = (Duration::from_secs(2), Duration::from_secs(60));
        let retries = Retries { most: 9, first, growth: 200, longest, jitter: 25 };
        for (attempt, seconds) in [(1, 2.0), (2, 4.0), (3, 8.0), (5, 32.0), (6, 60.0), (4_000_000_000, 60.0)] {
            let delay = retries.delay(attempt).as_secs_f64();
            assert!((seconds * 0.75..=seconds * 1.25).contains(&delay), "{attempt}: {delay}");
        }
        let all: Vec<_> = (0..20).map(|_| retries.delay(3)).collect();
        assert!(all.iter().any(|delay| *delay != all[0]));
        let constant = Retries { growth: 100, jitter: 0, ..retries };
        assert_eq!([1, 2, 9].map(|attempt| constant.delay(attempt)), [first; 3]);
        assert_eq!(Retries::NONE.delay(1), Duration::ZERO);
    }
}
