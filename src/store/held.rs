//! Messages that wait for approval: limited in number, in all and for each payer.

use std::fmt;

use data_encoding::HEXLOWER;

use super::apply::number_from;
use super::claims::{Claim, free_number};
use super::rooms::RoomNumber;
use super::sent_ids::sent_key;
use super::writer::WriteKind;
use super::{Batch, Outcome, Store, StoreError, Table, decode, encode, prefix_range, scopes};
use crate::model::HeldMessage;

/// How often a message looks for free places that others take at the same time.
const TRIES: usize = 20;

/// The id of a message that waits: the same for the same author's message of the same id in the same room.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeldId(Vec<u8>);

impl HeldId {
    pub(super) fn of_key(key: &[u8]) -> Self {
        Self(key.to_vec())
    }

    /// Parses an untrusted id; `None` if it is invalid.
    pub fn parse(text: &str) -> Option<Self> {
        /// A room's number and a hash.
        const LENGTH: usize = 8 + 12;
        HEXLOWER.decode(text.as_bytes()).ok().filter(|key| key.len() == LENGTH).map(Self)
    }
}

impl fmt::Display for HeldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// A message that waits for approval, as it is stored.
#[derive(Clone, Debug)]
pub struct Held {
    pub id: HeldId,
    pub record: HeldMessage,
    kept: Vec<u8>,
}

/// How many messages may wait.
#[derive(Clone, Copy, Debug)]
pub struct HeldLimits {
    pub in_all: u32,
    pub per_payer: u32,
}

/// What became of a message that is to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    New(HeldId),
    /// It waits already.
    Before(HeldId),
    /// It was let through under this number.
    Posted(u64),
    /// Too many wait.
    TooMany,
    /// The room was removed.
    Gone,
}

/// Both places that a message takes.
pub(super) fn places_of(held: &HeldMessage) -> [Claim; 2] {
    [Claim::held_place(held.place), Claim::held_place_of(&held.payer(), held.payer_place)]
}

/// Takes a message out that waits, on condition that it still does.
pub(super) fn remove(batch: Batch, held: &Held) -> Batch {
    let batch = batch.if_equal(Table::HeldMessages, held.id.0.clone(), held.kept.clone());
    let batch = batch.delete(Table::HeldMessages, held.id.0.clone());
    places_of(&held.record).iter().fold(batch, Batch::release)
}

impl Store {
    /// Stores a message that waits for approval; `effect` is what it causes in memory if it is new.
    pub async fn hold(
        &self,
        room: RoomNumber,
        mut held: HeldMessage,
        limits: HeldLimits,
        effect: impl FnOnce(&HeldId, &HeldMessage) + Clone + Send + 'static,
    ) -> Result<Holding, StoreError> {
        let key = sent_key(room, &held.message.author, &held.message.id);
        let id = HeldId(key.clone());
        for _ in 0..TRIES {
            let payer = held.payer();
            let taken = self.holders(&Claim::held_place_of(&payer, 0)).await?;
            let in_all = self.holders(&Claim::held_place(0)).await?;
            let places = free_number(&in_all, limits.in_all).zip(free_number(&taken, limits.per_payer));
            let Some(places) = places else {
                let waits = self.engine.get(Table::HeldMessages, &key).await?.is_some();
                return Ok(if waits { Holding::Before(id) } else { Holding::TooMany });
            };
            (held.place, held.payer_place) = places;
            let batch = Batch::new(scopes::HOLD)
                .if_equal(Table::RoomNames, held.room.as_str(), room.prefix())
                .if_absent(Table::SentIds, key.clone())
                .if_absent(Table::HeldMessages, key.clone())
                .put(Table::HeldMessages, key.clone(), encode(&held));
            let text = id.to_string();
            let batch = places_of(&held).iter().fold(batch, |batch, claim| batch.claim(claim, &text));
            let (effect, new) = (effect.clone(), (id.clone(), held.clone()));
            let on_commit = move |outcome: Result<Outcome, StoreError>| {
                let outcome = outcome?;
                if matches!(outcome, Outcome::Written { .. }) {
                    effect(&new.0, &new.1);
                }
                Ok(outcome)
            };
            match self.commit_with(batch, WriteKind::Growth, on_commit).await? {
                Outcome::Written { .. } => return Ok(Holding::New(id)),
                Outcome::Refused { table: Table::SentIds, found } => {
                    return Ok(Holding::Posted(found.as_deref().map_or(0, number_from)));
                }
                Outcome::Refused { table: Table::HeldMessages, .. } => return Ok(Holding::Before(id)),
                Outcome::Refused { table: Table::RoomNames, .. } => return Ok(Holding::Gone),
                Outcome::Refused { .. } => {}
            }
        }
        Err(StoreError::Busy)
    }

    /// All messages that wait, in the order in which they were sent.
    pub async fn held_messages(&self) -> Result<Vec<Held>, StoreError> {
        self.held_under(&[]).await
    }

    /// Those of a room.
    pub async fn held_in(&self, room: RoomNumber) -> Result<Vec<Held>, StoreError> {
        self.held_under(&room.prefix()).await
    }

    async fn held_under(&self, prefix: &[u8]) -> Result<Vec<Held>, StoreError> {
        let mut pages = match prefix {
            [] => self.pages_of(Table::HeldMessages),
            prefix => self.pages(Table::HeldMessages, prefix_range(prefix)),
        };
        let mut held = Vec::new();
        while let Some((key, kept)) = pages.next().await? {
            held.push(Held { id: HeldId(key), record: decode(&kept)?, kept });
        }
        held.sort_by(|a, b| (a.record.message.at, &a.id).cmp(&(b.record.message.at, &b.id)));
        Ok(held)
    }

    /// The message of that id, if it waits.
    pub async fn held(&self, id: &HeldId) -> Result<Option<Held>, StoreError> {
        let Some(kept) = self.engine.get(Table::HeldMessages, &id.0).await? else { return Ok(None) };
        Ok(Some(Held { id: id.clone(), record: decode(&kept)?, kept }))
    }

    /// Removes a message that is not let through; `false` if it does not wait any more. `effect` is what that causes in memory.
    pub async fn remove_held(&self, held: &Held, effect: impl FnOnce() + Send + 'static) -> Result<bool, StoreError> {
        self.commit_if(remove(Batch::new(scopes::REMOVE_HELD), held), WriteKind::Maintenance, effect).await
    }
}
