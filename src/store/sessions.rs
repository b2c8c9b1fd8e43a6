//! Who comes in: the owner's key and the sessions, both stored as digests only, and who needs neither.

use serde::{Deserialize, Serialize};

use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, prefix_range, scopes};
use crate::model::{Access, Account, Principal, Timestamp};

/// Where the digest of the owner's key is.
pub(super) const OWNER_KEY: &str = "owner-key";
const ACCESS: &str = "access";

/// How often a session is stored whose account changes at the same time.
const TRIES: usize = 20;

/// A signed-in browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Whose it is: an account, or whoever has the owner's key.
    pub subject: Principal,
    pub expires_at: Timestamp,
    #[serde(default)]
    pub created_at: Timestamp,
    /// When it was used last, to the hour.
    #[serde(default)]
    pub last_seen_at: Timestamp,
    /// What the browser calls itself.
    #[serde(default)]
    pub device: String,
    /// Where it was used last.
    #[serde(default)]
    pub address: String,
    /// Digest of the owner's key that it was opened with, if it was.
    #[serde(default)]
    pub key: Option<String>,
}

/// The digest of a session's token: its key.
pub type SessionDigest = [u8; 32];

impl Store {
    /// Digest of the owner's key, if one was made.
    pub async fn owner_key_digest(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.engine.get(Table::Meta, OWNER_KEY.as_bytes()).await?)
    }

    /// Stores the digest of a new owner's key; `effect` is what that causes in memory.
    pub async fn set_owner_key_digest(
        &self,
        digest: &[u8],
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let batch = Batch::new(scopes::CHANGE_OWNER_KEY).put(Table::Meta, OWNER_KEY, digest);
        self.commit_if(batch, WriteKind::Maintenance, effect).await.map(drop)
    }

    /// Who may come in without an account.
    pub async fn access(&self) -> Result<Access, StoreError> {
        let access = self.engine.get(Table::Meta, ACCESS.as_bytes()).await?;
        access.map_or(Ok(Access::default()), |access| decode(&access))
    }

    /// Sets who may come in; `effect` is what that causes in memory.
    pub async fn set_access(&self, access: Access, effect: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let batch = Batch::new(scopes::CHANGE_ACCESS).put(Table::Meta, ACCESS, encode(&access));
        self.commit_if(batch, WriteKind::Maintenance, effect).await.map(drop)
    }

    pub async fn session(&self, digest: &SessionDigest) -> Result<Option<Session>, StoreError> {
        self.engine.get(Table::Sessions, digest).await?.map(|value| decode(&value)).transpose()
    }

    /// Stores a new session. That of an account only if the account still has the password that opened it and is not disabled:
    /// a change of the password ends all sessions that are stored before, and no other comes behind. `false` if it is not stored.
    pub async fn add_session(
        &self,
        digest: &SessionDigest,
        session: &Session,
        account: Option<&Account>,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let mut batch = insert(Batch::new(scopes::ADD_SESSION), digest, session);
            if let Some(account) = account {
                let Some(kept) = self.engine.get(Table::Accounts, account.id.as_str().as_bytes()).await? else {
                    return Ok(false);
                };
                let now: Account = decode(&kept)?;
                if now.is_disabled || now.password != account.password {
                    return Ok(false);
                }
                batch = batch.if_equal(Table::Accounts, account.id.as_str(), kept);
            }
            if self.commit_if(batch, WriteKind::Maintenance, || ()).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// Changes a session that is still there.
    pub async fn change_session(
        &self,
        digest: &SessionDigest,
        change: impl FnOnce(&mut Session),
    ) -> Result<(), StoreError> {
        let Some(before) = self.engine.get(Table::Sessions, digest).await? else { return Ok(()) };
        let mut session: Session = decode(&before)?;
        change(&mut session);
        let batch = Batch::new(scopes::CHANGE_SESSION).if_equal(Table::Sessions, *digest, before).put(
            Table::Sessions,
            *digest,
            encode(&session),
        );
        // Whoever came before has just used it too.
        self.commit_if(batch, WriteKind::Maintenance, || ()).await.map(drop)
    }

    /// The sessions of an account, or of the owner's key. Reads all of them.
    pub async fn sessions_of(&self, subject: &Principal) -> Result<Vec<(SessionDigest, Session)>, StoreError> {
        let mut pages = self.pages(Table::SessionsOf, prefix_range(&of_key(subject, &[])));
        let mut sessions = Vec::new();
        while let Some((key, _)) = pages.next().await? {
            let Some(&digest) = key.last_chunk() else { continue };
            sessions.extend(self.session(&digest).await?.map(|session| (digest, session)));
        }
        Ok(sessions)
    }

    /// Ends sessions; `effect` is called once that is durable.
    pub async fn remove_sessions(
        &self,
        sessions: &[(SessionDigest, Principal)],
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let batch = sessions.iter().fold(Batch::new(scopes::REMOVE_SESSIONS), |batch, (digest, subject)| {
            batch.delete(Table::Sessions, *digest).delete(Table::SessionsOf, of_key(subject, digest))
        });
        self.commit_if(batch, WriteKind::Maintenance, effect).await.map(drop)
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
                let session = decode::<Session>(&session)?;
                if let Ok(digest) = digest.try_into()
                    && session.expires_at < now
                {
                    expired.push((digest, session.subject));
                }
            }
            removed += expired.len();
            self.remove_sessions(&expired, || ()).await?;
        }
    }
}

/// A session with where it is found.
pub(super) fn insert(batch: Batch, digest: &SessionDigest, session: &Session) -> Batch {
    batch.put(Table::Sessions, *digest, encode(session)).put(Table::SessionsOf, of_key(&session.subject, digest), [])
}

fn of_key(subject: &Principal, digest: &[u8]) -> Vec<u8> {
    [subject.to_string().as_bytes(), &[0], digest].concat()
}
