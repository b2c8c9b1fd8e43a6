//! The HTTP API: JSON in and out, one short handler per route, each with its OpenAPI description.

mod account;
mod accounts;
mod ask;
mod audit;
mod backup;
mod callbacks;
mod collections;
mod commands;
mod compact;
mod doctor;
mod documents;
mod events;
mod following;
mod health;
mod held;
mod hooks;
mod invitations;
mod jobs;
mod large;
mod mcp;
mod merges;
mod messages;
mod metrics;
mod moderation;
mod openai;
mod overview;
mod owner_key;
mod passkeys;
mod personal_data;
mod provider;
mod reactions;
mod rooms;
mod route;
mod schedules;
mod search;
mod second_factor;
mod session;
mod settings;
mod stats;
mod tokens;
mod webhooks;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::OpenApi;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;

pub use self::route::RouteName;
use self::route::{any_of, route};
use super::App;
use super::caller::{Caller, caller as anybody};
use super::peer::Lasting;
use super::refusals::{ErrorBody, ErrorDetail, Refusal};
use crate::accounts::Action;
use crate::budgets::{Cost, Spender};
use crate::model::RoomName;
use crate::telemetry::Origin;
use crate::text::Text;
use crate::threads::{self, Unfinished};

/// Result of a handler.
type Answer = Result<Response, Refusal>;

/// Timeout for reading a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// Body size that the timeout applies to; larger bodies get proportionally more time.
const BODY_PART: usize = 2 * 1024 * 1024;

/// The description of the interface, but for its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "chatbot",
        description = "Rooms, messages and jobs. The frames of the WebSockets are in docs/protocol.md."
    ),
    components(schemas(ErrorBody, ErrorDetail))
)]
struct Description;

/// Every route of the interface.
pub fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let modules = [
        health::routes,
        rooms::routes,
        messages::routes,
        reactions::routes,
        commands::routes,
        // Before the jobs, for whom it would be the one called "stats".
        stats::routes,
        jobs::routes,
        session::routes,
        settings::routes,
        moderation::routes,
        held::routes,
        merges::routes,
        tokens::routes,
        audit::routes,
        overview::routes,
        owner_key::routes,
        doctor::routes,
        account::routes,
        second_factor::routes,
        passkeys::routes,
        provider::routes,
        accounts::routes,
        personal_data::routes,
        invitations::routes,
        schedules::routes,
        hooks::routes,
        webhooks::routes,
        ask::routes,
        openai::routes,
        mcp::routes,
        search::routes,
        callbacks::routes,
        metrics::routes,
        backup::routes,
        compact::routes,
        documents::routes,
        collections::routes,
    ];
    let mut routes: Vec<_> = modules.iter().flat_map(|routes| routes(app)).collect();
    let describing = route!(openapi);
    let mut description = Description::openapi();
    for one in routes.iter().map(|route| &route.description).chain([describing.description()]) {
        description.merge(one.clone());
    }
    let description = Arc::new(description);
    routes.push(describing.fixed(|at| at.map(move || description.clone()).then(openapi)));
    any_of(&routes)
}

#[utoipa::path(get, path = "/api/openapi.json", responses((status = 200, description = "This description")))]
async fn openapi(description: Arc<utoipa::openapi::OpenApi>) -> Answer {
    Ok(json(StatusCode::OK, &*description))
}

/// A JSON reply.
fn json(status: StatusCode, body: &impl Serialize) -> Response {
    use warp::Reply;
    warp::reply::with_status(warp::reply::json(body), status).into_response()
}

/// Passes the application state to a handler.
fn with_app(app: &Arc<App>) -> impl Filter<Extract = (Arc<App>,), Error = Infallible> + Clone + use<> {
    let app = app.clone();
    warp::any().map(move || app.clone())
}

/// Converts a handler's result to a response.
fn settle(answer: Answer) -> Response {
    use warp::Reply;
    answer.unwrap_or_else(Refusal::into_response)
}

/// A caller that may take part and read.
///
/// Boxed, as the other filters that many routes begin with: each route's type would contain theirs otherwise, which made
/// compiling several times as long.
fn caller(app: &Arc<App>) -> BoxedFilter<(Caller,)> {
    anybody(app)
        .and_then(|caller: Caller| {
            let actor = caller.actor(None);
            let checked = actor.may(Action::TakePart).and_then(|()| actor.may(Action::Read)).map(|()| caller);
            std::future::ready(checked.map_err(|text| warp::reject::custom(Refusal::from(text))))
        })
        .boxed()
}

