//! Attachments: what Slack had before blocks, and most tools still send.

use serde_json::Value;

use super::super::super::look::Look;
use super::super::super::mark::Mark;
use super::super::super::mrkdwn::moment;
use super::super::super::note::{Note, labelled};
use super::{block, words};

/// What only an attachment has.
pub fn is_attachment(value: &Value) -> bool {
    let has_own = ["fallback", "pretext", "author_name", "title_link", "thumb_url", "footer"]
        .iter()
        .any(|name| value.is_text(name));
    let is_coloured = value.is_text("color") && ["title", "text", "fields"].iter().any(|name| value.has(name));
    let has_fields = value.list("fields").first().is_some_and(|field| field.has("title") && field.has("value"));
    value.is_object() && (has_own || is_coloured || has_fields)
}

pub fn attachment(attachment: &Value) -> Note {
    let mut note = Note::default();
    note.text(words(attachment.at("pretext")));
    note.mark(Mark::of_colour(attachment.text("color")));
    let author = [attachment.text("author_name"), attachment.text("author_subname")].join(" ");
    note.text(labelled(author.trim(), attachment.text("author_link")));
    note.title(words(attachment.at("title")), attachment.text("title_link"));
    let mut body = Note::default();
    for one in attachment.list("blocks").iter().chain(attachment.list("message_blocks")) {
        block(one, &mut body);
    }
    note.append(Note::led_by(&words(attachment.at("text")), body));
    for field in attachment.list("fields") {
        note.field(words(field.at("title")), shown(field.at("value")));
    }
    for path in ["image_url", "thumb_url", "from_url", "original_url"] {
        note.link("", attachment.text(path));
    }
    for action in attachment.list("actions") {
        let label = words(if action.has("text") { action.at("text") } else { action.at("name") });
        note.button(label, action.text("url"));
    }
    for file in attachment.list("files") {
        note.file(file.first_text(&["title", "name"]), file.first_text(&["permalink", "url_private"]));
    }
    let footer = [words(attachment.at("footer")), time(attachment.at("ts")).unwrap_or_default()];
    let footer: Vec<_> = footer.into_iter().filter(|part| !part.is_empty()).collect();
    note.text(footer.join(" · "));
    Note::or(&words(attachment.at("fallback")), note)
}

/// A field's value may be of any kind.
fn shown(value: &Value) -> String {
    match value {
        Value::Bool(truth) => truth.to_string(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => words(other),
    }
}

/// Seconds, as a number or as a text.
fn time(value: &Value) -> Option<String> {
    match value {
        // Cut, not rounded, as all clocks show times.
        Value::Number(number) => {
            moment(number.as_i64().or_else(|| number.to_string().split('.').next()?.parse().ok())?)
        }
        Value::String(text) => text.split('.').next()?.parse().ok().and_then(moment),
        _ => None,
    }
}
