//! Decides whether the retrieved passages are likely to answer the question.

use std::collections::HashSet;

use crate::analysis::{TermKind, query_terms};

/// The evidence for that decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signals {
    /// Cosine of the nearest passage; `None` without search by meaning, or with a model that the thresholds were not tuned for.
    pub cosine: Option<f32>,
    /// The largest share of the question's words that one of the best passages has, rare words counting more; 0 to 1.
    pub coverage: f32,
    /// The same for the passages that lie nearest by meaning.
    pub near_coverage: f32,
    /// Whether the question is in Chinese.
    pub is_chinese: bool,
    /// Whether much of the question stands in no document.
    pub is_unmentioned: bool,
}

/// Coverage that suffices where meaning was not looked at. Of the questions that words answered, a sixth lies below; of those
/// without an answer, three quarters (77 and 11 questions of the quality bench's development part).
const WORDS_ALONE: f32 = 0.27;

/// Coverage that suffices beside any cosine: the passage that has the words may have no vector yet.
const COVERED: f32 = 0.5;

/// By how much cosines of Chinese texts are higher than those of English ones, related or not.
const CHINESE: f32 = 0.045;

/// What full coverage by the nearest passages counts beside a cosine.
const WORDS_SHARE: f32 = 0.08;

/// The sum that suffices where much of the question stands in no document. These were chosen by the quality bench's development part:
/// there they refuse eight of eleven questions without an answer and one of 77 with one. A regression over six signals, normalised
/// ranks and lengths among them, was too little better to be worth its weights.
const NEAR_UNMENTIONED: f32 = 0.83;

/// The sum that suffices otherwise.
const NEAR: f32 = 0.816;

impl Signals {
    /// Whether the evidence suffices; if not, the answer states that nothing was found.
    pub fn suffice(self) -> bool {
        let Some(cosine) = self.cosine else { return self.coverage >= WORDS_ALONE };
        let shift = if self.is_chinese { CHINESE } else { 0.0 };
        let near = if self.is_unmentioned { NEAR_UNMENTIONED } else { NEAR };
        self.coverage >= COVERED || cosine - shift + WORDS_SHARE * self.near_coverage >= near
    }
}

/// Minimum share of common terms for two questions to count as the same.
const SAME: f32 = 0.6;

/// Whether a question asks what an entry of a list of questions asks, by their terms: the entry's answer is then its answer.
pub fn answers_directly(question: &str, entry: &str) -> bool {
    let [question, entry] = [question, entry].map(informative_terms);
    let common = question.intersection(&entry).count();
    // Dice's coefficient.
    let share = 2.0 * common as f32 / (question.len() + entry.len()).max(1) as f32;
    share >= SAME
}

fn informative_terms(text: &str) -> HashSet<String> {
    let terms = query_terms(text).into_iter().filter(|term| !matches!(term.kind, TermKind::Single | TermKind::Last));
    terms.map(|term| term.text).collect()
}
