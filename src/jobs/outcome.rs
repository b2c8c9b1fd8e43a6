//! The outcome of a job, with the text of its answer.

use std::sync::Arc;

use crate::model::{Citations, Job, JobState};
use crate::text::Text;

/// How a job ended.
#[derive(Clone, Debug)]
pub struct JobOutcome {
    pub state: JobState,
    /// What the room is told.
    pub text: String,
    /// Stable error code.
    pub error: Option<String>,
    /// What an answer rests on.
    pub citations: Option<Arc<Citations>>,
}

impl JobOutcome {
    pub fn completed(text: String) -> Self {
        Self { state: JobState::Completed, text, error: None, citations: None }
    }

    /// A question was answered.
    pub fn answered(text: String, citations: Citations) -> Self {
        Self { citations: Some(Arc::new(citations)), ..Self::completed(text) }
    }

    fn ended(state: JobState, text: String, code: &str) -> Self {
        Self { state, text, error: Some(code.to_owned()), citations: None }
    }

    /// It failed permanently, or all its attempts failed.
    pub fn failed(state: JobState, code: &str, text: String) -> Self {
        Self::ended(state, text, code)
    }

    /// Somebody cancelled it.
    pub fn cancelled(job: &Job, by: Option<&str>) -> Self {
        let text = match by {
            Some(by) if by != job.handle.to_string() => Text::new("job-cancelled-by").with("by", by),
            _ => Text::new("job-cancelled"),
        };
        let text = text.with("line", job.line()).in_locale(job.locale);
        Self::ended(JobState::Cancelled, text, "cancelled")
    }

    /// The queue was full, and its place went to somebody who had fewer.
    pub fn displaced(job: &Job) -> Self {
        let text = Text::new("job-displaced").with("line", job.line()).in_locale(job.locale);
        Self::failed(JobState::Failed, "busy", text)
    }

    /// It was interrupted by a stop of the server and must not run twice.
    pub fn interrupted(job: &Job) -> Self {
        let text = Text::new("job-interrupted").with("line", job.line()).in_locale(job.locale);
        Self::ended(JobState::Interrupted, text, "interrupted")
    }
}
