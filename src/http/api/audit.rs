//! `/api/audit`: what was done by those who may do more than others.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::Filter;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use super::large::large_reply;
use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, caller, json, query, with_app};
use crate::accounts::Action;
use crate::model::AuditEntry;
use crate::threads;

const DEFAULT_ENTRIES: usize = 50;
const MAX_ENTRIES: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Only entries with this in who, what or to what.
    #[serde(default)]
    q: String,
    /// Only entries before this id.
    before: Option<u64>,
    /// At most 200; 50 if left out.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
struct AuditView {
    id: u64,
    #[schema(format = DateTime)]
    at: String,
    by: String,
    role: &'static str,
    /// A digest of the address, equal for all that came from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Such as `room.delete`.
    action: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    after: Option<serde_json::Value>,
}

#[derive(Serialize, ToSchema)]
struct AuditList {
    entries: Vec<AuditView>,
    more: bool,
}

impl From<(u64, AuditEntry)> for AuditView {
    fn from((id, entry): (u64, AuditEntry)) -> Self {
        Self {
            id,
            at: entry.at.to_string(),
            by: entry.by.to_string(),
            role: entry.role.as_str(),
            address: entry.address.map(|address| address.to_string()),
            action: entry.action,
            subject: entry.subject,
            before: entry.before,
            after: entry.after,
        }
    }
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(query()).and(caller(app)).and(with_app(app)).then(list)),
        route!(export).fixed(|at| at.and(caller(app)).and(with_app(app)).then(export)),
    ]
}

/// The audit log, newest first. For admins.
#[utoipa::path(get, path = "/api/audit", params(AuditQuery), responses(
    (status = 200, body = AuditList), (status = 403, body = ErrorBody)))]
async fn list(query: AuditQuery, caller: Caller, app: Arc<App>) -> Answer {
    let limit = query.limit.unwrap_or(DEFAULT_ENTRIES).clamp(1, MAX_ENTRIES);
    let (entries, more) = app.audit_log.list(&query.q, query.before, limit, &caller.actor(None)).await?;
    Ok(json(StatusCode::OK, &AuditList { entries: entries.into_iter().map(AuditView::from).collect(), more }))
}

/// The whole audit log, newest first, one JSON object per line. For admins.
#[utoipa::path(get, path = "/api/audit.jsonl", responses(
    (status = 200, content_type = "application/jsonl", body = String), (status = 403, body = ErrorBody)))]
async fn export(caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::SeeAuditLog)?;
    let mut response = large_reply(app, move |app, reply| {
        let mut before = None;
        loop {
            let (entries, more) = threads::wait(app.audit_log.list("", before, MAX_ENTRIES, &actor))?;
            before = entries.last().map(|(id, _)| *id);
            for entry in entries {
                reply.line(&AuditView::from(entry))?;
            }
            if !more {
                return Ok(());
            }
        }
    })
    .await?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.jsonl\""));
    Ok(response)
}
