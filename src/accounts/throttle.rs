//! Throttles failed sign-ins: after some failures an address must wait, longer each time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use crate::model::subscriber;

/// Failures without a delay, for typing errors.
const FREE_FAILURES: u32 = 5;

/// Longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// After this long without a failure the count is reset: nobody is locked out for ever by others behind the same address.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);

/// Maximum number of addresses kept; beyond it, the one with the oldest failure is evicted.
const MOST_ADDRESSES: usize = 10_000;

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

/// Failures per address.
#[derive(Default)]
pub(super) struct Throttle {
    addresses: Mutex<HashMap<IpAddr, Failures>>,
}

impl Throttle {
    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, Failures>> {
        self.addresses.lock()
    }

    /// Whether this address may try now; otherwise the seconds to wait.
    pub fn admit(&self, address: IpAddr) -> Result<(), u64> {
        let addresses = self.addresses();
        let Some(failures) = addresses.get(&subscriber(address)) else { return Ok(()) };
        let wait = failures.wait().saturating_sub(failures.last.elapsed());
        if wait.is_zero() { Ok(()) } else { Err(wait.as_secs() + 1) }
    }

    pub fn count_failure(&self, address: IpAddr) {
        let mut addresses = self.addresses();
        if addresses.len() >= MOST_ADDRESSES {
            addresses.retain(|_, failures| failures.last.elapsed() < failures.wait());
        }
        if addresses.len() >= MOST_ADDRESSES {
            let oldest = addresses.iter().min_by_key(|(_, failures)| failures.last).map(|(address, _)| *address);
            oldest.map(|address| addresses.remove(&address));
        }
        let failures = addresses.entry(subscriber(address)).or_insert(Failures { count: 0, last: Instant::now() });
        if failures.last.elapsed() > FORGOTTEN_AFTER {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = Instant::now();
    }

    pub fn forget(&self, address: IpAddr) {
        self.addresses().remove(&subscriber(address));
    }
}
