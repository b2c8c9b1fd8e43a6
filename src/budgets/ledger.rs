//! The accounts of one kind of cost.

use std::collections::HashMap;
use std::time::Instant;

use parking_lot::Mutex;

use super::{MEMBER, ROOM, Rate, SERVER, Spender, UsedUp};
use crate::model::{Payer, Role, RoomName};

/// Maximum number of balances kept; those that are full again need not be.
const MOST: usize = 20_000;

/// Whose balance it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Payer(Payer),
    Room(RoomName),
    Server,
}

/// What is left, negative for a debt, and when that was.
#[derive(Clone, Copy, Debug)]
struct Balance {
    left: f64,
    /// The most that may be left.
    most: f64,
    at: Instant,
}

impl Balance {
    /// What is left now.
    fn now(self, rate: Rate, now: Instant) -> Self {
        let periods = now.saturating_duration_since(self.at).as_secs_f64() / rate.period.as_secs_f64();
        Self { left: (self.left + self.most * periods).min(self.most), at: now, ..self }
    }

    /// Whether a cost can be taken: what is more than anybody may have is let through where nothing was taken.
    fn covers(self, amount: f64) -> bool {
        self.left > 0.0 && self.left >= amount.min(self.most)
    }

    /// Seconds until a cost can be taken.
    fn seconds(self, amount: f64, rate: Rate) -> u64 {
        let wait = (amount.min(self.most) - self.left).max(0.0) / self.most * rate.period.as_secs_f64();
        // Rounded up; a wait is never that long, nor negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let seconds = wait.ceil() as u64;
        seconds.max(1)
    }
}

pub(super) struct Ledger {
    rate: Rate,
    balances: Mutex<HashMap<Holder, Balance>>,
}

impl Ledger {
    pub fn new(rate: Rate) -> Self {
        Self { rate, balances: Mutex::default() }
    }

    pub fn take(&self, amount: f64, spender: Spender<'_>, now: Instant) -> Result<(), UsedUp> {
        let holders = self.holders(spender);
        let mut balances = self.balances.lock();
        for (holder, most) in &holders {
            let balance = self.balance(&balances, holder, *most, now);
            if !balance.covers(amount) {
                return Err(UsedUp { seconds: balance.seconds(amount, self.rate) });
            }
        }
        self.withdraw(&mut balances, holders, amount, now);
        Ok(())
    }

    pub fn charge(&self, amount: f64, spender: Spender<'_>, now: Instant) {
        let holders = self.holders(spender);
        self.withdraw(&mut self.balances.lock(), holders, amount, now);
    }

    fn withdraw(
        &self,
        balances: &mut HashMap<Holder, Balance>,
        holders: Vec<(Holder, f64)>,
        amount: f64,
        now: Instant,
    ) {
        if amount <= 0.0 {
            return;
        }
        if balances.len() + holders.len() > MOST {
            self.make_room(balances, now);
        }
        for (holder, most) in holders {
            let balance = self.balance(balances, &holder, most, now);
            balances.insert(holder, Balance { left: balance.left - amount, ..balance });
        }
    }

    fn balance(&self, balances: &HashMap<Holder, Balance>, holder: &Holder, most: f64, now: Instant) -> Balance {
        match balances.get(holder) {
            // Who became a member has more from now on.
            Some(balance) => Balance { most, ..*balance }.now(self.rate, now),
            None => Balance { left: most, most, at: now },
        }
    }

    /// Forgets full balances, or where there are none those that are nearly full: a new payer must not be refused.
    fn make_room(&self, balances: &mut HashMap<Holder, Balance>, now: Instant) {
        for enough in [1.0, 0.5, 0.0] {
            balances.retain(|_, balance| balance.now(self.rate, now).left < balance.most * enough);
            if balances.len() < MOST / 2 {
                return;
            }
        }
        balances.clear();
    }

