//! `/api/compact`: gives back the space of what was removed.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, json, trusted_caller, with_app};
use crate::accounts::{Action, Actor, Deed};
use crate::store::{EngineError, StoreError};
use crate::telemetry::Origin;
use crate::text::Text;
use crate::threads::{self, Unfinished};

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
    // It goes on, and is recorded, when nobody waits for it any more.
    let lasting = caller.peer.last();
    let working = app.tasks.spawn(Origin::keep(compact_and_record(app.clone(), actor)));
    let compacted = working.await.unwrap_or_else(|_| Err(Text::new("error-store_failed")));
    drop(lasting);
    Ok(json(StatusCode::OK, &compacted?))
}

async fn compact_and_record(app: Arc<App>, actor: Actor) -> Result<Compacted, Text> {
    // One at a time: each takes a thread for as long as it takes.
    let _place = app.compacting.acquire().await.map_err(|_| Text::new("error-store_failed"))?;
    let bytes_before = app.store.size();
    let compaction = app.store.compaction();
    // A server that stops does not wait: closing the store ends the compaction.
    match app.stopping.run_until_cancelled(threads::blocking(compaction)).await {
        Some(Ok(compacted)) => compacted.map_err(refused)?,
        Some(Err(Unfinished)) | None => return Err(Text::new("error-store_failed")),
    }
    app.audit_log.record(&actor, Deed::new("store.compact", "")).await?;
    Ok(Compacted { bytes_before, bytes: app.store.size() })
}

fn refused(error: EngineError) -> Text {
    tracing::warn!(%error, "the store was not compacted");
    StoreError::from(error.class()).into()
}
