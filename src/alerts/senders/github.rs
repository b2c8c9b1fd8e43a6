//! GitHub's webhooks, and those of Gitea and Forgejo, which have the same shape.

use serde_json::Value;

use super::super::look::{Look, is_among};
use super::super::mark::Mark;
use super::super::note::Note;

/// How many commits of a push are shown.
const MOST_COMMITS: usize = 10;

/// How many hexadecimal digits of a commit are shown.
const SHORT: usize = 7;

pub fn is_event(body: &Value) -> bool {
    let is_about = body.is_text("repository.full_name")
        || body.is_object_at("organization")
        || body.is_text("installation.account.login");
    (is_about && body.is_object_at("sender")) || (body.is_text("zen") && body.has("hook_id"))
}

/// Adds what an event says.
type Read = fn(&Value, &mut Note);

/// What makes an event one of a kind, and how that is read; the first one counts, since an event has what it is about, too.
const EVENTS: [(&str, Read); 18] = [
    ("zen", ping),
    ("commits", push),
    ("review", review),
    ("comment", comment),
    ("pull_request", pull_request),
    ("issue", issue),
    ("discussion", discussion),
    ("release", release),
    ("workflow_run", run),
    ("workflow_job", run),
    ("check_run", run),
    ("check_suite", run),
    ("deployment_status", deployment_status),
    ("deployment", deployment),
    ("alert", alert),
    ("forkee", fork),
    ("pages", wiki),
    ("ref", reference),
];

pub fn event(body: &Value) -> Note {
    let mut note = Note::default();
    let read = EVENTS.iter().find(|(name, _)| body.has(name)).map(|(_, read)| *read);
    match read {
        Some(read) => read(body, &mut note),
        None if body.is_text("state") && body.has("sha") => status(body, &mut note),
        // Of the two events for this the older one says less.
        None if body.has("starred_at") || body.text("action") == "started" => {
            title(&format!("{} starred it", who(body)), &html_url(body, "repository"), body, &mut note)
        }
        None => other(body, &mut note),
    }
    note
}

fn who(body: &Value) -> &str {
    body.first_text(&["sender.login", "pusher.name", "sender.username"])
}

fn action(body: &Value) -> String {
    body.text("action").replace('_', " ")
}

fn html_url(body: &Value, path: &str) -> String {
    body.at(path).first_text(&["html_url", "target_url", "url"]).to_owned()
}

/// `[acme/web] ann pushed …`
fn title(what: &str, link: &str, body: &Value, note: &mut Note) {
    let place = body.first_text(&["repository.full_name", "organization.login", "installation.account.login"]);
    let place = if place.is_empty() { String::new() } else { format!("[{place}] ") };
    note.title(format!("{place}{what}"), link);
}

fn ping(body: &Value, note: &mut Note) {
    title("The webhook works.", &html_url(body, "repository"), body, note);
    note.text(format!("> {}", body.text("zen")));
}

/// A branch's or a tag's name.
pub fn name_of(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/")).unwrap_or(reference)
}

fn push(body: &Value, note: &mut Note) {
    let (commits, name) = (body.list("commits"), name_of(body.text("ref")));
    let what = match (body.at("deleted").as_bool(), body.at("forced").as_bool(), commits.len()) {
        (Some(true), _, _) => format!("deleted {name}"),
        (_, _, 0) => format!("pushed {name}"),
        (_, Some(true), number) => format!("force-pushed {} to {name}", counted(number, "commit")),
        (_, _, number) => format!("pushed {} to {name}", counted(number, "commit")),
    };
    let url = body.first_text(&["compare", "compare_url"]);
    title(&format!("{} {what}", body.first_text(&["sender.login", "pusher.name"])), url, body, note);
    commit_lines(commits, commits.len(), note);
}

pub fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// The first line of each commit. `total` may be more than there are.
pub fn commit_lines(commits: &[Value], total: usize, note: &mut Note) {
    for commit in commits.iter().take(MOST_COMMITS) {
        let id: String = commit.text("id").chars().take(SHORT).collect();
        let subject = commit.text("message").lines().next().unwrap_or_default();
        let author = commit.first_text(&["author.name", "author.username"]);
        note.text(format!("- `{id}` {subject} ({author})"));
    }
    note.more(total.saturating_sub(commits.len().min(MOST_COMMITS)));
}

