//! Rate limit of a connection.

use std::num::NonZeroU32;

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::super::BURST_SECONDS;

/// Number of consecutive refused frames after which the connection is closed.
const FLOOD: u32 = 1000;

/// How fast a client sends.
pub enum Pace {
    Fine,
    TooFast,
    Flood,
}

/// Enforces `limits.messages_per_second` for one connection.
pub struct FrameLimiter {
    limiter: Option<RateLimiter<NotKeyed, InMemoryState, DefaultClock>>,
    refused: u32,
}

impl FrameLimiter {
    /// 0 for no limit.
    pub fn new(per_second: u32) -> Self {
        let limiter = NonZeroU32::new(per_second).map(|per_second| {
            let burst = per_second.saturating_mul(NonZeroU32::new(BURST_SECONDS).unwrap_or(per_second));
            RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst))
        });
        Self { limiter, refused: 0 }
    }

    pub fn check(&mut self) -> Pace {
        if self.limiter.as_ref().is_none_or(|limiter| limiter.check().is_ok()) {
            self.refused = 0;
            return Pace::Fine;
        }
        self.refused += 1;
        if self.refused < FLOOD { Pace::TooFast } else { Pace::Flood }
    }
}
