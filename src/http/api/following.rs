//! A job that is followed while it works, by a request that waits for it.

use std::sync::Arc;

use tokio::sync::watch;

use super::App;
use crate::accounts::Actor;
use crate::model::JobId;
use crate::protocol::JobView;
use crate::text::Text;

/// A job that a request waits for. Dropped before its end, it is cancelled, for nobody else waits for it, unless it was
/// [left](Following::leave) to itself.
pub struct Following {
    app: Arc<App>,
    actor: Actor,
    id: JobId,
    parts: Option<watch::Receiver<u64>>,
    /// The part of the answer that was given.
    given: String,
    /// Whether it goes on without whoever follows it.
    is_left: bool,
}

/// What became of it.
pub enum Progress {
    /// More of the answer.
    Text(String),
    /// The job, which has ended or waits for a later time.
    Ended(Box<JobView>),
}

impl Following {
    pub fn new(app: Arc<App>, actor: Actor, id: JobId) -> Self {
        let parts = app.jobs.follow(&id);
        Self { app, actor, id, parts, given: String::new(), is_left: false }
    }

    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// The part of the answer that was given.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// Lets the job go on when this is dropped.
    pub fn leave(&mut self) {
        self.is_left = true;
    }

    /// The job as it is.
    pub async fn now(&self) -> Result<JobView, Text> {
        self.app.jobs.view(&self.id, &self.actor).await
    }

    /// Waits for more of the answer, or its end.
    pub async fn next(&mut self) -> Result<Progress, Text> {
        loop {
            if let Some(partial) = self.app.jobs.partial(&self.id)
                && let Some(more) = partial.text.get(self.given.len()..).filter(|more| !more.is_empty())
            {
                self.given.push_str(more);
                return Ok(Progress::Text(more.to_owned()));
            }
            let is_open = match &mut self.parts {
                Some(parts) => parts.changed().await.is_ok(),
                None => false,
            };
            if !is_open {
                let job = self.now().await?;
                self.is_left |= job.state.has_ended();
                return Ok(Progress::Ended(Box::new(job)));
            }
        }
    }

    /// The job once it has ended or waits for a later time, however long that takes.
    pub async fn ended(&mut self) -> Result<JobView, Text> {
        loop {
            if let Progress::Ended(job) = self.next().await? {
                return Ok(*job);
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        if self.is_left {
            return;
        }
        let (app, actor, id) = (self.app.clone(), self.actor.clone(), self.id.clone());
        let tasks = app.tasks.clone();
        tasks.spawn(async move {
            if let Err(error) = app.jobs.cancel(&id, &actor).await {
                tracing::debug!(code = error.code(), job = %id, "a job that nobody waits for is not cancelled");
            }
        });
    }
}
