//! `/api/account/passkeys` and `/api/session/passkey`: making passkeys, and signing in with them (WebAuthn).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::super::caller::sign_in_refusal;
use super::account::{Confirmation, PasskeyView, confirmed, own};
use super::route::{Route, route};
use super::session::signed_in;
use super::{Answer, App, Caller, ErrorBody, bad_request, body, json, trusted_anybody, trusted_caller, with_app};
use crate::accounts::{self, Deed};

/// What a browser is asked for.
#[derive(Serialize, ToSchema)]
struct Challenge {
    /// The argument of `navigator.credentials.create` or `get`, with binary data in Base64url without padding.
    options: Value,
    /// To be sent back with the browser's answer, within ten minutes.
    ticket: String,
}

impl From<accounts::Challenge> for Challenge {
    fn from(challenge: accounts::Challenge) -> Self {
        Self { options: challenge.options, ticket: challenge.ticket }
    }
}

#[derive(Deserialize, ToSchema)]
struct NewPasskey {
    ticket: String,
    /// What `navigator.credentials.create` gave, with binary data in Base64url without padding.
    credential: Value,
    /// What its owner calls it.
    name: String,
}

#[derive(Deserialize, ToSchema)]
struct PasskeyAnswer {
    ticket: String,
    /// What `navigator.credentials.get` gave, with binary data in Base64url without padding.
    credential: Value,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(start).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(start)),
        route!(finish).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(finish)),
        route!(remove).part(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(remove)),
        route!(start_sign_in).fixed(|at| at.and(trusted_anybody(app)).and(with_app(app)).then(start_sign_in)),
        route!(sign_in).fixed(|at| at.and(trusted_anybody(app)).and(body(app)).and(with_app(app)).then(sign_in)),
    ]
}

/// Begins to make a passkey for the own account.
#[utoipa::path(post, path = "/api/account/passkeys/start", request_body = Confirmation, responses(
    (status = 200, body = Challenge), (status = 401, description = "Not the password", body = ErrorBody),
    (status = 409, description = "This server can have no passkeys", body = ErrorBody)))]
async fn start(caller: Caller, form: Confirmation, app: Arc<App>) -> Answer {
    let account = confirmed(&caller, form, &app).await?;
    Ok(json(StatusCode::OK, &Challenge::from(app.accounts.start_passkey(account)?)))
}

/// Adds the passkey that the browser made.
#[utoipa::path(post, path = "/api/account/passkeys", request_body = NewPasskey, responses(
    (status = 201, body = PasskeyView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn finish(caller: Caller, new: NewPasskey, app: Arc<App>) -> Answer {
    let (_, account) = own(&caller)?;
    let credential = serde_json::from_value(new.credential).map_err(bad_request)?;
    let passkey = app.accounts.finish_passkey(account, &new.ticket, credential, &new.name).await?;
    app.audit_log.record(&caller.actor(None), Deed::new("passkey.add", &passkey.name)).await?;
    Ok(json(StatusCode::CREATED, &PasskeyView::new(&passkey)))
}

/// Removes a passkey.
#[utoipa::path(delete, path = "/api/account/passkeys/{id}", params(("id" = String, Path)), request_body = Confirmation, responses(
    (status = 204), (status = 401, description = "Not the password", body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "There is nothing else to sign in with", body = ErrorBody)))]
async fn remove(id: String, caller: Caller, form: Confirmation, app: Arc<App>) -> Answer {
    let account = confirmed(&caller, form, &app).await?;
    app.accounts.remove_passkey(account, &id).await?;
    app.audit_log.record(&caller.actor(None), Deed::new("passkey.remove", &account.name)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Begins to sign in with a passkey.
#[utoipa::path(post, path = "/api/session/passkey/start", responses(
    (status = 200, body = Challenge), (status = 409, description = "This server can have no passkeys", body = ErrorBody)))]
async fn start_sign_in(_: Caller, app: Arc<App>) -> Answer {
    Ok(json(StatusCode::OK, &Challenge::from(app.accounts.start_passkey_sign_in()?)))
}

/// Signs in with a passkey; sets a cookie for 30 days.
#[utoipa::path(post, path = "/api/session/passkey", request_body = PasskeyAnswer, responses(
    (status = 200, description = "`{user}`"), (status = 401, body = ErrorBody),
    (status = 429, description = "Too many wrong answers", body = ErrorBody)))]
async fn sign_in(caller: Caller, form: PasskeyAnswer, app: Arc<App>) -> Answer {
    let credential = serde_json::from_value(form.credential).map_err(bad_request)?;
    let account = app.accounts.sign_in_with_passkey(&form.ticket, credential, caller.address).await;
    signed_in(StatusCode::OK, &caller, &account.map_err(sign_in_refusal)?, &app).await
}
