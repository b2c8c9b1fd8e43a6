//! `/api/commands`: what the bot does, and for whom.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{
    Answer, App, Caller, ErrorBody, Refusal, bad_request, body, caller, decoded, json, trusted_caller, with_app,
};
use crate::accounts::{Action, Actor, Deed};
use crate::model::{CommandRule, Role};
use crate::protocol::CommandView;
use crate::text::Text;

#[derive(Serialize, ToSchema)]
struct CommandList {
    commands: Vec<CommandView>,
}

/// Who may run a command, and where.
#[derive(Serialize, ToSchema)]
#[schema(as = CommandRule)]
struct RuleView {
    /// `user` for everybody, or `member`, `moderator`, `admin` or `owner` for those and higher roles.
    allow: &'static str,
    /// The only rooms, `@bot` for everybody's private one; empty for all.
    rooms: Vec<String>,
}

impl From<CommandRule> for RuleView {
    fn from(CommandRule { allow, rooms }: CommandRule) -> Self {
        Self { allow: allow.as_str(), rooms }
    }
}

/// The rule for a command.
#[derive(Serialize, ToSchema)]
struct CommandPermissionView {
    name: String,
    /// False for a command from the configuration.
    built_in: bool,
    #[serde(flatten)]
    rule: RuleView,
    /// What the configuration says, where something else was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    configured: Option<RuleView>,
}

#[derive(Serialize, ToSchema)]
struct CommandPermissionList {
    commands: Vec<CommandPermissionView>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewCommandRule)]
struct RuleRequest {
    allow: String,
    #[serde(default)]
    rooms: Vec<String>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    let set = |at: warp::filters::BoxedFilter<(String,)>| at.and(trusted_caller(app));
    vec![
        route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list)),
        route!(permissions).fixed(|at| at.and(caller(app)).and(with_app(app)).then(permissions)),
        route!(permit).part(|at| set(at).and(body(app)).and(with_app(app)).then(permit)),
        route!(reset).part(|at| set(at).and(with_app(app)).then(reset)),
    ]
}

/// The commands, described in the language of `Accept-Language`.
#[utoipa::path(get, path = "/api/commands", responses((status = 200, body = CommandList)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    Ok(json(StatusCode::OK, &CommandList { commands: app.bots.describe(caller.locale, caller.role) }))
}

/// Who may run which command, and where. For the owner.
#[utoipa::path(get, path = "/api/commands/permissions", responses(
    (status = 200, body = CommandPermissionList), (status = 403, body = ErrorBody)))]
async fn permissions(caller: Caller, app: Arc<App>) -> Answer {
    caller.actor(None).may(Action::ManageSettings)?;
    let commands = app.bots.names().into_iter().map(|name| view(&app, name)).collect();
    Ok(json(StatusCode::OK, &CommandPermissionList { commands }))
}

/// Sets who may run a command, and where, in place of what the configuration says. For the owner.
#[utoipa::path(put, path = "/api/commands/{name}/permission", params(("name" = String, Path)),
    request_body = RuleRequest, responses((status = 200, body = CommandPermissionView), (status = 400, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn permit(name: String, caller: Caller, new: RuleRequest, app: Arc<App>) -> Answer {
    let allow = Role::of_person(&new.allow).ok_or_else(|| bad_request("allow is not a role"))?;
    let rule = CommandRule::new(allow, &new.rooms)?;
    set(decoded(&name)?, Some(rule), caller.actor(None), app).await
}

/// Takes back what was set: the configuration counts again. For the owner.
#[utoipa::path(delete, path = "/api/commands/{name}/permission", params(("name" = String, Path)), responses(
    (status = 200, body = CommandPermissionView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn reset(name: String, caller: Caller, app: Arc<App>) -> Answer {
    set(decoded(&name)?, None, caller.actor(None), app).await
}

async fn set(name: String, rule: Option<CommandRule>, actor: Actor, app: Arc<App>) -> Answer {
    actor.may(Action::ManageSettings)?;
    if !app.bots.names().contains(&name) {
        return Err(Refusal::from(Text::new("error-not_found-command").with("name", name)));
    }
    let before = app.command_rules.of(&name);
    let (sockets, bots) = (app.sockets.clone(), app.bots.clone());
    app.command_rules.set(&name, rule, &actor, move || sockets.tell_commands(&bots)).await?;
    let after = app.command_rules.of(&name);
    let written = |rule: CommandRule| value!(RuleView::from(rule));
    let deed = Deed::new("command.permit", &name).before(written(before)).after(written(after));
    app.audit_log.record(&actor, deed).await?;
    Ok(json(StatusCode::OK, &view(&app, name)))
}

fn view(app: &App, name: String) -> CommandPermissionView {
    let set = app.command_rules.set_for(&name);
    let configured = app.command_rules.configured_for(&name);
    let (rule, configured) = match set {
        Some(rule) => (rule, Some(configured.into())),
        None => (configured, None),
    };
    CommandPermissionView { built_in: app.bots.is_built_in(&name), name, rule: rule.into(), configured }
}
