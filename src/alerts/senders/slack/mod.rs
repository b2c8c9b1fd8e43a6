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

/// What a message may have: what is said, how it is shown, and where.
pub const NAMES: &str = "alias as_user attachments avatar blocks channel delete_original emoji icon_emoji icon_url link_names markdown_text \
    metadata mrkdwn parse priority props replace_original reply_broadcast response_type roomId text thread_ts type unfurl_links \
    unfurl_media username";

/// What attachments and blocks may have.
pub const PART_NAMES: &str = "accessory actions alt_text attachment_type author_icon author_link author_name author_subname block_id blocks \
    body callback_id caption cards chart child_blocks color column_settings default_collapsed description details dispatch_action element \
    elements expand external_id fallback fields files footer footer_icon from_url hero_image hint icon id image_url is_collapsible label \
    level message_blocks mrkdwn_in optional original_url output page_size pretext provider_icon_url provider_name rich_text_title \
    row_header_column_index rows service_name short slack_file source sources status subtitle task_id tasks text thumb_url thumbnail_url \
    title title_link title_url ts type url value verbatim video_url width";

/// A message: its text, blocks and attachments. A text among other entries may be anybody's.
pub fn is_message(message: &Value) -> bool {
    let parts = ["blocks", "attachments", "props.attachments"];
    let is_text_alone = (message.is_text("text") || message.is_text("markdown_text")) && message.has_only(NAMES);
    let has_parts = |list: &[Value]| !list.is_empty() && list.iter().all(Value::is_object);
    is_text_alone || parts.iter().any(|path| has_parts(message.list(path)))
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
