//! Retrieval of the passages for a question, with their texts and sources.

use std::sync::Arc;
use std::time::Instant;

use super::Library;
use crate::analysis;
use crate::documents::Passage;
use crate::index::Audience;
use crate::model::{
    Document, DocumentKind, DocumentNumber, FaqAnswer, Language, RetrievedContext, Source, utf16_range,
};
use crate::retrieval::{Documents, Evidence, FusedHit, Signals, answers_directly};
use crate::telemetry::{Operation, metrics, took};
use crate::text::Text;

/// Maximum number of titles named if nothing was found.
const NEAREST: usize = 3;

/// By how much less a passage is similar to a question that is quoted only if it is asked for. Of the second and third passages for the
/// questions of the quality bench, that leaves out 157 of 338 that do not answer and two of 42 that do.
const MUCH_LESS: f32 = 0.06;

/// Maximum number of lookups of a question while documents are being changed.
const LOOKS: usize = 3;

/// What was found for a question, and why.
pub struct Explained {
    pub findings: RetrievedContext,
    /// Why each of the sources was found, and then the one in the other language.
    pub evidence: Vec<Evidence>,
    /// What confidence rests on; `None` without documents.
    pub signals: Option<Signals>,
}

/// What was found, with its texts.
struct Read {
    found: Explained,
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
                return Ok(read.found.findings);
            }
            looks += 1;
        }
    }

    /// What is found for a question in the documents of an audience, with the reasons.
    pub async fn explain(
        self: &Arc<Self>,
        question: &str,
        audience: &Audience,
        limit: usize,
    ) -> Result<Explained, Text> {
        if self.catalog().is_empty() {
            return Ok(Explained { findings: RetrievedContext::default(), evidence: Vec::new(), signals: None });
        }
        Ok(self.look_up(question, audience, limit).await?.found)
    }

    async fn look_up(self: &Arc<Self>, question: &str, audience: &Audience, limit: usize) -> Result<Read, Text> {
        let index = self.off_the_workers(|library| library.index_set.index()).await?;
        let documents = InAudience { library: self.clone(), audience: audience.clone() };
        let found =
            self.index_set.retriever().find(index, question, audience, documents, limit).await.map_err(|error| {
                tracing::error!(%error, "a question could not be looked up");
                Text::new("error-index_failed")
            })?;
        let mut hits = Vec::with_capacity(found.hits.len());
        for hit in found.hits {
            hits.extend(self.with_document(hit, audience).await?);
        }
        let other = match found.other_language {
            Some(hit) => self.with_document(hit, audience).await?,
            None => None,
        };
        let (asked, best) = (question.to_owned(), hits.first().cloned());
        let mut read = self.off_the_workers(move |library| library.read(&asked, found.confident, &hits, other)).await?;
        read.found.signals = Some(found.signals);
        let findings = &mut read.found.findings;
        (findings.unknown, findings.unmentioned) = (found.unknown, found.unmentioned);
        if let Some((hit, document)) = best.filter(|_| findings.confident && findings.faq.is_none()) {
            findings.faq = self.faq_answer_by_meaning(question, document, hit.version, findings).await?;
        }
        Ok(read)
    }

    /// A hit with its document, if the audience may see it.
    async fn with_document(&self, hit: FusedHit, audience: &Audience) -> Result<Option<(FusedHit, Document)>, Text> {
        let document = self.store.numbered_document(hit.document).await?;
        Ok(document.filter(|document| audience.includes(&document.used_in)).map(|document| (hit, document)))
    }

    /// The answer of the FAQ entry that was found first, if it means the same question.
    async fn faq_answer_by_meaning(
        self: &Arc<Self>,
        question: &str,
        document: Document,
        version: u64,
        findings: &RetrievedContext,
    ) -> Result<Option<FaqAnswer>, Text> {
        let Some(source) = findings.sources.first().filter(|source| source.document == document.id).cloned() else {
            return Ok(None);
        };
        match entry(&document, &source) {
            Some(entry) if self.index_set.retriever().asks_the_same(question, entry).await => {
                self.off_the_workers(move |library| library.whole_entry(&document, version, &source)).await
            }
            _ => Ok(None),
        }
    }

    /// Whether the current version of a document is visible to the audience; the index may be older.
    fn answers_in(&self, number: DocumentNumber, audience: &Audience) -> bool {
        self.catalog().get(number).is_some_and(|entry| audience.includes(&entry.used_in))
    }

    /// Reads the texts of the hits, whose documents these are.
    fn read(
        &self,
        question: &str,
        confident: bool,
        hits: &[(FusedHit, Document)],
        other_language: Option<(FusedHit, Document)>,
    ) -> Result<Read, Text> {
        let mut findings = RetrievedContext { confident, ..RetrievedContext::default() };
        let (mut evidence, mut is_overtaken) = (Vec::new(), false);
        for (hit, document) in hits {
            let Some(source) = self.source(question, document, hit) else {
                is_overtaken = true;
                continue;
            };
            if !findings.nearest.contains(&source.title) && findings.nearest.len() < NEAREST {
                findings.nearest.push(source.title.clone());
            }
            if findings.faq.is_none() && confident {
                let asks_it = entry(document, &source).is_some_and(|entry| answers_directly(question, entry));
                findings.faq = if asks_it { self.whole_entry(document, hit.version, &source)? } else { None };
            }
            evidence.push(hit.evidence);
            findings.sources.push(Source { is_weak: is_weak(hit, &source, hits), ..source });
        }
        if let Some((hit, document)) = other_language {
            findings.other_language = self.source(question, &document, &hit);
            evidence.push(hit.evidence);
        }
        Ok(Read { found: Explained { findings, evidence, signals: None }, is_overtaken })
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
        let (start, whole) = (hit.context.start, read(hit.context.clone())?);
        let (before, rest) = whole.split_at_checked(passage.range.start - start)?;
        let (content, after) = rest.split_at_checked(passage.range.len())?;
        let marks = analysis::marks(content, question);
        Some(Source {
            document: document.id.clone(),
            chunk: passage.number,
            title: document.title.clone(),
            page: passage.page,
            heading: passage.heading.clone().and_then(read),
            marks: marks.iter().map(|range| utf16_range(content, range)).collect(),
            content: content.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
            score: hit.score,
            updated_at: document.updated_at,
            mark: None,
            is_weak: false,
        })
    }

    /// The FAQ entry of a source, if it was not split.
    fn whole_entry(&self, document: &Document, version: u64, source: &Source) -> Result<Option<FaqAnswer>, Text> {
        let Some(entry) = entry(document, source) else { return Ok(None) };
        // The passage may be in an earlier version of the text.
        let Some(text) = document.text_of(version).cloned() else { return Ok(None) };
        let (_, passages) = self.text_of(&Document { text, ..document.clone() })?;
        let heading = passages.iter().find(|passage| passage.number == source.chunk).map(|passage| &passage.heading);
        let is_whole = passages.iter().filter(|passage| Some(&passage.heading) == heading).count() == 1;
        Ok(is_whole.then(|| FaqAnswer {
            question: entry.to_owned(),
            answer: source.content.clone(),
            source: source.clone(),
        }))
    }
}

