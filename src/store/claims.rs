//! Claims: what only one record may have at a time, such as a unique job's key or a place among a limited number.
//!
//! A claim is a condition of the commit that stores the record, so that uniqueness and limits hold whoever else writes.

use super::{Batch, Store, StoreError, Table, prefix_range};
use crate::model::{AccountId, CollectionName, FileId, Handle, Payer, Principal, RoomName, Schedule, UsedIn};

/// What is claimed, as a key of [`Table::Claims`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim(Vec<u8>);

/// Whether a key of [`Table::Claims`] is that of a program's token.
pub(super) fn is_of_token(key: &[u8]) -> bool {
    matches!(key.first(), Some(b't' | b'a'))
}

impl Claim {
    /// Being the only unfinished job with this key.
    pub fn unique_job(key: &str) -> Self {
        Self::new(b'j', &[key.as_bytes()])
    }

    /// One of the places that a payer has for schedules.
    pub fn schedule_place(payer: &Payer, place: u32) -> Self {
        Self::new(b's', &[payer.to_string().as_bytes(), &place.to_be_bytes()])
    }

    /// The number by which a person calls a schedule in a room.
    fn schedule_number(principal: &Principal, room: Option<&RoomName>, number: u32) -> Self {
        let room = room.map_or("", RoomName::as_str);
        Self::new(b'n', &[principal.to_string().as_bytes(), room.as_bytes(), &number.to_be_bytes()])
    }

    /// What the claims for all numbers of a person's schedules begin with.
    pub fn schedule_numbers_of(principal: &Principal) -> Vec<u8> {
        Self::new(b'n', &[principal.to_string().as_bytes(), &[]]).0
    }

    /// One of the places that there are for schedules of guests.
    pub fn guest_schedule(place: u32) -> Self {
        Self::new(b'g', &[&place.to_be_bytes()])
    }

    /// The number that a schedule has.
    pub fn schedule_number_of(schedule: &Schedule) -> Self {
        Self::schedule_number(&schedule.principal, schedule.room.as_ref(), schedule.number)
    }

    /// One of the places that there are for invitations.
    pub fn invitation_place(place: u32) -> Self {
        Self::new(b'i', &[&place.to_be_bytes()])
    }

    /// One of the places that there are for hooks.
    pub fn hook_place(place: u32) -> Self {
        Self::new(b'h', &[&place.to_be_bytes()])
    }

    /// One of the places that an account has for tokens.
    pub fn token_place(account: &AccountId, place: u32) -> Self {
        Self::new(b't', &[account.as_str().as_bytes(), &place.to_be_bytes()])
    }

    /// Being the only program with a name that looks like this.
    pub fn token_name(name: &Handle) -> Self {
        Self::new(b'a', &[name.skeleton().as_bytes()])
    }

    /// One of the places that there are for sanctions.
    pub fn sanction_place(place: u32) -> Self {
        Self::new(b'b', &[&place.to_be_bytes()])
    }

    /// One of the places that there are for open reports.
    pub fn report_place(place: u32) -> Self {
        Self::new(b'r', &[&place.to_be_bytes()])
    }

    /// One of the places that there are for merges of people.
    pub fn merge_place(place: u32) -> Self {
        Self::new(b'm', &[&place.to_be_bytes()])
    }

    /// One of the places that there are for messages that wait for approval.
    pub fn held_place(place: u32) -> Self {
        Self::new(b'w', &[&place.to_be_bytes()])
    }

    /// One of those that a payer has.
    pub fn held_place_of(payer: &Payer, place: u32) -> Self {
        Self::new(b'q', &[payer.to_string().as_bytes(), &place.to_be_bytes()])
    }

    /// Being the only document with a content, where it is used.
    pub fn content(used_in: &UsedIn, file: &FileId) -> Self {
        Self::new(b'd', &[used_in.key().as_bytes(), file.as_str().as_bytes()])
    }

    /// Being the only collection that people know by a name.
    pub fn collection_name(name: &CollectionName) -> Self {
        Self::new(b'c', &[name.folded().as_bytes()])
    }

    /// One of the places that there are for collections.
    pub fn collection_place(place: u32) -> Self {
        Self::new(b'l', &[&place.to_be_bytes()])
    }

    /// One of the places that there are for gaps.
    pub fn gap_place(place: u32) -> Self {
        Self::new(b'k', &[&place.to_be_bytes()])
    }

    /// None of the texts holds a zero byte, so no two claims share a key.
    fn new(kind: u8, parts: &[&[u8]]) -> Self {
        let mut key = vec![kind];
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                key.push(0);
            }
            key.extend_from_slice(part);
        }
        Self(key)
    }

    /// What all claims of this kind begin with whose last part is a number.
    fn numbered(&self) -> &[u8] {
        &self.0[..self.0.len().saturating_sub(size_of::<u32>())]
    }
}

impl Batch {
    /// Takes a claim for the record of this id; the batch is refused when another has it.
    pub(super) fn claim(self, claim: &Claim, id: &str) -> Self {
        self.if_absent(Table::Claims, claim.0.clone()).put(Table::Claims, claim.0.clone(), id)
    }

    /// Gives a claim back.
    pub(super) fn release(self, claim: &Claim) -> Self {
        self.delete(Table::Claims, claim.0.clone())
    }
}

impl Store {
    /// The id of the record that has a claim.
    pub(super) async fn holder(&self, claim: &Claim) -> Result<Option<String>, StoreError> {
        let id = self.engine.get(Table::Claims, &claim.0).await?;
        Ok(id.and_then(|id| String::from_utf8(id).ok()))
    }

    /// Numbers and ids of those that have a claim of this kind, which ends with a number; by number. They are
    /// no more than there are places.
    pub(super) async fn holders(&self, kind: &Claim) -> Result<Vec<(u32, String)>, StoreError> {
        let holder =
            |(key, id): (Vec<u8>, Vec<u8>)| Some((u32::from_be_bytes(*key.last_chunk()?), String::from_utf8(id).ok()?));
        let mut claims = self.pages(Table::Claims, prefix_range(kind.numbered()));
        let mut holders = Vec::new();
        while let Some(claim) = claims.next().await? {
            holders.extend(holder(claim));
        }
        Ok(holders)
    }
}

/// The lowest number from 1 to `most` that nobody has.
pub(super) fn free_number(taken: &[(u32, String)], most: u32) -> Option<u32> {
    (1..=most).find(|number| taken.binary_search_by_key(number, |(taken, _)| *taken).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_number_is_found_up_to_the_limit() {
        let taken = |numbers: &[u32]| numbers.iter().map(|number| (*number, String::new())).collect::<Vec<_>>();
        assert_eq!(free_number(&[], 3), Some(1));
        assert_eq!(free_number(&taken(&[1, 3]), 3), Some(2));
        assert_eq!(free_number(&taken(&[1, 2, 3]), 3), None);
        assert_eq!(free_number(&[], 0), None);
    }
}
