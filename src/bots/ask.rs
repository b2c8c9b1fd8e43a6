//! `ask`: answers a question from the documents.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Bot, Failure, Output, Reply, Request};
use crate::answers::{Answers, Finder, Question, Reader, Said};
use crate::chat::{Page, Room};
use crate::jobs::Policy;
use crate::library::Library;
use crate::model::{AnsweredBy, AuthorKind, Citations, Handle, JobRequest, JobState, Message, RoomKind};
use crate::text::Text;

/// Maximum length of a question, in characters: the answer has to fit into the same record.
const LONGEST: usize = 2000;

/// Number of earlier messages that are used as context.
const MESSAGES_BEFORE: usize = 12;

/// Prefix of a question that sets the number of passages: `limit:5`.
const LIMIT: &str = "limit:";

pub struct Ask {
    answers: Arc<Answers>,
    /// Where questions without an answer are noted, if they are.
    gaps: Option<Arc<Library>>,
    time_limit: Duration,
}

impl Ask {
    /// `time_limit` is for the whole run; long steps have shorter limits of their own.
    pub fn new(answers: Arc<Answers>, gaps: Option<Arc<Library>>, time_limit: Duration) -> Self {
        Self { answers, gaps, time_limit }
    }

    /// Earlier messages in the room.
    async fn said_before(request: &Request<'_>, room: Option<&Room>) -> Result<Vec<Said>, Text> {
        // A quiet question has no context.
        let Some(room) = room.filter(|_| !request.job.quiet) else { return Ok(Vec::new()) };
        let page = Page { before: Some(request.seq), after: None, limit: Some(MESSAGES_BEFORE) };
        let history = request.chat.history(room, page).await?;
        Ok(history.messages.into_iter().filter_map(|(_, message)| said(message)).collect())
    }

    /// Notes a question that the documents do not answer, for those who look after them; what members ask among themselves is not.
    async fn note_gap(&self, question: &str, citations: &Citations, room: Option<&Room>) {
        let is_among_members =
            |room: &Room| room.with_record(|record| matches!(record.kind, RoomKind::Closed | RoomKind::Direct));
        let Some(library) = &self.gaps else { return };
        if !citations.results.is_empty() || !library.has_documents() || room.is_some_and(is_among_members) {
            return;
        }
        if let Err(error) = library.note_unanswered(question).await {
            tracing::warn!(code = error.code(), "cannot note that a question has no answer");
        }
    }
}

#[async_trait]
impl Bot for Ask {
    fn name(&self) -> &str {
        JobRequest::ASK
    }

    fn policy(&self) -> Policy {
        Policy { time_limit: self.time_limit, ..Policy::SLOW }
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let job = request.job;
        let (text, limit) = parse(&job.arguments).map_err(Failure::bad_arguments)?;
        let failed = |error: Text| Failure::for_good("not_looked_up", error);
        let room = match &job.room {
            Some(name) => Some(request.chat.room_of_job(name).await.map_err(failed)?),
            None => None,
        };
        let history = Self::said_before(&request, room.as_deref()).await.map_err(failed)?;
        let persona = room.as_ref().map(|room| room.persona()).unwrap_or_default();
        let handle = job.handle.to_string();
        let question = Question {
            text,
            handle: &handle,
            room: job.room.as_ref(),
            locale: job.locale,
            limit,
            history: &history,
            instructions: persona.instructions(job.locale).unwrap_or_default(),
        };
        let (text, citations) = self.answers.answer(&question, &Shown(request.output)).await.map_err(failed)?;
        self.note_gap(question.text, &citations, room.as_deref()).await;
        Ok(Reply::Cited(text, citations))
    }
}

/// Shows an answer to the room while it is written.
struct Shown<'a>(&'a Output);

#[async_trait]
impl Reader for Shown<'_> {
    async fn read(&self, piece: &str) {
        self.0.piece(piece);
    }
}

