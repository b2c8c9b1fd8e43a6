//! Jenkins, by its plugin "Notification".

use serde_json::Value;

use super::super::look::Look;
use super::super::mark::Mark;
use super::super::note::Note;

pub fn is_build(body: &Value) -> bool {
    body.is_text("name")
        && body.is_object_at("build")
        && ["phase", "full_url", "number"].iter().any(|name| body.at("build").has(name))
}

pub fn build(body: &Value) -> Note {
    let build = body.at("build");
    let mut note = Note::default();
    note.mark(Mark::of_word(build.text("status")));
    let name = body.first_text(&["display_name", "name"]);
    let state = build.first_text(&["status", "phase"]).to_lowercase();
    let url = build.first_text(&["full_url", "url"]);
    note.title(format!("{name} #{}: {state}", build.shown("number")), url);
    for (name, path) in [
        ("branch", "scm.branch"),
        ("commit", "scm.commit"),
        ("tests", "test_summary.total"),
        ("failed", "test_summary.failed"),
    ] {
        note.field_if_told(name, build.shown(path));
    }
    for change in build.list("scm.changes") {
        note.text(format!("- {}", change.as_str().unwrap_or_else(|| change.first_text(&["msg", "comment", "file"]))));
    }
    for culprit in build.list("scm.culprits") {
        note.field("culprit", culprit.as_str().unwrap_or_default());
    }
    for (name, value) in build.entries("parameters") {
        note.field_if_told(name, value.as_str().unwrap_or_default());
    }
    for (name, artifact) in build.entries("artifacts") {
        note.link(name, artifact.first_text(&["archive", "s3"]));
    }
    note.text(build.first_text(&["notes", "log"]));
    note
}
