//! `/api/commands`.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, caller, json, with_app};
use crate::protocol::CommandView;

#[derive(Serialize, ToSchema)]
struct CommandList {
    commands: Vec<CommandView>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list))]
}

/// The commands, described in the language of `Accept-Language`.
#[utoipa::path(get, path = "/api/commands", responses((status = 200, body = CommandList)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    Ok(json(StatusCode::OK, &CommandList { commands: app.bots.describe(caller.locale) }))
}
