//! Blocks of Slack's "Block Kit".

use serde_json::Value;

use super::super::super::look::{Look, scalar};
use super::super::super::mark::Mark;
use super::super::super::note::Note;
use super::rich_text;
use super::words;

/// The kinds that there are, apart from those that are named as something else is, too.
const KINDS: [&str; 16] = [
    "actions",
    "alert",
    "card",
    "carousel",
    "context",
    "context_actions",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "markdown",
    "rich_text",
    "section",
    "table",
    "video",
];

pub fn is_block(value: &Value) -> bool {
    KINDS.contains(&value.text("type"))
}

/// Adds what a block says.
pub fn block(block: &Value, note: &mut Note) {
    match block.text("type") {
        "divider" => {}
        "rich_text" => rich_text::add(block, note),
        "table" | "data_table" => table(block, note),
        "image" => image(block, note),
        "video" => video(block, note),
        "markdown" => note.text(block.text("text")),
        "actions" | "context_actions" => elements(block, note),
        "context" => context(block, note),
        "input" => input(block, note),
        "file" => note.text(block.text("external_id")),
        "header" | "section" => section(block, note),
        _ => unknown(block, note),
    }
}

fn section(block: &Value, note: &mut Note) {
    note.text(words(block.at("text")));
    for field in block.list("fields") {
        note.text(words(field));
    }
    if block.is_object_at("accessory") {
        element(block.at("accessory"), note);
    }
    elements(block, note);
}

fn elements(block: &Value, note: &mut Note) {
    for one in block.list("elements") {
        element(one, note);
    }
}

/// Texts stand beside each other, as do the pictures among them.
fn context(block: &Value, note: &mut Note) {
    let shown = |one: &Value| if one.text("type") == "image" { one.text("alt_text").to_owned() } else { words(one) };
    let texts: Vec<String> = block.list("elements").iter().map(shown).filter(|text| !text.is_empty()).collect();
    note.text(texts.join(" "));
    for picture in block.list("elements").iter().filter(|one| one.text("type") == "image") {
        note.link("", picture.first_text(&["image_url", "slack_file.url"]));
    }
}

/// Something within a block that can be pressed, chosen, typed into or looked at.
fn element(element: &Value, note: &mut Note) {
    match element.text("type") {
        "image" => return image(element, note),
        "mrkdwn" | "plain_text" => return note.text(words(element)),
        _ => {}
    }
    let label = words(if element.has("text") { element.at("text") } else { element.at("placeholder") });
    note.button(label, element.text("url"));
    for option in options(element) {
        note.button(words(option.at("text")), option.text("url"));
    }
    let chosen = ["initial_value", "initial_date", "initial_time", "initial_date_time"].map(|name| element.shown(name));
    note.text(chosen.concat());
}

/// Of a long list only what is chosen.
fn options(element: &Value) -> Vec<&Value> {
    let chosen: Vec<_> = element.list("initial_options").iter().chain(element.get("initial_option")).collect();
    match element.text("type") {
        "overflow" | "radio_buttons" | "checkboxes" => element.list("options").iter().collect(),
        _ => chosen,
    }
}

fn image(block: &Value, note: &mut Note) {
    let title = words(block.at("title"));
    let label = if title.is_empty() { block.text("alt_text").to_owned() } else { title };
    note.file(&label, block.first_text(&["image_url", "slack_file.url", "slack_file.id"]));
}

fn video(block: &Value, note: &mut Note) {
    let title = words(block.at("title"));
    let label = if title.is_empty() { block.text("alt_text").to_owned() } else { title };
    note.file(&label, block.first_text(&["title_url", "video_url"]));
    note.text(words(block.at("description")));
    let maker = [block.text("author_name"), block.text("provider_name")];
    note.text(maker.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" · "));
}

fn input(block: &Value, note: &mut Note) {
    note.text(words(block.at("label")));
    note.text(words(block.at("hint")));
    element(block.at("element"), note);
}

/// Rows of cells; lines between cells are enough, and are read in every client.
fn table(block: &Value, note: &mut Note) {
    let cell = |cell: &Value| match cell.text("type") {
        "rich_text" => rich_text::plain(cell).replace('\n', " "),
        _ => scalar(cell.at("text")).or_else(|| scalar(cell.at("value"))).unwrap_or_default(),
    };
    let rows = block.list("rows").iter().filter_map(Value::as_array);
    let lines: Vec<String> = rows.map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" | ")).collect();
    note.text(words(block.at("caption")));
    note.text(lines.join("\n"));
}

/// Names under which parts of a block hold what they say, in the order in which that is read.
const SAID: [&str; 15] = [
    "rich_text_title",
    "title",
    "subtitle",
    "text",
    "label",
    "description",
    "body",
    "caption",
    "details",
    "output",
    "hero_image",
    "icon",
    "chart",
    "element",
    "accessory",
];

/// Names under which they have further parts.
const WITHIN: [&str; 11] = [
    "elements",
    "blocks",
    "child_blocks",
    "cards",
    "actions",
    "buttons",
    "tasks",
    "sources",
    "series",
    "segments",
    "data",
];

/// A kind that came later: whatever in it is a text or an address.
fn unknown(block: &Value, note: &mut Note) {
    note.mark(Mark::of_word(block.text("level")));
    if let Some(value) = scalar(block.at("value")).filter(|_| block.is_text("label")) {
        return note.field(block.text("label"), value);
    }
    let url = block.first_text(&["url", "image_url", "title_url", "video_url"]);
    if !url.is_empty() {
        let label =
            ["text", "alt_text", "title"].map(|name| words(block.at(name))).into_iter().find(|label| !label.is_empty());
        return note.link(label.unwrap_or_default(), url);
    }
    for name in SAID {
        match block.at(name) {
            text @ Value::String(_) => note.text(words(text)),
            inner @ Value::Object(_) => part(inner, note),
            _ => {}
        }
    }
    for inner in WITHIN.iter().flat_map(|name| block.list(name)) {
        part(inner, note);
    }
}

fn part(part: &Value, note: &mut Note) {
    match part.text("type") {
        "mrkdwn" | "plain_text" => note.text(words(part)),
        "button" => element(part, note),
        _ if is_block(part) => block(part, note),
        _ => unknown(part, note),
    }
}
