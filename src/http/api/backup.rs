//! `/api/backup`: everything that is stored, in one file.

use std::sync::Arc;

use futures_util::stream;
use serde::Deserialize;
use utoipa::ToSchema;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use warp::{Filter, Reply};

use super::description::FileContent;
use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, bad_request, body, trusted_caller, with_app};
use crate::accounts::{Action, Deed};
use crate::backup::Recipient;

#[derive(Deserialize, ToSchema)]
struct BackupRequest {
    /// The public key of age for which it is encrypted, `age1…`; as it is without one.
    recipient: Option<String>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(make).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(make))]
}

/// A backup of what is stored now, sent while it is made. For whoever has the owner's key. It has everything in it, what is
/// said in closed rooms and the digests of passwords too. `docs/backup.md` describes its format.
#[utoipa::path(post, path = "/api/backup", request_body = BackupRequest, responses(
    (status = 200, content_type = "application/octet-stream", body = FileContent), (status = 400, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 503, description = "One is being made", body = ErrorBody)))]
async fn make(caller: Caller, request: BackupRequest, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::MakeBackup)?;
    let recipient = request.recipient.as_deref().map(str::parse::<Recipient>).transpose().map_err(bad_request)?;
    let (writing, chunks) = app.backups.begin(recipient).await?;
    let lasting = caller.peer.last();
    app.tasks.spawn(async move {
        writing.await;
        drop(lasting);
    });
    app.audit_log.record(&actor, Deed::new("backup.make", "")).await?;
    let chunks = stream::unfold(chunks, |mut chunks| async { chunks.recv().await.map(|chunk| (chunk, chunks)) });
    let mut response = warp::reply::stream(chunks).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"chatbot.backup\""));
    Ok(response)
}
