//! What the engine promises whatever happens at the same moment, and whoever goes away at whatever await.

use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::task::{ArcWake, waker};
use tokio::sync::Notify;

use super::*;
use crate::accounts::{Actor, CommandRules, Standing, Visitor};
use crate::budgets::Budgets;
use crate::groups::LocalBroker;
use crate::model::{
    Answer, AuthorKind, BotMode, Handle, JobRequest, JobState, Message, MessageText, MissedRuns, Principal, Reactions,
    Rhythm, Role, RoomName, RoomRecord, Schedule, SendId, Timestamp,
};
use crate::schedule::Zone;
use crate::store::faults::away;
use crate::store::{Closing, Counter, JobChange, NewMessage, Posted, RoomNumber, ScheduleChange, StoredJob};
use crate::text::Locale;

/// Answers in one room, and shows nothing.
struct OneRoom(RoomNumber);

#[async_trait]
impl Announcer for OneRoom {
    async fn answer(&self, ended: &Job, text: MessageText, answer: Answer) -> Result<Announcement, Text> {
        let message = message(text, Some(ended.id.clone()), Some(answer));
        Ok(Announcement { room: self.0, message, publish: Box::new(|_, _| ()) })
    }

    fn changed(&self, _: &Job, _: &JobView) {}

    fn piece(&self, _: &Job, _: &str, _: u64) {}
}

struct Engine {
    jobs: Arc<Jobs>,
    store: Arc<Store>,
    room: RoomNumber,
    owner: Actor,
    _closing: Closing,
}

impl Engine {
    async fn start() -> Self {
        let (store, closing) = Store::in_memory().expect("a store");
        Self::on(store, closing).await
    }

    async fn on(store: Arc<Store>, closing: Closing) -> Self {
        let record = RoomRecord::new(lobby(), BotMode::Mention, None);
        let room = store.create_room(record).await.expect("a room").0;
        let jobs = jobs_on(&store, room, TaskTracker::new());
        let owner = Actor::new(&Visitor::nobody(), None, Role::Owner, Locale::English);
        Self { jobs, store, room, owner, _closing: closing }
    }

    /// What another process on the same store would have.
    fn beside(&self) -> Arc<Jobs> {
        jobs_on(&self.store, self.room, self.jobs.tasks.clone())
    }

    /// Posts a command, as a conversation does.
    async fn post(&self, name: &str) -> Option<JobId> {
        let request = JobRequest { name: name.into(), arguments: "a secret".into() };
        let origin = JobOrigin::of(&self.owner, Some(lobby()));
        let admission = self.jobs.admit(request, origin, Start::default()).await.expect("admitted");
        let text = MessageText::new(format!("/{name} a secret"), 100).expect("a text");
        let message = message(text, Some(admission.id().clone()), None);
        let (new_jobs, id): (Vec<Job>, _) =
            (admission.new_job().cloned().into_iter().collect(), admission.id().clone());
        let (jobs, (done, stored)) = (self.jobs.clone(), tokio::sync::oneshot::channel());
        let on_commit = move |posted| {
            if let Ok(Posted::New(Counter { number: seq, .. })) = posted {
                jobs.begin_admitted(admission, seq);
            }
            drop(done.send(posted));
        };
        let new = NewMessage {
            room: self.room,
            message: &message,
            is_repeatable: false,
            temporary: None,
            jobs: &new_jobs,
            quota: None,
            held: None,
        };
        self.store.post(new, on_commit).await;
        matches!(stored.await, Ok(Ok(Posted::New(_)))).then_some(id)
    }

    async fn stored(&self, id: &JobId) -> Option<StoredJob> {
        self.store.job(id).await.expect("readable")
    }

    /// A job that failed, and may be begun again.
    async fn failed(&self, name: &str) -> JobId {
        let id = self.post(name).await.expect("stored");
        self.work().await;
        let stored = self.stored(&id).await.expect("stored");
        assert_eq!(stored.job.state, JobState::Failed);
        id
    }

