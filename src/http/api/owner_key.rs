//! `/api/owner-key`: another key for scripts, and for owners who cannot sign in.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, json, trusted_caller, with_app};
use crate::accounts::Deed;

/// A key that was just made.
#[derive(Serialize, ToSchema)]
struct NewKey {
    /// Shown only now: the server keeps a digest.
    key: String,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(replace).fixed(|at| at.and(trusted_caller(app)).and(with_app(app)).then(replace))]
}

/// Makes a new owner's key. The one before opens nothing any more, and who signed in with it is signed out. For the owner.
#[utoipa::path(post, path = "/api/owner-key", responses(
    (status = 201, body = NewKey), (status = 403, body = ErrorBody),
    (status = 409, description = "The settings say which key it is", body = ErrorBody)))]
async fn replace(caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let key = app.keys.replace(&app.sessions, &actor).await?;
    app.audit_log.record(&actor, Deed::new("owner_key.replace", "owner")).await?;
    Ok(json(StatusCode::CREATED, &NewKey { key }))
}
