//! `/api/accounts`: everybody's accounts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::{IntoParams, ToSchema};
use warp::Filter;
use warp::Reply;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::session::signed_in;
use super::{
    Answer, App, Caller, ErrorBody, Refusal, bad_request, body, caller, json, query, trusted_anybody, trusted_caller,
    with_app,
};
use crate::accounts::{AccountChange, Deed};
use crate::model::{AccountId, Handle, Role};
use crate::protocol::{AccountView, SessionView};
use crate::text::Text;

/// Accounts in an answer, when nothing else is asked for, and at most.
const USUAL: usize = 50;
const MOST: usize = 200;

#[derive(Serialize, ToSchema)]
struct AccountList {
    accounts: Vec<AccountView>,
    /// Whether there are more behind the last one.
    more: bool,
}

#[derive(Serialize, ToSchema)]
struct SessionList {
    /// The one that was used last first.
    sessions: Vec<SessionView>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only those with this in their name.
    #[serde(default)]
    q: String,
    /// Only those behind the account of this id.
    after: Option<String>,
    /// At most so many: 50 when nothing is said, and no more than 200.
    limit: Option<usize>,
}

/// A new account: one's own by an invitation, or somebody's by who may look after accounts.
#[derive(Deserialize, ToSchema)]
struct NewAccount {
    /// The token of an invitation.
    invitation: Option<String>,
    name: String,
    password: Option<String>,
    /// Without an invitation.
    role: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct Changes {
    role: Option<String>,
    disabled: Option<bool>,
    password: Option<String>,
    /// `false` removes the second factor and the passkeys, and ends all sessions.
    second_factor: Option<bool>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(caller(app)).and(query::<Asked>()).and(with_app(app)).then(list)),
        route!(create).fixed(|at| at.and(trusted_anybody(app)).and(body(app)).and(with_app(app)).then(create)),
        route!(change).part(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(change)),
        route!(sessions).part(|at| at.and(caller(app)).and(with_app(app)).then(sessions)),
        route!(sign_out).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(sign_out)),
    ]
}

/// Accounts, in the order in which they were made.
#[utoipa::path(get, path = "/api/accounts", params(Asked), responses((status = 200, body = AccountList), (status = 403, body = ErrorBody)))]
async fn list(caller: Caller, asked: Asked, app: Arc<App>) -> Answer {
    let after = asked.after.as_deref().map(account_id).transpose()?;
    let limit = asked.limit.unwrap_or(USUAL).clamp(1, MOST);
    let (accounts, more) = app.accounts.list(&asked.q, after.as_ref(), limit, &caller.actor(None)).await?;
    Ok(json(StatusCode::OK, &AccountList { accounts, more }))
}

/// Makes an account. By an invitation, the caller is signed in to it.
#[utoipa::path(post, path = "/api/accounts", request_body = NewAccount, responses(
    (status = 201, description = "With an invitation `{user}`, otherwise the account", body = AccountView),
    (status = 404, description = "The invitation was used or is over", body = ErrorBody),
    (status = 409, description = "The name is taken", body = ErrorBody)))]
async fn create(caller: Caller, new: NewAccount, app: Arc<App>) -> Answer {
    let name = Handle::new(&new.name)?;
    match (new.invitation, new.password) {
        (Some(token), Some(password)) => {
            app.front_door.check_invitations()?;
            let visitor = Some(&caller.visitor).filter(|visitor| visitor.is_recognized() && caller.account().is_none());
            // In memory while they change.
            let rooms = app.chat.invited_to(&app.accounts.invitation(&token).await?).await?;
            let account = app.accounts.join(&token, name, password, visitor, app.chat.joined(&rooms)).await?;
            signed_in(StatusCode::CREATED, &caller, &account, &app).await
        }
        (Some(_), None) => Err(bad_request("password is missing")),
        (None, password) => {
            let role = role(new.role.as_deref().unwrap_or(Role::Member.as_str()))?;
            let actor = caller.actor(None);
            let account = app.accounts.create(name, role, password, &actor).await?;
            let deed = Deed::new("account.create", &account.name).after(value!({"role": role.as_str()}));
            app.audit_log.record(&actor, deed).await?;
            Ok(json(StatusCode::CREATED, &AccountView::new(&account, None)))
        }
    }
}

/// Changes somebody's role or password, or whether the account may be used.
#[utoipa::path(patch, path = "/api/accounts/{id}", request_body = Changes, params(("id" = String, Path)), responses(
    (status = 200, body = AccountView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn change(id: String, caller: Caller, changes: Changes, app: Arc<App>) -> Answer {
    let Changes { role: wanted, disabled, password, second_factor } = changes;
    if second_factor == Some(true) {
        return Err(bad_request("a second factor is set up by whoever has it"));
    }
    let (role, resets_factors) = (wanted.as_deref().map(role).transpose()?, second_factor == Some(false));
    let change = AccountChange { role, disabled, password, resets_factors };
    let actor = caller.actor(None);
    // Never the password itself.
    let changed = value!({
        "role": change.role, "disabled": change.disabled, "password": change.password.is_some(),
        "second_factor": second_factor,
    });
    let id = account_id(&id)?;
    let was = app.accounts.show(&id, &actor).await?;
    let was = value!({"role": change.role.map(|_| was.role), "disabled": change.disabled.map(|_| was.is_disabled)});
    let account = app.accounts.change(&id, change, &actor).await?;
    let deed = Deed::new("account.change", &account.name).before(was).after(changed);
    app.audit_log.record(&actor, deed).await?;
    Ok(json(StatusCode::OK, &account))
}

/// Where somebody is signed in.
#[utoipa::path(get, path = "/api/accounts/{id}/sessions", params(("id" = String, Path)), responses(
    (status = 200, body = SessionList), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn sessions(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let account = app.accounts.show(&account_id(&id)?, &caller.actor(None)).await?;
    let own = caller.signed_in.as_ref().map(|signed_in| &signed_in.session);
    let sessions = app.accounts.sessions_of(&account, own).await?;
    Ok(json(StatusCode::OK, &SessionList { sessions }))
}

/// Signs somebody out everywhere.
#[utoipa::path(delete, path = "/api/accounts/{id}/sessions", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn sign_out(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let (actor, id) = (caller.actor(None), account_id(&id)?);
    let account = app.accounts.show(&id, &actor).await?;
    app.accounts.sign_out(&id, &actor).await?;
    app.audit_log.record(&actor, Deed::new("account.sign_out", &account.name)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) fn account_id(text: &str) -> Result<AccountId, Text> {
    AccountId::parse(text).ok_or_else(|| Text::new("error-not_found-account"))
}

/// The role of an account by its name.
pub(super) fn role(name: &str) -> Result<Role, Refusal> {
    Role::of_account(name).ok_or_else(|| bad_request("role is member, moderator, admin or owner"))
}
