//! `/api/rooms`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::{IntoParams, ToSchema};
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::route::{Route, route};
use super::{
    Answer, App, Caller, ErrorBody, body, caller, decoded, json, query, room_name, to_the_end, trusted_caller, with_app,
};
use crate::accounts::{Action, Actor, Deed};
use crate::budgets::Spender;
use crate::chat::{Chat, NewRoom, Room, RoomChange, RoomSummary};
use crate::model::{Account, Handle, Persona, Retention, RoomKind, RoomName, RoomRecord};
use crate::text::Text;

/// Maximum number of rooms per response.
const MAX_ROOMS: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only rooms whose name contains this.
    #[serde(default)]
    q: String,
    /// Every public, unlisted and closed room, with its owner. For admins.
    #[serde(default)]
    all: bool,
}

#[derive(Serialize, ToSchema)]
struct RoomList {
    rooms: Vec<RoomSummary>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewRoom)]
struct RoomRequest {
    /// If omitted, a readable name is generated.
    name: Option<String>,
    /// `public`, `unlisted`, `closed` or `direct`.
    #[serde(default)]
    kind: RoomKind,
    #[serde(default)]
    title: String,
    #[serde(default)]
    topic: String,
    /// Names of the accounts to talk to in a direct room.
    #[serde(default)]
    members: Vec<String>,
}

/// Somebody who may enter a closed or direct room.
#[derive(Serialize, ToSchema)]
struct PersonView {
    handle: String,
    role: &'static str,
}

#[derive(Serialize, ToSchema)]
struct RoomView {
    #[serde(flatten)]
    summary: RoomSummary,
    /// The bot's persona; only for those who may change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    persona: Option<Persona>,
    /// How long messages are kept; only for those who may change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    retention: Option<RetentionView>,
    /// Who may enter a closed or direct room.
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<Vec<PersonView>>,
    /// What the caller may do: `post`, `manage`.
    may: Vec<&'static str>,
}

/// How long messages of a room are kept, as those see it who may change it.
#[derive(Serialize, ToSchema)]
struct RetentionView {
    /// The room's own setting; `null` where it has none.
    keep_days: Option<u32>,
    /// The room's own setting; `null` where it has none.
    keep_messages: Option<u32>,
    /// What holds where a room has no setting of its own.
    for_all_rooms: KeepView,
    /// Whether the caller may keep more than that.
    may_exceed: bool,
    /// When messages are removed the next time, if that is known.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    purge_at: Option<String>,
}

/// 0 for ever, or for all.
#[derive(Serialize, ToSchema)]
struct KeepView {
    keep_days: u32,
    keep_messages: u32,
}

impl RetentionView {
    fn new(chat: &Chat, record: &RoomRecord, actor: &Actor) -> Self {
        let Retention { days, messages } = chat.retention();
        Self {
            keep_days: record.settings.keep_days,
            keep_messages: record.settings.keep_messages,
            for_all_rooms: KeepView { keep_days: days, keep_messages: messages },
            may_exceed: actor.may(Action::ManageRooms).is_ok(),
            purge_at: chat.purges().next_at.map(|at| at.to_string()),
        }
    }
}

async fn view(chat: &Chat, room: &Room, actor: &Actor) -> Result<RoomView, Text> {
    let record = room.record();
    let manages = actor.may(Action::ManageRoom(&record)).is_ok();
    let persona = manages.then(|| record.settings.persona.clone());
    let retention = manages.then(|| RetentionView::new(chat, &record, actor));
    let person = |account: &Account| PersonView { handle: account.name.to_string(), role: account.role.as_str() };
    let people = match record.kind.has_members() {
        true => Some(chat.people_of(room).await?.iter().map(person).collect()),
        false => None,
    };
    let (summary, may) = (chat.summary(room, actor).await?, actor.abilities_in(&record));
    Ok(RoomView { summary, persona, retention, people, may })
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(query()).and(caller(app)).and(with_app(app)).then(list)),
        route!(create).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(create)),
        route!(show).part(|at| at.and(caller(app)).and(with_app(app)).then(show)),
        route!(change)
            .also(warp::put())
            .part(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(change)),
        route!(delete).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(delete)),
        route!(add_person).parts(|at| at.and(trusted_caller(app)).and(with_app(app)).then(add_person)),
        route!(remove_person).parts(|at| at.and(trusted_caller(app)).and(with_app(app)).then(remove_person)),
    ]
}

/// The caller's closed and direct rooms, and public ones, newest first; at most 200.
#[utoipa::path(get, path = "/api/rooms", params(ListQuery), responses((status = 200, body = RoomList)))]
async fn list(query: ListQuery, caller: Caller, app: Arc<App>) -> Answer {
    let (actor, payer) = (caller.actor(None), caller.payer());
    let listing = async {
        Ok(match query.all {
            true => app.chat.list_all_rooms(&query.q, MAX_ROOMS, &actor).await?,
            false => app.chat.list_rooms(&query.q, MAX_ROOMS, &actor).await?,
        })
    };
    let spender = Spender { role: caller.role, payer: &payer, room: None };
    let rooms = app.reads.read(&app.budgets, spender, listing).await?;
    Ok(json(StatusCode::OK, &RoomList { rooms }))
}

