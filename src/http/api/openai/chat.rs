//! `/v1/chat/completions`: questions are answered from the documents, as everywhere; the last message is the question.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::super::ask::{self, Question};
use super::super::events::{SILENCE, STILL_AT_WORK, event, event_stream};
use super::super::following::{Following, Progress};
use super::super::route::{Route, route};
use super::super::{Answer, App, Caller, ErrorBody, json as reply, open_body_of, trusted_caller, with_app};
use super::MAX_BODY;
use super::models::room_of;
use crate::answers::place;
use crate::model::{AnsweredBy, JobState, Source, Timestamp};
use crate::protocol::{CitationsView, JobView};
use crate::text::{Locale, Text};

#[derive(Deserialize, ToSchema)]
struct ChatRequest {
    /// `chatbot`, or `chatbot/` and a room, whose documents are used in addition to those without a room.
    model: String,
    /// The last one of a user is the question.
    messages: Vec<ChatMessage>,
    #[serde(default)]
    stream: bool,
}

#[derive(Deserialize, ToSchema)]
struct ChatMessage {
    role: String,
    /// A text, or a list of parts of which some are text.
    #[schema(value_type = Object)]
    content: Value,
}

#[derive(Serialize, ToSchema)]
struct Completion {
    id: String,
    /// `chat.completion`, or `chat.completion.chunk` in a stream.
    object: &'static str,
    /// Seconds since 1970.
    created: i64,
    model: String,
    #[schema(value_type = Vec<Object>)]
    choices: [Value; 1],
    /// Not of OpenAI's interface: what the answer rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    chatbot: Option<CitationsView>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    let asked_by = || trusted_caller(app).and(open_body_of(MAX_BODY)).and(with_app(app));
    vec![route!(complete).fixed(|at| at.and(asked_by()).then(complete))]
}

/// Answers a question from the documents, at once or as a stream of server-sent events.
#[utoipa::path(post, path = "/v1/chat/completions", request_body = ChatRequest, responses(
    (status = 200, body = Completion), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 503, description = "Busy; nothing was stored", body = ErrorBody)))]
async fn complete(caller: Caller, request: ChatRequest, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let room = room_of(&request.model)?;
    let question =
        request.messages.iter().rfind(|message| message.role == "user").map(|message| words(&message.content));
    let question = question.ok_or_else(|| Text::new("error-missing_field").with("field", "messages"))?;
    let job = ask::start(&app, &actor, Question { text: question, limit: None, room }).await?;
    let (lasting, mut following) = (caller.peer.last(), Following::new(app.clone(), actor, job));
    let head = Head {
        id: format!("chatcmpl-{}", following.id()),
        created: Timestamp::now().seconds(),
        model: request.model,
        locale: caller.locale,
    };
    if request.stream {
        return Ok(event_stream(&app, |events| async move {
            write(following, head, events).await;
            drop(lasting);
        }));
    }
    let (text, citations) = answer(following.ended().await?, head.locale)?;
    let choice = json!({"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"});
    Ok(reply(StatusCode::OK, &head.completion("chat.completion", choice, Some(citations))))
}

/// The texts of a message's content.
fn words(content: &Value) -> String {
    let parts = content.as_array().map(|parts| {
        let texts = parts.iter().filter_map(|part| part["text"].as_str());
        texts.collect::<Vec<_>>().join("\n")
    });
    parts.or_else(|| content.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What is the same in every part of an answer.
struct Head {
    id: String,
    created: i64,
    model: String,
    locale: Locale,
}

impl Head {
    fn completion(&self, object: &'static str, choice: Value, chatbot: Option<CitationsView>) -> Completion {
        let Self { id, created, model, .. } = self;
        Completion { id: id.clone(), object, created: *created, model: model.clone(), choices: [choice], chatbot }
    }

    fn event(&self, delta: &Value, reason: Option<&str>, chatbot: Option<CitationsView>) -> Bytes {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        event(&self.completion("chat.completion.chunk", choice, chatbot))
    }
}

/// The answer of a job that has ended, with the places of what it cites below it.
///
/// # Errors
/// `bad_request` for what is no question, `not_answered`, and `busy` if the server stops, or the question waits for a later time:
/// nobody will read the answer then.
fn answer(job: JobView, locale: Locale) -> Result<(String, CitationsView), Text> {
    if !job.state.has_ended() {
        return Err(Text::new("error-busy"));
    }
    if job.state != JobState::Completed {
        let error = job.error.as_ref();
        let is_theirs = error.is_some_and(|error| error.code == "bad_arguments");
        let key = if is_theirs { "error-bad_request" } else { "error-not_answered" };
        let reason = error.map(|error| error.message.clone()).unwrap_or_default();
        return Err(Text::new(key).with("reason", reason));
    }
    let mut text = job.result.unwrap_or_default();
    if job.citations.answered_by == Some(AnsweredBy::Model) {
        text.push_str(&places(job.citations.results.as_deref().unwrap_or_default(), locale));
    }
    Ok((text, job.citations))
}

fn places(cited: &[Source], locale: Locale) -> String {
    let line = |source: &Source| Some(format!("\n[{}] {}", source.mark?, place(source, locale)));
    let lines: String = cited.iter().filter_map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// Writes the answer as it comes, until the client leaves; then the question is dropped with it.
async fn write(mut following: Following, head: Head, events: mpsc::Sender<Bytes>) {
    let mut event = head.event(&json!({"role": "assistant", "content": ""}), None, None);
    while events.send(event).await.is_ok() {
        let next = tokio::select! {
            () = events.closed() => return,
            next = tokio::time::timeout(SILENCE, following.next()) => next,
        };
        event = match next {
            Err(_) => Bytes::from_static(STILL_AT_WORK),
            Ok(Ok(Progress::Text(text))) => head.event(&json!({"content": text}), None, None),
            Ok(Ok(Progress::Ended(job))) => {
                let last = last_events(*job, following.given(), &head);
                let _ = events.send(last).await;
                return;
            }
            Ok(Err(text)) => {
                let _ = events.send(failure(&text, head.locale)).await;
                return;
            }
        };
    }
}

/// What the answer says beyond what was streamed, and its end. Where the final answer is another one, as when the model failed
/// in the middle and passages are quoted instead, all of it follows.
fn last_events(job: JobView, given: &str, head: &Head) -> Bytes {
    let (text, citations) = match answer(job, head.locale) {
        Ok(answer) => answer,
        Err(text) => return failure(&text, head.locale),
    };
    let rest = text.strip_prefix(given).map_or_else(|| format!("\n\n{text}"), str::to_owned);
    let parts = [
        head.event(&json!({"content": rest}), None, None),
        head.event(&json!({}), Some("stop"), Some(citations)),
        Bytes::from_static(b"data: [DONE]\n\n"),
    ];
    parts.concat().into()
}

fn failure(text: &Text, locale: Locale) -> Bytes {
    let error = json!({"error": {"message": text.in_locale(locale), "type": "server_error", "code": text.code()}});
    [event(&error), Bytes::from_static(b"data: [DONE]\n\n")].concat().into()
}
