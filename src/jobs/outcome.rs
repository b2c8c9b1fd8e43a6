//! The outcome of a job, with the text of its answer.

use std::sync::Arc;

use crate::model::{Grounds, Job, JobState};
use crate::text::Text;

/// How a job ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub state: JobState,
    /// What the room is told.
    pub text: String,
    /// Stable error code.
    pub error: Option<String>,
    /// What an answer rests on.
    pub grounds: Option<Arc<Grounds>>,
}

impl Outcome {
    pub fn completed(text: String) -> Self {
        Self { state: JobState::Completed, text, error: None, grounds: None }
    }

    /// A question was answered.
    pub fn answered(text: String, grounds: Grounds) -> Self {
        Self { grounds: Some(Arc::new(grounds)), ..Self::completed(text) }
    }

    fn ended(state: JobState, text: String, code: &str) -> Self {
        Self { state, text, error: Some(code.to_owned()), grounds: None }
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

    /// It was interrupted by a stop of the server and must not run twice.
    pub fn interrupted(job: &Job) -> Self {
        let text = Text::new("job-interrupted").with("line", job.line()).in_locale(job.locale);
        Self::ended(JobState::Interrupted, text, "interrupted")
    }
}
