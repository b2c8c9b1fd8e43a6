//! `/api/commands`.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;

use super::{App, Caller, caller, json};
use crate::protocol::CommandView;

#[derive(Serialize, ToSchema)]
struct CommandList {
    commands: Vec<CommandView>,
}

pub fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let bots = app.clone();
    let commands = warp::path!("api" / "commands").and(warp::get()).and(caller(app));
    commands.map(move |caller| list(&caller, &bots)).boxed()
}

/// What the bot can do, in the language of `Accept-Language`.
#[utoipa::path(get, path = "/api/commands", responses((status = 200, body = CommandList)))]
fn list(caller: &Caller, app: &App) -> Response {
    json(StatusCode::OK, &CommandList { commands: app.bots.describe(caller.locale) })
}
