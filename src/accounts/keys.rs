//! The owner's key: the way in for scripts, and the last resort. Kept as a digest only.

use std::net::IpAddr;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::SignInError;
use super::throttle::Throttle;
use crate::model::subscriber;
use crate::store::{Store, StoreError};

/// What the start-up message tells the owner about the key.
#[derive(Debug, PartialEq, Eq)]
pub enum OwnerKey {
    /// Generated just now; to be shown once.
    New(String),
    Known,
}

/// Checks keys.
pub struct Keys {
    owner_key: [u8; 32],
    /// Accepted like the owner's key while this process runs.
    local_key: Option<[u8; 32]>,
    throttle: Throttle<IpAddr>,
}

impl Keys {
    /// Uses the configured key, else the stored one, else generates one. A plain digest suffices: a generated key has
    /// 160 random bits, and a configured one is in plain text in the settings anyway.
    pub async fn open(store: &Store, configured: Option<&str>) -> Result<(Self, OwnerKey), StoreError> {
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
        Ok((Self { owner_key, local_key: None, throttle: Throttle::default() }, told))
    }

    /// Also accepts `key`, which is for clients on this machine.
    pub fn with_local_key(self, key: &str) -> Self {
        Self { local_key: Some(digest(key)), ..self }
    }

    /// By which sessions know that the key has not changed.
    pub fn mark(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.owner_key)[..12])
    }

    /// Checks whether `key` is the owner's. Failures are counted and throttled per address.
    pub fn check(&self, key: &str, address: IpAddr) -> Result<(), SignInError> {
        let from = subscriber(address);
        self.throttle.admit(&from).map_err(|seconds| SignInError::TryLater { seconds })?;
        let shown = digest(key.trim());
        let fits = |key: &[u8; 32]| bool::from(shown.ct_eq(key));
        if fits(&self.owner_key) || self.local_key.as_ref().is_some_and(fits) {
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
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[tokio::test]
    async fn the_key_is_made_once() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let (keys, told) = Keys::open(&store, None).await.expect("keys");
        let OwnerKey::New(key) = told else { panic!("a first start makes a key") };
        let (again, told) = Keys::open(&store, None).await.expect("keys");
        assert_eq!(told, OwnerKey::Known);
        assert_eq!(again.check(&key, HOME), Ok(()), "the key made first still opens");
        assert_eq!(keys.mark(), again.mark());
        let (replaced, _) = Keys::open(&store, Some("a key from the settings")).await.expect("keys");
        assert_ne!(replaced.mark(), keys.mark());
    }

    #[tokio::test]
    async fn wrong_keys_are_slowed_down_per_address() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let (keys, _) = Keys::open(&store, Some("the right key for this")).await.expect("keys");
        let wrong = (0..20).map(|_| keys.check("wrong", HOME)).collect::<Vec<_>>();
        assert_eq!(wrong[0], Err(SignInError::WrongKey));
        assert!(matches!(wrong[19], Err(SignInError::TryLater { .. })));
        assert!(matches!(keys.check("the right key for this", HOME), Err(SignInError::TryLater { .. })));
        assert_eq!(keys.check("the right key for this", ELSEWHERE), Ok(()));
    }
}
