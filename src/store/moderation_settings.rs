//! The settings of the filter, as they were set while the server ran.

use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::ModerationSettings;

const KEY: &str = "moderation";

impl Store {
    /// What was set, if that was not taken back.
    pub async fn moderation_settings(&self) -> Result<Option<ModerationSettings>, StoreError> {
        self.engine.get(Table::Meta, KEY.as_bytes()).await?.map(|settings| decode(&settings)).transpose()
    }

    /// Sets them, or with `None` forgets what was set; `effect` is what that causes in memory.
    pub async fn set_moderation_settings(
        &self,
        settings: Option<&ModerationSettings>,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let batch = Batch::new(scopes::CHANGE_MODERATION);
        let batch = match settings {
            Some(settings) => batch.put(Table::Meta, KEY, encode(settings)),
            None => batch.delete(Table::Meta, KEY),
        };
        self.commit_if(batch, WriteKind::Maintenance, effect).await.map(drop)
    }
}
