//! Views of jobs: in lists and frames, and with all details.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{
    AnsweredBy, Change, Citations, Handle, Job, JobError, JobId, JobState, LogLine, PRIVATE_ROOM, RoomName, ScheduleId,
    Source, Timestamp, rfc_3339,
};

/// A job as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobView {
    #[schema(value_type = String)]
    pub id: JobId,
    pub name: String,
    /// The command with its arguments.
    pub line: String,
    #[schema(value_type = String)]
    pub handle: Handle,
    /// Where it was asked for; `@bot` also for what was asked for in no room.
    pub room: String,
    /// Number of the message that asked, 0 for none.
    pub seq: u64,
    pub state: JobState,
    /// 0 to 100; null if unknown.
    pub progress: Option<u8>,
    /// Description of the progress.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Number of starts.
    pub attempt: u32,
    /// Maximum number of starts.
    pub attempts: u32,
    /// When it is to be started, while it waits for that.
    #[serde(serialize_with = "rfc_3339::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// The schedule that it is a run of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub schedule: Option<ScheduleId>,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[serde(serialize_with = "rfc_3339::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    #[serde(serialize_with = "rfc_3339::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Sources of the result, if a question was answered.
    #[serde(flatten)]
    pub citations: CitationsView,
    /// The part of the answer written so far, for clients that join meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
}

impl JobView {
    /// For lists: shortens the result; the job itself has all of it.
    pub fn shortened(mut self) -> Self {
        /// Characters.
        const LONGEST: usize = 200;
        if let Some(result) = &mut self.result
            && let Some((end, _)) = result.char_indices().nth(LONGEST)
        {
            result.truncate(end);
            result.push('…');
        }
        (self.citations.results, self.citations.unsupported) = (None, None);
        self
    }

    /// Progress is not stored; the caller provides it, or `None`.
    pub fn new(job: &Job, seq: u64, progress: Option<u8>, text: Option<String>) -> Self {
        Self {
            id: job.id.clone(),
            name: job.name.clone(),
            line: job.line(),
            handle: job.handle.clone(),
            room: job.room.as_ref().map_or(PRIVATE_ROOM, RoomName::shown).to_owned(),
            seq,
            state: job.state,
            progress,
            text,
            attempt: job.attempt,
            attempts: job.attempts,
            due_at: job.due_at,
            schedule: job.schedule.clone(),
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            error: job.error.clone(),
            result: job.result.clone(),
            citations: job.citations.as_deref().map(CitationsView::from).unwrap_or_default(),
            partial: None,
        }
    }
}

/// Sources of the answer to a question.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct CitationsView {
    /// The question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The passages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<Vec<Source>>,
    /// Who wrote the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// Note on why the answer is not the expected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Ranges of a language model's answer that rest on no passage, in UTF-16 code units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<Vec<[u32; 2]>>,
}

impl From<&Citations> for CitationsView {
    fn from(citations: &Citations) -> Self {
        Self {
            query: Some(citations.query.clone()),
            results: Some(citations.results.clone()),
            answered_by: Some(citations.answered_by),
            note: citations.note.clone(),
            unsupported: Some(citations.unsupported.clone()).filter(|ranges| !ranges.is_empty()),
        }
    }
}

/// The beginning of an answer: its first `n` deltas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Partial {
    pub text: String,
    pub n: u64,
}

/// A job with all details.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobDetails {
    #[serde(flatten)]
    pub job: JobView,
    /// Everything after the command.
    pub arguments: String,
    /// State changes, oldest first.
    pub changes: Vec<ChangeView>,
    /// The last lines that its attempts logged, for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Vec<LogLineView>>,
}

impl JobDetails {
    pub fn new(job: JobView, arguments: String, changes: Vec<Change>, log: Option<Vec<LogLine>>) -> Self {
        let changes = changes.into_iter().map(|Change { at, state, reason }| ChangeView { at, state, reason });
        let line = |LogLine { at, attempt, text }| LogLineView { at, attempt, text };
        let log = log.map(|log| log.into_iter().map(line).collect());
        Self { job, arguments, changes: changes.collect(), log }
    }
}

/// A change of state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangeView {
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub state: JobState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A line of a job's log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LogLineView {
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub attempt: u32,
    pub text: String,
}
