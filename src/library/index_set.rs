//! The set of index and vectors: opened when there are documents; rebuilt beside the old index if that is of another version.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::embedding::{EmbedError, Embedded, Embedder, NewVectors, Vectors};
use crate::index::{IndexError, IndexedDocument, PassageIndex};
use crate::model::DocumentNumber;
use crate::retrieval::Retriever;
use crate::text::Text;

/// Directory of the active index.
const PASSAGES: &str = "passages";

/// Directory of the new index being built.
const NEW_PASSAGES: &str = "passages.new";

/// Directory of the replaced index; exists only briefly, or after an interrupted swap.
const OLD_PASSAGES: &str = "passages.old";

const VECTORS: &str = "vectors";

/// Where passages are found.
pub struct IndexSet {
    dir: PathBuf,
    embedder: Arc<Embedder>,
    /// `None` if search by meaning is disabled.
    vectors: Option<Arc<Vectors>>,
    retriever: Retriever,
    open: RwLock<Open>,
}

/// Where the index of passages is, of the directory of indexes.
pub fn passages_dir(dir: &Path) -> PathBuf {
    dir.join(PASSAGES)
}

/// The open indexes; none as long as there are no documents.
#[derive(Default)]
struct Open {
    /// Answers.
    current: Option<Arc<PassageIndex>>,
    /// Being built, if `current` is of another version.
    next: Option<Arc<PassageIndex>>,
}

impl IndexSet {
    /// `dir` contains only derived data.
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

    /// The active index; opens it if necessary. Blocking.
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

