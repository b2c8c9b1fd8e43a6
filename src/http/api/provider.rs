//! `/api/session/provider` and `/api/account/identity`: signing in at an identity provider (OpenID Connect).
//!
//! The page goes to the provider and comes back with a code. What the server must know then, the page keeps as a ticket.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::account::{Confirmation, confirmed, own};
use super::route::{Route, route};
use super::session::signed_in;
use super::{Answer, App, Caller, ErrorBody, Refusal, body, json, trusted_anybody, trusted_caller, with_app};
use crate::accounts::{Deed, Errand};
use crate::model::{Account, Handle, Role};
use crate::open_id::{OpenIdError, Person, Provider};
use crate::text::Text;

/// How many numbers are tried behind a name that is taken.
const NUMBERED: u32 = 20;

/// Where the page goes.
#[derive(Serialize, ToSchema)]
struct Departure {
    /// The provider's page.
    url: String,
    /// To be sent with what the provider answers, within ten minutes.
    ticket: String,
}

/// With what the page comes back.
#[derive(Deserialize, ToSchema)]
struct Arrival {
    code: String,
    state: String,
    ticket: String,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(depart).fixed(|at| at.and(trusted_anybody(app)).and(with_app(app)).then(depart)),
        route!(arrive).fixed(|at| at.and(trusted_anybody(app)).and(body(app)).and(with_app(app)).then(arrive)),
        route!(depart_to_link)
            .fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(depart_to_link)),
        route!(link).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(link)),
        route!(unlink).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(unlink)),
    ]
}

/// Begins to sign in at the provider.
#[utoipa::path(post, path = "/api/session/provider/start", responses(
    (status = 200, body = Departure), (status = 404, description = "There is no provider", body = ErrorBody),
    (status = 502, description = "The provider does not answer", body = ErrorBody)))]
async fn depart(_: Caller, app: Arc<App>) -> Answer {
    departure(&app, Errand::SignIn).await
}

/// Signs in with the provider's answer; sets a cookie for 30 days. Somebody without an account gets one, if the settings say so.
#[utoipa::path(post, path = "/api/session/provider", request_body = Arrival, responses(
    (status = 200, description = "`{user}`"), (status = 401, description = "The answer is not valid", body = ErrorBody),
    (status = 403, description = "Nobody has an account for it", body = ErrorBody)))]
async fn arrive(caller: Caller, form: Arrival, app: Arc<App>) -> Answer {
    let (provider, person) = arrived(&app, form, Errand::SignIn).await?;
    let account = match app.accounts.account_of_identity(&person.identity).await? {
        Some(account) => account,
        None if provider.creates_accounts() => create(&caller, person, &app).await?,
        None => return Err(Text::new("error-forbidden-no_account_there").into()),
    };
    signed_in(StatusCode::OK, &caller, &account, &app).await
}

/// Begins to link the own account with whom the provider knows.
#[utoipa::path(post, path = "/api/account/identity/start", request_body = Confirmation, responses(
    (status = 200, body = Departure), (status = 401, description = "Not the password", body = ErrorBody)))]
async fn depart_to_link(caller: Caller, form: Confirmation, app: Arc<App>) -> Answer {
    let account = confirmed(&caller, form, &app).await?;
    departure(&app, Errand::Link(account.id.clone())).await
}

/// Lets the own account be signed in to at the provider.
#[utoipa::path(post, path = "/api/account/identity", request_body = Arrival, responses(
    (status = 204), (status = 401, description = "The answer is not valid", body = ErrorBody),
    (status = 409, description = "Another account has it", body = ErrorBody)))]
async fn link(caller: Caller, form: Arrival, app: Arc<App>) -> Answer {
    let (_, account) = own(&caller)?;
    let (_, person) = arrived(&app, form, Errand::Link(account.id.clone())).await?;
    app.accounts.link_identity(account, person.identity).await?;
    app.audit_log.record(&caller.actor(None), Deed::new("identity.link", &account.name)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The provider opens the own account no more.
#[utoipa::path(delete, path = "/api/account/identity", request_body = Confirmation, responses(
    (status = 204), (status = 401, description = "Not the password", body = ErrorBody),
    (status = 409, description = "There is nothing else to sign in with", body = ErrorBody)))]
async fn unlink(caller: Caller, form: Confirmation, app: Arc<App>) -> Answer {
    let account = confirmed(&caller, form, &app).await?;
    app.accounts.unlink_identity(account).await?;
    app.audit_log.record(&caller.actor(None), Deed::new("identity.unlink", &account.name)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn provider(app: &App) -> Result<&Provider, Text> {
    app.provider.as_ref().ok_or_else(|| Text::new("error-not_found-provider"))
}

async fn departure(app: &App, errand: Errand) -> Answer {
    let departure = provider(app)?.depart().await.map_err(refusal)?;
    let ticket = app.accounts.issue_errand(&errand, departure.pending)?;
    Ok(json(StatusCode::OK, &Departure { url: departure.url, ticket }))
}

async fn arrived(app: &App, form: Arrival, errand: Errand) -> Result<(&Provider, Person), Refusal> {
    let provider = provider(app)?;
    let pending = app.accounts.redeem_errand(&errand, &form.ticket)?;
    let person = provider.arrive(pending, &form.state, form.code).await.map_err(refusal)?;
    Ok((provider, person))
}

/// An account for somebody who signs in for the first time, with what the browser's visitor wrote.
async fn create(caller: &Caller, person: Person, app: &App) -> Result<Account, Refusal> {
    let visitor = Some(&caller.visitor).filter(|visitor| visitor.is_recognized() && caller.account().is_none());
    let names = handles(&person.names);
    Ok(app.accounts.create_for_identity(person.identity, &names, Role::Member, visitor).await?)
}

/// What they may be called here: as there, or with a number behind it.
fn handles(names: &[String]) -> Vec<Handle> {
    let (own, fallback) = (names.iter().map(String::as_str), ["member"].into_iter());
    let shortened = |name: &str, chars: usize| name.chars().take(chars).collect::<String>();
    let room = Handle::MAX_CHARS - NUMBERED.to_string().len() - 1;
    let plain = |name: &str| shortened(name, Handle::MAX_CHARS);
    let numbered = |name: &str| (2..=NUMBERED).map(|n| format!("{}-{n}", shortened(name, room))).collect::<Vec<_>>();
    let wanted = own.clone().map(plain).chain(own.flat_map(numbered));
    let wanted = wanted.chain(fallback.clone().map(plain)).chain(fallback.flat_map(numbered));
    wanted.filter_map(|name| Handle::new(&name).ok()).collect()
}

fn refusal(error: OpenIdError) -> Refusal {
    tracing::warn!(%error, "a sign-in at the identity provider failed");
    match error {
        OpenIdError::Provider(_) => Refusal::new(StatusCode::BAD_GATEWAY, Text::new("error-provider_failed")),
        OpenIdError::Invalid(_) => Refusal::new(StatusCode::UNAUTHORIZED, Text::new("error-bad_sign_in")),
    }
}
