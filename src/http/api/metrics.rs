//! `/metrics`, in the Prometheus text format.

use std::sync::Arc;

use warp::Filter;
use warp::Reply;
use warp::http::header::CONTENT_TYPE;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, caller, with_app};
use crate::accounts::Action;
use crate::model::Timestamp;
use crate::telemetry::{ProcessNumbers, Shown, process_numbers};
use crate::text::Text;
use crate::threads;

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
    let shown = shown(&app).await?;
    Ok(warp::reply::with_header(shown, CONTENT_TYPE, FORMAT).into_response())
}

/// What is recorded, and what is known only now.
async fn shown(app: &App) -> Result<String, Text> {
    let process = threads::blocking(process_numbers).await.unwrap_or_default();
    let shown = Shown::default();
    show_connections(&shown, app);
    show_store(&shown, app).await?;
    show_jobs(&shown, app).await?;
    show_documents(&shown, app);
    show_upkeep(&shown, app);
    show_process(&shown, app, &process);
    Ok(shown.with_recorded())
}

fn show_connections(shown: &Shown, app: &App) {
    shown.gauge("connections", "Connections that are open.", app.connections.open() as f64);
    shown.gauge("websockets", "WebSockets that are open.", app.sockets.count() as f64);
    shown.gauge("members", "People with an account who are connected.", app.sockets.members() as f64);
}

async fn show_store(shown: &Shown, app: &App) -> Result<(), Text> {
    let sizes = app.store.sizes().await?;
    shown.gauge("rooms", "Rooms there are, private ones included.", sizes.rooms as f64);
    let messages = sizes.messages.saturating_sub(sizes.purged);
    shown.gauge("messages", "Messages stored, in all rooms.", messages as f64);
    let purged = app.chat.purges().messages;
    shown.counter("messages_purged_total", "Messages removed by retention since the start.", purged as f64);
    if let Some(bytes) = sizes.bytes {
        shown.gauge("store_bytes", "Size of the database.", bytes as f64);
    }
    if let Some(bytes) = app.store.free_space() {
        shown.gauge("disk_free_bytes", "Space that is free where the data are.", bytes as f64);
    }
    shown.gauge("files_bytes", "Size of the files of all documents.", app.store.document_bytes() as f64);
    shown.gauge("write_queue_length", "Changes that wait for the writer.", app.store.waiting_writes() as f64);
    let panics = app.store.callback_panics();
    shown.counter("callback_panics_total", "Effects of commits that a fault kept from happening.", panics as f64);
    Ok(())
}

async fn show_jobs(shown: &Shown, app: &App) -> Result<(), Text> {
    let (counts, totals) = (app.jobs.now().await?, app.jobs.stats().totals());
    let states = [
        ("queued", counts.queued),
        ("running", counts.running),
        ("scheduled", counts.scheduled),
        ("retrying", counts.retrying),
        ("dead", counts.dead),
    ];
    shown.gauges("jobs", "Jobs that are in a state.", "state", states.map(|(state, count)| (state, count as f64)));
    shown.gauge("job_workers", "Jobs that can run at a time.", counts.workers as f64);
    shown.counter("jobs_started_total", "Jobs begun since the start.", totals.started as f64);
    let ended = [("completed", totals.completed as f64), ("failed", totals.failed as f64)];
    shown.counters("jobs_ended_total", "Jobs that ended since the start.", "state", ended);
    Ok(())
}

fn show_documents(shown: &Shown, app: &App) {
    let standing = app.library.standing();
    shown.gauge("documents", "Documents there are.", standing.documents as f64);
    shown.gauge("passages", "Passages of documents in the index.", standing.passages as f64);
    shown.gauge("documents_embedded", "Documents whose passages have vectors.", standing.embedded as f64);
}

/// What somebody has to see to.
fn show_upkeep(shown: &Shown, app: &App) {
    let backups = app.backups.status();
    if let Some(last) = backups.last {
        let age = Timestamp::now().since(last.at) as f64 / 1000.0;
        shown.gauge("backup_age_seconds", "Time since the last backup was made.", age);
        shown.gauge("backup_bytes", "Size of the last backup.", last.bytes as f64);
    }
    let made = [("made", backups.made as f64), ("failed", backups.failed as f64)];
    shown.counters("backups_total", "Backups since the start, by what became of them.", "outcome", made);
    if let Some(certificate) = app.tls.as_ref().and_then(|tls| tls.certificate()) {
        let help = "When the certificate that browsers are shown ends, in seconds since 1970.";
        shown.gauge("certificate_not_after_timestamp_seconds", help, certificate.not_after.seconds() as f64);
    }
}

fn show_process(shown: &Shown, app: &App, process: &ProcessNumbers) {
    let version = [(env!("CARGO_PKG_VERSION"), 1.0)];
    shown.gauges("build_info", "The version of this program.", "version", version);
    let started = app.vitals.started_at.0 as f64 / 1000.0;
    shown.gauge("process_start_time_seconds", "When the server started, in seconds since 1970.", started);
    shown.counter("process_cpu_seconds_total", "Time on processors.", process.cpu_seconds);
    let numbers = [
        ("process_resident_memory_bytes", "Memory that is resident.", process.resident.map(|bytes| bytes as f64)),
        ("process_virtual_memory_bytes", "Address space.", process.virtual_memory.map(|bytes| bytes as f64)),
        ("process_open_fds", "Open files, sockets included.", process.open_files.map(|count| count as f64)),
        ("process_max_fds", "Files that may be open.", process.most_files.map(|count| count as f64)),
        ("process_threads", "Threads.", process.threads.map(|count| count as f64)),
    ];
    for (name, help, number) in numbers {
        number.inspect(|number| shown.gauge(name, help, *number));
    }
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    shown.gauge("runtime_tasks", "Tasks of the asynchronous runtime.", tasks as f64);
}
