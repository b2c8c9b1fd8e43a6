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

impl Signals {
    /// Whether they suffice to answer; if not, it is said that nothing fits.
    pub fn suffice(self) -> bool {
        match self.cosine {
            Some(cosine) => cosine + 0.05 * self.coverage >= 0.86,
            None => self.coverage >= 0.5,
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