/// Creates a room, with a generated name if none is given.
#[utoipa::path(post, path = "/api/rooms", request_body = RoomRequest, responses(
    (status = 201, body = RoomSummary), (status = 200, description = "It was there already", body = RoomSummary),
    (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn create(caller: Caller, new: RoomRequest, app: Arc<App>) -> Answer {
    let (chat, actor) = (app.chat.clone(), caller.actor(None));
    let made = async move {
        let (room, is_new) = if new.kind == RoomKind::Direct {
            let handles = new.members.iter().map(|handle| Handle::new(handle)).collect::<Result<Vec<_>, _>>()?;
            chat.direct_room(&handles, &actor).await?
        } else {
            let name = new.name.filter(|name| !name.trim().is_empty());
            let name = name.as_deref().map(RoomName::public).transpose()?;
            let new = NewRoom { name, kind: new.kind, title: new.title, topic: new.topic };
            chat.make_room(new, &actor).await?
        };
        Ok((chat.summary(&room, &actor).await?, is_new))
    };
    let (summary, is_new) = to_the_end(&app, made).await?;
    Ok(json(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &summary))
}

/// One room.
#[utoipa::path(get, path = "/api/rooms/{room}", params(("room" = String, Path)), responses(
    (status = 200, body = RoomView), (status = 404, body = ErrorBody)))]
async fn show(room: String, caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let room = app.chat.find_room(&room_name(&room)?, &actor).await?;
    Ok(json(StatusCode::OK, &view(&app.chat, &room, &actor).await?))
}

/// Changes a room's settings. For its owner and admins.
#[utoipa::path(patch, path = "/api/rooms/{room}", request_body = RoomChange, params(("room" = String, Path)), responses(
    (status = 200, body = RoomView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "It cannot become such a room", body = ErrorBody)))]
async fn change(room: String, caller: Caller, change: RoomChange, app: Arc<App>) -> Answer {
    let (done_by, actor, name) = (app.clone(), caller.actor(None), room_name(&room)?);
    let changed = async move {
        let deed = Deed::new("room.change", name.shown()).after(value!(change));
        let (room, before) = done_by.chat.change_room(&name, change, &actor).await?;
        done_by.audit_log.record(&actor, deed.before(value!(before))).await?;
        view(&done_by.chat, &room, &actor).await
    };
    Ok(json(StatusCode::OK, &to_the_end(&app, changed).await?))
}

/// Deletes a room with all that was said in it, its documents and its hooks. For its owner and admins.
#[utoipa::path(delete, path = "/api/rooms/{room}", params(("room" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn delete(room: String, caller: Caller, app: Arc<App>) -> Answer {
    let (done_by, actor, name) = (app.clone(), caller.actor(None), room_name(&room)?);
    let deleted = async move {
        done_by.chat.check_manageable(&name, &actor).await?;
        done_by.hooks.delete_all_of(&name).await?;
        done_by.library.remove_all_of(&name, actor.locale).await?;
        done_by.chat.delete_room(&name, &actor).await?;
        done_by.audit_log.record(&actor, Deed::new("room.delete", name.shown())).await
    };
    to_the_end(&app, deleted).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Lets somebody with an account enter a closed room. For its owner and admins.
#[utoipa::path(put, path = "/api/rooms/{room}/people/{handle}", params(("room" = String, Path), ("handle" = String, Path)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn add_person(room: String, handle: String, caller: Caller, app: Arc<App>) -> Answer {
    let (chat, actor, name) = (app.chat.clone(), caller.actor(None), room_name(&room)?);
    let handle = Handle::new(&decoded(&handle)?)?;
    let (done_by, deed) = (app.clone(), Deed::new("room.add_person", name.shown()).after(value!(handle)));
    let added = async move {
        chat.add_person(&name, &handle, &actor).await?;
        done_by.audit_log.record(&actor, deed).await
    };
    to_the_end(&app, added).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Takes somebody out of a closed room: oneself, or anybody for its owner and admins.
#[utoipa::path(delete, path = "/api/rooms/{room}/people/{handle}", params(("room" = String, Path), ("handle" = String, Path)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn remove_person(room: String, handle: String, caller: Caller, app: Arc<App>) -> Answer {
    let (chat, actor, name) = (app.chat.clone(), caller.actor(None), room_name(&room)?);
    let handle = Handle::new(&decoded(&handle)?)?;
    let (done_by, deed) = (app.clone(), Deed::new("room.remove_person", name.shown()).before(value!(handle)));
    let removed = async move {
        chat.remove_person(&name, &handle, &actor).await?;
        done_by.audit_log.record(&actor, deed).await
    };
    to_the_end(&app, removed).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
