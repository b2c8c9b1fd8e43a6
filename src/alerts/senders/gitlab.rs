//! GitLab's webhooks.

use serde_json::Value;

use super::super::look::Look;
use super::super::mark::Mark;
use super::super::note::Note;
use super::github::{commit_lines, counted, name_of};

pub fn is_event(body: &Value) -> bool {
    let has_project = ["project", "project_id", "repository", "group", "project_name", "group_name", "group_id"]
        .iter()
        .any(|name| body.has(name));
    (body.is_text("object_kind") || body.is_text("event_name")) && has_project
}

pub fn event(body: &Value) -> Note {
    let mut note = Note::default();
    let read = match body.first_text(&["object_kind", "event_type", "event_name"]) {
        "push" | "tag_push" => push,
        "merge_request" => merge_request,
        "issue" | "work_item" | "incident" => issue,
        "note" => comment,
        "pipeline" => pipeline,
        "build" | "job" => job,
        "release" => release,
        "deployment" => deployment,
        "wiki_page" => wiki_page,
        _ => other,
    };
    read(body, &mut note);
    note
}

fn who(body: &Value) -> &str {
    body.first_text(&["user.name", "user_name", "user.username", "user_username"])
}

/// `[acme/web] Ann pushed …`
fn title(what: &str, link: &str, body: &Value, note: &mut Note) {
    let place = body.first_text(&[
        "project.path_with_namespace",
        "project.name",
        "project_name",
        "repository.name",
        "group.full_path",
        "group_name",
    ]);
    let place = if place.is_empty() { String::new() } else { format!("[{place}] ") };
    note.title(format!("{place}{}", what.trim()), link);
}

fn push(body: &Value, note: &mut Note) {
    let is_nothing = |path: &str| body.is_text(path) && body.text(path).bytes().all(|byte| byte == b'0');
    let kind = if body.text("object_kind") == "tag_push" { "tag" } else { "branch" };
    let (name, commits) = (name_of(body.text("ref")), body.list("commits"));
    let total = body.at("total_commits_count").as_u64().and_then(|total| usize::try_from(total).ok());
    let total = total.unwrap_or(commits.len()).max(commits.len());
    let what = match (is_nothing("before"), is_nothing("after")) {
        (_, true) => format!("deleted {kind} {name}"),
        (true, _) => format!("pushed new {kind} {name}"),
        _ if total == 0 => format!("pushed {name}"),
        _ => format!("pushed {} to {name}", counted(total, "commit")),
    };
    let web = body.first_text(&["project.web_url", "repository.homepage"]);
    let (before, after) = (body.text("before"), body.text("after"));
    let link = match (is_nothing("before"), is_nothing("after")) {
        _ if web.is_empty() => String::new(),
        (_, true) => web.to_owned(),
        (true, _) => format!("{web}/-/commits/{name}"),
        _ => format!("{web}/-/compare/{before}...{after}"),
    };
    title(&format!("{} {what}", who(body)), &link, body, note);
    note.excerpt(body.text("message"));
    commit_lines(commits, total, note);
}

/// What somebody did to something that has a number; without a word for it, in which state that is now.
fn numbered(kind: &str, sign: char, body: &Value, note: &mut Note) {
    let about = body.at("object_attributes");
    let done = match about.first_text(&["action", "state"]) {
        "open" => "opened",
        "close" => "closed",
        "reopen" => "reopened",
        "merge" => "merged",
        "update" => "updated",
        "approved" | "approval" => "approved",
        "unapproved" | "unapproval" => "withdrew the approval of",
        other => other,
    };
    let what = format!("{} {done} {kind} {sign}{}: {}", who(body), about.shown("iid"), about.text("title"));
    title(&what, about.text("url"), body, note);
}

fn merge_request(body: &Value, note: &mut Note) {
    let request = body.at("object_attributes");
    note.mark((request.text("action") == "merge").then_some(Mark::Good));
    numbered("merge request", '!', body, note);
    if matches!(request.text("action"), "open" | "reopen" | "merge" | "") {
        note.text(format!("{} → {}", request.text("source_branch"), request.text("target_branch")));
    }
    if request.text("action") == "open" {
        note.excerpt(request.text("description"));
    }
    people(body, note);
}

fn issue(body: &Value, note: &mut Note) {
    let kind = body.text("object_attributes.type").to_lowercase();
    numbered(if kind.is_empty() { "issue" } else { &kind }, '#', body, note);
    if body.text("object_attributes.action") == "open" {
        note.excerpt(body.text("object_attributes.description"));
    }
    note.field_if_told("severity", body.text("object_attributes.severity").replace("unknown", ""));
    people(body, note);
}

fn people(body: &Value, note: &mut Note) {
    for (label, list) in [("assignees", "assignees"), ("reviewers", "reviewers")] {
        let names: Vec<&str> = body.list(list).iter().map(|one| one.first_text(&["name", "username"])).collect();
        note.field_if_told(label, names.join(", "));
    }
}

