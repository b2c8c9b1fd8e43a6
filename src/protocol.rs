//! The frames that clients and server exchange, as `docs/protocol.md` promises them: plain data, no I/O.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::model::{
    AnsweredBy, BotMode, Change, Grounds, Handle, Job, JobError, JobId, JobMinute, JobState, LogLine, Message, Rhythm,
    RoomName, Schedule, ScheduleId, Source, Timestamp, Voice,
};
use crate::text::{Locale, Text};

/// Version of the contract.
pub const PROTOCOL: u32 = 1;

/// Most messages in one `history` answer.
pub const MAX_HISTORY: usize = 200;

/// Messages that come with `joined`, and in a `history` that names no limit.
pub const DEFAULT_HISTORY: usize = 50;

/// Why the server closes a WebSocket, and what the client should do then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The server stops: come back at once, with jitter.
    GoingAway,
    /// The frames were not WebSocket's: RFC 6455, 7.4.1.
    ProtocolError,
    /// A text frame was not UTF-8.
    InvalidText,
    /// A frame was bigger than `limits.frame_bytes`.
    TooBig,
    /// Took nothing for some seconds: come back with `after`.
    TooSlow,
    /// Too many connections or messages: come back later.
    TooMany,
}

impl CloseReason {
    pub fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::ProtocolError => 1002,
            Self::InvalidText => 1007,
            Self::TooBig => 1009,
            Self::TooSlow => 4008,
            Self::TooMany => 4029,
        }
    }

    /// A few words for whoever reads a client's log.
    pub fn words(self) -> &'static str {
        match self {
            Self::GoingAway => "server going away",
            Self::ProtocolError => "protocol error",
            Self::InvalidText => "text is not UTF-8",
            Self::TooBig => "frame too big",
            Self::TooSlow => "too slow",
            Self::TooMany => "too many connections or messages",
        }
    }
}

/// What a client asks for on `/ws`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFrame {
    Hello { handle: Option<String>, locale: Option<String>, time_zone: Option<String> },
    Join { room: String, after: Option<u64>, epoch: Option<String> },
    Leave { room: String },
    Send { room: String, message: String, id: Option<String> },
    Typing { room: String },
    History { room: String, before: Option<u64>, after: Option<u64>, limit: Option<usize> },
    Cancel { job: String },
    Watch,
    Unwatch,
    Ping,
}

/// A frame that could not be understood, and the `send` it may have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFrame {
    pub error: Text,
    pub id: Option<String>,
}

/// All fields of all client frames; which are needed depends on `type`.
#[derive(Default, Deserialize)]
struct Fields {
    r#type: Option<String>,
    room: Option<String>,
    message: Option<String>,
    id: Option<String>,
    handle: Option<String>,
    locale: Option<String>,
    time_zone: Option<String>,
    epoch: Option<String>,
    job: Option<String>,
    after: Option<u64>,
    before: Option<u64>,
    limit: Option<usize>,
}

/// Fields that hold text, for the error that names the one that does not.
const TEXT_FIELDS: [&str; 9] = ["type", "room", "message", "id", "handle", "locale", "time_zone", "epoch", "job"];
const NUMBER_FIELDS: [&str; 3] = ["after", "before", "limit"];

impl ClientFrame {
    /// Reads a frame; a missing `type` means `send`.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        let fields: Fields = serde_json::from_str(text).map_err(|_| BadFrame { error: explain(text), id: None })?;
        let id = fields.id.clone();
        fields.into_frame().map_err(|error| BadFrame { error, id })
    }
}

