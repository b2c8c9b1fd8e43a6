//! `/api/doctor`: whether the server can do its work.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, caller, json, with_app};
use crate::accounts::Action;
use crate::model::{DiagnosisView, Observed};

#[derive(Serialize, ToSchema)]
struct Diagnoses {
    /// What is worst comes first.
    diagnoses: Vec<DiagnosisView>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(examine).fixed(|at| at.and(caller(app)).and(with_app(app)).then(examine))]
}

/// Examines the server, its machine and the servers that it needs, as `chatbot doctor` does. Takes up to some seconds. For admins.
#[utoipa::path(get, path = "/api/doctor", responses(
    (status = 200, body = Diagnoses), (status = 403, body = ErrorBody)))]
async fn examine(caller: Caller, app: Arc<App>) -> Answer {
    caller.actor(None).may(Action::SeeMetrics)?;
    let mut diagnoses: Vec<_> =
        (app.checkup)(observed(&app)).await.into_iter().map(|diagnosis| diagnosis.view(caller.locale)).collect();
    diagnoses.sort_by_key(|view| std::cmp::Reverse(view.severity));
    Ok(json(StatusCode::OK, &Diagnoses { diagnoses }))
}

fn observed(app: &App) -> Observed {
    let backups = app.backups.status();
    Observed {
        unknown_proxy: app.unknown_proxy.address(),
        last_backup: backups.last.map(|last| last.at),
        backup_failed_at: backups.failed_at,
        clock_ahead: app.tls.as_deref().and_then(|tls| tls.findings().clock_ahead),
    }
}
