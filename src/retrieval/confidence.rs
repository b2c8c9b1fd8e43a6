//! Whether what was found is likely to answer.

use std::collections::HashSet;

use crate::analysis::{TermKind, query_terms};

/// What an answer rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signals {
    /// The nearest passage's cosine; `None` where meaning was not looked at.
    pub cosine: Option<f32>,
    /// The largest share of the question's words that one of the best passages has, rare words counting more; 0 to 1.
    pub coverage: f32,
}

/// Coverage that suffices where meaning was not looked at. Of the questions that words answered, a sixth lies below; of those
/// without an answer, three quarters (77 and 11 questions of the quality bench's development part).
const WORDS_ALONE: f32 = 0.27;

/// Coverage that suffices beside any cosine: the passage that has the words may have no vector yet.
const COVERED: f32 = 0.5;

/// What full coverage counts beside a cosine.
const WORDS_SHARE: f32 = 0.1;

/// The sum of both that suffices: chosen by the quality bench's development part over half of its passages, where it refuses about
/// half of the questions without an answer and one in fifteen of the others.
const NEAR: f32 = 0.872;

impl Signals {
    /// Whether they suffice to answer; if not, it is said that nothing fits.
    pub fn suffice(self) -> bool {
        match self.cosine {
            Some(cosine) => self.coverage >= COVERED || cosine + WORDS_SHARE * self.coverage >= NEAR,
            None => self.coverage >= WORDS_ALONE,
        }
    }
}

/// Share of common terms from which two questions ask the same.
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
