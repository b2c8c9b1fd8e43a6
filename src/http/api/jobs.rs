//! `/api/jobs`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;

use super::{Answer, App, Caller, ErrorBody, blocking, caller, json, settle, trusted_caller};
use crate::bots;
use crate::model::{JobId, JobState};
use crate::protocol::JobView;
use crate::text::Text;

const DEFAULT_JOBS: usize = 50;
const MAX_JOBS: usize = 500;

#[derive(Deserialize, IntoParams)]
struct ListQuery {
    /// `queued`, `running`, `completed`, `failed`, `cancelled` or `interrupted`.
    state: Option<String>,
    /// At most 500; 50 if left out.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
struct JobList {
    jobs: Vec<JobView>,
}

pub fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let with_app = || {
        let app = app.clone();
        warp::any().map(move || app.clone())
    };
    let listing = warp::path!("api" / "jobs").and(warp::get()).and(warp::query()).and(caller(app)).and(with_app());
    let showing = warp::path!("api" / "jobs" / String).and(warp::get()).and(caller(app)).and(with_app());
    let cancelling = warp::path!("api" / "jobs" / String / "cancel").and(warp::post());
    let cancelling = cancelling.and(trusted_caller(app)).and(with_app());
    let all = listing.then(list).map(settle).or(showing.then(show).map(settle)).unify();
    all.or(cancelling.then(cancel).map(settle)).unify().boxed()
}

/// Newest first: one's own jobs, everybody's for the owner.
#[utoipa::path(get, path = "/api/jobs", params(ListQuery), responses(
    (status = 200, body = JobList), (status = 400, body = ErrorBody)))]
async fn list(query: ListQuery, caller: Caller, app: Arc<App>) -> Answer {
    let state = match query.state.as_deref() {
        None | Some("") => None,
        Some(state) => {
            Some(JobState::parse(state).ok_or_else(|| Text::new("error-bad_request").with("reason", "no such state"))?)
        }
    };
    let limit = query.limit.unwrap_or(DEFAULT_JOBS).clamp(1, MAX_JOBS);
    let actor = caller.actor(None);
    let jobs = blocking(move || app.chat.list_jobs(&actor, state, limit)).await?;
    Ok(json(StatusCode::OK, &JobList { jobs }))
}

/// One job, with its result once it has one.
#[utoipa::path(get, path = "/api/jobs/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = JobView), (status = 404, body = ErrorBody)))]
async fn show(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let job = app.chat.visible_job(&job_id(&id)?, &caller.actor(None))?;
    Ok(json(StatusCode::OK, &job))
}

/// Cancels a job: one's own, any for the owner. One that has ended stays as it is.
#[utoipa::path(post, path = "/api/jobs/{id}/cancel", params(("id" = String, Path)), responses(
    (status = 200, body = JobView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn cancel(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let by = actor.handle.to_string();
    let job = app.chat.cancel(&job_id(&id)?, &actor, |job| bots::cancelled(job, Some(by))).await?;
    Ok(json(StatusCode::OK, &job))
}

fn job_id(text: &str) -> Result<JobId, Text> {
    JobId::parse(text).ok_or_else(|| Text::new("error-not_found-job"))
}
