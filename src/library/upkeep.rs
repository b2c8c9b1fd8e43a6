//! Brings index and vectors to where the store is: one job for each, which goes on until nothing waits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Library;
use crate::accounts::Actor;
use crate::chat::Chat;
use crate::documents::{Passage, passages};
use crate::embedding;
use crate::index::IndexedDocument;
use crate::model::{Document, DocumentNumber, Handle, Job, JobRequest, Person, RoomName};
use crate::text::{Locale, Text};

/// The job that puts passages into the index. A name with a space is the program's own.
pub const INDEXING: &str = "index documents";

/// The job that makes vectors of passages.
pub const EMBEDDING: &str = "embed documents";

/// Bytes of texts that go into the index in one commit, unless one document alone has more.
const BATCH: u64 = 4 * 1024 * 1024;

/// Documents in one commit.
const MOST_AT_ONCE: usize = 64;

/// Passages whose vectors are made at a time.
const PASSAGES_AT_ONCE: usize = 8;

/// Which of the two jobs there are.
#[derive(Default)]
pub struct Upkeep {
    open: Mutex<HashMap<&'static str, Again>>,
    /// How far the index is, in percent.
    percent: AtomicU8,
}

/// Whether something came while the job was at work that it may not have seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    No,
    Yes,
}

impl Upkeep {
    fn open(&self) -> MutexGuard<'_, HashMap<&'static str, Again>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that there is something to do; `true` when a job is needed for it.
    fn note(&self, name: &'static str) -> bool {
        let mut open = self.open();
        match open.get_mut(name) {
            Some(again) => {
                *again = Again::Yes;
                false
            }
            None => open.insert(name, Again::No).is_none(),
        }
    }

    pub fn percent(&self) -> u8 {
        self.percent.load(Ordering::Relaxed)
    }

    pub fn is_at_work(&self, name: &str) -> bool {
        self.open().contains_key(name)
    }

    /// A job begins, whoever asked for it: at start there are those of the process before.
    fn begin<'a>(&'a self, name: &'static str) -> AtWork<'a> {
        self.open().insert(name, Again::No);
        AtWork { upkeep: self, name }
    }
}

/// A job at work. However it ends, the next one who has something to do asks for another.
struct AtWork<'a> {
    upkeep: &'a Upkeep,
    name: &'static str,
}

impl AtWork<'_> {
    /// Ends the work, unless something came meanwhile: then it is given back.
    fn end(self) -> Result<(), Self> {
        let mut open = self.upkeep.open();
        if open.insert(self.name, Again::No) == Some(Again::Yes) {
            drop(open);
            return Err(self);
        }
        open.remove(self.name);
        // Whoever comes from now on asks for another job, which must not be taken for this one.
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.upkeep.open().remove(self.name);
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub done: usize,
    pub all: usize,
}

impl Progress {
    pub fn percent(self) -> u8 {
        u8::try_from(self.done * 100 / self.all.max(1)).unwrap_or(100)
    }
}

impl Library {
    /// Asks for the jobs that are needed now, in the name of whoever changed something.
    pub(super) async fn wake(self: &Arc<Self>, chat: &Arc<Chat>, actor: &Actor) {
        let room = RoomName::private(&actor.home);
        self.wake_as(chat, actor.job_owner(&room), actor.handle.clone(), room, actor.locale).await;
    }

    /// Asks for the jobs that are needed, in the server's own name.
    pub async fn wake_unasked(self: &Arc<Self>, chat: &Arc<Chat>) {
        let person = Person::server();
        let room = RoomName::private(&person);
        self.wake_as(chat, person, Handle::bot(), room, Locale::default()).await;
    }

    async fn wake_as(
        self: &Arc<Self>,
        chat: &Arc<Chat>,
        person: Person,
        handle: Handle,
        room: RoomName,
        locale: Locale,
    ) {
        let needs_indexing = self.off_the_workers(|library| Ok(library.needs_indexing())).await.unwrap_or(true);
        let needed = [(INDEXING, needs_indexing), (EMBEDDING, self.needs_embedding())];
        for (name, _) in needed.into_iter().filter(|(_, is_needed)| *is_needed) {
            if !self.upkeep.note(name) {
                continue;
            }
            let request = JobRequest { name: name.to_owned(), arguments: String::new() };
            let mut job = Job::queued(request, person.clone(), handle.clone(), room.clone(), locale);
            job.quiet = true;
            if let Err(error) = chat.add_job(job, 0).await {
                tracing::warn!(
                    code = error.code(),
                    name,
                    "cannot begin a job for the documents; the next change tries again"
                );
                self.upkeep.open().remove(name);
            }
        }
    }

