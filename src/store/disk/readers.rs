//! Threads that read: whoever waits for the disk holds up none of those who serve people.
//!
//! They are the store's own, and not those of [`threads::blocking`](crate::threads::blocking): work that runs there waits for
//! reads, and would wait for itself if it had taken all of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::io_error;
use crate::store::engine::EngineError;
use crate::threads;

/// How many: more reads at a time hardly make a disk faster.
const THREADS: usize = 4;

/// Reads that wait for a thread; further ones wait until there is room.
const QUEUE: usize = 64;

type Work = Box<dyn FnOnce() + Send>;

/// The threads.
pub(super) struct Readers {
    /// Given up at the end, so that the threads end.
    queue: Option<flume::Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub fn start() -> Result<Self, EngineError> {
        let (queue, work) = flume::bounded::<Work>(QUEUE);
        let start = |_| {
            let work = work.clone();
            threads::start("store-reader", move || work.iter().for_each(|work| work()))
        };
        let threads = (0..THREADS).map(start).collect::<Result<_, _>>().map_err(|error| io_error(&error))?;
        Ok(Self { queue: Some(queue), threads })
    }

    /// Reads on one of the threads; not at all if nobody waits for it any more by then.
    pub async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (answer, result) = oneshot::channel();
        let work = move || {
            if !answer.is_closed() {
                // sled panics on some disk errors. Without an answer, whoever waits is told below.
                let read = catch_unwind(AssertUnwindSafe(read));
                let _ = read.map(|read| answer.send(read));
            }
        };
        if let Some(queue) = &self.queue {
            // Fails when the threads have ended, and drops the work with its answer.
            let _ = queue.send_async(Box::new(work)).await;
        }
        result.await.unwrap_or_else(|_| Err(EngineError::Io("a read did not come to its end".into())))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A panic is logged where it happens.
            let _ = thread.join();
        }
    }
}
