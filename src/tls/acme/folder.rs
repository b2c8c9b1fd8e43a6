//! What is kept of a certificate authority: the account there, and the certificate.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::durable;
use crate::threads;

/// A folder that only the server's user can read: there are keys in it.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// An account at the authority with that directory.
#[derive(Serialize, Deserialize)]
pub struct SavedAccount {
    pub directory: String,
    pub email: String,
    /// With its key, as `instant-acme` writes them.
    pub credentials: Value,
}

/// A certificate, in one file with its key: after a crash they are a pair.
#[derive(Serialize, Deserialize)]
pub struct SavedCertificate {
    pub directory: String,
    /// With the chain behind it, in the PEM format.
    pub chain: String,
    pub key: String,
}

/// A kind of thing that is kept, of which there is one.
pub trait Kept: Serialize + DeserializeOwned + Send + 'static {
    const FILE: &'static str;

    /// The authority that it is of.
    fn directory(&self) -> &str;
}

impl Kept for SavedAccount {
    const FILE: &'static str = "account.json";

    fn directory(&self) -> &str {
        &self.directory
    }
}

impl Kept for SavedCertificate {
    const FILE: &'static str = "certificate.json";

    fn directory(&self) -> &str {
        &self.directory
    }
}

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// What is kept of an authority. A file that cannot be read counts as missing: everything in it can be got again.
    pub async fn read<T: Kept>(&self, directory: &str) -> Option<T> {
        let path = self.0.join(T::FILE);
        let read = threads::blocking(move || match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => {
                let parsed = read.and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
                let warn = |error: &io::Error| tracing::warn!(%error, file = %path.display(), "cannot use the file");
                parsed.inspect_err(warn).ok()
            }
        });
        read.await.ok().flatten().filter(|kept: &T| kept.directory() == directory)
    }

    /// # Errors
    /// If the folder cannot be written.
    pub async fn write<T: Kept>(&self, kept: &T) -> io::Result<()> {
        let (folder, json) = (self.0.clone(), serde_json::to_vec(kept)?);
        let written = threads::blocking(move || {
            durable::private_dir(&folder)?;
            durable::write(&folder.join(T::FILE), &json)
        });
        written.await.map_err(io::Error::other)?
    }
}
