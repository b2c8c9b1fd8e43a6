//! Documents: one record each, under a number that the index and the vectors know them by.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::apply::number_from;
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

    /// Stores a new document and assigns its number; `None`, without storing anything, if the id exists.
    pub async fn add_document(&self, document: Document) -> Result<Option<Document>, StoreError> {
        let id = document.id.as_str().as_bytes();
        let batch = Batch::new(scopes::ADD_DOCUMENT)
            .if_absent(Table::DocumentNumbers, id)
            .append(Table::Documents, [], encode(&document))
            .put_number(Table::DocumentNumbers, id);
        let batch = add_references(batch, &document);
        let (sizes, share) = (self.document_bytes.clone(), share(&document));
        let on_commit = move |outcome: Result<Outcome, StoreError>| match outcome? {
            Outcome::Written { number, .. } => {
                sizes.replace(None, Some(share));
                Ok(Some(Document { number: DocumentNumber(number.unwrap_or_default()), ..document }))
            }
            Outcome::Refused { .. } => Ok(None),
        };
        self.commit_with(batch, WriteKind::Growth, on_commit).await
    }

    /// Replaces a document (compare-and-swap); `false`, without storing anything, if it has changed.
    pub async fn change_document(&self, from: &Document, to: &Document) -> Result<bool, StoreError> {
        let place = key(from.number);
        let batch = Batch::new(scopes::CHANGE_DOCUMENT).if_equal(Table::Documents, place, encode(from)).put(
            Table::Documents,
            place,
            encode(to),
        );
        // In this order: a file may be in both.
        let batch = add_references(remove_references(batch, from), to);
        let (sizes, from, to) = (self.document_bytes.clone(), share(from), share(to));
        self.commit_if(batch, WriteKind::Growth, move || sizes.replace(Some(from), Some(to))).await
    }

    /// Deletes a document; `false` if it has changed.
    pub async fn remove_document(&self, document: &Document) -> Result<bool, StoreError> {
        let place = key(document.number);
        let batch = Batch::new(scopes::REMOVE_DOCUMENT)
            .if_equal(Table::Documents, place, encode(document))
            .delete(Table::Documents, place)
            .delete(Table::DocumentNumbers, document.id.as_str());
        let batch = remove_references(batch, document);
        let (sizes, share) = (self.document_bytes.clone(), share(document));
        self.commit_if(batch, WriteKind::Maintenance, move || sizes.replace(Some(share), None)).await
    }

    /// Whether anything that is stored has this file.
    pub async fn is_in_use(&self, file: &FileId) -> Result<bool, StoreError> {
        let references = prefix_range(file.as_str().as_bytes());
        Ok(self.pages(Table::FileReferences, references).at_most(1).next().await?.is_some())
    }
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
