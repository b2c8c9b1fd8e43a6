//! Messages, their texts and ids.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AddressDigest, Citations, Erasure, Handle, JobId, JobState, Principal, Reactions, Role, Timestamp};
use crate::text::Text;

/// A message's text: never blank, never longer than allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageText(String);

impl MessageText {
    /// Validates an untrusted text; `max_chars` is the setting `limits.message_chars`. Control characters are removed: they
    /// are invisible, can control a reader's terminal, and take six times their size in a record.
    pub fn new(text: String, max_chars: usize) -> Result<Self, Text> {
        let text = shown(text)?;
        let length = text.chars().count();
        if length > max_chars {
            return Err(Text::new("error-too_long").with("length", length).with("max", max_chars));
        }
        Ok(Self(text))
    }

    /// Like [`MessageText::new`], but truncates long texts, for senders that cannot react to an error.
    pub fn cut(text: String, max_chars: usize) -> Result<Self, Text> {
        let mut text = shown(text)?;
        if text.chars().nth(max_chars).is_some() {
            text = text.chars().take(max_chars.saturating_sub(1)).chain(['…']).collect();
        }
        Ok(Self(text))
    }

    /// A bot's answer, without control characters, truncated to what fits into a record.
    pub fn from_bot(mut text: String) -> Self {
        /// Size as stored, in bytes; values stay below 64 KB, and the job's record repeats the answer.
        const MAX_BYTES: usize = 24 * 1024;
        text.retain(is_shown);
        let mut stored = 0;
        let cut = text.char_indices().find(|(_, c)| {
            stored += if matches!(c, '"' | '\\' | '\n' | '\r' | '\t') { 2 } else { c.len_utf8() };
            stored > MAX_BYTES
        });
        if let Some((end, _)) = cut {
            text.truncate(end);
            text.push('…');
        }
        Self(text)
    }

    /// The text of a deleted message.
    pub fn deleted() -> Self {
        Self(String::new())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Removes control characters; an error if nothing visible remains.
fn shown(mut text: String) -> Result<String, Text> {
    text.retain(is_shown);
    if text.trim().is_empty() { Err(Text::new("error-empty")) } else { Ok(text) }
}

fn is_shown(c: char) -> bool {
    !c.is_control() || matches!(c, '\n' | '\r' | '\t')
}

/// A client's own unique id for a message it sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SendId(String);

impl SendId {
    /// Longest id, in characters.
    pub const MAX_CHARS: usize = 64;

    /// Validates an untrusted id.
    pub fn new(text: String) -> Result<Self, Text> {
        let fits = !text.is_empty() && text.chars().count() <= Self::MAX_CHARS;
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(Text::new("error-bad_id").with("max", Self::MAX_CHARS))
        }
    }

    /// An id derived from longer or arbitrary data.
    pub fn digest(bytes: &[u8]) -> Self {
        Self(HEXLOWER.encode(&Sha256::digest(bytes)))
    }

    /// An id for a message whose sender gave none.
    pub fn fresh() -> Self {
        Self(uuid::Uuid::now_v7().simple().to_string())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which messages in a room are for the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BotMode {
    /// Every message is for the bot.
    Always,
    /// `/command` and `@bot …` are for the bot.
    Mention,
    /// The bot is silent.
    Never,
}

/// Kind of a message's author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    User,
    Bot,
    System,
}

/// The stored record of a message. Its number is the key, not part of the record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    pub id: SendId,
    /// Who said it, whatever they call themselves. Not for clients.
    pub author: Principal,
    pub handle: Handle,
    pub role: AuthorKind,
    /// What its author was then.
    #[serde(default, skip_serializing_if = "Role::is_guest")]
    pub author_role: Role,
    /// From where it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressDigest>,
    pub text: MessageText,
    pub at: Timestamp,
    /// The job that this message requested or answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// Set on an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    #[serde(default, skip_serializing_if = "Reactions::is_empty")]
    pub reactions: Reactions,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl Message {
    /// Whether somebody who is removed wrote it, or put something on it.
    pub fn is_touched_by(&self, erasure: &Erasure) -> bool {
        erasure.is_of(&self.author) || self.reactions.has_of(erasure)
    }

    /// The same without somebody of whom nothing is to be known any more.
    #[must_use]
    pub fn without(self, erasure: &Erasure) -> Self {
        let message = Self { reactions: self.reactions.without_those_of(erasure), ..self };
        if !erasure.is_of(&message.author) {
            return message;
        }
        let (author, handle, author_role) = (Principal::deleted(), Handle::deleted(), Role::default());
        Self { author, handle, author_role, address: None, ..message }
    }

    /// The question that it answers, if it answers one and that was not deleted.
    pub fn question(&self) -> Option<&str> {
        let citations = self.answer.as_ref()?.citations.as_deref()?;
        Some(citations.query.as_str()).filter(|question| !question.is_empty())
    }
}

/// An answer's data on its job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Number of the message that requested the job.
    pub reply_to: u64,
    /// How the job ended.
    pub state: JobState,
    /// From request to answer, in milliseconds.
    pub took_ms: u64,
    /// What was asked, as the bot understood it.
    pub query: String,
    /// The sources, if a question was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citations: Option<Arc<Citations>>,
}

impl Answer {
    /// Removes the question, after its message was deleted.
    #[must_use]
    pub fn without_question(self) -> Self {
        let citations =
            self.citations.map(|citations| Arc::new(Citations { query: String::new(), ..(*citations).clone() }));
        Self { query: String::new(), citations, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bots_text_is_cut_by_what_it_takes_in_a_record() {
        for piece in ["a", "字", "\"", "\\n", "\u{0}", "\u{1b}[2J"] {
            let text = MessageText::from_bot(piece.repeat(100_000));
            let record = serde_json::to_vec(&text).expect("a record").len();
            assert!(record <= 25 * 1024, "{piece:?} takes {record}");
            assert!(!text.as_str().contains(['\u{0}', '\u{1b}']));
        }
    }
}