fn pull_request(body: &Value, note: &mut Note) {
    let request = body.at("pull_request");
    let merged = request.at("merged") == true && body.text("action") == "closed";
    let action = if merged { "merged".to_owned() } else { action(body) };
    note.mark(merged.then_some(Mark::Good));
    numbered(&action, "pull request", request, body, note);
    if body.text("action") == "opened" {
        note.field_if_told("branch", request.text("head.ref"));
        note.excerpt(request.text("body"));
    }
}

fn issue(body: &Value, note: &mut Note) {
    let issue = body.at("issue");
    numbered(&action(body), "issue", issue, body, note);
    if body.text("action") == "opened" {
        note.excerpt(issue.text("body"));
    }
    for (name, path) in [("label", "label.name"), ("assignee", "assignee.login")] {
        note.field_if_told(name, body.text(path));
    }
}

fn numbered(action: &str, kind: &str, about: &Value, body: &Value, note: &mut Note) {
    let what = format!("{} {action} {kind} #{}: {}", who(body), about.shown("number"), about.text("title"));
    title(&what, about.first_text(&["html_url", "url"]), body, note);
}

fn review(body: &Value, note: &mut Note) {
    let review = body.at("review");
    let state = review.first_text(&["state", "type"]).replace('_', " ");
    note.mark(match state.to_ascii_lowercase().as_str() {
        "approved" => Some(Mark::Good),
        "changes requested" => Some(Mark::Doubtful),
        _ => None,
    });
    let request = body.at("pull_request");
    let what = format!("{} reviewed pull request #{}: {}", who(body), request.shown("number"), request.text("title"));
    title(&what, review.first_text(&["html_url"]), body, note);
    note.text(state);
    note.excerpt(review.first_text(&["body", "content"]));
}

fn comment(body: &Value, note: &mut Note) {
    let about =
        ["issue", "pull_request", "discussion"].into_iter().map(|name| body.at(name)).find(|about| !about.is_null());
    let commit: String = body.text("comment.commit_id").chars().take(SHORT).collect();
    let about = match about {
        Some(about) => format!("#{}: {}", about.shown("number"), about.text("title")),
        None => commit,
    };
    let verb = if matches!(body.text("action"), "created" | "") {
        "commented".to_owned()
    } else {
        format!("{} a comment", action(body))
    };
    title(&format!("{} {verb} on {about}", who(body)), &html_url(body, "comment"), body, note);
    note.field_if_told("file", body.text("comment.path"));
    note.excerpt(body.text("comment.body"));
}

fn discussion(body: &Value, note: &mut Note) {
    numbered(&action(body), "discussion", body.at("discussion"), body, note);
    note.excerpt(body.text("discussion.body"));
}

fn release(body: &Value, note: &mut Note) {
    let release = body.at("release");
    let name = release.first_text(&["name", "tag_name"]);
    title(&format!("{} {} release {name}", who(body), action(body)), &html_url(body, "release"), body, note);
    if release.text("tag_name") != name {
        note.field_if_told("tag", release.text("tag_name"));
    }
    note.excerpt(release.text("body"));
}

/// Workflows, their jobs, and checks: something that runs and has a result.
fn run(body: &Value, note: &mut Note) {
    let names = ["workflow_run", "workflow_job", "check_run", "check_suite"];
    let (kind, run) = names
        .into_iter()
        .map(|name| (name, body.at(name)))
        .find(|(_, run)| !run.is_null())
        .unwrap_or(("", &Value::Null));
    let result = run.first_text(&["conclusion", "status"]);
    note.mark(Mark::of_word(result));
    let name = run.first_text(&["name", "app.name", "display_title"]);
    let number = run.shown("run_number");
    let number = if number.is_empty() { number } else { format!(" #{number}") };
    let result = if result.is_empty() { action(body) } else { result.replace('_', " ") };
    title(&format!("{} {name}{number}: {result}", kind.replace('_', " ")), &html_url(body, kind), body, note);
    if run.text("display_title") != name {
        note.text(run.text("display_title"));
    }
    note.text(run.text("output.title"));
    note.excerpt(run.text("output.summary"));
    let commit: String = run.first_text(&["head_sha"]).chars().take(SHORT).collect();
    note.field_if_told("branch", run.first_text(&["head_branch", "check_suite.head_branch"]));
    note.field_if_told("commit", commit);
    note.field_if_told("by", run.first_text(&["actor.login", "triggering_actor.login"]));
    note.link("details", run.text("details_url"));
}

