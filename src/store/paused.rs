//! Commands whose jobs are not started for now.

use std::collections::BTreeSet;

use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};

const PAUSED: &str = "paused commands";

impl Store {
    /// Their names.
    pub async fn paused_commands(&self) -> Result<BTreeSet<String>, StoreError> {
        let record = self.engine.get(Table::Meta, PAUSED.as_bytes()).await?;
        record.map_or(Ok(BTreeSet::new()), |record| decode(&record))
    }

    /// Changes which those are; `effect` is what that causes in memory. `false` if they are not what they were any more.
    pub async fn change_paused_commands(
        &self,
        from: &BTreeSet<String>,
        to: &BTreeSet<String>,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<bool, StoreError> {
        let batch = Batch::new(scopes::CHANGE_PAUSED);
        let batch = match from.is_empty() {
            true => batch.if_absent(Table::Meta, PAUSED),
            false => batch.if_equal(Table::Meta, PAUSED, encode(from)),
        };
        let batch = match to.is_empty() {
            true => batch.delete(Table::Meta, PAUSED),
            false => batch.put(Table::Meta, PAUSED, encode(to)),
        };
        self.commit_if(batch, WriteKind::Maintenance, effect).await
    }
}
