//! The frames that clients send.

use serde::Deserialize;

use crate::text::Text;

/// Most messages in one `history` answer.
pub const MAX_HISTORY: usize = 200;

/// Messages that come with `joined`, and in a `history` that names no limit.
pub const DEFAULT_HISTORY: usize = 50;

/// A client frame on `/ws`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFrame {
    Hello { handle: Option<String>, locale: Option<String>, time_zone: Option<String> },
    Join { room: String, after: Option<u64>, version: Option<u64>, epoch: Option<String> },
    Leave { room: String },
    Send { room: String, message: String, id: Option<String> },
    Typing { room: String },
    History { room: String, before: Option<u64>, after: Option<u64>, limit: Option<usize> },
    Cancel { job: String },
    Watch,
    Unwatch,
    Ping,
}

/// An invalid frame, with the `id` if it may have been a `send`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFrame {
    pub error: Text,
    pub id: Option<String>,
}

/// The fields of all client frames; which are required depends on `type`.
#[derive(Default, Deserialize)]
struct Fields {
    r#type: Option<String>,
    room: Option<String>,
    message: Option<String>,
    id: Option<String>,
    handle: Option<String>,
    locale: Option<String>,
    time_zone: Option<String>,
    epoch: Option<String>,
    job: Option<String>,
    after: Option<u64>,
    version: Option<u64>,
    before: Option<u64>,
    limit: Option<usize>,
}

/// String fields, for the error that names the invalid one.
const TEXT_FIELDS: [&str; 9] = ["type", "room", "message", "id", "handle", "locale", "time_zone", "epoch", "job"];
const NUMBER_FIELDS: [&str; 4] = ["after", "version", "before", "limit"];

impl ClientFrame {
    /// Reads a frame; a missing `type` means `send`.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        let fields: Fields = serde_json::from_str(text).map_err(|_| BadFrame { error: explain(text), id: None })?;
        let id = fields.id.clone();
        fields.into_frame().map_err(|error| BadFrame { error, id })
    }
}

impl Fields {
    fn into_frame(self) -> Result<ClientFrame, Text> {
        let need = |field: Option<String>, name: &str| {
            field.ok_or_else(|| Text::new("error-missing_field").with("field", name))
        };
        Ok(match self.r#type.as_deref().unwrap_or("send") {
            "hello" => ClientFrame::Hello { handle: self.handle, locale: self.locale, time_zone: self.time_zone },
            "join" => ClientFrame::Join {
                room: need(self.room, "room")?,
                after: self.after,
                version: self.version,
                epoch: self.epoch,
            },
            "leave" => ClientFrame::Leave { room: need(self.room, "room")? },
            "send" => ClientFrame::Send {
                room: need(self.room, "room")?,
                message: need(self.message, "message")?,
                id: self.id,
            },
            "typing" => ClientFrame::Typing { room: need(self.room, "room")? },
            "history" => ClientFrame::History {
                room: need(self.room, "room")?,
                before: self.before,
                after: self.after,
                limit: self.limit,
            },
            "cancel" => ClientFrame::Cancel { job: need(self.job, "job")? },
            "watch" => ClientFrame::Watch,
            "unwatch" => ClientFrame::Unwatch,
            "ping" => ClientFrame::Ping,
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(Text::new("error-unknown_type").with("type", shown));
            }
        })
    }
}

/// A client frame on `/ws/chat/…`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SimpleFrame {
    pub message: String,
    #[serde(default)]
    pub handle: Option<String>,
    #[serde(default)]
    pub id: Option<String>,
}

impl SimpleFrame {
    /// Reads a simple client's frame.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        serde_json::from_str(text).map_err(|_| {
            let is_missing = serde_json::from_str::<serde_json::Value>(text)
                .is_ok_and(|value| value.is_object() && value.get("message").is_none());
            let missing = || Text::new("error-missing_field").with("field", "message");
            BadFrame { error: if is_missing { missing() } else { explain(text) }, id: None }
        })
    }
}

/// The error for a frame that does not match [`Fields`].
fn explain(text: &str) -> Text {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
        return Text::new("error-bad_frame-json");
    };
    let Some(object) = value.as_object() else {
        return Text::new("error-bad_frame-object");
    };
    let is_set = |name: &&&str| object.get(**name).is_some_and(|value| !value.is_null());
    if let Some(name) = TEXT_FIELDS.iter().filter(is_set).find(|name| !object[**name].is_string()) {
        return Text::new("error-bad_frame-text").with("field", name);
    }
    if let Some(name) = NUMBER_FIELDS.iter().filter(is_set).find(|name| !object[**name].is_u64()) {
        return Text::new("error-bad_frame-number").with("field", name);
    }
    Text::new("error-bad_frame-json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        ClientFrame::parse(text).map_or_else(|bad| bad.error.code().to_owned(), |_| "ok".into())
    }

    #[test]
    fn a_frame_without_type_is_a_send() {
        let frame = ClientFrame::parse(r#"{"room":"lobby","message":"hi","id":"1","unknown":[]}"#);
        let expected = ClientFrame::Send { room: "lobby".into(), message: "hi".into(), id: Some("1".into()) };
        assert_eq!(frame, Ok(expected));
    }

    #[test]
    fn bad_frames_are_named() {
        assert_eq!(code("hello"), "bad_frame");
        assert_eq!(code("[]"), "bad_frame");
        assert_eq!(code(r#"{"type":"send","room":5,"message":"x"}"#), "bad_frame");
        assert_eq!(code(r#"{"type":"join","room":"a","after":-1}"#), "bad_frame");
        assert_eq!(code(r#"{"type":"dance"}"#), "unknown_type");
        assert_eq!(code(r#"{"type":"join"}"#), "missing_field");
        assert_eq!(code(r#"{"message":"x"}"#), "missing_field");
        assert_eq!(code(r#"{"type":"ping"}"#), "ok");
    }

    #[test]
    fn a_bad_send_says_which_send_it_was() {
        let bad = ClientFrame::parse(r#"{"message":"x","id":"7"}"#).expect_err("room is missing");
        assert_eq!(bad.id.as_deref(), Some("7"));
    }
}
