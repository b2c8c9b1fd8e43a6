//! `/hooks/{token}`, to which other programs post, and `/api/hooks`, with which the owner manages these URLs.

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
use super::{
    Answer, App, Caller, ErrorBody, Refusal, bad_request, blocking, body, bytes_of, caller, json, trusted_caller, with_app,
};
use crate::accounts::{Actor, Deed};
use crate::alerts::{self, Posted, Unreadable};
use crate::chat::Post;
use crate::model::{Handle, Hook, HookId, MessageText, RoomName, SendId};
use crate::text::Text;

/// Maximum size of what is posted to a hook, in bytes, if frames may not be larger: what programs send has more in it than what
/// people read of it.
const POSTED_BYTES: usize = 1024 * 1024;

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
            let most = app.settings.frame_bytes.max(POSTED_BYTES);
            hook.and(warp::header::headers_cloned()).and(bytes_of(most)).and(with_app(app)).then(post)
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

/// Posts into the hook's room what a program sends, in its own format or in that of Slack.
#[utoipa::path(post, path = "/hooks/{token}", params(("token" = String, Path)), request_body(content = Value,
    description = "Or a form, or plain text"), responses(
    (status = 200, description = "`ok`, once it is stored; also for a repetition"),
    (status = 400, description = "There is no text in it, or it is not what it is said to be", body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn post(hook: Hook, headers: HeaderMap, body: Bytes, app: Arc<App>) -> Answer {
    let header = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let content_type = header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let posted = Posted::read(&content_type, &body).await.map_err(refusal)?.with_headers(&header);
    let shown = blocking(move || Ok(alerts::shown(&posted, None))).await?;
    let text = MessageText::cut(shown.text, app.settings.message_chars).map_err(|_| Text::new("error-empty-hook"))?;
    let actor = Actor::hook(&hook);
    let (room, _) = app.chat.open_room(&hook.room, &actor).await?;
    let post = Post::new(text, repetition(&headers));
    app.chat.say(room, &actor, post).await?;
    // Slack's response, with its content type: some senders check both.
    Ok(warp::reply::html("ok").into_response())
}

fn refusal(unreadable: Unreadable) -> Refusal {
    match unreadable {
        Unreadable::Nothing => Text::new("error-empty-hook").into(),
        Unreadable::Form(reason) => bad_request(reason),
        Unreadable::Json(bad) => {
            let place = Text::new("error-bad_json").with("line", bad.line).with("column", bad.column);
            place.with("reason", bad.reason).into()
        }
    }
}

/// The idempotency key, if the sender sets one.
fn repetition(headers: &HeaderMap) -> Option<SendId> {
    let mut values = REPETITION.iter().filter_map(|name| headers.get(*name)).filter(|value| !value.is_empty());
    values.next().map(|value| SendId::digest(value.as_bytes()))
}
