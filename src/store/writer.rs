//! The one thread that writes: group commit, then every callback in commit order.
//!
//! Independent of what it writes. A single writer makes numbers gap-free and the order the same for all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::StoreError;
use super::engine::{Batch, Engine, EngineError, ErrorClass, MAX_VALUE, Outcome};
use crate::telemetry::{Operation, metrics, took};

/// Maximum number of batches per commit. Measured on ext4: beyond this, the sync no longer dominates.
const GROUP: usize = 512;

/// Capacity of the queue; further submissions wait.
const QUEUE: usize = 4 * GROUP;

/// Interval of checking the space.
const SPACE_CHECK: Duration = Duration::from_secs(1);

/// What a commit causes in memory. Called on the writer's thread once the outcome is durable, in commit order: it must be
/// quick and must neither block nor read the store. A callback that panics fails its own request and no other.
pub type OnCommit = Box<dyn FnOnce(Result<Outcome, StoreError>) + Send>;

/// Whether a write may be refused to keep some space free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteKind {
    /// Stores something new from outside.
    Growth,
    /// Ends, changes or removes something that is stored already.
    Maintenance,
}

struct Write {
    batch: Batch,
    kind: WriteKind,
    on_commit: OnCommit,
}

/// What the writer's thread shares with those who ask about it.
#[derive(Default)]
struct Health {
    failed: AtomicBool,
    callback_panics: AtomicU64,
}

/// Handle to the writer thread.
pub struct Writer {
    queue: flume::Sender<Write>,
    health: Arc<Health>,
}

impl Writer {
    /// Starts the thread. It ends, and closes the engine, when the writer is dropped; join it to wait for that. `has_space` says
    /// whether something new may be stored; `on_failure` is called when the engine fails finally, after which nothing is written any
    /// more.
    pub fn start(
        engine: Arc<dyn Engine>,
        has_space: impl Fn() -> bool + Send + 'static,
        on_failure: impl FnOnce(String) + Send + 'static,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, writes) = flume::bounded(QUEUE);
        let health = Arc::<Health>::default();
        let mut thread = WriterThread { engine, has_space: Box::new(has_space), space: None, health: health.clone() };
        let handle = std::thread::Builder::new().name("store-writer".into()).spawn(move || {
            // A panicked writer must not look like an idle one.
            let run = catch_unwind(AssertUnwindSafe(|| thread.run(&writes)));
            let run = run.unwrap_or_else(|_| Err("the writer panicked".into()));
            if let Err(reason) = run {
                thread.health.failed.store(true, Ordering::Relaxed);
                on_failure(reason);
                // Every caller that waits must hear of it; nothing else is left to do.
                for write in writes.iter() {
                    thread.health.call(write.on_commit, Err(StoreError::Failed));
                }
            }
        })?;
        Ok((Self { queue, health }, handle))
    }

    /// Hands a batch to the writer; waits while its queue is full. Dropped while it waits, nothing is written and the callback
    /// is dropped uncalled; afterwards both happen, whoever still waits for them. What would not fit the engine is refused
    /// here, so that it harms nobody else.
    pub async fn submit(&self, batch: Batch, kind: WriteKind, on_commit: OnCommit) {
        if batch.largest_value() > MAX_VALUE {
            tracing::error!(bytes = batch.largest_value(), "a record is too big to be stored");
            return self.health.call(on_commit, Err(StoreError::TooBig));
        }
        if let Err(flume::SendError(write)) = self.queue.send_async(Write { batch, kind, on_commit }).await {
            self.health.call(write.on_commit, Err(StoreError::Failed));
        }
    }

    /// As [`Writer::submit`]. Blocking; do not call from async code.
    pub fn submit_blocking(&self, batch: Batch, kind: WriteKind, on_commit: OnCommit) {
        if let Err(flume::SendError(write)) = self.queue.send(Write { batch, kind, on_commit }) {
            self.health.call(write.on_commit, Err(StoreError::Failed));
        }
    }

    /// Whether the engine failed; then nothing is written until the program is started again.
    pub fn has_failed(&self) -> bool {
        self.health.failed.load(Ordering::Relaxed)
    }

    /// How many batches wait.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// How many callbacks panicked since the start.
    pub fn callback_panics(&self) -> u64 {
        self.health.callback_panics.load(Ordering::Relaxed)
    }
}

impl Health {
    /// Calls a callback; its panic is its own.
    fn call(&self, on_commit: OnCommit, outcome: Result<Outcome, StoreError>) {
        if catch_unwind(AssertUnwindSafe(|| on_commit(outcome))).is_err() {
            self.callback_panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!("a commit's callback panicked; what it should have caused did not happen");
        }
    }
}

struct WriterThread {
    engine: Arc<dyn Engine>,
    has_space: Box<dyn Fn() -> bool + Send>,
    /// Time and result of the last check of the space.
    space: Option<(Instant, bool)>,
    health: Arc<Health>,
}

impl WriterThread {
    fn run(&mut self, writes: &flume::Receiver<Write>) -> Result<(), String> {
        let mut group = Vec::with_capacity(GROUP);
        while let Ok(first) = writes.recv() {
            group.push(first);
            group.extend(writes.try_iter().take(GROUP - 1));
            if !self.has_space() {
                self.refuse_growth(&mut group);
            }
            self.commit(&mut group)?;
        }
        self.engine.close().map_err(|error| error.to_string())
    }

    fn commit(&self, group: &mut Vec<Write>) -> Result<(), String> {
        if group.is_empty() {
            return Ok(());
        }
        let batches: Vec<&Batch> = group.iter().map(|write| &write.batch).collect();
        metrics().commit_batches.observe(batches.len() as f64);
        let began = Instant::now();
        // sled panics on some disk errors; these must be reported as failures.
        let committed = catch_unwind(AssertUnwindSafe(|| self.engine.commit(&batches)));
        let time = began.elapsed();
        metrics().commit_time.observe(time.as_secs_f64());
        took(Operation::Commit, time, format_args!("{} changes", batches.len()));
        match committed.unwrap_or_else(|_| Err(EngineError::Io("the storage engine panicked".into()))) {
            Ok(outcomes) => {
                for (write, outcome) in group.drain(..).zip(outcomes) {
                    self.health.call(write.on_commit, Ok(outcome));
                }
                Ok(())
            }
            Err(error) => self.fail(group, &error),
        }
    }

    /// Tells those whose batches were not written why; whether the writer can go on.
    fn fail(&self, group: &mut Vec<Write>, error: &EngineError) -> Result<(), String> {
        let is_final = error.class() == ErrorClass::Final;
        if is_final {
            // Before anybody hears of it.
            self.health.failed.store(true, Ordering::Relaxed);
        } else {
            tracing::warn!(%error, batches = group.len(), "nothing could be written for now");
        }
        for write in group.drain(..) {
            self.health.call(write.on_commit, Err(error.class().into()));
        }
        if is_final { Err(error.to_string()) } else { Ok(()) }
    }

    fn refuse_growth(&self, group: &mut Vec<Write>) {
        let (refused, kept): (Vec<_>, Vec<_>) =
            group.drain(..).partition(|write: &Write| write.kind == WriteKind::Growth);
        *group = kept;
        metrics().writes_refused.inc_by(refused.len() as u64);
        for write in refused {
            self.health.call(write.on_commit, Err(StoreError::Full));
        }
    }

    fn has_space(&mut self) -> bool {
        if let Some((at, enough)) = self.space
            && at.elapsed() < SPACE_CHECK
        {
            return enough;
        }
        let enough = (self.has_space)();
        self.space = Some((Instant::now(), enough));
        enough
    }
}
