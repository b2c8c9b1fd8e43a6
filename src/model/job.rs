//! A job: work that a message asked the bot for. Data, not a closure, so that it survives a restart.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AddressDigest, Citations, Handle, JobId, Payer, Principal, Role, RoomName, ScheduleId, Timestamp};
use crate::text::Locale;

/// State of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// Waits for its due time.
    Scheduled,
    Running,
    /// An attempt failed; waits for the time of the next.
    Retrying,
    Completed,
    /// It failed, and is not retried.
    Failed,
    Cancelled,
    /// The server stopped while it ran, and its command says that it must not run twice.
    Interrupted,
    /// Every attempt that its command allows failed.
    Dead,
}

impl JobState {
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Scheduled,
        Self::Running,
        Self::Retrying,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Interrupted,
        Self::Dead,
    ];

    /// The name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Dead => "dead",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether it is in a final state.
    pub fn has_ended(self) -> bool {
        !self.is_open() && !self.is_due_later()
    }

    /// Whether it is queued or running.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }

    /// Whether it waits for its `due_at`.
    pub fn is_due_later(self) -> bool {
        matches!(self, Self::Scheduled | Self::Retrying)
    }
}

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub at: Timestamp,
    pub state: JobState,
    /// The reason, in the asker's language, if the state does not imply it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One line of a job's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub at: Timestamp,
    pub attempt: u32,
    pub text: String,
}

/// Why a job failed: a stable code, and a sentence in the asker's language.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JobError {
    pub code: String,
    pub message: String,
}

/// The stored record of a job. The number of the message that requested it is stored separately; the same commit assigns it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    pub id: JobId,
    /// The command.
    pub name: String,
    /// Everything after the command, as it was written.
    pub arguments: String,
    pub principal: Principal,
    pub handle: Handle,
    /// What the asker was then.
    #[serde(default, skip_serializing_if = "Role::is_guest")]
    pub role: Role,
    /// From where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressDigest>,
    /// Where it was asked for; `None` for what is asked for in no room, and what the server does of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    pub locale: Locale,
    pub state: JobState,
    /// Number of starts.
    pub attempt: u32,
    /// Number of server crashes while it was running.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub crashes: u32,
    /// Maximum number of starts, not counting server crashes.
    pub attempts: u32,
    pub created_at: Timestamp,
    /// When it is to be started, in the states that wait for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The sources of the result, if a question was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citations: Option<Arc<Citations>>,
    /// State changes, oldest first; if there are many, the first and the last ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// The schedule that it is a run of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleId>,
    /// The asker's time zone, by its IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// It posts nothing in its room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
    /// Only one job with this key may be unfinished at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_key: Option<String>,
    /// Which of the places that its payer has for schedules it takes until its time has come, if it was asked for to be started later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// Which of the places that all guests have it takes then, if it is a guest's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_place: Option<u32>,
    /// When it is of no use any more unless it was started before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Job {
    /// A job that waits for a worker.
    pub fn queued(
        request: JobRequest,
        principal: Principal,
        handle: Handle,
        room: Option<RoomName>,
        locale: Locale,
    ) -> Self {
        let now = Timestamp::now();
        Self {
            id: JobId::fresh(),
            name: request.name,
            arguments: request.arguments,
            principal,
            handle,
            role: Role::default(),
            address: None,
            room,
            locale,
            state: JobState::Queued,
            attempt: 0,
            crashes: 0,
            attempts: 1,
            created_at: now,
            due_at: None,
            started_at: None,
            finished_at: None,
            error: None,
            result: None,
            citations: None,
            changes: vec![Change { at: now, state: JobState::Queued, reason: None }],
            schedule: None,
            zone: None,
            quiet: false,
            unique_key: None,
            place: None,
            guest_place: None,
            expires_at: None,
        }
    }

    /// The same job, in the state `scheduled`.
    #[must_use]
    pub fn scheduled(mut self, due_at: Timestamp) -> Self {
        self.changes.clear();
        self.move_to(JobState::Scheduled, None);
        Self { due_at: Some(due_at), ..self }
    }

    /// Changes the state, and records when and why.
    pub fn move_to(&mut self, state: JobState, reason: Option<String>) {
        /// Maximum number of changes; records must stay small.
        const MOST: usize = 20;
        /// Maximum length of a reason, in characters.
        const LONGEST_REASON: usize = 100;
        self.state = state;
        self.due_at = None;
        if self.changes.len() >= MOST {
            self.changes.remove(1);
        }
        let reason = reason.map(|reason| reason.chars().take(LONGEST_REASON).collect());
        self.changes.push(Change { at: Timestamp::now(), state, reason });
    }

    /// Who pays for it.
    pub fn payer(&self) -> Payer {
        Payer::new(self.role, &self.principal, self.address.as_ref())
    }

    /// Whether it was to be started before now, and was not.
    pub fn has_expired(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= Timestamp::now())
    }

    /// A digest of room, command and arguments; equal for identical requests.
    pub fn digest(&self) -> String {
        let room = self.room.as_ref().map_or("", RoomName::as_str);
        let asked = [room, &self.name, &self.arguments].join("\0");
        format!("{:x}", Sha256::digest(asked))
    }

    /// Attempts that were not ended by a server crash.
    pub fn finished_attempts(&self) -> u32 {
        self.attempt.saturating_sub(self.crashes)
    }

    /// The request as one line, shortened because it is repeated with every progress update.
    pub fn line(&self) -> String {
        line(&self.name, &self.arguments)
    }
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A request to the bot: a command and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRequest {
    pub name: String,
    pub arguments: String,
}

impl JobRequest {
    /// The command that answers questions.
    pub const ASK: &'static str = "ask";

    /// A question to the bot.
    pub fn question(text: &str) -> Self {
        Self { name: Self::ASK.into(), arguments: text.to_owned() }
    }

    /// As one line, shortened.
    pub fn line(&self) -> String {
        line(&self.name, &self.arguments)
    }
}

fn line(name: &str, arguments: &str) -> String {
    /// Characters.
    const LONGEST: usize = 200;
    let mut line: String = [name, " ", arguments].into_iter().flat_map(|part| part.chars()).take(LONGEST + 1).collect();
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line.truncate(line.trim_end().len());
    line
}
