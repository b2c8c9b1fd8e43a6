//! What is kept of a certificate authority: the account there, the certificate, and why there is no newer one.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::durable;
use crate::model::Timestamp;
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

/// Why there was no certificate when the authority was asked last. Removed once there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFailure {
    pub directory: String,
    /// The names that were asked for.
    pub names: Vec<String>,
    /// When the first attempt in a row failed.
    pub since: Timestamp,
    /// In English, as in the log.
    pub words: String,
    /// When the next attempt is made, by a server that goes on running.
    pub next_at: Timestamp,
    /// Before when the authority does not want to be asked, if it said so: also a server that starts anew keeps to that.
    pub not_before: Option<Timestamp>,
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

impl Kept for SavedFailure {
    const FILE: &'static str = "failure.json";

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
        let (folder, directory) = (self.clone(), directory.to_owned());
        let read = threads::blocking(move || {
            let warn = |error: &io::Error| tracing::warn!(%error, file = T::FILE, "cannot use the file");
            folder.look(&directory).inspect_err(warn).ok()
        });
        read.await.ok().flatten().flatten()
    }

    /// As [`Folder::read`]. Blocks.
    ///
    /// # Errors
    /// If there is a file, and it cannot be read.
    pub fn look<T: Kept>(&self, directory: &str) -> io::Result<Option<T>> {
        let kept: T = match fs::read(self.0.join(T::FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => serde_json::from_slice(&read?)?,
        };
        Ok(Some(kept).filter(|kept| kept.directory() == directory))
    }

    /// Removes what is kept, if it is.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub async fn remove<T: Kept>(&self) -> io::Result<()> {
        let path = self.0.join(T::FILE);
        let removed = threads::blocking(move || match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        });
        removed.await.map_err(io::Error::other)?
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
