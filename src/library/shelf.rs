//! Index and vectors: opened when there are documents, made anew beside the old ones when those no longer fit.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::embedding::{EmbedError, Embedder, Embedding, Vectors};
use crate::index::{IndexError, IndexedDocument, PassageIndex};
use crate::model::DocumentNumber;
use crate::retrieval::Retriever;
use crate::text::Text;

/// The index that answers.
const PASSAGES: &str = "passages";

/// The index that is being made to take its place.
const NEW_PASSAGES: &str = "passages.new";

const VECTORS: &str = "vectors";

/// Where passages are found.
pub struct Shelf {
    dir: PathBuf,
    embedder: Arc<Embedder>,
    /// `None` while meaning is not looked at.
    vectors: Option<Arc<Vectors>>,
    retriever: Retriever,
    open: RwLock<Open>,
}

/// What is open; nothing as long as there are no documents.
#[derive(Default)]
struct Open {
    /// Answers.
    current: Option<Arc<PassageIndex>>,
    /// Is being made, where `current` is of an older kind.
    next: Option<Arc<PassageIndex>>,
}

impl Shelf {
    /// `dir` holds what can be made anew at any time.
    pub fn new(dir: PathBuf, embedder: Arc<Embedder>) -> Self {
        let vectors = embedder.id().and_then(|model| match Vectors::open(&dir.join(VECTORS), model) {
            Ok(vectors) => Some(Arc::new(vectors)),
            Err(error) => {
                tracing::error!(%error, "vectors cannot be kept; documents are found by their words alone");
                None
            }
        });
        let retriever = Retriever::new(vectors.clone(), embedder.clone());
        Self { dir, embedder, vectors, retriever, open: RwLock::default() }
    }

    pub fn has_meaning(&self) -> bool {
        self.vectors.is_some()
    }

    pub fn retriever(&self) -> &Retriever {
        &self.retriever
    }

    /// The index that answers, opened if it was not. Blocks.
    pub fn index(&self) -> Result<Arc<PassageIndex>, Text> {
        if let Some(index) = &self.read().current {
            return Ok(index.clone());
        }
        let mut open = self.write();
        if let Some(index) = &open.current {
            return Ok(index.clone());
        }
        let (index, next) = self.open_both().map_err(|error| failed(&error))?;
        let index = Arc::new(index);
        (open.current, open.next) = (Some(index.clone()), next.map(Arc::new));
        Ok(index)
    }

    /// The index that answers and, where that is of an older kind, the one that is being made.
    fn open_both(&self) -> Result<(PassageIndex, Option<PassageIndex>), IndexError> {
        let (current, new) = (self.dir.join(PASSAGES), self.dir.join(NEW_PASSAGES));
        if !current.exists() && new.exists() {
            // A swap was cut short.
            fs::rename(&new, &current)?;
        }
        let index = opened(&current)?;
        if !index.is_outdated() {
            remove(&new)?;
            return Ok((index, None));
        }
        tracing::info!("the index of documents is of an older kind; a new one is made while it answers");
        let mut next = opened(&new)?;
        if next.is_outdated() {
            drop(next);
            remove(&new)?;
            next = opened(&new)?;
        }
        Ok((index, Some(next)))
    }

    /// The index that is to get what it lacks. Blocks.
    fn target(&self) -> Result<Arc<PassageIndex>, Text> {
        let current = self.index()?;
        Ok(self.read().next.clone().unwrap_or(current))
    }

    pub fn is_rebuilding(&self) -> bool {
        self.read().next.is_some()
    }

    /// What the index has that answers. Blocks.
    pub fn contents(&self) -> Result<HashMap<DocumentNumber, u64>, Text> {
        self.index()?.contents().map_err(|error| self.broken(&error))
    }

    /// What the index has that is being filled. Blocks.
    pub fn target_contents(&self) -> Result<HashMap<DocumentNumber, u64>, Text> {
        self.target()?.contents().map_err(|error| self.broken(&error))
    }

    /// What there are vectors of.
    pub fn embedded(&self) -> HashMap<DocumentNumber, u64> {
        self.vectors.as_ref().map(|vectors| vectors.contents()).unwrap_or_default()
    }