impl Fields {
    fn into_frame(self) -> Result<ClientFrame, Text> {
        let need = |field: Option<String>, name: &str| {
            field.ok_or_else(|| Text::new("error-missing_field").with("field", name))
        };
        Ok(match self.r#type.as_deref().unwrap_or("send") {
            "hello" => ClientFrame::Hello { handle: self.handle, locale: self.locale, time_zone: self.time_zone },
            "join" => ClientFrame::Join { room: need(self.room, "room")?, after: self.after, epoch: self.epoch },
            "leave" => ClientFrame::Leave { room: need(self.room, "room")? },
            "send" => ClientFrame::Send {
                room: need(self.room, "room")?,
                message: need(self.message, "message")?,
                id: self.id,
            },
            "typing" => ClientFrame::Typing { room: need(self.room, "room")? },
            "history" => ClientFrame::History {
                room: need(self.room, "room")?,
                before: self.before,
                after: self.after,
                limit: self.limit,
            },
            "cancel" => ClientFrame::Cancel { job: need(self.job, "job")? },
            "watch" => ClientFrame::Watch,
            "unwatch" => ClientFrame::Unwatch,
            "ping" => ClientFrame::Ping,
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(Text::new("error-unknown_type").with("type", shown));
            }
        })
    }
}

/// What a simple client sends, on `/ws/chat/…`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SimpleFrame {
    pub message: String,
    #[serde(default)]
    pub handle: Option<String>,
    #[serde(default)]
    pub id: Option<String>,
}

impl SimpleFrame {
    /// Reads a simple client's frame.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        serde_json::from_str(text).map_err(|_| {
            let is_missing = serde_json::from_str::<serde_json::Value>(text)
                .is_ok_and(|value| value.is_object() && value.get("message").is_none());
            let missing = || Text::new("error-missing_field").with("field", "message");
            BadFrame { error: if is_missing { missing() } else { explain(text) }, id: None }
        })
    }
}

/// What is wrong with a frame that does not fit [`Fields`].
fn explain(text: &str) -> Text {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
        return Text::new("error-bad_frame-json");
    };
    let Some(object) = value.as_object() else {
        return Text::new("error-bad_frame-object");
    };
    let is_set = |name: &&&str| object.get(**name).is_some_and(|value| !value.is_null());
    if let Some(name) = TEXT_FIELDS.iter().filter(is_set).find(|name| !object[**name].is_string()) {
        return Text::new("error-bad_frame-text").with("field", name);
    }
    if let Some(name) = NUMBER_FIELDS.iter().filter(is_set).find(|name| !object[**name].is_u64()) {
        return Text::new("error-bad_frame-number").with("field", name);
    }
    Text::new("error-bad_frame-json")
}

/// What the server says on a WebSocket.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    Welcome {
        protocol: u32,
        server: &'a str,
        user: UserView<'a>,
        limits: LimitsView,
        locale: Locale,
        commands: &'a [CommandView],
    },
    Commands {
        commands: &'a [CommandView],
    },
    Joined {
        room: &'a str,
        epoch: &'a str,
        last: u64,
        messages: &'a [MessageView<'a>],
        complete: bool,
        members: &'a [MemberView],
        count: usize,
        bot: BotMode,
        jobs: &'a [JobView],
        deleted: &'a [u64],
        #[serde(skip_serializing_if = "Option::is_none")]
        greeting: Option<&'a str>,
    },
    Left {
        room: &'a str,
    },
    Message(MessageView<'a>),
    /// The bot's greeting on the simple door, where everything is a `message`.
    #[serde(rename = "message")]
    Greeting {
        room: &'a str,
        handle: &'a str,
        role: Voice,
        message: &'a str,
    },
    Ack {
        id: &'a str,
        room: &'a str,
        seq: u64,
    },
    Loading {
        room: &'a str,
        job: &'a JobId,
        message: &'a str,
    },
    /// A piece of an answer that is still being written.
    Delta {
        room: &'a str,
        job: &'a JobId,
        text: &'a str,
        n: u64,
    },
    Job {
        room: &'a str,
        job: &'a JobView,
        /// For one who watches, not for the room.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        watched: bool,
    },
    Watching,
    Unwatched,
    Presence {
        room: &'a str,
        joined: &'a [MemberView],
        left: &'a [MemberView],
        count: usize,
    },
    Typing {
        room: &'a str,
        handle: &'a Handle,
    },
    History {
        room: &'a str,
        messages: &'a [MessageView<'a>],
        more: bool,
        /// As asked, so that the answers to two requests can be told apart.
        before: Option<u64>,
        after: Option<u64>,
    },
    Deleted {
        room: &'a str,
        seq: u64,
    },
    Room {
        room: &'a str,
        bot: BotMode,
    },
    Pong,
    Error {
        code: &'a str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<&'a str>,
    },
}

