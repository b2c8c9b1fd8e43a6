//! Gaps in what the documents answer: questions without an answer, or with one that people rated as bad.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::Timestamp;

/// Id of a gap: that of its question, in whatever way it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapId(String);

impl GapId {
    /// Bytes of the digest that it consists of.
    const BYTES: usize = 16;

    /// Letter case, the width of letters, punctuation and space make no difference.
    pub fn of(question: &str) -> Self {
        let folded = question.nfkc().collect::<String>().to_lowercase();
        let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        Self(HEXLOWER.encode(&Sha256::digest(words.join(" "))[..Self::BYTES]))
    }

    /// Parses an untrusted id.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_hex && text.len() == 2 * Self::BYTES).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A question that the documents do not answer well. Who asked it, and where, is not noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// As it was asked last.
    pub question: String,
    /// How often nothing was found for it.
    pub unanswered: u32,
    /// How many people rate an answer to it as bad.
    pub rated_bad: u32,
    /// The answer that was rated so last, or its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// Not listed any more, however often it is asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dismissed: bool,
    /// Its place among the limited number of them.
    pub place: u32,
}

impl Gap {
    /// Longest part of an answer that is kept, in characters.
    const ANSWER_CHARS: usize = 500;

    pub fn new(question: &str, place: u32) -> Self {
        let (question, now) = (question.trim().to_owned(), Timestamp::now());
        let (unanswered, rated_bad, answer, dismissed) = (0, 0, None, false);
        Self { question, unanswered, rated_bad, answer, first_at: now, last_at: now, dismissed, place }
    }

    /// Nothing was found for its question.
    #[must_use]
    pub fn asked(self, question: &str) -> Self {
        let (question, last_at) = (question.trim().to_owned(), Timestamp::now());
        Self { question, unanswered: self.unanswered.saturating_add(1), last_at, ..self }
    }

    /// So many more rate this answer as bad, or as many fewer.
    #[must_use]
    pub fn rated(self, change: i32, answer: &str) -> Self {
        let rated_bad = self.rated_bad.saturating_add_signed(change);
        if change <= 0 {
            return Self { rated_bad, ..self };
        }
        let answer = answer.chars().take(Self::ANSWER_CHARS).collect();
        Self { rated_bad, answer: Some(answer), last_at: Timestamp::now(), ..self }
    }

    /// Whether it may give its place to another: nobody wants to see it, or it was asked once.
    pub fn is_minor(&self) -> bool {
        self.dismissed || (self.rated_bad == 0 && self.unanswered <= 1)
    }

    /// Whether nothing is left to say about it.
    pub fn is_closed(&self) -> bool {
        self.unanswered == 0 && self.rated_bad == 0 && !self.dismissed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_width_punctuation_and_space_make_no_other_question() {
        let id = GapId::of("where can i park?");
        for same in ["Where can I park", "  where  can i park ?!", "WHERE can i park？", "ｗhere can i park"] {
            assert_eq!(GapId::of(same), id, "{same}");
        }
        assert_ne!(GapId::of("where can i smoke?"), id);
        assert_eq!(GapId::parse(id.as_str()), Some(id));
        for text in ["", "abc", "zz345678901234567890123456789012", "../5678901234567890123456789012"] {
            assert_eq!(GapId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ratings_that_are_taken_back_close_a_gap() {
        let gap = Gap::new("Why?", 0).rated(1, "Because.");
        assert_eq!((gap.rated_bad, gap.answer.as_deref()), (1, Some("Because.")));
        assert!(gap.clone().rated(-1, "Because.").is_closed());
        assert!(!gap.asked("Why?").rated(-1, "Because.").is_closed());
    }
}
