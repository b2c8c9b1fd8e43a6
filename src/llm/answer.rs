//! A streamed answer.

use serde::Deserialize;
use serde_json::Value;

use super::LlmError;
use super::asking::Asking;
use super::events::Events;
use super::thoughts::Thoughts;
use crate::fetch::{Endpoint, Incoming};

/// Maximum length of an answer, in characters: that of a message.
const MAX_CHARS: usize = 8_000;

/// Maximum size of an answer that is not streamed, in bytes.
const MAX_DOCUMENT: usize = 1024 * 1024;

/// End marker of the stream.
const DONE: &str = "[DONE]";

/// An answer that is being written. Dropping it closes the connection.
pub struct Writing {
    /// `None` once there is no more to come.
    incoming: Option<Incoming>,
    endpoint: Endpoint,
    /// Whether it is not streamed.
    is_document: bool,
    events: Events,
    thoughts: Thoughts,
    /// Received text that was not returned yet.
    ready: String,
    /// Number of characters received.
    chars: usize,
    /// Whether the model has signalled the end.
    is_finished: bool,
    /// Whether data was received, and whether any of it was valid.
    is_begun: (bool, bool),
    asking: Asking,
}

/// One event, or the whole of an answer that is not streamed.
#[derive(Deserialize)]
struct Chunk {
    /// Empty in the event that only counts tokens.
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Said>,
    #[serde(default)]
    message: Option<Said>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    /// Null in the first event of some servers.
    #[serde(default)]
    content: Option<String>,
}

impl Writing {
    pub(super) fn new(incoming: Incoming, endpoint: Endpoint, asking: Asking) -> Self {
        Self {
            is_document: incoming.media_type() == "application/json",
            incoming: Some(incoming),
            endpoint,
            events: Events::default(),
            thoughts: Thoughts::default(),
            ready: String::new(),
            chars: 0,
            is_finished: false,
            is_begun: (false, false),
            asking,
        }
    }

    /// The next part, `None` when the answer is complete.
    pub async fn next(&mut self) -> Result<Option<String>, LlmError> {
        let part = self.next_part().await;
        match &part {
            Ok(Some(_)) => self.asking.note_words(),
            Ok(None) => self.asking.outcome = "answered",
            Err(error) => self.asking.outcome = error.label(),
        }
        part
    }

    async fn next_part(&mut self) -> Result<Option<String>, LlmError> {
        loop {
            if !self.ready.is_empty() {
                return Ok(Some(std::mem::take(&mut self.ready)));
            }
            if self.incoming.is_none() {
                return if self.chars == 0 { Err(LlmError::Silent) } else { Ok(None) };
            }
            let read = self.read().await;
            if read.is_err() {
                self.incoming = None;
            }
            read?;
        }
    }

    /// Reads from the network.
    async fn read(&mut self) -> Result<(), LlmError> {
        let Some(incoming) = &mut self.incoming else { return Ok(()) };
        if self.is_document {
            return self.read_document().await;
        }
        match incoming.chunk().await? {
            Some(bytes) => {
                self.is_begun.0 = true;
                let events = self.events.push(&bytes).map_err(|_| LlmError::Garbled)?;
                events.iter().try_for_each(|event| self.take_event(event))
            }
            None => {
                if let Some(event) = self.events.end() {
                    self.take_event(&event)?;
                }
                // Without an end signal, the server or a proxy failed.
                if !self.is_finished {
                    return Err(if self.is_begun == (true, false) { LlmError::Garbled } else { LlmError::BrokeOff });
                }
                self.end();
                Ok(())
            }
        }
    }

    /// A server without streaming returns everything at once.
    async fn read_document(&mut self) -> Result<(), LlmError> {
        let Some(incoming) = self.incoming.take() else { return Ok(()) };
        let (body, is_cut) = incoming.body(MAX_DOCUMENT).await?;
        let text = String::from_utf8(body).ok().filter(|_| !is_cut).ok_or(LlmError::Garbled)?;
        self.take_chunk(&text)?;
        self.end();
        Ok(())
    }

    fn take_event(&mut self, event: &str) -> Result<(), LlmError> {
        match event.trim() {
            _ if self.incoming.is_none() => Ok(()),
            "" => Ok(()),
            DONE => {
                self.end();
                Ok(())
            }
            chunk => self.take_chunk(chunk),
        }
    }

    fn take_chunk(&mut self, text: &str) -> Result<(), LlmError> {
        let chunk: Chunk = serde_json::from_str(text).map_err(|_| {
            tracing::warn!(reason = for_log(&self.endpoint, text), "the language model's answer cannot be read");
            LlmError::Garbled
        })?;
        self.is_begun.1 = true;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let reason = for_log(&self.endpoint, &error.to_string());
            tracing::warn!(reason, "the language model reported an error");
            return Err(LlmError::Faulty);
        }
        let Some(choice) = chunk.choices.into_iter().next() else { return Ok(()) };
        if let Some(content) = choice.delta.or(choice.message).and_then(|said| said.content) {
            let piece = self.thoughts.without(content);
            self.give(piece);
        }
        match choice.finish_reason.as_deref() {
            None => {}
            Some("length") => {
                self.is_finished = true;
                self.give("…".into());
            }
            Some(_) => self.is_finished = true,
        }
        Ok(())
    }

    fn give(&mut self, mut piece: String) {
        let room = MAX_CHARS.saturating_sub(self.chars);
        if let Some((end, _)) = piece.char_indices().nth(room) {
            piece.truncate(end);
            piece.push('…');
            self.incoming = None;
        }
        self.chars += piece.chars().count();
        self.ready.push_str(&piece);
    }

    fn end(&mut self) {
        self.incoming = None;
        let held = self.thoughts.end();
        self.give(held);
    }
}

/// An error message of the server as one short line, without the key.
pub(super) fn for_log(endpoint: &Endpoint, words: &str) -> String {
    const MOST: usize = 300;
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    endpoint.hide_key_in(&line).chars().filter(|c| !c.is_control()).take(MOST).collect()
}
