//! `/api/account`: the own account.
//!
//! Whoever changes what it is signed in with says the password once more: a browser may be left signed in.

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
use crate::accounts::SignedIn;
use crate::model::{Account, Passkey};
use crate::protocol::{AccountView, SessionView};
use crate::text::Text;

#[derive(Serialize, ToSchema)]
struct OwnAccount {
    account: AccountView,
    /// The one that was used last first.
    sessions: Vec<SessionView>,
    /// Whether there is a password; without one, it is set by whoever has just signed in.
    has_password: bool,
    /// `null` if the password is enough.
    second_factor: Option<SecondFactorView>,
    passkeys: Vec<PasskeyView>,
    /// Whether somebody signs in to it at the identity provider, too.
    has_identity: bool,
}

#[derive(Serialize, ToSchema)]
struct SecondFactorView {
    #[schema(format = DateTime)]
    created_at: String,
    /// How many recovery codes are left.
    recovery_codes: usize,
}

#[derive(Serialize, ToSchema)]
pub(super) struct PasskeyView {
    id: String,
    name: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

impl PasskeyView {
    pub fn new(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id.clone(),
            name: passkey.name.clone(),
            created_at: passkey.created_at.to_string(),
            last_used_at: passkey.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// What shows that it is the account's owner who asks.
#[derive(Deserialize, ToSchema)]
pub(super) struct Confirmation {
    /// The account's, if it has one; otherwise the session must have begun in the last ten minutes.
    pub password: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct NewPassword {
    /// If there is one.
    current: Option<String>,
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
    let second_factor = account.second_factor.as_ref().map(|factor| SecondFactorView {
        created_at: factor.created_at.to_string(),
        recovery_codes: factor.recovery_codes.len(),
    });
    let own = OwnAccount {
        account: AccountView::new(account, sessions.first().map(|session| session.last_seen_at)),
        sessions,
        has_password: account.password.is_some(),
        second_factor,
        passkeys: account.passkeys.iter().map(PasskeyView::new).collect(),
        has_identity: account.identity.is_some(),
    };
    Ok(json(StatusCode::OK, &own))
}

/// Changes the password and ends all other sessions.
#[utoipa::path(post, path = "/api/account/password", request_body = NewPassword, responses(
    (status = 204), (status = 400, body = ErrorBody), (status = 401, description = "Not the current password", body = ErrorBody)))]
async fn change_password(caller: Caller, form: NewPassword, app: Arc<App>) -> Answer {
    let (signed_in, _) = own(&caller)?;
    let account = confirmed(&caller, Confirmation { password: form.current }, &app).await?;
    let changed = app.accounts.set_password(account, &signed_in.session, form.new).await?;
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

/// The account that the caller is signed in to.
pub(super) fn own(caller: &Caller) -> Result<(&SignedIn, &Account), Refusal> {
    let own = caller.signed_in.as_ref().zip(caller.account());
    own.ok_or_else(|| Refusal::new(StatusCode::FORBIDDEN, Text::new("error-forbidden-account")))
}

/// The same, once it is sure that its owner asks.
pub(super) async fn confirmed<'a>(caller: &'a Caller, form: Confirmation, app: &App) -> Result<&'a Account, Refusal> {
    let (signed_in, account) = own(caller)?;
    app.accounts.confirm(account, &signed_in.session, form.password).await.map_err(sign_in_refusal)?;
    Ok(account)
}
