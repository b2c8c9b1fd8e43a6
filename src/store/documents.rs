//! Documents: one record each, under a number that the index and the vectors know them by.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::apply::number_from;
use super::claims::Claim;
use super::engine::Reader;
use super::pager::Pager;
use super::writer::WriteKind;
use super::{Batch, Outcome, Store, StoreError, Table, decode, encode, prefix_range, scopes};
use crate::model::{Document, DocumentId, DocumentNumber, FileId, RoomName, UsedIn};

/// How often a document is stored in a collection that others change at the same time.
const TRIES: usize = 20;

/// What documents take, in bytes: a cache of their records.
#[derive(Debug, Default)]
pub(super) struct DocumentBytes(Mutex<HashMap<UsedIn, u64>>);

/// Where a document is used, and what it takes.
type Share = (UsedIn, u64);

/// Result of storing a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filed<T> {
    Stored(T),
    /// The document of this id claims the same content where this one is used; nothing was stored.
    Known(DocumentId),
    /// The collection is not there; nothing was stored.
    NoCollection,
    /// It has changed, or its id exists; nothing was stored.
    Changed,
}

impl<T> Filed<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Filed<U> {
        match self {
            Self::Stored(value) => Filed::Stored(change(value)),
            Self::Known(other) => Filed::Known(other),
            Self::NoCollection => Filed::NoCollection,
            Self::Changed => Filed::Changed,
        }
    }
}

impl DocumentBytes {
    /// Adds up what all records say.
    pub async fn read(reader: &dyn Reader) -> Result<Self, String> {
        let sizes = Self::default();
        let mut documents = Pager::of_table(reader, Table::Documents);
        while let Some((_, record)) = documents.next().await.map_err(|error| error.to_string())? {
            let document = read(DocumentNumber::default(), &record).map_err(|error| error.to_string())?;
            sizes.replace(None, Some(share(&document)));
        }
        Ok(sizes)
    }

    /// Of the documents for one room alone.
    pub fn of(&self, room: &RoomName) -> u64 {
        self.0.lock().get(&UsedIn::Room(room.clone())).copied().unwrap_or(0)
    }

    /// Of all.
    pub fn total(&self) -> u64 {
        self.0.lock().values().sum()
    }

    fn replace(&self, from: Option<Share>, to: Option<Share>) {
        let mut sizes = self.0.lock();
        if let Some((used_in, bytes)) = to {
            *sizes.entry(used_in).or_default() += bytes;
        }
        if let Some((used_in, bytes)) = from {
            let left = sizes.entry(used_in.clone()).or_default();
            *left = left.saturating_sub(bytes);
            if *left == 0 {
                sizes.remove(&used_in);
            }
        }
    }
}

fn share(document: &Document) -> Share {
    (document.used_in.clone(), document.bytes())
}

impl Store {
    /// The document of that id, if there is one.
    pub async fn document(&self, id: &DocumentId) -> Result<Option<Document>, StoreError> {
        match self.engine.get(Table::DocumentNumbers, id.as_str().as_bytes()).await? {
            Some(number) => self.numbered_document(DocumentNumber(number_from(&number))).await,
            None => Ok(None),
        }
    }

    /// The document of that number, if there is one.
    pub async fn numbered_document(&self, number: DocumentNumber) -> Result<Option<Document>, StoreError> {
        let record = self.engine.get(Table::Documents, &key(number)).await?;
        record.map(|record| read(number, &record)).transpose()
    }

    /// Shows every document to `look`, oldest first.
    pub async fn each_document(&self, mut look: impl FnMut(Document) + Send) -> Result<(), StoreError> {
        let mut documents = self.pages_of(Table::Documents);
        while let Some((place, record)) = documents.next().await? {
            look(read(DocumentNumber(number_from(&place)), &record)?);
        }
        Ok(())
    }

    /// Stores a new document and assigns its number.
    pub async fn add_document(&self, document: Document) -> Result<Filed<Document>, StoreError> {
        for _ in 0..TRIES {
            let id = document.id.as_str().as_bytes();
            let batch = Batch::new(scopes::ADD_DOCUMENT)
                .if_absent(Table::DocumentNumbers, id)
                .append(Table::Documents, [], encode(&document))
                .put_number(Table::DocumentNumbers, id);
            let batch = claims_of(&document).fold(batch, |batch, claim| batch.claim(&claim, document.id.as_str()));
            let batch = add_references(batch, &document);
            let Some(batch) = self.counted(batch, None, Some(&document.used_in)).await? else {
                return Ok(Filed::NoCollection);
            };
            match self.file(batch, None, Some(share(&document))).await? {
                Some(Filed::Stored(number)) => {
                    let number = DocumentNumber(number.unwrap_or_default());
                    return Ok(Filed::Stored(Document { number, ..document }));
                }
                Some(refused) => return Ok(refused.map(|_| document)),
                None => {}
            }
        }
        Err(StoreError::Busy)
    }

