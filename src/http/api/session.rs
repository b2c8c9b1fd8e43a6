//! `/api/session`: signing in and out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::Filter;
use warp::Reply;
use warp::http::StatusCode;
use warp::http::header::SET_COOKIE;
use warp::reply::Response;

use super::super::caller::{self, MARK_COOKIE, SESSION_COOKIE, sign_in_refusal, user_view};
use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, Refusal, bad_request, body, json, trusted_anybody, with_app};
use crate::accounts::{Actor, Credentials, SESSION_DAYS, SignInError};
use crate::model::{Account, Role};
use crate::open_id::Provider;
use crate::protocol::UserView;
use crate::text::Text;

/// How long a browser is known in which somebody signed in, in days.
const MARK_DAYS: i64 = 365;

/// Either a name and a password, or the owner's key.
#[derive(Deserialize, ToSchema)]
struct SignIn {
    /// The owner's key.
    key: Option<String>,
    /// The name of an account.
    name: Option<String>,
    password: Option<String>,
    /// Of the account's second factor, or a recovery code.
    code: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Session<'a> {
    user: UserView<'a>,
    /// What people can sign in with beside a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    ways: Option<Ways<'a>>,
}

#[derive(Serialize, ToSchema)]
struct Ways<'a> {
    passkeys: bool,
    /// Name of the identity provider, if there is one.
    provider: Option<&'a str>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(show).fixed(|at| at.and(caller::caller(app)).and(with_app(app)).then(show)),
        route!(sign_in).fixed(|at| at.and(trusted_anybody(app)).and(body(app)).and(with_app(app)).then(sign_in)),
        route!(sign_out).fixed(|at| at.and(trusted_anybody(app)).and(with_app(app)).then(sign_out)),
    ]
}

/// The caller's identity, and what people can sign in with.
#[utoipa::path(get, path = "/api/session", responses((status = 200, body = Session)))]
async fn show(caller: Caller, app: Arc<App>) -> Answer {
    let provider = app.provider.as_ref().map(Provider::name);
    let ways = Some(Ways { passkeys: app.accounts.has_passkeys(), provider });
    Ok(json(StatusCode::OK, &Session { user: user_view(&caller.actor(None)), ways }))
}

/// Signs in with a name and a password, or with the owner's key; sets a cookie for 30 days.
#[utoipa::path(post, path = "/api/session", request_body = SignIn, responses(
    (status = 200, body = Session),
    (status = 401, description = "Wrong, or with `code_needed` right as far as it goes", body = ErrorBody),
    (status = 429, description = "Too many wrong keys or passwords", body = ErrorBody)))]
async fn sign_in(caller: Caller, form: SignIn, app: Arc<App>) -> Answer {
    match form {
        SignIn { key: Some(key), .. } => {
            app.keys.check(&key, caller.address).map_err(sign_in_refusal)?;
            let token = open(&caller, None, &app).await?;
            let mut response = user(StatusCode::OK, &Actor { role: Role::Owner, ..caller.actor(None) });
            set_cookie(&mut response, &caller, SESSION_COOKIE, &token, SESSION_DAYS);
            Ok(response)
        }
        SignIn { name: Some(name), password: Some(password), code, .. } => {
            let credentials = Credentials { name, password, code, mark: caller.mark.clone() };
            let account = app.accounts.sign_in(credentials, caller.address).await.map_err(sign_in_refusal)?;
            signed_in(StatusCode::OK, &caller, &account, &app).await
        }
        _ => Err(bad_request("either key, or name and password")),
    }
}

/// Ends the session.
#[utoipa::path(delete, path = "/api/session", responses((status = 204)))]
async fn sign_out(caller: Caller, app: Arc<App>) -> Answer {
    if let Some(token) = &caller.session {
        app.sessions.end(token).await.map_err(Text::from)?;
    }
    Ok(signed_out(&caller))
}

/// Opens a session for an account, with the browser's cookies for it.
pub(super) async fn signed_in(status: StatusCode, caller: &Caller, account: &Account, app: &App) -> Answer {
    let token = open(caller, Some(account), app).await?;
    let room = app.store.private_room(&account.principal);
    let mut response = user(status, &Actor::of_account(account, room, caller.locale));
    set_cookie(&mut response, caller, SESSION_COOKIE, &token, SESSION_DAYS);
    set_cookie(&mut response, caller, MARK_COOKIE, &app.accounts.mark(account), MARK_DAYS);
    Ok(response)
}

async fn open(caller: &Caller, account: Option<&Account>, app: &App) -> Result<String, Refusal> {
    let token = app.sessions.open(account, &caller.device).await.map_err(Text::from)?;
    token.ok_or_else(|| sign_in_refusal(SignInError::WrongPassword))
}

/// The answer to a browser that has no session any more.
pub(super) fn signed_out(caller: &Caller) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, caller, SESSION_COOKIE, "", 0);
    response
}

/// Marks a browser whose account has a new password.
pub(super) fn mark(response: &mut Response, caller: &Caller, account: &Account, app: &App) {
    set_cookie(response, caller, MARK_COOKIE, &app.accounts.mark(account), MARK_DAYS);
}

fn user(status: StatusCode, actor: &Actor) -> Response {
    json(status, &Session { user: user_view(actor), ways: None })
}

fn set_cookie(response: &mut Response, caller: &Caller, name: &str, value: &str, days: i64) {
    if let Some(cookie) = caller::set_cookie(name, value, days, "Strict", caller.is_secure) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
