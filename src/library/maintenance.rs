//! Synchronizes index and vectors with the store, by one job each, which runs until nothing is pending.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use super::intake::broken;
use super::{KEEP_DRAFTS, Library};
use crate::index::IndexedDocument;
use crate::jobs::JobOrigin;
use crate::model::{Document, DocumentNumber, FileId, JobId, JobRequest};
use crate::text::{Locale, Text};
use crate::threads::{self, blocking};

/// The job that indexes documents. Names with a space are internal.
pub const INDEXING: &str = "index documents";

/// The job that computes vectors.
pub const EMBEDDING: &str = "embed documents";

/// Maximum size of texts per commit, in bytes; a single document may exceed it.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

const KEEP_UP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Maximum number of documents per commit.
const MOST_AT_ONCE: usize = 64;

/// Which of the two jobs there are.
#[derive(Default)]
pub struct Maintenance {
    open: Mutex<HashMap<&'static str, Open>>,
    /// Progress of indexing, in percent.
    percent: AtomicU8,
}

/// A requested job that has not ended as far as is known: it is queued, running or waiting for a retry.
struct Open {
    job: JobId,
    is_at_work: bool,
    /// New work arrived while it was running, which it may have missed.
    again: bool,
}

impl Maintenance {
    fn open(&self) -> MutexGuard<'_, HashMap<&'static str, Open>> {
        self.open.lock()
    }

    /// The job that was asked for and has not begun. It may have been cancelled.
    fn waiting(&self, name: &str) -> Option<JobId> {
        self.open().get(name).filter(|open| !open.is_at_work).map(|open| open.job.clone())
    }

    /// Notes that there is something to do; `true` when this job is needed for it, because there is none or it `ended`.
    fn note(&self, name: &'static str, job: &JobId, ended: Option<&JobId>) -> bool {
        let mut open = self.open();
        let found = open.get_mut(name).filter(|found| found.is_at_work || Some(&found.job) != ended);
        if let Some(found) = found {
            found.again = true;
            return false;
        }
        open.insert(name, Open { job: job.clone(), is_at_work: false, again: false });
        true
    }

    pub fn percent(&self) -> u8 {
        self.percent.load(Ordering::Relaxed)
    }

    pub fn is_at_work(&self, name: &str) -> bool {
        self.open().get(name).is_some_and(|open| open.is_at_work)
    }

    /// Records that a job has started.
    pub(super) fn begin(&self, name: &'static str, job: &JobId) -> AtWork<'_> {
        self.open().insert(name, Open { job: job.clone(), is_at_work: true, again: false });
        AtWork { maintenance: self, name }
    }
}

/// A running job.
pub(super) struct AtWork<'a> {
    maintenance: &'a Maintenance,
    name: &'static str,
}

impl AtWork<'_> {
    /// Ends the work; if new work arrived meanwhile, returns it to continue.
    pub(super) fn end(self) -> Result<(), Self> {
        let mut all = self.maintenance.open();
        if let Some(open) = all.get_mut(self.name).filter(|open| open.again) {
            open.again = false;
            drop(all);
            return Err(self);
        }
        all.remove(self.name);
        drop(all);
        // Later callers request another job, which must not be confused with this one.
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for AtWork<'_> {
    /// It failed or was cancelled: later callers check whether it will be retried, or request another.
    fn drop(&mut self) {
        if let Some(open) = self.maintenance.open().get_mut(self.name) {
            open.is_at_work = false;
        }
    }
}

/// Progress of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub done: usize,
    pub all: usize,
}

/// Result of indexing a batch.
#[derive(Default)]
struct IndexBatch {
    indexed: Vec<Document>,
    unreadable: Vec<DocumentNumber>,
}

impl Progress {
    pub fn percent(self) -> u8 {
        u8::try_from(self.done * 100 / self.all.max(1)).unwrap_or(100)
    }
}

