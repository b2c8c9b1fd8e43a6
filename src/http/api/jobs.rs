//! `/api/jobs`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, caller, json, room_name, to_the_end, trusted_caller, with_app};
use crate::accounts::Action;
use crate::chat::{Post, Said};
use crate::jobs::{JobFilter, JobOrigin};
use crate::model::{HeldMessage, JobId, JobRequest, JobState, MessageText, PRIVATE_ROOM, RoomName, SendId, Timestamp};
use crate::protocol::{HeldView, JobDetails, JobView};
use crate::text::Text;

const DEFAULT_JOBS: usize = 50;
const MAX_JOBS: usize = 500;

#[derive(Deserialize, IntoParams)]
struct ListQuery {
    /// States, separated by commas: `queued`, `scheduled`, `running`, `retrying`, `completed`, `failed`, `cancelled`,
    /// `interrupted`, `dead`.
    state: Option<String>,
    /// The command.
    name: Option<String>,
    room: Option<String>,
    handle: Option<String>,
    /// Only jobs after the one with this id in the list.
    before: Option<String>,
    /// At most 500; 50 if left out.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
struct JobList {
    jobs: Vec<JobView>,
    /// Whether there are more.
    more: bool,
}

#[derive(Deserialize, ToSchema)]
pub struct NewJob {
    /// The command.
    pub name: String,
    #[serde(default)]
    pub arguments: String,
    /// The room; the private room with the bot by default.
    pub room: Option<String>,
    pub handle: Option<String>,
    /// The client's own unique id: a repetition is stored once.
    pub id: Option<String>,
    /// IANA name of the asker's time zone.
    pub time_zone: Option<String>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    let asked_by = || caller(app).and(with_app(app));
    let changed_by = || trusted_caller(app).and(with_app(app));
    vec![
        route!(list).fixed(|at| at.and(warp::query()).and(asked_by()).then(list)),
        route!(start).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(start)),
        route!(show).part(|at| at.and(asked_by()).then(show)),
        route!(remove).part(|at| at.and(changed_by()).then(remove)),
        route!(cancel).part(|at| at.and(changed_by()).then(cancel)),
        route!(retry).part(|at| at.and(changed_by()).then(retry)),
    ]
}

/// Newest first, waiting ones by due time: one's own jobs, everyone's for the owner.
#[utoipa::path(get, path = "/api/jobs", params(ListQuery), responses(
    (status = 200, body = JobList), (status = 400, body = ErrorBody)))]
async fn list(query: ListQuery, caller: Caller, app: Arc<App>) -> Answer {
    let words = query.state.as_deref().unwrap_or_default().split(',').filter(|word| !word.is_empty());
    let no_such_state = || Text::new("error-bad_request").with("reason", "no such state");
    let states = words.map(|word| JobState::parse(word).ok_or_else(no_such_state)).collect::<Result<_, _>>()?;
    let after = query.before.as_deref().map(job_id).transpose()?;
    let filter = JobFilter { states, name: query.name, room: query.room, handle: query.handle, after };
    let limit = query.limit.unwrap_or(DEFAULT_JOBS).clamp(1, MAX_JOBS);
    let actor = caller.actor(None);
    let (jobs, more) = app.jobs.list(&actor, filter, limit).await?;
    Ok(json(StatusCode::OK, &JobList { jobs, more }))
}

/// Requests a command, which is posted in the room as a message.
#[utoipa::path(post, path = "/api/jobs", request_body = NewJob, responses(
    (status = 201, body = JobView), (status = 200, description = "It was asked for before", body = JobView),
    (status = 202, description = "Its message waits for approval, and it starts then", body = HeldView),
    (status = 400, body = ErrorBody), (status = 503, description = "Busy; nothing was stored", body = ErrorBody)))]
async fn start(caller: Caller, new: NewJob, app: Arc<App>) -> Answer {
    let room = match new.room.as_deref() {
        None | Some(PRIVATE_ROOM) => None,
        Some(room) => Some(room_name(room)?),
    };
    match ask_for(&app, &caller, new, room).await? {
        Asked::For { job, is_new } => Ok(json(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &*job)),
        Asked::Held { id, message } => Ok(json(StatusCode::ACCEPTED, &HeldView::new(&id, &message))),
    }
}

