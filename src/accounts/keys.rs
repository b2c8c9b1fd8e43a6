//! The owner's key and the sessions it opens. Both are kept as digests only.

use std::net::IpAddr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::throttle::Throttle;
use super::{Role, Visitor};
use crate::model::{Principal, Timestamp};
use crate::store::{Session, Store, StoreError};

/// How long a sign-in lasts.
pub const SESSION_DAYS: i64 = 30;

/// What the start-up message tells the owner about the key.
#[derive(Debug, PartialEq, Eq)]
pub enum OwnerKey {
    /// Generated just now; to be shown once.
    New(String),
    Known,
}

/// Why a sign-in was refused.
#[derive(Debug, PartialEq, Eq)]
pub enum SignInError {
    WrongKey,
    /// Too many wrong keys from this address.
    TryLater {
        seconds: u64,
    },
    Store(StoreError),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Checks keys and keeps sessions.
pub struct Keys {
    store: Arc<Store>,
    owner_key: [u8; 32],
    /// Accepted like the owner's key while this process runs.
    local_key: Option<[u8; 32]>,
    throttle: Throttle,
}

impl Keys {
    /// Uses the configured key, else the stored one, else generates one. A plain digest suffices: a generated key has
    /// 160 random bits, and a configured one is in plain text in the settings anyway.
    pub async fn open(store: Arc<Store>, configured: Option<&str>) -> Result<(Self, OwnerKey), StoreError> {
        let stored = store.owner_key_digest().await?.and_then(|digest| <[u8; 32]>::try_from(digest).ok());
        let (owner_key, told) = match (configured, stored) {
            (Some(key), _) => (digest(key), OwnerKey::Known),
            (None, Some(stored)) => (stored, OwnerKey::Known),
            (None, None) => {
                let key = random_token();
                if store.add_owner_key_digest(&digest(&key)).await? {
                    (digest(&key), OwnerKey::New(key))
                } else {
                    // Another process made one at the same moment, and has told it.
                    let stored = store.owner_key_digest().await?.and_then(|digest| <[u8; 32]>::try_from(digest).ok());
                    (stored.ok_or(StoreError::Failed)?, OwnerKey::Known)
                }
            }
        };
        Ok((Self { store, owner_key, local_key: None, throttle: Throttle::default() }, told))
    }

    /// Also accepts `key`, which is for clients on this machine.
    pub fn with_local_key(self, key: &str) -> Self {
        Self { local_key: Some(digest(key)), ..self }
    }

    /// Checks whether `key` is the owner's. Failures are counted and throttled per address.
    pub fn check(&self, key: &str, address: IpAddr) -> Result<(), SignInError> {
        self.throttle.admit(address).map_err(|seconds| SignInError::TryLater { seconds })?;
        let shown = digest(key.trim());
        let fits = |key: &[u8; 32]| bool::from(shown.ct_eq(key));
        if fits(&self.owner_key) || self.local_key.as_ref().is_some_and(fits) {
            self.throttle.forget(address);
            return Ok(());
        }
        tracing::warn!(%address, "wrong owner's key");
        self.throttle.count_failure(address);
        Err(SignInError::WrongKey)
    }

    /// Starts a session and returns its token, for the browser's cookie.
    pub async fn sign_in(&self, key: &str, address: IpAddr) -> Result<String, SignInError> {
        self.check(key, address)?;
        let token = random_token();
        let expires_at = Timestamp(Timestamp::now().0 + SESSION_DAYS * 24 * 60 * 60 * 1000);
        self.store
            .put_session(&self.session_digest(&token), Session { subject: Principal::owner(), expires_at })
            .await?;
        Ok(token)
    }

    /// Ends a session. An unknown token is not an error.
    pub async fn sign_out(&self, token: &str) -> Result<(), StoreError> {
        self.store.delete_session(&self.session_digest(token)).await
    }

    /// Forgets sessions that have expired.
    pub async fn prune_sessions(&self) -> Result<(), StoreError> {
        self.store.remove_expired_sessions(Timestamp::now()).await.map(drop)
    }

    /// The role of a session token.
    pub async fn role(&self, token: &str) -> Result<Role, StoreError> {
        let session = self.store.session(&self.session_digest(token)).await?;
        let session = session.filter(|session| session.expires_at > Timestamp::now());
        let is_owner = session.is_some_and(|session| session.subject == Principal::owner());
        Ok(if is_owner { Role::Owner } else { Role::Visitor })
    }

    /// The browser whose cookie this is.
    pub fn visitor(&self, token: &str) -> Visitor {
        let principal = Principal::visitor(&short_digest(token));
        let private_room = self.store.private_room(&principal);
        Visitor { principal, private_room }
    }

    /// Bound to the owner's key, so that a changed key ends every session.
    fn session_digest(&self, token: &str) -> [u8; 32] {
        Sha256::new().chain_update(self.owner_key).chain_update(token).finalize().into()
    }
}

pub(super) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Enough of a digest to tell people apart without keeping what they authenticate with.
pub(super) fn short_digest(text: &str) -> String {
    HEXLOWER.encode(&digest(text)[..12])
}

/// 160 random bits in letters and digits.
#[expect(clippy::panic, reason = "nothing may go on without randomness")]
pub fn random_token() -> String {
    let mut bytes = [0_u8; 20];
    // Without randomness no secret can be generated; a predictable one would be unsafe.
    getrandom::fill(&mut bytes).unwrap_or_else(|error| panic!("the system gives no random numbers: {error}"));
    HEXLOWER.encode(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[tokio::test]
    async fn the_key_is_made_once_and_opens_sessions_that_end() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let (keys, told) = Keys::open(store.clone(), None).await.expect("keys");
        let OwnerKey::New(key) = told else { panic!("a first start makes a key") };
        let (again, told) = Keys::open(store.clone(), None).await.expect("keys");
        assert_eq!(told, OwnerKey::Known);
        let token = again.sign_in(&key, HOME).await.expect("the key made first still opens");
        assert_eq!(keys.role(&token).await, Ok(Role::Owner));
        assert_eq!(keys.role("another").await, Ok(Role::Visitor));
        let (replaced, _) = Keys::open(store, Some("a key from the settings")).await.expect("keys");
        assert_eq!(replaced.role(&token).await, Ok(Role::Visitor), "a new key ends old sessions");
        keys.sign_out(&token).await.expect("signed out");
        assert_eq!(keys.role(&token).await, Ok(Role::Visitor));
    }

    #[tokio::test]
    async fn wrong_keys_are_slowed_down_per_address() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let (keys, _) = Keys::open(store, Some("the right key for this")).await.expect("keys");
        let wrong = (0..20).map(|_| keys.check("wrong", HOME)).collect::<Vec<_>>();
        assert_eq!(wrong[0], Err(SignInError::WrongKey));
        assert!(matches!(wrong[19], Err(SignInError::TryLater { .. })));
        assert!(matches!(keys.check("the right key for this", HOME), Err(SignInError::TryLater { .. })));
        assert_eq!(keys.check("the right key for this", ELSEWHERE), Ok(()));
    }
}