    /// When in doubt, yes: the job says what is wrong.
    fn needs_indexing(&self) -> bool {
        let has_others = || self.shelf.has_others(|number| self.catalog().get(number).is_some()).unwrap_or(true);
        self.shelf.is_rebuilding() || !self.catalog().waiting().is_empty() || has_others()
    }

    fn needs_embedding(&self) -> bool {
        !self.catalog().without_vectors().is_empty()
    }

    /// Puts into the index what waits, until nothing does; `tell` hears how far it is.
    ///
    /// # Errors
    /// When index or files fail; what was done until then stays.
    pub async fn index_waiting(
        self: &Arc<Self>,
        chat: &Arc<Chat>,
        tell: &watch::Sender<Progress>,
    ) -> Result<Progress, Text> {
        let mut work = self.upkeep.begin(INDEXING);
        let mut progress = Progress { done: 0, all: 0 };
        loop {
            self.off_the_workers(Self::drop_others).await?;
            let waiting = self.off_the_workers(Self::missing_in_target).await?;
            progress.all = progress.done + waiting.len();
            let batch = self.batch(waiting);
            if batch.is_empty() {
                self.off_the_workers(Self::swap_when_complete).await?;
                if !self.off_the_workers(Self::missing_in_target).await?.is_empty() {
                    continue;
                }
                match work.end() {
                    Ok(()) => break,
                    Err(again) => work = again,
                }
                continue;
            }
            self.upkeep.percent.store(progress.percent(), Ordering::Relaxed);
            tell.send_replace(progress);
            let count = batch.len();
            self.catalog().at_work.extend(&batch);
            let done = self.off_the_workers(move |library| library.index_batch(&batch)).await;
            self.catalog().at_work.clear();
            let replaced = done?;
            progress.done += count;
            for document in replaced {
                self.forget_previous(document).await;
            }
        }
        self.wake_unasked(chat).await;
        Ok(progress)
    }