/// Who the server takes the client for.
#[derive(Serialize, ToSchema)]
pub struct UserView<'a> {
    #[schema(value_type = String)]
    pub handle: &'a Handle,
    /// `user`, or `owner` for whoever runs the server.
    pub role: &'static str,
}

/// What the client must keep to; 0 means no limit.
#[derive(Clone, Copy, Serialize)]
pub struct LimitsView {
    pub message_chars: usize,
    pub frame_bytes: usize,
    pub messages_per_second: u32,
    pub rooms: usize,
}

/// A command as people are told of it, in their language.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CommandView {
    pub name: String,
    /// The command with its arguments' names, such as `sum <number> <number> …`.
    pub usage: String,
    /// One line on what it does.
    pub help: String,
    /// Something to try.
    pub example: String,
    /// Whether it may take long enough to watch.
    pub slow: bool,
}

/// One person in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberView {
    pub handle: Handle,
    pub role: Voice,
}

/// A message as clients see it.
#[derive(Serialize, ToSchema)]
pub struct MessageView<'a> {
    pub room: &'a str,
    pub seq: u64,
    pub id: &'a str,
    #[schema(value_type = String)]
    pub handle: &'a Handle,
    pub role: Voice,
    pub message: &'a str,
    #[serde(serialize_with = "rfc_3339")]
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub job: Option<&'a JobId>,
    /// On an answer: what was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<&'a str>,
    /// On the answer to a question: the passages that it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<&'a [Source]>,
    /// On the answer to a question: who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// On the answer to a question: why it is not what could be expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'a str>,
    /// On an answer: number of the message that asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// On an answer: how its job ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_state: Option<JobState>,
    /// On an answer: milliseconds from asking to answering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl<'a> MessageView<'a> {
    pub fn new(room: &'a RoomName, seq: u64, message: &'a Message) -> Self {
        let answer = message.answer.as_ref();
        let grounds = answer.and_then(|answer| answer.grounds.as_deref());
        Self {
            room: room.shown(),
            seq,
            id: message.id.as_str(),
            handle: &message.handle,
            role: message.role,
            message: message.text.as_str(),
            timestamp: message.at,
            job: message.job.as_ref(),
            query: answer.map(|answer| answer.query.as_str()),
            results: grounds.map(|grounds| grounds.results.as_slice()),
            answered_by: grounds.map(|grounds| grounds.answered_by),
            note: grounds.and_then(|grounds| grounds.note.as_deref()),
            reply_to: answer.map(|answer| answer.reply_to),
            job_state: answer.map(|answer| answer.state),
            took_ms: answer.map(|answer| answer.took_ms),
            deleted: message.deleted,
        }
    }
}

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
    pub room: String,
    /// Number of the message that asked.
    pub seq: u64,
    pub state: JobState,
    /// 0 to 100, null where it is not known.
    pub progress: Option<u8>,
    /// A few words on the progress.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How often it was started.
    pub attempt: u32,
    /// How often it is started at most.
    pub attempts: u32,
    /// When it is to be begun, while it waits for that.
    #[serde(serialize_with = "optional_rfc_3339")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// The schedule that it is a run of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub schedule: Option<ScheduleId>,
    #[serde(serialize_with = "rfc_3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[serde(serialize_with = "optional_rfc_3339")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    #[serde(serialize_with = "optional_rfc_3339")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// What the result rests on, where a question was answered.
    #[serde(flatten)]
    pub grounds: GroundsView,
    /// What has been written of the answer, for those who come while it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
}

/// What the answer to a question rests on.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct GroundsView {
    /// The question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The passages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<Vec<Source>>,
    /// Who wrote the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// Why the answer is not what could be expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<&Grounds> for GroundsView {
    fn from(grounds: &Grounds) -> Self {
        Self {
            query: Some(grounds.query.clone()),
            results: Some(grounds.results.clone()),
            answered_by: Some(grounds.answered_by),
            note: grounds.note.clone(),
        }
    }
}

