//! JSON of a form that is not known: what looks like a title, a text or an address by its name, and all the rest as lines.

use serde_json::{Map, Value};

use super::super::json;
use super::super::look::{Look, is_among, scalar};
use super::super::mark::Mark;
use super::super::mrkdwn::readable;
use super::super::note::Note;

const TITLES: [&str; 15] = [
    "title",
    "subject",
    "headline",
    "alert_name",
    "alertname",
    "event_name",
    "summary",
    "标题",
    "標題",
    "主题",
    "主題",
    "name",
    "check",
    "monitor",
    "alert",
];
const TEXTS: [&str; 17] = [
    "text",
    "message",
    "msg",
    "body",
    "content",
    "description",
    "details",
    "markdown",
    "alert_message",
    "output",
    "内容",
    "內容",
    "消息",
    "訊息",
    "描述",
    "详情",
    "詳情",
];
const ADDRESSES: [&str; 10] =
    ["url", "link", "href", "click", "html_url", "web_url", "permalink", "dashboard_url", "链接", "連結"];
const SEVERITIES: [&str; 13] = [
    "severity",
    "level",
    "status",
    "state",
    "trigger_severity",
    "alert_status",
    "result",
    "级别",
    "級別",
    "等级",
    "等級",
    "状态",
    "狀態",
];

/// How many lines are made of what has no name that is known.
const MOST_LINES: usize = 40;
/// How many elements of a list are read.
const MOST_ELEMENTS: usize = 20;
/// How many levels of objects have lines of their own; what is deeper is shown as JSON.
const DEEPEST: usize = 3;
/// Longest value in such a line, in characters.
const LONGEST: usize = 500;

pub fn body(body: &Value) -> Note {
    let mut note = Note::default();
    match body {
        Value::Object(_) => object(body, &mut note),
        Value::Array(elements) if elements.iter().any(Value::is_object) => {
            for element in elements.iter().take(MOST_ELEMENTS) {
                note.append(super::note(element));
            }
            note.more(elements.len().saturating_sub(MOST_ELEMENTS));
        }
        Value::Array(elements) => {
            let texts = elements.iter().take(MOST_ELEMENTS).filter_map(scalar).collect::<Vec<_>>();
            note.text(texts.join("\n"));
            note.more(elements.len().saturating_sub(MOST_ELEMENTS));
        }
        Value::String(text) => words(text, &mut note),
        other => note.text(scalar(other).unwrap_or_default()),
    }
    note
}

/// What an object has besides entries of these names, which stand between spaces.
pub fn rest(body: &Value, names: &str) -> Note {
    let others = body.entries("").filter(|(name, _)| !is_among(name, names));
    let others: Map<_, _> = others.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let mut note = Note::default();
    object(&others.into(), &mut note);
    note
}

fn object(body: &Value, note: &mut Note) {
    // Some senders write all names with capitals.
    let named = |names: &[&str]| {
        names.iter().find_map(|name| {
            body.entries("").find(|(key, value)| key.eq_ignore_ascii_case(name) && is_told(value)).map(|(key, _)| key)
        })
    };
    let (title, text) = (named(&TITLES), named(&TEXTS));
    let value = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let address = named(&ADDRESSES).filter(|name| value(name).contains("://"));
    note.mark(named(&SEVERITIES).and_then(|name| Mark::of_word(value(name))));
    let link = address.map(value).unwrap_or_default();
    if let Some(name) = title {
        note.title(readable(value(name)), link);
    }
    words(text.map(value).unwrap_or_default(), note);
    let mut lines = Lines { note, left: MOST_LINES, dropped: 0 };
    for (name, value) in body.entries("") {
        if ![title, text, address].contains(&Some(name)) {
            lines.add(name, value, 1);
        }
    }
    let dropped = lines.dropped;
    note.more(dropped);
    if title.is_none() {
        note.link("", link);
    }
}

fn is_told(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// Some services wrap what others sent as a text of JSON.
fn words(text: &str, note: &mut Note) {
    let inner = text.trim_start().starts_with('{').then(|| json::parse(text).ok()).flatten();
    match inner {
        Some(inner) => note.append(super::note(&inner)),
        None => note.text(readable(text)),
    }
}

struct Lines<'a> {
    note: &'a mut Note,
    left: usize,
    dropped: usize,
}

impl Lines<'_> {
    fn add(&mut self, name: &str, value: &Value, depth: usize) {
        match value {
            Value::Object(entries) if depth < DEEPEST => {
                for (inner, value) in entries {
                    self.add(&format!("{name}.{inner}"), value, depth + 1);
                }
            }
            Value::Array(elements) if elements.iter().all(|element| scalar(element).is_some()) => {
                self.line(name, &elements.iter().filter_map(scalar).collect::<Vec<_>>().join(", "));
            }
            Value::Array(elements) => {
                for element in elements.iter().filter(|element| has_words(element)) {
                    self.line(name, &compact(element));
                }
            }
            Value::Object(_) if has_words(value) => self.line(name, &compact(value)),
            _ => self.line(name, &scalar(value).unwrap_or_default()),
        }
    }

    fn line(&mut self, name: &str, value: &str) {
        if value.trim().is_empty() {
            return;
        }
        if self.left == 0 {
            self.dropped += 1;
            return;
        }
        self.left -= 1;
        self.note.field(name, cut(value));
    }
}

/// A value in one line: the entries of an object if none has parts, else JSON.
fn compact(value: &Value) -> String {
    let entry = |(name, value): (&str, &Value)| Some(format!("{name}={}", scalar(value)?));
    let entries: Option<Vec<String>> = value.entries("").map(entry).collect();
    match entries {
        Some(entries) if value.is_object() => entries.join(", "),
        _ => scalar(value).unwrap_or_else(|| value.to_string()),
    }
}

/// Whether there is anything to read in it.
fn has_words(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(has_words),
        Value::Object(entries) => entries.values().any(has_words),
        other => scalar(other).is_some_and(|shown| !shown.trim().is_empty()),
    }
}

fn cut(value: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
