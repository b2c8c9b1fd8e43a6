//! Places among the waiting jobs, taken before a job is stored, so that a stored job never finds them too many.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::running::count_down;
use crate::jobs::policy::Lane;
use crate::model::Payer;

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Too many jobs wait in this lane.
    Lane,
    /// This payer has as many jobs as one may have.
    Payer,
}

/// A job's place: in its lane until a worker takes it, and among its payer's jobs until it has ended. Given back when it is
/// dropped.
#[must_use]
#[derive(Debug)]
pub struct Permit {
    /// `None` for jobs that take no place of people's.
    pub(super) lane: Option<OwnedSemaphorePermit>,
    pub(super) counted: Counted,
}

/// The places there are.
pub struct Places {
    quick: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    payers: Payers,
}

impl Places {
    /// `capacity` is the number of jobs that may wait in each lane.
    pub fn new(capacity: usize) -> Self {
        let lane = || Arc::new(Semaphore::new(capacity));
        Self { quick: lane(), slow: lane(), payers: Payers::default() }
    }

    /// A place in a lane for one more job of this payer, who may have `most`.
    pub fn reserve(&self, lane: Lane, payer: &Payer, most: usize) -> Result<Permit, Full> {
        let counted = self.payers.enter(payer, most).ok_or(Full::Payer)?;
        let lane = self.lane(lane).clone().try_acquire_owned().map_err(|_| Full::Lane)?;
        Ok(Permit { lane: Some(lane), counted })
    }

    /// A place beside the lanes.
    pub fn reserve_beside(&self, payer: &Payer, most: usize) -> Option<Permit> {
        self.payers.enter(payer, most).map(|counted| Permit { lane: None, counted })
    }

    /// A place for a job that was let in before this process was started: in its lane as long as that has places.
    pub fn readmit(&self, lane: Lane, payer: &Payer) -> Permit {
        let lane = self.lane(lane).clone().try_acquire_owned().ok();
        Permit { lane, counted: self.payers.count_in(payer) }
    }

    fn lane(&self, lane: Lane) -> &Arc<Semaphore> {
        match lane {
            Lane::Quick => &self.quick,
            Lane::Slow => &self.slow,
        }
    }
}

/// How many jobs each payer has that have not ended.
#[derive(Clone, Debug, Default)]
struct Payers(Arc<Mutex<HashMap<Payer, usize>>>);

impl Payers {
    /// Held for moments only, never across an await.
    fn counts(&self) -> MutexGuard<'_, HashMap<Payer, usize>> {
        self.0.lock()
    }

    fn enter(&self, payer: &Payer, most: usize) -> Option<Counted> {
        let mut counts = self.counts();
        let is_full = counts.get(payer).copied().unwrap_or(0) >= most;
        (!is_full).then(|| self.add(&mut counts, payer))
    }

    fn count_in(&self, payer: &Payer) -> Counted {
        self.add(&mut self.counts(), payer)
    }

    fn add(&self, counts: &mut HashMap<Payer, usize>, payer: &Payer) -> Counted {
        *counts.entry(payer.clone()).or_default() += 1;
        Counted { payers: self.clone(), payer: payer.clone() }
    }
}

/// One job that counts for its payer, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    payers: Payers,
    payer: Payer,
}

impl Drop for Counted {
    fn drop(&mut self) {
        count_down(&mut self.payers.counts(), &self.payer);
    }
}
