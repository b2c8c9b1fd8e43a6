//! Collections, the rooms that have chosen them, and what may be read and found where.

use std::collections::{BTreeMap, BTreeSet};

use super::Library;
use crate::accounts::{Action, Actor};
use crate::index::Audience;
use crate::model::{Collection, CollectionId, CollectionName, RoomName, RoomRecord, Timestamp, UsedIn};
use crate::store::{Collected, RoomNumber};
use crate::text::Text;

/// Maximum number of collections.
const MOST: u32 = 200;

impl Library {
    /// The collections of which this person may read the documents, by name.
    pub async fn collections(&self, actor: &Actor) -> Result<Vec<Collection>, Text> {
        let mut collections = self.store.collections().await?;
        let uses = collections.iter().map(|collection| UsedIn::Collection(collection.id.clone())).collect();
        let readable = self.readable_of(actor, uses).await?;
        collections.retain(|collection| readable.contains(&UsedIn::Collection(collection.id.clone())));
        collections.sort_by_key(|collection| collection.name.folded());
        Ok(collections)
    }

    /// The collection of that name.
    ///
    /// # Errors
    /// `not_found` if there is none, or none that this person may know of.
    pub async fn collection(&self, actor: &Actor, name: &str) -> Result<Collection, Text> {
        let missing = || Text::new("error-not_found-collection").with("name", name);
        let valid = CollectionName::new(name).map_err(|_| missing())?;
        let collection = self.store.collection_named(&valid).await?.ok_or_else(missing)?;
        let used_in = UsedIn::Collection(collection.id.clone());
        let readable = self.readable_of(actor, BTreeSet::from([used_in.clone()])).await?;
        if readable.contains(&used_in) { Ok(collection) } else { Err(missing()) }
    }

    /// Makes a collection without documents, which no room has chosen.
    pub async fn add_collection(&self, actor: &Actor, name: &str) -> Result<Collection, Text> {
        actor.may(Action::ManageDocuments)?;
        let collection = Collection {
            id: CollectionId::fresh(),
            name: CollectionName::new(name)?,
            rooms: Vec::new(),
            documents: 0,
            created_at: Timestamp::now(),
            place: 0,
        };
        stored(self.store.add_collection(collection.clone(), MOST).await?, &collection.name)?;
        Ok(collection)
    }

    /// Gives a collection another name.
    pub async fn rename_collection(&self, actor: &Actor, name: &str, new: &str) -> Result<Collection, Text> {
        actor.may(Action::ManageDocuments)?;
        let (from, name) = (self.collection(actor, name).await?, CollectionName::new(new)?);
        stored(self.store.rename_collection(&from.id, &name).await?, &name)?;
        Ok(Collection { name, ..from })
    }

    /// Removes a collection without documents.
    pub async fn remove_collection(&self, actor: &Actor, name: &str) -> Result<(), Text> {
        actor.may(Action::ManageDocuments)?;
        let collection = self.collection(actor, name).await?;
        stored(self.store.remove_collection(&collection.id).await?, &collection.name)
    }

    /// Lets a room have these collections and no others.
    pub async fn choose_collections(&self, actor: &Actor, room: &RoomName, names: &[String]) -> Result<(), Text> {
        let missing = || Text::new("error-not_found-room").with("room", room.shown());
        let (number, record) = self.store.room(room).await?.ok_or_else(missing)?;
        actor.may(Action::ChooseCollections(&record))?;
        let mut chosen = Vec::new();
        for name in names {
            chosen.push(self.collection(actor, name).await?.id);
        }
        match self.store.choose_collections(room, number, &chosen).await? {
            Collected::Stored => Ok(()),
            Collected::TooManyRooms => Err(Text::new("error-bad_collection-rooms").with("max", Collection::MOST_ROOMS)),
            // Somebody removed the room, or one of them.
            _ => Err(Text::new("error-changed-room")),
        }
    }

    /// Takes all collections from a room, which is going to be deleted.
    pub(super) async fn choose_none(&self, room: &RoomName) -> Result<(), Text> {
        if let Some((number, _)) = self.store.room(room).await? {
            self.store.choose_collections(room, number, &[]).await?;
        }
        Ok(())
    }

    /// The names of collections by their ids.
    pub async fn collection_names(&self) -> Result<BTreeMap<CollectionId, CollectionName>, Text> {
        let collections = self.store.collections().await?;
        Ok(collections.into_iter().map(|collection| (collection.id, collection.name)).collect())
    }

    /// The rooms that have chosen a collection, as far as they exist.
    pub async fn rooms_with(&self, collection: &Collection) -> Result<Vec<RoomRecord>, Text> {
        let mut rooms = Vec::new();
        for number in &collection.rooms {
            rooms.extend(self.store.find_room_record(RoomNumber::new(*number)).await?);
        }
        Ok(rooms)
    }

    /// What is found for a question that is asked in a room, or in none.
    pub async fn audience(&self, room: Option<&RoomName>) -> Result<Audience, Text> {
        let Some(room) = room else { return Ok(Audience::all_rooms()) };
        let mut uses = BTreeSet::from([UsedIn::AllRooms, UsedIn::Room(room.clone())]);
        if let Some((number, _)) = self.store.room(room).await? {
            let mut collections = self.store.collections().await?;
            collections.retain(|collection| collection.rooms.contains(&number.get()));
            uses.extend(collections.into_iter().map(|collection| UsedIn::Collection(collection.id)));
        }
        Ok(Audience::Of(uses))
    }

    /// What this person may read, of all rooms.
    pub async fn readable(&self, actor: &Actor) -> Result<Audience, Text> {
        let uses = self.catalog().entries().map(|(_, entry)| entry.used_in.clone()).collect();
        Ok(Audience::Of(self.readable_of(actor, uses).await?))
    }

    /// Those of which this person may read the documents.
    pub(super) async fn readable_of(&self, actor: &Actor, uses: BTreeSet<UsedIn>) -> Result<BTreeSet<UsedIn>, Text> {
        let mut readable = BTreeSet::new();
        for used_in in uses {
            let rooms = match &used_in {
                UsedIn::AllRooms => Vec::new(),
                UsedIn::Room(room) => self.store.room(room).await?.map(|(_, record)| record).into_iter().collect(),
                UsedIn::Collection(id) => match self.store.collection(id).await? {
                    Some(collection) => self.rooms_with(&collection).await?,
                    None => Vec::new(),
                },
            };
            if actor.may(Action::ReadDocument(&used_in, &rooms)).is_ok() {
                readable.insert(used_in);
            }
        }
        Ok(readable)
    }
}

/// What storing a collection of that name says to people.
fn stored(collected: Collected, name: &CollectionName) -> Result<(), Text> {
    Err(match collected {
        Collected::Stored => return Ok(()),
        Collected::NameTaken => Text::new("error-name_taken-collection").with("name", name),
        Collected::TooMany => Text::new("error-too_many_collections").with("max", MOST),
        Collected::InUse => Text::new("error-wrong_state-collection").with("name", name),
        Collected::Gone | Collected::TooManyRooms => Text::new("error-not_found-collection").with("name", name),
    })
}
