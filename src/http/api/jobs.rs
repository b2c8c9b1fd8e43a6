//! `/api/jobs`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::route::{Route, route};
use super::{
    Answer, App, Caller, ErrorBody, body, caller, json, query, room_name, to_the_end, trusted_caller, with_app,
};
use crate::accounts::{Action, Deed};
use crate::chat::{Post, Said};
use crate::jobs::{BulkAction, BulkOutcome, EVERY_COMMAND, JobFilter, JobOrigin, Start};
use crate::model::{HeldMessage, JobId, JobRequest, JobState, MessageText, PRIVATE_ROOM, RoomName, SendId, Timestamp};
use crate::protocol::{HeldView, JobDetails, JobView};
use crate::text::Text;

const DEFAULT_JOBS: usize = 50;
const MAX_JOBS: usize = 500;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
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

#[derive(Deserialize, ToSchema)]
struct PauseRequest {
    /// The command; all of them if left out.
    name: Option<String>,
    paused: bool,
}

#[derive(Serialize, ToSchema)]
struct PausedCommands {
    /// The commands that are paused; `*` for all.
    paused: Vec<String>,
}

/// What to do to which jobs; filters as of the list.
#[derive(Deserialize, ToSchema)]
struct BulkRequest {
    action: BulkAction,
    state: Option<String>,
    name: Option<String>,
    room: Option<String>,
    handle: Option<String>,
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
    /// Seconds after which it is started, up to a year.
    pub delay: Option<f64>,
    /// Instead: when it is started.
    #[schema(format = DateTime)]
    pub at: Option<String>,
    /// Seconds within which it must have been started, counted from when that was to be; otherwise it ends as failed, with the error
    /// `expired`.
    pub expires: Option<f64>,
}

impl NewJob {
    /// Latest start, in seconds from now.
    const LATEST: f64 = 366.0 * 24.0 * 3600.0;

    /// When it is to be started.
    fn start(&self) -> Result<Start, Text> {
        let wrong = || Text::new("error-bad_start");
        let seconds = |seconds: Option<f64>| {
            let is_possible = seconds.is_none_or(|seconds| (0.0..=Self::LATEST).contains(&seconds));
            if is_possible { Ok(seconds.map(|seconds| (seconds * 1000.0) as i64)) } else { Err(wrong()) }
        };
        let (now, delay, expires) = (Timestamp::now(), seconds(self.delay)?, seconds(self.expires)?);
        let at = match (&self.at, delay) {
            (Some(_), Some(_)) => return Err(wrong()),
            (Some(at), None) => Some(Timestamp::parse(at).ok_or_else(wrong)?),
            (None, delay) => delay.map(|delay| Timestamp(now.0 + delay)),
        };
        if at.is_some_and(|at| at.since(now) as f64 > Self::LATEST * 1000.0) {
            return Err(wrong());
        }
        let at = at.filter(|at| *at > now);
        Ok(Start { at, expires_at: expires.map(|expires| Timestamp(at.unwrap_or(now).0 + expires)) })
    }
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    let asked_by = || caller(app).and(with_app(app));
    let changed_by = || trusted_caller(app).and(with_app(app));
    vec![
        route!(list).fixed(|at| at.and(query()).and(asked_by()).then(list)),
        route!(start).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(start)),
        route!(pause).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(pause)),
        route!(in_bulk).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(in_bulk)),
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
    let states = states(query.state.as_deref())?;
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
    let start = new.start()?;
    actor.set_zone(new.time_zone);
    let (text, request) = command(&new.name, &new.arguments, app.settings.message_chars)?;
    let id = new.id.map(SendId::new).transpose()?;
    let has_home = actor.is_recognized() && actor.acts_for.is_none();
    if room.is_none() && !has_home {
        // Nobody would read in the room in which it would be said: the result is on the job.
        let job = app.jobs.start_quietly_at(app.jobs.quiet_job(request, JobOrigin::of(&actor, None)), start).await?;
        return Ok(Asked::For { job: Box::new(app.jobs.view(&job, &actor).await?), is_new: true });
    }
    let room = app.chat.open_room(room.as_ref().unwrap_or(&actor.private_room), &actor).await?.0;
    let asked_at = Timestamp::now();
    let (chat, asker) = (app.chat.clone(), actor.clone());
    let post = Post { request: Some(request), start, ..Post::new(text.clone(), id) };
    let sent = match to_the_end(app, async move { chat.say(room, &asker, post).await }).await? {
        Said::Posted(sent) => sent,
        Said::Held { id, message, .. } => return Ok(Asked::Held { id: id.to_string(), message }),
    };
    if sent.repeated && sent.message.text != text && !sent.message.deleted {
        return Err(Text::new("error-wrong_state-other_request").into());
    }
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

/// Pauses commands, or lets them go on: jobs that run go on, others wait, also over a restart. For admins.
#[utoipa::path(post, path = "/api/jobs/pause", request_body = PauseRequest, responses(
    (status = 200, body = PausedCommands), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn pause(caller: Caller, wanted: PauseRequest, app: Arc<App>) -> Answer {
    let (jobs, actor) = (app.jobs.clone(), caller.actor(None));
    let (name, is_paused) = (wanted.name.unwrap_or_else(|| EVERY_COMMAND.to_owned()), wanted.paused);
    let deed = Deed::new(if is_paused { "command.pause" } else { "command.resume" }, &name);
    let done_by = app.clone();
    let paused = async move {
        let paused = jobs.pause(&name, is_paused, &actor).await?;
        done_by.audit_log.record(&actor, deed).await?;
        Ok(paused)
    };
    let paused = to_the_end(&app, paused).await?.into_iter().collect();
    Ok(json(StatusCode::OK, &PausedCommands { paused }))
}

/// Cancels, retries or removes jobs, at most 500 at a time: those of the list with these filters, and of them those that are in a state
/// for it. Of others only for moderators.
#[utoipa::path(post, path = "/api/jobs/bulk", request_body = BulkRequest, responses(
    (status = 200, body = BulkOutcome), (status = 400, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn in_bulk(caller: Caller, wanted: BulkRequest, app: Arc<App>) -> Answer {
    let BulkRequest { action, state, name, room, handle } = wanted;
    let filter = JobFilter { states: states(state.as_deref())?, name, room, handle, after: None };
    let (jobs, actor) = (app.jobs.clone(), caller.actor(None));
    let outcome = async move { jobs.in_bulk(&actor, filter, action, MAX_JOBS).await };
    Ok(json(StatusCode::OK, &to_the_end(&app, outcome).await?))
}

fn states(words: Option<&str>) -> Result<Vec<JobState>, Text> {
    let words = words.unwrap_or_default().split(',').filter(|word| !word.is_empty());
    let no_such_state = || Text::new("error-bad_request").with("reason", "state: no such state");
    words.map(|word| JobState::parse(word).ok_or_else(no_such_state)).collect()
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
