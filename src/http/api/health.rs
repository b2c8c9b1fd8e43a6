//! Health check for supervisors and load balancers.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, json, with_app};

#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`, `stopping` or `store_failed`.
    status: &'static str,
    version: &'static str,
    connections: usize,
    jobs_waiting: usize,
    jobs_open: usize,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(health).fixed(|at| at.and(with_app(app)).then(health))]
}

/// Whether the server is well, for supervisors and load balancers.
#[utoipa::path(get, path = "/healthz", responses(
    (status = 200, description = "The store is open and the workers run", body = Health),
    (status = 503, description = "The server stops, or its store failed", body = Health)))]
async fn health(app: Arc<App>) -> Answer {
    let status = match () {
        () if app.store.has_failed() => "store_failed",
        () if app.stopping.is_cancelled() => "stopping",
        () => "ok",
    };
    let code = if status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let jobs = app.jobs.counts();
    let health = Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        connections: app.connections.open(),
        jobs_waiting: jobs.queued,
        jobs_open: jobs.open,
    };
    Ok(json(code, &health))
}
