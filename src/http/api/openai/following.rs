//! A question whose answer is followed while it is written.

use std::sync::Arc;

use tokio::sync::watch;

use super::super::App;
use crate::accounts::Actor;
use crate::model::JobId;
use crate::protocol::JobView;
use crate::text::Text;

/// A job that answers a question. Dropped before its end, it is cancelled: nobody else waits for it.
pub struct Following {
    app: Arc<App>,
    actor: Actor,
    id: JobId,
    parts: Option<watch::Receiver<u64>>,
    /// The part of the answer that was given.
    given: String,
    has_ended: bool,
}

/// What became of it.
pub enum Progress {
    /// More of the answer.
    Text(String),
    /// The job, which has ended.
    Ended(Box<JobView>),
}

impl Following {
    pub fn new(app: Arc<App>, actor: Actor, id: JobId) -> Self {
        let parts = app.jobs.follow(&id);
        Self { app, actor, id, parts, given: String::new(), has_ended: false }
    }

    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// The part of the answer that was given.
    pub fn given(&self) -> &str {
        &self.given
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
                return self.end().await;
            }
        }
    }

    /// The job once it has ended, however long that takes.
    pub async fn ended(&mut self) -> Result<JobView, Text> {
        loop {
            if let Progress::Ended(job) = self.next().await? {
                return Ok(*job);
            }
        }
    }

    async fn end(&mut self) -> Result<Progress, Text> {
        let job = self.app.jobs.view(&self.id, &self.actor).await?;
        if job.state.has_ended() {
            self.has_ended = true;
            return Ok(Progress::Ended(Box::new(job)));
        }
        // The server stops, or the question waits for a later time: nobody will read the answer then.
        Err(Text::new("error-busy"))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let (app, actor, id) = (self.app.clone(), self.actor.clone(), self.id.clone());
        let tasks = app.tasks.clone();
        tasks.spawn(async move {
            if let Err(error) = app.jobs.cancel(&id, &actor).await {
                tracing::debug!(code = error.code(), job = %id, "a question that nobody waits for is not cancelled");
            }
        });
    }
}
