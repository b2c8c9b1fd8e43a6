//! `/api/invitations`: links with which people make accounts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::ToSchema;
use warp::Filter;
use warp::Reply;
use warp::http::StatusCode;

use super::accounts::role;
use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, body, caller, json, trusted_anybody, trusted_caller, with_app};
use crate::accounts::Deed;
use crate::model::{Invitation, InvitationId, Role, Timestamp, rfc_3339};
use crate::text::Text;

/// How long an invitation is open when nothing is said, in days.
const USUAL_DAYS: u32 = 7;

#[derive(Serialize, ToSchema)]
struct InvitationView {
    id: String,
    /// What the accounts become that are made with it.
    role: &'static str,
    /// How many accounts may still be made; `null` for any number.
    uses_left: Option<u32>,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The name of whoever made it.
    created_by: Option<String>,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id.as_str().to_owned(),
            role: invitation.role.as_str(),
            uses_left: invitation.uses_left,
            expires_at: invitation.expires_at,
            created_at: invitation.created_at,
            created_by: invitation.created_by,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct InvitationList {
    invitations: Vec<InvitationView>,
}

#[derive(Serialize, ToSchema)]
struct NewInvitation {
    invitation: InvitationView,
    /// The link is the server's address with `/join#` and this; it cannot be read later.
    token: String,
}

#[derive(Deserialize, ToSchema)]
struct Terms {
    role: Option<String>,
    /// How many accounts may be made; any number when nothing is said.
    uses: Option<u32>,
    /// How long it is open; 7 when nothing is said.
    days: Option<u32>,
}

#[derive(Deserialize, ToSchema)]
struct Shown {
    token: String,
}

/// What somebody is invited to.
#[derive(Serialize, ToSchema)]
struct InvitedAs {
    role: &'static str,
    /// Whether it is the link of a server that nobody has an account on yet.
    first: bool,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list)),
        route!(create).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(create)),
        route!(show).fixed(|at| at.and(trusted_anybody(app)).and(body(app)).and(with_app(app)).then(show)),
        route!(revoke).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(revoke)),
    ]
}

/// The open invitations, oldest first.
#[utoipa::path(get, path = "/api/invitations", responses((status = 200, body = InvitationList), (status = 403, body = ErrorBody)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    let invitations = app.accounts.invitations(&caller.actor(None)).await?;
    let invitations = invitations.into_iter().map(InvitationView::from).collect();
    Ok(json(StatusCode::OK, &InvitationList { invitations }))
}

/// Makes an invitation.
#[utoipa::path(post, path = "/api/invitations", request_body = Terms, responses(
    (status = 201, body = NewInvitation), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn create(caller: Caller, terms: Terms, app: Arc<App>) -> Answer {
    let role = role(terms.role.as_deref().unwrap_or(Role::Member.as_str()))?;
    let days = terms.days.unwrap_or(USUAL_DAYS);
    app.front_door.check_invitations()?;
    let actor = caller.actor(None);
    let (invitation, token) = app.accounts.invite(role, terms.uses, days, &actor).await?;
    let made = value!({"role": role.as_str(), "uses": terms.uses, "days": days});
    app.audit_log.record(&actor, Deed::new("invitation.create", invitation.id.as_str()).after(made)).await?;
    Ok(json(StatusCode::CREATED, &NewInvitation { invitation: invitation.into(), token }))
}

/// What an invitation is for. The token is in the body, because paths are logged.
#[utoipa::path(post, path = "/api/invitations/show", request_body = Shown, responses(
    (status = 200, body = InvitedAs), (status = 404, description = "It was used or is over", body = ErrorBody)))]
async fn show(_: Caller, shown: Shown, app: Arc<App>) -> Answer {
    let invitation = app.accounts.invitation(&shown.token).await?;
    let invited = InvitedAs {
        role: invitation.role.as_str(),
        first: invitation.created_by.is_none(),
        expires_at: invitation.expires_at,
    };
    Ok(json(StatusCode::OK, &invited))
}

/// Its link no longer works afterwards.
#[utoipa::path(delete, path = "/api/invitations/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn revoke(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let id = InvitationId::parse(&id).ok_or_else(|| Text::new("error-not_found-invitation"))?;
    let actor = caller.actor(None);
    app.accounts.revoke(&id, &actor).await?;
    app.audit_log.record(&actor, Deed::new("invitation.revoke", id.as_str())).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
