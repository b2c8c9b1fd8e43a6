//! `/api/account/second-factor`: codes that the own account is asked for after its password.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::http::uri::Authority;
use warp::{Filter, Reply};

use super::account::{Confirmation, confirmed};
use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, json, trusted_caller, with_app};
use crate::accounts::Deed;

/// What an authenticator app is set up with.
#[derive(Serialize, ToSchema)]
struct Enrollment {
    /// In Base32, to be typed.
    secret: String,
    /// The same as an `otpauth` URL, to be scanned or opened.
    url: String,
}

#[derive(Deserialize, ToSchema)]
struct NewSecondFactor {
    /// From the enrollment.
    secret: String,
    /// What the app shows.
    code: String,
    /// The account's own.
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// Each works once in place of the app's code. They are returned only here.
    recovery_codes: Vec<String>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(enroll).fixed(|at| {
            at.and(trusted_caller(app)).and(body(app)).and(warp::host::optional()).and(with_app(app)).then(enroll)
        }),
        route!(add).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(add)),
        route!(remove).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(remove)),
        route!(renew).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(renew)),
    ]
}

/// Begins to set up an authenticator app (RFC 6238).
#[utoipa::path(post, path = "/api/account/second-factor/start", request_body = Confirmation, responses(
    (status = 200, body = Enrollment), (status = 401, description = "Not the password", body = ErrorBody),
    (status = 409, description = "The account has no password", body = ErrorBody)))]
async fn enroll(caller: Caller, form: Confirmation, host: Option<Authority>, app: Arc<App>) -> Answer {
    let account = confirmed(&caller, form, &app).await?;
    // How the app calls this server among others.
    let enrollment = app.accounts.enroll(account, host.as_ref().map_or("chatbot", Authority::host))?;
    Ok(json(StatusCode::OK, &Enrollment { secret: enrollment.secret, url: enrollment.url }))
}

/// Asks for the app's codes from now on, in place of another app's.
#[utoipa::path(post, path = "/api/account/second-factor", request_body = NewSecondFactor, responses(
    (status = 201, body = RecoveryCodes), (status = 401, description = "Not the password, or not the code", body = ErrorBody)))]
async fn add(caller: Caller, new: NewSecondFactor, app: Arc<App>) -> Answer {
    let account = confirmed(&caller, Confirmation { password: new.password }, &app).await?;
    let recovery_codes = app.accounts.add_second_factor(account, &new.secret, &new.code).await?;
    app.audit_log.record(&caller.actor(None), Deed::new("second_factor.add", &account.name)).await?;
    Ok(json(StatusCode::CREATED, &RecoveryCodes { recovery_codes }))
}

/// Asks for the password alone from now on.
#[utoipa::path(delete, path = "/api/account/second-factor", request_body = Confirmation, responses(
    (status = 204), (status = 401, description = "Not the password", body = ErrorBody)))]
async fn remove(caller: Caller, form: Confirmation, app: Arc<App>) -> Answer {
    let account = confirmed(&caller, form, &app).await?;
    app.accounts.remove_second_factor(account).await?;
    app.audit_log.record(&caller.actor(None), Deed::new("second_factor.remove", &account.name)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Makes new recovery codes; all before them are void.
#[utoipa::path(post, path = "/api/account/recovery-codes", request_body = Confirmation, responses(
    (status = 201, body = RecoveryCodes), (status = 401, description = "Not the password", body = ErrorBody),
    (status = 409, description = "There is no second factor", body = ErrorBody)))]
async fn renew(caller: Caller, form: Confirmation, app: Arc<App>) -> Answer {
    let account = confirmed(&caller, form, &app).await?;
    let recovery_codes = app.accounts.renew_recovery_codes(account).await?;
    app.audit_log.record(&caller.actor(None), Deed::new("recovery_codes.renew", &account.name)).await?;
    Ok(json(StatusCode::CREATED, &RecoveryCodes { recovery_codes }))
}
