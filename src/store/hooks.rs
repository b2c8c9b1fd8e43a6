//! Incoming hooks; their keys are the digests of their tokens.

use super::claims::{Claim, free_number};
use super::engine::Entry;
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

    /// Changes a hook and returns it as it is now; `None` if there is none of that id.
    pub async fn change_hook(&self, id: &HookId, change: impl Fn(&mut Hook)) -> Result<Option<Hook>, StoreError> {
        for _ in 0..TRIES {
            let Some((digest, before)) = self.hook_of(id).await? else { return Ok(None) };
            let mut hook: Hook = decode(&before)?;
            change(&mut hook);
            let batch = Batch::new(scopes::CHANGE_HOOK).if_equal(Table::Hooks, digest.clone(), before);
            let batch = batch.put(Table::Hooks, digest, encode(&hook));
            if self.commit_if(batch, WriteKind::Growth, || ()).await? {
                return Ok(Some(hook));
            }
        }
        Err(StoreError::Busy)
    }

    /// The key and the record of the hook of that id.
    async fn hook_of(&self, id: &HookId) -> Result<Option<Entry>, StoreError> {
        let mut pages = self.pages_of(Table::Hooks);
        while let Some((digest, value)) = pages.next().await? {
            if decode::<Hook>(&value)?.id == *id {
                return Ok(Some((digest, value)));
            }
        }
        Ok(None)
    }

    /// Deletes a hook; `false` if there is none of that id.
    pub async fn delete_hook(&self, id: &HookId) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let Some((digest, value)) = self.hook_of(id).await? else { return Ok(false) };
            let hook: Hook = decode(&value)?;
            let batch = Batch::new(scopes::REMOVE_HOOK).if_equal(Table::Hooks, digest.clone(), value);
            let batch = batch.delete(Table::Hooks, digest).release(&Claim::hook_place(hook.place));
            if self.commit_if(batch, WriteKind::Maintenance, || ()).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }
}
