//! Merges of people.

use super::claims::{Claim, free_number};
use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::Merge;

/// How often a merge looks for a free place that others take at the same time.
const TRIES: usize = 20;

impl Store {
    /// All merges; they are no more than there are places.
    pub async fn merges(&self) -> Result<Vec<Merge>, StoreError> {
        let mut pages = self.pages_of(Table::Merges);
        let mut merges = Vec::new();
        while let Some((_, value)) = pages.next().await? {
            merges.push(decode(&value)?);
        }
        Ok(merges)
    }

    /// Stores a merge if neither of both is merged into another yet, and there are fewer than `most`; `effect` is what it causes in
    /// memory. `None` if there are too many, `false` if one of both is merged.
    pub async fn add_merge(
        &self,
        mut merge: Merge,
        most: u32,
        effect: impl Fn(Merge) + Clone + Send + 'static,
    ) -> Result<Option<bool>, StoreError> {
        let (from, into) = (merge.from.to_string(), merge.into.to_string());
        for _ in 0..TRIES {
            for person in [&from, &into] {
                if self.engine.get(Table::Merges, person.as_bytes()).await?.is_some() {
                    return Ok(Some(false));
                }
            }
            let taken = self.holders(&Claim::merge_place(0)).await?;
            let Some(place) = free_number(&taken, most) else { return Ok(None) };
            merge.place = place;
            let batch = Batch::new(scopes::ADD_MERGE)
                .if_absent(Table::Merges, from.as_str())
                .if_absent(Table::Merges, into.as_str())
                .claim(&Claim::merge_place(place), merge.id.as_str())
                .put(Table::Merges, from.as_str(), encode(&merge));
            let (effect, added) = (effect.clone(), merge.clone());
            if self.commit_if(batch, WriteKind::Maintenance, move || effect(added)).await? {
                return Ok(Some(true));
            }
        }
        Err(StoreError::Busy)
    }

    /// Takes a merge back; `false` if there is none of these two any more.
    pub async fn remove_merge(
        &self,
        merge: &Merge,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<bool, StoreError> {
        let from = merge.from.to_string();
        let batch = Batch::new(scopes::REMOVE_MERGE)
            .if_equal(Table::Merges, from.as_str(), encode(merge))
            .delete(Table::Merges, from.as_str())
            .release(&Claim::merge_place(merge.place));
        self.commit_if(batch, WriteKind::Maintenance, effect).await
    }
}
