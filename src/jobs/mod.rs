//! The job engine: a job's whole life, from the commit that stores it to the one that ends it.
//!
//! It owns admission, the queue (`dispatch`), retries, schedules and their timetable, webhook deliveries, statistics and who
//! watches. Whatever changes in memory because of a change in the store happens in that commit's callback, so a caller that
//! goes away at any await loses nothing. Knows no room: what people in rooms are told goes through [`Announcer`].

mod admission;
mod announcer;
mod attempts;
mod control;
mod deliveries;
mod dispatch;
mod end;
mod outcome;
mod pausing;
mod policy;
mod rights;
mod schedules;
mod stats;
mod timetable;
mod views;
mod watchers;
mod webhooks;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::runtime::Handle as Runtime;
use tokio_util::task::TaskTracker;

pub use admission::{Admission, JobOrigin, QuietJob, Start};
pub use announcer::{Announcement, Announcer};
pub use control::{BulkAction, BulkOutcome, EndedWork};
pub use dispatch::{Concurrency, Counts, RunningJob};
pub use outcome::JobOutcome;
pub use pausing::EVERY_COMMAND;
pub use policy::{Lane, OnRestart, Policy, Priority, Retries};
pub use schedules::{Alteration, NewSchedule};
pub use stats::{Span, Stats};
pub use views::JobFilter;
pub use webhooks::{DELIVER, Delivery, Event, POLICY as DELIVERY_POLICY, Webhook, Webhooks};

use crate::accounts::{CommandRules, Standing};
use crate::budgets::Budgets;
use crate::groups::Broker;
use crate::model::{Job, JobId};
use crate::protocol::{JobView, JobsNow};
use crate::store::{JobCounts, ScheduleLimits, Store, StoreError};
use crate::text::Text;
use dispatch::{Dispatcher, JobQueue};
use policy::Policies;
use timetable::Alarm;
use watchers::Watchers;

/// How many jobs there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobSettings {
    /// Jobs that may wait in each lane.
    pub queue: usize,
    pub concurrency: Concurrency,
    /// Jobs that one payer may have waiting and running.
    pub per_person: usize,
    pub schedules: ScheduleLimits,
    /// How long a guest's recurring schedule lasts after the guest was here, in milliseconds.
    pub guest_schedule_ms: i64,
}

/// The job engine.
pub struct Jobs {
    store: Arc<Store>,
    queue: Arc<dyn JobQueue>,
    policies: Arc<Policies>,
    announcer: Arc<dyn Announcer>,
    watchers: Watchers,
    webhooks: Arc<Webhooks>,
    /// Wakes the timetable.
    alarm: Alarm,
    stats: Arc<Stats>,
    settings: JobSettings,
    rules: Arc<CommandRules>,
    standing: Arc<Standing>,
    budgets: Arc<Budgets>,
    runtime: Runtime,
    /// Changes that must come to their end although whoever asked for them has gone.
    tasks: TaskTracker,
}

impl Jobs {
    /// Needs a running runtime. `tasks` are waited for when the server stops.
    #[expect(clippy::too_many_arguments, reason = "the parts that it joins")]
    pub fn new(
        store: Arc<Store>,
        announcer: Arc<dyn Announcer>,
        webhooks: Arc<Webhooks>,
        settings: JobSettings,
        rules: Arc<CommandRules>,
        standing: Arc<Standing>,
        budgets: Arc<Budgets>,
        broker: Arc<dyn Broker>,
        tasks: TaskTracker,
    ) -> Arc<Self> {
        let (policies, stats) = (Arc::<Policies>::default(), Arc::<Stats>::default());
        let queue = Dispatcher::new(settings.queue, settings.concurrency, policies.clone(), stats.clone());
        Arc::new(Self {
            store,
            queue: Arc::new(queue),
            policies,
            announcer,
            watchers: Watchers::new(broker),
            webhooks,
            alarm: Alarm::default(),
            stats,
            settings,
            rules,
            standing,
            budgets,
            runtime: Runtime::current(),
            tasks,
        })
    }

    /// Replaces the policies of all commands.
    pub fn set_policies(&self, policies: HashMap<String, Policy>) {
        self.policies.replace(policies);
        self.queue.apply_policies();
    }

