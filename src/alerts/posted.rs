//! What was posted: its bytes as text or as data, by what the sender says of them.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::form::{self, Field};
use super::json::{self, BadJson};
use crate::documents::extract::decode;

/// Beginnings of the names of what is not for reading.
const NO_TEXT: [&str; 4] = ["image/", "audio/", "video/", "font/"];

/// What was posted.
#[derive(Clone, Debug, PartialEq)]
pub enum Posted {
    /// To be shown as it is.
    Text(String),
    /// JSON, or the fields of a form.
    Data(Value),
}

/// Why a body cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It should be JSON.
    Json(BadJson),
    /// It should be a multipart form; why it is none, in English.
    Form(String),
    /// It is no text at all.
    Nothing,
}

/// What is meant by the headers of a request, by their names.
pub type Header<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Posted {
    /// Reads a body. Scripts often send JSON as something else (`curl -d` calls everything a form), so what looks like JSON is read as
    /// JSON wherever that is not plainly meant as text. In the same way a form that is none is a text.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub async fn read(content_type: &str, body: &Bytes) -> Result<Self, Unreadable> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if media_type == "multipart/form-data" {
            return form::of_parts(content_type, body).await.map_err(Unreadable::Form).and_then(of_fields);
        }
        if !decode::is_text(&body[..body.len().min(1024)]) {
            return Err(Unreadable::Nothing);
        }
        let text = decode::sent(body, content_type);
        let looks_like_json = looks_like_json(&text);
        match media_type.as_str() {
            "text/plain" => Ok(Self::Text(text)),
            _ if media_type.ends_with("/json") || media_type.ends_with("+json") => of_json(&text),
            "application/x-www-form-urlencoded" if looks_like_json => of_json(&text),
            "application/x-www-form-urlencoded" if form::is_text(&text) => Ok(Self::Text(text)),
            "application/x-www-form-urlencoded" => of_fields(form::url_encoded(body, content_type)),
            _ if looks_like_json => of_json(&text),
            kind if NO_TEXT.iter().any(|family| kind.starts_with(family)) => Err(Unreadable::Nothing),
            _ => Ok(Self::Text(text)),
        }
    }

    /// Adds what stands in the headers of a text, as ntfy has it: its title, tags, priority and links.
    pub fn with_headers(self, header: Header<'_>) -> Self {
        let Self::Text(text) = self else { return self };
        let mut entries = Map::new();
        for name in ["title", "tags", "priority", "click", "attach", "filename"] {
            if let Some(value) = header(&format!("x-{name}")).or_else(|| header(name)) {
                entries.insert(name.to_owned(), value.into());
            }
        }
        let is_titled = ["title", "tags", "click"].iter().any(|name| entries.contains_key(*name));
        if !is_titled {
            return Self::Text(text);
        }
        let actions = header("x-actions").or_else(|| header("actions")).unwrap_or_default();
        entries.insert("actions".to_owned(), actions.split(';').filter_map(action).collect());
        entries.insert("topic".to_owned(), "".into());
        entries.insert("message".to_owned(), text.into());
        Self::Data(entries.into())
    }
}

/// `view, LABEL, URL`
fn action(written: &str) -> Option<Value> {
    let mut parts = written.split(',').map(str::trim);
    let (kind, label, url) = (parts.next()?, parts.next()?, parts.next()?);
    Some(serde_json::json!({"action": kind, "label": label, "url": url}))
}

/// An object, or a list, which is not the same as a text that begins with a bracket, such as `[FIRING:1]`.
fn looks_like_json(text: &str) -> bool {
    let text = text.trim_start();
    let inside = text.strip_prefix('[').map(str::trim_start);
    text.starts_with('{') || inside.is_some_and(|inside| inside.starts_with(['{', '[', '"', ']']))
}

fn of_json(text: &str) -> Result<Posted, Unreadable> {
    if text.trim().is_empty() {
        return Err(Unreadable::Nothing);
    }
    json::parse(text).map(Posted::Data).map_err(Unreadable::Json)
}

/// Slack's older webhooks take their JSON as the field `payload`, Discord's as `payload_json`.
fn of_fields(fields: Vec<Field>) -> Result<Posted, Unreadable> {
    let payload = fields.iter().find(|(name, _)| matches!(name.as_str(), "payload" | "payload_json"));
    if let Some((_, payload)) = payload.filter(|(_, payload)| !payload.trim().is_empty()) {
        return match looks_like_json(payload) {
            true => of_json(payload).or_else(|bad| whole_payload(&fields).ok_or(bad)),
            false => Ok(Posted::Text(payload.clone())),
        };
    }
    // Slack's API takes blocks and attachments as fields of JSON.
    let value =
        |text: String| if looks_like_json(&text) { json::parse(&text).unwrap_or(text.into()) } else { text.into() };
    let entries = fields.into_iter().map(|(name, text)| (name, value(text)));
    Ok(Posted::Data(entries.collect::<Map<_, _>>().into()))
}

/// A payload whose `&` the sender did not encode, which cut it into fields.
fn whole_payload(fields: &[Field]) -> Option<Posted> {
    let part = |(name, value): &Field| if value.is_empty() { name.clone() } else { format!("{name}={value}") };
    let joined = fields.iter().map(part).collect::<Vec<_>>().join("&");
    json::parse(joined.split_once('=')?.1).ok().map(Posted::Data)
}
