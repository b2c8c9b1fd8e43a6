//! Concurrency and rate limits of running jobs.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::super::policy::{Lane, Policy};
use super::waiting::LimitKey;
use crate::model::{Payer, RoomName};

/// Maximum numbers of concurrently running jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    pub workers: usize,
    /// Slow jobs of one payer.
    pub per_person: usize,
    /// Slow jobs of one room.
    pub per_room: usize,
}

impl Concurrency {
    /// Slow jobs in total: a quarter of the workers is reserved for quick ones.
    fn slow(&self) -> usize {
        self.workers - (self.workers / 4).max(1)
    }
}

/// Counts running jobs for each limit.
pub struct Running {
    concurrency: Concurrency,
    all: usize,
    slow: usize,
    /// By command.
    commands: HashMap<String, usize>,
    /// Slow ones.
    payers: HashMap<Payer, usize>,
    /// Slow ones.
    rooms: HashMap<RoomName, usize>,
    /// Rate limiters of the commands that have one.
    rates: HashMap<String, DefaultDirectRateLimiter>,
    clock: DefaultClock,
    /// When the first of the exceeded rate limits permits the next job.
    pub held_until: Option<Instant>,
}

impl Running {
    pub fn new(concurrency: Concurrency) -> Self {
        Self {
            concurrency,
            all: 0,
            slow: 0,
            commands: HashMap::new(),
            payers: HashMap::new(),
            rooms: HashMap::new(),
            rates: HashMap::new(),
            clock: DefaultClock::default(),
            held_until: None,
        }
    }

    pub fn all(&self) -> usize {
        self.all
    }

    /// Whether no worker is free.
    pub fn is_full(&self) -> bool {
        self.all >= self.concurrency.workers
    }

    /// Whether one more of this kind may start now. If so, it counts towards its command's rate.
    pub fn admits(&mut self, limit_key: &LimitKey, policy: &Policy) -> bool {
        let count = |count: Option<&usize>| count.copied().unwrap_or(0);
        let is_slow_full = self.slow >= self.concurrency.slow()
            || count(self.payers.get(&limit_key.payer)) >= self.concurrency.per_person
            || limit_key.room.as_ref().is_some_and(|room| count(self.rooms.get(room)) >= self.concurrency.per_room);
        if self.is_full() || (limit_key.lane == Lane::Slow && is_slow_full) {
            return false;
        }
        let at_once = policy.at_once.unwrap_or(usize::MAX);
        count(self.commands.get(&limit_key.name)) < at_once && self.is_in_rate(&limit_key.name, policy)
    }

    fn is_in_rate(&mut self, name: &str, policy: &Policy) -> bool {
        let Some(per_minute) = policy.per_minute else { return true };
        let quota = Quota::per_minute(per_minute);
        let rate = self.rates.entry(name.to_owned()).or_insert_with(|| RateLimiter::direct(quota));
        let Err(held) = rate.check() else { return true };
        // A little later than exact, so that waking up once is enough.
        let until = Instant::now() + held.wait_time_from(self.clock.now()) + Duration::from_millis(1);
        self.held_until = Some(self.held_until.map_or(until, |other| other.min(until)));
        false
    }

    /// Resets the rate limiters, because the limits may have changed.
    pub fn reset_rates(&mut self) {
        self.rates.clear();
        self.held_until = None;
    }

    pub fn begin(&mut self, limit_key: &LimitKey) {
        self.all += 1;
        *self.commands.entry(limit_key.name.clone()).or_default() += 1;
        if limit_key.lane == Lane::Slow {
            self.slow += 1;
            *self.payers.entry(limit_key.payer.clone()).or_default() += 1;
            if let Some(room) = &limit_key.room {
                *self.rooms.entry(room.clone()).or_default() += 1;
            }
        }
    }

    pub fn end(&mut self, limit_key: &LimitKey) {
        self.all -= 1;
        count_down(&mut self.commands, &limit_key.name);
        if limit_key.lane == Lane::Slow {
            self.slow -= 1;
            count_down(&mut self.payers, &limit_key.payer);
            if let Some(room) = &limit_key.room {
                count_down(&mut self.rooms, room);
            }
        }
    }
}

/// Entries at zero are forgotten, so that a map is never bigger than what it counts.
pub fn count_down<K: Hash + Eq + Clone>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
