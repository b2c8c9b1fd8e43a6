//! When the last backup was made.

use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::BackupNote;

const KEY: &str = "last-backup";

impl Store {
    /// The last backup, if one was made.
    pub async fn last_backup(&self) -> Result<Option<BackupNote>, StoreError> {
        self.engine.get(Table::Meta, KEY.as_bytes()).await?.map(|note| decode(&note)).transpose()
    }

    /// Notes a backup as the last one.
    pub async fn note_backup(&self, note: &BackupNote) -> Result<(), StoreError> {
        let batch = Batch::new(scopes::NOTE_BACKUP).put(Table::Meta, KEY, encode(note));
        self.commit_if(batch, WriteKind::Maintenance, || ()).await.map(drop)
    }
}
