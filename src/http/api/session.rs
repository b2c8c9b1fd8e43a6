//! `/api/session`: the owner's sign-in.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::Filter;
use warp::Reply;
use warp::http::StatusCode;
use warp::http::header::{HeaderValue, SET_COOKIE};
use warp::reply::Response;

use super::super::caller::{SESSION_COOKIE, sign_in_refusal};
use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, caller, json, trusted_caller, with_app};
use crate::accounts::{Role, SESSION_DAYS};
use crate::protocol::UserView;
use crate::text::Text;

#[derive(Deserialize, ToSchema)]
struct SignIn {
    /// The owner's key.
    key: String,
}

#[derive(Serialize, ToSchema)]
struct Session<'a> {
    user: UserView<'a>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(show).fixed(|at| at.and(caller(app)).then(show)),
        route!(sign_in).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(sign_in)),
        route!(sign_out).fixed(|at| at.and(trusted_caller(app)).and(with_app(app)).then(sign_out)),
    ]
}

/// The caller's identity.
#[utoipa::path(get, path = "/api/session", responses((status = 200, body = Session)))]
async fn show(caller: Caller) -> Answer {
    Ok(user(&caller, caller.role))
}

/// Signs the owner in; sets a cookie for 30 days.
#[utoipa::path(post, path = "/api/session", request_body = SignIn, responses(
    (status = 200, body = Session), (status = 401, body = ErrorBody),
    (status = 429, description = "Too many wrong keys", body = ErrorBody)))]
async fn sign_in(caller: Caller, form: SignIn, app: Arc<App>) -> Answer {
    let token = app.keys.sign_in(&form.key, caller.address).await.map_err(sign_in_refusal)?;
    let mut response = user(&caller, Role::Owner);
    set_cookie(&mut response, &caller, &token, SESSION_DAYS * 24 * 60 * 60);
    Ok(response)
}

/// Ends the session.
#[utoipa::path(delete, path = "/api/session", responses((status = 204)))]
async fn sign_out(caller: Caller, app: Arc<App>) -> Answer {
    if let Some(token) = &caller.session {
        app.keys.sign_out(token).await.map_err(|_| Text::new("error-store_failed"))?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, &caller, "", 0);
    Ok(response)
}

fn user(caller: &Caller, role: Role) -> Response {
    let actor = caller.actor(None);
    json(StatusCode::OK, &Session { user: UserView { handle: &actor.handle, role: role.as_str() } })
}

fn set_cookie(response: &mut Response, caller: &Caller, token: &str, seconds: i64) {
    let secure = if caller.is_secure { "; Secure" } else { "" };
    let cookie = format!("{SESSION_COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
}
