//! `/api/merges`: people that turned out to be one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::route::{Route, route};
use super::{
    Answer, App, Caller, ErrorBody, bad_request, body, caller, json, room_name, to_the_end, trusted_caller, with_app,
};
use crate::accounts::{Action, Deed, Merged};
use crate::model::{Account, Handle, Merge, MergeId, Timestamp, rfc_3339};
use crate::text::Text;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewMerge)]
struct MergeRequest {
    /// The name of the account that it becomes one with.
    into: String,
    /// The name of another account, which is disabled then.
    handle: Option<String>,
    /// Instead, with `seq`: a message of a guest.
    room: Option<String>,
    seq: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Merge)]
struct MergeView {
    id: String,
    /// What the one called itself.
    from: String,
    /// Whether it had an account, which is disabled meanwhile.
    account: bool,
    /// The name of the account that it is one with.
    into: String,
    by: String,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl MergeView {
    fn new(merge: &Merge) -> Self {
        Self {
            id: merge.id.as_str().to_owned(),
            from: merge.from_handle.to_string(),
            account: merge.from_account.is_some(),
            into: merge.into_handle.to_string(),
            by: merge.by.to_string(),
            at: merge.at,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct MergeList {
    merges: Vec<MergeView>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list)),
        route!(merge).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(merge)),
        route!(undo).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(undo)),
    ]
}

/// The merges, newest first. For admins.
#[utoipa::path(get, path = "/api/merges", responses((status = 200, body = MergeList), (status = 403, body = ErrorBody)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    let merges = app.merges.list(&caller.actor(None))?;
    Ok(json(StatusCode::OK, &MergeList { merges: merges.iter().map(MergeView::new).collect() }))
}

/// Makes a guest, or another account, one with an account: what that one wrote, started and planned is the account's from then on, and
/// so are its rooms. For admins, and not with accounts that they may not change.
#[utoipa::path(post, path = "/api/merges", request_body = MergeRequest, responses(
    (status = 201, body = MergeView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn merge(caller: Caller, request: MergeRequest, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::ManagePeople)?;
    let into = account(&request.into, &app).await?;
    let merged = match (&request.handle, &request.room, request.seq) {
        (Some(handle), ..) => Merged::Account(Box::new(account(handle, &app).await?)),
        (None, Some(room), Some(seq)) => {
            let room = app.chat.find_room(&room_name(room)?, &actor).await?;
            let message = app.chat.message(&room, seq).await?;
            let message = message.ok_or_else(|| Text::new("error-not_found-message"))?;
            match app.store.account_of_principal(&message.author).await.map_err(Text::from)? {
                Some(account) => Merged::Account(Box::new(account)),
                None => Merged::Guest(message.author, message.handle),
            }
        }
        _ => return Err(bad_request("handle, or room and seq, is missing")),
    };
    let (working, by) = (app.clone(), actor.clone());
    let done = async move { working.merges.add(merged, &into, &working.accounts, &by).await };
    let merge = to_the_end(&app, done).await?;
    let view = MergeView::new(&merge);
    let deed = Deed::new("people.merge", &view.into)
        .after(value!({"from": view.from, "account": view.account, "id": view.id}));
    app.audit_log.record(&actor, deed).await?;
    Ok(json(StatusCode::CREATED, &view))
}

async fn account(name: &str, app: &App) -> Result<Account, Text> {
    let account = app.store.account_of_name(&Handle::new(name)?).await?;
    account.ok_or_else(|| Text::new("error-not_found-account"))
}

/// Takes a merge back: both are as they were before. For admins.
#[utoipa::path(delete, path = "/api/merges/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn undo(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::ManagePeople)?;
    let id = MergeId::parse(&id).ok_or_else(|| Text::new("error-not_found-merge"))?;
    let (working, by) = (app.clone(), actor.clone());
    let merge = to_the_end(&app, async move { working.merges.undo(&id, &working.accounts, &by).await }).await?;
    let deed = Deed::new("people.unmerge", &merge.into_handle).before(value!({"from": merge.from_handle}));
    app.audit_log.record(&actor, deed).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
