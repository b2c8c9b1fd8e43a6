//! Services that notify people on their phones: ntfy, Gotify, Pushover, and Apprise's own form.

use serde_json::Value;

use super::super::emoji;
use super::super::look::{Look, scalar};
use super::super::mark::Mark;
use super::super::note::Note;

/// What such a message may have.
pub const NAMES: &str = "actions appid attach attachment attachments call click content_type date delay device email event expire expires \
    extras filename format html icon id markdown message priority retry sequence_id sound tags time timestamp title token topic ttl type url \
    url_title user version";

/// A message, and something that only such services have.
pub fn is_notification(body: &Value) -> bool {
    let is_ntfy = body.is_text("topic") && (body.is_text("message") || body.is_text("title"));
    let is_gotify = body.is_text("message") && (body.at("priority").is_number() || body.is_object_at("extras"));
    let is_pushover = body.is_text("message") && body.is_text("user") && body.is_text("token");
    // A form has its numbers as texts.
    let is_form = body.is_text("message") && body.has("priority") && body.shown("priority").parse::<i8>().is_ok();
    is_ntfy || is_gotify || is_pushover || is_form || is_apprise(body)
}

fn is_apprise(body: &Value) -> bool {
    let has_form = body.is_text("version") && body.is_text("message") && body.is_text("type");
    has_form && (body.is_text("title") || body.is_list("attachments"))
}

pub fn notification(body: &Value) -> Note {
    let mut note = Note::default();
    note.mark(urgency(body));
    let tags: Vec<String> = tags(body);
    let (emoji, words): (Vec<_>, Vec<_>) = tags.iter().partition(|tag| emoji::named(tag).is_some());
    let signs: String = emoji.into_iter().filter_map(|tag| emoji::named(tag)).collect();
    let click = body.first_text(&["click", "url", "extras.client::notification.click.url"]);
    let before = |text: &str| if signs.is_empty() { text.to_owned() } else { format!("{signs} {text}") };
    match (body.text("title").trim(), body.text("message")) {
        ("", message) => {
            note.text(before(message));
            note.link(body.text("url_title"), click);
        }
        (title, message) => {
            note.title(before(title), click);
            note.text(message);
        }
    }
    for action in body.list("actions").iter().filter(|action| action.text("action") != "broadcast") {
        note.link(action.text("label"), action.text("url"));
    }
    note.file(body.first_text(&["attachment.name", "filename"]), body.first_text(&["attachment.url", "attach"]));
    note.link("", body.text("extras.client::notification.bigImageUrl"));
    for file in body.list("attachments") {
        note.file(file.first_text(&["filename", "name"]), file.text("url"));
    }
    note.text(words.into_iter().map(|word| format!("#{word}")).collect::<Vec<_>>().join(" "));
    note
}

/// A list, or words with commas between them.
fn tags(body: &Value) -> Vec<String> {
    let listed = body.list("tags").iter().filter_map(scalar);
    let joined = body.text("tags").split(',').map(str::to_owned);
    listed.chain(joined).map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()
}

/// Above the usual: of ntfy from 4 of 5, of Gotify from 8 of 10, which says 4 for less; of Pushover from 1 of 2.
fn urgency(body: &Value) -> Option<Mark> {
    let priority = body.shown("priority");
    let is_ntfy = body.is_text("topic");
    let is_pushover = body.is_text("user");
    match priority.as_str() {
        "max" | "urgent" => return Some(Mark::Bad),
        "high" => return Some(Mark::Doubtful),
        _ => {}
    }
    let urgent = match (is_ntfy, is_pushover) {
        (true, _) => (4, 5),
        (_, true) => (1, 2),
        _ => (6, 8),
    };
    match priority.parse::<i64>() {
        Ok(number) if number >= urgent.1 => Some(Mark::Bad),
        Ok(number) if number >= urgent.0 => Some(Mark::Doubtful),
        Ok(_) => None,
        Err(_) => Mark::of_word(body.text("type")),
    }
}
