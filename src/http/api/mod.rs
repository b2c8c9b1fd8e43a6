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
mod description;
mod doctor;
mod documents;
mod events;
mod following;
mod health;
mod held;
mod hooks;
mod input;
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
mod stored_file;
mod tokens;
mod webhooks;

use std::convert::Infallible;
use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;

use self::input::{bad_request, body, body_of, bytes_of, open_body_of, query};
pub use self::route::{MethodTable, RouteName};
use self::route::{any_of, route};
use super::App;
use super::caller::{Caller, caller as anybody};
use super::peer::Lasting;
use super::refusals::{ErrorBody, Refusal};
use crate::accounts::Action;
use crate::budgets::{Cost, Spender};
use crate::model::RoomName;
use crate::telemetry::Origin;
use crate::text::Text;
use crate::threads::{self, Unfinished};

/// Result of a handler.
type Answer = Result<Response, Refusal>;

/// Every route of the interface.
pub fn routes(app: &Arc<App>) -> (BoxedFilter<(Response,)>, MethodTable) {
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
    let each = routes.iter().map(|route| &route.description).chain([describing.description()]);
    let description = Arc::new(description::of(each));
    routes.push(describing.fixed(|at| at.map(move || description.clone()).then(openapi)));
    (any_of(&routes), MethodTable::of(&routes))
}

/// This description.
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
