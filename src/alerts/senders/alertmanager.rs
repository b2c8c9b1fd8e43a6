//! Prometheus's Alertmanager, and what speaks as it does, such as vmalert and Mimir.

use serde_json::Value;

use super::super::look::{Look, scalar};
use super::super::mark::Mark;
use super::super::note::Note;

/// How many alerts of a group are shown.
const MOST: usize = 20;

pub fn is_notification(body: &Value) -> bool {
    let is_alert = |alert: &Value| alert.is_object_at("labels") || alert.is_object_at("annotations");
    let has_group = ["groupLabels", "commonLabels", "commonAnnotations", "groupKey"].iter().any(|name| body.has(name));
    (has_group || body.has("receiver")) && body.list("alerts").iter().any(is_alert)
        || body.as_array().is_some_and(|alerts| {
            !alerts.is_empty() && alerts.iter().all(|alert| is_alert(alert) && alert.is_object_at("labels"))
        })
}

pub fn notification(body: &Value) -> Note {
    let mut note = Note::default();
    headline(body, &mut note);
    add_alerts(body, &mut note);
    note
}

/// Every alert with what it says of itself.
pub fn add_alerts(body: &Value, note: &mut Note) {
    let alerts = alerts(body);
    for one in alerts.iter().take(MOST) {
        alert(one, body, note);
    }
    let truncated = body.at("truncatedAlerts").as_u64().and_then(|number| usize::try_from(number).ok());
    note.more(alerts.len().saturating_sub(MOST).saturating_add(truncated.unwrap_or(0)));
}

/// Old versions sent the list alone.
fn alerts(body: &Value) -> &[Value] {
    body.as_array().map_or_else(|| body.list("alerts"), Vec::as_slice)
}

fn is_resolved(alert: &Value) -> bool {
    alert.text("status") == "resolved"
}

/// `[FIRING:2, RESOLVED:1] DiskFull`
pub fn headline(body: &Value, note: &mut Note) {
    let alerts = alerts(body);
    let resolved = alerts.iter().filter(|alert| is_resolved(alert)).count();
    let firing = alerts.len() - resolved;
    let counts = match (firing, resolved) {
        (0, resolved) => format!("[RESOLVED:{resolved}]"),
        (firing, 0) => format!("[FIRING:{firing}]"),
        (firing, resolved) => format!("[FIRING:{firing}, RESOLVED:{resolved}]"),
    };
    let common = body.first_text(&["commonLabels.alertname", "groupLabels.alertname"]);
    let names: Vec<&str> = if common.is_empty() { names(alerts) } else { vec![common] };
    let severity = body.text("commonLabels.severity");
    let mild =
        (severity.eq_ignore_ascii_case("warning") || severity.eq_ignore_ascii_case("info")).then_some(Mark::Doubtful);
    note.mark(if firing == 0 { Some(Mark::Good) } else { mild.or(Some(Mark::Bad)) });
    let title = format!("{counts} {}", names.join(", "));
    note.title(title, body.text("externalURL"));
}

fn names(alerts: &[Value]) -> Vec<&str> {
    let mut names: Vec<&str> =
        alerts.iter().map(|alert| alert.text("labels.alertname")).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(5);
    names
}

fn alert(alert: &Value, body: &Value, note: &mut Note) {
    let summary =
        alert.first_text(&["annotations.summary", "annotations.title", "annotations.message", "labels.alertname"]);
    let several = alerts(body).len() > 1;
    if several {
        note.mark(Some(if is_resolved(alert) { Mark::Good } else { Mark::Bad }));
    }
    note.title(summary, "");
    for (name, value) in alert.entries("annotations") {
        let value = value.as_str().unwrap_or_default();
        match name {
            "description" => note.text(value),
            _ if value == summary || name.starts_with("__") || value.is_empty() => {}
            "runbook_url" => note.link("runbook", value),
            _ if value.starts_with("https://") || value.starts_with("http://") => note.link(name, value),
            _ => note.field(name, value),
        }
    }
    note.text(values(alert));
    let is_common = !several || body.is_text("commonLabels.alertname");
    let labels: Vec<String> = alert
        .entries("labels")
        .filter(|(name, value)| !name.starts_with("__") && (*name != "alertname" || (!is_common && *value != summary)))
        .map(|(name, value)| format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    note.text(labels.join(", "));
    addresses(alert, note);
}

/// Where the alert is shown; Grafana knows more such places.
pub fn addresses(alert: &Value, note: &mut Note) {
    let known = [
        ("source", "generatorURL"),
        ("dashboard", "dashboardURL"),
        ("panel", "panelURL"),
        ("silence", "silenceURL"),
        ("image", "imageURL"),
    ];
    for (label, path) in known {
        let url = alert.text(path);
        if !url.is_empty() {
            note.link(label, url);
        }
    }
}

/// What Grafana measured.
fn values(alert: &Value) -> String {
    // Three decimals say enough.
    let short = |value: &Value| {
        value.as_f64().map_or_else(|| scalar(value), |number| Some(((number * 1000.0).round() / 1000.0).to_string()))
    };
    let values = alert.entries("values").filter_map(|(name, value)| Some(format!("{name}={}", short(value)?)));
    let values = values.collect::<Vec<_>>().join(", ");
    if values.is_empty() { alert.text("valueString").to_owned() } else { values }
}
