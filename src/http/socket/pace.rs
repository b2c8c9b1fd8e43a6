//! How fast a connection may send frames.

use std::num::NonZeroU32;

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::super::{App, BURST_SECONDS};
use crate::accounts::Actor;
use crate::budgets::{Cost, Spender};
use crate::model::Role;
use crate::text::Text;

/// Number of consecutive refused frames after which the connection is closed.
const FLOOD: u32 = 1000;

/// What becomes of a frame.
pub enum Pace {
    Fine,
    TooFast(Text),
    Flood,
}

/// Enforces `limits.messages_per_second` for one connection, and what its payer may send in all.
pub struct FrameLimiter {
    limiter: Option<RateLimiter<NotKeyed, InMemoryState, DefaultClock>>,
    refused: u32,
}

impl FrameLimiter {
    /// 0 for no limit; whoever moderates has none.
    pub fn new(per_second: u32, role: Role) -> Self {
        let per_second = NonZeroU32::new(per_second).filter(|_| role < Role::Moderator);
        let limiter = per_second.map(|per_second| {
            let burst = per_second.saturating_mul(NonZeroU32::new(BURST_SECONDS).unwrap_or(per_second));
            RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst))
        });
        Self { limiter, refused: 0 }
    }

    /// Judges one more frame of this person.
    pub fn check(&mut self, app: &App, actor: &Actor) -> Pace {
        let is_slow = self.limiter.as_ref().is_none_or(|limiter| limiter.check().is_ok());
        let payer = actor.payer();
        let spender = Spender { role: actor.role, payer: &payer, room: None };
        let spent = || app.budgets.take(Cost::Requests, 1, spender).map_err(Text::from);
        let checked = if is_slow { spent() } else { Err(Text::new("error-too_fast")) };
        match checked {
            Ok(()) => {
                self.refused = 0;
                Pace::Fine
            }
            Err(_) if self.refused >= FLOOD => Pace::Flood,
            Err(error) => {
                self.refused += 1;
                Pace::TooFast(error)
            }
        }
    }
}
