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
use crate::accounts::{Action, Deed, InvitationTerms};
use crate::chat::Chat;
use crate::model::{Invitation, InvitationId, Role, RoomName, RoomRecord, Timestamp, rfc_3339};
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
    /// The rooms to which it leads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rooms: Vec<InvitedRoom>,
}

/// A room to which an invitation leads.
#[derive(Serialize, ToSchema)]
struct InvitedRoom {
    name: String,
    /// What it is called, where that is not its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
}

impl InvitationView {
    async fn new(invitation: Invitation, chat: &Chat) -> Result<Self, Text> {
        let rooms = rooms_of(&invitation, chat).await?;
        Ok(Self {
            id: invitation.id.as_str().to_owned(),
            role: invitation.role.as_str(),
            uses_left: invitation.uses_left,
            expires_at: invitation.expires_at,
            created_at: invitation.created_at,
            created_by: invitation.created_by,
            rooms,
        })
    }
}

async fn rooms_of(invitation: &Invitation, chat: &Chat) -> Result<Vec<InvitedRoom>, Text> {
    let shown = |record: &RoomRecord| InvitedRoom {
        name: record.name.shown().to_owned(),
        title: record.settings.title.clone(),
    };
    Ok(chat.invited_to(invitation).await?.iter().map(|room| room.with_record(shown)).collect())
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
    /// Rooms to which it leads, which the inviter may manage; who uses it becomes a member of the closed ones.
    #[serde(default)]
    rooms: Vec<String>,
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
    /// The rooms to which it leads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rooms: Vec<InvitedRoom>,
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
    let mut views = Vec::new();
    for invitation in app.accounts.invitations(&caller.actor(None)).await? {
        views.push(InvitationView::new(invitation, &app.chat).await?);
    }
    Ok(json(StatusCode::OK, &InvitationList { invitations: views }))
}

/// Makes an invitation.
#[utoipa::path(post, path = "/api/invitations", request_body = Terms, responses(
    (status = 201, body = NewInvitation), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn create(caller: Caller, terms: Terms, app: Arc<App>) -> Answer {
    let role = role(terms.role.as_deref().unwrap_or(Role::Member.as_str()))?;
    let days = terms.days.unwrap_or(USUAL_DAYS);
    app.front_door.check_invitations()?;
    let actor = caller.actor(None);
    actor.may(Action::ManagePeople)?;
    let names = terms.rooms.iter().map(|room| RoomName::given(room)).collect::<Result<Vec<_>, _>>()?;
    let rooms = app.chat.invite_to(&names, &actor).await?;
    let made = value!({"role": role.as_str(), "uses": terms.uses, "days": days, "rooms": names});
    let (invitation, token) =
        app.accounts.invite(InvitationTerms { role, uses: terms.uses, days, rooms }, &actor).await?;
    app.audit_log.record(&actor, Deed::new("invitation.create", invitation.id.as_str()).after(made)).await?;
    Ok(json(
        StatusCode::CREATED,
        &NewInvitation { invitation: InvitationView::new(invitation, &app.chat).await?, token },
    ))
}

/// What an invitation is for. The token is in the body, because paths are logged.
#[utoipa::path(post, path = "/api/invitations/show", request_body = Shown, responses(
    (status = 200, body = InvitedAs), (status = 404, description = "It was used or is over", body = ErrorBody)))]
async fn show(_: Caller, shown: Shown, app: Arc<App>) -> Answer {
    let invitation = app.accounts.invitation(&shown.token).await?;
    let invited = InvitedAs {
        role: invitation.role.as_str(),
        first: invitation.created_by.is_none(),
        rooms: rooms_of(&invitation, &app.chat).await?,
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