fn deployment_status(body: &Value, note: &mut Note) {
    let status = body.at("deployment_status");
    note.mark(Mark::of_word(status.text("state")));
    let place = status.first_text(&["environment"]);
    let place = if place.is_empty() { body.text("deployment.environment") } else { place };
    let what = format!("deployment to {place}: {}", status.text("state").replace('_', " "));
    title(&what, status.first_text(&["target_url", "log_url", "environment_url"]), body, note);
    note.text(status.text("description"));
    note.field_if_told("ref", body.text("deployment.ref"));
    note.field_if_told("by", body.first_text(&["deployment.creator.login", "sender.login"]));
}

fn deployment(body: &Value, note: &mut Note) {
    let deployment = body.at("deployment");
    let what = format!("{} deploys {} to {}", who(body), deployment.text("ref"), deployment.text("environment"));
    title(&what, &html_url(body, "repository"), body, note);
    note.text(deployment.text("description"));
}

/// Dependabot's, and those of scanning for code and secrets.
fn alert(body: &Value, note: &mut Note) {
    let alert = body.at("alert");
    let found = ["security_advisory.summary", "rule.description", "secret_type_display_name", "affected_package_name"];
    let severity = alert.first_text(&["security_advisory.severity", "rule.security_severity_level", "severity"]);
    let is_over =
        matches!(body.text("action"), "fixed" | "resolved" | "dismissed" | "auto_dismissed" | "closed_by_user");
    note.mark(if is_over { Some(Mark::Good) } else { Mark::of_word(severity).or(Some(Mark::Bad)) });
    let what = format!("security alert {}: {}", action(body), alert.first_text(&found));
    title(&what, &html_url(body, "alert"), body, note);
    note.field_if_told(
        "package",
        alert.first_text(&["dependency.package.name", "security_vulnerability.package.name"]),
    );
    note.field_if_told("severity", severity);
}

fn fork(body: &Value, note: &mut Note) {
    title(
        &format!("{} forked it to {}", who(body), body.text("forkee.full_name")),
        &html_url(body, "forkee"),
        body,
        note,
    );
}

fn wiki(body: &Value, note: &mut Note) {
    title(&format!("{} changed the wiki", who(body)), &html_url(body, "repository"), body, note);
    for page in body.list("pages") {
        note.link(
            format!("{} {}", page.text("action"), page.first_text(&["title", "page_name"])),
            page.text("html_url"),
        );
    }
}

/// A branch or a tag that was made or deleted.
fn reference(body: &Value, note: &mut Note) {
    let kind = if body.is_text("ref_type") { body.text("ref_type") } else { "branch" };
    // Only what makes one says from which branch.
    let verb = if body.has("master_branch") || body.has("sha") { "created" } else { "deleted" };
    title(
        &format!("{} {verb} {kind} {}", who(body), name_of(body.text("ref"))),
        &html_url(body, "repository"),
        body,
        note,
    );
}

fn status(body: &Value, note: &mut Note) {
    note.mark(Mark::of_word(body.text("state")));
    let what = format!("{}: {}", body.text("context"), body.text("state"));
    title(&what, body.text("target_url"), body, note);
    note.text(body.text("description"));
    let commit: String = body.text("sha").chars().take(SHORT).collect();
    note.field_if_told("commit", commit);
}

/// An event that has no reader: who did what, and where.
fn other(body: &Value, note: &mut Note) {
    let surroundings = "action repository organization sender installation enterprise changes";
    let mut about = body.entries("").filter(|(name, value)| value.is_object() && !is_among(name, surroundings));
    let place = if body.has("repository") { "repository" } else { "installation" };
    let main = about.next().map_or(place, |(name, _)| name);
    let item = body.at(main);
    let name = item.first_text(&["title", "name", "login", "full_name", "tag_name"]);
    let what = [who(body), &action(body), &main.replace('_', " "), name].map(str::to_owned);
    let what: Vec<String> = what.into_iter().filter(|word| !word.is_empty()).collect();
    let link = item.text("html_url");
    title(&what.join(" "), if link.is_empty() { body.text("repository.html_url") } else { link }, body, note);
}
