//! From a question to an answer: an entry that answers it, words that a model writes from passages, the passages themselves, or
//! that there is nothing.
//!
//! Knows no rooms and no jobs. Whatever becomes of the model, there is an answer, and it says why it is not another.

mod citations;
mod prompt;
mod wording;

use std::sync::Arc;

use async_trait::async_trait;

use crate::analysis;
use crate::index::Audience;
use crate::library::Library;
use crate::llm::{LanguageModel, LlmError};
use crate::model::{AnsweredBy, FaqAnswer, Findings, Grounds, Language, RoomName, Source};
use crate::text::{Locale, Text};
use citations::Citations;

/// Passages that are quoted where nobody writes an answer from them. Whole ones: a single sentence rarely holds the answer.
const QUOTED: usize = 3;

/// Passages that a model is given.
const GIVEN: usize = 6;

/// Most passages that somebody may ask for.
pub const MOST_PASSAGES: usize = 10;

/// Where passages come from.
#[async_trait]
pub trait Finder: Send + Sync {
    /// Whether there are any documents.
    fn has_documents(&self) -> bool;

    /// What the documents have on a question that is asked in this room, or in none.
    async fn find(&self, question: &str, room: Option<&RoomName>, limit: usize) -> Result<Findings, Text>;
}

#[async_trait]
impl Finder for Arc<Library> {
    fn has_documents(&self) -> bool {
        self.standing().documents > 0
    }

    async fn find(&self, question: &str, room: Option<&RoomName>, limit: usize) -> Result<Findings, Text> {
        let audience = room.cloned().map_or(Audience::AllRooms, Audience::Room);
        Library::find(self, question, &audience, limit).await
    }
}

/// Where there are no documents.
#[cfg(test)]
pub struct NoDocuments;

#[cfg(test)]
#[async_trait]
impl Finder for NoDocuments {
    fn has_documents(&self) -> bool {
        false
    }

    async fn find(&self, _: &str, _: Option<&RoomName>, _: usize) -> Result<Findings, Text> {
        Ok(Findings::default())
    }
}

/// Whoever reads an answer while it is written.
#[async_trait]
pub trait Reader: Send + Sync {
    /// The next words; together they begin the answer.
    async fn read(&self, piece: &str);
}

/// A question with all that belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub text: &'a str,
    /// Whoever asks.
    pub handle: &'a str,
    /// Where it is asked, if in a room: documents of other rooms stay there.
    pub room: Option<&'a RoomName>,
    /// The asker's language.
    pub locale: Locale,
    /// How many passages are wanted; `None` for as many as are sensible.
    pub limit: Option<usize>,
    /// What was said before, oldest first.
    pub history: &'a [Said],
    /// How a model is to be in this room; empty for no particular way.
    pub instructions: &'a str,
}

/// Something that was said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whoever said it, `None` for the bot.
    pub by: Option<String>,
    pub text: String,
    /// The question that it answers.
    pub asked: Option<String>,
}

/// Answers questions.
pub struct Answers {
    finder: Arc<dyn Finder>,
    model: Option<LanguageModel>,
    /// Whether the model may answer what the documents have nothing on.
    beyond_documents: bool,
}

/// What a model was given, and what it wrote.
struct Written {
    text: String,
    cited: Vec<usize>,
}

impl Answers {
    pub fn new(finder: Arc<dyn Finder>, model: Option<LanguageModel>, beyond_documents: bool) -> Self {
        Self { finder, model, beyond_documents }
    }

    /// The model's name, if there is one.
    pub fn model(&self) -> Option<&str> {
        self.model.as_ref().map(LanguageModel::name)
    }

