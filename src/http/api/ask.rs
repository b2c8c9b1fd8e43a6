//! `/api/ask`: questions from programs; nothing is posted in any room.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, json, room_name, trusted_caller, with_app};
use crate::accounts::{Action, Actor};
use crate::answers::MOST_PASSAGES;
use crate::bots;
use crate::jobs::JobOrigin;
use crate::model::{JobId, JobRequest, MessageText, PRIVATE_ROOM, RoomName};
use crate::text::Text;

#[derive(Deserialize, ToSchema)]
struct NewQuestion {
    question: String,
    /// Number of passages, at most 10.
    limit: Option<usize>,
    /// A room whose documents are used in addition to those without a room.
    room: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Asked)]
struct AskResponse {
    /// Its `result`, `results` and `answered_by` are the answer, once its `state` is `completed`.
    job: String,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(ask).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(ask))]
}

/// Starts a job that answers a question; the answer is on the job.
#[utoipa::path(post, path = "/api/ask", request_body = NewQuestion, responses(
    (status = 202, body = AskResponse), (status = 400, body = ErrorBody),
    (status = 503, description = "Busy; nothing was stored", body = ErrorBody)))]
async fn ask(caller: Caller, new: NewQuestion, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let room = match new.room.as_deref() {
        None | Some(PRIVATE_ROOM) => None,
        Some(room) => Some(room_name(room)?),
    };
    let question = Question { text: new.question, limit: new.limit, room };
    let job = start(&app, &actor, question).await?;
    Ok(json(StatusCode::ACCEPTED, &AskResponse { job: job.to_string() }))
}

/// A question of a program.
pub struct Question {
    pub text: String,
    /// Number of passages.
    pub limit: Option<usize>,
    /// A room whose documents are used in addition to those without a room.
    pub room: Option<RoomName>,
}

/// Starts the job that answers a question, about which nothing is said in any room.
pub async fn start(app: &App, actor: &Actor, question: Question) -> Result<JobId, Text> {
    actor.may(Action::StartJob)?;
    let text = MessageText::new(question.text, app.settings.message_chars)?;
    let room = match &question.room {
        Some(name) => Some(app.chat.find_room(name, actor).await?.name().clone()),
        None => None,
    };
    let limit = question.limit.map(|limit| limit.clamp(1, MOST_PASSAGES));
    let request = JobRequest { name: JobRequest::ASK.into(), arguments: bots::ask_arguments(text.as_str(), limit) };
    app.jobs.start_quietly(app.jobs.quiet_job(request, JobOrigin::of(actor, room))).await
}
