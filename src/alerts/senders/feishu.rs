//! Bots of Feishu, which is Lark elsewhere.

use serde_json::Value;

use super::super::look::Look;
use super::super::mark::Mark;
use super::super::note::{Note, labelled};

pub fn is_message(body: &Value) -> bool {
    body.is_text("msg_type") && (body.is_object_at("content") || body.is_object_at("card"))
}

pub fn message(body: &Value) -> Note {
    let mut note = Note::default();
    note.text(body.text("content.text"));
    for (_, post) in body.entries("content.post") {
        note.title(post.text("title"), "");
        for line in post.list("content").iter().filter_map(Value::as_array) {
            note.text(line.iter().map(said).collect::<String>());
        }
    }
    card(body.at("card"), &mut note);
    note
}

/// A part of a line.
fn said(part: &Value) -> String {
    match part.text("tag") {
        "a" => labelled(part.text("text"), part.text("href")),
        "at" => format!("@{}", part.first_text(&["user_name", "user_id"])),
        _ => part.text("text").to_owned(),
    }
}

fn card(card: &Value, note: &mut Note) {
    note.mark(match card.text("header.template") {
        "red" | "carmine" => Some(Mark::Bad),
        "orange" | "yellow" => Some(Mark::Doubtful),
        "green" => Some(Mark::Good),
        _ => None,
    });
    note.title(words(card.at("header.title")), card.text("card_link.url"));
    note.text(words(card.at("header.subtitle")));
    elements(card, note);
    elements(card.at("body"), note);
    for (_, translated) in card.entries("i18n_elements").take(1) {
        for part in translated.as_array().into_iter().flatten() {
            element(part, note);
        }
    }
}

/// A text, or an object that holds one.
fn words(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| value.text("content"))
}

fn elements(parent: &Value, note: &mut Note) {
    for name in ["elements", "columns"] {
        for part in parent.list(name) {
            element(part, note);
        }
    }
}

fn element(part: &Value, note: &mut Note) {
    match part.text("tag") {
        "button" => note.button(words(part.at("text")), part.first_text(&["url", "multi_url.url"])),
        "img" => note.text(words(part.at("alt"))),
        _ => {
            note.text(words(part.at("text")));
            note.text(part.text("content"));
        }
    }
    for field in part.list("fields") {
        note.text(words(field.at("text")));
    }
    for action in part.list("actions") {
        element(action, note);
    }
    if part.is_object_at("extra") {
        element(part.at("extra"), note);
    }
    elements(part, note);
}
