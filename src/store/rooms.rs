//! Rooms: name, number (the key prefix of all their data) and settings.

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::apply::number_from;
use super::writer::WriteKind;
use super::{Batch, Outcome, Store, StoreError, Table, decode, encode, prefix_range, scopes};
use crate::model::{Principal, RoomKind, RoomName, RoomRecord};

/// A room's number: the first eight bytes of the keys of all that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomNumber(u64);

impl RoomNumber {
    /// A number as [`RoomNumber::get`] gave it.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    pub fn get(self) -> u64 {
        self.0
    }

    pub(super) fn prefix(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    pub(super) fn key(self, seq: u64) -> Vec<u8> {
        [self.prefix(), seq.to_be_bytes()].concat()
    }

    pub(super) fn from_key(key: &[u8]) -> Self {
        Self(key.first_chunk::<8>().map_or(0, |chunk| u64::from_be_bytes(*chunk)))
    }
}

/// The name of the private room of a person.
pub(super) fn private_room(key: &[u8; 32], principal: &Principal) -> RoomName {
    /// Bytes of the digest that make an id: as many as a UUID has.
    const ID: usize = 16;
    RoomName::private(&HEXLOWER.encode(&signature(key, &[&principal.to_string()])[..ID]))
}

/// What only this store can compute of texts; none of them may have a zero byte.
pub(super) fn signature(key: &[u8; 32], texts: &[&str]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("any length is a key"));
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            mac.update(&[0]);
        }
        mac.update(text.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

/// How often a room is changed that others change at the same time.
const TRIES: usize = 20;

impl Store {
    /// The room of that name, if there is one.
    pub async fn room(&self, name: &RoomName) -> Result<Option<(RoomNumber, RoomRecord)>, StoreError> {
        match self.engine.get(Table::RoomNames, name.as_str().as_bytes()).await? {
            Some(number) => self.room_record(RoomNumber(number_from(&number))).await.map(Some),
            None => Ok(None),
        }
    }

    /// The room of that number; an error if there is none.
    pub async fn room_record(&self, number: RoomNumber) -> Result<(RoomNumber, RoomRecord), StoreError> {
        let record = self.engine.get(Table::Rooms, &number.prefix()).await?;
        let record = record.ok_or_else(|| StoreError::Unreadable(format!("room {} is missing", number.0)))?;
        Ok((number, decode(&record)?))
    }

    /// The room of that number, if it was not removed.
    pub async fn find_room_record(&self, number: RoomNumber) -> Result<Option<RoomRecord>, StoreError> {
        self.engine.get(Table::Rooms, &number.prefix()).await?.map(|record| decode(&record)).transpose()
    }

    /// Creates a room, or returns the one that somebody else created first; `true` if it is new.
    pub async fn create_room(&self, record: RoomRecord) -> Result<(RoomNumber, RoomRecord, bool), StoreError> {
        let name = record.name.as_str();
        let batch = Batch::new(scopes::CREATE_ROOM)
            .if_absent(Table::RoomNames, name)
            .append(Table::Rooms, [], encode(&record))
            .put_number(Table::RoomNames, name);
        let batch = list_members(batch, &record.name, &[], named_members(&record));
        match self.commit(batch, WriteKind::Growth).await? {
            Outcome::Written { number, .. } => Ok((RoomNumber(number.unwrap_or_default()), record, true)),
            Outcome::Refused { found, .. } => {
                let number = found.as_deref().map_or(0, number_from);
                self.room_record(RoomNumber(number)).await.map(|(number, record)| (number, record, false))
            }
        }
    }

    /// Changes a room's settings from what they are. `effect` is what the change causes in
    /// memory.
    pub async fn update_room(
        &self,
        number: RoomNumber,
        change: impl Fn(&mut RoomRecord),
        effect: impl Fn(RoomRecord) + Clone + Send + 'static,
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let (_, from) = self.room_record(number).await?;
            let mut to = from.clone();
            change(&mut to);
            let batch = change_room(Batch::new(scopes::CHANGE_ROOM), number, &from, &to);
            let effect = effect.clone();
            if self.commit_if(batch, WriteKind::Maintenance, move || effect(to)).await? {
                return Ok(());
            }
        }
        Err(StoreError::Busy)
    }

    /// The rooms with named members of which somebody is one, by name.
    pub async fn rooms_of(&self, principal: &Principal) -> Result<Vec<(RoomNumber, RoomRecord)>, StoreError> {
        let mut keys = self.pages(Table::RoomsOf, prefix_range(&member_prefix(principal)));
        let mut rooms = Vec::new();
        while let Some((key, _)) = keys.next().await? {
            let name = key.get(member_prefix(principal).len()..).unwrap_or_default();
            if let Some(number) = self.engine.get(Table::RoomNames, name).await? {
                rooms.push(self.room_record(RoomNumber(number_from(&number))).await?);
            }
        }
        Ok(rooms)
    }

    /// The name of the direct room of these people, always the same.
    pub fn direct_room(&self, members: &[Principal]) -> RoomName {
        let mut members: Vec<_> = members.iter().map(Principal::to_string).collect();
        members.sort_unstable();
        let texts: Vec<_> = std::iter::once("direct").chain(members.iter().map(String::as_str)).collect();
        RoomName::direct(&self.sign(&texts))
    }

    /// The numbers of all rooms, in order: eight bytes for each. Reads every room.
    pub async fn room_numbers(&self) -> Result<Vec<RoomNumber>, StoreError> {
        let mut rooms = self.pages_of(Table::Rooms);
        let mut numbers = Vec::new();
        while let Some((key, _)) = rooms.next().await? {
            numbers.push(RoomNumber::from_key(&key));
        }
        Ok(numbers)
    }

    /// Rooms of wanted kinds whose name contains `part`, newest first, at most `limit`; neither private nor direct ones. Reads many.
    pub async fn named_rooms(
        &self,
        part: &str,
        limit: usize,
        is_wanted: impl Fn(RoomKind) -> bool,
    ) -> Result<Vec<(RoomNumber, RoomRecord)>, StoreError> {
        /// Names looked at before giving up on what is rare.
        const MOST: usize = 200_000;
        // Names before, between and behind the marks of private and direct ones.
        let mut found = Vec::new();
        for range in [vec![]..vec![b'@'], vec![b'@' + 1]..vec![b'~'], vec![b'~' + 1]..vec![u8::MAX]] {
            let mut names = self.pages(Table::RoomNames, range).at_most(MOST);
            while let Some((name, number)) = names.next().await? {
                if String::from_utf8_lossy(&name).contains(part) {
                    found.push(RoomNumber(number_from(&number)));
                }
            }
        }
        found.sort_unstable_by_key(|number| std::cmp::Reverse(number.0));
        let mut rooms = Vec::new();
        for number in found {
            if rooms.len() == limit {
                break;
            }
            let room = self.room_record(number).await?;
            rooms.extend(Some(room).filter(|(_, record)| is_wanted(record.kind)));
        }
        Ok(rooms)
    }
}

