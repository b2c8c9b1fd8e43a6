//! What is said: messages, their texts and ids.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Grounds, Handle, JobId, JobState, Person, Timestamp};
use crate::text::Text;

/// What somebody says: never blank, never longer than the server allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageText(String);

impl MessageText {
    /// Checks a text from outside; `max_chars` is the setting `limits.message_chars`. Control characters are left out: they
    /// show nothing, steer the terminals of those who read along there, and take six times their size in a record.
    pub fn new(text: String, max_chars: usize) -> Result<Self, Text> {
        let text = shown(text)?;
        let length = text.chars().count();
        if length > max_chars {
            return Err(Text::new("error-too_long").with("length", length).with("max", max_chars));
        }
        Ok(Self(text))
    }

    /// As [`MessageText::new`], but cut where it is too long: for senders that cannot be told and would be lost.
    pub fn cut(text: String, max_chars: usize) -> Result<Self, Text> {
        let mut text = shown(text)?;
        if text.chars().nth(max_chars).is_some() {
            text = text.chars().take(max_chars.saturating_sub(1)).chain(['…']).collect();
        }
        Ok(Self(text))
    }

    /// A text that a bot answers with, without control characters, cut where it exceeds what one record holds.
    pub fn from_bot(mut text: String) -> Self {
        /// Bytes as they are stored; values stay below 64 KB, and a job repeats its answer beside the message.
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

    /// What remains of a deleted message.
    pub fn deleted() -> Self {
        Self(String::new())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text without its control characters, if anything can be seen of it then.
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

    /// Checks an id from outside.
    pub fn new(text: String) -> Result<Self, Text> {
        let fits = !text.is_empty() && text.chars().count() <= Self::MAX_CHARS;
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(Text::new("error-bad_id").with("max", Self::MAX_CHARS))
        }
    }

    /// An id for something longer, or of other characters, that is as unique.
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

/// What a room's bot answers to.
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

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Voice {
    User,
    Bot,
    System,
}

/// One message of a room as it is kept. Its number is its key, not part of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    pub id: SendId,
    /// Who said it, whatever they call themselves. Not for clients.
    pub author: Person,
    pub handle: Handle,
    pub role: Voice,
    pub text: MessageText,
    pub at: Timestamp,
    /// The job this message asked for, or whose answer it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// Set on an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// What an answer says about the job it ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Number of the message that asked.
    pub reply_to: u64,
    /// How the job ended.
    pub state: JobState,
    /// From asking to answering, in milliseconds.
    pub took_ms: u64,
    /// What was asked, as the bot understood it.
    pub query: String,
    /// What it rests on, where a question was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grounds: Option<Arc<Grounds>>,
}

impl Answer {
    /// What remains when the question is deleted.
    #[must_use]
    pub fn without_question(self) -> Self {
        let grounds = self.grounds.map(|grounds| Arc::new(Grounds { query: String::new(), ..(*grounds).clone() }));
        Self { query: String::new(), grounds, ..self }
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
