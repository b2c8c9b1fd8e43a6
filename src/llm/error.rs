//! Why a model gave no answer, as its server's words and status say it.

use reqwest::StatusCode;

use crate::fetch::FetchError;
use crate::text::Text;

/// Why a model gave no complete answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    #[error("cannot be reached: {0}")]
    Unreachable(FetchError),
    #[error("does not take the key")]
    BadKey,
    #[error("the account has no credit left")]
    NoCredit,
    #[error("there is no such model, or nothing at this address")]
    NoSuchModel,
    #[error("is still being loaded")]
    Loading,
    #[error("has too much to do")]
    Busy,
    #[error("does not fit into the memory of its machine")]
    NoMemory,
    #[error("is given more than it takes at a time; language_model.context_chars sets how much that is")]
    TooLong,
    #[error("refused with status {0}")]
    Refused(u16),
    #[error("took too long")]
    TooSlow,
    #[error("answers in no form that is known")]
    Garbled,
    #[error("broke off")]
    BrokeOff,
    #[error("reported an error while it wrote")]
    Faulty,
    #[error("was stopped by a filter of its provider")]
    Filtered,
    #[error("used up language_model.max_tokens before it began to answer")]
    NoRoom,
    #[error("ended without a word")]
    Silent,
}

impl LlmError {
    /// One sentence for users, without operational details.
    pub fn words(self) -> Text {
        match self {
            Self::Unreachable(_) => Text::new("model-unreachable"),
            Self::BadKey => Text::new("model-bad-key"),
            Self::NoCredit => Text::new("model-no-credit"),
            Self::NoSuchModel => Text::new("model-missing"),
            Self::Loading => Text::new("model-loading"),
            Self::Busy => Text::new("model-busy"),
            Self::NoMemory => Text::new("model-no-memory"),
            Self::TooLong => Text::new("model-too-long"),
            Self::Refused(status) => Text::new("model-refused").with("status", status),
            Self::TooSlow => Text::new("model-slow"),
            Self::Garbled => Text::new("model-garbled"),
            Self::BrokeOff => Text::new("model-broke-off"),
            Self::Faulty => Text::new("model-faulty"),
            Self::Filtered => Text::new("model-filtered"),
            Self::NoRoom => Text::new("model-no-room"),
            Self::Silent => Text::new("model-silent"),
        }
    }

    /// One word, for metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::BadKey => "bad_key",
            Self::NoCredit => "no_credit",
            Self::NoSuchModel => "no_such_model",
            Self::Loading => "loading",
            Self::Busy => "busy",
            Self::NoMemory => "no_memory",
            Self::TooLong => "too_long",
            Self::Refused(_) => "refused",
            Self::TooSlow => "too_slow",
            Self::Garbled => "garbled",
            Self::BrokeOff => "broke_off",
            Self::Faulty => "faulty",
            Self::Filtered => "filtered",
            Self::NoRoom => "no_room",
            Self::Silent => "silent",
        }
    }

    /// Whether a retry may help.
    pub(super) fn may_pass(self) -> bool {
        matches!(self, Self::Busy | Self::Refused(500..))
    }

    /// The error for an unsuccessful status with a message of the server's.
    pub(super) fn of_status(status: StatusCode, message: &str) -> Self {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Self::BadKey,
            StatusCode::PAYMENT_REQUIRED => return Self::NoCredit,
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => return Self::TooSlow,
            StatusCode::PAYLOAD_TOO_LARGE => return Self::TooLong,
            _ => {}
        }
        match (Self::of_message(message), status) {
            (Some(error), _) => error,
            (None, StatusCode::NOT_FOUND) => Self::NoSuchModel,
            (None, StatusCode::TOO_MANY_REQUESTS) => Self::Busy,
            (None, other) => Self::Refused(other.as_u16()),
        }
    }

    /// What the servers that are known say in the same words whatever status they give them.
    pub(super) fn of_message(message: &str) -> Option<Self> {
        let message = message.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if has(&LOADING) && !has(&NOT_LOADED) {
            return Some(Self::Loading);
        }
        let kinds = [
            (TOO_LONG.as_slice(), Self::TooLong),
            (&NO_MEMORY, Self::NoMemory),
            (&NO_CREDIT, Self::NoCredit),
            (&FILTERED, Self::Filtered),
        ];
        let kind = kinds.into_iter().find(|(words, _)| has(words)).map(|(_, error)| error);
        let is_missing = message.contains("model") && has(&MISSING);
        kind.or(is_missing.then_some(Self::NoSuchModel))
    }
}

/// llama.cpp, LM Studio, Ollama, Hugging Face.
const LOADING: [&str; 8] = [
    "loading model",
    "model is loading",
    "model loading",
    "model is being loaded",
    "currently loading",
    "still loading",
    "model is not ready",
    "warming up",
];

/// What is said of a model that cannot be loaded at all.
const NOT_LOADED: [&str; 4] = ["error loading", "failed", "unable to", "could not"];

const TOO_LONG: [&str; 9] = [
    "context length",
    "context_length",
    "context size",
    "context_size",
    "context window",
    "maximum context",
    "prompt is too long",
    "too many tokens",
    "exceeds the available context",
];

const NO_MEMORY: [&str; 4] = ["more system memory", "out of memory", "insufficient memory", "not enough memory"];

const NO_CREDIT: [&str; 4] =
    ["insufficient_quota", "insufficient balance", "insufficient credit", "exceeded your current quota"];

const FILTERED: [&str; 5] =
    ["content_filter", "content management policy", "content_policy", "content policy", "data_inspection_failed"];

const MISSING: [&str; 4] = ["not found", "not_found", "does not exist", "no models loaded"];

impl From<FetchError> for LlmError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::TimedOut => Self::TooSlow,
            FetchError::Broken => Self::BrokeOff,
            other => Self::Unreachable(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_say_the_same_in_many_ways() {
        for (status, message, expected) in [
            (503, r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#, LlmError::Loading),
            (500, r#"{"error":"llm server loading model"}"#, LlmError::Loading),
            (400, r#"{"error":"Model is loading, please wait"}"#, LlmError::Loading),
            (503, r#"{"error":"Model x is currently loading","estimated_time":20.0}"#, LlmError::Loading),
            (500, r#"{"error":"llama runner process has terminated: error loading model: x"}"#, LlmError::Refused(500)),
            (404, r#"{"error":{"message":"No models loaded. Please load a model"}}"#, LlmError::NoSuchModel),
            (400, r#"{"error":{"code":"model_not_found","message":"x"}}"#, LlmError::NoSuchModel),
            (404, "", LlmError::NoSuchModel),
            (429, "slow down", LlmError::Busy),
            (429, r#"{"error":{"code":"insufficient_quota"}}"#, LlmError::NoCredit),
            (402, "", LlmError::NoCredit),
            (400, "This model's maximum context length is 4096 tokens.", LlmError::TooLong),
            (400, r#"{"error":{"type":"exceed_context_size_error"}}"#, LlmError::TooLong),
            (500, r#"{"error":"model requires more system memory (5.6 GiB) than is available"}"#, LlmError::NoMemory),
            (400, r#"{"error":{"code":"content_filter"}}"#, LlmError::Filtered),
            (403, "Loading model", LlmError::BadKey),
            (418, "", LlmError::Refused(418)),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(LlmError::of_status(status, message), expected, "{status} {message}");
        }
    }
}
