//! The owner's key: the way in for scripts, and the last resort. Kept as a digest only.

use std::net::IpAddr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use parking_lot::RwLock;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::throttle::Throttle;
use super::{Action, Actor, Sessions, SignInError};
use crate::model::{Principal, subscriber};
use crate::store::{Store, StoreError};
use crate::text::Text;

/// The key that counts now: its digest, if there is one.
#[derive(Default)]
pub struct OwnerKey(RwLock<Option<[u8; 32]>>);

impl OwnerKey {
    /// By which sessions know that the key has not changed; `None` if there is none.
    pub fn mark(&self) -> Option<String> {
        self.0.read().map(|digest| HEXLOWER.encode(&Sha256::digest(digest)[..12]))
    }

    fn set(&self, digest: [u8; 32]) {
        *self.0.write() = Some(digest);
    }
}

/// Checks keys, and makes new ones.
pub struct Keys {
    store: Arc<Store>,
    owner_key: Arc<OwnerKey>,
    /// Whether the settings say which it is.
    is_configured: bool,
    /// Accepted like the owner's key while this process runs.
    local_key: Option<[u8; 32]>,
    throttle: Throttle<IpAddr>,
}

impl Keys {
    /// Uses the configured key, else the stored one, if there is one. A plain digest suffices: a generated key has 160 random bits,
    /// and a configured one is in plain text in the settings anyway.
    pub async fn open(store: Arc<Store>, configured: Option<&str>) -> Result<Self, StoreError> {
        let owner_key = OwnerKey::default();
        let stored = store.owner_key_digest().await?.and_then(|digest| <[u8; 32]>::try_from(digest).ok());
        if let Some(counts) = configured.map(digest).or(stored) {
            owner_key.set(counts);
        }
        let (owner_key, is_configured) = (Arc::new(owner_key), configured.is_some());
        Ok(Self { store, owner_key, is_configured, local_key: None, throttle: Throttle::default() })
    }

    /// Also accepts `key`, which is for clients on this machine.
    pub fn with_local_key(self, key: &str) -> Self {
        Self { local_key: Some(digest(key)), ..self }
    }

    /// The key that counts, as it changes.
    pub fn owner_key(&self) -> Arc<OwnerKey> {
        self.owner_key.clone()
    }

    /// Whether there is an owner's key.
    pub fn has_owner_key(&self) -> bool {
        self.owner_key.mark().is_some()
    }

    /// Makes a new owner's key, in place of the one there may be, and ends the sessions that were opened with that. Returns the key,
    /// which is told only now.
    ///
    /// # Errors
    /// If the actor is not the owner, or the settings say which key it is.
    pub async fn replace(&self, sessions: &Sessions, actor: &Actor) -> Result<String, Text> {
        actor.may(Action::ManageSettings)?;
        if self.is_configured {
            return Err(Text::new("error-wrong_state-owner_key_configured"));
        }
        let (key, owner_key) = (random_token(), self.owner_key.clone());
        let counts = digest(&key);
        self.store.set_owner_key_digest(&counts, move || owner_key.set(counts)).await?;
        sessions.end_of(&Principal::owner(), |_| true).await?;
        Ok(key)
    }

    /// Checks whether `key` is the owner's. Failures are counted and throttled per address.
    pub fn check(&self, key: &str, address: IpAddr) -> Result<(), SignInError> {
        let from = subscriber(address);
        self.throttle.admit(&from).map_err(|seconds| SignInError::TryLater { seconds })?;
        let shown = digest(key.trim());
        let fits = |key: &[u8; 32]| bool::from(shown.ct_eq(key));
        if self.owner_key.0.read().as_ref().is_some_and(fits) || self.local_key.as_ref().is_some_and(fits) {
            self.throttle.forget(&from);
            return Ok(());
        }
        tracing::warn!(%address, "wrong owner's key");
        self.throttle.count_failure(&from);
        Err(SignInError::WrongKey)
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
pub fn random_token() -> String {
    HEXLOWER.encode(&random_bytes::<20>())
}

#[expect(clippy::panic, reason = "nothing may go on without randomness")]
pub(super) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    // Without randomness no secret can be generated; a predictable one would be unsafe.
    getrandom::fill(&mut bytes).unwrap_or_else(|error| panic!("the system gives no random numbers: {error}"));
    bytes
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::accounts::{Connections, SessionChange, Visitor};
    use crate::model::Role;
    use crate::text::Locale;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    struct Nobody;

    impl Connections for Nobody {
        fn follow(&self, _: &SessionChange) {}

        fn tell(&self, _: &Principal, _: Bytes) {}
    }

    fn owner(store: &Store) -> Actor {
        Actor::new(&Visitor::owner(store), None, Role::Owner, Locale::English)
    }

    #[tokio::test]
    async fn there_is_no_key_until_one_is_made_and_then_only_the_newest_counts() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let keys = Keys::open(store.clone(), None).await.expect("keys");
        let sessions = Sessions::new(store.clone(), Arc::new(Nobody), keys.owner_key());
        assert_eq!(keys.owner_key().mark(), None);
        assert_eq!(keys.check("", HOME), Err(SignInError::WrongKey));
        let first = keys.replace(&sessions, &owner(&store)).await.expect("a key");
        assert_eq!(keys.check(&first, HOME), Ok(()));
        let mark = keys.owner_key().mark();
        let second = keys.replace(&sessions, &owner(&store)).await.expect("a key");
        assert_ne!(keys.owner_key().mark(), mark);
        let again = Keys::open(store.clone(), None).await.expect("keys");
        for keys in [&keys, &again] {
            assert_eq!(keys.check(&second, HOME), Ok(()));
            assert_eq!(keys.check(&first, HOME), Err(SignInError::WrongKey), "it was replaced");
        }
    }

    #[tokio::test]
    async fn a_key_in_the_settings_is_changed_there() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let keys = Keys::open(store.clone(), Some("a key from the settings")).await.expect("keys");
        let sessions = Sessions::new(store.clone(), Arc::new(Nobody), keys.owner_key());
        let refused = keys.replace(&sessions, &owner(&store)).await.expect_err("refused");
        assert_eq!(refused, Text::new("error-wrong_state-owner_key_configured"));
        assert_eq!(keys.check("a key from the settings", HOME), Ok(()));
    }

    #[tokio::test]
    async fn wrong_keys_are_slowed_down_per_address() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let keys = Keys::open(store, Some("the right key for this")).await.expect("keys");
        let wrong = (0..20).map(|_| keys.check("wrong", HOME)).collect::<Vec<_>>();
        assert_eq!(wrong[0], Err(SignInError::WrongKey));
        assert!(matches!(wrong[19], Err(SignInError::TryLater { .. })));
        assert!(matches!(keys.check("the right key for this", HOME), Err(SignInError::TryLater { .. })));
        assert_eq!(keys.check("the right key for this", ELSEWHERE), Ok(()));
    }
}
