//! Reads whose cost depends on what is asked for: searches, lists and histories. They are limited in number, and paid for by the
//! time that they take.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::refusals::Refusal;
use crate::budgets::{Budgets, Cost, Spender};
use crate::model::Payer;
use crate::text::Text;

/// Maximum number of concurrent searches; others wait.
const SEARCHES: usize = 4;

/// Maximum number of concurrent reads of one payer; others wait.
const OF_PAYER: usize = 2;

/// How long a read waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whose reads are in progress.
pub struct Reads {
    searches: Semaphore,
    payers: Mutex<HashMap<Payer, Weak<Semaphore>>>,
}

impl Default for Reads {
    fn default() -> Self {
        Self { searches: Semaphore::new(SEARCHES), payers: Mutex::default() }
    }
}

impl Reads {
    /// Does a search in its turn.
    pub async fn search<T>(
        &self,
        budgets: &Budgets,
        spender: Spender<'_>,
        search: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        self.read(budgets, spender, async {
            let _turn = in_turn(&self.searches).await?;
            search.await
        })
        .await
    }

    /// Reads in the payer's turn.
    pub async fn read<T>(
        &self,
        budgets: &Budgets,
        spender: Spender<'_>,
        read: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let own = self.of(spender.payer);
        let _turn = in_turn(&own).await?;
        // Behind the turn: others of the same payer have been charged by now.
        paid(budgets, spender, read).await
    }

    /// The turns of a payer, as long as somebody waits for one or has one.
    fn of(&self, payer: &Payer) -> Arc<Semaphore> {
        let mut payers = self.payers.lock();
        if let Some(own) = payers.get(payer).and_then(Weak::upgrade) {
            return own;
        }
        // Dead entries are removed when the map would have to grow.
        if payers.len() == payers.capacity() {
            payers.retain(|_, own| own.strong_count() > 0);
        }
        let own = Arc::new(Semaphore::new(OF_PAYER));
        payers.insert(payer.clone(), Arc::downgrade(&own));
        own
    }
}

/// Reads for the time that it takes.
pub async fn paid<T, E: From<Text>>(
    budgets: &Budgets,
    spender: Spender<'_>,
    read: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    budgets.check(Cost::Reading, spender).map_err(Text::from)?;
    let began = Instant::now();
    let result = read.await;
    let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    budgets.charge(Cost::Reading, took.max(1), spender);
    result
}

async fn in_turn(turns: &Semaphore) -> Result<tokio::sync::SemaphorePermit<'_>, Refusal> {
    match tokio::time::timeout(PATIENCE, turns.acquire()).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => Err(Text::new("error-busy-search").into()),
    }
}
