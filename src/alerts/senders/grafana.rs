//! Grafana's webhooks: of its alerting today, which says what Alertmanager says and more, and of that before version 9.

use serde_json::Value;

use super::super::look::Look;
use super::super::mark::Mark;
use super::super::note::Note;
use super::alertmanager;

pub fn is_alert(body: &Value) -> bool {
    let is_unified = body.is_list("alerts") && body.is_text("title") && (body.has("orgId") || body.has("state"));
    is_unified || is_legacy(body)
}

fn is_legacy(body: &Value) -> bool {
    body.has("ruleName") || (body.has("ruleUrl") && body.has("state"))
}

pub fn alert(body: &Value) -> Note {
    if is_legacy(body) { legacy(body) } else { unified(body) }
}

/// `message` is what the contact point's template made; by default it repeats what the alerts say.
fn unified(body: &Value) -> Note {
    let mut note = Note::default();
    let mark = if body.text("status") == "resolved" { Some(Mark::Good) } else { Mark::of_word(body.text("state")) };
    note.mark(mark.or(Some(Mark::Bad)));
    note.title(body.text("title"), body.text("externalURL"));
    let message = body.text("message");
    let is_default = message.starts_with("**Firing**") || message.starts_with("**Resolved**");
    if !is_default {
        note.text(message);
    }
    if is_default || message.trim().is_empty() {
        alertmanager::add_alerts(body, &mut note);
    } else {
        for alert in body.list("alerts") {
            alertmanager::addresses(alert, &mut note);
        }
    }
    note
}

fn legacy(body: &Value) -> Note {
    let mut note = Note::default();
    note.mark(Mark::of_word(body.text("state")));
    note.title(body.first_text(&["title", "ruleName"]), body.text("ruleUrl"));
    note.text(body.text("message"));
    for found in body.list("evalMatches") {
        note.field(found.text("metric"), found.shown("value"));
    }
    note.link("image", body.text("imageUrl"));
    note
}
