//! `/api/compact`: gives back the space of what was removed.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, blocking, json, trusted_caller, with_app};
use crate::accounts::{Action, Deed};
use crate::store::{EngineError, StoreError};
use crate::text::Text;

/// What a compaction has changed.
#[derive(Serialize, ToSchema)]
struct Compacted {
    /// Bytes that the store took before, where that is known.
    bytes_before: Option<u64>,
    /// Bytes that it takes now.
    bytes: Option<u64>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(compact).fixed(|at| at.and(trusted_caller(app)).and(with_app(app)).then(compact))]
}

/// Puts what is stored into one file, without what was removed or replaced by newer versions, and answers when that is done. It needs as
/// much free space as the store takes. Others go on reading and writing. For the owner.
#[utoipa::path(post, path = "/api/compact", responses(
    (status = 200, body = Compacted), (status = 403, body = ErrorBody),
    (status = 507, description = "There is not enough space for the new file beside the old ones", body = ErrorBody)))]
async fn compact(caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::CompactStore)?;
    let store = app.store.clone();
    let bytes_before = store.size();
    blocking(move || store.compact().map_err(refused)).await?;
    app.audit_log.record(&actor, Deed::new("store.compact", "")).await?;
    Ok(json(StatusCode::OK, &Compacted { bytes_before, bytes: app.store.size() }))
}

fn refused(error: EngineError) -> Text {
    tracing::warn!(%error, "the store was not compacted");
    StoreError::from(error.class()).into()
}
