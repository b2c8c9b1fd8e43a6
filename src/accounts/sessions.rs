//! Sessions: what a signed-in browser has a token of. Only the token's digest is stored.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::HEXLOWER;

use super::keys::{OwnerKey, digest, random_token};
use crate::model::{Account, Principal, Role, SanctionSubject, Timestamp};
use crate::store::{Session, SessionDigest, Store, StoreError};

/// How long a session lasts.
pub const SESSION_DAYS: i64 = 30;

/// How exactly it is known when a session was used last, in milliseconds: noting it takes a commit.
const SEEN_EVERY: u64 = 60 * 60 * 1000;

/// Longest name of a device that is kept, in bytes.
const DEVICE_BYTES: usize = 256;

/// Maximum number of sessions of an account; with one more, the one that was used longest ago ends.
const MOST_SESSIONS: usize = 50;

/// The id of a session; unlike its token not a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(String);

impl SessionId {
    fn of(digest: &SessionDigest) -> Self {
        Self(HEXLOWER.encode(&digest[..12]))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who is signed in by a session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub session: SessionId,
    /// `None` for whoever has the owner's key.
    pub account: Option<Arc<Account>>,
}

impl SignedIn {
    pub fn role(&self) -> Role {
        self.account.as_ref().map_or(Role::Owner, |account| account.role)
    }

    /// Whose the session is.
    pub fn subject(&self) -> Principal {
        self.account.as_ref().map_or_else(Principal::owner, |account| Principal::account(&account.id))
    }
}

/// Where somebody signs in.
#[derive(Clone, Debug)]
pub struct Device {
    /// What the browser calls itself.
    pub name: String,
    pub address: IpAddr,
}

/// A change that open connections must follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// Sessions of this subject ended: these, or all.
    Ended(Principal, Option<Vec<SessionId>>),
    /// What the subject may do has changed.
    Changed(Principal),
    /// What those may do has changed who have no session.
    Guests,
    /// What those may do has changed who act as this, or come from there: visitors, accounts, and programs with a token.
    Of(SanctionSubject),
}

/// The open connections of those who are signed in.
pub trait Connections: Send + Sync {
    /// Called when the change is durable; may not block.
    fn follow(&self, change: &SessionChange);

    /// Sends a frame to all full clients of somebody that have said hello. Called when what it says is durable; may not block.
    fn tell(&self, person: &Principal, frame: Bytes);
}

/// For tests without any.
#[cfg(test)]
pub struct NoConnections;

#[cfg(test)]
impl Connections for NoConnections {
    fn follow(&self, _: &SessionChange) {}

    fn tell(&self, _: &Principal, _: Bytes) {}
}

/// Opens sessions, finds and ends them.
pub struct Sessions {
    store: Arc<Store>,
    connections: Arc<dyn Connections>,
    /// A session that was opened with another one is over.
    owner_key: Arc<OwnerKey>,
}

impl Sessions {
    pub fn new(store: Arc<Store>, connections: Arc<dyn Connections>, owner_key: Arc<OwnerKey>) -> Self {
        Self { store, connections, owner_key }
    }

    /// What the connections are told by.
    pub(super) fn connections(&self) -> Arc<dyn Connections> {
        self.connections.clone()
    }

    /// Opens a session for an account, or for whoever has the owner's key; its token. `None` if the account was disabled or got
    /// another password meanwhile.
    pub async fn open(&self, account: Option<&Account>, device: &Device) -> Result<Option<String>, StoreError> {
        let subject = account.map_or_else(Principal::owner, |account| Principal::account(&account.id));
        let (token, now) = (random_token(), Timestamp::now());
        let session = Session {
            subject: subject.clone(),
            expires_at: Timestamp(now.0 + SESSION_DAYS * 24 * 60 * 60 * 1000),
            created_at: now,
            last_seen_at: now,
            device: shortened(&device.name),
            address: device.address.to_string(),
            key: if account.is_none() { self.owner_key.mark() } else { None },
        };
        if !self.store.add_session(&digest(&token), &session, account).await? {
            return Ok(None);
        }
        let mut others = self.store.sessions_of(&subject).await?;
        if others.len() > MOST_SESSIONS {
            others.sort_by_key(|(_, session)| session.last_seen_at);
            others.truncate(others.len() - MOST_SESSIONS);
            self.end_these(&subject, others.into_iter().map(|(digest, _)| digest).collect()).await?;
        }
        Ok(Some(token))
    }

