//! Incoming hooks; their keys are the digests of their tokens.

use super::claims::{Claim, free_number};
use super::writer::WriteKind;
use super::{Batch, Direction, Store, StoreError, Table, decode, encode, prefix_range};
use crate::model::{Hook, HookId};

/// How often a hook looks for a free place that others take at the same time.
const TRIES: usize = 20;

impl Store {
    /// The hook whose token has this digest.
    pub fn hook(&self, digest: &[u8]) -> Result<Option<Hook>, StoreError> {
        self.engine.get(Table::Hooks, digest)?.map(|value| decode(&value)).transpose()
    }

    /// At most `limit` hooks, oldest first.
    pub fn hooks(&self, limit: usize) -> Result<Vec<Hook>, StoreError> {
        let found = self.engine.scan(Table::Hooks, prefix_range(&[]), Direction::Forward, limit)?;
        let mut hooks: Vec<Hook> = found.iter().map(|(_, value)| decode(value)).collect::<Result<_, _>>()?;
        hooks.sort_by_key(|hook| hook.created_at);
        Ok(hooks)
    }

    /// Stores a new hook if there are fewer than `most`; `false` if not.
    pub async fn add_hook(&self, digest: &[u8], mut hook: Hook, most: u32) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let taken = self.holders(&Claim::hook_place(0))?;
            let Some(place) = free_number(&taken, most) else { return Ok(false) };
            hook.place = place;
            let batch = Batch::new().claim(&Claim::hook_place(place), hook.id.as_str());
            let batch = batch.put(Table::Hooks, digest, encode(&hook));
            if self.commit_if(batch, WriteKind::Growth, || ()).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// Deletes a hook; `false` if there is none of that id.
    pub async fn delete_hook(&self, id: &HookId) -> Result<bool, StoreError> {
        for (digest, value) in self.engine.scan(Table::Hooks, prefix_range(&[]), Direction::Forward, usize::MAX)? {
            let hook: Hook = decode(&value)?;
            if hook.id == *id {
                let batch = Batch::new().if_equal(Table::Hooks, digest.clone(), value).delete(Table::Hooks, digest);
                let batch = batch.release(&Claim::hook_place(hook.place));
                return self.commit_if(batch, WriteKind::Maintenance, || ()).await;
            }
        }
        Ok(false)
    }
}
