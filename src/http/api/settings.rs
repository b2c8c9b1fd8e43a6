//! `/api/settings`: what the owner changes while the server runs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, caller, json, trusted_caller, with_app};
use crate::accounts::{Action, Actor, Deed};
use crate::model::{Access, ModerationSettings};

#[derive(Serialize, ToSchema)]
struct SettingsView {
    /// Who may come in without an account.
    access: Access,
}

#[derive(Deserialize, ToSchema)]
struct SettingsChange {
    access: Option<Access>,
}

/// The filter, and what waits for approval.
#[derive(Serialize, ToSchema)]
struct ModerationView {
    #[serde(flatten)]
    #[schema(inline)]
    settings: ModerationSettings,
    /// Whether it was set while the server ran, in place of what the configuration says.
    set: bool,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(moderation).fixed(|at| at.and(caller(app)).and(with_app(app)).then(moderation)),
        route!(set_moderation)
            .fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(set_moderation)),
        route!(reset_moderation).fixed(|at| at.and(trusted_caller(app)).and(with_app(app)).then(reset_moderation)),
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

/// The settings of the filter, and of what waits for approval. For the owner.
#[utoipa::path(get, path = "/api/settings/moderation", responses(
    (status = 200, body = ModerationView), (status = 403, body = ErrorBody)))]
async fn moderation(caller: Caller, app: Arc<App>) -> Answer {
    caller.actor(None).may(Action::ManageSettings)?;
    Ok(json(StatusCode::OK, &moderation_view(&app)))
}

/// Sets them, in place of what the configuration says; what is left out has its default. For the owner.
#[utoipa::path(put, path = "/api/settings/moderation", request_body = ModerationSettings, responses(
    (status = 200, body = ModerationView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn set_moderation(caller: Caller, settings: ModerationSettings, app: Arc<App>) -> Answer {
    change_moderation(Some(settings), caller.actor(None), &app).await
}

/// Takes back what was set: the configuration counts again. For the owner.
#[utoipa::path(delete, path = "/api/settings/moderation", responses(
    (status = 200, body = ModerationView), (status = 403, body = ErrorBody)))]
async fn reset_moderation(caller: Caller, app: Arc<App>) -> Answer {
    change_moderation(None, caller.actor(None), &app).await
}

async fn change_moderation(settings: Option<ModerationSettings>, actor: Actor, app: &App) -> Answer {
    actor.may(Action::ManageSettings)?;
    let before = app.moderation.settings().0;
    app.moderation.set(settings, &actor).await?;
    let deed = Deed::new("settings.change", "moderation").before(value!(before));
    app.audit_log.record(&actor, deed.after(value!(app.moderation.settings().0))).await?;
    Ok(json(StatusCode::OK, &moderation_view(app)))
}

fn moderation_view(app: &App) -> ModerationView {
    let (settings, set) = app.moderation.settings();
    ModerationView { settings, set }
}
