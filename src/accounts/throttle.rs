//! Throttles failed sign-ins: after some failures whoever is counted must wait, longer each time.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

/// Failures without a delay, for typing errors.
const FREE_FAILURES: u32 = 5;

/// Longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// After this long without a failure the count is reset: nobody is locked out for ever by others behind the same address.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);

/// Maximum number of keys kept; beyond it, the one with the oldest failure is evicted.
const MOST: usize = 10_000;

struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    /// Doubles with each failure beyond the free ones, from two seconds on.
    fn wait(&self) -> Duration {
        match self.count.checked_sub(FREE_FAILURES) {
            None => Duration::ZERO,
            Some(beyond) => Duration::from_secs(2 << beyond.min(20)).min(LONGEST_WAIT),
        }
    }
}

/// Failures by what is counted: an address, or an account.
pub(super) struct Throttle<K> {
    failures: Mutex<HashMap<K, Failures>>,
}

impl<K> Default for Throttle<K> {
    fn default() -> Self {
        Self { failures: Mutex::default() }
    }
}

impl<K: Clone + Eq + Hash> Throttle<K> {
    fn failures(&self) -> MutexGuard<'_, HashMap<K, Failures>> {
        self.failures.lock()
    }

    /// Whether this one may try now; otherwise the seconds to wait.
    pub fn admit(&self, key: &K) -> Result<(), u64> {
        let failures = self.failures();
        let Some(failures) = failures.get(key) else { return Ok(()) };
        let wait = failures.wait().saturating_sub(failures.last.elapsed());
        if wait.is_zero() { Ok(()) } else { Err(wait.as_secs() + 1) }
    }

    pub fn count_failure(&self, key: &K) {
        let mut all = self.failures();
        if all.len() >= MOST {
            all.retain(|_, failures| failures.last.elapsed() < failures.wait());
        }
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| key.clone());
            oldest.map(|key| all.remove(&key));
        }
        let failures = all.entry(key.clone()).or_insert(Failures { count: 0, last: Instant::now() });
        if failures.last.elapsed() > FORGOTTEN_AFTER {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = Instant::now();
    }

    pub fn forget(&self, key: &K) {
        self.failures().remove(key);
    }
}
