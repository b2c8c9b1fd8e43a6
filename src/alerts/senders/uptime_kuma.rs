//! Uptime Kuma: a monitor, its last heartbeat, and a text that says both.

use serde_json::Value;

use super::super::look::Look;
use super::super::mark::Mark;
use super::super::note::Note;

pub fn is_heartbeat(body: &Value) -> bool {
    body.is_text("msg") && body.get("heartbeat").is_some() && body.get("monitor").is_some()
}

pub fn heartbeat(body: &Value) -> Note {
    let mut note = Note::default();
    note.mark(match body.at("heartbeat.status").as_u64() {
        Some(0) => Some(Mark::Bad),
        Some(1) => Some(Mark::Good),
        // Pending, and maintenance.
        Some(_) => Some(Mark::Doubtful),
        None => None,
    });
    let url = body.text("monitor.url");
    note.title(body.text("msg"), if url.len() > "https://".len() { url } else { "" });
    let host = [body.text("monitor.hostname").to_owned(), body.shown("monitor.port")];
    note.text(host.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(":"));
    note.text(body.text("monitor.description"));
    let reason = body.text("heartbeat.msg");
    if !body.text("msg").contains(reason) {
        note.text(reason);
    }
    if body.at("heartbeat.ping").is_number() {
        note.field("ping", format!("{} ms", body.shown("heartbeat.ping")));
    }
    note.text(body.first_text(&["heartbeat.localDateTime", "heartbeat.time"]));
    note
}
