//! Incoming hooks, kept under the digests of their tokens.

use super::writer::Kind;
use super::{Batch, Direction, Store, StoreError, Table, decode, encode, prefix_range};
use crate::model::{Hook, HookId};

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

    pub async fn put_hook(&self, digest: &[u8], hook: &Hook) -> Result<(), StoreError> {
        self.commit(Batch::new().put(Table::Hooks, digest, encode(hook)), Kind::Growth).await.map(drop)
    }

    /// Forgets a hook; `false` if there was none of that id.
    pub async fn delete_hook(&self, id: &HookId) -> Result<bool, StoreError> {
        for (digest, value) in self.engine.scan(Table::Hooks, prefix_range(&[]), Direction::Forward, usize::MAX)? {
            if decode::<Hook>(&value)?.id == *id {
                self.commit(Batch::new().delete(Table::Hooks, digest), Kind::Upkeep).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}
