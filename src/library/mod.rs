//! The document library: import, correction, replacement, removal, listing and retrieval.
//!
//! Records are in the store, texts in files. Index and vectors are derived from them: missing documents are added
//! by a job, obsolete ones removed, and lost indexes rebuilt.

mod catalog;
mod changes;
mod collections;
mod embed;
mod find;
mod gaps;
mod index_set;
mod intake;
mod maintenance;
pub mod sync;
mod unused;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

pub use catalog::DocumentState;
pub use changes::{Correction, Move, NewDocument, NewText};
pub use find::Explained;
pub use gaps::FaqEntry;
pub use index_set::passages_dir;
pub use intake::{Draft, Intake, IntakeLimits, Receiver, Upload};
pub use maintenance::{EMBEDDING, INDEXING, Progress};

use crate::accounts::{Action, Actor};
use crate::analysis;
use crate::documents::{Passage, passages};
use crate::embedding::{Embedder, Embedding};
use crate::jobs::Jobs;
use crate::model::{
    CollectionId, Document, DocumentId, DocumentKind, DocumentNumber, Erasure, FileId, Handle, Language, RoomName,
};
use crate::store::{Filed, Files, Space, Store};
use crate::text::{Locale, Text};
use crate::threads::{self, blocking};
use catalog::Catalog;
use index_set::IndexSet;
use intake::broken;
use maintenance::Maintenance;

/// Maximum number of attempts of a change if the document changes concurrently, as when a job drops its previous text.
const TRIES: usize = 3;

/// Longest name of a file in an export, in characters: a name on a disk has 255 bytes.
const NAME: usize = 60;

/// How long uploaded files without a document are kept: a draft may still be open in a browser.
const KEEP_DRAFTS: Duration = Duration::from_secs(24 * 60 * 60);

/// The documents.
pub struct Library {
    store: Arc<Store>,
    jobs: Arc<Jobs>,
    files: Arc<Files>,
    intake: Intake,
    catalog: Mutex<Catalog>,
    index_set: IndexSet,
    /// Where index and vectors are.
    space: Space,
    maintenance: Maintenance,
    /// Held while a file is not yet referenced by a record, so that it is not removed in between, and while a record
    /// changes, so that the version being indexed keeps its text.
    filing: tokio::sync::RwLock<()>,
    /// Held while the index is changed or swapped.
    indexing: Mutex<()>,
}

/// Which documents to list.
#[derive(Clone, Debug, Default)]
pub struct DocumentFilter {
    /// Part of the title, the author or the file's name.
    pub words: String,
    pub room: Option<RoomName>,
    pub collection: Option<CollectionId>,
    /// Those that are kept equal to this source.
    pub sync_source: Option<String>,
    pub language: Option<Language>,
    pub kind: Option<DocumentKind>,
    pub state: Option<DocumentState>,
    /// Only those after this one.
    pub after: Option<DocumentId>,
    pub limit: usize,
}

/// How index and vectors are.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub documents: usize,
    pub passages: u64,
    /// Progress of the rebuild, in percent.
    pub rebuilding: Option<u8>,
    pub meaning: Meaning,
    /// Documents with vectors.
    pub embedded: usize,
}

/// Whether documents are found by their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    Off,
    /// Some documents have no vectors, and none are being computed at the moment.
    Waiting,
    /// Vectors are being computed.
    Working,
    Ready,
}

impl Library {
    /// Loads the catalog. `dir` is the directory of index and vectors, whose updates are paused while less than `space` is free.
    /// Blocks.
    pub fn open(
        store: Arc<Store>,
        jobs: Arc<Jobs>,
        files: Arc<Files>,
        intake: Intake,
        embedder: Arc<Embedder>,
        dir: &Path,
        space: Space,
    ) -> Result<Arc<Self>, Text> {
        let index_set = IndexSet::new(dir.to_owned(), embedder);
        let mut catalog = Catalog::new(index_set.has_meaning());
        threads::wait(store.each_document(|document| catalog.put(&document)))?;
        let library = Self {
            store,
            jobs,
            files,
            intake,
            catalog: Mutex::new(catalog),
            index_set,
            space,
            maintenance: Maintenance::default(),
            filing: Default::default(),
            indexing: Mutex::default(),
        };
        if library.catalog().is_empty() {
            // There are no documents, so the remains of removed ones are not searched.
            library.index_set.discard();
        }
        // Chat works without an index; the indexing job will report the reason.
        if let Err(error) = library.take_stock() {
            tracing::error!(code = error.code(), "the index of documents cannot be opened");
        }
        Ok(Arc::new(library))
    }

