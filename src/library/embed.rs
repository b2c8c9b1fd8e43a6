//! Computes the vectors of documents until all have some. Short documents go first, also while a long one is at work.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::Library;
use super::maintenance::{EMBEDDING, Progress};
use crate::documents::Passage;
use crate::embedding::{self, NewVectors};
use crate::model::{Document, DocumentNumber, JobId};
use crate::text::Text;

/// Number of failed documents after which embedding is aborted: the cause is not the documents.
const MOST_GIVEN_UP: usize = 5;

/// Number of passages embedded at a time.
const PASSAGES_AT_ONCE: usize = 8;

impl Library {
    /// Embeds documents until all have vectors.
    ///
    /// # Errors
    /// If the model or the files fail; completed documents are kept.
    pub async fn embed_waiting(
        self: &Arc<Self>,
        job: &JobId,
        tell: &watch::Sender<Progress>,
    ) -> Result<Progress, Text> {
        let mut work = self.maintenance.begin(EMBEDDING, job);
        let mut run = Run { library: self, tell, ended: 0, made: 0, given_up: HashSet::new(), failed: None };
        loop {
            while run.given_up.len() < MOST_GIVEN_UP
                && let Some((number, _)) = run.shortest()
            {
                run.embed_or_give_up(number, true).await;
            }
            if let Some(error) = run.failed {
                return Err(error);
            }
            match work.end() {
                Ok(()) => return Ok(run.progress()),
                Err(again) => work = again,
            }
        }
    }
}

/// One run of the job.
struct Run<'a> {
    library: &'a Arc<Library>,
    tell: &'a watch::Sender<Progress>,
    /// Passages of the documents that are done.
    ended: usize,
    /// Passages done of those that are at work.
    made: usize,
    given_up: HashSet<DocumentNumber>,
    failed: Option<Text>,
}

/// A document at work.
struct Work {
    document: Document,
    text: String,
    passages: Vec<Passage>,
    new: NewVectors,
}

impl Run<'_> {
    /// The document without vectors that has the fewest passages, and their number.
    fn shortest(&self) -> Option<(DocumentNumber, usize)> {
        let waiting = self.waiting();
        waiting.into_iter().filter(|(number, _)| !self.given_up.contains(number)).min_by_key(|(_, passages)| *passages)
    }

    /// All documents without vectors, with the number of their passages.
    fn waiting(&self) -> Vec<(DocumentNumber, usize)> {
        let catalog = self.library.catalog();
        let passages = |number| catalog.get(number).map_or(0, |entry| entry.passages as usize);
        catalog.without_vectors().into_iter().map(|number| (number, passages(number))).collect()
    }

    fn progress(&self) -> Progress {
        let waiting: usize = self.waiting().iter().map(|(_, passages)| passages).sum();
        Progress { done: self.ended + self.made, all: self.ended + waiting }
    }

    /// Others may succeed where one fails; that is tried again with the next attempt.
    async fn embed_or_give_up(&mut self, number: DocumentNumber, lets_pass: bool) {
        let before = self.made;
        match self.embed(number, lets_pass).await {
            Ok(count) => self.ended += count,
            Err(error) => {
                self.given_up.insert(number);
                self.failed = Some(error);
            }
        }
        self.made = before;
    }

    /// Embeds one document; returns the number of its vectors. If it lets others pass, those that have fewer passages than are left go
    /// before the rest.
    async fn embed(&mut self, number: DocumentNumber, lets_pass: bool) -> Result<usize, Text> {
        let Some(mut work) = self.open(number).await? else { return Ok(0) };
        let count = work.passages.len();
        while work.new.len() < count {
            let left = count - work.new.len();
            if lets_pass {
                self.embed_shorter(number, left).await;
            }
            self.tell.send_replace(self.progress());
            let next = work.passages.iter().skip(work.new.len()).take(PASSAGES_AT_ONCE);
            let texts = next.map(|passage| text_to_embed(&work.document, &work.text, passage)).collect();
            let made = self.library.index_set.embed(texts).await?;
            self.made += made.len();
            work.new = self.library.off_the_workers(move |library| library.index_set.append(work.new, made)).await?;
            if !self.is_current(&work.document) {
                // Changed or removed meanwhile: the next round sees it as it is then.
                return Ok(0);
            }
        }
        self.store(work).await?;
        Ok(count)
    }

    /// Embeds the documents that have fewer passages than `left`.
    async fn embed_shorter(&mut self, than: DocumentNumber, left: usize) {
        while let Some((number, passages)) = self.shortest()
            && passages < left
            && number != than
            && self.given_up.len() < MOST_GIVEN_UP
        {
            Box::pin(self.embed_or_give_up(number, false)).await;
        }
    }

    /// Reads a document; `None` if it was removed.
    async fn open(&self, number: DocumentNumber) -> Result<Option<Work>, Text> {
        let library = self.library;
        library.off_the_workers(Library::check_space).await?;
        let Some(document) = library.store.numbered_document(number).await? else {
            library.catalog().remove(number);
            return Ok(None);
        };
        // A change may have been left between the store and the catalog.
        library.catalog().catch_up(&document);
        let work = library.off_the_workers(move |library| {
            let (text, passages) = library.text_of(&document)?;
            let new = library.index_set.new_vectors(document.number, document.version)?;
            Ok(new.map(|new| Work { document, text, passages, new }))
        });
        work.await
    }

    fn is_current(&self, document: &Document) -> bool {
        self.library.catalog().get(document.number).is_some_and(|entry| entry.version == document.version)
    }

    async fn store(&self, work: Work) -> Result<(), Text> {
        let (number, version) = (work.document.number, work.document.version);
        self.library.off_the_workers(move |library| library.index_set.put_vectors(&work.new)).await?;
        self.library.catalog().note_embedded(number, version);
        if self.library.catalog().get(number).is_none() {
            // Removed concurrently; the removal may have found no vectors yet.
            self.library.off_the_workers(Library::drop_others).await?;
        }
        Ok(())
    }
}

/// The text of a passage to embed.
fn text_to_embed(document: &Document, text: &str, passage: &Passage) -> String {
    let heading = passage.heading.clone().map(|heading| &text[heading]);
    embedding::passage_text(&document.title, heading, &text[passage.range.clone()])
}
