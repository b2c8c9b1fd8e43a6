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

/// The index whose place was taken; there for a moment, or after a swap that was cut short.
const OLD_PASSAGES: &str = "passages.old";

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
        let [current, new, old] = self.folders();
        if !current.exists() && new.exists() {
            // A swap was cut short.
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

    /// Lets the index that was made anew answer; `false` if there is none. Nothing may be put in or taken out meanwhile. Blocks.
    pub fn swap(&self) -> Result<bool, Text> {
        if !self.is_rebuilding() {
            return Ok(false);
        }
        // They must write nothing where they do not lie any more; what belongs to the other lies there then.
        self.opened().iter().for_each(|index| index.rest());
        let open = self.put_new_in_place().map(|current| Open { current: Some(Arc::new(current)), next: None });
        let (open, swapped) = match open {
            Ok(open) => (open, Ok(true)),
            // What lies there is looked at by the next who needs it.
            Err(error) => (Open::default(), Err(failed(&error))),
        };
        *self.write() = open;
        let [.., old] = self.folders();
        if let Err(error) = remove(&old) {
            tracing::warn!(%error, "cannot remove the old index of documents; the next start does");
        }
        swapped.inspect(|_| tracing::info!("the new index of documents answers now"))
    }

    /// At every moment one whole index lies where the next start looks: removing takes long, renaming does not. Whoever searches
    /// the old one meanwhile has its files open; they are gone when that is over.
    fn put_new_in_place(&self) -> Result<PassageIndex, IndexError> {
        let [current, new, old] = self.folders();
        remove(&old)?;
        fs::rename(&current, &old)?;
        fs::rename(&new, &current)?;
        opened(&current)
    }

    /// Where the index lies that answers, the one that is being made, and the one whose place was taken.
    fn folders(&self) -> [PathBuf; 3] {
        [PASSAGES, NEW_PASSAGES, OLD_PASSAGES].map(|name| self.dir.join(name))
    }

    /// Removes every index: there are no documents, or it is damaged. None may be open. Blocks.
    pub fn discard(&self) {
        for folder in self.folders() {
            if let Err(error) = remove(&folder) {
                tracing::error!(%error, "cannot remove the index of documents");
            }
        }
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
            self.discard();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::passages;
    use crate::embedding::EmbeddingSource;
    use crate::index::Audience;
    use crate::model::DocumentKind;

    /// What an index answers that was made in `dir` with one document in that version.
    fn make(dir: &Path, version: u64) {
        let text = "Bees make honey.";
        let passages = passages(text, DocumentKind::Text);
        let number = DocumentNumber(1);
        let document = IndexedDocument { number, version, title: "Bees", room: None, text, passages: &passages };
        PassageIndex::open(dir).and_then(|index| index.replace(&[document])).expect("an index");
    }

    /// The version that is found, and the folders that are there.
    fn opened(dir: &Path) -> (Option<u64>, Vec<String>) {
        let embedder = Arc::new(Embedder::new(EmbeddingSource::Off).expect("none"));
        let shelf = Shelf::new(dir.to_owned(), embedder);
        let index = shelf.index().expect("an index");
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
        let shelf = Shelf::new(dir.path().to_owned(), Arc::new(Embedder::new(EmbeddingSource::Off).expect("none")));
        assert_eq!(shelf.contents(), Ok(HashMap::from([(DocumentNumber(1), 1)])));
        assert!(shelf.is_rebuilding());
        assert_eq!((shelf.swap(), shelf.swap()), (Ok(true), Ok(false)));
        assert_eq!(shelf.contents(), Ok(HashMap::from([(DocumentNumber(1), 2)])));
        drop(shelf);
        assert_eq!(opened(dir.path()), (Some(2), vec![PASSAGES.to_owned()]));
    }
}
