//! Outgoing webhook deliveries, stored in the same commit as the event that causes them.

use super::Jobs;
use super::dispatch::{Permit, QueuedJob};
use super::webhooks::Webhook;
use crate::accounts::{Action, Actor};
use crate::model::{Job, JobId, Message, Principal, RoomRecord, Timestamp};
use crate::protocol::JobView;
use crate::store::{JobList, StoredJob};
use crate::text::Text;

/// Deliveries per webhook that may be queued or running in memory; further ones wait in the store only.
const MOST_OPEN: usize = 1000;

/// How long, in milliseconds.
const PAUSE: i64 = 60_000;

/// A delivery that is to be stored. One without a place waits for its time: more may happen than receivers keep up with, and
/// that must not fill the memory.
pub struct NewDelivery {
    job: Job,
    permit: Option<Permit>,
}

impl NewDelivery {
    /// What is to be stored.
    pub fn job(&self) -> &Job {
        &self.job
    }
}

impl Jobs {
    /// What a message causes, to be stored with it and then [begun](Jobs::begin_deliveries).
    pub fn deliveries_of_message(&self, room: &RoomRecord, message: &Message) -> Vec<NewDelivery> {
        self.webhooks.of_message(room, message).into_iter().map(|job| self.new_delivery(job)).collect()
    }

    /// What the end of a job causes.
    pub(super) async fn deliveries_of_job(&self, job: &Job) -> Vec<NewDelivery> {
        if self.webhooks.is_empty() {
            return Vec::new();
        }
        match self.room_of(job).await {
            Ok(Some(room)) => self.webhooks.of_job(&room, job).into_iter().map(|job| self.new_delivery(job)).collect(),
            Ok(None) => Vec::new(),
            Err(error) => {
                tracing::error!(code = error.code(), job = %job.id, "cannot tell webhooks of the job's end");
                Vec::new()
            }
        }
    }

    fn new_delivery(&self, job: Job) -> NewDelivery {
        match self.permit_for_delivery(&job) {
            Some(permit) => NewDelivery { job, permit: Some(permit) },
            None => NewDelivery { job: postponed(job), permit: None },
        }
    }

    pub(super) fn permit_for_delivery(&self, delivery: &Job) -> Option<Permit> {
        self.queue.reserve_beside(&delivery.payer(), MOST_OPEN)
    }

    /// Lets stored deliveries wait for a worker, or for their time. To be called in the callback of the commit that stored them.
    pub fn begin_deliveries(&self, deliveries: Vec<NewDelivery>, seq: u64) {
        for NewDelivery { job, permit } in deliveries {
            match permit {
                Some(permit) => {
                    let stored = StoredJob::new(job, seq);
                    self.queue.enqueue(vec![QueuedJob { stored, log: Vec::new(), permit, trace: None }]);
                }
                None => self.alarm.ring(),
            }
        }
    }

    /// The webhooks, each with its newest deliveries, the newest first, at most `limit`. For who manages hooks.
    pub async fn webhooks(&self, limit: usize, actor: &Actor) -> Result<Vec<(&Webhook, Vec<Job>)>, Text> {
        actor.may(Action::ManageHooks)?;
        let mut webhooks = Vec::new();
        for webhook in self.webhooks.iter() {
            let principal = Principal::webhook(&webhook.name);
            let deliveries = self.store.list_jobs(JobList::Of(&principal), None, limit, |_| true).await?;
            webhooks.push((webhook, deliveries.into_iter().map(|stored| stored.job).collect()));
        }
        Ok(webhooks)
    }

    /// A job that ended, as sent to receivers; `None` if it was restarted or deleted meanwhile.
    pub async fn ended_job(&self, id: &JobId) -> Result<Option<JobView>, Text> {
        let stored = self.store.job(id).await?.filter(|stored| stored.job.state.has_ended());
        Ok(stored.map(|stored| JobView::new(&stored.job, stored.seq, None, None)))
    }
}

/// The same delivery, a while later.
pub(super) fn postponed(delivery: Job) -> Job {
    let due_at = Timestamp(Timestamp::now().0 + PAUSE);
    delivery.scheduled(due_at)
}
