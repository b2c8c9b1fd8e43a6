//! `/hooks/{token}`, to which other programs post, and `/api/hooks`, with which the owner manages these URLs.

mod payload;

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::ToSchema;
use warp::Filter;
use warp::Reply;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderMap, StatusCode};
use warp::reject::Rejection;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, Refusal, body, bytes, caller, json, trusted_caller, with_app};
use crate::accounts::{Actor, Deed};
use crate::chat::Post;
use crate::model::{Handle, Hook, HookId, MessageText, RoomName, SendId};
use crate::text::Text;

/// Headers that identify duplicates; the more specific one first.
const REPETITION: [&str; 2] = ["idempotency-key", "x-request-id"];

#[derive(Deserialize, ToSchema)]
struct NewHook {
    room: String,
    /// Handle of its messages.
    name: String,
}

#[derive(Serialize, ToSchema)]
struct HookView {
    id: String,
    name: String,
    room: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// To the hour; left out if it was never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// Path to post to; only in the response that creates the hook.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct HookList {
    hooks: Vec<HookView>,
}

impl HookView {
    fn new(hook: &Hook, url: Option<String>) -> Self {
        Self {
            id: hook.id.as_str().to_owned(),
            name: hook.name.to_string(),
            room: hook.room.shown().to_owned(),
            created_at: hook.created_at.to_string(),
            last_used_at: hook.last_used_at.map(|at| at.to_string()),
            url,
        }
    }
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list)),
        route!(create).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(create)),
        route!(delete).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(delete)),
        route!(post).part(|at| {
            let hook = at.and(with_app(app)).and_then(known_hook);
            hook.and(warp::header::headers_cloned()).and(bytes(app)).and(with_app(app)).then(post)
        }),
    ]
}

/// Looks up the hook before the body is read. Cookies, keys and origins are ignored: the token is the only credential.
async fn known_hook(token: String, app: Arc<App>) -> Result<Hook, Rejection> {
    let found = app.hooks.find(&token).await.and_then(|hook| match app.hook_posts.admit(&hook.id) {
        true => Ok(hook),
        false => Err(Text::new("error-too_fast")),
    });
    found.map_err(|text| warp::reject::custom(Refusal::from(text)))
}

/// The hooks, oldest first. For the owner.
#[utoipa::path(get, path = "/api/hooks", responses((status = 200, body = HookList), (status = 403, body = ErrorBody)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    let hooks = app.hooks.list(&caller.actor(None)).await?;
    let hooks = hooks.iter().map(|hook| HookView::new(hook, None)).collect();
    Ok(json(StatusCode::OK, &HookList { hooks }))
}

/// Creates a hook; only this response contains its URL. For the owner.
#[utoipa::path(post, path = "/api/hooks", request_body = NewHook, responses(
    (status = 201, body = HookView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn create(caller: Caller, new: NewHook, app: Arc<App>) -> Answer {
    let (name, room) = (Handle::new(&new.name)?, RoomName::public(&new.room)?);
    let actor = caller.actor(None);
    let (hook, token) = app.hooks.create(name, room, &actor).await?;
    let deed = Deed::new("hook.create", &hook.name).after(value!({"id": hook.id, "room": hook.room}));
    app.audit_log.record(&actor, deed).await?;
    Ok(json(StatusCode::CREATED, &HookView::new(&hook, Some(format!("/hooks/{token}")))))
}

/// Deletes a hook. For the owner.
#[utoipa::path(delete, path = "/api/hooks/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn delete(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let id = HookId::parse(&id).ok_or_else(|| Text::new("error-not_found-hook"))?;
    let actor = caller.actor(None);
    app.hooks.delete(&id, &actor).await?;
    app.audit_log.record(&actor, Deed::new("hook.delete", id.as_str())).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Posts into the hook's room: Slack's `{"text": …}`, the same as a form's `payload`, or plain text.
#[utoipa::path(post, path = "/hooks/{token}", params(("token" = String, Path)), request_body(content = Value,
    description = "Or a form, or plain text"), responses(
    (status = 200, description = "`ok`, once it is stored; also for a repetition"),
    (status = 400, description = "There is no text in it", body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 429, body = ErrorBody)))]
async fn post(hook: Hook, headers: HeaderMap, body: Bytes, app: Arc<App>) -> Answer {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = payload::text(content_type, &body).ok_or_else(|| Text::new("error-empty-hook"))?;
    let text = MessageText::cut(text, app.settings.message_chars)?;
    let actor = Actor::hook(&hook);
    let (room, _) = app.chat.open_room(&hook.room, &actor).await?;
    let post = Post::new(text, repetition(&headers));
    app.chat.say(room, &actor, post).await?;
    // Slack's response, with its content type: some senders check both.
    Ok(warp::reply::html("ok").into_response())
}

/// The idempotency key, if the sender sets one.
fn repetition(headers: &HeaderMap) -> Option<SendId> {
    let mut values = REPETITION.iter().filter_map(|name| headers.get(*name)).filter(|value| !value.is_empty());
    values.next().map(|value| SendId::digest(value.as_bytes()))
}