    /// The active index and, if that is of another version, the one being built.
    fn open_both(&self) -> Result<(PassageIndex, Option<PassageIndex>), IndexError> {
        let [current, new, old] = self.folders();
        if !current.exists() && new.exists() {
            // A swap was interrupted.
            fs::rename(&new, &current)?;
        }
        remove(&old)?;
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

    /// The index to be updated: the new one, if one is being built. Blocking.
    fn target(&self) -> Result<Arc<PassageIndex>, Text> {
        let current = self.index()?;
        Ok(self.read().next.clone().unwrap_or(current))
    }

    pub fn is_rebuilding(&self) -> bool {
        self.read().next.is_some()
    }

    /// The documents in the active index. Blocking.
    pub fn contents(&self) -> Result<HashMap<DocumentNumber, u64>, Text> {
        self.index()?.contents().map_err(|error| self.broken(&error))
    }

    /// The documents in the index being updated. Blocking.
    pub fn target_contents(&self) -> Result<HashMap<DocumentNumber, u64>, Text> {
        self.target()?.contents().map_err(|error| self.broken(&error))
    }

    /// The documents that have vectors.
    pub fn embedded(&self) -> HashMap<DocumentNumber, u64> {
        self.vectors.as_ref().map(|vectors| vectors.contents()).unwrap_or_default()
    }

    /// Whether there is data of documents that are not `known` (removed). Blocking.
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

    /// Removes documents that are not `known`. Blocking.
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

    /// Adds or replaces documents in the index. Blocking.
    pub fn put(&self, documents: &[IndexedDocument<'_>]) -> Result<(), Text> {
        self.target()?.replace(documents).map_err(|error| self.broken(&error))
    }

    /// Activates the rebuilt index; `false` if there is none. Must not run concurrently with updates. Blocking.
    pub fn swap(&self) -> Result<bool, Text> {
        if !self.is_rebuilding() {
            return Ok(false);
        }
        // They must not write to the old paths any more, which will belong to other indexes.
        self.opened().iter().for_each(|index| index.rest());
        let open = self.put_new_in_place().map(|current| Open { current: Some(Arc::new(current)), next: None });
        let (open, swapped) = match open {
            Ok(open) => (open, Ok(true)),
            // The next access opens what is there.
            Err(error) => (Open::default(), Err(failed(&error))),
        };
        *self.write() = open;
        let [.., old] = self.folders();
        if let Err(error) = remove(&old) {
            tracing::warn!(%error, "cannot remove the old index of documents; the next start does");
        }
        swapped.inspect(|_| tracing::info!("the new index of documents answers now"))
    }

    /// A complete index is at the expected path at all times: removal is slow, renaming is not. Concurrent searches of
    /// the old index keep its files open until they end.
    fn put_new_in_place(&self) -> Result<PassageIndex, IndexError> {
        let [current, new, old] = self.folders();
        remove(&old)?;
        fs::rename(&current, &old)?;
        fs::rename(&new, &current)?;
        opened(&current)
    }

    /// Directories of the active, the new and the replaced index.
    fn folders(&self) -> [PathBuf; 3] {
        [PASSAGES, NEW_PASSAGES, OLD_PASSAGES].map(|name| self.dir.join(name))
    }

    /// Removes all indexes, if there are no documents or they are damaged. None may be open. Blocking.
    pub fn discard(&self) {
        for folder in self.folders() {
            if let Err(error) = remove(&folder) {
                tracing::error!(%error, "cannot remove the index of documents");
            }
        }
    }

    /// The id of the embedding model, if there is one.
    pub fn embedding_model(&self) -> Option<&str> {
        self.embedder.id()
    }

    /// The vectors of passages, in order.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Embedded>, Text> {
        let refused = |error: EmbedError| Text::new("error-embedding_failed").with("reason", error);
        self.embedder.passages(texts).await.map_err(refused)
    }

    /// Begins the vectors of a document; `None` if there are to be none. Blocking.
    pub fn new_vectors(&self, number: DocumentNumber, version: u64) -> Result<Option<NewVectors>, Text> {
        let begun = self.vectors.as_ref().map(|vectors| vectors.begin(number, version));
        begun.transpose().map_err(|error| failed(&error))
    }

    /// Adds the vectors of the next passages. Blocking.
    pub fn append(&self, mut new: NewVectors, passages: Vec<Embedded>) -> Result<NewVectors, Text> {
        new.append(passages).map_err(|error| failed(&error))?;
        Ok(new)
    }

    /// Stores the vectors of a document. Blocking.
    pub fn put_vectors(&self, new: &NewVectors) -> Result<(), Text> {
        let Some(kept) = &self.vectors else { return Ok(()) };
        kept.put(new).map_err(|error| failed(&error))
    }

    /// Closes and removes a damaged index; the next access creates a new one.
    fn broken(&self, error: &IndexError) -> Text {
        if matches!(error, IndexError::Damaged(_)) {
            *self.write() = Open::default();
            self.discard();
        }
        failed(error)
    }

    fn read(&self) -> RwLockReadGuard<'_, Open> {
        self.open.read()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Open> {
        self.open.write()
    }
}

/// Opens an index; recreates a damaged one, since it is derived data.
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

/// Removes a directory, if it exists.
fn remove(dir: &Path) -> Result<(), IndexError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Logs the error and returns the user's message.
fn failed(error: &dyn std::error::Error) -> Text {
    tracing::error!(%error, "the index of documents failed");
    Text::new("error-index_failed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::passages;
    use crate::embedding::EmbeddingSource;
    use crate::index::Audience;
    use crate::model::{DocumentKind, UsedIn};

    /// What an index answers that was made in `dir` with one document in that version.
    fn make(dir: &Path, version: u64) {
        let text = "Bees make honey.";
        let passages = passages(text, DocumentKind::Text);
        let number = DocumentNumber(1);
        let used_in = &UsedIn::AllRooms;
        let document = IndexedDocument { number, version, title: "Bees", used_in, text, passages: &passages };
        PassageIndex::open(dir).and_then(|index| index.replace(&[document])).expect("an index");
    }

    /// The version that is found, and the folders that are there.
    fn opened(dir: &Path) -> (Option<u64>, Vec<String>) {
        let embedder = Arc::new(Embedder::new(EmbeddingSource::Off).expect("none"));
        let index_set = IndexSet::new(dir.to_owned(), embedder);
        let index = index_set.index().expect("an index");
        let hits = index.search("honey", &Audience::Everything, 1).expect("a search");
        let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut folders: Vec<_> = entries.map(|name| name.into_string().expect("text")).collect();
        folders.sort();
        (hits.first().map(|hit| hit.version), folders)
    }

    #[test]
    fn a_swap_that_was_cut_short_anywhere_leaves_one_whole_index() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |name: &str| dir.path().join(name);
        // Between the two renames.
        make(&at(OLD_PASSAGES), 1);
        make(&at(NEW_PASSAGES), 2);
        assert_eq!(opened(dir.path()), (Some(2), vec![PASSAGES.to_owned()]));
        // While the old one was being removed.
        make(&at(OLD_PASSAGES), 1);
        fs::remove_file(at(OLD_PASSAGES).join("version")).expect("removed");
        assert_eq!(opened(dir.path()), (Some(2), vec![PASSAGES.to_owned()]));
    }

    #[test]
    fn the_new_index_takes_the_place_of_the_old_and_nothing_is_left_of_that() {
        let dir = tempfile::tempdir().expect("a folder");
        make(&dir.path().join(PASSAGES), 1);
        let stamp = dir.path().join(PASSAGES).join("version");
        let current = fs::read_to_string(&stamp).expect("a version");
        let (layout, _) = current.split_once('.').expect("a layout");
        fs::write(&stamp, format!("{layout}.0")).expect("written");
        make(&dir.path().join(NEW_PASSAGES), 2);
        let index_set =
            IndexSet::new(dir.path().to_owned(), Arc::new(Embedder::new(EmbeddingSource::Off).expect("none")));
        assert_eq!(index_set.contents(), Ok(HashMap::from([(DocumentNumber(1), 1)])));
        assert!(index_set.is_rebuilding());
        assert_eq!((index_set.swap(), index_set.swap()), (Ok(true), Ok(false)));
        assert_eq!(index_set.contents(), Ok(HashMap::from([(DocumentNumber(1), 2)])));
        drop(index_set);
        assert_eq!(opened(dir.path()), (Some(2), vec![PASSAGES.to_owned()]));
    }
}
