//! `/metrics`, in the Prometheus text format.

use std::fmt::{Display, Write};
use std::sync::Arc;

use warp::Filter;
use warp::Reply;
use warp::http::header::CONTENT_TYPE;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, caller, with_app};
use crate::accounts::Action;
use crate::model::Timestamp;
use crate::text::Text;

/// Version of the text format (prometheus.io/docs/instrumenting/exposition_formats).
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(show).fixed(|at| at.and(caller(app)).and(with_app(app)).then(show))]
}

/// Numbers in Prometheus' text format. For this machine itself, and for the owner.
#[utoipa::path(get, path = "/metrics", responses(
    (status = 200, description = "Prometheus' text format", body = String, content_type = "text/plain"),
    (status = 403, body = ErrorBody)))]
async fn show(caller: Caller, app: Arc<App>) -> Answer {
    if !caller.is_local {
        caller.actor(None).may(Action::SeeMetrics)?;
    }
    let shown = metrics(&app).await?.0;
    Ok(warp::reply::with_header(shown, CONTENT_TYPE, FORMAT).into_response())
}

/// Metrics in the text format.
#[derive(Default)]
struct Metrics(String);

impl Metrics {
    /// A metric with one number.
    fn add(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.add_each(name, kind, help, [("", value)]);
    }

    /// A metric with a number for each label.
    fn add_each<V: Display>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        values: impl IntoIterator<Item = (&'static str, V)>,
    ) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.0, "# HELP chatbot_{name} {help}\n# TYPE chatbot_{name} {kind}");
        for (label, value) in values {
            let _ = writeln!(self.0, "chatbot_{name}{label} {value}");
        }
    }
}

async fn metrics(app: &App) -> Result<Metrics, Text> {
    let (sizes, counts, totals) = (app.store.sizes().await?, app.jobs.now().await?, app.jobs.stats().totals());
    let mut metrics = Metrics::default();
    metrics.add("connections", "gauge", "Connections that are open.", app.connections.open());
    metrics.add("rooms", "gauge", "Rooms there are, private ones included.", sizes.rooms);
    metrics.add("messages", "gauge", "Messages stored, in all rooms.", sizes.messages.saturating_sub(sizes.purged));
    let purged = app.chat.purges().messages;
    metrics.add("messages_purged_total", "counter", "Messages removed by retention since the start.", purged);
    if let Some(bytes) = sizes.bytes {
        metrics.add("store_bytes", "gauge", "Size of the database.", bytes);
    }
    let backups = app.backups.status();
    if let Some(last) = backups.last {
        let age = Timestamp::now().since(last.at) / 1000;
        metrics.add("backup_age_seconds", "gauge", "Time since the last backup was made.", age);
        metrics.add("backup_bytes", "gauge", "Size of the last backup.", last.bytes);
    }
    let made = [("{outcome=\"made\"}", backups.made), ("{outcome=\"failed\"}", backups.failed)];
    metrics.add_each("backups_total", "counter", "Backups since the start, by what became of them.", made);
    if let Some(certificate) = app.tls.as_ref().and_then(|tls| tls.certificate()) {
        let help = "When the certificate that browsers are shown ends, in seconds since 1970.";
        metrics.add("certificate_not_after_timestamp_seconds", "gauge", help, certificate.not_after.seconds());
    }
    let states = [
        ("{state=\"queued\"}", counts.queued),
        ("{state=\"running\"}", counts.running),
        ("{state=\"scheduled\"}", counts.scheduled),
        ("{state=\"retrying\"}", counts.retrying),
        ("{state=\"dead\"}", counts.dead),
    ];
    metrics.add_each("jobs", "gauge", "Jobs that are in a state.", states);
    metrics.add("job_workers", "gauge", "Jobs that can run at a time.", counts.workers);
    metrics.add("jobs_started_total", "counter", "Jobs begun since the start.", totals.started);
    let ended = [("{state=\"completed\"}", totals.completed), ("{state=\"failed\"}", totals.failed)];
    metrics.add_each("jobs_ended_total", "counter", "Jobs that ended since the start.", ended);
    Ok(metrics)
}
