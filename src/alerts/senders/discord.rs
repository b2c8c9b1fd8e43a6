//! Discord's webhooks: a text, embeds, and rows of buttons.

use serde_json::Value;

use super::super::look::Look;
use super::super::mark::Mark;
use super::super::mrkdwn::plain;
use super::super::note::{Note, labelled};

/// What a message may have: what is said, and how it is shown.
pub const NAMES: &str = "allowed_mentions applied_tags attachments avatar_url components content embeds flags poll thread_id thread_name tts \
    username";

pub fn is_message(body: &Value) -> bool {
    body.list("embeds").iter().any(Value::is_object) || (body.is_text("content") && body.has_only(NAMES))
}

pub fn message(body: &Value) -> Note {
    let mut note = Note::default();
    for embed in body.list("embeds") {
        note.append(self::embed(embed));
    }
    components(body, &mut note);
    note.text(body.text("poll.question.text"));
    for answer in body.list("poll.answers") {
        note.text(format!("- {}", answer.text("poll_media.text")));
    }
    for file in body.list("attachments") {
        note.file(file.first_text(&["description", "filename"]), file.text("url"));
    }
    Note::led_by(&plain(body.text("content")), note)
}

fn embed(embed: &Value) -> Note {
    let mut note = Note::default();
    let colour = embed.at("color").as_u64().and_then(|colour| u32::try_from(colour).ok());
    note.mark(colour.and_then(Mark::of_rgb));
    note.text(labelled(embed.text("author.name"), embed.text("author.url")));
    note.title(plain(embed.text("title")), embed.text("url"));
    note.text(plain(embed.text("description")));
    for field in embed.list("fields") {
        // Discord demands a name and a value; an invisible one stands for none.
        let [name, value] = ["name", "value"].map(|part| field.shown(part).replace('\u{200b}', ""));
        note.field(plain(&name), plain(&value));
    }
    for path in ["image.url", "thumbnail.url", "video.url"] {
        note.link("", embed.text(path));
    }
    let footer = [embed.text("provider.name"), embed.text("footer.text"), embed.text("timestamp")];
    note.text(footer.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "));
    note
}

/// Buttons that lead somewhere, and texts, which may be within each other.
fn components(parent: &Value, note: &mut Note) {
    for component in parent.list("components") {
        note.text(plain(component.text("content")));
        note.button(component.text("label"), component.text("url"));
        components(component, note);
    }
}
