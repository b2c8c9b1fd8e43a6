//! Microsoft Teams: message cards, and adaptive cards.

use serde_json::Value;

use super::super::look::Look;
use super::super::mark::Mark;
use super::super::note::Note;

/// What a message card may have.
pub const NAMES: &str = "@context @type correlationId expectedActors hideOriginalBody originator potentialAction sections summary text \
    themeColor title type";

/// What an adaptive card may have, and a message with one.
pub const CARD_NAMES: &str = "$schema actions attachmentLayout attachments authentication backgroundImage body fallbackText lang message \
    metadata minHeight msteams refresh rtl selectAction speak summary text type version verticalContentAlignment";

pub fn is_message_card(body: &Value) -> bool {
    let is_named = ["@type", "type"].iter().any(|name| body.text(name).eq_ignore_ascii_case("MessageCard"));
    let is_section =
        |section: &Value| section.has("facts") || section.has("activityTitle") || section.has("startGroup");
    let is_action = |action: &Value| action.has("@type");
    is_named || body.list("sections").iter().any(is_section) || body.list("potentialAction").iter().any(is_action)
}

pub fn message_card(card: &Value) -> Note {
    let mut body = Note::default();
    body.mark(Mark::of_colour(card.text("themeColor")));
    body.title(card.text("title"), "");
    body.text(html_breaks(card.text("text")));
    for section in card.list("sections") {
        self::section(section, &mut body);
    }
    actions(card, &mut body);
    Note::or(card.text("summary"), body)
}

fn section(section: &Value, note: &mut Note) {
    note.text(section.text("startGroup.title"));
    note.title(section.text("title"), "");
    for path in ["activityTitle", "activitySubtitle", "activityText", "text"] {
        note.text(html_breaks(section.text(path)));
    }
    for fact in section.list("facts") {
        note.field(fact.text("name"), html_breaks(&fact.shown("value")));
    }
    for image in std::iter::once(section.at("heroImage")).chain(section.list("images")) {
        note.link(image.text("title"), image.text("image"));
    }
    actions(section, note);
}

/// `OpenUri` has an address for each system; others are done within Teams.
fn actions(card: &Value, note: &mut Note) {
    for action in card.list("potentialAction") {
        let url = action.list("targets").iter().map(|target| target.text("uri")).find(|url| !url.is_empty());
        let view = action.list("target").first().and_then(Value::as_str);
        note.button(action.text("name"), url.or(view).unwrap_or_else(|| action.text("target")));
    }
}

/// Cards' texts are Markdown with some HTML.
fn html_breaks(text: &str) -> String {
    ["<br>", "<br/>", "<br />"].iter().fold(text.to_owned(), |text, mark| text.replace(mark, "\n"))
}

fn is_adaptive(card: &Value) -> bool {
    card.text("type") == "AdaptiveCard"
}

fn is_attached(attachment: &Value) -> bool {
    attachment.text("contentType").starts_with("application/vnd.microsoft") || is_adaptive(attachment.at("content"))
}

pub fn has_adaptive_card(body: &Value) -> bool {
    is_adaptive(body) || body.list("attachments").iter().any(is_attached)
}

pub fn adaptive_cards(body: &Value) -> Note {
    let mut note = Note::default();
    if is_adaptive(body) {
        parts(body, &mut note);
    }
    for attachment in body.list("attachments") {
        let card = attachment.at("content");
        // Older kinds of cards: hero, thumbnail, list.
        for path in ["title", "subtitle", "text"] {
            note.text(card.text(path));
        }
        for image in card.list("images") {
            note.link(image.text("alt"), image.text("url"));
        }
        for button in card.list("buttons") {
            note.link(button.text("title"), button.first_text(&["value", "url"]));
        }
        parts(card, &mut note);
    }
    let note = Note::led_by(body.first_text(&["text", "message"]), note);
    Note::or(body.first_text(&["summary", "fallbackText"]), note)
}

/// What a card or a part of it has inside, in order.
fn parts(card: &Value, note: &mut Note) {
    for name in ["body", "items", "columns", "cells"] {
        for part in card.list(name) {
            self::part(part, note);
        }
    }
    for row in card.list("rows") {
        let mut cells = Vec::new();
        for cell in row.list("cells") {
            let mut inner = Note::default();
            parts(cell, &mut inner);
            cells.push(inner.into_text().replace('\n', " "));
        }
        note.text(cells.join(" | "));
    }
    for action in card.list("actions") {
        self::action(action, note);
    }
}

fn part(part: &Value, note: &mut Note) {
    if ["attention", "warning", "good"].iter().any(|colour| part.text("color").eq_ignore_ascii_case(colour)) {
        note.mark(Mark::of_word(part.text("color")));
    }
    match part.text("type") {
        "TextBlock" | "TextRun" | "CodeBlock" | "Badge" => {
            note.text(part.first_text(&["text", "codeSnippet"]));
        }
        "RichTextBlock" => {
            let run = |run: &Value| run.as_str().map_or_else(|| run.text("text").to_owned(), str::to_owned);
            note.text(part.list("inlines").iter().map(run).collect::<String>());
        }
        "FactSet" => {
            for fact in part.list("facts") {
                note.field(fact.text("title"), fact.shown("value"));
            }
        }
        "Image" | "Media" => {
            let source = part.list("sources").first().map(|source| source.text("url")).unwrap_or_default();
            note.link(part.text("altText"), if source.is_empty() { part.text("url") } else { source });
        }
        "ImageSet" => {
            for image in part.list("images") {
                note.link(image.text("altText"), image.text("url"));
            }
        }
        kind if kind.starts_with("Input.") => {
            note.field(part.first_text(&["label", "placeholder", "title"]), part.shown("value"))
        }
        kind if kind.starts_with("Action.") => action(part, note),
        _ => parts(part, note),
    }
    if part.is_object_at("selectAction") {
        action(part.at("selectAction"), note);
    }
}

/// An action that opens something, or shows a card of its own.
fn action(action: &Value, note: &mut Note) {
    match action.text("url") {
        "" if action.is_object_at("card") => {
            note.text(action.text("title"));
            parts(action.at("card"), note);
        }
        url => note.button(action.text("title"), url),
    }
}
