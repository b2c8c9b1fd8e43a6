//! `/api/webhooks`: outgoing webhooks, which are in the settings, and how their deliveries went.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, caller, json, with_app};
use crate::jobs::{Event, Webhook};
use crate::model::{Job, JobState};

/// Deliveries of a webhook that are looked at.
const RECENT: usize = 50;

#[derive(Serialize, ToSchema)]
struct WebhookView<'a> {
    name: &'a str,
    /// Of its URL; the rest may be a secret.
    host: &'a str,
    /// `message`, `job`.
    events: Vec<&'static str>,
    /// The only room that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    /// Whether only messages that match are sent.
    filtered: bool,
    /// Whether requests are signed.
    signed: bool,
    /// The newest delivery that has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<DeliveryView<'a>>,
    /// Of the newest 50 deliveries.
    delivered: usize,
    /// Those that failed and are tried again.
    retrying: usize,
    /// Those that nobody tries again.
    failed: usize,
}

#[derive(Serialize, ToSchema)]
struct DeliveryView<'a> {
    /// The job's id.
    id: &'a str,
    state: JobState,
    #[schema(format = DateTime)]
    at: String,
    /// Why it was not delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
struct WebhookList<'a> {
    webhooks: Vec<WebhookView<'a>>,
}

impl<'a> WebhookView<'a> {
    fn new(webhook: &'a Webhook, deliveries: &'a [Job]) -> Self {
        let count = |is: fn(JobState) -> bool| deliveries.iter().filter(|job| is(job.state)).count();
        let last = deliveries.iter().filter(|job| job.state.has_ended()).max_by_key(|job| job.finished_at);
        Self {
            name: &webhook.name,
            host: webhook.url.host_str().unwrap_or_default(),
            events: webhook.events.iter().copied().map(Event::as_str).collect(),
            room: webhook.room.as_ref().map(|room| room.shown()),
            filtered: webhook.pattern.is_some(),
            signed: webhook.secret.is_some(),
            last: last.map(|job| DeliveryView {
                id: job.id.as_str(),
                state: job.state,
                at: job.finished_at.unwrap_or(job.created_at).to_string(),
                error: job.error.as_ref().map(|error| error.message.as_str()),
            }),
            delivered: count(|state| state == JobState::Completed),
            retrying: count(|state| state == JobState::Retrying),
            failed: count(|state| matches!(state, JobState::Dead | JobState::Failed)),
        }
    }
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(list).fixed(|at| at.and(caller(app)).and(with_app(app)).then(list))]
}

/// The outgoing webhooks of the settings. For admins.
#[utoipa::path(get, path = "/api/webhooks", responses((status = 200, body = WebhookList), (status = 403, body = ErrorBody)))]
async fn list(caller: Caller, app: Arc<App>) -> Answer {
    let found = app.jobs.webhooks(RECENT, &caller.actor(None)).await?;
    let webhooks = found.iter().map(|(webhook, deliveries)| WebhookView::new(webhook, deliveries)).collect();
    Ok(json(StatusCode::OK, &WebhookList { webhooks }))
}
