//! Documents: one record each, under a number that the index and the vectors know them by.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::apply::number_from;
use super::claims::Claim;
use super::engine::Reader;
use super::pager::Pager;
use super::writer::WriteKind;
use super::{Batch, Outcome, Store, StoreError, Table, decode, encode, prefix_range, scopes};
use crate::model::{Document, DocumentId, DocumentNumber, FileId, RoomName};

/// What documents take, in bytes: a cache of their records.
#[derive(Debug, Default)]
pub(super) struct DocumentBytes(Mutex<HashMap<Option<RoomName>, u64>>);

/// Where a document is used, and what it takes.
type Share = (Option<RoomName>, u64);

/// Result of storing a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filed<T> {
    Stored(T),
    /// The document of this id claims the same content where this one is used; nothing was stored.
    Known(DocumentId),
    /// It has changed, or its id exists; nothing was stored.
    Changed,
}

impl<T> Filed<T> {
    fn refused(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Refused { table: Table::Claims, found } => {
                let holder = found.as_deref().and_then(|id| std::str::from_utf8(id).ok());
                holder.and_then(DocumentId::parse).map_or(Self::Changed, Self::Known)
            }
            _ => Self::Changed,
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
        self.0.lock().get(&Some(room.clone())).copied().unwrap_or(0)
    }

    /// Of all.
    pub fn total(&self) -> u64 {
        self.0.lock().values().sum()
    }

    fn replace(&self, from: Option<Share>, to: Option<Share>) {
        let mut sizes = self.0.lock();
        if let Some((room, bytes)) = to {
            *sizes.entry(room).or_default() += bytes;
        }
        if let Some((room, bytes)) = from {
            let left = sizes.entry(room.clone()).or_default();
            *left = left.saturating_sub(bytes);
            if *left == 0 {
                sizes.remove(&room);
            }
        }
    }
}

fn share(document: &Document) -> Share {
    (document.room.clone(), document.bytes())
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
        let id = document.id.as_str().as_bytes();
        let batch = Batch::new(scopes::ADD_DOCUMENT)
            .if_absent(Table::DocumentNumbers, id)
            .append(Table::Documents, [], encode(&document))
            .put_number(Table::DocumentNumbers, id);
        let batch = claims_of(&document).fold(batch, |batch, claim| batch.claim(&claim, document.id.as_str()));
        let batch = add_references(batch, &document);
        let (sizes, share) = (self.document_bytes.clone(), share(&document));
        let on_commit = move |outcome: Result<Outcome, StoreError>| match outcome? {
            Outcome::Written { number, .. } => {
                sizes.replace(None, Some(share));
                Ok(Filed::Stored(Document { number: DocumentNumber(number.unwrap_or_default()), ..document }))
            }
            refused => Ok(Filed::refused(&refused)),
        };
        self.commit_with(batch, WriteKind::Growth, on_commit).await
    }

    /// Replaces a document (compare-and-swap).
    pub async fn change_document(&self, from: &Document, to: &Document) -> Result<Filed<()>, StoreError> {
        let place = key(from.number);
        let batch = Batch::new(scopes::CHANGE_DOCUMENT).if_equal(Table::Documents, place, encode(from)).put(
            Table::Documents,
            place,
            encode(to),
        );
        // In this order: a file may be in both.
        let batch = add_references(remove_references(batch, from), to);
        let (before, after): (Vec<_>, Vec<_>) = (claims_of(from).collect(), claims_of(to).collect());
        let given_back = before.iter().filter(|claim| !after.contains(claim));
        let batch = given_back.fold(batch, Batch::release);
        let taken = after.iter().filter(|claim| !before.contains(claim));
        let batch = taken.fold(batch, |batch, claim| batch.claim(claim, to.id.as_str()));
        let (sizes, from, to) = (self.document_bytes.clone(), share(from), share(to));
        let on_commit = move |outcome: Result<Outcome, StoreError>| match outcome? {
            Outcome::Written { .. } => {
                sizes.replace(Some(from), Some(to));
                Ok(Filed::Stored(()))
            }
            refused => Ok(Filed::refused(&refused)),
        };
        self.commit_with(batch, WriteKind::Growth, on_commit).await
    }

    /// Deletes a document; `false` if it has changed.
    pub async fn remove_document(&self, document: &Document) -> Result<bool, StoreError> {
        let place = key(document.number);
        let batch = Batch::new(scopes::REMOVE_DOCUMENT)
            .if_equal(Table::Documents, place, encode(document))
            .delete(Table::Documents, place)
            .delete(Table::DocumentNumbers, document.id.as_str());
        let batch = claims_of(document).fold(batch, |batch, claim| batch.release(&claim));
        let batch = remove_references(batch, document);
        let (sizes, share) = (self.document_bytes.clone(), share(document));
        self.commit_if(batch, WriteKind::Maintenance, move || sizes.replace(Some(share), None)).await
    }

    /// Whether no document claims a content where this document is used.
    pub async fn is_unclaimed(&self, document: &Document, content: &FileId) -> Result<bool, StoreError> {
        Ok(self.holder(&Claim::content(document.room.as_ref(), content)).await?.is_none())
    }

    /// Whether anything that is stored has this file.
    pub async fn is_in_use(&self, file: &FileId) -> Result<bool, StoreError> {
        let references = prefix_range(file.as_str().as_bytes());
        Ok(self.pages(Table::FileReferences, references).at_most(1).next().await?.is_some())
    }
}

/// What a document claims of its contents.
pub(super) fn claims_of(document: &Document) -> impl Iterator<Item = Claim> {
    document.claimed.iter().map(|content| Claim::content(document.room.as_ref(), content))
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