    /// Replaces a document (compare-and-swap).
    pub async fn change_document(&self, from: &Document, to: &Document) -> Result<Filed<()>, StoreError> {
        let place = key(from.number);
        let (before, after): (Vec<_>, Vec<_>) = (claims_of(from).collect(), claims_of(to).collect());
        for _ in 0..TRIES {
            let batch = Batch::new(scopes::CHANGE_DOCUMENT).if_equal(Table::Documents, place, encode(from)).put(
                Table::Documents,
                place,
                encode(to),
            );
            // In this order: a file may be in both.
            let batch = add_references(remove_references(batch, from), to);
            let given_back = before.iter().filter(|claim| !after.contains(claim));
            let batch = given_back.fold(batch, Batch::release);
            let taken = after.iter().filter(|claim| !before.contains(claim));
            let batch = taken.fold(batch, |batch, claim| batch.claim(claim, to.id.as_str()));
            let Some(batch) = self.counted(batch, Some(&from.used_in), Some(&to.used_in)).await? else {
                return Ok(Filed::NoCollection);
            };
            if let Some(filed) = self.file(batch, Some(share(from)), Some(share(to))).await? {
                return Ok(filed.map(|_| ()));
            }
        }
        Err(StoreError::Busy)
    }

    /// Deletes a document; `false` if it has changed.
    pub async fn remove_document(&self, document: &Document) -> Result<bool, StoreError> {
        let place = key(document.number);
        for _ in 0..TRIES {
            let batch = Batch::new(scopes::REMOVE_DOCUMENT)
                .if_equal(Table::Documents, place, encode(document))
                .delete(Table::Documents, place)
                .delete(Table::DocumentNumbers, document.id.as_str());
            let batch = claims_of(document).fold(batch, |batch, claim| batch.release(&claim));
            let batch = remove_references(batch, document);
            let Some(batch) = self.counted(batch, Some(&document.used_in), None).await? else { return Ok(false) };
            if let Some(filed) = self.file(batch, Some(share(document)), None).await? {
                return Ok(matches!(filed, Filed::Stored(_)));
            }
        }
        Err(StoreError::Busy)
    }

    /// Commits a change of a document, and what its files take then; the number of a new one. `None` if its collection was changed
    /// meanwhile.
    async fn file(
        &self,
        batch: Batch,
        from: Option<Share>,
        to: Option<Share>,
    ) -> Result<Option<Filed<Option<u64>>>, StoreError> {
        // What frees space is written even where there is none.
        let kind = if to.is_some() { WriteKind::Growth } else { WriteKind::Maintenance };
        let sizes = self.document_bytes.clone();
        let on_commit = move |outcome: Result<Outcome, StoreError>| match outcome? {
            Outcome::Written { number, .. } => {
                sizes.replace(from, to);
                Ok(Some(Filed::Stored(number)))
            }
            Outcome::Refused { table: Table::Collections, .. } => Ok(None),
            Outcome::Refused { table: Table::Claims, found } => {
                let holder = found.as_deref().and_then(|id| std::str::from_utf8(id).ok());
                Ok(Some(holder.and_then(DocumentId::parse).map_or(Filed::Changed, Filed::Known)))
            }
            Outcome::Refused { .. } => Ok(Some(Filed::Changed)),
        };
        self.commit_with(batch, kind, on_commit).await
    }

    /// Whether no document claims a content where this document is used.
    pub async fn is_unclaimed(&self, document: &Document, content: &FileId) -> Result<bool, StoreError> {
        Ok(self.holder(&Claim::content(&document.used_in, content)).await?.is_none())
    }

    /// Whether anything that is stored has this file.
    pub async fn is_in_use(&self, file: &FileId) -> Result<bool, StoreError> {
        let references = prefix_range(file.as_str().as_bytes());
        Ok(self.pages(Table::FileReferences, references).at_most(1).next().await?.is_some())
    }
}

/// What a document claims of its contents.
pub(super) fn claims_of(document: &Document) -> impl Iterator<Item = Claim> {
    document.claimed.iter().map(|content| Claim::content(&document.used_in, content))
}

/// Notes that a document has its files.
pub(super) fn add_references(batch: Batch, document: &Document) -> Batch {
    document.files().fold(batch, |batch, file| batch.put(Table::FileReferences, reference(file, document), []))
}

fn remove_references(batch: Batch, document: &Document) -> Batch {
    document.files().fold(batch, |batch, file| batch.delete(Table::FileReferences, reference(file, document)))
}

fn reference(file: &FileId, document: &Document) -> Vec<u8> {
    [file.as_str(), document.id.as_str()].concat().into_bytes()
}

fn key(number: DocumentNumber) -> [u8; 8] {
    number.0.to_be_bytes()
}

fn read(number: DocumentNumber, record: &[u8]) -> Result<Document, StoreError> {
    Ok(Document { number, ..decode(record)? })
}
