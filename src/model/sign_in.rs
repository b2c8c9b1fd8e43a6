//! What somebody signs in with, beside a name and a password.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Timestamp;

/// What is asked for after the password: codes of an authenticator app (RFC 6238), or one of the recovery codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// Shared with the app, in Base32.
    pub secret: String,
    /// The time step whose code was taken last; codes up to it are void.
    pub last_step: u64,
    /// Digests of the recovery codes that are left; each works once.
    pub recovery_codes: Vec<String>,
    pub created_at: Timestamp,
}

/// A key pair of WebAuthn whose private half a device or a password manager keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// The id of the credential, in Base64url.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// The public half, as the WebAuthn library keeps it.
    pub credential: Value,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// When the challenge was made that it answered last; answers to older ones are void, so that each works once.
    pub challenged_at: Timestamp,
}

/// As whom an identity provider knows somebody (OpenID Connect).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider's URL.
    pub issuer: String,
    /// Unique and never given to another person there.
    pub subject: String,
}