    /// A job that waits for another attempt, which is due.
    async fn retrying(&self, name: &str) -> JobId {
        self.work().await;
        let running = self.running(name).await;
        self.jobs.retry_later(&running, "busy", "busy".into(), Duration::ZERO).await;
        running.stored.job.id
    }

    /// A job that a worker has begun; nothing else waits for one.
    async fn running(&self, name: &str) -> RunningJob {
        let id = self.post(name).await.expect("stored");
        let next = tokio::time::timeout(Duration::from_secs(20), self.jobs.next()).await;
        assert_eq!(next.expect("it is handed over").as_ref(), Some(&id), "{:?}", self.jobs.counts());
        self.jobs.begin(&id).expect("it waits")
    }

    /// A schedule that a job asked for.
    async fn schedule(&self, new: NewSchedule) -> Schedule {
        let id = self.post("every").await.expect("stored");
        let asked_by = self.stored(&id).await.expect("stored");
        let added = self.jobs.add_schedule(&asked_by.job, asked_by.seq, new).await;
        added.expect("added").expect("there is a place")
    }

    /// Does everything that waits for a worker: it fails.
    async fn work(&self) {
        self.work_for(&self.jobs).await;
    }

    async fn work_for(&self, jobs: &Arc<Jobs>) {
        while let Ok(Some(id)) = tokio::time::timeout(Duration::from_millis(1), jobs.next()).await {
            if let Some(running) = jobs.begin(&id) {
                let outcome = JobOutcome::failed(JobState::Failed, "broken", "it broke".into());
                jobs.end_running(running, outcome).await;
            }
            self.settle().await;
        }
    }

    /// Waits until nothing is under way any more.
    async fn settle(&self) {
        loop {
            self.jobs.tasks.close();
            self.jobs.tasks.wait().await;
            self.flush().await;
            self.jobs.tasks.reopen();
            if self.jobs.tasks.is_empty() {
                // A commit may have caused a task that is over by now; what that one wrote is to be durable, too.
                return self.flush().await;
            }
        }
    }

    async fn flush(&self) {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.flush()).await.expect("not cancelled").expect("durable");
    }

    /// The open jobs that are stored, once every index says what the records say.
    async fn audited(&self, what: &str) -> Vec<StoredJob> {
        self.settle().await;
        self.store.audit().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        self.store.open_jobs().await.unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// What is in memory is what is stored, and every index says what the records say.
    async fn assert_agrees(&self, what: &str) {
        let open = self.audited(what).await;
        for StoredJob { job, .. } in &open {
            assert!(self.jobs.queue.get(&job.id).is_some(), "{what}: no worker knows of {job:?}");
        }
        let in_memory = self.jobs.queue.of_room(&lobby(), 9);
        let Counts { queued, running, open: known } = self.jobs.counts();
        assert_eq!((known, queued + running), (open.len(), open.len()), "{what}: in memory are {in_memory:?}");
    }
}

fn jobs_on(store: &Arc<Store>, room: RoomNumber, tasks: TaskTracker) -> Arc<Jobs> {
    let concurrency = Concurrency { workers: 4, per_person: 4, per_room: 4 };
    let settings = JobSettings {
        queue: 100,
        concurrency,
        per_person: 100,
        schedules: ScheduleLimits::for_tests(),
        guest_schedule_ms: 1000,
    };
    let broker = LocalBroker::new(tasks.clone());
    let jobs = Jobs::new(
        store.clone(),
        Arc::new(OneRoom(room)),
        Arc::default(),
        settings,
        CommandRules::for_tests(store.clone()),
        Standing::for_tests(store.clone()),
        Arc::new(Budgets::unlimited()),
        broker,
        tasks,
    );
    let alone = Policy { is_unique: true, ..Policy::QUICK };
    let once = Policy { on_restart: OnRestart::Interrupt, ..Policy::QUICK };
    jobs.set_policies([("alone".to_owned(), alone), ("once".to_owned(), once)].into());
    jobs
}

fn lobby() -> RoomName {
    RoomName::public("lobby").expect("a name")
}

