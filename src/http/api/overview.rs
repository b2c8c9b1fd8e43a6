//! `/api/overview`: how the server is and was.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::Filter;
use warp::http::StatusCode;

use super::super::concerns;
use super::super::vitals::{Sample, Vitals};
use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, bad_request, caller, json, query, with_app};
use crate::accounts::Action;
use crate::backup::Status;
use crate::chat::{Purged, Purges};
use crate::jobs::Span;
use crate::protocol::JobsNow;
use crate::text::Text;
use crate::tls::Tls;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OverviewQuery {
    /// `hour` (by minute) or `day` (by 15 minutes); `hour` by default.
    span: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Overview {
    version: &'static str,
    #[schema(format = DateTime)]
    started_at: String,
    connections: usize,
    /// People with an account who are connected.
    members_online: usize,
    rooms: u64,
    messages: u64,
    accounts: usize,
    purge: PurgeView,
    backup: BackupView,
    /// Size of the store.
    bytes: Option<u64>,
    /// Free space for it.
    free_bytes: Option<u64>,
    memory_bytes: Option<u64>,
    jobs: JobsNow,
    /// Where this server encrypts connections itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<CertificateView>,
    /// What should be seen to, in the language of the request.
    concerns: Vec<String>,
    points: Points,
}

/// The certificate that browsers are shown.
#[derive(Serialize, ToSchema)]
struct CertificateView {
    names: Vec<String>,
    #[schema(format = DateTime)]
    not_after: String,
    /// When the server gets the next one, if it does that itself.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    renews_at: Option<String>,
}

impl CertificateView {
    /// `None` until there is one.
    fn new(tls: &Tls) -> Option<Self> {
        let certificate = tls.certificate()?;
        Some(Self {
            names: certificate.names.clone(),
            not_after: certificate.not_after.to_string(),
            renews_at: tls.findings().renews_at.map(|at| at.to_string()),
        })
    }
}

/// The removal of messages that are not kept any more.
#[derive(Serialize, ToSchema)]
struct PurgeView {
    /// When the last round ended.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_at: Option<String>,
    /// What it removed.
    last: Purged,
    /// Messages removed since the server started.
    messages: u64,
    /// When the next round begins.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
}

impl PurgeView {
    fn new(purges: &Purges) -> Self {
        let (last_at, last) = purges.last.map_or((None, Purged::default()), |(at, last)| (Some(at.to_string()), last));
        Self { last_at, last, messages: purges.messages, next_at: purges.next_at.map(|at| at.to_string()) }
    }
}

/// Copies of all that is stored.
#[derive(Serialize, ToSchema)]
struct BackupView {
    /// When the last one was made, and its size.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// When the next one is made by itself.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
    /// When the last one that should be made by itself failed, if none was made since. The log says why.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<String>,
}

impl BackupView {
    fn new(status: &Status) -> Self {
        Self {
            last_at: status.last.map(|last| last.at.to_string()),
            bytes: status.last.map(|last| last.bytes),
            next_at: status.next_at.map(|at| at.to_string()),
            failed_at: status.failed_at.map(|at| at.to_string()),
        }
    }
}

/// Columns of equal length, oldest first.
#[derive(Serialize, ToSchema)]
struct Points {
    /// Seconds from one point to the next.
    step: u64,
    at: Vec<String>,
    connections: Vec<usize>,
    /// Stored in the step.
    messages: Vec<u64>,
    /// Ended in the step.
    jobs: Vec<u64>,
    memory: Vec<Option<u64>>,
    disk: Vec<Option<u64>>,
}

impl Points {
    fn new(samples: &[Sample], span: Span) -> Self {
        Self {
            step: span.step_seconds(),
            at: samples.iter().map(|sample| sample.at.to_string()).collect(),
            connections: samples.iter().map(|sample| sample.connections).collect(),
            messages: samples.iter().map(|sample| sample.messages).collect(),
            jobs: samples.iter().map(|sample| sample.jobs).collect(),
            memory: samples.iter().map(|sample| sample.memory).collect(),
            disk: samples.iter().map(|sample| sample.disk).collect(),
        }
    }
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(show).fixed(|at| at.and(query()).and(caller(app)).and(with_app(app)).then(show))]
}

/// How the server is, and was in the last hour or day. For admins.
#[utoipa::path(get, path = "/api/overview", params(OverviewQuery), responses(
    (status = 200, body = Overview), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn show(query: OverviewQuery, caller: Caller, app: Arc<App>) -> Answer {
    caller.actor(None).may(Action::SeeMetrics)?;
    let span = match query.span.as_deref() {
        None | Some("hour") => Span::Hour,
        Some("day") => Span::Day,
        Some(_) => return Err(bad_request("the span is hour or day")),
    };
    let now = Vitals::sample(&app).await.map_err(Text::from)?;
    Ok(json(
        StatusCode::OK,
        &Overview {
            version: env!("CARGO_PKG_VERSION"),
            started_at: app.vitals.started_at.to_string(),
            connections: now.connections,
            members_online: app.sockets.members(),
            rooms: now.rooms,
            messages: now.messages.saturating_sub(now.purged),
            accounts: app.store.count_accounts().await.map_err(Text::from)?,
            purge: PurgeView::new(&app.chat.purges()),
            backup: BackupView::new(&app.backups.status()),
            bytes: now.disk,
            free_bytes: app.store.free_space(),
            memory_bytes: now.memory,
            jobs: app.jobs.now().await.map_err(Text::from)?,
            certificate: app.tls.as_deref().and_then(CertificateView::new),
            concerns: concerns::all(&app).iter().map(|concern| concern.in_locale(caller.locale)).collect(),
            points: Points::new(&app.vitals.points(span), span),
        },
    ))
}
