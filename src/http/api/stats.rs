//! `/api/jobs/stats`: job statistics for plots.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, bad_request, blocking, caller, json, query, with_app};
use crate::jobs::Span;
use crate::protocol::{JobsNow, StatsPoint};
use crate::text::Text;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatsQuery {
    /// `hour` (by minute) or `day` (by 15 minutes); `hour` by default.
    span: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct JobStats {
    now: JobsNow,
    /// Commands that are paused; `*` for all.
    paused: Vec<String>,
    /// Seconds from one point to the next.
    step: u64,
    /// Oldest first; the last interval has not ended yet.
    points: Vec<StatsPoint>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(show).fixed(|at| at.and(query()).and(caller(app)).and(with_app(app)).then(show))]
}

/// Number of jobs now, and statistics of the last hour or day.
#[utoipa::path(get, path = "/api/jobs/stats", params(StatsQuery), responses(
    (status = 200, body = JobStats), (status = 400, body = ErrorBody)))]
async fn show(query: StatsQuery, _caller: Caller, app: Arc<App>) -> Answer {
    let span = match query.span.as_deref() {
        None | Some("hour") => Span::Hour,
        Some("day") => Span::Day,
        Some(_) => return Err(bad_request("the span is hour or day")),
    };
    let now = app.jobs.now().await.map_err(Text::from)?;
    let paused = app.jobs.paused().into_iter().collect();
    let points = blocking(move || Ok(app.jobs.stats().points(span))).await?;
    Ok(json(StatusCode::OK, &JobStats { now, paused, step: span.step_seconds(), points }))
}