/// What the keys of somebody's rooms begin with.
fn member_prefix(principal: &Principal) -> Vec<u8> {
    [principal.to_string().as_bytes(), &[0]].concat()
}

/// Where a room is found by its member.
fn member_key(principal: &Principal, room: &RoomName) -> Vec<u8> {
    [member_prefix(principal).as_slice(), room.as_str().as_bytes()].concat()
}

/// The members of a room that lists them.
pub(super) fn named_members(record: &RoomRecord) -> &[Principal] {
    if record.kind.has_members() { &record.members } else { &[] }
}

/// Changes a room's record, if it still is what it was.
pub(super) fn change_room(batch: Batch, number: RoomNumber, from: &RoomRecord, to: &RoomRecord) -> Batch {
    let batch = batch.if_equal(Table::Rooms, number.prefix(), encode(from));
    let batch = batch.put(Table::Rooms, number.prefix(), encode(to));
    list_members(batch, &to.name, named_members(from), named_members(to))
}

/// Lists a room among those of its new members, and no longer among those of others.
pub(super) fn list_members(batch: Batch, room: &RoomName, from: &[Principal], to: &[Principal]) -> Batch {
    let left = from.iter().filter(|member| !to.contains(member));
    let batch = left.fold(batch, |batch, member| batch.delete(Table::RoomsOf, member_key(member, room)));
    let joined = to.iter().filter(|member| !from.contains(member));
    joined.fold(batch, |batch, member| batch.put(Table::RoomsOf, member_key(member, room), []))
}
