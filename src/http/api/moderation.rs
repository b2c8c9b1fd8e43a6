//! `/api/sanctions`, `/api/reports` and `/api/moderation`: what those who moderate do to people and what they left.

use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::json as value;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::route::{Route, route};
use super::{
    Answer, App, Caller, ErrorBody, bad_request, body, caller, json, room_name, to_the_end, trusted_caller, with_app,
};
use crate::accounts::{Action, Actor, Deed, NewSanction};
use crate::chat::{Cleared, Culprit, Room};
use crate::model::{
    Handle, JobId, Message, Report, RoomName, Sanction, SanctionId, SanctionKind, SanctionSubject, Timestamp,
};
use crate::protocol::MessageView;
use crate::text::Text;

/// An hour, in milliseconds.
const HOUR: i64 = 60 * 60 * 1000;

/// Longest time that is cleared, in hours.
const MOST_HOURS: u32 = 30 * 24;

/// Longest term of a sanction, in minutes: ten years.
const MOST_MINUTES: u32 = 10 * 365 * 24 * 60;

/// Smallest networks that may be sanctioned as a whole: larger ones are half the internet.
const SHORTEST_PREFIX: (u8, u8) = (8, 16);

/// Who is meant by a message: its author, or everybody at the address from which it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    #[default]
    Author,
    Address,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewSanction)]
struct SanctionRequest {
    kind: SanctionKind,
    /// With `seq`: a message by which somebody is meant.
    room: Option<String>,
    seq: Option<u64>,
    #[serde(default)]
    by: By,
    /// Instead: the name of an account.
    handle: Option<String>,
    /// Instead: a network, such as `192.0.2.0/24`.
    network: Option<String>,
    /// `null` for as long as nobody ends it.
    minutes: Option<u32>,
    #[serde(default)]
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct SanctionView {
    id: String,
    kind: SanctionKind,
    /// Whom it is for: a `handle` alone is a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    /// A digest of the address, equal for all sanctions of that address.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    reason: String,
    by: String,
    #[schema(format = DateTime)]
    created_at: String,
}

impl SanctionView {
    fn new(sanction: &Sanction) -> Self {
        let (address, network) = match &sanction.subject {
            SanctionSubject::Person(_) => (None, None),
            SanctionSubject::Address(address) => (Some(address.to_string()), None),
            SanctionSubject::Network(network) => (None, Some(network.to_string())),
        };
        Self {
            id: sanction.id.as_str().to_owned(),
            kind: sanction.kind,
            handle: sanction.handle.as_ref().map(Handle::to_string),
            address,
            network,
            until: sanction.until.map(|until| until.to_string()),
            reason: sanction.reason.clone(),
            by: sanction.by.to_string(),
            created_at: sanction.created_at.to_string(),
        }
    }

    fn subject(&self) -> String {
        let named = [&self.network, &self.handle, &self.address].into_iter().flatten().next();
        named.cloned().unwrap_or_default()
    }
}

#[derive(Serialize, ToSchema)]
struct SanctionList {
    sanctions: Vec<SanctionView>,
}

#[derive(Serialize, ToSchema)]
struct ReportView<'a> {
    id: &'a str,
    room: &'a str,
    seq: u64,
    message: MessageView<'a>,
    reason: &'a str,
    reporter: String,
    #[schema(format = DateTime)]
    at: String,
}

impl<'a> ReportView<'a> {
    fn new((id, report, message): &'a (String, Report, Message)) -> Self {
        Self {
            id,
            room: report.room.shown(),
            seq: report.seq,
            message: MessageView::new(&report.room, report.seq, message),
            reason: &report.reason,
            reporter: report.reporter.to_string(),
            at: report.at.to_string(),
        }
    }
}

#[derive(Serialize, ToSchema)]
struct ReportList<'a> {
    reports: Vec<ReportView<'a>>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewReport)]
struct ReportRequest {
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize, ToSchema)]
struct ClearRequest {
    /// With `seq`: a message by which somebody is meant.
    room: Option<String>,
    seq: Option<u64>,
    /// Instead: a job.
    job: Option<String>,
    /// Instead: the name of an account.
    handle: Option<String>,
    #[serde(default)]
    by: By,
    /// How far back messages are removed, at most 720; with 0 none are.
    hours: Option<u32>,
}

