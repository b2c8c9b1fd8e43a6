//! The bounded way from the rooms to the workers: the only home of `flume` beside the store's writer.
//!
//! Two lanes, so that long work never stands in front of short: some workers serve the quick lane only.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::model::JobId;

/// How long a command's jobs usually take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Answers from what is in memory.
    Quick,
    /// Waits for something: a network, a clock.
    Slow,
}

/// A place in the queue, taken before the job is stored, so that a stored job never finds the queue full.
/// Given back when a worker takes the job, or when it is dropped.
#[must_use]
#[derive(Debug)]
pub struct Slot(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// Jobs that wait for a worker.
///
/// Full means no slot, at once; each lane has its own, so that much long work does not shut out the short. Within a lane,
/// first come is first served.
pub struct JobQueue {
    quick: LaneQueue,
    slow: LaneQueue,
    turn: Mutex<()>,
}

struct LaneQueue {
    slots: Arc<Semaphore>,
    sender: flume::Sender<(JobId, Slot)>,
    receiver: flume::Receiver<(JobId, Slot)>,
}

impl LaneQueue {
    fn new(capacity: usize) -> Self {
        let (sender, receiver) = flume::bounded(capacity);
        Self { slots: Arc::new(Semaphore::new(capacity)), sender, receiver }
    }

    fn push(&self, id: JobId, slot: Slot) {
        // Never full: there are as many slots as places. Never closed: the receivers live here.
        let pushed = self.sender.try_send((id, slot));
        debug_assert!(pushed.is_ok(), "a slot is a place");
    }

    /// Takes one job out; the others keep their order.
    fn remove(&self, id: &JobId) {
        let waiting: Vec<_> = self.receiver.drain().collect();
        for (other, slot) in waiting.into_iter().filter(|(other, _)| other != id) {
            self.push(other, slot);
        }
    }
}

impl JobQueue {
    /// `capacity` jobs may wait in each lane.
    pub fn new(capacity: usize) -> Self {
        Self { quick: LaneQueue::new(capacity), slow: LaneQueue::new(capacity), turn: Mutex::default() }
    }

    /// A place, or `None` when the lane is full.
    pub fn reserve(&self, lane: Lane) -> Option<Slot> {
        self.lane(lane).slots.clone().try_acquire_owned().ok().map(Slot)
    }

    /// A place, as soon as there is one: for jobs that are stored already, at start.
    pub async fn wait_for_slot(&self, lane: Lane) -> Option<Slot> {
        self.lane(lane).slots.clone().acquire_owned().await.ok().map(Slot)
    }

    fn lane(&self, lane: Lane) -> &LaneQueue {
        match lane {
            Lane::Quick => &self.quick,
            Lane::Slow => &self.slow,
        }
    }

    /// Queues a job on its place.
    pub fn push(&self, id: JobId, lane: Lane, slot: Slot) {
        let _turn = self.turn();
        self.lane(lane).push(id, slot);
    }

    /// Takes a job out that is not to be done any more, and gives its place back.
    pub fn remove(&self, id: &JobId, lane: Lane) {
        let _turn = self.turn();
        self.lane(lane).remove(id);
    }

    /// Held for moments only, so that a job pushed meanwhile does not get ahead of those being put back.
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job for a worker that serves only the quick lane.
    pub async fn next_quick(&self) -> Option<JobId> {
        self.quick.receiver.recv_async().await.ok().map(|(id, _)| id)
    }

    /// The next job for a worker that serves both lanes; quick ones first.
    pub async fn next(&self) -> Option<JobId> {
        let taken = tokio::select! {
            biased;
            taken = self.quick.receiver.recv_async() => taken,
            taken = self.slow.receiver.recv_async() => taken,
        };
        taken.ok().map(|(id, _)| id)
    }

    /// Jobs that wait.
    pub fn waiting(&self) -> usize {
        self.quick.receiver.len() + self.slow.receiver.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_lane_has_no_slot_until_a_worker_takes_a_job() {
        let queue = JobQueue::new(2);
        for _ in 0..2 {
            queue.push(JobId::fresh(), Lane::Slow, queue.reserve(Lane::Slow).expect("room for two"));
        }
        assert!(queue.reserve(Lane::Slow).is_none());
        assert!(queue.reserve(Lane::Quick).is_some());
        assert!(queue.next().await.is_some());
        assert!(queue.reserve(Lane::Slow).is_some());
    }

    #[tokio::test]
    async fn quick_jobs_pass_slow_ones() {
        let queue = JobQueue::new(3);
        let ids: Vec<_> = (0..3).map(|_| JobId::fresh()).collect();
        for (id, lane) in ids.iter().zip([Lane::Slow, Lane::Slow, Lane::Quick]) {
            queue.push(id.clone(), lane, queue.reserve(lane).expect("a slot"));
        }
        assert_eq!(queue.next().await, Some(ids[2].clone()));
        assert_eq!(queue.next().await, Some(ids[0].clone()));
        assert_eq!(queue.next().await, Some(ids[1].clone()));
    }

    #[tokio::test]
    async fn a_removed_job_gives_its_place_back_and_the_others_keep_theirs() {
        let queue = JobQueue::new(3);
        let ids: Vec<_> = (0..3).map(|_| JobId::fresh()).collect();
        for id in &ids {
            queue.push(id.clone(), Lane::Slow, queue.reserve(Lane::Slow).expect("a slot"));
        }
        queue.remove(&ids[1], Lane::Slow);
        assert!(queue.reserve(Lane::Slow).is_some());
        assert_eq!(queue.next().await, Some(ids[0].clone()));
        assert_eq!(queue.next().await, Some(ids[2].clone()));
        assert_eq!(queue.waiting(), 0);
    }
}