fn message(text: MessageText, job: Option<JobId>, answer: Option<Answer>) -> Message {
    let (id, handle, at) = (SendId::fresh(), Handle::new("Ann").expect("a handle"), Timestamp::now());
    let author = Principal::visitor(&handle.to_string());
    Message {
        id,
        author,
        handle,
        role: AuthorKind::User,
        author_role: Role::Guest,
        address: None,
        text,
        at,
        job,
        answer,
        reactions: Reactions::default(),
        deleted: false,
    }
}

fn every_minute() -> NewSchedule {
    NewSchedule {
        rhythm: Rhythm::Every("* * * * *".into()),
        first: Timestamp(Timestamp::now().0 + 3_600_000),
        zone: Zone::UTC,
        request: JobRequest { name: "echo".into(), arguments: "again".into() },
        missed: MissedRuns::Once,
    }
}

/// Notes that a future is to be polled again.
struct Woken(Notify);

impl ArcWake for Woken {
    fn wake_by_ref(woken: &Arc<Self>) {
        woken.0.notify_one();
    }
}

/// Polls a future so many times and drops it; `true` when it was over by then.
async fn drop_after<T>(polls: usize, future: impl Future<Output = T>) -> bool {
    let woken = Arc::new(Woken(Notify::new()));
    let waker = waker(woken.clone());
    let mut future = pin!(future);
    for _ in 0..polls {
        if future.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_ready() {
            return true;
        }
        woken.0.notified().await;
    }
    false
}

/// Drops what `action` does with a fresh job at its first, second, third … await, until it is over before; each time memory
/// and store agree afterwards.
async fn assert_drops_lose_nothing<F: Future>(what: &str, engine: &Engine, mut action: impl AsyncFnMut() -> F) {
    for polls in 0..50 {
        let future = action().await;
        let is_over = drop_after(polls, future).await;
        engine.assert_agrees(&format!("{what}, dropped after {polls} polls")).await;
        if is_over {
            return;
        }
        engine.work().await;
    }
    panic!("{what} is never over");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::async_yields_async, clippy::large_futures, reason = "the inner future is what is dropped")]
async fn a_future_dropped_at_any_await_loses_no_job() {
    let engine = &Engine::start().await;
    let jobs = &engine.jobs;
    assert_drops_lose_nothing("post", engine, async || async { engine.post("echo").await }).await;
    assert_drops_lose_nothing("start", engine, async || async {
        let request = JobRequest { name: "echo".into(), arguments: String::new() };
        jobs.start_quietly(jobs.quiet_job(request, JobOrigin::server(Locale::English))).await
    })
    .await;
    assert_drops_lose_nothing("cancel one that waits", engine, async || {
        let id = engine.post("echo").await.expect("stored");
        async move { jobs.cancel(&id, &engine.owner).await }
    })
    .await;
    assert_drops_lose_nothing("cancel one that is retrying", engine, async || {
        let id = engine.retrying("echo").await;
        async move { jobs.cancel(&id, &engine.owner).await }
    })
    .await;
    assert_drops_lose_nothing("retry one that failed", engine, async || {
        let id = engine.failed("alone").await;
        async move { jobs.retry(&id, &engine.owner).await }
    })
    .await;
    assert_drops_lose_nothing("retry one that waits for its time", engine, async || {
        let id = engine.retrying("echo").await;
        async move { jobs.retry(&id, &engine.owner).await }
    })
    .await;
    assert_drops_lose_nothing("promote", engine, async || {
        engine.retrying("echo").await;
        async move { jobs.begin_all_due().await.is_ok() }
    })
    .await;
    assert_drops_lose_nothing("add a schedule", engine, async || {
        let id = engine.post("every").await.expect("stored");
        let asked_by = engine.stored(&id).await.expect("stored");
        async move { jobs.add_schedule(&asked_by.job, asked_by.seq, every_minute()).await }
    })
    .await;
    for alteration in [Alteration::Pause, Alteration::Resume, Alteration::Delete] {
        assert_drops_lose_nothing("alter a schedule", engine, async || {
            let schedule = engine.schedule(every_minute()).await;
            if alteration == Alteration::Resume {
                jobs.alter_schedule(&schedule.id, Alteration::Pause).await.expect("paused");
            }
            async move { jobs.alter_schedule(&schedule.id, alteration).await }
        })
        .await;
    }
    assert_drops_lose_nothing("forget", engine, async || {
        let id = engine.failed("echo").await;
        async move { jobs.remove(&id, &engine.owner).await }
    })
    .await;
    assert_drops_lose_nothing("prune", engine, async || {
        engine.failed("echo").await;
        async move { jobs.prune(Duration::ZERO).await }
    })
    .await;
}

