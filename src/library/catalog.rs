//! In-memory catalog of all documents: how far each is indexed, and where it is used.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Document, DocumentKind, DocumentNumber, FileId, Language, PassageId, UsedIn};

/// Indexing state of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    /// Stored; its passages are not in the index yet.
    Waiting,
    /// Its passages are being put into the index.
    Indexing,
    /// Found by its words.
    Searchable,
    /// Found by its meaning too, if that is enabled.
    Ready,
}

/// Passages of a document that are left out, and the texts in which they stand.
#[derive(Debug)]
pub struct Unused {
    pub passages: HashSet<PassageId>,
    /// By version.
    pub texts: HashMap<u64, FileId>,
}

/// One document.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The version that is stored.
    pub version: u64,
    pub used_in: UsedIn,
    pub kind: DocumentKind,
    pub language: Language,
    pub passages: u32,
    /// The version whose passages are in the index.
    pub indexed: Option<u64>,
    /// The version whose passages have vectors.
    pub embedded: Option<u64>,
    /// `None` if all passages are used.
    pub unused: Option<Arc<Unused>>,
}

impl Entry {
    pub fn is_indexed(&self) -> bool {
        self.indexed == Some(self.version)
    }

    pub fn is_embedded(&self) -> bool {
        self.embedded == Some(self.version)
    }
}

/// All documents, about fifty bytes each.
#[derive(Default)]
pub struct Catalog {
    entries: HashMap<DocumentNumber, Entry>,
    /// Whether search by meaning is enabled.
    with_meaning: bool,
    /// Documents that the running job is indexing, with their versions.
    pub at_work: HashMap<DocumentNumber, u64>,
}

impl Catalog {
    pub fn new(with_meaning: bool) -> Self {
        Self { with_meaning, ..Self::default() }
    }

    /// Notes a document as it is stored, unless it is known so, or newer.
    pub fn catch_up(&mut self, document: &Document) {
        if self.get(document.number).is_none_or(|entry| entry.version < document.version) {
            self.put(document);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn get(&self, number: DocumentNumber) -> Option<&Entry> {
        self.entries.get(&number)
    }

    pub fn entries(&self) -> impl Iterator<Item = (DocumentNumber, &Entry)> {
        self.entries.iter().map(|(number, entry)| (*number, entry))
    }

    /// Adds a document that was just stored, or found at start.
    pub fn put(&mut self, document: &Document) {
        let before = self.entries.get(&document.number);
        // Of two concurrent changes, the slower one may arrive with an older version.
        if before.is_some_and(|entry| entry.version > document.version) {
            return;
        }
        let (indexed, embedded) = before.map_or((None, None), |entry| (entry.indexed, entry.embedded));
        let entry = Entry {
            version: document.version,
            used_in: document.used_in.clone(),
            kind: document.kind,
            language: document.language,
            passages: document.passages,
            indexed,
            embedded,
            unused: unused(document),
        };
        self.entries.insert(document.number, entry);
    }

    pub fn remove(&mut self, number: DocumentNumber) {
        self.entries.remove(&number);
    }

    /// Sets the indexed versions.
    pub fn set_indexed(&mut self, contents: &HashMap<DocumentNumber, u64>) {
        for (number, entry) in &mut self.entries {
            entry.indexed = contents.get(number).copied();
        }
    }

    /// Sets the embedded versions.
    pub fn set_embedded(&mut self, contents: &HashMap<DocumentNumber, u64>) {
        for (number, entry) in &mut self.entries {
            entry.embedded = contents.get(number).copied();
        }
    }

    /// The indexed version of a document, and the one being indexed.
    pub fn in_index(&self, number: DocumentNumber) -> (Option<u64>, Option<u64>) {
        (self.get(number).and_then(|entry| entry.indexed), self.at_work.get(&number).copied())
    }

    pub fn note_indexed(&mut self, number: DocumentNumber, version: u64) {
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.indexed = Some(version);
        }
    }

    pub fn note_embedded(&mut self, number: DocumentNumber, version: u64) {
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.embedded = Some(version);
        }
    }

    pub fn state(&self, number: DocumentNumber) -> DocumentState {
        match self.entries.get(&number) {
            _ if self.at_work.contains_key(&number) => DocumentState::Indexing,
            Some(entry) if !entry.is_indexed() => DocumentState::Waiting,
            Some(entry) if self.with_meaning && !entry.is_embedded() => DocumentState::Searchable,
            Some(_) => DocumentState::Ready,
            None => DocumentState::Waiting,
        }
    }

    /// Documents that are not indexed, oldest first.
    pub fn waiting(&self) -> Vec<DocumentNumber> {
        self.sorted(|entry| !entry.is_indexed())
    }

    /// Documents that are indexed but not embedded, oldest first.
    pub fn without_vectors(&self) -> Vec<DocumentNumber> {
        self.sorted(|entry| self.with_meaning && entry.is_indexed() && !entry.is_embedded())
    }

    fn sorted(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<DocumentNumber> {
        let mut numbers: Vec<_> =
            self.entries.iter().filter(|(_, entry)| wanted(entry)).map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers
    }
}

/// What is left out of a document.
fn unused(document: &Document) -> Option<Arc<Unused>> {
    let passages: HashSet<PassageId> = document.unused.iter().cloned().collect();
    let texts = || document.texts().map(|(version, text)| (version, text.clone())).collect();
    (!passages.is_empty()).then(|| Arc::new(Unused { passages, texts: texts() }))
}
