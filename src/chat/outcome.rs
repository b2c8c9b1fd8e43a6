//! How a job ends, in the words the room is told.

use crate::model::{Job, JobState};
use crate::text::Text;

/// How a job ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub state: JobState,
    /// What the room is told.
    pub text: String,
    /// Stable code of what went wrong.
    pub error: Option<String>,
}

impl Outcome {
    pub fn completed(text: String) -> Self {
        Self { state: JobState::Completed, text, error: None }
    }

    /// It failed: for good, or every attempt that it had did.
    pub fn failed(state: JobState, code: &str, text: String) -> Self {
        Self { state, text, error: Some(code.to_owned()) }
    }

    /// Somebody cancelled it.
    pub fn cancelled(job: &Job, by: Option<&str>) -> Self {
        let text = match by {
            Some(by) if by != job.handle.to_string() => Text::new("job-cancelled-by").with("by", by),
            _ => Text::new("job-cancelled"),
        };
        let text = text.with("line", job.line()).in_locale(job.locale);
        Self { state: JobState::Cancelled, text, error: Some("cancelled".into()) }
    }

    /// A stop of the server cut it short, and it must not run twice.
    pub fn interrupted(job: &Job) -> Self {
        let text = Text::new("job-interrupted").with("line", job.line()).in_locale(job.locale);
        Self { state: JobState::Interrupted, text, error: Some("interrupted".into()) }
    }
}