    /// Who pays, and how much each may have at a time.
    fn holders(&self, Spender { role, payer, room }: Spender<'_>) -> Vec<(Holder, f64)> {
        let most = self.rate.amount;
        if most <= 0.0 {
            return Vec::new();
        }
        match role {
            // Incoming hooks have limits of their own.
            Role::Hook | Role::Moderator | Role::Admin | Role::Owner => Vec::new(),
            Role::Member => vec![(Holder::Payer(payer.clone()), most * MEMBER)],
            Role::Stranger | Role::Guest => {
                let room = room.map(|room| (Holder::Room(room.clone()), most * ROOM));
                let own = (Holder::Payer(payer.clone()), most);
                [own, (Holder::Server, most * SERVER)].into_iter().chain(room).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::AddressDigest;

    fn guest(address: usize) -> Payer {
        Payer::Address(AddressDigest::of_signature(&format!("{address:016x}")))
    }

    fn spender<'a>(role: Role, payer: &'a Payer, room: Option<&'a RoomName>) -> Spender<'a> {
        Spender { role, payer, room }
    }

    #[test]
    fn a_budget_refills_over_its_period_and_a_debt_is_paid_off_first() {
        let (ledger, start, ann) = (Ledger::new(Rate::per_minute(60)), Instant::now(), guest(1));
        let ann = spender(Role::Guest, &ann, None);
        assert_eq!(ledger.take(60.0, ann, start), Ok(()));
        assert_eq!(ledger.take(1.0, ann, start), Err(UsedUp { seconds: 1 }));
        assert_eq!(ledger.take(1.0, ann, start + Duration::from_millis(1100)), Ok(()));
        ledger.charge(10.0, ann, start + Duration::from_secs(2));
        assert_eq!(ledger.take(1.0, ann, start + Duration::from_secs(2)), Err(UsedUp { seconds: 10 }));
        assert_eq!(ledger.take(1.0, ann, start + Duration::from_secs(13)), Ok(()));
        let later = start + Duration::from_secs(3600);
        assert_eq!(ledger.take(60.0, ann, later), Ok(()), "not more than one period's amount is saved up");
        assert!(ledger.take(1.0, ann, later).is_err());
    }

    #[test]
    fn members_have_more_and_moderators_no_limit() {
        let (ledger, now, payer) = (Ledger::new(Rate::per_minute(10)), Instant::now(), guest(1));
        let taken = |role| (0..1000).take_while(|_| ledger.take(1.0, spender(role, &payer, None), now).is_ok()).count();
        assert_eq!(taken(Role::Guest), 10);
        assert_eq!(taken(Role::Moderator), 1000);
        assert_eq!(taken(Role::Member), 0, "what was taken as a guest is not given twice");
        let other = guest(2);
        let member = spender(Role::Member, &other, None);
        assert_eq!((0..1000).take_while(|_| ledger.take(1.0, member, now).is_ok()).count(), 50);
        let unlimited = Ledger::new(Rate::per_minute(0));
        assert!((0..1000).all(|_| unlimited.take(1e9, spender(Role::Guest, &other, None), now).is_ok()));
    }

    #[test]
    fn many_addresses_share_a_room_and_the_server() {
        let (ledger, now) = (Ledger::new(Rate::per_minute(10)), Instant::now());
        let (lobby, other) = (RoomName::public("lobby").expect("a name"), RoomName::public("other").expect("a name"));
        let take = |address, room| ledger.take(10.0, spender(Role::Guest, &guest(address), Some(room)), now).is_ok();
        assert_eq!((0..50).filter(|address| take(*address, &lobby)).count(), 10);
        assert!(take(100, &other));
        let members = Payer::Address(AddressDigest::of_signature("ffffffffffffffff"));
        assert!(ledger.take(1.0, spender(Role::Member, &members, Some(&lobby)), now).is_ok());
    }

    #[test]
    fn memory_is_bounded_and_who_is_in_debt_is_forgotten_last() {
        let (ledger, now, debtor) = (Ledger::new(Rate::per_hour(1)), Instant::now(), guest(0));
        ledger.charge(100.0, spender(Role::Member, &debtor, None), now);
        for address in 1..MOST + 10 {
            let payer = guest(address);
            assert!(ledger.take(0.5, spender(Role::Member, &payer, None), now).is_ok());
        }
        assert!(ledger.balances.lock().len() <= MOST);
        assert!(ledger.take(1.0, spender(Role::Member, &debtor, None), now).is_err());
    }
}
