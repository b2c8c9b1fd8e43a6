//! Question answering: with an FAQ entry, with an answer written by a language model from passages, with quoted passages, or
//! with a statement that nothing was found.
//!
//! Independent of rooms and jobs. If the model fails there is still an answer, which states the reason.

mod citations;
mod denial;
mod follow_up;
mod prompt;
mod sentences;
mod support;
mod wording;

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use crate::analysis;
use crate::library::Library;
use crate::llm::{LanguageModel, LlmError, Part};
use crate::model::{AnsweredBy, Citations, FaqAnswer, Language, RetrievedContext, RoomName, Source};
use crate::telemetry::{SpanKind, TraceSpan, metrics, within};
use crate::text::{Locale, Text};
use citations::{CitationFilter, without_marks};
use denial::denies;
use follow_up::{is_follow_up, joined};
use support::unsupported;
pub use wording::place;

/// Number of passages quoted if no model writes the answer. Whole passages: a single sentence rarely contains the answer.
const QUOTED: usize = 3;

/// Number of passages in the model's prompt.
const GIVEN: usize = 6;

/// Maximum number of passages that can be requested.
pub const MOST_PASSAGES: usize = 10;

/// Where passages come from.
#[async_trait]
pub trait Finder: Send + Sync {
    /// Whether there are any documents.
    fn has_documents(&self) -> bool;

    /// What the documents have on a question that is asked in this room, or in none.
    async fn find(&self, question: &str, room: Option<&RoomName>, limit: usize) -> Result<RetrievedContext, Text>;
}

#[async_trait]
impl Finder for Arc<Library> {
    fn has_documents(&self) -> bool {
        self.standing().documents > 0
    }

    async fn find(&self, question: &str, room: Option<&RoomName>, limit: usize) -> Result<RetrievedContext, Text> {
        let audience = self.audience(room).await?;
        Library::find(self, question, &audience, limit).await
    }
}

/// A finder without documents.
#[cfg(test)]
pub struct NoDocuments;

#[cfg(test)]
#[async_trait]
impl Finder for NoDocuments {
    fn has_documents(&self) -> bool {
        false
    }

    async fn find(&self, _: &str, _: Option<&RoomName>, _: usize) -> Result<RetrievedContext, Text> {
        Ok(RetrievedContext::default())
    }
}

/// Receives an answer while it is written.
#[async_trait]
pub trait Reader: Send + Sync {
    /// The next part of the answer; the parts joined are its beginning, unless the model took back what it wrote: then no more come.
    async fn read(&self, piece: &str);
}

/// A question with its context.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub text: &'a str,
    /// Handle of the asker.
    pub handle: &'a str,
    /// Where it is asked, if in a room: documents of other rooms stay there.
    pub room: Option<&'a RoomName>,
    /// The asker's language.
    pub locale: Locale,
    /// Requested number of passages; `None` for the default.
    pub limit: Option<usize>,
    /// Earlier messages, oldest first.
    pub history: &'a [Said],
    /// The room's instructions for the model; empty for none.
    pub instructions: &'a str,
}

/// An earlier message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its author; `None` for the bot.
    pub by: Option<String>,
    /// Empty if only `asked` of it counts.
    pub text: String,
    /// The question that it answers.
    pub asked: Option<String>,
}

/// Answers questions.
pub struct Answers {
    finder: Arc<dyn Finder>,
    model: Option<LanguageModel>,
    /// Whether the model may answer questions on which the documents contain nothing.
    beyond_documents: bool,
}

/// A model's answer and the passages it cites.
struct Written {
    text: String,
    cited: Vec<usize>,
    /// How many passages it was given.
    passages: usize,
}

impl Answers {
    pub fn new(finder: Arc<dyn Finder>, model: Option<LanguageModel>, beyond_documents: bool) -> Self {
        Self { finder, model, beyond_documents }
    }

