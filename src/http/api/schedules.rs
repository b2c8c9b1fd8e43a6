//! `/api/schedules`.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, Refusal, caller, json, to_the_end, trusted_caller, with_app};
use crate::jobs::Alteration;
use crate::model::ScheduleId;
use crate::protocol::ScheduleView;
use crate::text::Text;

#[derive(Serialize, ToSchema)]
struct ScheduleList {
    schedules: Vec<ScheduleView>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    let changed_by = || trusted_caller(app).and(with_app(app));
    vec![
        route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list)),
        route!(pause).part(|at| at.and(changed_by()).then(pause)),
        route!(resume).part(|at| at.and(changed_by()).then(resume)),
        route!(remove).part(|at| at.and(changed_by()).then(remove)),
    ]
}

/// Oldest first: one's own schedules, everybody's for the owner; at most 1000.
#[utoipa::path(get, path = "/api/schedules", responses((status = 200, body = ScheduleList)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let schedules = app.jobs.list_schedules(&actor).await?;
    Ok(json(StatusCode::OK, &ScheduleList { schedules }))
}

/// Withdraws the waiting run and creates no more.
#[utoipa::path(post, path = "/api/schedules/{id}/pause", params(("id" = String, Path)), responses(
    (status = 200, body = ScheduleView), (status = 404, body = ErrorBody)))]
async fn pause(id: String, caller: Caller, app: Arc<App>) -> Answer {
    Ok(json(StatusCode::OK, &alter(&id, caller, app, Alteration::Pause).await?))
}

/// Continues with the next time.
#[utoipa::path(post, path = "/api/schedules/{id}/resume", params(("id" = String, Path)), responses(
    (status = 200, body = ScheduleView), (status = 404, body = ErrorBody)))]
async fn resume(id: String, caller: Caller, app: Arc<App>) -> Answer {
    Ok(json(StatusCode::OK, &alter(&id, caller, app, Alteration::Resume).await?))
}

/// Withdraws the waiting run and deletes the schedule.
#[utoipa::path(delete, path = "/api/schedules/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 404, body = ErrorBody)))]
async fn remove(id: String, caller: Caller, app: Arc<App>) -> Answer {
    alter(&id, caller, app, Alteration::Delete).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Changes one's own schedule, or any for the owner.
async fn alter(id: &str, caller: Caller, app: Arc<App>, alteration: Alteration) -> Result<ScheduleView, Refusal> {
    let id = ScheduleId::parse(id).ok_or_else(|| Text::new("error-not_found-schedule"))?;
    let (actor, jobs) = (caller.actor(None), app.jobs.clone());
    to_the_end(&app, async move { jobs.alter_schedule_for(&actor, &id, alteration).await }).await
}
