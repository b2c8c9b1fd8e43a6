//! Threads that run the model. They start on demand and end, releasing the model's memory, after some minutes without work.
//!
//! Questions and passages have separate threads, so that questions never wait for passages; passages run at a lower priority.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use rten::ThreadPool;
use tokio::sync::oneshot;

use super::model::BuiltIn;
use super::{EmbedError, Embedded, Role};
use crate::{memory, threads};

/// How long the idle model stays loaded. Loading takes only a tenth of a second, so the aim is to save memory.
const REST: Duration = Duration::from_secs(300);

/// Capacity of the queue of questions: at about 20 ms each, the last one is still answered within a second.
const WAITING: usize = 32;

/// Niceness of the thread for passages: it gets a quarter of the CPU time of other threads under contention.
#[cfg(target_os = "linux")]
const LOWERED: i32 = 10;

/// Both threads and the model that they share.
pub struct Lanes {
    questions: Lane,
    passages: Lane,
    /// Allows one batch of passages at a time; others wait in their callers.
    batch: tokio::sync::Semaphore,
}

impl Default for Lanes {
    fn default() -> Self {
        Self::resting_after(REST)
    }
}

impl Lanes {
    fn resting_after(rest: Duration) -> Self {
        let model = Arc::new(Mutex::new(Weak::new()));
        let lane = |role| Lane { role, rest, model: model.clone(), queue: Arc::default() };
        Self { questions: lane(Role::Question), passages: lane(Role::Passage), batch: tokio::sync::Semaphore::new(1) }
    }

    pub async fn question(&self, text: String) -> Result<Embedded, EmbedError> {
        let vectors = self.questions.embed(vec![text]).await?;
        vectors.into_iter().next().ok_or(EmbedError::Stopped)
    }

    pub async fn passages(&self, texts: Vec<String>) -> Result<Vec<Embedded>, EmbedError> {
        let _turn = self.batch.acquire().await.map_err(|_| EmbedError::Stopped)?;
        self.passages.embed(texts).await
    }

    /// Whether the model is in memory.
    #[cfg(test)]
    fn is_loaded(&self) -> bool {
        self.questions.model.lock().strong_count() > 0
    }
}

struct Task {
    texts: Vec<String>,
    reply: oneshot::Sender<Result<Vec<Embedded>, EmbedError>>,
}

/// Sender to a thread; empty while none is running.
type Queue = Mutex<Option<SyncSender<Task>>>;

struct Lane {
    role: Role,
    rest: Duration,
    model: Arc<Mutex<Weak<BuiltIn>>>,
    queue: Arc<Queue>,
}

impl Lane {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Embedded>, EmbedError> {
        let (reply, vectors) = oneshot::channel();
        self.send(Task { texts, reply })?;
        vectors.await.map_err(|_| EmbedError::Stopped)?
    }

    /// Sends a task to the thread, starting one if none is running.
    fn send(&self, mut task: Task) -> Result<(), EmbedError> {
        let mut queue = self.queue.lock();
        if let Some(sender) = queue.as_ref() {
            match sender.try_send(task) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(_)) => return Err(EmbedError::Busy),
                Err(TrySendError::Disconnected(unsent)) => task = unsent,
            }
        }
        let (sender, tasks) = sync_channel(WAITING);
        // Cannot fail: the queue is new and empty, and its receiver exists.
        let _ = sender.try_send(task);
        *queue = Some(sender);
        let worker = Worker { role: self.role, rest: self.rest, tasks, queue: Arc::downgrade(&self.queue) };
        let model = self.model.clone();
        let name = match self.role {
            Role::Question => "embed-questions",
            Role::Passage => "embed-passages",
        };
        let started = threads::start(name, move || worker.run(&model));
        started.map(|_| ()).map_err(|error| EmbedError::Model(error.to_string()))
    }
}

/// The thread of a lane.
struct Worker {
    role: Role,
    rest: Duration,
    tasks: Receiver<Task>,
    queue: Weak<Queue>,
}