    /// Whether something is kept that is not `known`: of a document that was removed. Blocks.
    pub fn has_others(&self, known: impl Fn(DocumentNumber) -> bool) -> Result<bool, Text> {
        let is_other = |number: &DocumentNumber| !known(*number);
        if self.embedded().keys().any(is_other) {
            return Ok(true);
        }
        for index in self.opened() {
            if index.contents().map_err(|error| failed(&error))?.keys().any(is_other) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn opened(&self) -> Vec<Arc<PassageIndex>> {
        let open = self.read();
        open.current.iter().chain(&open.next).cloned().collect()
    }

    /// Takes out what is not `known`. Blocks.
    pub fn drop_others(&self, known: impl Fn(DocumentNumber) -> bool) -> Result<(), Text> {
        if let Some(vectors) = &self.vectors {
            for number in self.embedded().into_keys().filter(|number| !known(*number)) {
                vectors.remove(number).map_err(|error| failed(&error))?;
            }
        }
        for index in self.opened() {
            let contents = index.contents().map_err(|error| failed(&error))?;
            let others: Vec<_> = contents.into_keys().filter(|number| !known(*number)).collect();
            if !others.is_empty() {
                index.remove(&others).map_err(|error| failed(&error))?;
            }
        }
        Ok(())
    }

    /// Puts documents into the index, in place of what it had of them. Blocks.
    pub fn put(&self, documents: &[IndexedDocument<'_>]) -> Result<(), Text> {
        self.target()?.replace(documents).map_err(|error| self.broken(&error))
    }

    /// Lets the index that was made anew answer; `false` if there is none. Blocks.
    pub fn swap(&self) -> Result<bool, Text> {
        if !self.is_rebuilding() {
            return Ok(false);
        }
        let current = self.dir.join(PASSAGES);
        // Whoever searches the old one meanwhile has its files open; they are gone when that is over.
        let opened = remove(&current)
            .and_then(|()| Ok(fs::rename(self.dir.join(NEW_PASSAGES), &current)?))
            .and_then(|()| opened(&current))
            .map_err(|error| failed(&error))?;
        *self.write() = Open { current: Some(Arc::new(opened)), next: None };
        tracing::info!("the new index of documents answers now");
        Ok(true)
    }

    /// The vectors of passages, in order.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Embedding>, Text> {
        let refused = |error: EmbedError| Text::new("error-embedding_failed").with("reason", error);
        self.embedder.passages(texts).await.map_err(refused)
    }

    /// Keeps the vectors of a document's passages, in order. Blocks.
    pub fn put_vectors(&self, number: DocumentNumber, version: u64, vectors: &[Embedding]) -> Result<(), Text> {
        let Some(kept) = &self.vectors else { return Ok(()) };
        kept.put(number, version, vectors).map_err(|error| failed(&error))
    }

    /// An index that is damaged is closed and removed: the next who needs it begins a new one.
    fn broken(&self, error: &IndexError) -> Text {
        if matches!(error, IndexError::Damaged(_)) {
            *self.write() = Open::default();
            for dir in [PASSAGES, NEW_PASSAGES] {
                if let Err(error) = remove(&self.dir.join(dir)) {
                    tracing::error!(%error, "cannot remove the damaged index of documents");
                }
            }
        }
        failed(error)
    }

    fn read(&self) -> RwLockReadGuard<'_, Open> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Open> {
        self.open.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens an index; one that is damaged is begun anew, for it can be made again.
fn opened(dir: &Path) -> Result<PassageIndex, IndexError> {
    match PassageIndex::open(dir) {
        Err(IndexError::Damaged(what)) => {
            tracing::warn!(what, "the index of documents is damaged; it is made anew");
            fs::remove_dir_all(dir)?;
            PassageIndex::open(dir)
        }
        opened => opened,
    }
}

/// Removes a folder, if it is there.
fn remove(dir: &Path) -> Result<(), IndexError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// What people are told; the details are in the log.
fn failed(error: &dyn std::error::Error) -> Text {
    tracing::error!(%error, "the index of documents failed");
    Text::new("error-index_failed")
}
