//! A job: work that a message asked the bot for. Data, not a closure, so that it survives a restart.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Handle, Person, RoomName, Timestamp};
use crate::text::Locale;

/// A job's id. Ids sort by the time they were made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

impl JobId {
    pub fn fresh() -> Self {
        Self(uuid::Uuid::now_v7().simple().to_string())
    }

    /// An id from outside; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        uuid::Uuid::try_parse(text).ok().map(|id| Self(id.simple().to_string()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
    /// The server stopped while it ran, and its command says that it must not run twice.
    Interrupted,
}

impl JobState {
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Completed, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// The word clients use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// Why a job failed: a stable code, and a sentence in the asker's language.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JobError {
    pub code: String,
    pub message: String,
}

/// One job as it is kept. The number of the message that asked is stored beside it, given by the same commit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    pub id: JobId,
    /// The command.
    pub name: String,
    /// Everything after the command, as it was written.
    pub arguments: String,
    pub person: Person,
    pub handle: Handle,
    pub room: RoomName,
    pub locale: Locale,
    pub state: JobState,
    /// How often it was started.
    pub attempt: u32,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

impl Job {
    /// A job that waits for a worker.
    pub fn queued(request: JobRequest, person: Person, handle: Handle, room: RoomName, locale: Locale) -> Self {
        Self {
            id: JobId::fresh(),
            name: request.name,
            arguments: request.arguments,
            person,
            handle,
            room,
            locale,
            state: JobState::Queued,
            attempt: 0,
            created_at: Timestamp::now(),
            started_at: None,
            finished_at: None,
            error: None,
            result: None,
        }
    }

    /// What was asked for, as one line to show: shortened, for it is repeated with every word on the job's progress.
    pub fn line(&self) -> String {
        /// Characters.
        const LONGEST: usize = 200;
        let mut line: String =
            [&self.name, " ", &self.arguments].into_iter().flat_map(|part| part.chars()).take(LONGEST + 1).collect();
        if let Some((end, _)) = line.char_indices().nth(LONGEST) {
            line.truncate(end);
            line.push('…');
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// What somebody asks the bot for: a command and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRequest {
    pub name: String,
    pub arguments: String,
}