    /// Runs something that blocks where it holds up nobody.
    pub(super) async fn off_the_workers<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Text> + Send + 'static,
    ) -> Result<T, Text> {
        let library = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&library)).await;
        done.unwrap_or_else(|_| Err(Text::new("error-store_failed")))
    }

    /// Documents that the index lacks which is being filled, oldest first.
    fn missing_in_target(&self) -> Result<Vec<DocumentNumber>, Text> {
        let contents = self.shelf.target_contents()?;
        let catalog = self.catalog();
        let is_missing = |number: &DocumentNumber, version| contents.get(number) != Some(&version);
        let mut missing: Vec<_> =
            catalog.entries().filter(|(number, entry)| is_missing(number, entry.version)).collect();
        missing.sort_unstable_by_key(|(number, _)| *number);
        Ok(missing.into_iter().map(|(number, _)| number).collect())
    }

    /// The first of them that go into one commit.
    fn batch(&self, waiting: Vec<DocumentNumber>) -> Vec<DocumentNumber> {
        /// Bytes of a passage, more or less.
        const PASSAGE: u64 = 1200;
        let catalog = self.catalog();
        let mut bytes = 0;
        let fits = |number: &DocumentNumber| {
            let before = bytes;
            bytes += catalog.get(*number).map_or(0, |entry| u64::from(entry.passages) * PASSAGE);
            before < BATCH
        };
        waiting.into_iter().take(MOST_AT_ONCE).take_while(fits).collect()
    }

    /// Puts documents into the index, each wholly and all in one commit; returns those that had a version before.
    fn index_batch(&self, numbers: &[DocumentNumber]) -> Result<Vec<Document>, Text> {
        let mut texts: Vec<(Document, String, Vec<Passage>)> = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some(document) = self.store.numbered_document(*number).map_err(Text::from)? else {
                // Removed meanwhile.
                self.catalog().remove(*number);
                continue;
            };
            match self.files.read_text(&document.text) {
                Ok(text) => {
                    let passages = passages(&text, document.kind);
                    texts.push((document, text, passages));
                }
                Err(error) => {
                    // One that is lost must not keep the others waiting; it is taken in without passages.
                    tracing::error!(%error, document = %document.id, "a document's text cannot be read");
                    texts.push((document, String::new(), Vec::new()));
                }
            }
        }
        let documents: Vec<_> = texts
            .iter()
            .map(|(document, text, passages)| IndexedDocument {
                number: document.number,
                version: document.version,
                title: &document.title,
                room: document.room.as_ref(),
                text,
                passages,
            })
            .collect();
        self.shelf.put(&documents)?;
        let mut catalog = self.catalog();
        if !self.shelf.is_rebuilding() {
            texts.iter().for_each(|(document, ..)| catalog.note_indexed(document.number, document.version));
        }
        Ok(texts.into_iter().map(|(document, ..)| document).filter(|document| document.previous.is_some()).collect())
    }

    /// The text before is needed no more.
    async fn forget_previous(&self, document: Document) {
        if self.shelf.is_rebuilding() {
            return;
        }
        let without = Document { previous: None, ..document.clone() };
        match self.store.change_document(&document, &without).await {
            Ok(_) => self.sweep(&document).await,
            Err(error) => tracing::warn!(%error, document = %document.id, "cannot let go of the text before"),
        }
    }

    /// Takes out of index and vectors what is no document any more.
    fn drop_others(&self) -> Result<(), Text> {
        let known: HashMap<_, _> = self.catalog().entries().map(|(number, entry)| (number, entry.version)).collect();
        self.shelf.drop_others(|number| known.contains_key(&number))
    }

    /// Lets the new index answer once it has everything.
    fn swap_when_complete(&self) -> Result<(), Text> {
        if self.missing_in_target()?.is_empty() && self.shelf.swap()? {
            self.take_stock()?;
        }
        Ok(())
    }

    /// Learns from index and vectors what they have.
    pub(super) fn take_stock(&self) -> Result<(), Text> {
        if self.catalog().is_empty() {
            return Ok(());
        }
        let (indexed, embedded) = (self.shelf.contents()?, self.shelf.embedded());
        let mut catalog = self.catalog();
        catalog.set_indexed(&indexed);
        catalog.set_embedded(&embedded);
        Ok(())
    }

    /// Makes vectors for what has none, until nothing lacks them.
    ///
    /// # Errors
    /// When the model or the files fail; documents that were done until then stay.
    pub async fn embed_waiting(self: &Arc<Self>, tell: &watch::Sender<Progress>) -> Result<Progress, Text> {
        let mut work = self.upkeep.begin(EMBEDDING);
        let mut progress = Progress { done: 0, all: 0 };
        loop {
            let waiting = self.catalog().without_vectors();
            let Some(number) = waiting.first().copied() else {
                match work.end() {
                    Ok(()) => return Ok(progress),
                    Err(again) => work = again,
                }
                continue;
            };
            let passages =
                |number: DocumentNumber| self.catalog().get(number).map_or(0, |entry| entry.passages as usize);
            progress.all = progress.done + waiting.iter().map(|number| passages(*number)).sum::<usize>();
            progress.done += self.embed(number, progress, tell).await?;
        }
    }

    /// Makes the vectors of one document; returns how many.
    async fn embed(
        self: &Arc<Self>,
        number: DocumentNumber,
        before: Progress,
        tell: &watch::Sender<Progress>,
    ) -> Result<usize, Text> {
        let Some(document) = self.store.numbered_document(number).map_err(Text::from)? else {
            self.catalog().remove(number);
            return Ok(0);
        };
        let text = self.read_text(&document.text).await?;
        let passages = passages(&text, document.kind);
        let mut vectors = Vec::with_capacity(passages.len());
        for some in passages.chunks(PASSAGES_AT_ONCE) {
            tell.send_replace(Progress { done: before.done + vectors.len(), all: before.all });
            let texts = some.iter().map(|passage| text_to_embed(&document, &text, passage)).collect();
            vectors.extend(self.shelf.embed(texts).await?);
            if self.catalog().get(number).is_none_or(|entry| entry.version != document.version) {
                // Changed or removed meanwhile: the next round sees it as it is then.
                return Ok(0);
            }
        }
        let (count, version) = (vectors.len(), document.version);
        self.off_the_workers(move |library| library.shelf.put_vectors(number, version, &vectors)).await?;
        self.catalog().note_embedded(number, version);
        Ok(count)
    }
}

/// What of a passage its vector is made of.
fn text_to_embed(document: &Document, text: &str, passage: &Passage) -> String {
    let heading = passage.heading.clone().map(|heading| &text[heading]);
    embedding::passage_text(&document.title, heading, &text[passage.range.clone()])
}
