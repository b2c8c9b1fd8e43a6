//! A job, and what came of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::super::Refusal;
use super::super::super::jobs::job_id;
use super::super::tool::{Arguments, Call, Outcome};
use super::super::waiting::{Whose, wait};
use super::search::Passage;
use crate::accounts::Action;
use crate::answers::place;
use crate::model::{AnsweredBy, JobState, Source};
use crate::protocol::JobView;
use crate::text::{Locale, Text};

/// How a job stands.
#[derive(Serialize, ToSchema)]
pub struct JobReport {
    /// The job's id.
    job: String,
    /// The command with its arguments.
    command: String,
    #[schema(inline)]
    state: JobState,
    /// 0 to 100, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<u8>,
    /// The answer, once the state is `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Of a question: who wrote the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    answered_by: Option<AnsweredBy>,
    /// Of a question: why the answer is not the expected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Of a question: the passages that the answer rests on, or that come nearest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(inline, required = false)]
    passages: Vec<Passage>,
    #[serde(skip)]
    words: String,
}

impl JobReport {
    pub fn new(job: JobView, locale: Locale) -> Self {
        let words = words(&job, locale);
        Self {
            job: job.id.to_string(),
            command: job.line,
            state: job.state,
            progress: job.progress,
            result: job.result,
            error: job.error.map(|error| error.message),
            answered_by: job.citations.answered_by,
            note: job.citations.note,
            passages: job.citations.results.unwrap_or_default().into_iter().map(Passage::from).collect(),
            words,
        }
    }
}

impl Outcome for JobReport {
    fn in_words(&self) -> Option<String> {
        Some(self.words.clone())
    }

    fn is_failure(&self) -> bool {
        self.state.has_ended() && self.state != JobState::Completed
    }
}

/// What a model reads: the answer with the places that it cites, or how the job stands and how to look it up.
fn words(job: &JobView, locale: Locale) -> String {
    if !job.state.has_ended() {
        return Text::new("tool-job-open").with("line", &job.line).with("job", &job.id).in_locale(locale);
    }
    let text = match job.state {
        JobState::Completed => None,
        JobState::Cancelled => Some(Text::new("job-cancelled")),
        JobState::Interrupted => Some(Text::new("job-interrupted")),
        _ => {
            let reason = job.error.as_ref().map(|error| error.message.clone());
            Some(Text::new("tool-job-failed").with("reason", reason.unwrap_or_default()))
        }
    };
    if let Some(text) = text {
        return text.with("line", &job.line).in_locale(locale);
    }
    let places = job.citations.results.iter().flatten().map(|source| {
        let mark = source.mark.map(|mark| format!("[{mark}] ")).unwrap_or_default();
        let Source { document, chunk, .. } = source;
        format!("\n{mark}{} (document {document}, passage {chunk})", place(source, locale))
    });
    let places: String = places.collect();
    let result = job.result.as_deref().unwrap_or_default();
    if places.is_empty() { result.to_owned() } else { format!("{result}\n{places}") }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GetJob {
    /// The job's id.
    job: String,
    /// Seconds to wait for its end, at most 600; 0 if left out.
    wait_seconds: Option<u64>,
}

impl Arguments for GetJob {
    const NAME: &'static str = "get_job";
    const TITLE: &'static str = "Look a job up";
    const DESCRIPTION: &'static str = "Says how a job stands that was started before, and what came of it. Jobs are kept for a while \
        after their end.";
    const LASTS: bool = true;
    type Result = JobReport;

    async fn call(self, call: Call) -> Result<JobReport, Refusal> {
        call.actor().may(Action::Read)?;
        let (id, locale) = (job_id(&self.job)?, call.caller.locale);
        let job = wait(call, id, Whose::Another, self.wait_seconds.or(Some(0))).await?;
        Ok(JobReport::new(job, locale))
    }
}