    /// The policy of a command; unknown commands use [`Policy::QUICK`].
    pub fn policy(&self, name: &str) -> Policy {
        self.policies.of(name)
    }

    /// A command's name in metrics: whatever was asked for, these are no more than there are commands.
    pub fn label<'a>(&self, name: &'a str) -> &'a str {
        if self.policies.find(name).is_some() { name } else { "other" }
    }

    /// By which it is known what somebody is now who asked for something earlier.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether a word is probably meant as a command: it is the name of one, or one typing error away from one.
    pub fn is_command(&self, word: &str) -> bool {
        self.policies.is_command(word)
    }

    /// Starts jobs that were delayed by a rate limit when it permits; runs until dropped.
    pub async fn keep_rates(&self) {
        self.queue.keep_rates().await;
    }

    /// How many jobs wait for a worker, and how many have one.
    pub fn counts(&self) -> Counts {
        self.queue.counts()
    }

    /// How many jobs are in each state that is not an end, and how many ended as dead. Reads many.
    pub async fn now(&self) -> Result<JobsNow, StoreError> {
        let (Counts { queued, running, .. }, JobCounts { scheduled, retrying, dead }) =
            (self.counts(), self.stats.stored(&self.store).await?);
        Ok(JobsNow { queued, running, scheduled, retrying, dead, workers: self.settings.concurrency.workers })
    }

    /// Statistics of the last day.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Stores what is counted once a minute, until it is dropped.
    pub async fn keep_stats(&self) {
        self.stats.keep(&self.store).await;
    }

    /// Stores what was counted since the last time.
    pub async fn save_stats(&self) {
        self.stats.save(&self.store).await;
    }

    /// Shows how a job stands, to whoever watches it and, unless it is quiet, where it was asked for.
    fn show(&self, job: &Job, view: &JobView) {
        self.watchers.publish(&self.standing.now(&job.principal), view);
        if !job.quiet {
            self.announcer.changed(job, view);
        }
    }

    /// Shows how a job stands that waits for a worker or has one.
    fn show_open(&self, id: &JobId) {
        if let Some((job, view)) = self.queue.get(id) {
            self.show(&job, &view);
        }
    }

    /// Shows how a job stands that does not: nothing is known of it but what is stored.
    fn show_stored(&self, job: &Job, seq: u64) {
        self.show(job, &JobView::new(job, seq, None, None));
    }

    /// Does what takes several commits and must not stop between them when whoever asked for it goes away.
    async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Text>> + Send + 'static,
    ) -> Result<T, Text> {
        self.tasks.spawn_on(work, &self.runtime).await.unwrap_or_else(|_| Err(Text::new("error-store_failed")))
    }
}

#[cfg(test)]
impl Jobs {
    /// An engine for tests of what stands above it: nobody hears of its jobs, and nothing runs them.
    pub fn for_tests(store: Arc<Store>) -> Arc<Self> {
        use crate::groups::LocalBroker;
        use crate::model::{Answer, MessageText};

        struct Nobody;

        #[async_trait::async_trait]
        impl Announcer for Nobody {
            async fn answer(&self, _: &Job, _: MessageText, _: Answer) -> Result<Announcement, Text> {
                Err(Text::new("error-not_found-room"))
            }
            fn changed(&self, _: &Job, _: &JobView) {}
            fn piece(&self, _: &Job, _: &str, _: u64) {}
        }

        let concurrency = Concurrency { workers: 2, per_person: 1, per_room: 1 };
        let settings = JobSettings {
            queue: 10,
            concurrency,
            per_person: 10,
            schedules: ScheduleLimits::for_tests(),
            guest_schedule_ms: 1000,
        };
        let tasks = TaskTracker::new();
        let broker = LocalBroker::new(tasks.clone());
        let (rules, standing) = (CommandRules::for_tests(store.clone()), Standing::for_tests(store.clone()));
        let budgets = Arc::new(Budgets::unlimited());
        Self::new(store, Arc::new(Nobody), Arc::default(), settings, rules, standing, budgets, broker, tasks)
    }
}

#[cfg(test)]
mod tests;
