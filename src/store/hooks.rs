//! Incoming hooks; their keys are the digests of their tokens.

use super::claims::{Claim, free_number};
use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{Hook, HookId, Timestamp};

/// How often a hook looks for a free place that others take at the same time.
const TRIES: usize = 20;

impl Store {
    /// The hook whose token has this digest.
    pub async fn hook(&self, digest: &[u8]) -> Result<Option<Hook>, StoreError> {
        self.engine.get(Table::Hooks, digest).await?.map(|value| decode(&value)).transpose()
    }

    /// At most `limit` hooks, oldest first.
    pub async fn hooks(&self, limit: usize) -> Result<Vec<Hook>, StoreError> {
        let mut pages = self.pages_of(Table::Hooks).at_most(limit);
        let mut hooks: Vec<Hook> = Vec::new();
        while let Some((_, value)) = pages.next().await? {
            hooks.push(decode(&value)?);
        }
        hooks.sort_by_key(|hook| hook.created_at);
        Ok(hooks)
    }

    /// Stores a new hook if there are fewer than `most`; `false` if not.
    pub async fn add_hook(&self, digest: &[u8], mut hook: Hook, most: u32) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let taken = self.holders(&Claim::hook_place(0)).await?;
            let Some(place) = free_number(&taken, most) else { return Ok(false) };
            hook.place = place;
            let batch = Batch::new(scopes::ADD_HOOK).claim(&Claim::hook_place(place), hook.id.as_str());
            let batch = batch.put(Table::Hooks, digest, encode(&hook));
            if self.commit_if(batch, WriteKind::Growth, || ()).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// Notes that a hook was used.
    pub async fn note_hook_used(&self, digest: &[u8], now: Timestamp) -> Result<(), StoreError> {
        let Some(before) = self.engine.get(Table::Hooks, digest).await? else { return Ok(()) };
        let hook = Hook { last_used_at: Some(now), ..decode(&before)? };
        let batch = Batch::new(scopes::CHANGE_HOOK).if_equal(Table::Hooks, digest, before);
        // Whoever came before has just used it too.
        let batch = batch.put(Table::Hooks, digest, encode(&hook));
        self.commit_if(batch, WriteKind::Maintenance, || ()).await.map(drop)
    }

    /// Deletes a hook; `false` if there is none of that id.
    pub async fn delete_hook(&self, id: &HookId) -> Result<bool, StoreError> {
        let mut pages = self.pages_of(Table::Hooks);
        while let Some((digest, value)) = pages.next().await? {
            let hook: Hook = decode(&value)?;
            if hook.id == *id {
                let batch = Batch::new(scopes::REMOVE_HOOK)
                    .if_equal(Table::Hooks, digest.clone(), value)
                    .delete(Table::Hooks, digest);
                let batch = batch.release(&Claim::hook_place(hook.place));
                return self.commit_if(batch, WriteKind::Maintenance, || ()).await;
            }
        }
        Ok(false)
    }
}
