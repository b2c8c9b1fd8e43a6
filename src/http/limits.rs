//! How many connections and requests there may be, in all and from one address.

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

/// Connections beyond an address' limit that are told of it; further ones are dropped unheard.
const OVER: usize = 8;

/// Keeps what each sender (an address, a hook) changes over HTTP to so much per second, as sockets are kept.
pub struct RequestLimits<K: Clone + Eq + Hash> {
    limiter: Option<RateLimiter<K, HashMapStateStore<K>, DefaultClock>>,
}

impl<K: Clone + Eq + Hash> RequestLimits<K> {
    /// `per_second` on average, 0 for no limit; `burst` times that at once.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let limiter = NonZeroU32::new(per_second).map(|per_second| {
            let burst = per_second.saturating_mul(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN));
            RateLimiter::hashmap(Quota::per_second(per_second).allow_burst(burst))
        });
        Self { limiter }
    }

    /// Whether the sender may change something now.
    pub fn admit(&self, sender: &K) -> bool {
        /// Senders remembered before those are forgotten that have been quiet.
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

/// A connection's place; given back when it is dropped.
pub struct Permit {
    limits: Arc<ConnectionLimits>,
    subscriber: IpAddr,
    is_over: bool,
}

/// There is no place left for a connection, not even to say so on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Permit {
    /// Whether the connection is one too many of its address, and is there only to be told so.
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

    /// Takes a place for a connection from that address. A few beyond the address' limit get one to be told.
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

    /// Connections there are.
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
