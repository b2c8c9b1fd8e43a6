//! A streamed answer.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::LlmError;
use super::asking::Asking;
use super::chunk::{Chunk, End, Fault};
use super::events::Events;
use super::learned::Learned;
use super::thoughts::{Shown, Thoughts};
use crate::fetch::{Endpoint, FetchError, Incoming};

/// Maximum length of an answer, in characters: that of a message.
const MAX_CHARS: usize = 8_000;

/// End marker of the stream.
const DONE: &str = "[DONE]";

/// How long the end marker is waited for behind the reason for the end: some servers send none, and keep the connection.
const GRACE: Duration = Duration::from_secs(1);

/// A part of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// All of the text so far was thought: the answer begins only now.
    Retraction,
}

/// What was asked, and of whom.
pub(super) struct Asked {
    pub endpoint: Endpoint,
    pub learned: Arc<Learned>,
    /// Length of the request's text, in characters.
    pub chars: usize,
    pub at: Instant,
    /// The time in which the answer has to begin.
    pub limit: Duration,
}

/// An answer that is being written. Dropping it closes the connection.
pub struct Writing {
    /// `None` once there is no more to come.
    incoming: Option<Incoming>,
    asked: Asked,
    events: Events,
    thoughts: Thoughts,
    /// Parts that were not returned yet.
    ready: Shown,
    /// Number of characters received.
    chars: usize,
    /// How the model says that the answer ended.
    end: Option<End>,
    /// Whether a part of an answer has come, thoughts included.
    has_begun: bool,
    /// Whether data was received, and whether any of it was valid.
    received: (bool, bool),
    asking: Asking,
}

impl Writing {
    pub(super) fn new(incoming: Incoming, asked: Asked, asking: Asking) -> Self {
        Self {
            incoming: Some(incoming),
            events: Events::default(),
            thoughts: Thoughts::new(asked.learned.thinks_unmarked()),
            asked,
            ready: Shown::default(),
            chars: 0,
            end: None,
            has_begun: false,
            received: (false, false),
            asking,
        }
    }

    /// The next part, `None` when the answer is complete.
    pub async fn next(&mut self) -> Result<Option<Part>, LlmError> {
        let part = self.next_part().await;
        match &part {
            Ok(Some(_)) => self.asking.note_words(),
            Ok(None) => self.asking.outcome = "answered",
            Err(error) => self.asking.outcome = error.label(),
        }
        part
    }

    async fn next_part(&mut self) -> Result<Option<Part>, LlmError> {
        loop {
            if mem::take(&mut self.ready.retracts) {
                return Ok(Some(Part::Retraction));
            }
            if !self.ready.text.is_empty() {
                return Ok(Some(Part::Text(mem::take(&mut self.ready.text))));
            }
            if self.incoming.is_none() {
                return self.check_end().map(|()| None);
            }
            if let Err(error) = self.read().await {
                self.incoming = None;
                if error == LlmError::TooSlow && !self.has_begun {
                    self.asked.learned.note_too_many(self.asked.chars);
                }
                return Err(error);
            }
        }
    }

    /// Whether what has ended is an answer.
    fn check_end(&self) -> Result<(), LlmError> {
        match self.end {
            Some(End::Filtered) => Err(LlmError::Filtered),
            Some(End::Failed) => Err(LlmError::Faulty),
            Some(End::Cut) if self.chars == 0 => Err(LlmError::NoRoom),
            _ if self.chars == 0 => Err(LlmError::Silent),
            _ => Ok(()),
        }
    }

    /// Reads from the network.
    async fn read(&mut self) -> Result<(), LlmError> {
        match self.chunk().await? {
            Some(bytes) => {
                self.received.0 = true;
                let events = self.events.push(&bytes).map_err(|_| LlmError::Garbled)?;
                events.iter().try_for_each(|event| self.take_event(event))
            }
            None => {
                for event in self.events.end() {
                    let was_valid = self.received.1;
                    let is_cut =
                        |error| if was_valid && error == LlmError::Garbled { LlmError::BrokeOff } else { error };
                    self.take_event(&event).map_err(is_cut)?;
                }
                // Without an end signal, the server or a proxy failed.
                if self.end.is_none() && self.incoming.is_some() {
                    return Err(if self.received == (true, false) { LlmError::Garbled } else { LlmError::BrokeOff });
                }
                self.finish();
                Ok(())
            }
        }
    }

    /// The next bytes; behind the end of the answer, what becomes of the connection does not matter.
    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, FetchError> {
        let Some(incoming) = &mut self.incoming else { return Ok(None) };
        match self.end {
            None => incoming.chunk().await,
            Some(_) => Ok(tokio::time::timeout(GRACE, incoming.chunk()).await.ok().and_then(Result::ok).flatten()),
        }
    }

    fn take_event(&mut self, event: &str) -> Result<(), LlmError> {
        match event.trim() {
            _ if self.incoming.is_none() => Ok(()),
            "" => Ok(()),
            DONE => {
                self.received.1 = true;
                self.finish();
                Ok(())
            }
            json => self.take_chunk(json),
        }
    }

    fn take_chunk(&mut self, json: &str) -> Result<(), LlmError> {
        let chunk = match Chunk::parse(json) {
            Ok(chunk) => chunk,
            // Behind the end there is nothing that matters.
            Err(_) if self.end.is_some() => return Ok(()),
            Err(Fault::Garbled) => {
                let reason = for_log(&self.asked.endpoint, json);
                tracing::warn!(reason, "the language model's answer cannot be read");
                return Err(LlmError::Garbled);
            }
            Err(Fault::Reported(message)) => {
                let reason = for_log(&self.asked.endpoint, &message);
                tracing::warn!(reason, "the language model reported an error");
                return Err(LlmError::of_message(&message).unwrap_or(LlmError::Faulty));
            }
        };
        self.received.1 = true;
        self.note_beginning(&chunk);
        if chunk.has_thoughts {
            self.thoughts.are_told_apart();
        }
        let shown = self.thoughts.push(&chunk.text);
        self.give(shown);
        self.end = self.end.or(chunk.end);
        Ok(())
    }

    fn note_beginning(&mut self, chunk: &Chunk) {
        if !self.has_begun && (chunk.has_thoughts || !chunk.text.is_empty()) {
            self.has_begun = true;
            self.asked.learned.note_reading(self.asked.chars, self.asked.at.elapsed(), self.asked.limit);
        }
    }

    fn give(&mut self, mut shown: Shown) {
        if shown.retracts {
            self.chars = 0;
            self.ready = Shown { retracts: true, text: String::new() };
        }
        let room = MAX_CHARS.saturating_sub(self.chars);
        if let Some((end, _)) = shown.text.char_indices().nth(room) {
            shown.text.truncate(end);
            shown.text.push('…');
            self.incoming = None;
        }
        self.chars += shown.text.chars().count();
        self.ready.text.push_str(&shown.text);
    }

    fn finish(&mut self) {
        if self.incoming.take().is_none() {
            return;
        }
        let is_cut = self.end == Some(End::Cut);
        let rest = self.thoughts.end(is_cut);
        self.give(rest);
        if self.thoughts.were_unmarked() {
            self.asked.learned.note_unmarked_thoughts();
        }
        if is_cut && self.chars > 0 {
            self.give(Shown { retracts: false, text: "…".into() });
        }
    }
}

/// An error message of the server as one short line, without the key.
pub(super) fn for_log(endpoint: &Endpoint, words: &str) -> String {
    const MOST: usize = 300;
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    endpoint.hide_key_in(&line).chars().filter(|c| !c.is_control()).take(MOST).collect()
}