    /// Answers a question; `reader` sees the answer while it is written.
    ///
    /// # Errors
    /// When the documents cannot be asked. What goes wrong with the model is part of the answer.
    pub async fn answer(&self, question: &Question<'_>, reader: &dyn Reader) -> Result<(String, Grounds), Text> {
        let question = Question { locale: language_of(question), ..*question };
        let limit = question.limit.unwrap_or(if self.model.is_some() { GIVEN } else { QUOTED });
        let findings = self.finder.find(question.text, question.room, limit.clamp(1, MOST_PASSAGES)).await?;
        if let Some(faq) = findings.faq {
            return Ok(by_entry(&question, faq));
        }
        let Some(model) = &self.model else { return Ok(self.quoted(&question, findings, None)) };
        let given = match findings.confident {
            true => findings.sources.clone(),
            false => self.continued(&question).await,
        };
        if given.is_empty() && !self.beyond_documents && self.finder.has_documents() {
            return Ok(self.quoted(&question, findings, None));
        }
        match self.write(model, &question, &given, findings.confident, reader).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                tracing::warn!(%error, model = model.name(), "the language model did not answer");
                Ok(self.quoted(&question, findings, Some(error)))
            }
        }
    }

    /// The passages in a model's words. `are_fitting` says whether the passages are about the question itself, and so worth showing
    /// although nothing cites them.
    async fn write(
        &self,
        model: &LanguageModel,
        question: &Question<'_>,
        sources: &[Source],
        are_fitting: bool,
        reader: &dyn Reader,
    ) -> Result<(String, Grounds), LlmError> {
        let note = (sources.is_empty() && self.finder.has_documents()).then(|| Text::new("answer-beyond"));
        let note = note.map(|note| note.in_locale(question.locale));
        if let Some(note) = &note {
            reader.read(&format!("{note}\n\n")).await;
        }
        let Written { text, cited } = write(model, question, sources, reader).await?;
        let mut results = cited_sources(sources, &cited);
        if results.is_empty() && are_fitting {
            results = sources.iter().take(question.limit.unwrap_or(QUOTED)).cloned().collect();
        }
        let grounds = Grounds::new(question.text, AnsweredBy::Model, results, note);
        Ok((with_note(grounds.note.as_deref(), text), grounds))
    }

    /// What the documents have on a question that only continues the one before it.
    async fn continued(&self, question: &Question<'_>) -> Vec<Source> {
        let before = question.history.iter().rev().find_map(|said| said.asked.as_deref());
        let Some(before) = before else { return Vec::new() };
        let both = format!("{before} {}", question.text);
        let found = self.finder.find(&both, question.room, question.limit.unwrap_or(GIVEN)).await;
        found.ok().filter(|findings| findings.confident).map(|findings| findings.sources).unwrap_or_default()
    }

    /// The passages themselves, or that there are none; with a word on a model that failed.
    fn quoted(&self, question: &Question<'_>, findings: Findings, failed: Option<LlmError>) -> (String, Grounds) {
        let locale = question.locale;
        let note = failed.map(|error| error.words().in_locale(locale));
        let (text, by, results) = if findings.confident && !findings.sources.is_empty() {
            let results = quotable(findings.sources, question.limit);
            (wording::passages(&results, locale), AnsweredBy::Passages, results)
        } else if self.finder.has_documents() {
            (wording::nothing(&findings, locale), AnsweredBy::Nothing, Vec::new())
        } else {
            (Text::new("answer-no-documents").in_locale(locale), AnsweredBy::Nothing, Vec::new())
        };
        let grounds = Grounds::new(question.text, by, results, note);
        (with_note(grounds.note.as_deref(), text), grounds)
    }
}

/// Passages to quote: as many as were asked for, or the best few. Behind the first one, what shares no word with the question is
/// more often beside it than not.
fn quotable(mut sources: Vec<Source>, limit: Option<usize>) -> Vec<Source> {
    if limit.is_none() {
        let first = sources.first().map(|source| (source.document.clone(), source.chunk));
        sources.retain(|source| !source.marks.is_empty() || first == Some((source.document.clone(), source.chunk)));
    }
    sources.truncate(limit.unwrap_or(QUOTED));
    sources
}

/// Has the model write, and checks its citations while it does.
async fn write(
    model: &LanguageModel,
    question: &Question<'_>,
    sources: &[Source],
    reader: &dyn Reader,
) -> Result<Written, LlmError> {
    let prompt = prompt::prompt(question, sources, model.context_chars());
    let mut writing = model.write(&prompt.turns).await?;
    let mut citations = Citations::new(prompt.passages);
    let mut text = String::new();
    while let Some(piece) = writing.next().await? {
        let piece = citations.push(&piece);
        if !piece.is_empty() {
            text.push_str(&piece);
            reader.read(&piece).await;
        }
    }
    text.push_str(&citations.end());
    match text.trim() {
        "" => Err(LlmError::Silent),
        text => Ok(Written { text: text.to_owned(), cited: citations.cited().to_vec() }),
    }
}

/// The cited passages with their numbers.
fn cited_sources(sources: &[Source], cited: &[usize]) -> Vec<Source> {
    let numbered = (1..).zip(cited).filter_map(|(mark, index)| Some((mark, sources.get(*index)?)));
    numbered.map(|(mark, source)| Source { mark: Some(mark), ..source.clone() }).collect()
}

/// An entry that somebody wrote for this question says it best, model or not.
fn by_entry(question: &Question<'_>, faq: FaqAnswer) -> (String, Grounds) {
    let grounds = Grounds::new(question.text, AnsweredBy::Faq, vec![faq.source], None);
    (faq.answer, grounds)
}

fn with_note(note: Option<&str>, text: String) -> String {
    note.map_or(text.clone(), |note| format!("{note}\n\n{text}"))
}

/// The language to answer in: the asker's, but Chinese for a Chinese question of somebody whose client only speaks English.
fn language_of(question: &Question<'_>) -> Locale {
    match (question.locale, analysis::language(question.text)) {
        (Locale::English, Language::Simplified) => Locale::SimplifiedChinese,
        (Locale::English, Language::Traditional) => Locale::TraditionalChinese,
        (locale, _) => locale,
    }
}

#[cfg(test)]
mod tests;
