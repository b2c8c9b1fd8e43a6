//! Content that backups have in common, which is kept once beside them.
//!
//! A blob is the compressed content of a block, under a name that is a keyed digest of it: what has not changed since the last
//! backup has the name of what is there already. Without the key, a name does not tell what is in the blob.

use std::fmt;

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::backup::BackupError;

/// Bytes of a blob's name.
pub const NAME: usize = 32;

/// The name of a blob.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobName(pub [u8; NAME]);

impl BlobName {
    /// Reads what [`fmt::Display`] writes: 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let name = HEXLOWER.decode(text.as_bytes()).ok()?;
        name.try_into().ok().map(Self)
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// Where the blobs of a store are kept, and how they are named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobPlace {
    /// A folder of the store's own: several stores may keep theirs at one place, and each removes only its own.
    folder: String,
    /// Differs with the recipient: what is encrypted for one is not there for another.
    key: String,
}

impl BlobPlace {
    /// Characters of the folder's name.
    pub const FOLDER: usize = 8;

    pub fn new(folder: String, key: String) -> Self {
        Self { folder, key }
    }

    /// The name of the folder; `None` if it is none as they are made, but perhaps one that leads elsewhere.
    pub fn folder(&self) -> Option<&str> {
        let is_name = self.folder.len() == Self::FOLDER && self.folder.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_name.then_some(self.folder.as_str())
    }
}

/// Names blobs.
#[derive(Clone)]
pub(super) struct Namer(Hmac<Sha256>);

impl Namer {
    pub fn new(place: &BlobPlace) -> Self {
        let keyed = Hmac::new_from_slice(place.key.as_bytes());
        Self(keyed.unwrap_or_else(|error| unreachable!("HMAC takes keys of any length: {error}")))
    }

    pub fn name(&self, content: &[u8]) -> BlobName {
        BlobName(self.0.clone().chain_update(content).finalize().into_bytes().into())
    }
}

/// Takes the blobs of a backup that is being written.
pub trait KeepBlobs {
    /// Keeps a blob, unless it is there.
    ///
    /// # Errors
    /// As of the place where it is kept.
    fn keep(&mut self, name: BlobName, content: &[u8]) -> Result<(), BackupError>;
}

/// Gives the blobs of a backup that is being read.
pub trait ReadBlobs {
    /// Whether there is one of that name in that folder.
    fn has(&self, folder: &str, name: BlobName) -> bool;

    /// The content of a blob, which the caller checks.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] if it is not there.
    fn read(&self, folder: &str, name: BlobName) -> Result<Vec<u8>, BackupError>;
}
