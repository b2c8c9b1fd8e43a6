//! From a question to the passages that fit, each with its place.

use std::sync::Arc;

use super::Library;
use crate::analysis;
use crate::index::Audience;
use crate::model::{Document, DocumentKind, DocumentNumber, FaqAnswer, Findings, RoomName, Source, utf16_range};
use crate::retrieval::{Found, FusedHit, answers_directly};
use crate::text::Text;

/// Titles that are named where nothing fits.
const NEAREST: usize = 3;

impl Library {
    /// What the documents have on a question that is asked in a room, or everywhere.
    pub async fn find(self: &Arc<Self>, question: &str, audience: &Audience, limit: usize) -> Result<Findings, Text> {
        if self.catalog().is_empty() {
            return Ok(Findings::default());
        }
        let index = self.off_the_workers(|library| library.shelf.index()).await?;
        let (library, asked_in) = (self.clone(), audience.clone());
        let allowed = move |number, _| library.answers_in(number, &asked_in);
        let found = self.shelf.retriever().find(index, question, audience, allowed, limit).await.map_err(|error| {
            tracing::error!(%error, "a question could not be looked up");
            Text::new("error-index_failed")
        })?;
        let (question, audience) = (question.to_owned(), audience.clone());
        self.off_the_workers(move |library| library.findings(&question, &audience, found)).await
    }

    /// Whether a document answers there, as it is now: what the index says of it may be older.
    fn answers_in(&self, number: DocumentNumber, audience: &Audience) -> bool {
        self.catalog().get(number).is_some_and(|entry| is_for(audience, entry.room.as_ref()))
    }

    /// Reads what was found.
    fn findings(&self, question: &str, audience: &Audience, found: Found) -> Result<Findings, Text> {
        let mut findings = Findings { confident: found.confident, ..Findings::default() };
        for hit in &found.hits {
            let Some((document, source)) = self.source(question, audience, hit)? else { continue };
            if !findings.nearest.contains(&source.title) && findings.nearest.len() < NEAREST {
                findings.nearest.push(source.title.clone());
            }
            if findings.faq.is_none() && found.confident {
                findings.faq = self.faq_answer(question, &document, &source)?;
            }
            findings.sources.push(source);
        }
        Ok(findings)
    }

    /// A passage in its document as that is now; `None` if it is not there any more, or not for whoever asks.
    fn source(&self, question: &str, audience: &Audience, hit: &FusedHit) -> Result<Option<(Document, Source)>, Text> {
        let Some(document) = self.store.numbered_document(hit.document).map_err(Text::from)? else { return Ok(None) };
        let Some(file) = document.text_of(hit.version).filter(|_| is_for(audience, document.room.as_ref())) else {
            return Ok(None);
        };
        let passage = &hit.passage;
        let read = |range: std::ops::Range<usize>| match self.files.read_range(file, range) {
            Ok(text) => Some(text),
            Err(error) => {
                tracing::error!(%error, document = %document.id, "a passage cannot be read");
                None
            }
        };
        let Some(content) = read(passage.range.clone()) else { return Ok(None) };
        let marks = analysis::marks(&content, question);
        let source = Source {
            document: document.id.clone(),
            chunk: passage.number,
            title: document.title.clone(),
            page: passage.page,
            heading: passage.heading.clone().and_then(read),
            marks: marks.iter().map(|range| utf16_range(&content, range)).collect(),
            content,
            score: hit.score,
            updated_at: document.updated_at,
            mark: None,
        };
        Ok(Some((document, source)))
    }

    /// The answer of an entry whose question is this one, if it is in one piece.
    fn faq_answer(&self, question: &str, document: &Document, source: &Source) -> Result<Option<FaqAnswer>, Text> {
        let is_faq = document.kind == DocumentKind::Faq;
        let Some(entry) = source.heading.as_ref().filter(|entry| is_faq && answers_directly(question, entry)) else {
            return Ok(None);
        };
        let (_, passages) = self.text_of(document)?;
        let heading = passages.iter().find(|passage| passage.number == source.chunk).map(|passage| &passage.heading);
        let is_whole = passages.iter().filter(|passage| Some(&passage.heading) == heading).count() == 1;
        Ok(is_whole.then(|| FaqAnswer {
            question: entry.clone(),
            answer: source.content.clone(),
            source: source.clone(),
        }))
    }
}

/// Whether a document answers there.
fn is_for(audience: &Audience, room: Option<&RoomName>) -> bool {
    match (audience, room) {
        (Audience::Everything, _) | (_, None) => true,
        (Audience::Room(asked_in), Some(room)) => asked_in == room,
    }
}
