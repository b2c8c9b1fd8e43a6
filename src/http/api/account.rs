//! `/api/account`: the own account.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::Filter;
use warp::Reply;
use warp::http::StatusCode;

use super::super::caller::sign_in_refusal;
use super::route::{Route, route};
use super::session::{mark, signed_out};
use super::{Answer, App, Caller, ErrorBody, Refusal, body, caller, json, trusted_caller, with_app};
use crate::accounts::{SignInError, SignedIn};
use crate::model::Account;
use crate::protocol::{AccountView, SessionView};
use crate::text::Text;

#[derive(Serialize, ToSchema)]
struct OwnAccount {
    account: AccountView,
    /// The one that was used last first.
    sessions: Vec<SessionView>,
}

#[derive(Deserialize, ToSchema)]
struct NewPassword {
    current: String,
    new: String,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(show).fixed(|at| at.and(caller(app)).and(with_app(app)).then(show)),
        route!(change_password)
            .fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(change_password)),
        route!(end_all).fixed(|at| at.and(trusted_caller(app)).and(with_app(app)).then(end_all)),
        route!(end).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(end)),
    ]
}

/// The account that the caller is signed in to, and its sessions.
#[utoipa::path(get, path = "/api/account", responses(
    (status = 200, body = OwnAccount), (status = 403, description = "Not signed in to an account", body = ErrorBody)))]
async fn show(caller: Caller, app: Arc<App>) -> Answer {
    let (signed_in, account) = own(&caller)?;
    let sessions = app.accounts.sessions_of(account, Some(&signed_in.session)).await?;
    let account = AccountView::new(account, sessions.first().map(|session| session.last_seen_at));
    Ok(json(StatusCode::OK, &OwnAccount { account, sessions }))
}

/// Changes the password and ends all other sessions.
#[utoipa::path(post, path = "/api/account/password", request_body = NewPassword, responses(
    (status = 204), (status = 400, body = ErrorBody), (status = 401, description = "Not the current password", body = ErrorBody)))]
async fn change_password(caller: Caller, form: NewPassword, app: Arc<App>) -> Answer {
    let (signed_in, account) = own(&caller)?;
    let changed =
        app.accounts.change_password(account, &signed_in.session, form.current, form.new, caller.address).await;
    let changed = changed.map_err(|error| match error {
        SignInError::WrongPassword => Text::new("error-bad_password-current").into(),
        other => sign_in_refusal(other),
    })?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    mark(&mut response, &caller, &changed, &app);
    Ok(response)
}

/// Ends all sessions, this one too.
#[utoipa::path(delete, path = "/api/account/sessions", responses((status = 204), (status = 403, body = ErrorBody)))]
async fn end_all(caller: Caller, app: Arc<App>) -> Answer {
    let signed_in = own(&caller)?.0;
    app.sessions.end_of(&signed_in.subject(), |_| true).await.map_err(Text::from)?;
    Ok(signed_out(&caller))
}

/// Ends one session.
#[utoipa::path(delete, path = "/api/account/sessions/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 404, body = ErrorBody)))]
async fn end(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let signed_in = own(&caller)?.0;
    let ended = app.sessions.end_of(&signed_in.subject(), |session| session.as_str() == id).await;
    match ended.map_err(Text::from)? {
        0 => Err(Text::new("error-not_found-session").into()),
        _ if signed_in.session.as_str() == id => Ok(signed_out(&caller)),
        _ => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn own(caller: &Caller) -> Result<(&SignedIn, &Account), Refusal> {
    let own = caller.signed_in.as_ref().zip(caller.account());
    own.ok_or_else(|| Refusal::new(StatusCode::FORBIDDEN, Text::new("error-forbidden-account")))
}