    /// Locked only briefly; never held across an await.
    fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.catalog.lock()
    }

    /// The id of the model that makes vectors, if there is one.
    pub fn embedding_model(&self) -> Option<&str> {
        self.index_set.embedding_model()
    }

    /// Vectors of texts as those of passages, in order. Takes long, and is given up when the future is dropped.
    pub async fn vectors_of(&self, texts: Vec<String>) -> Result<Vec<Embedding>, Text> {
        let vectors = self.index_set.embed(texts).await?;
        Ok(vectors.into_iter().map(|embedded| embedded.vector).collect())
    }

    /// Releases memory whenever there was no question for a while. Runs forever.
    pub async fn give_back_when_unused(&self) {
        self.index_set.retriever().give_back_when_unused().await;
    }

    /// The files of all documents.
    pub fn files(&self) -> &Arc<Files> {
        &self.files
    }

    /// The importer of documents.
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Removes a document with all derived data. It is not found any more from then on.
    pub async fn remove(self: &Arc<Self>, actor: &Actor, id: &DocumentId) -> Result<(), Text> {
        actor.may(Action::ManageDocuments)?;
        self.remove_document(id).await?;
        self.wake(actor.locale).await;
        Ok(())
    }

    /// Removes all documents for one room, which is going to be deleted, and lets it have no collection: another of its name must not
    /// get them.
    pub async fn remove_all_of(self: &Arc<Self>, room: &RoomName, locale: Locale) -> Result<(), Text> {
        self.choose_none(room).await?;
        let mut documents = Vec::new();
        let look =
            |document: Document| documents.extend((document.used_in.room() == Some(room)).then_some(document.id));
        self.store.each_document(look).await?;
        for id in &documents {
            self.remove_document(id).await?;
        }
        if !documents.is_empty() {
            self.wake(locale).await;
        }
        Ok(())
    }

    /// Forgets who added the documents of somebody who is removed.
    pub async fn disown(&self, erasure: &Erasure) -> Result<(), Text> {
        let mut documents = Vec::new();
        let is_own = |document: &Document| erasure.had_name(&document.by, document.created_at);
        let look = |document: Document| documents.extend(is_own(&document).then_some(document.id));
        self.store.each_document(look).await?;
        for id in &documents {
            let _filing = self.filing.read().await;
            let Some(from) = self.store.document(id).await? else { continue };
            let to = Document { by: Handle::deleted(), ..from.clone() };
            if self.store.change_document(&from, &to).await? != Filed::Stored(()) {
                return Err(Text::new("error-changed"));
            }
        }
        Ok(())
    }

    async fn remove_document(self: &Arc<Self>, id: &DocumentId) -> Result<(), Text> {
        let mut tries = 0..TRIES;
        let document = loop {
            let document = self.document(id).await?;
            if self.store.remove_document(&document).await.map_err(Text::from)? {
                break document;
            }
            tries.next().ok_or_else(|| Text::new("error-changed"))?;
        };
        self.catalog().remove(document.number);
        self.sweep(&document).await;
        tracing::info!(document = %document.id, "document removed");
        Ok(())
    }

    /// A document, if this person may read it.
    pub async fn readable_document(&self, actor: &Actor, id: &DocumentId) -> Result<Document, Text> {
        // Unreadable documents are reported as not found.
        self.visible(actor, id).await?.ok_or_else(no_such_document)
    }

    /// As [`Library::readable_document`]; `None` if there is none that this person may read.
    pub async fn visible(&self, actor: &Actor, id: &DocumentId) -> Result<Option<Document>, Text> {
        let Some(document) = self.store.document(id).await? else { return Ok(None) };
        let readable = self.readable_of(actor, BTreeSet::from([document.used_in.clone()])).await?;
        Ok(Some(document).filter(|document| readable.contains(&document.used_in)))
    }

    async fn document(&self, id: &DocumentId) -> Result<Document, Text> {
        self.store.document(id).await?.ok_or_else(no_such_document)
    }

    /// A document's text and passages. Blocking.
    pub fn text_of(&self, document: &Document) -> Result<(String, Vec<Passage>), Text> {
        let text = self.files.read_text(&document.text).map_err(|error| broken(&error))?;
        let passages = passages(&text, document.kind);
        Ok((text, passages))
    }

    /// A file for what is too long to be kept in memory meanwhile; gone when it is closed. Blocks.
    pub fn scratch(&self) -> std::io::Result<std::fs::File> {
        self.files.unnamed()
    }

    /// Path of a document's original.
    pub fn original(&self, document: &Document) -> Option<std::path::PathBuf> {
        document.origin.file.as_ref().map(|file| self.files.path(file))
    }

    /// The files of a document, the original and the text, with their names in an archive.
    pub fn files_of(&self, document: &Document) -> Vec<(String, std::path::PathBuf)> {
        let name = document.origin.name.as_deref().unwrap_or("original");
        let is_harmless = |c: &char| !c.is_control() && !matches!(c, '/' | '\\');
        // No name of a file may lead out of the folder.
        let name: String = name.trim_start_matches('.').chars().filter(is_harmless).take(NAME).collect();
        let original = document.origin.file.as_ref();
        let original = original.map(|file| (format!("documents/{}/{name}", document.id), self.files.path(file)));
        let text = (format!("documents/{}.md", document.id), self.files.path(&document.text));
        original.into_iter().chain([text]).collect()
    }

    /// Size of an uploaded file, if it still exists; its expiry is extended.
    pub fn uploaded(&self, file: &FileId) -> Option<u64> {
        let bytes = self.files.size(file)?;
        self.files.touch(file).ok().map(|()| bytes)
    }

    /// Documents that this person may read, newest first, and whether there are more. Reads all of them.
    pub async fn list(&self, actor: &Actor, filter: &DocumentFilter) -> Result<(Vec<Document>, bool), Text> {
        let mut found = Vec::new();
        let words = analysis::fold(&filter.words);
        let look = |document: Document| {
            if self.fits(&document, filter, &words) {
                found.push(document);
            }
        };
        self.store.each_document(look).await?;
        let uses = found.iter().map(|document| document.used_in.clone()).collect();
        let readable = self.readable_of(actor, uses).await?;
        found.retain(|document| readable.contains(&document.used_in));
        found.sort_by(|a, b| b.id.cmp(&a.id));
        if let Some(after) = &filter.after {
            found.retain(|document| document.id < *after);
        }
        let more = found.len() > filter.limit;
        found.truncate(filter.limit);
        Ok((found, more))
    }

    fn fits(&self, document: &Document, filter: &DocumentFilter, words: &str) -> bool {
        let named = [Some(&document.title), document.author.as_ref(), document.origin.name.as_ref()];
        let is_named = || named.into_iter().flatten().any(|name| analysis::fold(name).contains(words));
        filter.room.as_ref().is_none_or(|room| document.used_in.room() == Some(room))
            && filter.collection.as_ref().is_none_or(|wanted| document.used_in.collection() == Some(wanted))
            && filter
                .sync_source
                .as_ref()
                .is_none_or(|source| document.origin.synced.as_ref().is_some_and(|synced| synced.source == *source))
            && filter.language.is_none_or(|language| document.language == language)
            && filter.kind.is_none_or(|kind| document.kind == kind)
            && filter.state.is_none_or(|state| self.state(document.number) == state)
            && (words.is_empty() || is_named())
    }

    /// How far a document is.
    pub fn state(&self, number: DocumentNumber) -> DocumentState {
        self.catalog().state(number)
    }

    /// How index and vectors are.
    pub fn standing(&self) -> Standing {
        let rebuilding = self.index_set.is_rebuilding().then(|| self.maintenance.percent());
        let catalog = self.catalog();
        let without = catalog.without_vectors().len();
        let meaning = match without {
            _ if !self.index_set.has_meaning() => Meaning::Off,
            0 => Meaning::Ready,
            _ if self.maintenance.is_at_work(EMBEDDING) => Meaning::Working,
            _ => Meaning::Waiting,
        };
        Standing {
            documents: catalog.len(),
            passages: catalog.entries().map(|(_, entry)| u64::from(entry.passages)).sum(),
            rebuilding,
            meaning,
            embedded: catalog.entries().filter(|(_, entry)| entry.is_embedded()).count(),
        }
    }

    /// Removes the files of a document's old version that are not referenced any more.
    async fn sweep(&self, old: &Document) {
        let _nobody_files = self.filing.write().await;
        let mut unused = Vec::new();
        for file in old.files() {
            match self.store.is_in_use(file).await {
                Ok(true) => {}
                // A text may be that of several versions.
                Ok(false) if !unused.contains(file) => unused.push(file.clone()),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot look for files that are not in use; maintenance does later");
                }
            }
        }
        let files = self.files.clone();
        // A panic is logged there.
        let _ = blocking(move || unused.iter().for_each(|file| files.remove(file))).await;
    }
}

fn no_such_document() -> Text {
    Text::new("error-not_found-document")
}

#[cfg(test)]
impl Library {
    /// A library for tests of upper layers.
    pub fn without_documents() -> Arc<Self> {
        use crate::documents::{ExtractLimits, Extractor};
        use crate::embedding::EmbeddingSource;
        use crate::fetch::Client;
        use crate::process::Programs;

        let dir = tempfile::tempdir().expect("a folder");
        let (store, _closing) = Store::in_memory().expect("a store");
        let jobs = Jobs::for_tests(store.clone());
        let files = Arc::new(Files::open(&dir.path().join("files"), 0).expect("the files"));
        let client = Client::new(&[]);
        let extractor = Extractor::new(Programs::new("nothing".into()), ExtractLimits::default(), None);
        let intake = Intake::new(files.clone(), extractor, client, IntakeLimits { file: 1024, text: 1024 });
        let embedder = Arc::new(Embedder::new(EmbeddingSource::Off).expect("none"));
        let space = Space::new(dir.path(), 0);
        Self::open(store, jobs, files, intake, embedder, dir.path(), space).expect("a library")
    }
}
