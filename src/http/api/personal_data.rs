//! `/api/account/export`, `/api/account/delete` and the removal of somebody's account: what the server has of a person.

use std::sync::Arc;

use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::{IntoParams, ToSchema};
use warp::http::StatusCode;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, SET_COOKIE};
use warp::reply::Response;
use warp::{Filter, Reply};

use super::super::caller::{MARK_COOKIE, SESSION_COOKIE, VISITOR_COOKIE, set_cookie};
use super::account::{Confirmation, confirmed};
use super::accounts::account_id;
use super::description::FileContent;
use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, caller, query, trusted_caller, with_app};
use crate::accounts::{Actor, Deed};
use crate::budgets::{Cost, Spender};
use crate::model::{Handle, LeftMessages, Role};
use crate::personal_data::Export;
use crate::text::Text;

#[derive(Deserialize, ToSchema)]
struct Leaving {
    /// That of the account; none for guests, and where the account has none and its owner signed in in the last ten minutes.
    password: Option<String>,
    /// What becomes of the messages.
    messages: LeftMessages,
}

#[derive(Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Removal {
    /// `keep` or `remove`: what becomes of the messages.
    #[param(value_type = String)]
    messages: LeftMessages,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(export).fixed(|at| at.and(caller(app)).and(with_app(app)).then(export)),
        route!(leave).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(leave)),
        route!(remove).part(|at| at.and(trusted_caller(app)).and(query::<Removal>()).and(with_app(app)).then(remove)),
    ]
}

/// Everything that the server has of the caller, as a ZIP archive: lines of JSON, and the files that the caller uploaded.
#[utoipa::path(get, path = "/api/account/export", responses(
    (status = 200, content_type = "application/zip", body = FileContent), (status = 403, body = ErrorBody),
    (status = 503, description = "One is under way", body = ErrorBody)))]
async fn export(caller: Caller, app: Arc<App>) -> Answer {
    let (actor, payer) = (itself(&caller)?.actor(None), caller.payer());
    app.budgets.check(Cost::Reading, Spender { role: caller.role, payer: &payer, room: None }).map_err(Text::from)?;
    let place = app.exports.enter(&payer, caller.role)?;
    let (account, tokens) = match caller.account().zip(caller.signed_in.as_ref()) {
        Some((account, signed_in)) => {
            let sessions = app.accounts.sessions_of(account, Some(&signed_in.session)).await?;
            (Some((account.clone(), sessions)), app.tokens.of(account).await?)
        }
        None => (None, Vec::new()),
    };
    let (store, library, budgets) = (app.store.clone(), app.library.clone(), app.budgets.clone());
    let export = Export { store, library, budgets, actor, account, tokens };
    let (writing, chunks) = export.begin(place, app.settings.stall);
    let (stopping, lasting) = (app.stopping.clone(), caller.peer.last());
    app.tasks.spawn(Box::pin(async move {
        stopping.run_until_cancelled(writing).await;
        drop(lasting);
    }));
    let chunks = stream::unfold(chunks, |mut chunks| async { chunks.recv().await.map(|chunk| (chunk, chunks)) });
    let mut response = warp::reply::stream(chunks).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"chatbot-export.zip\""));
    Ok(response)
}

/// Deletes the caller's account, or forgets the caller who is a guest. What the caller left is removed by and by.
#[utoipa::path(post, path = "/api/account/delete", request_body = Leaving, responses(
    (status = 204), (status = 401, description = "Not the password", body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 409, description = "Nobody else is an owner", body = ErrorBody)))]
async fn leave(caller: Caller, leaving: Leaving, app: Arc<App>) -> Answer {
    let Leaving { password, messages } = leaving;
    match itself(&caller)?.account() {
        Some(_) => {
            let account = confirmed(&caller, Confirmation { password }, &app).await?;
            app.accounts.leave(account, messages).await?;
            // Without the name, which is being forgotten.
            let actor = Actor { handle: Handle::deleted(), address: None, ..caller.actor(None) };
            let deed = Deed::new("account.leave", &account.id).after(value!({"messages": messages}));
            app.audit_log.record(&actor, deed).await?;
        }
        None if caller.role == Role::Guest => app.accounts.forget(&caller.visitor, messages).await?,
        None => return Err(Text::new("error-forbidden-account").into()),
    }
    app.erasures.note_begun();
    Ok(forgotten(&caller))
}

/// Deletes somebody's account. What it left is removed by and by.
#[utoipa::path(delete, path = "/api/accounts/{id}", params(("id" = String, Path), Removal), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "It is the caller's own", body = ErrorBody)))]
async fn remove(id: String, caller: Caller, removal: Removal, app: Arc<App>) -> Answer {
    let (actor, id) = (caller.actor(None), account_id(&id)?);
    let account = app.accounts.remove(&id, removal.messages, &actor).await?;
    app.erasures.note_begun();
    let removed = value!({"role": account.role.as_str()});
    let deed = Deed::new("account.delete", &account.id).before(removed).after(value!(removal));
    app.audit_log.record(&actor, deed).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whoever is known again and acts for nobody else.
fn itself(caller: &Caller) -> Result<&Caller, Text> {
    let is_known = caller.account().is_some() || caller.visitor.is_recognized();
    match caller.acts_for() {
        None if is_known => Ok(caller),
        _ => Err(Text::new("error-forbidden-unknown")),
    }
}

/// The answer to a browser of which nothing is known any more.
fn forgotten(caller: &Caller) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, same_site) in [(SESSION_COOKIE, "Strict"), (MARK_COOKIE, "Strict"), (VISITOR_COOKIE, "Lax")] {
        if let Some(cookie) = set_cookie(name, "", 0, same_site, caller.is_secure) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    response
}