impl Library {
    /// Starts the jobs that are needed now, unless they are there; what they say is in the language of whoever changed something.
    pub(super) async fn wake(self: &Arc<Self>, locale: Locale) {
        if self.off_the_workers(|library| Ok(library.needs_indexing())).await.unwrap_or(true) {
            self.start(INDEXING, locale).await;
        }
        self.wake_embedding(locale).await;
    }

    async fn wake_embedding(&self, locale: Locale) {
        if !self.catalog().without_vectors().is_empty() {
            self.start(EMBEDDING, locale).await;
        }
    }

    /// Starts a job, unless there is one.
    async fn start(&self, name: &'static str, locale: Locale) {
        let request = JobRequest { name: name.to_owned(), arguments: String::new() };
        let job = self.jobs.quiet_job(request, JobOrigin::server(locale));
        let ended = match self.maintenance.waiting(name) {
            // When in doubt it goes on.
            Some(id) if self.jobs.has_ended(&id).await.unwrap_or(false) => Some(id),
            _ => None,
        };
        if !self.maintenance.note(name, job.id(), ended.as_ref()) {
            return;
        }
        if let Err(error) = self.jobs.start_quietly(job).await {
            let code = error.code();
            tracing::warn!(code, name, "cannot begin a job for the documents; the next change tries again");
            self.maintenance.open().remove(name);
        }
    }

    /// When in doubt, yes: the job reports errors.
    fn needs_indexing(&self) -> bool {
        let has_others = || self.index_set.has_others(|number| self.catalog().get(number).is_some()).unwrap_or(true);
        self.index_set.is_rebuilding() || !self.catalog().waiting().is_empty() || has_others()
    }

    /// Indexes pending documents until there are none; reports progress to `tell`.
    ///
    /// # Errors
    /// If index or files fail; completed work is kept.
    pub async fn index_waiting(
        self: &Arc<Self>,
        job: &JobId,
        locale: Locale,
        tell: &watch::Sender<Progress>,
    ) -> Result<Progress, Text> {
        let mut work = self.maintenance.begin(INDEXING, job);
        let mut progress = Progress::default();
        let mut given_up = HashSet::new();
        loop {
            self.off_the_workers(Self::drop_others).await?;
            let mut waiting = self.off_the_workers(Self::missing_in_target).await?;
            waiting.retain(|number| !given_up.contains(number));
            progress.all = progress.done + waiting.len();
            let batch = self.batch(waiting);
            if batch.is_empty() {
                let given_up = given_up.clone();
                self.off_the_workers(move |library| library.swap_when_complete(&given_up)).await?;
                match work.end() {
                    Ok(()) => break,
                    Err(again) => work = again,
                }
                continue;
            }
            self.maintenance.percent.store(progress.percent(), Ordering::Relaxed);
            tell.send_replace(progress);
            progress.done += batch.len();
            let done = self.off_the_workers(move |library| library.index_batch(&batch)).await?;
            given_up.extend(done.unreadable);
            for document in done.indexed {
                self.forget_earlier(document).await;
            }
        }
        // Unreadable documents are not retried, or this would loop for ever.
        self.wake_embedding(locale).await;
        progress.done -= given_up.len();
        Ok(progress)
    }

