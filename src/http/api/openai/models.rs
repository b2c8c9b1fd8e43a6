//! `/v1/models`: what may be asked under which name.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::super::route::{Route, route};
use super::super::{Answer, App, Caller, caller, json, with_app};
use crate::model::{RoomName, Timestamp};
use crate::text::Text;

/// Under this name, the documents without a room answer; `chatbot/lobby` has those of the room `lobby`, too.
const MODEL: &str = "chatbot";

/// Rooms in the list.
const MOST_ROOMS: usize = 100;

#[derive(Serialize, ToSchema)]
struct ModelList {
    object: &'static str,
    data: Vec<ModelView>,
}

#[derive(Serialize, ToSchema)]
struct ModelView {
    id: String,
    object: &'static str,
    /// Seconds since 1970.
    created: i64,
    owned_by: &'static str,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list))]
}

/// The names under which questions are answered, one for each room that the caller may find, and the embedding model.
#[utoipa::path(get, path = "/v1/models", responses((status = 200, body = ModelList)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    let rooms = app.chat.list_rooms("", MOST_ROOMS, &caller.actor(None)).await?;
    let rooms = rooms.into_iter().map(|room| format!("{MODEL}/{}", room.name));
    let embedding = app.library.embedding_model().map(str::to_owned);
    let created = Timestamp::now().seconds();
    let view = |id| ModelView { id, object: "model", created, owned_by: "chatbot" };
    let data = std::iter::once(MODEL.to_owned()).chain(rooms).chain(embedding).map(view).collect();
    Ok(json(StatusCode::OK, &ModelList { object: "list", data }))
}

/// The room whose documents answer under the name of a model; `None` for those of no room.
///
/// # Errors
/// `not_found` for a name that is no such model.
pub fn room_of(model: &str) -> Result<Option<RoomName>, Text> {
    let no_such_model = || Text::new("error-not_found-model").with("name", model);
    let rest = model.strip_prefix(MODEL).ok_or_else(no_such_model)?;
    match rest.strip_prefix('/') {
        None if rest.is_empty() => Ok(None),
        None => Err(no_such_model()),
        Some(name) => RoomName::given(name).map(Some),
    }
}
