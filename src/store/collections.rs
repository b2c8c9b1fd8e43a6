//! Collections of documents. How many documents one has is in its record, so that storing a document there is conditioned on the
//! collection, and removing the collection on its having none.

use super::claims::{Claim, free_number};
use super::rooms::RoomNumber;
use super::writer::WriteKind;
use super::{Batch, Outcome, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{Collection, CollectionId, CollectionName, RoomName, UsedIn};

/// How often a collection is changed that others change at the same time.
const TRIES: usize = 20;

/// Result of storing a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collected {
    Stored,
    NameTaken,
    /// There are as many as there may be.
    TooMany,
    /// It was removed, or the room was.
    Gone,
    /// It still has documents.
    InUse,
    /// As many rooms have chosen it as may.
    TooManyRooms,
}

impl Store {
    /// All of them, oldest first.
    pub async fn collections(&self) -> Result<Vec<Collection>, StoreError> {
        let mut pages = self.pages_of(Table::Collections);
        let mut collections = Vec::new();
        while let Some((_, record)) = pages.next().await? {
            collections.push(decode(&record)?);
        }
        Ok(collections)
    }

    /// The collection of that id, if there is one.
    pub async fn collection(&self, id: &CollectionId) -> Result<Option<Collection>, StoreError> {
        let record = self.engine.get(Table::Collections, id.as_str().as_bytes()).await?;
        record.map(|record| decode(&record)).transpose()
    }

    /// The collection that people know by that name, if there is one.
    pub async fn collection_named(&self, name: &CollectionName) -> Result<Option<Collection>, StoreError> {
        match self.holder(&Claim::collection_name(name)).await?.and_then(|id| CollectionId::parse(&id)) {
            Some(id) => self.collection(&id).await,
            None => Ok(None),
        }
    }

    /// Stores a new collection if there are fewer than `most`.
    pub async fn add_collection(&self, mut collection: Collection, most: u32) -> Result<Collected, StoreError> {
        for _ in 0..TRIES {
            if self.holder(&Claim::collection_name(&collection.name)).await?.is_some() {
                return Ok(Collected::NameTaken);
            }
            let taken = self.holders(&Claim::collection_place(0)).await?;
            let Some(place) = free_number(&taken, most) else { return Ok(Collected::TooMany) };
            collection.place = place;
            let batch = Batch::new(scopes::ADD_COLLECTION);
            let batch = claims_of(&collection).iter().fold(batch, |batch, claim| batch.claim(claim, key(&collection)));
            let batch = batch.put(Table::Collections, key(&collection), encode(&collection));
            if self.commit_if(batch, WriteKind::Growth, || ()).await? {
                return Ok(Collected::Stored);
            }
        }
        Err(StoreError::Busy)
    }

    /// Gives a collection another name.
    pub async fn rename_collection(&self, id: &CollectionId, name: &CollectionName) -> Result<Collected, StoreError> {
        for _ in 0..TRIES {
            let Some(from) = self.collection(id).await? else { return Ok(Collected::Gone) };
            let to = Collection { name: name.clone(), ..from.clone() };
            let (old, new) = (Claim::collection_name(&from.name), Claim::collection_name(name));
            let mut batch = change(Batch::new(scopes::RENAME_COLLECTION), &from, &to);
            if old != new {
                if self.holder(&new).await?.is_some() {
                    return Ok(Collected::NameTaken);
                }
                batch = batch.release(&old).claim(&new, key(&to));
            }
            if self.commit_if(batch, WriteKind::Maintenance, || ()).await? {
                return Ok(Collected::Stored);
            }
        }
        Err(StoreError::Busy)
    }

    /// Removes a collection without documents.
    pub async fn remove_collection(&self, id: &CollectionId) -> Result<Collected, StoreError> {
        for _ in 0..TRIES {
            let Some(collection) = self.collection(id).await? else { return Ok(Collected::Gone) };
            if collection.documents > 0 {
                return Ok(Collected::InUse);
            }
            let batch = Batch::new(scopes::REMOVE_COLLECTION)
                .if_equal(Table::Collections, key(&collection), encode(&collection))
                .delete(Table::Collections, key(&collection));
            let batch = claims_of(&collection).iter().fold(batch, Batch::release);
            if self.commit_if(batch, WriteKind::Maintenance, || ()).await? {
                return Ok(Collected::Stored);
            }
        }
        Err(StoreError::Busy)
    }

    /// Lets a room have these collections and no others.
    pub async fn choose_collections(
        &self,
        name: &RoomName,
        room: RoomNumber,
        chosen: &[CollectionId],
    ) -> Result<Collected, StoreError> {
        for _ in 0..TRIES {
            let mut batch =
                Batch::new(scopes::CHOOSE_COLLECTIONS).if_equal(Table::RoomNames, name.as_str(), room.prefix());
            let mut missing = chosen.to_vec();
            for from in self.collections().await? {
                missing.retain(|id| *id != from.id);
                let mut to = from.clone();
                to.rooms.retain(|other| *other != room.get());
                if chosen.contains(&from.id) {
                    to.rooms.push(room.get());
                    to.rooms.sort_unstable();
                }
                if to.rooms.len() > Collection::MOST_ROOMS {
                    return Ok(Collected::TooManyRooms);
                }
                if to != from {
                    batch = change(batch, &from, &to);
                }
            }
            if !missing.is_empty() {
                return Ok(Collected::Gone);
            }
            match self.commit(batch, WriteKind::Maintenance).await? {
                Outcome::Written { .. } => return Ok(Collected::Stored),
                Outcome::Refused { table: Table::RoomNames, .. } => return Ok(Collected::Gone),
                Outcome::Refused { .. } => {}
            }
        }
        Err(StoreError::Busy)
    }

    /// Counts a document where it is used now, and no longer where it was; `None` if that collection is not there.
    pub(super) async fn counted(
        &self,
        mut batch: Batch,
        from: Option<&UsedIn>,
        to: Option<&UsedIn>,
    ) -> Result<Option<Batch>, StoreError> {
        let (from, to) = (from.and_then(UsedIn::collection), to.and_then(UsedIn::collection));
        if from == to {
            return Ok(Some(batch));
        }
        if let Some(id) = from
            && let Some(before) = self.collection(id).await?
        {
            let after = Collection { documents: before.documents.saturating_sub(1), ..before.clone() };
            batch = change(batch, &before, &after);
        }
        if let Some(id) = to {
            let Some(before) = self.collection(id).await? else { return Ok(None) };
            let after = Collection { documents: before.documents + 1, ..before.clone() };
            batch = change(batch, &before, &after);
        }
        Ok(Some(batch))
    }
}

/// What a collection has that no other may have.
pub(super) fn claims_of(collection: &Collection) -> [Claim; 2] {
    [Claim::collection_place(collection.place), Claim::collection_name(&collection.name)]
}

fn change(batch: Batch, from: &Collection, to: &Collection) -> Batch {
    batch.if_equal(Table::Collections, key(from), encode(from)).put(Table::Collections, key(to), encode(to))
}

fn key(collection: &Collection) -> &str {
    collection.id.as_str()
}
