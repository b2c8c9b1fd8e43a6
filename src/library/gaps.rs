//! Questions that the documents do not answer well, and entries of frequent questions that answer them.

use std::sync::Arc;

use super::{Correction, Library, NewDocument, NewText};
use crate::accounts::{Action, Actor};
use crate::model::{Document, DocumentId, DocumentKind, Gap, GapId, Timestamp, UsedIn};
use crate::store::Store;
use crate::text::Text;

/// Longest question of an entry, in characters: a heading.
const QUESTION_CHARS: usize = 300;

/// How long a gap is kept of which nothing is heard. Milliseconds.
const KEEP_GAPS: i64 = 90 * 24 * 60 * 60 * 1000;

/// An entry of frequent questions to be stored.
#[derive(Clone, Debug)]
pub struct FaqEntry {
    pub question: String,
    pub answer: String,
    /// The list that it goes to; `None` for a new one.
    pub document: Option<DocumentId>,
    /// Where a new list is used.
    pub used_in: UsedIn,
}

impl Library {
    /// Notes that nothing was found for a question.
    pub async fn note_unanswered(&self, question: &str) -> Result<(), Text> {
        let id = GapId::of(question);
        if !self.store.change_gap(&id, question, |gap| gap.asked(question)).await? {
            tracing::debug!("a question is not noted: there are too many");
        }
        Ok(())
    }

    /// Those that are open: rated as bad, then asked, most often first; and whether there is no place for another.
    pub async fn gaps(&self, actor: &Actor) -> Result<(Vec<(GapId, Gap)>, bool), Text> {
        actor.may(Action::ManageDocuments)?;
        let mut gaps = self.store.gaps().await?;
        let is_full = gaps.len() >= Store::MOST_GAPS as usize && !gaps.iter().any(|(_, gap)| gap.is_minor());
        gaps.retain(|(_, gap)| !gap.dismissed);
        gaps.sort_by_key(|(_, gap)| std::cmp::Reverse((gap.rated_bad, gap.unanswered, gap.last_at)));
        Ok((gaps, is_full))
    }

    /// A gap is not to be listed any more.
    pub async fn dismiss_gap(&self, actor: &Actor, id: &GapId) -> Result<(), Text> {
        actor.may(Action::ManageDocuments)?;
        if self.store.dismiss_gap(id).await? { Ok(()) } else { Err(no_such_gap()) }
    }

    /// Closes a gap by an entry of frequent questions; returns the list that has it.
    pub async fn answer_gap(self: &Arc<Self>, actor: &Actor, id: &GapId, entry: FaqEntry) -> Result<Document, Text> {
        actor.may(Action::ManageDocuments)?;
        self.store.gap(id).await?.ok_or_else(no_such_gap)?;
        let text = written(&entry)?;
        let document = match &entry.document {
            Some(list) => self.append_entry(actor, list, text).await?,
            None => {
                let title = Text::new("faq-title").in_locale(actor.locale);
                let draft = self.intake.draft_of_text(Some(title), &text, DocumentKind::Faq)?;
                let new = NewDocument { draft, language: None, used_in: entry.used_in, again: false };
                self.add(actor, new).await?
            }
        };
        self.store.remove_gap(id).await?;
        Ok(document)
    }

    async fn append_entry(self: &Arc<Self>, actor: &Actor, list: &DocumentId, text: String) -> Result<Document, Text> {
        let document = self.document(list).await?;
        if document.kind != DocumentKind::Faq {
            return Err(Text::new("error-wrong_state-no_faq"));
        }
        if document.origin.synced.is_some() {
            return Err(Text::new("error-wrong_state-synced_faq"));
        }
        let correction = Correction { text: Some(NewText::Appended(text)), ..Correction::default() };
        self.correct(actor, list, correction).await
    }

    /// Forgets gaps of which nothing was heard for long.
    pub(super) async fn prune_gaps(&self) {
        match self.store.prune_gaps(Timestamp(Timestamp::now().0.saturating_sub(KEEP_GAPS))).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "forgot old questions"),
            Err(error) => tracing::warn!(%error, "cannot forget old questions for now"),
        }
    }
}

/// An entry as it stands in the text of a list.
fn written(entry: &FaqEntry) -> Result<String, Text> {
    let question: Vec<&str> = entry.question.split_whitespace().collect();
    let question = question.join(" ");
    let question = question.trim_start_matches('#').trim();
    if question.is_empty() || question.chars().count() > QUESTION_CHARS {
        return Err(Text::new("error-bad_faq-question").with("max", QUESTION_CHARS));
    }
    let answer = entry.answer.trim();
    if !answer.chars().any(char::is_alphanumeric) {
        return Err(Text::new("error-bad_faq-answer"));
    }
    Ok(format!("## {question}\n\n{}", below_questions(answer)))
}

/// Makes headings of an answer ones of the third level, for those of the second are questions.
fn below_questions(answer: &str) -> String {
    let lower = |line: &str| match line.trim_start_matches('#') {
        words if matches!(line.len() - words.len(), 1 | 2) && words.starts_with(' ') => format!("###{words}"),
        _ => line.to_owned(),
    };
    let lines: Vec<String> = answer.lines().map(lower).collect();
    lines.join("\n")
}

fn no_such_gap() -> Text {
    Text::new("error-not_found-gap")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::passages;

    fn entry(question: &str, answer: &str) -> FaqEntry {
        let (question, answer) = (question.to_owned(), answer.to_owned());
        FaqEntry { question, answer, document: None, used_in: UsedIn::AllRooms }
    }

    #[test]
    fn an_entry_is_one_question_whatever_is_in_it() {
        let text = written(&entry("  ## Can I\npark? ", "# Yes\n\nBehind the house.\n\n## But\n\nnot on Sundays."));
        let text = text.expect("an entry");
        assert_eq!(text, "## Can I park?\n\n### Yes\n\nBehind the house.\n\n### But\n\nnot on Sundays.");
        assert_eq!(passages(&text, DocumentKind::Faq).len(), 1);
    }

    #[test]
    fn entries_without_a_question_or_an_answer_are_refused() {
        for (question, answer) in
            [("", "Yes."), ("###", "Yes."), ("Why?", " \n"), ("Why?", "…"), (&"x".repeat(301), "Yes.")]
        {
            assert!(written(&entry(question, answer)).is_err(), "{question:?} {answer:?}");
        }
    }
}
