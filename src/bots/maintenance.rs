//! Jobs that index and embed documents. They are started by the server itself and cannot be requested by users.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::{Bot, Failure, Reply, Request};
use crate::jobs::{Lane, Policy, Priority, Retries};
use crate::library::{EMBEDDING, INDEXING, Library, Progress};
use crate::text::Text;

/// Both may run for long, are retried, and resume where they stopped.
const POLICY: Policy = Policy {
    lane: Lane::Slow,
    time_limit: Duration::from_secs(24 * 60 * 60),
    retries: Retries {
        most: 8,
        first: Duration::from_secs(5),
        growth: 200,
        longest: Duration::from_secs(600),
        ..Retries::PATIENT
    },
    at_once: Some(1),
    ..Policy::QUICK
};

/// Puts passages into the index.
pub struct IndexDocuments(pub Arc<Library>);

/// Computes vectors of passages.
pub struct EmbedDocuments(pub Arc<Library>);

#[async_trait]
impl Bot for IndexDocuments {
    fn name(&self) -> &str {
        INDEXING
    }

    fn policy(&self) -> Policy {
        POLICY
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let (told, progress) = watch::channel(Progress::default());
        let work = self.0.index_waiting(&request.job.id, request.job.locale, &told);
        let done = told_of(&request, progress, "index-progress", work).await.map_err(failed)?;
        Ok(Reply::Words(Text::new("index-done").with("count", done.done)))
    }
}

#[async_trait]
impl Bot for EmbedDocuments {
    fn name(&self) -> &str {
        EMBEDDING
    }

    fn policy(&self) -> Policy {
        Policy { priority: Priority::Low, ..POLICY }
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let (told, progress) = watch::channel(Progress::default());
        let work = self.0.embed_waiting(&request.job.id, &told);
        let done = told_of(&request, progress, "embed-progress", work).await.map_err(failed)?;
        Ok(Reply::Words(Text::new("embed-done").with("count", done.done)))
    }
}

/// Runs the work and reports its progress.
async fn told_of<T>(
    request: &Request<'_>,
    mut progress: watch::Receiver<Progress>,
    key: &'static str,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            Ok(()) = progress.changed() => {
                let now = *progress.borrow_and_update();
                let words = Text::new(key).with("done", now.done).with("all", now.all).in_locale(request.job.locale);
                request.output.progress(Some(now.percent()), Some(words));
            }
        }
    }
}

fn failed(text: Text) -> Failure {
    Failure::for_now("index_failed", text)
}
