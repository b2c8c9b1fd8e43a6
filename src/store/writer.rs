//! The one thread that writes: group commit, then every answer in commit order.
//!
//! Knows nothing of what it writes. That there is one writer is what makes numbers gap-free and order the same for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::StoreError;
use super::engine::{Batch, Engine, MAX_VALUE, Outcome};

/// Most batches in one commit. Measured on ext4: beyond this the sync is no longer what costs.
const GROUP: usize = 512;

/// Writes waiting for the writer; whoever comes later waits for a place.
const QUEUE: usize = 4 * GROUP;

/// How often the free space is looked at.
const SPACE_CHECK: Duration = Duration::from_secs(1);

/// Called on the writer's thread once the outcome is durable, in commit order: quick, and it must not block.
pub type Then = Box<dyn FnOnce(Result<Outcome, StoreError>) + Send>;

/// Whether a write may be refused to keep some space free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something new from outside.
    Growth,
    /// What ends or removes something that is there.
    Upkeep,
}

struct Write {
    batch: Batch,
    kind: Kind,
    then: Then,
}

/// The way to the writer's thread.
pub struct Writer {
    queue: flume::Sender<Write>,
    failed: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread. It ends, and closes the engine, when the writer is dropped; join it to wait for that.
    /// `min_free` is in bytes; `on_failure` is told when the engine fails, after which nothing is written any more.
    pub fn start(
        engine: Arc<dyn Engine>,
        min_free: u64,
        on_failure: impl FnOnce(String) + Send + 'static,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, writes) = flume::bounded(QUEUE);
        let failed = Arc::new(AtomicBool::new(false));
        let mut thread = WriterThread { engine, min_free, space: None, failed: failed.clone() };
        let handle = std::thread::Builder::new().name("store-writer".into()).spawn(move || {
            // A writer that broke must not look like one that has nothing to do.
            let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| thread.run(&writes)));
            let run = run.unwrap_or_else(|_| Err("the writer panicked".into()));
            if let Err(reason) = run {
                thread.failed.store(true, Ordering::Relaxed);
                on_failure(reason);
                // Whoever waits must hear of it; nothing else is left to do.
                for write in writes.iter() {
                    (write.then)(Err(StoreError::Failed));
                }
            }
        })?;
        Ok((Self { queue, failed }, handle))
    }

    /// Hands a batch to the writer; waits while its queue is full. What would not fit the engine is refused here, so that it
    /// harms nobody else.
    pub async fn submit(&self, batch: Batch, kind: Kind, then: Then) {
        if batch.largest_value() > MAX_VALUE {
            tracing::error!(bytes = batch.largest_value(), "a record is too big to be stored");
            return then(Err(StoreError::TooBig));
        }
        if let Err(flume::SendError(write)) = self.queue.send_async(Write { batch, kind, then }).await {
            (write.then)(Err(StoreError::Failed));
        }
    }

    /// As [`Writer::submit`], for a thread that may block.
    pub fn submit_blocking(&self, batch: Batch, kind: Kind, then: Then) {
        if let Err(flume::SendError(write)) = self.queue.send(Write { batch, kind, then }) {
            (write.then)(Err(StoreError::Failed));
        }
    }

    /// Whether the engine failed; then nothing is written until the program is started again.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

struct WriterThread {
    engine: Arc<dyn Engine>,
    min_free: u64,
    /// When the free space was last looked at, and whether it was enough.
    space: Option<(Instant, bool)>,
    failed: Arc<AtomicBool>,
}

impl WriterThread {
    fn run(&mut self, writes: &flume::Receiver<Write>) -> Result<(), String> {
        let mut group = Vec::with_capacity(GROUP);
        while let Ok(first) = writes.recv() {
            group.push(first);
            group.extend(writes.try_iter().take(GROUP - 1));
            if !self.has_space() {
                refuse_growth(&mut group);
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
        // sled panics on some failures of the disk; that must not look like a thread that simply went away.
        let committed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.engine.commit(&batches)));
        let failure = match committed {
            Ok(Ok(outcomes)) => {
                for (write, outcome) in group.drain(..).zip(outcomes) {
                    (write.then)(Ok(outcome));
                }
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the storage engine panicked".to_owned(),
        };
        self.failed.store(true, Ordering::Relaxed);
        for write in group.drain(..) {
            (write.then)(Err(StoreError::Failed));
        }
        Err(failure)
    }

    fn has_space(&mut self) -> bool {
        if let Some((at, enough)) = self.space
            && at.elapsed() < SPACE_CHECK
        {
            return enough;
        }
        let enough = self.engine.free_space().is_none_or(|free| free >= self.min_free);
        self.space = Some((Instant::now(), enough));
        enough
    }
}

fn refuse_growth(group: &mut Vec<Write>) {
    let (refused, kept) = group.drain(..).partition(|write: &Write| write.kind == Kind::Growth);
    *group = kept;
    for write in refused {
        (write.then)(Err(StoreError::Full));
    }
}