/// Whether a passage has much less to do with the question than the best one: by their similarities; where they are not known, if it
/// shares no word with the question.
fn is_weak(hit: &FusedHit, source: &Source, hits: &[(FusedHit, Document)]) -> bool {
    let best = hits.first().map(|(best, _)| best);
    let is_best = best.is_some_and(|best| (best.document, best.passage.number) == (hit.document, hit.passage.number));
    match best.and_then(|best| best.evidence.similarity).zip(hit.evidence.similarity) {
        Some((best, similarity)) => similarity < best - MUCH_LESS,
        None => !is_best && source.marks.is_empty(),
    }
}

/// The question that a source answers, if it is an entry of an FAQ.
fn entry<'a>(document: &Document, source: &'a Source) -> Option<&'a str> {
    source.heading.as_deref().filter(|_| document.kind == DocumentKind::Faq)
}

/// The documents that are visible to an audience.
struct InAudience {
    library: Arc<Library>,
    audience: Audience,
}

impl Documents for InAudience {
    fn may_be_found(&self, document: DocumentNumber, _version: u64) -> bool {
        self.library.answers_in(document, &self.audience)
    }

    fn is_continuous(&self, document: DocumentNumber) -> bool {
        self.library.catalog().get(document).is_some_and(|entry| entry.kind == DocumentKind::Text)
    }

    fn uses_all(&self, document: DocumentNumber) -> bool {
        self.library.catalog().get(document).is_none_or(|entry| entry.unused.is_none())
    }

    fn uses(&self, document: DocumentNumber, version: u64, passage: &Passage) -> bool {
        let unused = self.library.catalog().get(document).and_then(|entry| entry.unused.clone());
        unused.is_none_or(|unused| !self.library.is_unused(&unused, version, passage))
    }

    fn is_chinese(&self, document: DocumentNumber) -> Option<bool> {
        match self.library.catalog().get(document)?.language {
            Language::English => Some(false),
            Language::Simplified | Language::Traditional => Some(true),
            Language::Other => None,
        }
    }
}