impl Worker {
    fn run(self, model: &Mutex<Weak<BuiltIn>>) {
        match shared(model) {
            Ok(model) => self.work(&model),
            Err(error) => self.refuse(error),
        }
        memory::give_back();
    }

    /// Runs until there has been no work for a while.
    fn work(&self, model: &BuiltIn) {
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        if self.role == Role::Passage {
            pool.run(lower_priority);
        }
        loop {
            match self.tasks.recv_timeout(self.rest) {
                Ok(task) => answer(task, |text| model.embed(text, self.role, &pool)),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if self.retire() => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Removes the sender to this thread, unless a task arrived at the last moment.
    fn retire(&self) -> bool {
        let Some(queue) = self.queue.upgrade() else { return true };
        let mut queue = queue.lock();
        match self.tasks.try_recv() {
            Ok(task) => {
                // Nobody can send while the lock is held, so there is room for the task that was just taken out.
                let _ = queue.as_ref().map(|queue| queue.try_send(task));
                false
            }
            Err(_) => {
                *queue = None;
                true
            }
        }
    }

    /// Fails all waiting tasks with the same error; the next task tries again.
    fn refuse(&self, error: EmbedError) {
        tracing::error!(%error, "the embedding model cannot be loaded");
        let queue = self.queue.upgrade();
        let mut queue = queue.as_deref().map(Mutex::lock);
        if let Some(queue) = queue.as_deref_mut() {
            *queue = None;
        }
        for task in self.tasks.try_iter() {
            let _ = task.reply.send(Err(error.clone()));
        }
    }
}

/// Embeds a task's texts; stops early if the receiver is gone.
fn answer(task: Task, embed: impl Fn(&str) -> Result<Embedded, EmbedError>) {
    let mut vectors = Vec::with_capacity(task.texts.len());
    for text in &task.texts {
        if task.reply.is_closed() {
            return;
        }
        match embed(text) {
            Ok(vector) => vectors.push(vector),
            Err(error) => {
                let _ = task.reply.send(Err(error));
                return;
            }
        }
    }
    let _ = task.reply.send(Ok(vectors));
}

/// The model; loads it unless the other lane has done so.
fn shared(model: &Mutex<Weak<BuiltIn>>) -> Result<Arc<BuiltIn>, EmbedError> {
    let mut model = model.lock();
    if let Some(loaded) = model.upgrade() {
        return Ok(loaded);
    }
    let loaded = Arc::new(BuiltIn::load()?);
    *model = Arc::downgrade(&loaded);
    Ok(loaded)
}

#[cfg(target_os = "linux")]
fn lower_priority() {
    // On Linux, niceness is per thread.
    if let Err(error) = rustix::process::setpriority_process(None, LOWERED) {
        tracing::warn!(%error, "passages are embedded at full priority");
    }
}

/// Elsewhere, it is per process.
#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_model_is_loaded_when_first_asked_and_given_back_after_a_rest() {
        let lanes = Lanes::resting_after(Duration::from_millis(20));
        assert!(!lanes.is_loaded(), "before the first question");
        let first = lanes.question("how long does delivery take".into()).await.expect("a vector");
        let gone = async {
            while lanes.is_loaded() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("the model to be given back");
        let again = lanes.question("how long does delivery take".into()).await.expect("a vector");
        assert_eq!(again, first, "loaded anew");
    }

    #[tokio::test]
    async fn a_question_is_answered_while_passages_are_embedded() {
        let lanes = Arc::new(Lanes::default());
        let long = "Parcels are delivered within three working days. ".repeat(40);
        let many = tokio::spawn({
            let (lanes, texts) = (lanes.clone(), vec![long; 200]);
            async move { lanes.passages(texts).await }
        });
        while lanes.passages.queue.lock().is_none() {
            tokio::task::yield_now().await;
        }
        lanes.question("how long does delivery take".into()).await.expect("a vector");
        assert!(!many.is_finished(), "the question did not wait for the passages");
        many.abort();
    }
}
