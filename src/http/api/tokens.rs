//! `/api/account/tokens`: tokens of one's programs; `/api/tokens`: those of everybody's.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::{IntoParams, ToSchema};
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::accounts::account_id;
use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, caller, json, query, trusted_caller, with_app};
use crate::accounts::{Deed, NewToken};
use crate::model::{Account, Handle, RoomName, Token, TokenId, TokenScope};
use crate::text::Text;

/// Tokens in an answer, when nothing else is asked for, and about at most.
const USUAL: usize = 50;
const MOST: usize = 200;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewToken)]
struct TokenRequest {
    /// The program's handle.
    name: String,
    scopes: Vec<TokenScope>,
    /// The only rooms that it is for; empty for all.
    #[serde(default)]
    rooms: Vec<String>,
    /// Days until it ends; `null` for none.
    days: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct TokenView {
    id: String,
    name: String,
    scopes: Vec<TokenScope>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rooms: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// To be sent as `Authorization: Bearer`; only in the response that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct TokenList {
    tokens: Vec<TokenView>,
}

/// A token of somebody's program.
#[derive(Serialize, ToSchema)]
struct OwnedTokenView {
    #[serde(flatten)]
    token: TokenView,
    /// The id of the account that it acts for.
    account: String,
    /// The name of that account.
    owner: String,
    /// The role of that account.
    role: &'static str,
}

#[derive(Serialize, ToSchema)]
struct OwnedTokenList {
    tokens: Vec<OwnedTokenView>,
    more: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only those of accounts behind the one of this id.
    after: Option<String>,
    /// About so many, at most 200; 50 when nothing is said. Those of one account are not parted.
    limit: Option<usize>,
}

impl TokenView {
    fn new(token: &Token, secret: Option<String>) -> Self {
        Self {
            id: token.id.as_str().to_owned(),
            name: token.name.to_string(),
            scopes: token.scopes.clone(),
            rooms: token.rooms.iter().map(|room| room.shown().to_owned()).collect(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
            created_at: token.created_at.to_string(),
            token: secret,
        }
    }
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list)),
        route!(make).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(make)),
        route!(revoke).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(revoke)),
        route!(list_all).fixed(|at| at.and(caller(app)).and(query::<Asked>()).and(with_app(app)).then(list_all)),
        route!(revoke_of).parts(|at| at.and(trusted_caller(app)).and(with_app(app)).then(revoke_of)),
    ]
}

/// Whoever is signed in to an account. A token makes no tokens.
fn signed_in(caller: &Caller) -> Result<&Account, Text> {
    caller.account().ok_or_else(|| Text::new("error-forbidden-no_account"))
}

/// The tokens of one's programs, oldest first.
#[utoipa::path(get, path = "/api/account/tokens", responses(
    (status = 200, body = TokenList), (status = 403, body = ErrorBody)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    let tokens = app.tokens.of(signed_in(&caller)?).await?;
    Ok(json(StatusCode::OK, &TokenList { tokens: tokens.iter().map(|token| TokenView::new(token, None)).collect() }))
}

/// Makes a token; only this response contains it.
#[utoipa::path(post, path = "/api/account/tokens", request_body = TokenRequest, responses(
    (status = 201, body = TokenView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 409, description = "The name is taken", body = ErrorBody)))]
async fn make(caller: Caller, new: TokenRequest, app: Arc<App>) -> Answer {
    let account = signed_in(&caller)?;
    let rooms = new.rooms.iter().map(|room| RoomName::given(room)).collect::<Result<_, _>>()?;
    let new = NewToken { name: Handle::new(&new.name)?, scopes: new.scopes, rooms, days: new.days };
    let (token, secret) = app.tokens.make(new, account).await?;
    let deed = Deed::new("token.create", &token.name).after(value!({"scopes": token.scopes, "rooms": token.rooms}));
    app.audit_log.record(&caller.actor(None), deed).await?;
    Ok(json(StatusCode::CREATED, &TokenView::new(&token, Some(secret))))
}

/// Makes a token worthless.
#[utoipa::path(delete, path = "/api/account/tokens/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn revoke(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let account = signed_in(&caller)?;
    let id = TokenId::parse(&id).ok_or_else(|| Text::new("error-not_found-token"))?;
    let token = app.tokens.revoke(&id, account).await?;
    app.audit_log.record(&caller.actor(None), Deed::new("token.revoke", &token.name)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The tokens of everybody's programs. For admins.
#[utoipa::path(get, path = "/api/tokens", params(Asked), responses(
    (status = 200, body = OwnedTokenList), (status = 403, body = ErrorBody)))]
async fn list_all(caller: Caller, asked: Asked, app: Arc<App>) -> Answer {
    let after = asked.after.as_deref().map(account_id).transpose()?;
    let limit = asked.limit.unwrap_or(USUAL).clamp(1, MOST);
    let (found, more) = app.tokens.of_all(after.as_ref(), limit, &caller.actor(None)).await?;
    let view = |(token, account): &(Token, Account)| OwnedTokenView {
        token: TokenView::new(token, None),
        account: account.id.as_str().to_owned(),
        owner: account.name.to_string(),
        role: account.role.as_str(),
    };
    Ok(json(StatusCode::OK, &OwnedTokenList { tokens: found.iter().map(view).collect(), more }))
}

/// Makes somebody's token worthless. For those who may change the account.
#[utoipa::path(delete, path = "/api/accounts/{id}/tokens/{token}", params(("id" = String, Path), ("token" = String, Path)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn revoke_of(id: String, token: String, caller: Caller, app: Arc<App>) -> Answer {
    let (account, actor) = (account_id(&id)?, caller.actor(None));
    let id = TokenId::parse(&token).ok_or_else(|| Text::new("error-not_found-token"))?;
    let token = app.tokens.revoke_of(&account, &id, &actor).await?;
    app.audit_log.record(&actor, Deed::new("token.revoke", &token.name)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
