//! Robots of DingTalk and of WeCom, which write their messages nearly alike.

use serde_json::Value;

use super::super::look::Look;
use super::super::note::Note;

/// `msgtype` names the entry that holds the message.
pub fn is_message(body: &Value) -> bool {
    body.is_text("msgtype") && body.is_object_at(body.text("msgtype"))
}

pub fn message(body: &Value) -> Note {
    let mut note = Note::default();
    let message = body.at(body.text("msgtype"));
    // DingTalk's Markdown begins with its title once more.
    note.title(message.text("title"), message.first_text(&["messageUrl", "singleURL"]));
    note.text(message.first_text(&["content", "text"]));
    note.button(message.text("singleTitle"), message.text("singleURL"));
    for button in message.list("btns") {
        note.button(button.text("title"), button.text("actionURL"));
    }
    for article in message.list("links").iter().chain(message.list("articles")) {
        note.title(article.text("title"), article.first_text(&["messageURL", "url"]));
        note.text(article.text("description"));
    }
    card(message, &mut note);
    let people = ["at.atMobiles", "at.atUserIds", "text.mentioned_list", "text.mentioned_mobile_list"];
    let people: Vec<String> =
        people.iter().flat_map(|path| body.list(path)).filter_map(Value::as_str).map(named).collect();
    let all = if body.at("at.isAtAll") == true { Some("@all".to_owned()) } else { None };
    note.text(people.into_iter().chain(all).collect::<Vec<_>>().join(" "));
    note
}

fn named(person: &str) -> String {
    format!("@{}", person.trim_start_matches('@'))
}

/// WeCom's cards.
fn card(card: &Value, note: &mut Note) {
    note.text(card.text("source.desc"));
    note.title(card.text("main_title.title"), card.text("card_action.url"));
    note.text(card.text("main_title.desc"));
    note.field_if_told(card.text("emphasis_content.desc"), card.text("emphasis_content.title"));
    note.text(card.text("sub_title_text"));
    note.text(card.text("quote_area.quote_text"));
    for line in card.list("horizontal_content_list") {
        note.field(line.text("keyname"), line.text("value"));
    }
    for jump in card.list("jump_list") {
        note.link(jump.text("title"), jump.text("url"));
    }
}
