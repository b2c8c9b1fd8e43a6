//! Client for language models with an OpenAI-compatible API: takes a conversation and streams the next message.
//!
//! Independent of documents and rooms. What it learns of a model is lost with the process.

mod answer;
mod asking;
mod chunk;
mod dialect;
mod error;
mod events;
mod learned;
mod patience;
mod thoughts;

use std::sync::Arc;

use serde::Serialize;
use tokio::time::Instant;

use crate::fetch::{Endpoint, Incoming, Key, Waits};
use crate::telemetry::within;
use answer::Asked;
pub use answer::{Part, Writing};
use asking::Asking;
use dialect::Dialect;
pub use error::LlmError;
use learned::Learned;
use patience::{Patience, Refusal};

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
    learned: Arc<Learned>,
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

impl LanguageModel {
    /// `base` is an address such as `http://localhost:11434/v1`; an empty key is none.
    ///
    /// # Errors
    /// A message about the settings; never contains the key.
    pub fn new(base: &str, key: Key, settings: Settings) -> Result<Self, String> {
        Ok(Self { endpoint: Endpoint::new(base, key)?, settings, learned: Arc::default() })
    }

    /// Its configured name.
    pub fn name(&self) -> &str {
        &self.settings.model
    }

    /// Characters that it may be given at a time: fewer than the settings say if it reads so slowly that it would not begin in time.
    pub fn context_chars(&self) -> usize {
        self.learned.chars(self.settings.context_chars)
    }

    /// Requests the next message. Asks again, within bounds, if the server is busy, still loads the model, or refuses a part of the
    /// request that can be left out. Dropping the [`Writing`], or this future before it is ready, closes the connection, so that the
    /// server stops.
    pub async fn write(&self, turns: &[Turn]) -> Result<Writing, LlmError> {
        let mut patience = Patience::new(self.settings.waits.first);
        let mut dialect = self.learned.dialect();
        loop {
            let refusal = match self.try_to_write(turns, dialect).await {
                Ok(writing) => return Ok(writing),
                Err(refusal) => refusal,
            };
            let amended = refusal.status.and_then(|status| dialect.amended(status, &refusal.message));
            match amended {
                Some(amended) => dialect = amended,
                None => patience.pause_after(&refusal).await?,
            }
        }
    }

    async fn try_to_write(&self, turns: &[Turn], dialect: Dialect) -> Result<Writing, Refusal> {
        let mut asking = Asking::begin(self.name(), self.endpoint.host());
        let chars = turns.iter().map(|turn| turn.content.chars().count()).sum();
        let (learned, limit) = (self.learned.clone(), self.settings.waits.first);
        let asked = Asked { endpoint: self.endpoint.clone(), learned, chars, at: Instant::now(), limit };
        match within(asking.context(), self.ask(turns, dialect)).await {
            Ok(answer) => {
                self.learned.note_dialect(dialect);
                Ok(Writing::new(answer, asked, asking))
            }
            Err(refusal) => {
                asking.outcome = refusal.error.label();
                if refusal.is_late() {
                    self.learned.note_too_many(chars);
                }
                Err(refusal)
            }
        }
    }

    /// The answer whose status says that it is one.
    async fn ask(&self, turns: &[Turn], dialect: Dialect) -> Result<Incoming, Refusal> {
        let json = dialect.request(&self.settings, turns);
        let answer = self.endpoint.post("chat/completions", json, self.settings.waits).await;
        let answer = answer.map_err(|error| {
            tracing::warn!(%error, host = self.endpoint.host(), "the language model does not answer");
            Refusal::without_answer(error)
        })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(self.refused(answer).await)
    }

    /// Why the status of an answer is none of success; logs the server's message.
    async fn refused(&self, answer: Incoming) -> Refusal {
        /// Maximum number of bytes read of an error message.
        const MAX_WORDS: usize = 4096;
        let (status, retry_after) = (answer.status(), answer.retry_after());
        let body = answer.body(MAX_WORDS).await.map(|(body, _)| body).unwrap_or_default();
        let message = chunk::message_of(&String::from_utf8_lossy(&body));
        let reason = answer::for_log(&self.endpoint, &message);
        tracing::warn!(status = status.as_u16(), reason, host = self.endpoint.host(), "the language model refused");
        Refusal { error: LlmError::of_status(status, &message), status: Some(status), message, retry_after }
    }
}
