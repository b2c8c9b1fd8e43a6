//! Retrieval of the passages for a question, with their texts and sources.

use std::sync::Arc;
use std::time::Instant;

use super::Library;
use crate::analysis;
use crate::index::Audience;
use crate::model::{
    Document, DocumentKind, DocumentNumber, FaqAnswer, RetrievedContext, RoomName, Source, utf16_range,
};
use crate::retrieval::{FusedHit, answers_directly};
use crate::telemetry::{Operation, metrics, took};
use crate::text::Text;

/// Maximum number of titles named if nothing was found.
const NEAREST: usize = 3;

/// Maximum number of lookups of a question while documents are being changed.
const LOOKS: usize = 3;

/// RetrievedContext with their texts.
struct Read {
    findings: RetrievedContext,
    /// Whether a document was replaced while it was being read.
    is_overtaken: bool,
}

impl Library {
    /// Retrieves passages for a question, in the documents of an audience.
    pub async fn find(
        self: &Arc<Self>,
        question: &str,
        audience: &Audience,
        limit: usize,
    ) -> Result<RetrievedContext, Text> {
        if self.catalog().is_empty() {
            return Ok(RetrievedContext::default());
        }
        let began = Instant::now();
        let mut looks = 1;
        loop {
            let read = self.look_up(question, audience, limit).await?;
            if !read.is_overtaken || looks == LOOKS {
                let time = began.elapsed();
                metrics().search_time.with_label_values(&["documents"]).observe(time.as_secs_f64());
                took(Operation::Search, time, "documents");
                return Ok(read.findings);
            }
            looks += 1;
        }
    }

    async fn look_up(self: &Arc<Self>, question: &str, audience: &Audience, limit: usize) -> Result<Read, Text> {
        let index = self.off_the_workers(|library| library.index_set.index()).await?;
        let (library, asked_in) = (self.clone(), audience.clone());
        let allowed = move |number, _| library.answers_in(number, &asked_in);
        let found =
            self.index_set.retriever().find(index, question, audience, allowed, limit).await.map_err(|error| {
                tracing::error!(%error, "a question could not be looked up");
                Text::new("error-index_failed")
            })?;
        let mut hits = Vec::with_capacity(found.hits.len());
        for hit in found.hits {
            match self.store.numbered_document(hit.document).await? {
                Some(document) if is_for(audience, document.room.as_ref()) => hits.push((hit, document)),
                _ => {}
            }
        }
        let question = question.to_owned();
        let mut read = self.off_the_workers(move |library| library.read(&question, found.confident, &hits)).await?;
        read.findings.unknown = found.unknown;
        Ok(read)
    }

    /// Whether the current version of a document is visible to the audience; the index may be older.
    fn answers_in(&self, number: DocumentNumber, audience: &Audience) -> bool {
        self.catalog().get(number).is_some_and(|entry| is_for(audience, entry.room.as_ref()))
    }

    /// Reads the texts of the hits, whose documents these are.
    fn read(&self, question: &str, confident: bool, hits: &[(FusedHit, Document)]) -> Result<Read, Text> {
        let mut findings = RetrievedContext { confident, ..RetrievedContext::default() };
        let mut is_overtaken = false;
        for (hit, document) in hits {
            let Some(source) = self.source(question, document, hit) else {
                is_overtaken = true;
                continue;
            };
            if !findings.nearest.contains(&source.title) && findings.nearest.len() < NEAREST {
                findings.nearest.push(source.title.clone());
            }
            if findings.faq.is_none() && confident {
                findings.faq = self.faq_answer(question, document, hit.version, &source)?;
            }
            findings.sources.push(source);
        }
        Ok(Read { findings, is_overtaken })
    }

    /// A hit with its text and source; `None` if the text of that version is gone.
    fn source(&self, question: &str, document: &Document, hit: &FusedHit) -> Option<Source> {
        let file = document.text_of(hit.version)?;
        let passage = &hit.passage;
        let read = |range: std::ops::Range<usize>| match self.files.read_range(file, range) {
            Ok(text) => Some(text),
            Err(error) => {
                tracing::error!(%error, document = %document.id, "a passage cannot be read");
                None
            }
        };
        let content = read(passage.range.clone())?;
        let marks = analysis::marks(&content, question);
        Some(Source {
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
        })
    }

    /// The answer of an FAQ entry with this question, if it was not split.
    fn faq_answer(
        &self,
        question: &str,
        document: &Document,
        version: u64,
        source: &Source,
    ) -> Result<Option<FaqAnswer>, Text> {
        let is_faq = document.kind == DocumentKind::Faq;
        let Some(entry) = source.heading.as_ref().filter(|entry| is_faq && answers_directly(question, entry)) else {
            return Ok(None);
        };
        // The passage may be in an earlier version of the text.
        let Some(text) = document.text_of(version).cloned() else { return Ok(None) };
        let (_, passages) = self.text_of(&Document { text, ..document.clone() })?;
        let heading = passages.iter().find(|passage| passage.number == source.chunk).map(|passage| &passage.heading);
        let is_whole = passages.iter().filter(|passage| Some(&passage.heading) == heading).count() == 1;
        Ok(is_whole.then(|| FaqAnswer {
            question: entry.clone(),
            answer: source.content.clone(),
            source: source.clone(),
        }))
    }
}

/// Whether a document is visible to the audience.
fn is_for(audience: &Audience, room: Option<&RoomName>) -> bool {
    match (audience, room) {
        (Audience::Everything, _) | (_, None) => true,
        (Audience::AllRooms, Some(_)) => false,
        (Audience::Room(asked_in), Some(room)) => asked_in == room,
    }
}