    /// The model's name, if there is one.
    pub fn model(&self) -> Option<&str> {
        self.model.as_ref().map(LanguageModel::name)
    }

    /// Answers a question; `reader` receives the answer while it is written.
    ///
    /// # Errors
    /// If the documents cannot be searched. Errors of the model are reported in the answer.
    pub async fn answer(&self, question: &Question<'_>, reader: &dyn Reader) -> Result<(String, Citations), Text> {
        let began = Instant::now();
        let mut span = TraceSpan::begin(SpanKind::Internal, "answer");
        let answer = within(span.context(), self.make_answer(question, reader)).await;
        metrics().answer_time.observe(began.elapsed().as_secs_f64());
        let by = answer.as_ref().map_or("failed", |(_, citations)| citations.answered_by.label());
        metrics().answers.with_label_values(&[by]).inc();
        span.set("chatbot.answered_by", || by);
        if let Err(error) = &answer {
            span.fail(error.code());
        }
        answer
    }

    async fn make_answer(&self, question: &Question<'_>, reader: &dyn Reader) -> Result<(String, Citations), Text> {
        let question = Question { locale: language_of(question), ..*question };
        let limit = question.limit.unwrap_or(if self.model.is_some() { GIVEN } else { QUOTED });
        let findings = self.retrieve(&question, limit.clamp(1, MOST_PASSAGES)).await?;
        if let Some(faq) = findings.faq {
            return Ok(by_entry(&question, faq));
        }
        let Some(model) = &self.model else { return Ok(self.quoted(&question, findings, None)) };
        let given: Vec<Source> = match findings.confident {
            true => findings.sources.iter().chain(&findings.other_language).cloned().collect(),
            false => Vec::new(),
        };
        if given.is_empty() && !self.beyond_documents && self.finder.has_documents() {
            return Ok(self.quoted(&question, findings, None));
        }
        match self.write(model, &question, &given, reader).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                tracing::warn!(%error, model = model.name(), "the language model did not answer");
                Ok(self.quoted(&question, findings, Some(error)))
            }
        }
    }

    /// An answer written by the model. The passages are about the question, and so worth showing even if the answer cites none.
    async fn write(
        &self,
        model: &LanguageModel,
        question: &Question<'_>,
        sources: &[Source],
        reader: &dyn Reader,
    ) -> Result<(String, Citations), LlmError> {
        let note = (sources.is_empty() && self.finder.has_documents()).then(|| Text::new("answer-beyond"));
        let note = note.map(|note| note.in_locale(question.locale));
        if let Some(note) = &note {
            reader.read(&format!("{note}\n\n")).await;
        }
        let Written { text, cited, passages } = write(model, question, sources, reader).await?;
        if passages > 0 && denies(&text) {
            return Ok((without_marks(&text), Citations::new(question.text, AnsweredBy::Nothing, Vec::new(), None)));
        }
        let mut results = cited_sources(sources, &cited);
        if results.is_empty() {
            results = sources.iter().take(question.limit.unwrap_or(QUOTED)).cloned().collect();
        }
        let citations = Citations::new(question.text, AnsweredBy::Model, results, note);
        let unsupported = match passages {
            // The note says it of the whole.
            0 => Vec::new(),
            _ => unsupported(&text, question.text, &sources[..passages]),
        };
        Ok((with_note(citations.note.as_deref(), text), Citations { unsupported, ..citations }))
    }

    /// What the documents have on a question; if it goes on with the one before it, on both together.
    async fn retrieve(&self, question: &Question<'_>, limit: usize) -> Result<RetrievedContext, Text> {
        let alone = self.finder.find(question.text, question.room, limit).await?;
        let before = question.history.iter().rev().find_map(|said| said.asked.as_deref());
        let Some(before) = before.filter(|_| is_follow_up(question.text) && alone.unknown.is_empty()) else {
            return Ok(alone);
        };
        let together = self.finder.find(&format!("{before} {}", question.text), question.room, limit).await?;
        Ok(joined(alone, together, limit))
    }

    /// Quotes the passages, or states that there are none; with a note if the model failed.
    fn quoted(
        &self,
        question: &Question<'_>,
        findings: RetrievedContext,
        failed: Option<LlmError>,
    ) -> (String, Citations) {
        let locale = question.locale;
        let note = failed.map(|error| error.words().in_locale(locale));
        let note = note.or_else(|| wording::unmentioned(&findings, locale));
        let (text, by, results) = if findings.confident && !findings.sources.is_empty() {
            let results = quotable(findings.sources, findings.other_language, question.limit);
            (wording::passages(&results, locale), AnsweredBy::Passages, results)
        } else if self.finder.has_documents() {
            (wording::nothing(&findings, locale), AnsweredBy::Nothing, Vec::new())
        } else {
            (Text::new("answer-no-documents").in_locale(locale), AnsweredBy::Nothing, Vec::new())
        };
        let citations = Citations::new(question.text, by, results, note);
        (with_note(citations.note.as_deref(), text), citations)
    }
}

