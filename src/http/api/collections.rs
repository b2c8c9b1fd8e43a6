//! `/api/collections`, and the collections of a room.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::route::{Route, route};
use super::{
    Answer, App, Caller, ErrorBody, body, caller, decoded, json, room_name, to_the_end, trusted_caller, with_app,
};
use crate::accounts::{Action, Deed};
use crate::model::{Collection, RoomRecord};
use crate::text::Text;

/// The name of a collection.
#[derive(Deserialize, ToSchema)]
#[schema(as = CollectionName)]
struct NameRequest {
    name: String,
}

/// The collections of a room, by their names.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChosenCollections)]
struct ChoiceRequest {
    collections: Vec<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Collection)]
struct CollectionView {
    name: String,
    documents: u64,
    /// The rooms that have chosen it, for whoever may choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<Vec<String>>,
    #[schema(format = DateTime)]
    created_at: String,
}

#[derive(Serialize, ToSchema)]
struct CollectionList {
    collections: Vec<CollectionView>,
}

impl CollectionView {
    fn new(collection: &Collection, rooms: Option<Vec<String>>) -> Self {
        Self {
            name: collection.name.to_string(),
            documents: collection.documents,
            rooms,
            created_at: collection.created_at.to_string(),
        }
    }
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list)),
        route!(create).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(create)),
        route!(rename).part(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(rename)),
        route!(delete).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(delete)),
        route!(choose).part(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(choose)),
    ]
}

/// The collections of which the caller may read documents, by name; all for admins.
#[utoipa::path(get, path = "/api/collections", responses((status = 200, body = CollectionList)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let manages = actor.may(Action::ManageDocuments).is_ok();
    let mut collections = Vec::new();
    for collection in app.library.collections(&actor).await? {
        let rooms = match manages {
            true => Some(app.library.rooms_with(&collection).await?),
            false => None,
        };
        collections.push(CollectionView::new(&collection, rooms.map(|rooms| names_of(&rooms))));
    }
    Ok(json(StatusCode::OK, &CollectionList { collections }))
}

/// The names of rooms, in order.
fn names_of(rooms: &[RoomRecord]) -> Vec<String> {
    let mut names: Vec<_> = rooms.iter().map(|room| room.name.shown().to_owned()).collect();
    names.sort();
    names
}

/// Makes a collection, which no room has chosen. For admins.
#[utoipa::path(post, path = "/api/collections", request_body = NameRequest, responses(
    (status = 201, body = CollectionView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 409, description = "There is one of that name", body = ErrorBody)))]
async fn create(caller: Caller, new: NameRequest, app: Arc<App>) -> Answer {
    let (done_by, actor) = (app.clone(), caller.actor(None));
    let made = async move {
        let collection = done_by.library.add_collection(&actor, &new.name).await?;
        done_by.audit_log.record(&actor, Deed::new("collection.create", &collection.name)).await?;
        Ok::<_, Text>(CollectionView::new(&collection, Some(Vec::new())))
    };
    Ok(json(StatusCode::CREATED, &to_the_end(&app, made).await?))
}

/// Gives a collection another name. For admins.
#[utoipa::path(patch, path = "/api/collections/{name}", params(("name" = String, Path)), request_body = NameRequest,
    responses((status = 200, body = CollectionView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "There is one of that name", body = ErrorBody)))]
async fn rename(name: String, caller: Caller, new: NameRequest, app: Arc<App>) -> Answer {
    let (done_by, actor, name) = (app.clone(), caller.actor(None), decoded(&name)?);
    let renamed = async move {
        let collection = done_by.library.rename_collection(&actor, &name, &new.name).await?;
        let deed = Deed::new("collection.rename", &name).after(value!({"name": collection.name}));
        done_by.audit_log.record(&actor, deed).await?;
        Ok::<_, Text>(CollectionView::new(&collection, None))
    };
    Ok(json(StatusCode::OK, &to_the_end(&app, renamed).await?))
}

/// Deletes a collection that has no documents. For admins.
#[utoipa::path(delete, path = "/api/collections/{name}", params(("name" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "It has documents", body = ErrorBody)))]
async fn delete(name: String, caller: Caller, app: Arc<App>) -> Answer {
    let (done_by, actor, name) = (app.clone(), caller.actor(None), decoded(&name)?);
    let deleted = async move {
        done_by.library.remove_collection(&actor, &name).await?;
        done_by.audit_log.record(&actor, Deed::new("collection.delete", &name)).await
    };
    to_the_end(&app, deleted).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Lets a room have these collections and no others. For admins.
#[utoipa::path(put, path = "/api/rooms/{room}/collections", params(("room" = String, Path)), request_body = ChoiceRequest,
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn choose(room: String, caller: Caller, choice: ChoiceRequest, app: Arc<App>) -> Answer {
    let (done_by, actor, room) = (app.clone(), caller.actor(None), room_name(&room)?);
    let chosen = async move {
        done_by.library.choose_collections(&actor, &room, &choice.collections).await?;
        let deed = Deed::new("room.collections", room.shown()).after(value!({"collections": choice.collections}));
        done_by.audit_log.record(&actor, deed).await
    };
    to_the_end(&app, chosen).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