/// The beginning of an answer: its first `n` pieces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Partial {
    pub text: String,
    pub n: u64,
}

/// Everything about a job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobDetails {
    #[serde(flatten)]
    pub job: JobView,
    /// Everything after the command.
    pub arguments: String,
    /// How it came to where it is, oldest first.
    pub changes: Vec<ChangeView>,
    /// The last lines that its attempts logged.
    pub log: Vec<LogLineView>,
}

/// A job came into a state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangeView {
    #[serde(serialize_with = "rfc_3339")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub state: JobState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A line of a job's log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LogLineView {
    #[serde(serialize_with = "rfc_3339")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub attempt: u32,
    pub text: String,
}

impl JobDetails {
    pub fn new(job: JobView, arguments: String, changes: Vec<Change>, log: Vec<LogLine>) -> Self {
        let changes = changes.into_iter().map(|Change { at, state, reason }| ChangeView { at, state, reason });
        let log = log.into_iter().map(|LogLine { at, attempt, text }| LogLineView { at, attempt, text });
        Self { job, arguments, changes: changes.collect(), log: log.collect() }
    }
}

impl JobView {
    /// As part of a list: the result is only begun, the whole is on the job itself.
    pub fn shortened(mut self) -> Self {
        /// Characters.
        const LONGEST: usize = 200;
        if let Some(result) = &mut self.result
            && let Some((end, _)) = result.char_indices().nth(LONGEST)
        {
            result.truncate(end);
            result.push('…');
        }
        self.grounds.results = None;
        self
    }

    /// How far an unfinished job got is not part of what is stored; the caller knows it or says `None`.
    pub fn new(job: &Job, seq: u64, progress: Option<u8>, text: Option<String>) -> Self {
        Self {
            id: job.id.clone(),
            name: job.name.clone(),
            line: job.line(),
            handle: job.handle.clone(),
            room: job.room.shown().to_owned(),
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
            grounds: job.grounds.as_deref().map(GroundsView::from).unwrap_or_default(),
            partial: None,
        }
    }
}

/// How many jobs there are at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobsNow {
    pub queued: usize,
    pub running: usize,
    pub scheduled: usize,
    pub retrying: usize,
    pub dead: usize,
    /// Jobs that can run at a time.
    pub workers: usize,
}

/// What the jobs did in one step of time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatsPoint {
    /// When the step begins.
    #[serde(serialize_with = "rfc_3339")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The greatest number of jobs that waited for a worker.
    pub depth: usize,
    pub started: u64,
    pub completed: u64,
    pub failed: u64,
    /// Milliseconds that half of the runs did not exceed, null where none ended.
    pub p50_ms: Option<f64>,
    /// The same for 95 of 100.
    pub p95_ms: Option<f64>,
}

impl StatsPoint {
    pub fn new(at: Timestamp, minute: &JobMinute) -> Self {
        let quantile = |share| minute.run_times.quantile(share).map(|millis| (millis * 10.0).round() / 10.0);
        Self {
            at,
            depth: minute.depth,
            started: minute.started,
            completed: minute.completed,
            failed: minute.failed,
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
        }
    }
}

/// A schedule as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduleView {
    #[schema(value_type = String)]
    pub id: ScheduleId,
    /// What its person calls it by in its room.
    pub number: u32,
    /// `once` or `every`.
    pub kind: &'static str,
    /// The cron pattern of what is done again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// IANA name of the zone whose clocks the pattern means.
    pub time_zone: String,
    /// What is done, as one line.
    pub line: String,
    #[schema(value_type = String)]
    pub handle: Handle,
    pub room: String,
    pub paused: bool,
    #[serde(serialize_with = "optional_rfc_3339")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    #[serde(serialize_with = "rfc_3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The run that waits for its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub job: Option<JobId>,
}

