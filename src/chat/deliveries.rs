//! Telling programs outside what happens here: deliveries are stored together with what causes them.

use super::Chat;
use crate::jobs::Waiter;
use crate::model::{Job, JobId, Message, RoomName, Timestamp};
use crate::protocol::JobView;
use crate::text::Text;

/// Deliveries to one address that may wait or run; further ones wait in the store alone.
const MOST_OPEN: usize = 1000;

/// How long, in milliseconds.
const PAUSE: i64 = 60_000;

impl Chat {
    /// What a message causes, to be stored with it.
    pub(super) fn deliveries_of_message(&self, room: &RoomName, message: &Message) -> Vec<Job> {
        self.within_bounds(self.webhooks.of_message(room, message))
    }

    /// What the end of a job causes, to be stored with it.
    pub(super) fn deliveries_of_job(&self, job: &Job) -> Vec<Job> {
        self.within_bounds(self.webhooks.of_job(job))
    }

    /// More may happen than receivers keep up with: that must not fill the memory.
    fn within_bounds(&self, deliveries: Vec<Job>) -> Vec<Job> {
        let bounded = |delivery| if self.has_place_for(&delivery) { delivery } else { postponed(delivery) };
        deliveries.into_iter().map(bounded).collect()
    }

    pub(super) fn has_place_for(&self, delivery: &Job) -> bool {
        self.jobs.count_of(&delivery.person) < MOST_OPEN
    }

    /// Lets stored deliveries wait for a worker, or for their time. They take no place among the waiting jobs of people.
    pub(super) fn begin_deliveries(&self, deliveries: Vec<Job>, seq: u64) {
        let (open, later): (Vec<_>, Vec<_>) = deliveries.into_iter().partition(|delivery| delivery.state.is_open());
        if !open.is_empty() {
            self.jobs.enqueue(open.into_iter().map(|job| Waiter { job, seq, log: Vec::new(), slot: None }));
        }
        if !later.is_empty() {
            self.alarm.ring();
        }
    }

    /// A job that ended, as receivers are told of it; `None` when it was begun again or forgotten meanwhile.
    pub fn ended_job(&self, id: &JobId) -> Result<Option<JobView>, Text> {
        let stored = self.store.job(id)?.filter(|stored| stored.job.state.has_ended());
        Ok(stored.map(|stored| JobView::new(&stored.job, stored.seq, None, None)))
    }
}

/// The same delivery, a while later.
pub(super) fn postponed(delivery: Job) -> Job {
    let due_at = Timestamp(Timestamp::now().0 + PAUSE);
    delivery.scheduled(due_at)
}