    /// Who is signed in with this token, now and from there.
    pub async fn find(&self, token: &str, address: IpAddr) -> Result<Option<SignedIn>, StoreError> {
        let (digest, now) = (digest(token), Timestamp::now());
        let session = self.store.session(&digest).await?.filter(|session| session.expires_at > now);
        let Some(session) = session else { return Ok(None) };
        let account = match session.subject.account_id() {
            Some(id) => match self.store.account(&id).await?.filter(|account| !account.is_disabled) {
                Some(account) => Some(Arc::new(account)),
                None => return Ok(None),
            },
            // Whoever signed in by the key of this machine, where there is no other, has none.
            None if session.key == self.owner_key.mark() => None,
            None => return Ok(None),
        };
        if now.since(session.last_seen_at) > SEEN_EVERY {
            let seen = |session: &mut Session| {
                session.last_seen_at = now;
                session.address = address.to_string();
            };
            self.store.change_session(&digest, seen).await?;
        }
        Ok(Some(SignedIn { session: SessionId::of(&digest), account }))
    }

    /// Whether a token still opens its session. Asked once a connection is listed as open: the session may have ended since it
    /// was found.
    pub async fn is_open(&self, token: &str) -> Result<bool, StoreError> {
        Ok(self.store.session(&digest(token)).await?.is_some())
    }

    /// The sessions of a subject, the one that was used last first.
    pub async fn of(&self, subject: &Principal) -> Result<Vec<(SessionId, Session)>, StoreError> {
        let now = Timestamp::now();
        let mut sessions = self.store.sessions_of(subject).await?;
        sessions.retain(|(_, session)| session.expires_at > now);
        sessions.sort_by_key(|(_, session)| std::cmp::Reverse(session.last_seen_at));
        Ok(sessions.into_iter().map(|(digest, session)| (SessionId::of(&digest), session)).collect())
    }

    /// Ends the session of a token. An unknown token is not an error.
    pub async fn end(&self, token: &str) -> Result<(), StoreError> {
        let digest = digest(token);
        match self.store.session(&digest).await? {
            Some(session) => self.end_these(&session.subject, vec![digest]).await,
            None => Ok(()),
        }
    }

    /// Ends the sessions of a subject that `is_unwanted`; how many.
    pub async fn end_of(
        &self,
        subject: &Principal,
        is_unwanted: impl Fn(&SessionId) -> bool,
    ) -> Result<usize, StoreError> {
        let mut digests: Vec<_> =
            self.store.sessions_of(subject).await?.into_iter().map(|(digest, _)| digest).collect();
        digests.retain(|digest| is_unwanted(&SessionId::of(digest)));
        let count = digests.len();
        if count > 0 {
            self.end_these(subject, digests).await?;
        }
        Ok(count)
    }

    /// Forgets sessions that have expired.
    pub async fn prune(&self) -> Result<(), StoreError> {
        self.store.remove_expired_sessions(Timestamp::now()).await.map(drop)
    }

    async fn end_these(&self, subject: &Principal, digests: Vec<SessionDigest>) -> Result<(), StoreError> {
        let ids = digests.iter().map(SessionId::of).collect();
        let (connections, change) = (self.connections.clone(), SessionChange::Ended(subject.clone(), Some(ids)));
        let removed: Vec<_> = digests.into_iter().map(|digest| (digest, subject.clone())).collect();
        self.store.remove_sessions(&removed, move || connections.follow(&change)).await
    }
}

fn shortened(device: &str) -> String {
    let printable = device.chars().filter(|c| !c.is_control());
    printable
        .scan(0, |bytes, c| {
            *bytes += c.len_utf8();
            (*bytes <= DEVICE_BYTES).then_some(c)
        })
        .collect()
}