/// The question and the requested number of passages.
fn parse(arguments: &str) -> Result<(&str, Option<usize>), Text> {
    let arguments = arguments.trim();
    let limit = arguments.strip_prefix(LIMIT).map(|rest| rest.split_once(char::is_whitespace).unwrap_or((rest, "")));
    let (text, limit) = match limit {
        Some((number, rest)) => match number.parse() {
            Ok(limit) => (rest.trim(), Some(limit)),
            Err(_) => (arguments, None),
        },
        None => (arguments, None),
    };
    let length = text.chars().count();
    match length {
        0 => Err(Text::new("ask-nothing")),
        1..=LONGEST => Ok((text, limit)),
        _ => Err(Text::new("ask-too-long").with("max", LONGEST).with("length", length)),
    }
}

/// The arguments for a question with a number of passages.
pub fn arguments(question: &str, limit: Option<usize>) -> String {
    match limit {
        Some(limit) => format!("{LIMIT}{limit} {}", question.trim()),
        None => question.trim().to_owned(),
    }
}

/// A message as part of the conversation; `None` for messages that only report a job's failure.
fn said(message: Message) -> Option<Said> {
    let has_failed = message.answer.as_ref().is_some_and(|answer| answer.state != JobState::Completed);
    if message.deleted || has_failed || message.role == AuthorKind::System {
        return None;
    }
    let citations = message.answer.as_ref().and_then(|answer| answer.citations.as_deref());
    let asked = citations.map(|citations| citations.query.clone()).filter(|asked| !asked.is_empty());
    let by = (message.handle != Handle::bot()).then(|| message.handle.to_string());
    let text = message.text.as_str();
    let text = citations.map_or(text, |citations| in_own_words(text, citations)).to_owned();
    Some(Said { by, text, asked })
}

/// What an answer says beside the server's note on it. Where a note says why no model answered, the rest is no answer of a model's,
/// either, and a model that took it for its own would go on in this way.
fn in_own_words<'a>(text: &'a str, citations: &Citations) -> &'a str {
    match (citations.note.as_deref(), citations.answered_by) {
        (None, _) => text,
        (Some(note), AnsweredBy::Model | AnsweredBy::Faq) => text.strip_prefix(note).unwrap_or(text).trim_start(),
        (Some(_), AnsweredBy::Passages | AnsweredBy::Nothing) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_may_say_how_many_passages_it_wants() {
        assert_eq!(parse(" how long? "), Ok(("how long?", None)));
        assert_eq!(parse("limit:5 how long?"), Ok(("how long?", Some(5))));
        assert_eq!(parse("limit:x how long?"), Ok(("limit:x how long?", None)));
        assert_eq!(parse(&arguments("退款？", Some(2))), Ok(("退款？", Some(2))));
        for arguments in ["", " ", "limit:5", "limit:5 "] {
            assert_eq!(parse(arguments), Err(Text::new("ask-nothing")), "{arguments:?}");
        }
        assert!(parse(&"字".repeat(LONGEST)).is_ok() && parse(&"字".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn notes_of_the_server_are_nobodys_words() {
        let words = |answered_by, note: Option<&str>, text| {
            let citations = Citations::new("why?", answered_by, Vec::new(), note.map(str::to_owned));
            in_own_words(text, &citations).to_owned()
        };
        assert_eq!(words(AnsweredBy::Model, None, "Yes."), "Yes.");
        assert_eq!(words(AnsweredBy::Model, Some("Not from documents:"), "Not from documents:\n\nYes."), "Yes.");
        assert_eq!(words(AnsweredBy::Passages, Some("It failed."), "It failed.\n\n1. Terms"), "");
        assert_eq!(words(AnsweredBy::Nothing, Some("It failed."), "It failed.\n\nNothing."), "");
        assert_eq!(words(AnsweredBy::Nothing, None, "Nothing."), "Nothing.");
    }
}