/// A caller that may take part and change something.
fn trusted_caller(app: &Arc<App>) -> BoxedFilter<(Caller,)> {
    trusted_anybody(app)
        .and_then(|caller: Caller| {
            let checked = caller.actor(None).may(Action::TakePart).map(|()| caller);
            std::future::ready(checked.map_err(|text| warp::reject::custom(Refusal::from(text))))
        })
        .boxed()
}

/// A caller that may change something, if it may take part: its origin is allowed and it is within the rate limit.
fn trusted_anybody(app: &Arc<App>) -> BoxedFilter<(Caller,)> {
    let app = app.clone();
    anybody(&app)
        .and_then(move |caller: Caller| {
            let spend = || {
                let spender = Spender { role: caller.role, payer: &caller.payer(), room: None };
                app.budgets.take(Cost::Requests, 1, spender).map_err(|used_up| Text::from(used_up).into())
            };
            let checked = caller.check_origin().and_then(|()| spend()).map(|()| caller);
            std::future::ready(checked.map_err(warp::reject::custom))
        })
        .boxed()
}

/// A JSON body, within limits of size and time.
fn body<T: DeserializeOwned + Send + 'static>(app: &Arc<App>) -> BoxedFilter<(T,)> {
    body_of(app.settings.frame_bytes)
}

/// A body of JSON, of at most `max` bytes.
fn body_of<T: DeserializeOwned + Send + 'static>(max: usize) -> BoxedFilter<(T,)> {
    bytes_of(max)
        .and_then(|bytes: Bytes| {
            // No body is the same as one without fields.
            let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
            let parsed = serde_json::from_slice::<T>(&bytes).map_err(|error| warp::reject::custom(bad_request(error)));
            std::future::ready(parsed)
        })
        .boxed()
}

/// A raw body, within limits of size and time.
fn bytes(app: &Arc<App>) -> BoxedFilter<(Bytes,)> {
    bytes_of(app.settings.frame_bytes)
}

fn bytes_of(max: usize) -> BoxedFilter<(Bytes,)> {
    warp::body::stream()
        .and_then(move |stream| async move {
            let parts = u32::try_from(max / BODY_PART).unwrap_or(u32::MAX);
            let read = tokio::time::timeout(BODY_TIMEOUT * (1 + parts), read_body(stream, max)).await;
            read.unwrap_or_else(|_| Err(bad_request("the body took too long"))).map_err(warp::reject::custom)
        })
        .boxed()
}

fn bad_request(reason: impl std::fmt::Display) -> Refusal {
    Text::new("error-bad_request").with("reason", reason).into()
}

async fn read_body<B: bytes::Buf>(
    stream: impl futures_util::Stream<Item = Result<B, warp::Error>>,
    max: usize,
) -> Result<Bytes, Refusal> {
    use futures_util::StreamExt;
    let mut stream = std::pin::pin!(stream);
    let mut body = bytes::BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| bad_request("the body broke off"))?;
        if body.len() + chunk.remaining() > max {
            return Err(Text::new("error-too_large").with("max", max).into());
        }
        bytes::BufMut::put(&mut body, chunk);
    }
    Ok(body.freeze())
}

/// Percent-decodes a path segment.
fn decoded(part: &str) -> Result<String, Refusal> {
    let decoded = percent_encoding::percent_decode_str(part).decode_utf8();
    decoded.map(String::from).map_err(|_| Text::new("error-bad_room-character").with("found", part).into())
}

/// The room name in a path segment.
fn room_name(part: &str) -> Result<RoomName, Refusal> {
    Ok(RoomName::given(&decoded(part)?)?)
}

/// Runs work to completion even if the client disconnects, in which case hyper drops the handler.
async fn to_the_end<T: Send + 'static>(
    app: &App,
    work: impl Future<Output = Result<T, Text>> + Send + 'static,
) -> Result<T, Refusal> {
    let done = app.tasks.spawn(Origin::keep(work)).await;
    Ok(done.unwrap_or_else(|_| Err(Text::new("error-store_failed")))?)
}

/// Runs long work on a blocking thread.
async fn blocking<T: Send + 'static>(read: impl FnOnce() -> Result<T, Text> + Send + 'static) -> Result<T, Refusal> {
    let read = threads::blocking(read).await;
    Ok(read.unwrap_or_else(|Unfinished| Err(Text::new("error-store_failed")))?)
}