/// What was removed.
#[derive(Serialize, ToSchema)]
pub(super) struct ClearedView {
    messages: usize,
    jobs: usize,
    schedules: usize,
}

impl From<Cleared> for ClearedView {
    fn from(cleared: Cleared) -> Self {
        Self { messages: cleared.messages, jobs: cleared.work.jobs, schedules: cleared.work.schedules }
    }
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(sanctions).fixed(|at| at.and(caller(app)).and(with_app(app)).then(sanctions)),
        route!(sanction).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(sanction)),
        route!(end_sanction).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(end_sanction)),
        route!(report).parts(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(report)),
        route!(reports).fixed(|at| at.and(caller(app)).and(with_app(app)).then(reports)),
        route!(settle).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(settle)),
        route!(clear).fixed(|at| at.and(trusted_caller(app)).and(body(app)).and(with_app(app)).then(clear)),
    ]
}

/// Mutes and bans that are not over, newest first. For moderators.
#[utoipa::path(get, path = "/api/sanctions", responses(
    (status = 200, body = SanctionList), (status = 403, body = ErrorBody)))]
async fn sanctions(caller: Caller, app: Arc<App>) -> Answer {
    let sanctions = app.sanctions.list(&caller.actor(None))?;
    Ok(json(StatusCode::OK, &SanctionList { sanctions: sanctions.iter().map(SanctionView::new).collect() }))
}

/// Mutes or bans somebody. For moderators; those who moderate are not kept from anything.
#[utoipa::path(post, path = "/api/sanctions", request_body = SanctionRequest, responses(
    (status = 201, body = SanctionView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
async fn sanction(caller: Caller, new: SanctionRequest, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::Moderate)?;
    if new.minutes.is_some_and(|minutes| !(1..=MOST_MINUTES).contains(&minutes)) {
        return Err(bad_request(format!("minutes must be 1 to {MOST_MINUTES}")));
    }
    let (subject, handle) = subject(&new, &actor, &app).await?;
    let new = NewSanction { kind: new.kind, subject, handle, minutes: new.minutes, reason: new.reason };
    let sanction = app.sanctions.add(new, &actor).await?;
    let view = SanctionView::new(&sanction);
    let deed = Deed::new("sanction.add", view.subject());
    let after = value!({"kind": view.kind, "until": view.until, "id": view.id});
    app.audit_log.record(&actor, deed.after(after)).await?;
    Ok(json(StatusCode::CREATED, &view))
}

/// Whom a sanction is for, and what it calls itself.
async fn subject(
    new: &SanctionRequest,
    actor: &Actor,
    app: &App,
) -> Result<(SanctionSubject, Option<Handle>), super::Refusal> {
    if let Some(network) = &new.network {
        let network: IpNet = network.parse().map_err(|_| bad_request("network is not one such as 192.0.2.0/24"))?;
        let shortest = if matches!(network, IpNet::V4(_)) { SHORTEST_PREFIX.0 } else { SHORTEST_PREFIX.1 };
        return match network.prefix_len() >= shortest {
            true => Ok((SanctionSubject::Network(network.trunc()), None)),
            false => Err(bad_request(format!("the network is too large: at least /{shortest}"))),
        };
    }
    if let Some(handle) = &new.handle {
        let handle = Handle::new(handle)?;
        let account = app.store.account_of_name(&handle).await.map_err(Text::from)?;
        let account = account.ok_or_else(|| Text::new("error-not_found-account"))?;
        return Ok((SanctionSubject::Person(account.principal), Some(account.name)));
    }
    let (Some(room), Some(seq)) = (&new.room, new.seq) else {
        return Err(bad_request("room and seq, handle or network is missing"));
    };
    let room = moderated(room, actor, app).await?;
    let (culprit, message) = app.chat.culprit(&room, seq, new.by == By::Address).await?;
    let subject = match culprit {
        // Who that is now comes first.
        Culprit::Author(mut authors) => SanctionSubject::Person(authors.swap_remove(0)),
        Culprit::Address(address) => SanctionSubject::Address(address),
    };
    Ok((subject, Some(message.handle)))
}

