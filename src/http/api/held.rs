//! `/api/held`: messages that wait for approval.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, caller, json, to_the_end, trusted_caller, with_app};
use crate::accounts::{Actor, Deed, NewSanction};
use crate::model::{SanctionKind, SanctionSubject, Timestamp, rfc_3339};
use crate::protocol::HeldView;
use crate::store::{Held, HeldId};
use crate::text::Text;

/// A message that waits, for those who decide about it.
#[derive(Serialize, ToSchema)]
struct HeldEntry<'a> {
    #[serde(flatten)]
    message: HeldView<'a>,
    /// Why it waits: `guest`, or what the filter found: `word`, `pattern`, `link` or `host`.
    reason: &'static str,
    /// The word or host.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'a str>,
    /// When it is forgotten.
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl<'a> HeldEntry<'a> {
    fn new((held, expires_at): &'a (Held, Timestamp)) -> Self {
        let finding = held.record.finding.as_ref();
        Self {
            message: HeldView::new(&held.id, &held.record),
            reason: finding.map_or("guest", |finding| finding.as_str()),
            found: finding.and_then(|finding| finding.found()),
            expires_at: *expires_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct HeldList<'a> {
    held: Vec<HeldEntry<'a>>,
}

#[derive(Deserialize, ToSchema)]
struct Approval {
    /// Whether its author is trusted from now on: what this person writes does not wait, and what waits is approved, too.
    #[serde(default)]
    trust: bool,
}

#[derive(Serialize, ToSchema)]
struct Approved {
    /// How many messages were posted.
    approved: usize,
    /// The id of the sanction of the kind `trust`, which can be ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<String>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list)),
        route!(approve).part(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(approve)),
        route!(reject).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(reject)),
    ]
}

/// The messages that wait for approval, oldest first. For moderators.
#[utoipa::path(get, path = "/api/held", responses((status = 200, body = HeldList), (status = 403, body = ErrorBody)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    let held = app.chat.held(&caller.actor(None)).await?;
    Ok(json(StatusCode::OK, &HeldList { held: held.iter().map(HeldEntry::new).collect() }))
}

/// Posts a message that waits, with its author as its author; its command is started now. For moderators.
#[utoipa::path(post, path = "/api/held/{id}/approve", params(("id" = String, Path)), request_body = Approval, responses(
    (status = 200, body = Approved), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn approve(id: String, caller: Caller, approval: Approval, app: Arc<App>) -> Answer {
    let (actor, id) = (caller.actor(None), held_id(&id)?);
    let held = app.chat.author_of_held(&id, &actor).await?;
    let working = app.clone();
    let approved = to_the_end(&app, async move {
        match approval.trust {
            false => working.approve_one(&id, &actor).await.map(|()| Approved { approved: 1, trust: None }),
            true => working.approve_all_of(held, &actor).await,
        }
    });
    Ok(json(StatusCode::OK, &approved.await?))
}

impl App {
    async fn approve_one(&self, id: &HeldId, actor: &Actor) -> Result<(), Text> {
        let (room, seq) = self.chat.approve(id, actor).await?;
        let deed = Deed::new("held.approve", format!("{}#{seq}", room.shown()));
        self.audit_log.record(actor, deed).await
    }

    /// Trusts the author of a message, and approves all of this person's that wait, in their order.
    async fn approve_all_of(&self, held: Held, actor: &Actor) -> Result<Approved, Text> {
        let message = &held.record.message;
        let (kind, subject) = (SanctionKind::Trust, SanctionSubject::Person(message.author.clone()));
        let new =
            NewSanction { kind, subject, handle: Some(message.handle.clone()), minutes: None, reason: String::new() };
        let trust = self.sanctions.add(new, actor).await?;
        let deed = Deed::new("sanction.add", &message.handle)
            .after(value!({"kind": kind, "until": null, "id": trust.id.as_str()}));
        self.audit_log.record(actor, deed).await?;
        let mut approved = 0;
        for (other, _) in self.chat.held(actor).await? {
            if other.record.message.author == message.author {
                self.approve_one(&other.id, actor).await?;
                approved += 1;
            }
        }
        Ok(Approved { approved, trust: Some(trust.id.as_str().to_owned()) })
    }
}

/// Does not let a message through that waits; its author is told. For moderators.
#[utoipa::path(delete, path = "/api/held/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn reject(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let held = app.chat.reject(&held_id(&id)?, &actor).await?;
    let deed = Deed::new("held.reject", format!("{} in {}", held.message.handle, held.room.shown()));
    app.audit_log.record(&actor, deed).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn held_id(text: &str) -> Result<HeldId, Text> {
    HeldId::parse(text).ok_or_else(|| Text::new("error-not_found-held"))
}
