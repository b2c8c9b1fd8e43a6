//! What things may cost: one accounting for guests of an address, for members, for rooms and for the server as a whole.
//!
//! Every kind of cost has a rate. Guests of one address share it, a member has a multiple, and those who moderate pay nothing. What
//! guests do is also counted for the room and for the server, so that many addresses together cannot take everything. A cost is
//! taken before something is done or, where it is only known afterwards, charged: a debt is paid off before the next.

mod ledger;

use std::time::{Duration, Instant};

use crate::model::{Payer, Role, RoomName};
use crate::telemetry::metrics;
use crate::text::Text;
use ledger::Ledger;

/// How many times as much as guests of one address a member has.
const MEMBER: f64 = 5.0;

/// How many times as much as those of one address all guests have in one room.
const ROOM: f64 = 10.0;

/// How many times as much as those of one address all guests have in all.
const SERVER: f64 = 100.0;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Frames, and requests that change something.
    Requests,
    Messages,
    /// Bytes of messages.
    Text,
    /// New rooms.
    Rooms,
    /// Jobs of commands.
    Jobs,
    /// Jobs that ask a language model.
    Questions,
    /// Milliseconds that reading takes.
    Reading,
    /// New connections.
    Connections,
}

impl Cost {
    /// One word, for metrics.
    fn label(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Messages => "messages",
            Self::Text => "text",
            Self::Rooms => "rooms",
            Self::Jobs => "jobs",
            Self::Questions => "questions",
            Self::Reading => "reading",
            Self::Connections => "connections",
        }
    }
}

/// Number of kinds of cost.
const KINDS: usize = 8;

/// How much guests of one address may have of something: so much in each period, and at most the amount of one period at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// 0 for no limit.
    pub amount: f64,
    pub period: Duration,
}

impl Rate {
    pub fn per_minute(amount: u32) -> Self {
        Self { amount: f64::from(amount), period: Duration::from_secs(60) }
    }

    pub fn per_hour(amount: u32) -> Self {
        Self { amount: f64::from(amount), period: Duration::from_secs(60 * 60) }
    }

    /// The same in smaller units.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { amount: self.amount * factor, ..self }
    }
}

/// The rates of all costs, for guests of one address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    pub requests: Rate,
    pub messages: Rate,
    pub text: Rate,
    pub rooms: Rate,
    pub jobs: Rate,
    pub questions: Rate,
    pub reading: Rate,
    pub connections: Rate,
}

impl Rates {
    /// Without any limit.
    pub fn unlimited() -> Self {
        let none = Rate::per_minute(0);
        Self {
            requests: none,
            messages: none,
            text: none,
            rooms: none,
            jobs: none,
            questions: none,
            reading: none,
            connections: none,
        }
    }
}

/// Who does something, and where.
#[derive(Clone, Copy, Debug)]
pub struct Spender<'a> {
    pub role: Role,
    pub payer: &'a Payer,
    pub room: Option<&'a RoomName>,
}

/// A budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedUp {
    /// After so many there is something left again.
    pub seconds: u64,
}

impl From<UsedUp> for Text {
    fn from(UsedUp { seconds }: UsedUp) -> Self {
        Self::new("error-too_fast-budget").with("seconds", seconds)
    }
}

/// All budgets.
pub struct Budgets {
    ledgers: [Ledger; KINDS],
}

impl Budgets {
    pub fn new(rates: &Rates) -> Self {
        let Rates { requests, messages, text, rooms, jobs, questions, reading, connections } = *rates;
        // In the order of `Cost`.
        let rates = [requests, messages, text, rooms, jobs, questions, reading, connections];
        Self { ledgers: rates.map(Ledger::new) }
    }

    pub fn unlimited() -> Self {
        Self::new(&Rates::unlimited())
    }

    /// Takes a cost, from all who have to pay for it or from none.
    ///
    /// # Errors
    /// When one of them has nothing left.
    pub fn take(&self, cost: Cost, amount: u64, spender: Spender<'_>) -> Result<(), UsedUp> {
        let taken = self.ledger(cost).take(amount as f64, spender, Instant::now());
        taken.inspect_err(|_| metrics().budget_refusals.with_label_values(&[cost.label()]).inc())
    }

    /// Whether there is something left for a cost that will be [charged](Budgets::charge).
    pub fn check(&self, cost: Cost, spender: Spender<'_>) -> Result<(), UsedUp> {
        self.take(cost, 0, spender)
    }

    /// Takes a cost that has arisen, whatever is left.
    pub fn charge(&self, cost: Cost, amount: u64, spender: Spender<'_>) {
        self.ledger(cost).charge(amount as f64, spender, Instant::now());
    }

    fn ledger(&self, cost: Cost) -> &Ledger {
        &self.ledgers[cost as usize]
    }
}
