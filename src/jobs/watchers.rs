//! Subscriptions to job changes in all rooms: the owner sees all jobs, others their own.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};

use super::Jobs;
use crate::accounts::{Action, Actor};
use crate::groups::{Audience, Broker, Group, Outbox, Progress, Publication, Subscription};
use crate::model::Principal;
use crate::protocol::{JobView, ServerFrame};

/// Whose jobs are watched.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Watched {
    Everybody,
    One(Principal),
}

impl Watched {
    /// The name of the group; a room's has no space.
    fn name(&self) -> String {
        match self {
            Self::Everybody => "jobs of everybody".into(),
            Self::One(principal) => format!("jobs of {principal}"),
        }
    }
}

/// Groups of watchers. A group exists as long as it has members.
pub(super) struct Watchers {
    groups: Mutex<HashMap<Watched, Weak<dyn Group>>>,
    broker: Arc<dyn Broker>,
}

impl Watchers {
    pub fn new(broker: Arc<dyn Broker>) -> Self {
        Self { groups: Mutex::default(), broker }
    }

    /// Held for moments only, never across an await.
    fn groups(&self) -> MutexGuard<'_, HashMap<Watched, Weak<dyn Group>>> {
        self.groups.lock()
    }

    fn watch(&self, watched: Watched, outbox: Arc<Outbox>) -> Subscription {
        let mut groups = self.groups();
        groups.retain(|_, group| group.strong_count() > 0);
        let group = groups.get(&watched).and_then(Weak::upgrade).unwrap_or_else(|| {
            let group = self.broker.open(&watched.name(), Progress::default());
            groups.insert(watched, Arc::downgrade(&group));
            group
        });
        group.subscribe(outbox)
    }

    /// Publishes a frame to all who watch this person's jobs.
    pub fn publish(&self, principal: &Principal, job: &JobView) {
        let groups = self.groups();
        if groups.is_empty() {
            return;
        }
        let frame = ServerFrame::Job { room: &job.room, job, watched: true }.encode();
        for watched in [Watched::Everybody, Watched::One(principal.clone())] {
            if let Some(group) = groups.get(&watched).and_then(Weak::upgrade) {
                let (frame, progress) = (frame.clone(), Progress::default());
                group.publish(Publication { frame, audience: Audience::Full, progress });
            }
        }
    }
}

impl Jobs {
    /// Every change of the jobs that this person may list reaches `outbox`, until the subscription is dropped.
    pub fn watch(&self, actor: &Actor, outbox: &Arc<Outbox>) -> Subscription {
        let watched = match actor.may(Action::SeeEveryJob) {
            Ok(()) => Watched::Everybody,
            Err(_) => Watched::One(actor.principal.clone()),
        };
        self.watchers.watch(watched, outbox.clone())
    }
}
