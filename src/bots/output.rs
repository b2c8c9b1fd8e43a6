//! Output of a job while it runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;

use crate::chat::Chat;
use crate::jobs::Jobs;
use crate::model::Job;
use crate::text::Text;

/// Minimum interval between two progress updates of a job.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Minimum interval between two writes of a running job's log to the store.
const KEEP_LOG_EVERY: Duration = Duration::from_secs(2);

/// Through this a job reports before its answer.
pub struct Output {
    jobs: Arc<Jobs>,
    chat: Arc<Chat>,
    job: Job,
    progress: Every,
    /// Progress that came too soon after the last, and is told in a moment.
    untold: Arc<Mutex<Option<Progress>>>,
    telling: Mutex<Option<AbortOnDropHandle<()>>>,
    log: Every,
}

/// Percent, and words.
type Progress = (Option<u8>, Option<String>);

impl Output {
    pub(super) fn new(jobs: Arc<Jobs>, chat: Arc<Chat>, job: Job) -> Self {
        let (progress, log) = (Every::new(PROGRESS_EVERY), Every::new(KEEP_LOG_EVERY));
        Self { jobs, chat, job, progress, untold: Arc::default(), telling: Mutex::default(), log }
    }

    /// Reports progress: `percent` is 0 to 100, `None` if unknown; `words` are in the asker's language. Of updates that come too
    /// fast to be read the last one is told.
    pub fn progress(&self, percent: Option<u8>, words: Option<String>) {
        if self.progress.is_due() {
            *self.untold.lock() = None;
            return self.jobs.progress(&self.job.id, percent, words);
        }
        let is_waiting = self.untold.lock().replace((percent, words)).is_some();
        if !is_waiting {
            let (jobs, id, untold) = (self.jobs.clone(), self.job.id.clone(), self.untold.clone());
            let telling = tokio::spawn(async move {
                tokio::time::sleep(PROGRESS_EVERY).await;
                let progress = untold.lock().take();
                if let Some((percent, words)) = progress {
                    jobs.progress(&id, percent, words);
                }
            });
            *self.telling.lock() = Some(AbortOnDropHandle::new(telling));
        }
    }

    /// A piece of the answer that is still being written; the answer replaces all pieces.
    pub fn piece(&self, text: &str) {
        self.jobs.piece(&self.job, text);
    }

    /// A line of the job's log, which keeps the last of them.
    pub async fn log(&self, line: &str) {
        self.jobs.log(&self.job.id, line);
        if self.log.is_due() {
            self.jobs.keep_log(&self.job.id).await;
        }
    }

    /// A message of the bot besides its answer.
    ///
    /// # Errors
    /// When it could not be stored.
    pub async fn say(&self, text: String) -> Result<(), Text> {
        self.chat.bot_says(&self.job, text).await
    }
}

/// A rate limiter.
struct Every {
    pause: Duration,
    last: Mutex<Option<Instant>>,
}

impl Every {
    fn new(pause: Duration) -> Self {
        Self { pause, last: Mutex::new(None) }
    }

    fn is_due(&self) -> bool {
        let mut last = self.last.lock();
        let is_due = last.is_none_or(|at| at.elapsed() >= self.pause);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}