impl ScheduleView {
    pub fn new(schedule: &Schedule) -> Self {
        let (kind, pattern) = match &schedule.rhythm {
            Rhythm::Once(_) => ("once", None),
            Rhythm::Every(pattern) => ("every", Some(pattern.clone())),
        };
        Self {
            id: schedule.id.clone(),
            number: schedule.number,
            kind,
            pattern,
            time_zone: schedule.zone.clone(),
            line: schedule.request.line(),
            handle: schedule.handle.clone(),
            room: schedule.room.shown().to_owned(),
            paused: schedule.next.is_none(),
            next_at: schedule.next.as_ref().map(|next| next.at),
            created_at: schedule.created_at,
            job: schedule.next.as_ref().map(|next| next.job.clone()),
        }
    }
}

fn rfc_3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

fn optional_rfc_3339<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}

impl ServerFrame<'_> {
    /// The whole WebSocket frame: made once, then shared by everybody who gets it.
    pub fn encode(&self) -> Bytes {
        /// Room for the longest header a server's frame has (RFC 6455, 5.2).
        const HEADER: usize = 10;
        let mut buffer = BytesMut::with_capacity(256);
        buffer.put_bytes(0, HEADER);
        let mut writer = buffer.writer();
        if let Err(error) = serde_json::to_writer(&mut writer, self) {
            unreachable!("a frame that JSON cannot hold: {error}");
        }
        let mut buffer = writer.into_inner();
        let length = buffer.len() - HEADER;
        let header = text_header(length);
        let start = HEADER - header.len();
        buffer[start..HEADER].copy_from_slice(&header);
        buffer.freeze().slice(start..)
    }
}

/// Header of an unfragmented, unmasked text frame.
fn text_header(length: usize) -> Vec<u8> {
    const FINAL_TEXT: u8 = 0x81;
    match length {
        0..126 => vec![FINAL_TEXT, length as u8],
        126..0x1_0000 => [&[FINAL_TEXT, 126], (length as u16).to_be_bytes().as_slice()].concat(),
        _ => [&[FINAL_TEXT, 127], (length as u64).to_be_bytes().as_slice()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        ClientFrame::parse(text).map_or_else(|bad| bad.error.code().to_owned(), |_| "ok".into())
    }

    #[test]
    fn a_frame_without_type_is_a_send() {
        let frame = ClientFrame::parse(r#"{"room":"lobby","message":"hi","id":"1","unknown":[]}"#);
        let expected = ClientFrame::Send { room: "lobby".into(), message: "hi".into(), id: Some("1".into()) };
        assert_eq!(frame, Ok(expected));
    }

    #[test]
    fn bad_frames_are_named() {
        assert_eq!(code("hello"), "bad_frame");
        assert_eq!(code("[]"), "bad_frame");
        assert_eq!(code(r#"{"type":"send","room":5,"message":"x"}"#), "bad_frame");
        assert_eq!(code(r#"{"type":"join","room":"a","after":-1}"#), "bad_frame");
        assert_eq!(code(r#"{"type":"dance"}"#), "unknown_type");
        assert_eq!(code(r#"{"type":"join"}"#), "missing_field");
        assert_eq!(code(r#"{"message":"x"}"#), "missing_field");
        assert_eq!(code(r#"{"type":"ping"}"#), "ok");
    }

    #[test]
    fn a_bad_send_says_which_send_it_was() {
        let bad = ClientFrame::parse(r#"{"message":"x","id":"7"}"#).expect_err("room is missing");
        assert_eq!(bad.id.as_deref(), Some("7"));
    }

    #[test]
    fn frames_of_every_length_carry_the_right_header() {
        for length in [0_usize, 60, 125, 126, 65_535, 65_536, 70_000] {
            let words = "x".repeat(length);
            let frame = ServerFrame::Error { code: "c", message: &words, id: None, room: None }.encode();
            let json = serde_json::to_vec(&ServerFrame::Error { code: "c", message: &words, id: None, room: None });
            let json = json.expect("plain text");
            assert!(frame.ends_with(&json));
            assert_eq!(&frame[..frame.len() - json.len()], text_header(json.len()));
        }
    }
}
