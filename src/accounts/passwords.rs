//! Passwords, as Argon2id hashes.

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::keys::random_bytes;
use crate::model::Handle;
use crate::text::Text;
use crate::threads::blocking;

/// Fewest characters (NIST SP 800-63B, 5.1.1.2).
const SHORTEST: usize = 8;

/// Most bytes: hashing takes longer for more.
const LONGEST: usize = 1024;

/// KiB of memory for a hash, and passes over it: OWASP's second recommendation. A Raspberry Pi 4 takes a tenth of a second.
const MEMORY: u32 = 12 * 1024;
const PASSES: u32 = 3;

/// For whom hashes are computed: each takes its memory and a core, so few are computed at a time, and few may wait. With more, they
/// are refused for the moment.
pub struct Lane {
    computing: Semaphore,
    waiting: Semaphore,
}

impl Lane {
    const fn new(computing: usize, waiting: usize) -> Self {
        Self { computing: Semaphore::const_new(computing), waiting: Semaphore::const_new(waiting) }
    }
}

/// For everybody. One at a time leaves a core to the conversation on small machines.
pub static EVERYBODY: Lane = Lane::new(1, 32);

/// For whoever has been here before: those who guess passwords do not hold them up.
pub static KNOWN: Lane = Lane::new(1, 16);

/// The hash of a password that nobody has, for names that nobody has: both take the same time.
static NOBODYS: LazyLock<Option<String>> = LazyLock::new(|| hash_now("").ok());

/// Checks a new password of somebody.
pub fn check_new(password: &str, name: &Handle) -> Result<(), Text> {
    if password.chars().count() < SHORTEST {
        return Err(Text::new("error-bad_new_password-short").with("min", SHORTEST));
    }
    if password.len() > LONGEST {
        return Err(Text::new("error-bad_new_password-long").with("max", LONGEST));
    }
    if password.to_lowercase() == name.to_string().to_lowercase() {
        return Err(Text::new("error-bad_new_password-name"));
    }
    Ok(())
}

/// The hash to store for a password.
pub async fn hash(password: String, lane: &'static Lane) -> Result<String, Text> {
    computed(lane, move || hash_now(&password)).await?
}

/// Whether a password is the one of a hash. Without a hash it is not, after the same time.
pub async fn verify(password: String, hash: Option<String>, lane: &'static Lane) -> Result<bool, Text> {
    if password.len() > LONGEST {
        return Ok(false);
    }
    computed(lane, move || {
        let stored = hash.as_ref().or(NOBODYS.as_ref());
        let parsed = stored.and_then(|stored| PasswordHash::new(stored).ok());
        let fits = parsed.is_some_and(|parsed| hasher().verify_password(password.as_bytes(), &parsed).is_ok());
        fits && hash.is_some()
    })
    .await
}

async fn computed<T: Send + 'static>(
    lane: &'static Lane,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Text> {
    let busy = || Text::new("error-busy");
    let _waiting = lane.waiting.try_acquire().map_err(|_| busy())?;
    // Never closed.
    let _permit = lane.computing.acquire().await;
    blocking(work).await.map_err(|_| busy())
}

fn hash_now(password: &str) -> Result<String, Text> {
    let hashed = SaltString::encode_b64(&random_bytes::<16>())
        .and_then(|salt| hasher().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()));
    hashed.map_err(|error| {
        tracing::error!(%error, "cannot hash a password");
        Text::new("error-store_failed")
    })
}

fn hasher() -> Argon2<'static> {
    // These are within the bounds that `Params` checks.
    let params = Params::new(MEMORY, PASSES, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let hash = hash("correct horse".into(), &EVERYBODY).await.expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=12288,t=3,p=1$"), "{hash}");
        assert_eq!(verify("correct horse".into(), Some(hash.clone()), &EVERYBODY).await, Ok(true));
        assert_eq!(verify("correct horsf".into(), Some(hash), &EVERYBODY).await, Ok(false));
        assert_eq!(verify(String::new(), None, &EVERYBODY).await, Ok(false), "not even the one that nobody has");
    }

    #[test]
    fn short_long_and_obvious_passwords_are_refused() {
        let name = Handle::new("Marianne").expect("a name");
        for (password, code) in
            [("seven77", "bad_new_password"), (&"x".repeat(1025), "bad_new_password"), ("MARIANNE", "bad_new_password")]
        {
            assert_eq!(check_new(password, &name).expect_err(password).code(), code);
        }
        assert_eq!(check_new("一二三四五六七八", &name), Ok(()));
    }
}
