//! What a piece of JSON from a model's server says: an event of a stream, a line of one, or a whole answer. OpenAI's form and
//! Ollama's own, and what others make of them.

use serde_json::Value;

/// What one piece says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Words of the answer.
    pub text: String,
    /// Whether the server itself tells thoughts from words: there were some, or a place for them.
    pub has_thoughts: bool,
    /// Set in the last one.
    pub end: Option<End>,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Complete,
    /// It has as many tokens as it may have.
    Cut,
    /// By a filter of the provider's.
    Filtered,
    /// By an error.
    Failed,
}

/// Why a piece says nothing.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has none of the known forms.
    Garbled,
    /// The server reports this error.
    Reported(String),
}

/// Where servers put thoughts.
const THOUGHTS: [&str; 4] = ["reasoning_content", "reasoning", "thinking", "reasoning_details"];

impl Chunk {
    pub fn parse(json: &str) -> Result<Self, Fault> {
        let value: Value = serde_json::from_str(json).map_err(|_| Fault::Garbled)?;
        if !value.is_object() {
            return Err(Fault::Garbled);
        }
        if let Some(error) = error_in(&value) {
            return Err(Fault::Reported(error));
        }
        match &value["choices"] {
            // An event that only counts tokens has none.
            Value::Null => Ok(Self::of_ollama(&value)),
            Value::Array(choices) => choices.first().map_or_else(|| Ok(Self::default()), Self::of_choice),
            _ => Err(Fault::Garbled),
        }
    }

    fn of_choice(choice: &Value) -> Result<Self, Fault> {
        if !choice.is_object() {
            return Err(Fault::Garbled);
        }
        if let Some(error) = error_in(choice) {
            return Err(Fault::Reported(error));
        }
        let (delta, message) = (&choice["delta"], &choice["message"]);
        let is_whole = !delta.is_object() && message.is_object();
        let said = if is_whole { message } else { delta };
        let mut chunk = Self::said(said);
        if !said.is_object() {
            chunk.text = words(&choice["text"]);
        }
        // Some have an empty reason in every event.
        let reason = choice["finish_reason"].as_str().filter(|reason| !reason.is_empty());
        chunk.end = reason.map(End::of).or(is_whole.then_some(End::Complete));
        Ok(chunk)
    }

    /// Also what has no words in any form, such as an event that keeps the connection alive.
    fn of_ollama(value: &Value) -> Self {
        let mut chunk = Self::said(&value["message"]);
        if chunk.text.is_empty() {
            chunk.text = words(&value["response"]);
        }
        let is_done = value["done"] == true;
        chunk.end = is_done.then(|| value["done_reason"].as_str().map_or(End::Complete, End::of));
        chunk
    }

    fn said(said: &Value) -> Self {
        let text = [words(&said["content"]), words(&said["refusal"])].concat();
        let is_told_apart = |name: &str| said[name].is_string() || said[name].is_array();
        let has_thoughts = THOUGHTS.into_iter().any(is_told_apart) || has_thinking_part(&said["content"]);
        Self { text, has_thoughts, end: None }
    }
}

impl End {
    fn of(reason: &str) -> Self {
        match reason.to_lowercase().as_str() {
            "length" | "max_tokens" | "max_length" | "model_length" | "max_output_tokens" => Self::Cut,
            "content_filter"
            | "content_filtered"
            | "safety"
            | "sensitive"
            | "recitation"
            | "blocklist"
            | "prohibited_content"
            | "spii"
            | "guardrail_intervened" => Self::Filtered,
            "error" | "network_error" | "insufficient_system_resource" | "abort" | "aborted" => Self::Failed,
            _ => Self::Complete,
        }
    }
}

