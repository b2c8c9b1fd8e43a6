//! `[embedding]`: the embedding model.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::language_model::read_key;
use crate::embedding::EmbeddingSource;
use crate::fetch::Key;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingConfig {
    pub source: EmbeddingChoice,
    /// Base URL of a remote OpenAI-compatible server, such as `http://localhost:11434/v1`.
    pub base_url: String,
    pub model: String,
    /// API key; empty for none.
    pub key: Key,
    /// File with the API key; empty for none.
    pub key_file: PathBuf,
}

/// What finds passages by their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddingChoice {
    /// No embeddings: search by words only.
    Off,
    /// The model in the binary.
    BuiltIn,
    /// A server with an OpenAI-compatible `/embeddings` endpoint.
    Remote,
}

impl Default for EmbeddingConfig {
    fn default() -> Self {
        Self {
            source: EmbeddingChoice::BuiltIn,
            base_url: String::new(),
            model: String::new(),
            key: Key::default(),
            key_file: PathBuf::new(),
        }
    }
}

impl EmbeddingConfig {
    /// Validates constraints that the types do not express.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let require = |holds: bool, key, reason: &str| if holds { Ok(()) } else { Err((key, reason.to_owned())) };
        let is_remote = self.source == EmbeddingChoice::Remote;
        require(
            is_remote || self.base_url.is_empty(),
            "embedding.source",
            "must be \"remote\" where an address is given",
        )?;
        require(!is_remote || !self.base_url.is_empty(), "embedding.base_url", "must say where the remote source is")?;
        require(!is_remote || !self.model.is_empty(), "embedding.model", "must say which model there is asked")?;
        let has_one_key = self.key.is_empty() || self.key_file.as_os_str().is_empty();
        require(has_one_key, "embedding.key_file", "cannot be given together with a key")
    }

    /// The source of vectors. Reads the key file, if one is set.
    ///
    /// # Errors
    /// The setting and the problem; never contains the key.
    pub fn source(&self) -> Result<EmbeddingSource, (&'static str, String)> {
        let key = || match self.key_file.as_os_str().is_empty() {
            true => Ok(self.key.clone()),
            false => read_key("embedding.key_file", &self.key_file),
        };
        Ok(match self.source {
            EmbeddingChoice::Off => EmbeddingSource::Off,
            EmbeddingChoice::BuiltIn => EmbeddingSource::BuiltIn,
            EmbeddingChoice::Remote => {
                EmbeddingSource::Remote { url: self.base_url.clone(), model: self.model.clone(), key: key()? }
            }
        })
    }
}