async fn moderated(name: &str, actor: &Actor, app: &App) -> Result<Arc<Room>, super::Refusal> {
    Ok(app.chat.find_room(&RoomName::given(name)?, actor).await?)
}

/// Ends a mute or a ban. For moderators.
#[utoipa::path(delete, path = "/api/sanctions/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn end_sanction(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::Moderate)?;
    let id = SanctionId::parse(&id).ok_or_else(|| Text::new("error-not_found-sanction"))?;
    let sanction = app.sanctions.end(&id, &actor).await?;
    let view = SanctionView::new(&sanction);
    let deed = Deed::new("sanction.end", view.subject());
    app.audit_log.record(&actor, deed.before(value!({"kind": view.kind, "until": view.until}))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Reports a message to those who moderate.
#[utoipa::path(post, path = "/api/rooms/{room}/messages/{seq}/report", request_body = ReportRequest,
    params(("room" = String, Path), ("seq" = u64, Path)), responses((status = 202), (status = 404, body = ErrorBody)))]
async fn report(room: String, seq: u64, caller: Caller, new: ReportRequest, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let room = app.chat.find_room(&room_name(&room)?, &actor).await?;
    app.chat.report(&room, seq, &new.reason, &actor).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// The open reports, oldest first. For moderators.
#[utoipa::path(get, path = "/api/reports", responses((status = 200, body = ReportList), (status = 403, body = ErrorBody)))]
async fn reports(caller: Caller, app: Arc<App>) -> Answer {
    let reports = app.chat.reports(&caller.actor(None)).await?;
    Ok(json(StatusCode::OK, &ReportList { reports: reports.iter().map(ReportView::new).collect() }))
}

/// Settles a report: it is not shown any more. For moderators.
#[utoipa::path(delete, path = "/api/reports/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn settle(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let report = app.chat.settle(&id, &actor).await?;
    let deed = Deed::new("report.settle", format!("{}#{}", report.room.shown(), report.seq));
    app.audit_log.record(&actor, deed).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Cancels the jobs and deletes the schedules of somebody, or of everybody at an address, and removes what they said in the last
/// hours. For moderators.
#[utoipa::path(post, path = "/api/moderation/clear", request_body = ClearRequest, responses(
    (status = 200, body = ClearedView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn clear(caller: Caller, request: ClearRequest, app: Arc<App>) -> Answer {
    /// A day.
    const USUAL_HOURS: u32 = 24;
    let actor = caller.actor(None);
    actor.may(Action::Moderate)?;
    let (culprit, handle) = culprit(&request, &actor, &app).await?;
    let since = match request.hours.unwrap_or(USUAL_HOURS) {
        0 => None,
        hours => Some(Timestamp(Timestamp::now().0 - i64::from(hours.min(MOST_HOURS)) * HOUR)),
    };
    let (chat, by) = (app.chat.clone(), actor.clone());
    let cleared = to_the_end(&app, async move { chat.clear(&culprit, since, &by).await }).await?;
    let view = ClearedView::from(cleared);
    let deed = Deed::new("moderation.clear", &handle).after(value!(view));
    app.audit_log.record(&actor, deed).await?;
    Ok(json(StatusCode::OK, &view))
}

/// Whose work and words are meant, and what that person is called.
async fn culprit(request: &ClearRequest, actor: &Actor, app: &App) -> Result<(Culprit, Handle), super::Refusal> {
    let by_address = request.by == By::Address;
    if let Some(job) = &request.job {
        let id = JobId::parse(job).ok_or_else(|| Text::new("error-not_found-job"))?;
        return Ok(app.chat.culprit_of_job(&id, by_address, actor).await?);
    }
    if let Some(handle) = &request.handle {
        let account = app.store.account_of_name(&Handle::new(handle)?).await.map_err(Text::from)?;
        let account = account.ok_or_else(|| Text::new("error-not_found-account"))?;
        return Ok((app.chat.culprit_of_account(&account), account.name));
    }
    let (Some(room), Some(seq)) = (&request.room, request.seq) else {
        return Err(bad_request("room and seq, job or handle is missing"));
    };
    let room = moderated(room, actor, app).await?;
    let (culprit, message) = app.chat.culprit(&room, seq, by_address).await?;
    Ok((culprit, message.handle))
}
