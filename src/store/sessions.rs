//! The owner's key and the sessions, both stored as digests only.

use serde::{Deserialize, Serialize};

use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{Principal, Timestamp};

const OWNER_KEY: &str = "owner-key";

/// A signed-in browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Whose it is.
    pub subject: Principal,
    pub expires_at: Timestamp,
}

impl Store {
    /// Digest of the key generated at first start, if there is one.
    pub async fn owner_key_digest(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.engine.get(Table::Meta, OWNER_KEY.as_bytes()).await?)
    }

    /// Stores the digest of the owner's key unless there is one; `false` if there is.
    pub async fn add_owner_key_digest(&self, digest: &[u8]) -> Result<bool, StoreError> {
        let batch =
            Batch::new(scopes::ADD_OWNER_KEY).if_absent(Table::Meta, OWNER_KEY).put(Table::Meta, OWNER_KEY, digest);
        self.commit_if(batch, WriteKind::Maintenance, || ()).await
    }

    pub async fn session(&self, digest: &[u8]) -> Result<Option<Session>, StoreError> {
        self.engine.get(Table::Sessions, digest).await?.map(|value| decode(&value)).transpose()
    }

    pub async fn put_session(&self, digest: &[u8], session: Session) -> Result<(), StoreError> {
        self.commit(
            Batch::new(scopes::ADD_SESSION).put(Table::Sessions, digest, encode(&session)),
            WriteKind::Maintenance,
        )
        .await
        .map(drop)
    }

    pub async fn delete_session(&self, digest: &[u8]) -> Result<(), StoreError> {
        self.commit(Batch::new(scopes::REMOVE_SESSIONS).delete(Table::Sessions, digest), WriteKind::Maintenance)
            .await
            .map(drop)
    }

    /// Forgets the sessions that ended before `now`; returns how many. Reads all of them.
    pub async fn remove_expired_sessions(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut sessions = self.pages_of(Table::Sessions);
        let mut removed = 0;
        loop {
            let page = sessions.next_page().await?;
            if page.is_empty() {
                return Ok(removed);
            }
            let mut expired = Vec::new();
            for (digest, session) in page {
                if decode::<Session>(&session)?.expires_at < now {
                    expired.push(digest);
                }
            }
            if expired.is_empty() {
                continue;
            }
            removed += expired.len();
            let forget = |batch: Batch, digest| batch.delete(Table::Sessions, digest);
            let batch = expired.into_iter().fold(Batch::new(scopes::REMOVE_SESSIONS), forget);
            self.commit(batch, WriteKind::Maintenance).await?;
        }
    }
}
