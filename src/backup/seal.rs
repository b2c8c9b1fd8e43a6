//! Encryption of backups, in the format of age (age-encryption.org/v1): whoever has only the recipient can make one and not
//! read it. Home of `age`.

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::str::FromStr;

use age::{DecryptError, Decryptor, Encryptor, IdentityFile};

use super::BackupError;

/// What every encrypted file begins with.
const MAGIC: &[u8] = b"age-encryption.org/";

/// For whom backups are encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(age::x25519::Recipient);

impl FromStr for Recipient {
    type Err = BackupError;

    fn from_str(text: &str) -> Result<Self, BackupError> {
        let parsed = text.trim().parse::<age::x25519::Recipient>().map(Self);
        parsed.map_err(|_| {
            BackupError::Recipient("a recipient is what age-keygen calls the public key, and begins with age1".into())
        })
    }
}

/// A public key is no secret.
impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Recipient {
    /// Lets `write` write to a stream that is encrypted.
    pub(super) fn sealed<W: Write, T>(
        &self,
        to: W,
        write: impl FnOnce(&mut dyn Write) -> Result<T, BackupError>,
    ) -> Result<(T, W), BackupError> {
        let encryptor = Encryptor::with_recipients(std::iter::once(&self.0 as &dyn age::Recipient))
            .map_err(|error| BackupError::Recipient(error.to_string()))?;
        let mut sealing = encryptor.wrap_output(to)?;
        let written = write(&mut sealing)?;
        Ok((written, sealing.finish()?))
    }
}

/// The keys that open backups.
pub struct Identities(Vec<Box<dyn age::Identity + Send + Sync>>);

impl Identities {
    /// Reads them from a file as `age-keygen` makes it. Blocks.
    ///
    /// # Errors
    /// When it cannot be read, or has no key; never shows one.
    pub fn read(path: &Path) -> Result<Self, BackupError> {
        let failed = |what: String| BackupError::Recipient(format!("{}: {what}", path.display()));
        let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
        let identities = IdentityFile::from_buffer(io::BufReader::new(file))
            .map_err(|error| failed(error.to_string()))?
            .into_identities()
            .map_err(|error| failed(error.to_string()))?;
        if identities.is_empty() { Err(failed("there is no key in it".into())) } else { Ok(Self(identities)) }
    }
}

/// What is in a stream that may be encrypted.
///
/// # Errors
/// When it is encrypted and no key opens it, or keys are given and it is not.
pub(super) fn opened<'a>(
    mut from: impl BufRead + 'a,
    identities: Option<&Identities>,
) -> Result<Box<dyn Read + 'a>, BackupError> {
    let is_sealed = from.fill_buf()?.starts_with(MAGIC);
    match (is_sealed, identities) {
        (false, None) => Ok(Box::new(from)),
        (false, Some(_)) => Err(BackupError::NotEncrypted),
        (true, None) => Err(BackupError::Encrypted),
        (true, Some(identities)) => {
            let failed = |error: DecryptError| match error {
                DecryptError::NoMatchingKeys => BackupError::WrongKey,
                DecryptError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => error.into(),
                other => BackupError::Damaged(other.to_string()),
            };
            let decryptor = Decryptor::new_buffered(from).map_err(failed)?;
            let keys = identities.0.iter().map(|identity| identity.as_ref() as &dyn age::Identity);
            Ok(Box::new(decryptor.decrypt(keys).map_err(failed)?))
        }
    }
}
