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
    Answer, App, Caller, ErrorBody, Refusal, bad_request, blocking, body, body_of, bytes_of, caller, json,
    trusted_caller, with_app,
};
use crate::accounts::{self, Action, Actor, Deed};
use crate::alerts::{self, Posted, Unreadable, template};
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
    /// How it shows JSON, in Jinja's language; without one, as each sender's format is shown.
    template: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct HookChange {
    /// Another template; an empty one takes it away.
    template: String,
}

/// What a template would show.
#[derive(Deserialize, ToSchema)]
struct PreviewRequest {
    template: Option<String>,
    /// JSON as a program would post it.
    example: String,
}

#[derive(Serialize, ToSchema)]
struct Preview {
    text: String,
    /// What went wrong with the template; the text is what is shown without it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// That the template failed, and what was posted was shown without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    template_failure: Option<FailureView>,
    /// Path to post to; only in the response that creates the hook.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct FailureView {
    /// In English.
    problem: String,
    #[schema(format = DateTime)]
    at: String,
}

#[derive(Serialize, ToSchema)]
struct HookList {
    hooks: Vec<HookView>,
}

impl HookView {
    fn new(hook: &Hook, url: Option<String>) -> Self {
        let failure = hook.template_failure.as_ref();
        Self {
            id: hook.id.as_str().to_owned(),
            name: hook.name.to_string(),
            room: hook.room.shown().to_owned(),
            created_at: hook.created_at.to_string(),
            last_used_at: hook.last_used_at.map(|at| at.to_string()),
            template: hook.template.clone(),
            template_failure: failure
                .map(|failure| FailureView { problem: failure.problem.clone(), at: failure.at.to_string() }),
            url,
        }
    }
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list)),
        route!(create).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(create)),
        route!(change).part(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(change)),
        route!(preview).fixed(|at| {
            let most = app.settings.frame_bytes.max(POSTED_BYTES);
            at.and(trusted_caller(app)).and(body_of(most)).and(with_app(app)).then(preview)
        }),
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
    let (actor, template) = (caller.actor(None), checked(new.template)?);
    let (hook, token) = app.hooks.create(accounts::NewHook { name, room, template }, &actor).await?;
    let deed = Deed::new("hook.create", &hook.name).after(value!({"id": hook.id, "room": hook.room}));
    app.audit_log.record(&actor, deed).await?;
    Ok(json(StatusCode::CREATED, &HookView::new(&hook, Some(format!("/hooks/{token}")))))
}

/// Gives a hook another template, or none. For the owner.
#[utoipa::path(patch, path = "/api/hooks/{id}", params(("id" = String, Path)), request_body = HookChange, responses(
    (status = 200, body = HookView), (status = 400, description = "The template has a mistake", body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn change(id: String, caller: Caller, change: HookChange, app: Arc<App>) -> Answer {
    let id = HookId::parse(&id).ok_or_else(|| Text::new("error-not_found-hook"))?;
    let (actor, template) = (caller.actor(None), checked(Some(change.template))?);
    let hook = app.hooks.set_template(&id, template, &actor).await?;
    let deed = Deed::new("hook.change", &hook.name).after(value!({"id": hook.id, "template": hook.template}));
    app.audit_log.record(&actor, deed).await?;
    Ok(json(StatusCode::OK, &HookView::new(&hook, None)))
}

/// Shows what a hook with a template would make of an example. Posts nothing. For the owner.
#[utoipa::path(post, path = "/api/hooks/preview", request_body = PreviewRequest, responses(
    (status = 200, body = Preview), (status = 400, description = "The template or the example has a mistake", body = ErrorBody),
    (status = 403, body = ErrorBody)))]
async fn preview(caller: Caller, wanted: PreviewRequest, app: Arc<App>) -> Answer {
    caller.actor(None).may(Action::ManageHooks)?;
    let template = checked(wanted.template)?;
    let posted = Posted::read("application/json", &Bytes::from(wanted.example)).await.map_err(refusal)?;
    let shown = blocking(move || Ok(alerts::shown(&posted, template.as_deref()))).await?;
    let text = MessageText::cut(shown.text, app.settings.message_chars).map_err(|_| Text::new("error-empty-hook"))?;
    let problem = shown.problem.map(|template::Problem(words)| words);
    Ok(json(StatusCode::OK, &Preview { text: text.as_str().to_owned(), problem }))
}

/// Validates a template; `None` for an empty one.
fn checked(template: Option<String>) -> Result<Option<String>, Text> {
    let Some(template) = template.filter(|template| !template.trim().is_empty()) else { return Ok(None) };
    if template.chars().count() > template::LONGEST {
        return Err(Text::new("error-bad_template-long").with("max", template::LONGEST));
    }
    let mistake = |template::Problem(words)| Text::new("error-bad_template").with("problem", words);
    template::check(&template).map_err(mistake)?;
    Ok(Some(template))
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
    let template = hook.template.clone();
    let shown = blocking(move || Ok(alerts::shown(&posted, template.as_deref()))).await?;
    let text = MessageText::cut(shown.text, app.settings.message_chars).map_err(|_| Text::new("error-empty-hook"))?;
    let actor = Actor::hook(&hook);
    let (room, _) = app.chat.open_room(&hook.room, &actor).await?;
    let post = Post::new(text, repetition(&headers));
    app.chat.say(room, &actor, post).await?;
    if let Some(template::Problem(problem)) = shown.problem {
        note_failure(&hook, &problem, &app).await;
    }
    // Slack's response, with its content type: some senders check both.
    Ok(warp::reply::html("ok").into_response())
}

/// Tells the owner that the template failed. What was posted is stored already, whatever becomes of this.
async fn note_failure(hook: &Hook, problem: &str, app: &App) {
    // What exactly may quote what was posted: the owner is told, not the log.
    tracing::warn!(hook = %hook.name, "the template of a hook failed; the page of hooks says why");
    if let Err(error) = app.hooks.note_failure(hook, problem).await {
        tracing::warn!(hook = %hook.name, error = error.code(), "this could not be noted for its owner");
    }
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