/// What a worker does with a job that it has.
#[derive(Clone, Copy, Debug)]
enum Step {
    NoteBegun,
    KeepLog,
    End,
    RetryLater,
    PutBack,
}

impl Step {
    async fn take(self, jobs: &Arc<Jobs>, running: RunningJob) {
        let id = &running.stored.job.id;
        match self {
            Self::NoteBegun => jobs.note_begun(&running).await,
            Self::KeepLog => jobs.keep_log(id).await,
            Self::End => jobs.end_running(running, JobOutcome::completed("done".into())).await,
            Self::RetryLater => jobs.retry_later(&running, "busy", "busy".into(), Duration::ZERO).await,
            Self::PutBack => jobs.put_back(&running).await.expect("put back"),
        }
    }
}

/// Takes a step with a fresh job until so many polls, then the process is gone and the next one takes over. `true` when the step
/// was over by then.
async fn take_over_after(step: Step, polls: usize) -> bool {
    let engine = Engine::start().await;
    let running = engine.running("echo").await;
    let (id, what) = (running.stored.job.id.clone(), format!("{step:?}, dropped after {polls} polls"));
    let is_over = drop_after(polls, Box::pin(step.take(&engine.jobs, running))).await;
    let next = engine.beside();
    next.resume(engine.audited(&what).await).await.expect("resumed");
    next.begin_all_due().await.expect("readable");
    engine.work_for(&next).await;
    assert_eq!(next.counts(), Counts { queued: 0, running: 0, open: 0 }, "{what}");
    assert!(engine.audited(&what).await.is_empty(), "{what}");
    let ended = engine.stored(&id).await.expect("stored");
    assert!(ended.job.state.has_ended(), "{what}: {ended:?}");
    assert_eq!(ended.answer, 2, "{what}: it is answered");
    assert_eq!(engine.store.last_seq(engine.room).await.expect("readable"), 2, "{what}: it is answered once");
    is_over
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_goes_away_at_any_await_leaves_a_job_that_ends_once() {
    for step in [Step::NoteBegun, Step::KeepLog, Step::End, Step::RetryLater, Step::PutBack] {
        let mut polls = 0;
        while !Box::pin(take_over_after(step, polls)).await {
            polls += 1;
            assert!(polls < 50, "{step:?} is never over");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_when_its_process_ended_waits_again_or_is_interrupted() {
    for (name, expected) in [("echo", JobState::Queued), ("once", JobState::Interrupted)] {
        let engine = Engine::start().await;
        let running = engine.running(name).await;
        engine.jobs.note_begun(&running).await;
        let next = engine.beside();
        next.resume(engine.audited(name).await).await.expect("resumed");
        let (job, _) = next.current(&running.stored.job.id).await.expect("known");
        assert_eq!((job.state, next.counts().open), (expected, usize::from(!expected.has_ended())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_a_job_to_another_process_cannot_end_it() {
    let engine = Engine::start().await;
    let late = engine.running("echo").await;
    let id = late.stored.job.id.clone();
    let next = engine.beside();
    next.resume(engine.audited("taken over").await).await.expect("resumed");
    assert_eq!(next.next().await.as_ref(), Some(&id));
    let running = next.begin(&id).expect("it waits");
    next.end_running(running, JobOutcome::completed("in time".into())).await;
    engine.settle().await;
    engine.jobs.end_running(late, JobOutcome::completed("too late".into())).await;
    engine.settle().await;
    let ended = engine.stored(&id).await.expect("stored");
    assert_eq!(ended.job.result.as_deref(), Some("in time"));
    assert_eq!(engine.store.last_seq(engine.room).await.expect("readable"), 2, "the question and one answer");
    engine.audited("ended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_timetables_fire_at_once_is_fired_once() {
    let engine = Engine::start().await;
    let both = [engine.jobs.clone(), engine.beside()];
    for round in 0..100 {
        let (id, schedule) = match round % 2 {
            0 => (engine.retrying("echo").await, None),
            _ => {
                let first = Timestamp(Timestamp::now().0 - 1000);
                let yearly = Rhythm::Every("0 0 1 1 *".into());
                let schedule = engine.schedule(NewSchedule { rhythm: yearly, first, ..every_minute() }).await;
                engine.work().await;
                (schedule.next.expect("a run").job, Some(schedule.id))
            }
        };
        let firing = both.clone().map(|jobs| tokio::spawn(async move { jobs.begin_all_due().await.map(drop) }));
        for fired in firing {
            fired.await.expect("not cancelled").expect("readable");
        }
        let open = engine.audited(&format!("round {round}")).await;
        assert_eq!(open.iter().map(|stored| &stored.job.id).collect::<Vec<_>>(), [&id], "round {round}");
        let has_it = both.iter().filter(|jobs| jobs.queue.get(&id).is_some()).count();
        let known: usize = both.iter().map(|jobs| jobs.counts().open).sum();
        assert_eq!((has_it, known), (1, 1), "round {round}");
        for jobs in &both {
            engine.work_for(jobs).await;
        }
        if let Some(schedule) = schedule {
            let stored = engine.store.schedule(&schedule).await.expect("readable").expect("stored");
            assert!(stored.schedule.next.is_some_and(|next| next.job != id), "round {round}: it has one next run");
            engine.jobs.alter_schedule(&schedule, Alteration::Delete).await.expect("deleted");
        }
    }
}

/// Deletes the message that asked for a job.
async fn delete_question(engine: &Engine, id: &JobId) {
    if let Some(stored) = engine.stored(id).await {
        let deleted = engine.store.delete_message(engine.room, stored.seq, |_| ()).await;
        assert!(deleted.is_ok(), "{deleted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn races_end_in_a_legal_state() {
    let engine = &Engine::start().await;
    let jobs = &engine.jobs;
    for round in 0..1000 {
        let id = match round % 4 {
            0 => engine.post("echo").await.expect("stored"),
            1 => engine.failed("alone").await,
            2 => engine.retrying("alone").await,
            _ => engine.failed("echo").await,
        };
        let is_forgotten = round % 3 == 0;
        tokio::join!(
            async { drop(jobs.cancel(&id, &engine.owner).await) },
            async { drop(jobs.retry(&id, &engine.owner).await) },
            async { drop(jobs.begin_all_due().await) },
            delete_question(engine, &id),
            async {
                if is_forgotten {
                    drop(jobs.remove(&id, &engine.owner).await);
                }
            },
            async {
                jobs.prune(Duration::ZERO).await.expect("pruned");
            },
        );
        engine.assert_agrees(&format!("round {round}")).await;
        engine.work().await;
        if let Some(stored) = engine.stored(&id).await {
            assert!(stored.job.arguments.is_empty() || !stored.job.state.has_ended(), "round {round}: it was deleted");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_that_are_added_together_get_numbers_of_their_own_up_to_the_limit() {
    let engine = &Engine::start().await;
    let mut asked = Vec::new();
    for _ in 0..40 {
        let id = engine.post("every").await.expect("stored");
        asked.push(engine.stored(&id).await.expect("stored"));
    }
    let adding = asked.iter().map(|stored| engine.jobs.add_schedule(&stored.job, stored.seq, every_minute()));
    let added = futures_util::future::join_all(adding).await;
    let mut numbers: Vec<u32> = added.into_iter().filter_map(|added| Some(added.ok()??.number)).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    engine.assert_agrees("added").await;
    let again = engine.jobs.add_schedule(&asked[0].job, asked[0].seq, every_minute()).await;
    let again = again.expect("added").expect("there is a place");
    assert!((1..=40).contains(&again.number), "the same is not added twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_ask_for_the_same_at_once_one_gets_the_job() {
    let engine = &Engine::start().await;
    let posted = futures_util::future::join_all((0..50).map(|_| engine.post("alone"))).await;
    let ids: std::collections::BTreeSet<_> = posted.into_iter().flatten().collect();
    assert_eq!(ids.len(), 1, "all that were stored name the same job");
    engine.assert_agrees("posted").await;
}

#[tokio::test]
async fn a_callback_that_panics_fails_its_own_request_alone() {
    let engine = Engine::start().await;
    let id = engine.post("echo").await.expect("stored");
    let stored = engine.stored(&id).await.expect("stored");
    let change = || JobChange { from: &stored, to: &stored.job, log: &[], schedule: None };
    let broken = engine.store.change_job(change(), || panic!("as it must not")).await;
    assert!(broken.is_err(), "{broken:?}");
    assert_eq!(engine.store.change_job(change(), || ()).await, Ok(true));
    assert_eq!(engine.store.callback_panics(), 1);
    assert!(!engine.store.has_failed());
}

#[tokio::test]
async fn what_happens_to_a_job_is_stored_when_the_store_is_back() {
    let (store, closing, faults) = Store::with_faults(|reason| panic!("{reason}")).expect("a store");
    let engine = Engine::on(store, closing).await;
    let running = async || {
        let id = engine.post("echo").await.expect("stored");
        assert_eq!(engine.jobs.next().await.as_ref(), Some(&id));
        (engine.jobs.begin(&id).expect("it waits"), id)
    };
    let is_stored = async |id: &JobId, state: JobState| {
        while engine.stored(id).await.expect("stored").job.state != state {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };

    let (job, id) = running().await;
    faults.fail_commit(away);
    faults.fail_commit(away);
    let outcome = JobOutcome::failed(JobState::Failed, "broken", "it broke".into());
    engine.jobs.end_running(job, outcome).await;
    is_stored(&id, JobState::Failed).await;
    engine.assert_agrees("ended").await;

    let (job, id) = running().await;
    faults.fail_commit(away);
    engine.jobs.retry_later(&job, "busy", "busy".into(), Duration::ZERO).await;
    is_stored(&id, JobState::Retrying).await;
    engine.assert_agrees("waits again").await;

    faults.fail_commit(away);
    assert!(engine.post("echo").await.is_none(), "nobody waits for that, and it is told");
    assert!(!engine.store.has_failed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guests_recurring_schedule_ends_unless_the_guest_comes_back() {
    let engine = Engine::start().await;
    let id = engine.post("every").await.expect("stored");
    let asked_by = engine.stored(&id).await.expect("stored");
    let by_guest = Job { role: Role::Guest, ..asked_by.job };
    // The run after it is years away.
    let rhythm = Rhythm::Every("0 0 29 2 *".into());
    let due_now = NewSchedule { rhythm, first: Timestamp::now(), ..every_minute() };
    let planned = engine.jobs.add_schedule(&by_guest, asked_by.seq, due_now).await.expect("added").expect("a place");
    let expiry = async || {
        let stored = engine.store.schedule(&planned.id).await.expect("readable");
        stored.and_then(|stored| stored.schedule.expires_at)
    };
    // A part of the term has passed.
    let from = engine.store.schedule(&planned.id).await.expect("readable").expect("stored");
    let until = Timestamp(from.schedule.expires_at.expect("a guest's schedule has an end").0 - 500);
    let sooner = Schedule { expires_at: Some(until), ..from.schedule.clone() };
    let change = ScheduleChange { from, to: Some(sooner), run: None };
    assert_eq!(engine.store.change_schedule(&change, None, || ()).await, Ok(true));
    engine.jobs.prolong(&planned.principal).await.expect("prolonged");
    assert!(expiry().await.expect("it goes on") > until);
    // The next run lies beyond the term of this engine's guests.
    engine.jobs.begin_all_due().await.expect("begun");
    let stored = engine.store.schedule(&planned.id).await.expect("readable");
    assert!(stored.is_none(), "the guest was not here again");
}
