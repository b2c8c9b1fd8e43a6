//! Google Chat: a text and cards.

use serde_json::Value;

use super::super::look::Look;
use super::super::mrkdwn::readable;
use super::super::note::Note;

pub fn is_message(body: &Value) -> bool {
    ["cardsV2", "cards"].iter().any(|name| body.list(name).iter().any(Value::is_object))
}

pub fn message(body: &Value) -> Note {
    let mut note = Note::default();
    let cards = body.list("cardsV2").iter().map(|card| card.at("card")).chain(body.list("cards"));
    for card in cards {
        note.title(card.text("header.title"), "");
        note.text(card.text("header.subtitle"));
        for section in card.list("sections") {
            note.text(section.text("header"));
            widgets(section, &mut note);
        }
        for action in card.list("cardActions") {
            note.button(action.text("actionLabel"), action.text("onClick.openLink.url"));
        }
    }
    Note::led_by(&readable(body.first_text(&["text", "fallbackText"])), note)
}

fn widgets(parent: &Value, note: &mut Note) {
    for widget in parent.list("widgets") {
        note.text(widget.text("textParagraph.text"));
        for name in ["decoratedText", "keyValue"] {
            let (label, value) = (widget.at(name).text("topLabel"), widget.at(name).first_text(&["text", "content"]));
            note.field(label, value);
            note.text(widget.at(name).text("bottomLabel"));
            button(widget.at(name).at("button"), note);
        }
        note.link(widget.text("image.altText"), widget.text("image.imageUrl"));
        for one in widget.list("buttonList.buttons").iter().chain(widget.list("buttons")) {
            button(one, note);
        }
        for column in widget.list("columns.columnItems") {
            widgets(column, note);
        }
    }
}

/// In older cards what is pressed is one level deeper.
fn button(button: &Value, note: &mut Note) {
    for one in [button, button.at("textButton"), button.at("imageButton")] {
        note.button(one.first_text(&["text", "altText"]), one.text("onClick.openLink.url"));
    }
}
