//! Client for language models with an OpenAI-compatible API: takes a conversation and streams the next message.
//!
//! Independent of documents and rooms; stateless.

mod answer;
mod asking;
mod events;
mod thoughts;

use std::time::Duration;

use reqwest::StatusCode;
use serde::Serialize;

use crate::fetch::{Endpoint, FetchError, Incoming, Key, Waits};
use crate::telemetry::within;
use crate::text::Text;
pub use answer::Writing;
use asking::Asking;

/// Delay before a retry if the server sends no `Retry-After`.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest `Retry-After` that is obeyed; beyond it, the error is reported.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Settings of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub model: String,
    /// Sampling temperature, 0 to 2; `None` for the server's default.
    pub temperature: Option<f64>,
    /// Maximum length of an answer, in tokens; `None` for the server's default.
    pub max_tokens: Option<u32>,
    /// Characters that it may be given at a time.
    pub context_chars: usize,
    pub waits: Waits,
}

/// A language model.
#[derive(Clone, Debug)]
pub struct LanguageModel {
    endpoint: Endpoint,
    settings: Settings,
}

/// Role in a conversation with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The instructions for the model.
    System,
    User,
    Assistant,
}

/// A message in a conversation with a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Turn {
    pub role: Speaker,
    pub content: String,
}

impl Turn {
    pub fn new(role: Speaker, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
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
}

/// Why a model gave no complete answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    #[error("cannot be reached: {0}")]
    Unreachable(FetchError),
    #[error("does not take the key")]
    BadKey,
    #[error("there is no such model, or nothing at this address")]
    NoSuchModel,
    #[error("has too much to do")]
    Busy,
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
    #[error("ended without a word")]
    Silent,
}

impl LlmError {
    /// One sentence for users, without operational details.
    pub fn words(self) -> Text {
        match self {
            Self::Unreachable(_) => Text::new("model-unreachable"),
            Self::BadKey => Text::new("model-bad-key"),
            Self::NoSuchModel => Text::new("model-missing"),
            Self::Busy => Text::new("model-busy"),
            Self::Refused(status) => Text::new("model-refused").with("status", status),
            Self::TooSlow => Text::new("model-slow"),
            Self::Garbled => Text::new("model-garbled"),
            Self::BrokeOff => Text::new("model-broke-off"),
            Self::Faulty => Text::new("model-faulty"),
            Self::Silent => Text::new("model-silent"),
        }
    }

    /// One word, for metrics.
    fn label(self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::BadKey => "bad_key",
            Self::NoSuchModel => "no_such_model",
            Self::Busy => "busy",
            Self::Refused(_) => "refused",
            Self::TooSlow => "too_slow",
            Self::Garbled => "garbled",
            Self::BrokeOff => "broke_off",
            Self::Faulty => "faulty",
            Self::Silent => "silent",
        }
    }

    /// Whether a retry may help.
    fn may_pass(self) -> bool {
        matches!(self, Self::Busy | Self::Refused(500..))
    }
}

impl From<FetchError> for LlmError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::TimedOut => Self::TooSlow,
            FetchError::Broken => Self::BrokeOff,
            other => Self::Unreachable(other),
        }
    }
}

impl LanguageModel {
    /// `base` is an address such as `http://localhost:11434/v1`; an empty key is none.
    ///
    /// # Errors
    /// A message about the settings; never contains the key.
    pub fn new(base: &str, key: Key, settings: Settings) -> Result<Self, String> {
        Ok(Self { endpoint: Endpoint::new(base, key)?, settings })
    }

    /// Its configured name.
    pub fn name(&self) -> &str {
        &self.settings.model
    }

    /// Characters that it may be given at a time.
    pub fn context_chars(&self) -> usize {
        self.settings.context_chars
    }

    /// Requests the next message. Retries once if the server is busy. Dropping the [`Writing`], or this future before
    /// it is ready, closes the connection, so that the server stops.
    pub async fn write(&self, turns: &[Turn]) -> Result<Writing, LlmError> {
        let (error, retry_after) = match self.try_to_write(turns).await {
            Ok(writing) => return Ok(writing),
            Err(failed) => failed,
        };
        let pause = retry_after.unwrap_or(PAUSE);
        if !error.may_pass() || pause > LONGEST_PAUSE {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        self.try_to_write(turns).await.map_err(|(error, _)| error)
    }

    /// On failure, also returns the server's `Retry-After`.
    async fn try_to_write(&self, turns: &[Turn]) -> Result<Writing, (LlmError, Option<Duration>)> {
        let mut asking = Asking::begin(self.name(), self.endpoint.host());
        match within(asking.context(), self.ask(turns)).await {
            Ok(answer) => Ok(Writing::new(answer, self.endpoint.clone(), asking)),
            Err((error, retry_after)) => {
                asking.outcome = error.label();
                Err((error, retry_after))
            }
        }
    }

    /// The answer whose status says that it is one.
    async fn ask(&self, turns: &[Turn]) -> Result<Incoming, (LlmError, Option<Duration>)> {
        let Settings { model, temperature, max_tokens, waits, .. } = &self.settings;
        let asked =
            ChatRequest { model, messages: turns, stream: true, temperature: *temperature, max_tokens: *max_tokens };
        // Plain data: it cannot fail.
        let json = serde_json::to_vec(&asked).unwrap_or_default();
        let answer = self.endpoint.post("chat/completions", json, *waits).await;
        let answer = answer.map_err(|error| {
            tracing::warn!(%error, host = self.endpoint.host(), "the language model does not answer");
            (error.into(), None)
        })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let retry_after = answer.retry_after();
        Err((self.refused(answer).await, retry_after))
    }

    /// The error for an unsuccessful status; logs the server's message.
    async fn refused(&self, answer: Incoming) -> LlmError {
        /// Maximum number of bytes read of an error message.
        const MAX_WORDS: usize = 4096;
        let status = answer.status();
        let words = answer.body(MAX_WORDS).await.map(|(body, _)| body).unwrap_or_default();
        let reason = answer::for_log(&self.endpoint, &String::from_utf8_lossy(&words));
        tracing::warn!(status = status.as_u16(), reason, host = self.endpoint.host(), "the language model refused");
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => LlmError::BadKey,
            StatusCode::NOT_FOUND => LlmError::NoSuchModel,
            StatusCode::TOO_MANY_REQUESTS => LlmError::Busy,
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => LlmError::TooSlow,
            other => LlmError::Refused(other.as_u16()),
        }
    }
}
