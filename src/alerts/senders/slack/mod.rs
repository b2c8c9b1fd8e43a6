//! Messages in Slack's format, which Mattermost, Rocket.Chat and most tools that send alerts use as well.

mod attachments;
mod blocks;
mod rich_text;

use serde_json::Value;

use self::attachments::is_attachment;
pub use self::blocks::block;
use super::super::look::Look;
use super::super::mrkdwn::{plain, readable};
use super::super::note::Note;

/// What else a message has, which says how it is shown or where.
const MANNERS: [&str; 27] = [
    "alias",
    "avatar",
    "emoji",
    "roomId",
    "as_user",
    "attachments",
    "blocks",
    "channel",
    "delete_original",
    "icon_emoji",
    "icon_url",
    "link_names",
    "markdown_text",
    "metadata",
    "mrkdwn",
    "parse",
    "priority",
    "props",
    "replace_original",
    "reply_broadcast",
    "response_type",
    "text",
    "thread_ts",
    "type",
    "unfurl_links",
    "unfurl_media",
    "username",
];

/// A message: its text, blocks and attachments; and what else it has is only how it is shown.
pub fn is_message(message: &Value) -> bool {
    let has_parts =
        ["blocks", "attachments", "props.attachments"].iter().any(|path| is_list_of_objects(message.at(path)));
    let is_text_alone = ["text", "markdown_text"].iter().any(|name| message.is_text(name))
        && message.as_object().is_some_and(|object| object.keys().all(|name| MANNERS.contains(&name.as_str())));
    has_parts || is_text_alone
}

fn is_list_of_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_object))
}

/// An attachment or a block that somebody sent without a message around it, or a list of these.
pub fn is_part(body: &Value) -> bool {
    let is_one = |value: &Value| is_attachment(value) || blocks::is_block(value);
    is_one(body) || body.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(is_one))
}

pub fn message(message: &Value) -> Note {
    let mut body = Note::default();
    for one in message.list("blocks") {
        block(one, &mut body);
    }
    // Mattermost has its attachments among the properties.
    for path in ["attachments", "props.attachments"] {
        for attachment in message.list(path) {
            body.append(attachments::attachment(attachment));
        }
    }
    body.text(message.text("props.card"));
    let text = Note::led_by(&words(message.at("text")), body);
    Note::led_by(message.text("markdown_text"), text)
}

pub fn part(body: &Value) -> Note {
    let mut note = Note::default();
    for one in body.as_array().map_or(std::slice::from_ref(body), Vec::as_slice) {
        if blocks::is_block(one) {
            block(one, &mut note);
        } else {
            note.append(attachments::attachment(one));
        }
    }
    note
}

/// The words of a text, of an object that holds one, or of a number.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => readable(text),
        Value::Number(number) => number.to_string(),
        Value::Object(object) if object.get("type").is_some_and(|kind| kind == "plain_text") => {
            plain(value.text("text"))
        }
        Value::Object(object) => object.get("text").map(words).unwrap_or_default(),
        _ => String::new(),
    }
}
