//! Limits on connections and requests, in total and per address.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::{Mutex, MutexGuard};

use crate::model::subscriber;

/// Number of connections above the limit of an address that get an error response; further ones are dropped.
const OVER: usize = 8;

/// Rate limit per sender, such as a hook.
pub struct RequestLimits<K: Clone + Eq + Hash> {
    limiter: Option<RateLimiter<K, HashMapStateStore<K>, DefaultClock>>,
}

impl<K: Clone + Eq + Hash> RequestLimits<K> {
    /// `per_second` on average (0 for no limit), with bursts of `burst` times that.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let limiter = NonZeroU32::new(per_second).map(|per_second| {
            let burst = per_second.saturating_mul(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN));
            RateLimiter::hashmap(Quota::per_second(per_second).allow_burst(burst))
        });
        Self { limiter }
    }

    /// Whether the sender is within its limit now.
    pub fn admit(&self, sender: &K) -> bool {
        /// Number of senders kept before idle ones are removed.
        const MANY: usize = 10_000;
        let Some(limiter) = &self.limiter else { return true };
        if limiter.len() > MANY {
            limiter.retain_recent();
        }
        limiter.check_key(sender).is_ok()
    }
}

/// Counts connections.
pub struct ConnectionLimits {
    /// 0 for no limit.
    total: usize,
    /// 0 for no limit.
    per_address: usize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    total: usize,
    addresses: HashMap<IpAddr, usize>,
}

/// A connection's permit; released on drop.
pub struct Permit {
    limits: Arc<ConnectionLimits>,
    subscriber: IpAddr,
    is_over: bool,
}

/// The connection exceeds the limits and must be dropped without a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Permit {
    /// Whether the connection exceeds the limit of its address and was accepted only to report that.
    pub fn is_over(&self) -> bool {
        self.is_over
    }
}

impl ConnectionLimits {
    pub fn new(total: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self { total, per_address, counts: Mutex::default() })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock()
    }

    /// Acquires a permit for a connection from that address. A few above the limit get one, to report the error.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Permit, TooMany> {
        let subscriber = subscriber(address);
        let mut counts = self.counts();
        if self.total > 0 && counts.total >= self.total {
            return Err(TooMany);
        }
        let from_address = counts.addresses.entry(subscriber).or_default();
        if self.per_address > 0 && *from_address >= self.per_address + OVER {
            return Err(TooMany);
        }
        let is_over = self.per_address > 0 && *from_address >= self.per_address;
        *from_address += 1;
        counts.total += 1;
        Ok(Permit { limits: self.clone(), subscriber, is_over })
    }

    /// Number of open connections.
    pub fn open(&self) -> usize {
        self.counts().total
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.limits.counts();
        counts.total -= 1;
        if let Some(count) = counts.addresses.get_mut(&self.subscriber) {
            *count -= 1;
            if *count == 0 {
                counts.addresses.remove(&self.subscriber);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let limits = ConnectionLimits::new(OVER + 3, 2);
        let (home, away) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut permits: Vec<_> = (0..OVER + 2).map_while(|_| limits.admit(home).ok()).collect();
        assert_eq!(permits.iter().map(Permit::is_over).filter(|is_over| *is_over).count(), OVER);
        assert!(limits.admit(home).is_err(), "too many of this address");
        permits.push(limits.admit(away).expect("a place"));
        assert!(limits.admit(away).is_err(), "too many in all");
        drop(permits);
        assert_eq!(limits.open(), 0);
        assert!(limits.admit(home).is_ok_and(|permit| !permit.is_over()));
    }
}
