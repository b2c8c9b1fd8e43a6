//! `/api/rooms/{room}/messages`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::Filter;
use warp::Reply;
use warp::http::StatusCode;

use super::large::large_json;
use super::route::{Route, route};
use super::{
    Answer, App, Caller, ErrorBody, Refusal, bad_request, body, caller, json, query, room_name, to_the_end,
    trusted_caller, with_app,
};
use crate::accounts::Deed;
use crate::budgets::Spender;
use crate::chat::{Page, Post, Room, Said};
use crate::model::{MessageText, RoomName, SendId};
use crate::protocol::{HeldView, MessageView};
use crate::threads;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// Only numbers below this.
    before: Option<u64>,
    /// Only numbers above this; oldest first then.
    after: Option<u64>,
    /// At most 200; 50 if left out.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
struct MessageList<'a> {
    messages: Vec<MessageView<'a>>,
    /// Whether there is more in the direction that was asked for.
    more: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeleteQuery {
    /// `following`: what came of the message goes, too.
    with: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct NewMessage {
    pub message: String,
    pub handle: Option<String>,
    /// The client's own unique id: a repetition is stored once.
    pub id: Option<String>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).part(|at| at.and(query()).and(caller(app)).and(with_app(app)).then(list)),
        route!(post).part(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(post)),
        route!(delete).parts(|at| at.and(trusted_caller(app)).and(query()).and(with_app(app)).then(delete)),
    ]
}

/// A part of a room's history, oldest first.
#[utoipa::path(get, path = "/api/rooms/{room}/messages", params(("room" = String, Path), PageQuery), responses(
    (status = 200, body = MessageList), (status = 404, body = ErrorBody)))]
async fn list(room: String, query: PageQuery, caller: Caller, app: Arc<App>) -> Answer {
    let room = app.chat.find_room(&room_name(&room)?, &caller.actor(None)).await?;
    let page = Page { before: query.before, after: query.after, limit: query.limit };
    let (payer, paying) = (caller.payer(), app.clone());
    let spender = Spender { role: caller.role, payer: &payer, room: None };
    let listing = large_json(app, move |app, reply| {
        let history = threads::wait(app.chat.history(&room, page))?;
        let messages = history.messages.iter();
        let messages = messages.map(|(seq, message)| MessageView::new(room.name(), *seq, message)).collect();
        reply.json(&MessageList { messages, more: history.more })
    });
    paying.reads.read(&paying.budgets, spender, listing).await
}

/// Posts a message; responds once it is durable.
#[utoipa::path(post, path = "/api/rooms/{room}/messages", request_body = NewMessage, params(("room" = String, Path)), responses(
    (status = 201, body = MessageView), (status = 200, description = "This id was stored before", body = MessageView),
    (status = 202, description = "It waits for approval", body = HeldView),
    (status = 400, body = ErrorBody), (status = 503, description = "Busy; nothing was stored", body = ErrorBody)))]
async fn post(room: String, caller: Caller, new: NewMessage, app: Arc<App>) -> Answer {
    let room = room_name(&room)?;
    match say(&app, &caller, &room, new).await? {
        (room, Said::Posted(sent)) => {
            let status = if sent.repeated { StatusCode::OK } else { StatusCode::CREATED };
            Ok(json(status, &MessageView::new(room.name(), sent.seq, &sent.message)))
        }
        (_, Said::Held { id, message, .. }) => Ok(json(StatusCode::ACCEPTED, &HeldView::new(&id, &message))),
    }
}

/// Says something in a room, which is made if it may be.
pub async fn say(app: &App, caller: &Caller, room: &RoomName, new: NewMessage) -> Result<(Arc<Room>, Said), Refusal> {
    let handle = app.handle_of(&caller.actor(None), new.handle.as_deref()).await?;
    let actor = caller.actor(handle);
    let text = MessageText::new(new.message, app.settings.message_chars)?;
    let id = new.id.map(SendId::new).transpose()?;
    let (room, _) = app.chat.open_room(room, &actor).await?;
    let (chat, said_in) = (app.chat.clone(), room.clone());
    let post = Post::new(text, id);
    let said = to_the_end(app, async move { chat.say(said_in, &actor, post).await }).await?;
    Ok((room, said))
}

/// Deletes the text of a message; its number stays. With `with=following`, also what the bot said because of it, and its jobs and
/// schedules. For moderators.
#[utoipa::path(delete, path = "/api/rooms/{room}/messages/{seq}",
    params(("room" = String, Path), ("seq" = u64, Path), DeleteQuery), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn delete(room: String, seq: u64, caller: Caller, query: DeleteQuery, app: Arc<App>) -> Answer {
    let is_alone = match query.with.as_deref() {
        None => true,
        Some("following") => false,
        Some(_) => return Err(bad_request("with is following, or left out")),
    };
    let (chat, actor) = (app.chat.clone(), caller.actor(None));
    let room = app.chat.find_room(&room_name(&room)?, &actor).await?;
    let (done_by, subject) = (app.clone(), format!("{}#{seq}", room.name().shown()));
    let deleted = async move {
        if is_alone {
            chat.delete_message(&room, seq, &actor).await?;
        } else {
            chat.delete_with_following(&room, seq, &actor).await?;
        }
        done_by.audit_log.record(&actor, Deed::new("message.delete", subject)).await
    };
    to_the_end(&app, deleted).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
