//! Slack's "rich text": what people write in its editor, as elements.

use serde_json::Value;

use super::super::super::emoji;
use super::super::super::look::Look;
use super::super::super::mrkdwn::{moment, strong};
use super::super::super::note::{Note, fenced, labelled};

/// Adds the parts of a block of rich text.
pub fn add(block: &Value, note: &mut Note) {
    for element in block.list("elements") {
        match element.text("type") {
            "rich_text_preformatted" => note.code(&bare(element)),
            _ => note.text(shown(element)),
        }
    }
}

/// A block of rich text as one text.
pub fn plain(block: &Value) -> String {
    let shown = |element: &Value| match element.text("type") {
        "rich_text_preformatted" => fenced(&bare(element)),
        _ => shown(element),
    };
    block.list("elements").iter().map(shown).collect::<Vec<_>>().join("\n")
}

fn shown(element: &Value) -> String {
    match element.text("type") {
        "rich_text_list" => list(element),
        "rich_text_quote" => inline(element).lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n"),
        _ => inline(element),
    }
}

fn list(list: &Value) -> String {
    let indent = "  ".repeat(usize::try_from(list.at("indent").as_u64().unwrap_or(0).min(8)).unwrap_or(0));
    let first = list.at("offset").as_u64().unwrap_or(0).saturating_add(1);
    let sign = |number: u64| if list.text("style") == "ordered" { format!("{number}.") } else { "-".to_owned() };
    let items = list.list("elements").iter().zip(first..);
    items.map(|(item, number)| format!("{indent}{} {}", sign(number), inline(item))).collect::<Vec<_>>().join("\n")
}

fn inline(element: &Value) -> String {
    element.list("elements").iter().map(|one| styled(&said(one), one.at("style"))).collect()
}

/// Without styles, which mean nothing within code.
fn bare(element: &Value) -> String {
    let said = |one: &Value| if one.text("type") == "link" { one.text("url").to_owned() } else { said(one) };
    element.list("elements").iter().map(said).collect()
}

fn said(element: &Value) -> String {
    let named = |sign: &str, path: &str| format!("{sign}{}", element.text(path));
    match element.text("type") {
        "link" => labelled(element.text("text"), element.text("url")),
        "user" => named("@", "user_id"),
        "usergroup" => named("@", "usergroup_id"),
        "team" => named("@", "team_id"),
        "channel" => named("#", "channel_id"),
        "broadcast" => named("@", "range"),
        "color" => element.text("value").to_owned(),
        "emoji" => of_emoji(element),
        "date" => {
            let words = element.text("fallback").to_owned();
            let time = || element.at("timestamp").as_i64().and_then(moment).unwrap_or_default();
            labelled(&if words.is_empty() { time() } else { words }, element.text("url"))
        }
        _ => element.text("text").to_owned(),
    }
}

/// By its code points, such as `1f469-200d-1f680`, or its name.
fn of_emoji(element: &Value) -> String {
    let point = |point: &str| u32::from_str_radix(point, 16).ok().and_then(char::from_u32);
    let points: Option<String> = element.text("unicode").split('-').map(point).collect();
    let name = element.text("name");
    points.or_else(|| emoji::named(name).map(str::to_owned)).unwrap_or_else(|| format!(":{name}:"))
}

/// Signs stand at the words, not at the spaces around them.
fn styled(text: &str, style: &Value) -> String {
    let words = text.trim();
    let marked = match (style.at("code") == true, style.at("bold") == true) {
        _ if words.is_empty() || words.contains(['`', '*', '\n']) => return text.to_owned(),
        (true, _) if !words.contains("://") => format!("`{words}`"),
        (_, true) => strong(words),
        _ => return text.to_owned(),
    };
    text.replacen(words, &marked, 1)
}