/// Passages to quote: the requested number, or the best few without those that are off topic, and the one in the other language.
fn quotable(mut sources: Vec<Source>, other_language: Option<Source>, limit: Option<usize>) -> Vec<Source> {
    sources.truncate(limit.unwrap_or(QUOTED));
    sources.retain(|source| limit.is_some() || !source.is_weak);
    sources.extend(other_language.filter(|_| limit.is_none()));
    sources
}

/// Lets the model write the answer and checks its citations as it is streamed.
async fn write(
    model: &LanguageModel,
    question: &Question<'_>,
    sources: &[Source],
    reader: &dyn Reader,
) -> Result<Written, LlmError> {
    let prompt = prompt::prompt(question, sources, model.context_chars());
    let mut writing = model.write(&prompt.turns).await?;
    let mut citations = CitationFilter::new(prompt.passages);
    let (mut text, mut is_read_along) = (String::new(), true);
    while let Some(part) = writing.next().await? {
        let piece = match part {
            Part::Text(piece) => citations.push(&piece),
            Part::Retraction => {
                // What was read cannot be taken back; the answer comes as a whole at the end.
                (text, citations, is_read_along) = (String::new(), CitationFilter::new(prompt.passages), false);
                continue;
            }
        };
        if !piece.is_empty() {
            text.push_str(&piece);
            if is_read_along {
                reader.read(&piece).await;
            }
        }
    }
    text.push_str(&citations.end());
    match text.trim() {
        "" => Err(LlmError::Silent),
        text => Ok(Written { text: text.to_owned(), cited: citations.cited().to_vec(), passages: prompt.passages }),
    }
}

/// The cited passages with their numbers.
fn cited_sources(sources: &[Source], cited: &[usize]) -> Vec<Source> {
    let numbered = (1..).zip(cited).filter_map(|(mark, index)| Some((mark, sources.get(*index)?)));
    numbered.map(|(mark, source)| Source { mark: Some(mark), ..source.clone() }).collect()
}

/// An FAQ entry for this very question takes precedence over a model.
fn by_entry(question: &Question<'_>, faq: FaqAnswer) -> (String, Citations) {
    let citations = Citations::new(question.text, AnsweredBy::Faq, vec![faq.source], None);
    (faq.answer, citations)
}

fn with_note(note: Option<&str>, text: String) -> String {
    note.map_or(text.clone(), |note| format!("{note}\n\n{text}"))
}

/// The language of the answer: the asker's, but Chinese for a Chinese question from a client with an English locale.
fn language_of(question: &Question<'_>) -> Locale {
    match (question.locale, analysis::language(question.text)) {
        (Locale::English, Language::Simplified) => Locale::SimplifiedChinese,
        (Locale::English, Language::Traditional) => Locale::TraditionalChinese,
        (locale, _) => locale,
    }
}

#[cfg(test)]
mod tests;
