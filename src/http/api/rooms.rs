//! `/api/rooms`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, caller, json, room_name, to_the_end, trusted_caller, with_app};
use crate::accounts::{Action, Actor};
use crate::chat::{Room, RoomChange, RoomSummary};
use crate::model::{Persona, RoomName};

/// Maximum number of rooms per response.
const MAX_ROOMS: usize = 200;

#[derive(Deserialize, IntoParams)]
struct ListQuery {
    /// Only rooms whose name contains this.
    #[serde(default)]
    q: String,
}

#[derive(Serialize, ToSchema)]
struct RoomList {
    rooms: Vec<RoomSummary>,
}

#[derive(Deserialize, ToSchema)]
struct NewRoom {
    /// If omitted, a readable name is generated.
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct RoomView {
    #[serde(flatten)]
    summary: RoomSummary,
    /// The bot's persona; only for the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    persona: Option<Persona>,
}

impl RoomView {
    fn new(room: &Room, actor: &Actor) -> Self {
        let persona = actor.may(Action::ChangeRoom).is_ok().then(|| room.persona());
        Self { summary: RoomSummary::of(room), persona }
    }
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(warp::query()).and(with_app(app)).then(list)),
        route!(create).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(create)),
        route!(show).part(|at| at.and(caller(app)).and(with_app(app)).then(show)),
        route!(change)
            .also(warp::put())
            .part(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(change)),
    ]
}

/// Public rooms, newest first, at most 200.
#[utoipa::path(get, path = "/api/rooms", params(ListQuery), responses((status = 200, body = RoomList)))]
async fn list(query: ListQuery, app: Arc<App>) -> Answer {
    let rooms = app.chat.list_rooms(&query.q, MAX_ROOMS).await?;
    Ok(json(StatusCode::OK, &RoomList { rooms }))
}

/// Creates a room, with a generated name if none is given.
#[utoipa::path(post, path = "/api/rooms", request_body = NewRoom, responses(
    (status = 201, body = RoomSummary), (status = 200, description = "It was there already", body = RoomSummary),
    (status = 400, body = ErrorBody)))]
async fn create(caller: Caller, new: NewRoom, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let (room, is_new) = match new.name.filter(|name| !name.trim().is_empty()) {
        Some(name) => app.chat.open_room(&RoomName::public(&name)?).await?,
        None => (app.chat.invent_room(&actor).await?, true),
    };
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &RoomSummary::of(&room)))
}

/// One room.
#[utoipa::path(get, path = "/api/rooms/{room}", params(("room" = String, Path)), responses(
    (status = 200, body = RoomView), (status = 404, body = ErrorBody)))]
async fn show(room: String, caller: Caller, app: Arc<App>) -> Answer {
    let room = app.chat.find_room(&room_name(&room)?).await?;
    Ok(json(StatusCode::OK, &RoomView::new(&room, &caller.actor(None))))
}

/// Changes a room's bot mode and persona. For the owner.
#[utoipa::path(patch, path = "/api/rooms/{room}", request_body = RoomChange, params(("room" = String, Path)), responses(
    (status = 200, body = RoomView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn change(room: String, caller: Caller, change: RoomChange, app: Arc<App>) -> Answer {
    let room = app.chat.find_room(&room_name(&room)?).await?;
    let (chat, actor) = (app.chat.clone(), caller.actor(None));
    let changed = async move { chat.change_room(&room, change, &actor).await.map(|()| RoomView::new(&room, &actor)) };
    Ok(json(StatusCode::OK, &to_the_end(&app, changed).await?))
}