/// What came of asking for a command.
pub enum Asked {
    For {
        job: Box<JobView>,
        is_new: bool,
    },
    /// Its message waits for approval.
    Held {
        id: String,
        message: Box<HeldMessage>,
    },
}

/// Asks for a command in a room, or in the private room with the bot; quietly for whoever would not read there.
pub async fn ask_for(app: &App, caller: &Caller, new: NewJob, room: Option<RoomName>) -> Result<Asked, super::Refusal> {
    let handle = app.handle_of(&caller.actor(None), new.handle.as_deref()).await?;
    let mut actor = caller.actor(handle);
    actor.may(Action::StartJob)?;
    actor.set_zone(new.time_zone);
    let (text, request) = command(&new.name, &new.arguments, app.settings.message_chars)?;
    let id = new.id.map(SendId::new).transpose()?;
    let has_home = actor.is_recognized() && actor.acts_for.is_none();
    if room.is_none() && !has_home {
        // Nobody would read in the room in which it would be said: the result is on the job.
        let job = app.jobs.start_quietly(app.jobs.quiet_job(request, JobOrigin::of(&actor, None))).await?;
        return Ok(Asked::For { job: Box::new(app.jobs.view(&job, &actor).await?), is_new: true });
    }
    let room = app.chat.open_room(room.as_ref().unwrap_or(&actor.private_room), &actor).await?.0;
    let asked_at = Timestamp::now();
    let (chat, asker) = (app.chat.clone(), actor.clone());
    let post = Post { text, id, request: Some(request), held: None };
    let sent = match to_the_end(app, async move { chat.say(room, &asker, post).await }).await? {
        Said::Posted(sent) => sent,
        Said::Held { id, message, .. } => return Ok(Asked::Held { id: id.to_string(), message }),
    };
    let job = sent.message.job.ok_or_else(|| Text::new("error-not_found-job"))?;
    let view = app.jobs.view(&job, &actor).await?;
    let is_new = !sent.repeated && view.created_at >= asked_at;
    Ok(Asked::For { job: Box::new(view), is_new })
}

/// Parses the command into the message that requests it and the job request.
fn command(name: &str, arguments: &str, max_chars: usize) -> Result<(MessageText, JobRequest), Text> {
    let name = name.trim().trim_start_matches('/').to_lowercase();
    if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Text::new("error-missing_field").with("field", "name"));
    }
    let text = MessageText::new(format!("/{name} {}", arguments.trim()).trim_end().to_owned(), max_chars)?;
    // As stored, without control characters.
    let arguments = text.as_str().split_once(' ').map_or("", |(_, arguments)| arguments).to_owned();
    Ok((text, JobRequest { name, arguments }))
}

/// All details of one job: state changes, result once it has one, and for admins the log.
#[utoipa::path(get, path = "/api/jobs/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = JobDetails), (status = 404, body = ErrorBody)))]
async fn show(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let job = app.jobs.details(&job_id(&id)?, &caller.actor(None)).await?;
    Ok(json(StatusCode::OK, &job))
}

/// Cancels a job: one's own, any for the owner. One that has ended stays as it is.
#[utoipa::path(post, path = "/api/jobs/{id}/cancel", params(("id" = String, Path)), responses(
    (status = 200, body = JobView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn cancel(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let job = app.jobs.cancel(&job_id(&id)?, &caller.actor(None)).await?;
    Ok(json(StatusCode::OK, &job))
}

/// Restarts a job that failed, was cancelled or interrupted; starts a waiting one immediately.
#[utoipa::path(post, path = "/api/jobs/{id}/retry", params(("id" = String, Path)), responses(
    (status = 200, body = JobView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "It is in no state for that", body = ErrorBody)))]
async fn retry(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let (id, actor, jobs) = (job_id(&id)?, caller.actor(None), app.jobs.clone());
    let job = to_the_end(&app, async move { jobs.retry(&id, &actor).await }).await?;
    Ok(json(StatusCode::OK, &job))
}

/// Deletes a job that has ended.
#[utoipa::path(delete, path = "/api/jobs/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "It has not ended", body = ErrorBody)))]
async fn remove(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let (id, actor, jobs) = (job_id(&id)?, caller.actor(None), app.jobs.clone());
    to_the_end(&app, async move { jobs.remove(&id, &actor).await }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub fn job_id(text: &str) -> Result<JobId, Text> {
    JobId::parse(text).ok_or_else(|| Text::new("error-not_found-job"))
}
