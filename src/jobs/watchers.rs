//! Subscriptions to job changes in all rooms: the owner sees all jobs, others their own.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle as Runtime;
use tokio_util::task::TaskTracker;

use super::Jobs;
use crate::accounts::{Action, Actor};
use crate::groups::{Audience, Group, Outbox, Progress, Publication, Subscription};
use crate::model::Principal;
use crate::protocol::{JobView, ServerFrame};

/// Whose jobs are watched.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Watched {
    Everybody,
    One(Principal),
}

/// Groups of watchers. A group exists as long as it has members.
pub(super) struct Watchers {
    groups: Mutex<HashMap<Watched, Weak<Group>>>,
    deliveries: TaskTracker,
}

impl Watchers {
    pub fn new(deliveries: TaskTracker) -> Self {
        Self { groups: Mutex::default(), deliveries }
    }

    /// Held for moments only, never across an await.
    fn groups(&self) -> MutexGuard<'_, HashMap<Watched, Weak<Group>>> {
        self.groups.lock()
    }

    fn watch(&self, watched: Watched, outbox: Arc<Outbox>) -> Subscription {
        let mut groups = self.groups();
        groups.retain(|_, group| group.strong_count() > 0);
        let group = groups.get(&watched).and_then(Weak::upgrade).unwrap_or_else(|| {
            let group = Arc::new(Group::new(Progress::default(), self.deliveries.clone()));
            groups.insert(watched, Arc::downgrade(&group));
            group
        });
        group.subscribe(outbox)
    }

    /// Publishes a frame to all who watch this person's jobs.
    pub fn publish(&self, principal: &Principal, job: &JobView, runtime: &Runtime) {
        let groups = self.groups();
        if groups.is_empty() {
            return;
        }
        let frame = ServerFrame::Job { room: &job.room, job, watched: true }.encode();
        for watched in [Watched::Everybody, Watched::One(principal.clone())] {
            if let Some(group) = groups.get(&watched).and_then(Weak::upgrade) {
                let (frame, progress) = (frame.clone(), Progress::default());
                group.publish(Publication { frame, audience: Audience::Full, progress }, runtime);
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
