//! `/api/rooms/{room}/messages/{seq}/reactions`.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::IntoParams;
use warp::Filter;
use warp::Reply;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, decoded, query, room_name, to_the_end, trusted_caller, with_app};
use crate::model::Emoji;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AsWhom {
    /// The name that others see, for a guest; otherwise one is made up.
    handle: Option<String>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(react).three_parts(|at| at.and(trusted_caller(app)).and(query()).and(with_app(app)).then(react)),
        route!(take_back).three_parts(|at| at.and(trusted_caller(app)).and(with_app(app)).then(take_back)),
    ]
}

/// Puts an emoji on a message. 👍 and 👎 rate an answer; one of them takes the place of the other.
#[utoipa::path(put, path = "/api/rooms/{room}/messages/{seq}/reactions/{emoji}",
    params(("room" = String, Path), ("seq" = u64, Path), ("emoji" = String, Path), AsWhom), responses(
    (status = 204), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn react(room: String, seq: u64, emoji: String, caller: Caller, whom: AsWhom, app: Arc<App>) -> Answer {
    let handle = app.handle_of(&caller.actor(None), whom.handle.as_deref()).await?;
    let (chat, actor, emoji) = (app.chat.clone(), caller.actor(handle), Emoji::parse(&decoded(&emoji)?)?);
    let room = app.chat.find_room(&room_name(&room)?, &actor).await?;
    to_the_end(&app, async move { chat.react(&room, seq, emoji, &actor).await }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Takes an emoji back.
#[utoipa::path(delete, path = "/api/rooms/{room}/messages/{seq}/reactions/{emoji}",
    params(("room" = String, Path), ("seq" = u64, Path), ("emoji" = String, Path)), responses(
    (status = 204), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn take_back(room: String, seq: u64, emoji: String, caller: Caller, app: Arc<App>) -> Answer {
    let (chat, actor, emoji) = (app.chat.clone(), caller.actor(None), Emoji::parse(&decoded(&emoji)?)?);
    let room = app.chat.find_room(&room_name(&room)?, &actor).await?;
    to_the_end(&app, async move { chat.take_back(&room, seq, &emoji, &actor).await }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