    /// Runs blocking work on a blocking thread.
    pub(super) async fn off_the_workers<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Text> + Send + 'static,
    ) -> Result<T, Text> {
        let library = self.clone();
        let done = blocking(move || work(&library)).await;
        done.unwrap_or_else(|_| Err(Text::new("error-store_failed")))
    }

    /// Documents missing from the index being updated, oldest first.
    fn missing_in_target(&self) -> Result<Vec<DocumentNumber>, Text> {
        if self.catalog().is_empty() {
            // Avoids opening the index.
            return Ok(Vec::new());
        }
        let contents = self.index_set.target_contents()?;
        let catalog = self.catalog();
        let is_missing = |number: &DocumentNumber, version| contents.get(number) != Some(&version);
        let mut missing: Vec<_> =
            catalog.entries().filter(|(number, entry)| is_missing(number, entry.version)).collect();
        missing.sort_unstable_by_key(|(number, _)| *number);
        Ok(missing.into_iter().map(|(number, _)| number).collect())
    }

    /// The next batch for one commit.
    fn batch(&self, waiting: Vec<DocumentNumber>) -> Vec<DocumentNumber> {
        /// Approximate size of a passage, in bytes.
        const PASSAGE: u64 = 1200;
        let catalog = self.catalog();
        let mut bytes = 0;
        let fits = |number: &DocumentNumber| {
            let before = bytes;
            bytes += catalog.get(*number).map_or(0, |entry| u64::from(entry.passages) * PASSAGE);
            before < MOST_BYTES
        };
        waiting.into_iter().take(MOST_AT_ONCE).take_while(fits).collect()
    }

    /// Indexes documents in one commit.
    fn index_batch(&self, numbers: &[DocumentNumber]) -> Result<IndexBatch, Text> {
        // A cancelled job may still be running: its older data must not be written after that of the next one.
        let _one_at_a_time = self.indexing.lock();
        self.check_space()?;
        let (mut batch, mut texts) = (IndexBatch::default(), Vec::with_capacity(numbers.len()));
        for document in self.take_up(numbers)? {
            match self.text_of(&document) {
                Ok((text, passages)) => {
                    batch.indexed.push(document);
                    texts.push((text, passages));
                }
                // A lost document must not block the others.
                Err(_) => batch.unreadable.push(document.number),
            }
        }
        let parts = batch.indexed.iter().zip(&texts);
        let documents: Vec<_> = parts
            .map(|(document, (text, passages))| IndexedDocument {
                number: document.number,
                version: document.version,
                title: &document.title,
                used_in: &document.used_in,
                text,
                passages,
            })
            .collect();
        let put = self.index_set.put(&documents);
        let mut catalog = self.catalog();
        catalog.at_work.clear();
        put?;
        if !self.index_set.is_rebuilding() {
            batch.indexed.iter().for_each(|document| catalog.note_indexed(document.number, document.version));
        }
        Ok(batch)
    }

    /// Derived data waits until there is enough disk space.
    pub(super) fn check_space(&self) -> Result<(), Text> {
        self.space.check().map_err(|error| broken(&error))
    }

    /// The documents that still exist, in their current version. From here on that version may be in the index at any moment,
    /// so a change of the document must keep its text.
    fn take_up(&self, numbers: &[DocumentNumber]) -> Result<Vec<Document>, Text> {
        let _nobody_changes = self.filing.blocking_write();
        let mut taken = Vec::with_capacity(numbers.len());
        for number in numbers {
            match threads::wait(self.store.numbered_document(*number))? {
                Some(document) => {
                    // A change may have been left between the store and the catalog.
                    self.catalog().catch_up(&document);
                    taken.push(document);
                }
                // Removed meanwhile.
                None => self.catalog().remove(*number),
            }
        }
        self.catalog().at_work = taken.iter().map(|document| (document.number, document.version)).collect();
        Ok(taken)
    }

    /// Drops earlier texts, which are no longer needed.
    async fn forget_earlier(&self, document: Document) {
        if !document.has_earlier() || self.index_set.is_rebuilding() {
            return;
        }
        let without = Document { previous: None, arriving: None, ..document.clone() };
        match self.store.change_document(&document, &without).await {
            Ok(_) => self.sweep(&document).await,
            Err(error) => tracing::warn!(%error, document = %document.id, "cannot let go of the text before"),
        }
    }

    /// Removes data of deleted documents from index and vectors.
    pub(super) fn drop_others(&self) -> Result<(), Text> {
        let _one_at_a_time = self.indexing.lock();
        let known: HashMap<_, _> = self.catalog().entries().map(|(number, entry)| (number, entry.version)).collect();
        self.index_set.drop_others(|number| known.contains_key(&number))
    }

    /// Activates the new index once it is complete.
    fn swap_when_complete(&self, given_up: &HashSet<DocumentNumber>) -> Result<(), Text> {
        if !self.index_set.is_rebuilding() {
            return Ok(());
        }
        let _one_at_a_time = self.indexing.lock();
        // Later changes of a document see the version that is active by then.
        let _nobody_changes = self.filing.blocking_write();
        if self.missing_in_target()?.iter().all(|number| given_up.contains(number)) && self.index_set.swap()? {
            self.take_stock()?;
        }
        Ok(())
    }

    /// Every hour: removes abandoned drafts and unneeded texts, and requests jobs for data missing in index or vectors
    /// again, regardless of earlier jobs. Runs forever.
    pub async fn keep_up(self: &Arc<Self>) {
        loop {
            if let Err(error) = self.off_the_workers(Self::take_stock).await {
                tracing::warn!(code = error.code(), "cannot look what the index of documents has");
            }
            self.wake(Locale::default()).await;
            self.claim_contents().await;
            self.sweep_unused().await;
            self.prune_gaps().await;
            tokio::time::sleep(KEEP_UP_EVERY).await;
        }
    }

    /// Lets documents claim those of their contents that no other does: of what was stored before that was noted, and of what
    /// was stored twice and is there once by now.
    async fn claim_contents(&self) {
        let mut unclaimed = Vec::new();
        let look = |document: Document| {
            let lacks = document.contents().any(|content| !document.claimed.contains(content));
            unclaimed.extend(lacks.then_some(document.number));
        };
        if let Err(error) = self.store.each_document(look).await {
            tracing::warn!(%error, "cannot look which contents there are");
        }
        for number in unclaimed {
            if let Err(error) = self.claim_contents_of(number).await {
                tracing::warn!(code = error.code(), "cannot note the content of a document");
            }
        }
    }

    async fn claim_contents_of(&self, number: DocumentNumber) -> Result<(), Text> {
        let Some(from) = self.store.numbered_document(number).await? else { return Ok(()) };
        let mut to = from.clone();
        for content in from.contents() {
            if !from.claimed.contains(content) && self.store.is_unclaimed(&from, content).await? {
                to.claimed.push(content.clone());
            }
        }
        if to != from {
            // Whoever changes it meanwhile claims what it has then.
            self.store.change_document(&from, &to).await?;
        }
        Ok(())
    }

    /// Removes files that no document references.
    async fn sweep_unused(self: &Arc<Self>) {
        let mut indexed = Vec::new();
        let look = |document: Document| {
            self.catalog().catch_up(&document);
            let is_indexed = self.catalog().get(document.number).is_some_and(|entry| entry.is_indexed());
            if document.has_earlier() && is_indexed {
                indexed.push(document);
            }
        };
        if let Err(error) = self.store.each_document(look).await {
            tracing::warn!(%error, "cannot look for texts that are not needed any more");
        }
        for document in indexed {
            self.forget_earlier(document).await;
        }
        let _nobody_files = self.filing.write().await;
        let swept = self.off_the_workers(|library| {
            let is_in_use = |file: &FileId| threads::wait(library.store.is_in_use(file)).map_err(io::Error::other);
            library.files.sweep(is_in_use, KEEP_DRAFTS).map_err(|error| broken(&error))
        });
        match swept.await {
            Ok(0) | Err(_) => {}
            Ok(count) => tracing::info!(count, "files removed that are not in use"),
        }
    }

    /// Reads from index and vectors which documents they contain.
    pub(super) fn take_stock(&self) -> Result<(), Text> {
        if self.catalog().is_empty() {
            return Ok(());
        }
        let (indexed, embedded) = (self.index_set.contents()?, self.index_set.embedded());
        let mut catalog = self.catalog();
        catalog.set_indexed(&indexed);
        catalog.set_embedded(&embedded);
        Ok(())
    }
}
