//! Sentry: what its integrations send, and what its older webhooks did.

use serde_json::Value;

use super::super::look::{Look, scalar};
use super::super::mark::Mark;
use super::super::note::Note;

/// What the data of an integration's webhook is about.
const KINDS: [&str; 5] = ["issue", "event", "error", "metric_alert", "comment"];

pub fn is_event(body: &Value) -> bool {
    let is_integration =
        body.is_text("action") && is_known(body.at("data")) && (body.has("installation") || body.has("actor"));
    is_integration || is_older(body)
}

fn is_known(data: &Value) -> bool {
    KINDS.iter().any(|kind| data.has(kind)) || (data.has("issue_id") && data.has("comment"))
}

fn is_older(body: &Value) -> bool {
    body.is_object_at("event") && body.has("project") && (body.has("culprit") || body.has("level"))
}

pub fn event(body: &Value) -> Note {
    if is_older(body) {
        return issue(body, body.first_text(&["project_name", "project"]), "");
    }
    let data = body.at("data");
    let action = body.text("action").replace('_', " ");
    match data {
        data if data.has("metric_alert") => metric(data),
        data if data.has("comment") => comment(data, &action),
        data => {
            let kind = ["issue", "event", "error"].into_iter().find(|kind| data.has(kind)).unwrap_or_default();
            issue(data.at(kind), data.text("triggered_rule"), &action)
        }
    }
}

fn issue(issue: &Value, about: &str, action: &str) -> Note {
    let mut note = Note::default();
    let level = issue.first_text(&["level", "event.level"]);
    note.mark(if action == "resolved" { Some(Mark::Good) } else { Mark::of_word(level) });
    let title = issue.first_text(&["title", "metadata.title", "event.title", "message", "event.message"]);
    let action = if action.is_empty() { String::new() } else { format!("{action}: ") };
    note.title(format!("{action}{title}"), issue.first_text(&["web_url", "permalink", "url", "issue_url"]));
    for path in ["metadata.value", "message", "culprit", "event.culprit"] {
        if !title.contains(issue.text(path)) {
            note.text(issue.text(path));
        }
    }
    note.text(about);
    for (name, path) in [
        ("id", "shortId"),
        ("project", "project.slug"),
        ("level", "level"),
        ("environment", "environment"),
        ("release", "release"),
        ("events", "count"),
        ("users", "userCount"),
    ] {
        note.field_if_told(name, issue.shown(path));
    }
    note.text(tags(issue));
    note
}

/// Pairs, or objects of a key and a value.
fn tags(issue: &Value) -> String {
    let tag = |tag: &Value| match tag {
        Value::Array(pair) => Some((scalar(pair.first()?)?, scalar(pair.get(1)?)?)),
        other => Some((scalar(other.get("key")?)?, scalar(other.get("value")?)?)),
    };
    let path = if issue.is_list("tags") { "tags" } else { "event.tags" };
    let pairs = issue.list(path).iter().filter_map(tag).take(12);
    pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

fn metric(data: &Value) -> Note {
    let mut note = Note::default();
    let state = data.first_text(&["description_title", "metric_alert.title"]);
    note.mark(Mark::of_word(state.split(':').next().unwrap_or_default()));
    note.title(state, data.text("web_url"));
    note.text(data.first_text(&["description_text", "metric_alert.alert_rule.name"]));
    note
}

fn comment(data: &Value, action: &str) -> Note {
    let mut note = Note::default();
    note.title(format!("comment {action}: {}", data.text("project_slug")), "");
    note.text(data.text("comment"));
    note
}
