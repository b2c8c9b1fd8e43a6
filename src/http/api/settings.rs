//! `/api/settings`: what the owner changes while the server runs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, caller, json, trusted_caller, with_app};
use crate::accounts::{Action, Deed};
use crate::model::Access;

#[derive(Serialize, ToSchema)]
struct SettingsView {
    /// Who may come in without an account.
    access: Access,
}

#[derive(Deserialize, ToSchema)]
struct SettingsChange {
    access: Option<Access>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(show).fixed(|at| at.and(caller(app)).and(with_app(app)).then(show)),
        route!(change).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(change)),
    ]
}

/// The settings. For the owner.
#[utoipa::path(get, path = "/api/settings", responses((status = 200, body = SettingsView), (status = 403, body = ErrorBody)))]
async fn show(caller: Caller, app: Arc<App>) -> Answer {
    caller.actor(None).may(Action::ManageSettings)?;
    Ok(json(StatusCode::OK, &SettingsView { access: app.front_door.access() }))
}

/// Changes settings; those that are left out stay. For the owner.
#[utoipa::path(patch, path = "/api/settings", request_body = SettingsChange, responses(
    (status = 200, body = SettingsView), (status = 403, body = ErrorBody)))]
async fn change(caller: Caller, change: SettingsChange, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::ManageSettings)?;
    if let Some(access) = change.access {
        let before = app.front_door.access();
        app.front_door.set(access, &actor).await?;
        let deed = Deed::new("settings.change", "access").before(value!(before)).after(value!(access));
        app.audit_log.record(&actor, deed).await?;
    }
    Ok(json(StatusCode::OK, &SettingsView { access: app.front_door.access() }))
}