/// The words of a content: a text, or a list of parts of which some are text.
fn words(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(words).collect(),
        Value::Object(part) if is_text(content) => words(part.get("text").unwrap_or(&Value::Null)),
        // `{"text": {"value": …}}`
        Value::Object(part) => part.get("value").and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

fn is_text(part: &Value) -> bool {
    matches!(part["type"].as_str(), None | Some("text" | "output_text")) && !part["text"].is_null()
}

fn has_thinking_part(content: &Value) -> bool {
    let is_thought = |part: &Value| matches!(part["type"].as_str(), Some("thinking" | "reasoning"));
    content.as_array().is_some_and(|parts| parts.iter().any(is_thought))
}

/// The error that an object reports, in the server's words; those of a proxy before it have other names.
fn error_in(value: &Value) -> Option<String> {
    let is_error_itself = value["object"] == "error" || value["type"] == "error";
    let is_answer = !value["choices"].is_null() || !value["message"].is_null() || !value["response"].is_null();
    match &value["error"] {
        Value::Null | Value::Bool(false) if is_error_itself => Some(message_in(value)),
        Value::Null | Value::Bool(false) if !is_answer && !value["detail"].is_null() => Some(message_in(value)),
        Value::Null | Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        Value::Object(fields) if fields.is_empty() => None,
        error => Some(message_in(error)),
    }
}

/// A server's message in the body of a refusal: what it says, and its code.
pub fn message_of(body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    // Some put it into a list.
    let value = value.as_array().and_then(|all| all.first()).unwrap_or(&value);
    match value {
        Value::Object(fields) => message_in(fields.get("error").filter(|error| !error.is_null()).unwrap_or(value)),
        _ => body.to_owned(),
    }
}

fn message_in(error: &Value) -> String {
    let Value::Object(fields) = error else { return error.as_str().map_or_else(|| error.to_string(), str::to_owned) };
    let parts = ["message", "detail", "code", "type"].map(|name| match fields.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    });
    if fields.contains_key("message") || fields.contains_key("detail") {
        return parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Chunk {
        Chunk { text: text.into(), ..Chunk::default() }
    }

    fn ended(text: &str, end: End) -> Chunk {
        Chunk { end: Some(end), ..said(text) }
    }

    #[test]
    fn words_are_found_wherever_servers_put_them() {
        for (json, expected) in [
            (r#"{"choices":[{"delta":{"content":"a"},"finish_reason":null}]}"#, said("a")),
            (r#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}"#, said("a")),
            (r#"{"choices":[{"delta":{"content":null}}]}"#, said("")),
            (r#"{"choices":[{"delta":{"content":["a",{"type":"text","text":"b"}]}}]}"#, said("ab")),
            (r#"{"choices":[{"delta":{"content":{"type":"text","text":{"value":"a"}}}}]}"#, said("a")),
            (r#"{"choices":[{"delta":{"content":[{"type":"image_url","image_url":{"url":"x"}}]}}]}"#, said("")),
            (r#"{"choices":[{"delta":{"refusal":"I will not."}}]}"#, said("I will not.")),
            (r#"{"choices":[{"text":"a"}]}"#, said("a")),
            (r#"{"choices":[]}"#, said("")),
            (r#"{"choices":null,"usage":{}}"#, said("")),
            (r#"{"type":"ping"}"#, said("")),
            (r#"{"choices":[{"delta":{"content":"a"}}],"error":null}"#, said("a")),
            (r#"{"message":{"content":"a"},"done":false}"#, said("a")),
            (r#"{"choices":[{"message":{"content":"a"}}]}"#, ended("a", End::Complete)),
            (r#"{"choices":[{"message":{"content":"a"},"finish_reason":"length"}]}"#, ended("a", End::Cut)),
            (r#"{"response":"a","done":true,"done_reason":"length"}"#, ended("a", End::Cut)),
            (r#"{"choices":[{"delta":{},"finish_reason":"SAFETY"}]}"#, ended("", End::Filtered)),
            (r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#, ended("", End::Failed)),
        ] {
            assert_eq!(Chunk::parse(json), Ok(expected), "{json}");
        }
    }

    #[test]
    fn thoughts_are_no_words() {
        for json in [
            r#"{"choices":[{"delta":{"content":null,"reasoning_content":"Hm"}}]}"#,
            r#"{"choices":[{"delta":{"content":"","reasoning":"Hm"}}]}"#,
            r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]}}]}"#,
            r#"{"message":{"content":"","thinking":"Hm"},"done":false}"#,
        ] {
            assert_eq!(Chunk::parse(json), Ok(Chunk { has_thoughts: true, ..said("") }), "{json}");
        }
    }

    #[test]
    fn errors_are_reported_in_the_servers_words() {
        for (json, message) in [
            (r#"{"error":{"message":"out of order","code":500}}"#, "out of order 500"),
            (r#"{"error":"out of order"}"#, "out of order"),
            (r#"{"object":"error","message":"out of order"}"#, "out of order"),
            (r#"{"detail":"out of order"}"#, "out of order"),
            (r#"{"choices":[{"finish_reason":"error","error":{"message":"out of order"}}]}"#, "out of order"),
        ] {
            assert_eq!(Chunk::parse(json), Err(Fault::Reported(message.into())), "{json}");
        }
        for json in ["", "5", "[]", "{", r#"{"choices":[5]}"#, r#"{"choices":5}"#] {
            assert_eq!(Chunk::parse(json), Err(Fault::Garbled), "{json}");
        }
        assert_eq!(message_of("[{\"error\":{\"message\":\"a\",\"status\":\"X\"}}]"), "a");
        assert_eq!(message_of("plain words"), "plain words");
    }
}
