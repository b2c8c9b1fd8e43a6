//! What a model's server takes of a request. OpenAI's interface has many implementations, and each leaves something out.

use reqwest::StatusCode;
use serde::Serialize;

use super::{Settings, Speaker, Turn};

/// How a server is spoken to. Everything is sent at first, as the oldest servers take it; what is refused is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Whether there are turns of the system.
    system: bool,
    limit: Limit,
    temperature: bool,
    stream: bool,
}

/// Under which name the answer's greatest length is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    MaxTokens,
    MaxCompletionTokens,
    None,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { system: true, limit: Limit::MaxTokens, temperature: true, stream: true }
    }
}

#[derive(Serialize)]
struct ChatRequest<'a> {
    model: &'a str,
    messages: &'a [Turn],
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
}

impl Dialect {
    /// A request as JSON.
    pub fn request(self, settings: &Settings, turns: &[Turn]) -> Vec<u8> {
        let plain = (!self.system).then(|| without_system(turns));
        let limit = |name: Limit| settings.max_tokens.filter(|_| self.limit == name);
        let request = ChatRequest {
            model: &settings.model,
            messages: plain.as_deref().unwrap_or(turns),
            stream: self.stream,
            temperature: settings.temperature.filter(|_| self.temperature),
            max_tokens: limit(Limit::MaxTokens),
            max_completion_tokens: limit(Limit::MaxCompletionTokens),
        };
        // Plain data: it cannot fail.
        serde_json::to_vec(&request).unwrap_or_default()
    }

    /// The dialect without what the server's message refuses; `None` if it is about something else. Repeated, it comes to an end.
    pub fn amended(self, status: StatusCode, message: &str) -> Option<Self> {
        let may_be_about_it = matches!(
            status,
            StatusCode::BAD_REQUEST
                | StatusCode::UNPROCESSABLE_ENTITY
                // Where the model's own template refuses.
                | StatusCode::INTERNAL_SERVER_ERROR
                | StatusCode::NOT_IMPLEMENTED
        );
        let message = message.to_lowercase();
        let about = |word: &str| message.contains(word);
        match self.limit {
            _ if !may_be_about_it => return None,
            Limit::MaxTokens if about("max_completion_tokens") && !about("too large") => {
                return Some(Self { limit: Limit::MaxCompletionTokens, ..self });
            }
            Limit::MaxTokens if about("max_tokens") && !about("too large") => {
                return Some(Self { limit: Limit::MaxCompletionTokens, ..self });
            }
            Limit::MaxTokens | Limit::MaxCompletionTokens if about("max_tokens") || about("max_completion_tokens") => {
                return Some(Self { limit: Limit::None, ..self });
            }
            _ => {}
        }
        if self.temperature && about("temperature") {
            return Some(Self { temperature: false, ..self });
        }
        if self.system && is_about_system(&message) {
            return Some(Self { system: false, ..self });
        }
        (self.stream && is_about_streaming(&message)).then_some(Self { stream: false, ..self })
    }
}

/// The messages of templates, providers and checks of the request's form.
fn is_about_system(message: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let names_it =
        message.contains("system") && has(&["role", "system message", "system prompt", "system instruction"]);
    names_it || has(&["roles must alternate", "only user and assistant", "developer instruction"])
}

/// Not that a stream broke.
fn is_about_streaming(message: &str) -> bool {
    let is_denied = ["support", "verified", "allow", "disabled"].iter().any(|word| message.contains(word));
    is_denied && message.contains("stream") && !message.contains("upstream")
}

/// What the system says stands at the beginning of what the user says first.
fn without_system(turns: &[Turn]) -> Vec<Turn> {
    let (system, mut others): (Vec<Turn>, Vec<Turn>) =
        turns.iter().cloned().partition(|turn| turn.role == Speaker::System);
    let told = system.into_iter().map(|turn| turn.content).collect::<Vec<_>>().join("\n\n");
    match others.first_mut() {
        Some(first) if first.role == Speaker::User => first.content = format!("{told}\n\n{}", first.content),
        _ => others.insert(0, Turn::new(Speaker::User, told)),
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amended(dialect: Dialect, message: &str) -> Option<Dialect> {
        dialect.amended(StatusCode::BAD_REQUEST, message)
    }

    #[test]
    fn what_a_server_refuses_is_left_out() {
        let all = Dialect::default();
        for message in [
            "System role not supported",
            "Conversation roles must alternate user/assistant/user/assistant/...",
            "Only user and assistant roles are supported!",
            "Developer instruction is not enabled for models/gemma-3-4b-it",
            "unknown variant `system`, expected `user` or `assistant` for role",
        ] {
            assert_eq!(amended(all, message), Some(Dialect { system: false, ..all }), "{message}");
            assert_eq!(all.amended(StatusCode::UNAUTHORIZED, message), None);
        }
        let other = Dialect { limit: Limit::MaxCompletionTokens, ..all };
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        assert_eq!(amended(all, message), Some(other));
        assert_eq!(amended(all, "Unrecognized request argument supplied: max_tokens"), Some(other));
        let none = Dialect { limit: Limit::None, ..all };
        assert_eq!(amended(other, "unknown field max_completion_tokens"), Some(none));
        assert_eq!(amended(all, "'max_tokens' or 'max_completion_tokens' is too large: 4096"), Some(none));
        assert_eq!(amended(none, message), None, "there is nothing left of it");
        let message = "Unsupported value: 'temperature' does not support 0.2 with this model.";
        assert_eq!(amended(all, message), Some(Dialect { temperature: false, ..all }));
        let message = "Your organization must be verified to stream this model.";
        assert_eq!(amended(all, message), Some(Dialect { stream: false, ..all }));
        for message in ["", "too long", "upstream error", "stream closed", "it requires more system memory"] {
            assert_eq!(amended(all, message), None, "{message}");
        }
    }

    #[test]
    fn without_a_system_the_user_says_what_it_says() {
        let turns = [Turn::new(Speaker::System, "Be brief."), Turn::new(Speaker::User, "Why?")];
        assert_eq!(without_system(&turns), [Turn::new(Speaker::User, "Be brief.\n\nWhy?")]);
        assert_eq!(without_system(&turns[..1]), [Turn::new(Speaker::User, "Be brief.")]);
    }
}