fn comment(body: &Value, note: &mut Note) {
    let about =
        ["merge_request", "issue", "snippet", "commit"].into_iter().find(|name| body.has(name)).unwrap_or_default();
    let thing = body.at(about);
    let sign = if about == "merge_request" { '!' } else { '#' };
    let number = thing.shown("iid");
    let number = match about {
        "commit" => thing.text("id").chars().take(7).collect(),
        _ if number.is_empty() => thing.shown("id"),
        _ => format!("{sign}{number}"),
    };
    let subject = thing.first_text(&["title", "message"]).lines().next().unwrap_or_default();
    let what = format!("{} commented on {} {number}: {subject}", who(body), about.replace('_', " "));
    title(&what, body.text("object_attributes.url"), body, note);
    note.excerpt(body.first_text(&["object_attributes.note", "object_attributes.description"]));
}

fn pipeline(body: &Value, note: &mut Note) {
    let pipeline = body.at("object_attributes");
    let state = pipeline.first_text(&["detailed_status", "status"]);
    note.mark(Mark::of_word(pipeline.text("status")));
    let name = pipeline.text("name");
    let number = format!("#{} {name}", pipeline.shown("id"));
    let what = format!("pipeline {} on {}: {state}", number.trim(), pipeline.text("ref"));
    let url = pipeline.text("url");
    let web = body.text("project.web_url");
    let made = if web.is_empty() { String::new() } else { format!("{web}/-/pipelines/{}", pipeline.shown("id")) };
    title(&what, if url.is_empty() { &made } else { url }, body, note);
    note.text(body.first_text(&["commit.title", "commit.message"]).trim());
    for failed in body.list("builds").iter().filter(|build| build.text("status") == "failed") {
        let reason = failed.text("failure_reason").replace('_', " ");
        note.field(
            "failed",
            [failed.text("name"), "(", failed.text("stage"), ")", if reason.is_empty() { "" } else { ": " }, &reason]
                .concat(),
        );
    }
    took(pipeline.at("duration"), note);
    note.field_if_told("by", who(body));
}

fn took(seconds: &Value, note: &mut Note) {
    if let Some(seconds) = seconds.as_f64() {
        note.field("took", format!("{seconds:.0} s"));
    }
}

fn job(body: &Value, note: &mut Note) {
    note.mark(Mark::of_word(body.text("build_status")));
    let what = format!(
        "job {} ({}) on {}: {}",
        body.text("build_name"),
        body.text("build_stage"),
        body.text("ref"),
        body.text("build_status")
    );
    let web = body.first_text(&["project.web_url", "repository.homepage"]);
    let link = if web.is_empty() { String::new() } else { format!("{web}/-/jobs/{}", body.shown("build_id")) };
    title(&what, &link, body, note);
    note.field_if_told("reason", body.text("build_failure_reason").replace('_', " ").replace("unknown failure", ""));
    note.text(body.text("commit.message").lines().next().unwrap_or_default());
    took(body.at("build_duration"), note);
    note.field_if_told("by", who(body));
}

fn release(body: &Value, note: &mut Note) {
    let done = match body.text("action") {
        "create" => "created",
        "update" => "updated",
        "delete" => "deleted",
        other => other,
    };
    title(&format!("release {} {done}", body.first_text(&["name", "tag"])), body.text("url"), body, note);
    if body.text("name") != body.text("tag") {
        note.field_if_told("tag", body.text("tag"));
    }
    note.excerpt(body.text("description"));
}

fn deployment(body: &Value, note: &mut Note) {
    note.mark(Mark::of_word(body.text("status")));
    let what = format!("deployment to {}: {}", body.text("environment"), body.text("status"));
    title(&what, body.first_text(&["deployable_url", "environment_external_url"]), body, note);
    note.text(body.text("commit_title"));
    note.field_if_told("ref", body.text("ref"));
    note.field_if_told("by", who(body));
}

fn wiki_page(body: &Value, note: &mut Note) {
    let page = body.at("object_attributes");
    let what = format!("{} {}d wiki page {}", who(body), page.text("action"), page.text("title"));
    title(&what, page.text("url"), body, note);
    note.text(page.text("message"));
}

/// An event that has no reader: what it is about, and by whom.
fn other(body: &Value, note: &mut Note) {
    let about = body.at("object_attributes");
    let kind = body.first_text(&["object_kind", "event_name"]).replace('_', " ");
    let action = [body.text("action"), about.first_text(&["action", "state", "status"])].concat();
    let name = about.first_text(&["title", "name", "tag"]);
    let what = [who(body), &action.replace('_', " "), &kind, name].map(str::to_owned);
    let what: Vec<String> = what.into_iter().filter(|word| !word.is_empty()).collect();
    let link = about.first_text(&["url", "web_url"]);
    title(&what.join(" "), if link.is_empty() { body.text("project.web_url") } else { link }, body, note);
    note.excerpt(about.text("description"));
}
