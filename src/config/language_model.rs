//! `[language_model]`: the optional language model.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fetch::{Key, Waits};
use crate::llm::{LanguageModel, Settings};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageModelConfig {
    /// Base URL of an OpenAI-compatible server, such as `http://localhost:11434/v1`; empty for none.
    pub base_url: String,
    pub model: String,
    /// API key; empty for none.
    pub key: Key,
    /// File with the API key; empty for none.
    pub key_file: PathBuf,
    /// Sampling temperature, 0 to 2; negative to use the server's default.
    pub temperature: f64,
    /// Maximum length of an answer, in tokens, thoughts included; 0 to use the server's default.
    pub max_tokens: u32,
    /// Maximum length of the prompt, in characters.
    pub context_chars: usize,
    /// Timeout for the start of the response, in seconds.
    pub first_seconds: u64,
    /// Timeout between two parts of the response, in seconds.
    pub idle_seconds: u64,
    /// Timeout for the whole response, in seconds.
    pub total_seconds: u64,
    /// Whether it may answer questions on which the documents contain nothing; the answer says so.
    pub beyond_documents: bool,
}

impl Default for LanguageModelConfig {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            model: String::new(),
            key: Key::default(),
            key_file: PathBuf::new(),
            temperature: 0.2,
            max_tokens: 2048,
            context_chars: 12_000,
            first_seconds: 120,
            idle_seconds: 30,
            total_seconds: 300,
            beyond_documents: true,
        }
    }
}

impl LanguageModelConfig {
    /// Validates constraints that the types do not express.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let require = |holds: bool, key, reason: &str| if holds { Ok(()) } else { Err((key, reason.to_owned())) };
        if self.base_url.is_empty() {
            return require(self.model.is_empty(), "language_model.base_url", "is missing, although a model is named");
        }
        require(!self.model.is_empty(), "language_model.model", "must say which model answers")?;
        let has_one_key = self.key.is_empty() || self.key_file.as_os_str().is_empty();
        require(has_one_key, "language_model.key_file", "cannot be given together with a key")?;
        require(
            self.temperature <= 2.0,
            "language_model.temperature",
            "must be at most 2 (negative: the server's own)",
        )?;
        let fits = (1_000..=1_000_000).contains(&self.context_chars);
        require(fits, "language_model.context_chars", "must be 1000 to 1000000")?;
        let seconds = [
            ("language_model.first_seconds", self.first_seconds),
            ("language_model.idle_seconds", self.idle_seconds),
            ("language_model.total_seconds", self.total_seconds),
        ];
        for (key, seconds) in seconds {
            require((1..=3600).contains(&seconds), key, "must be 1 to 3600")?;
        }
        // The key file is read later, when the server starts.
        self.model_with(self.key.clone()).map(drop)
    }

    /// The model, if one is configured. Reads the key file, if one is set.
    ///
    /// # Errors
    /// The setting and the problem; never contains the key.
    pub fn build(&self) -> Result<Option<LanguageModel>, (&'static str, String)> {
        if self.base_url.is_empty() {
            return Ok(None);
        }
        let key = if self.key_file.as_os_str().is_empty() {
            self.key.clone()
        } else {
            read_key("language_model.key_file", &self.key_file)?
        };
        self.model_with(key).map(Some)
    }

    fn model_with(&self, key: Key) -> Result<LanguageModel, (&'static str, String)> {
        let waits = Waits {
            first: Duration::from_secs(self.first_seconds),
            idle: Duration::from_secs(self.idle_seconds),
            total: Duration::from_secs(self.total_seconds),
        };
        let settings = Settings {
            model: self.model.clone(),
            temperature: Some(self.temperature).filter(|temperature| *temperature >= 0.0),
            max_tokens: Some(self.max_tokens).filter(|tokens| *tokens > 0),
            context_chars: self.context_chars,
            waits,
        };
        LanguageModel::new(&self.base_url, key, settings).map_err(|problem| ("language_model.base_url", problem))
    }
}

/// Reads the key from a file and strips the trailing line end. Blocks.
///
/// # Errors
/// The setting and the problem; never contains the key.
pub fn read_key(setting: &'static str, file: &Path) -> Result<Key, (&'static str, String)> {
    let text = std::fs::read_to_string(file).map_err(|error| (setting, format!("{}: {error}", file.display())))?;
    Some(Key::new(&text)).filter(|key| !key.is_empty()).ok_or((setting, format!("{} is empty", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> LanguageModelConfig {
        let (base_url, model) = ("http://localhost:11434/v1".into(), "m".into());
        LanguageModelConfig { base_url, model, ..LanguageModelConfig::default() }
    }

    #[test]
    fn there_is_a_model_only_where_one_is_named() {
        assert!(LanguageModelConfig::default().build().expect("fine").is_none());
        assert_eq!(some().build().expect("fine").map(|model| model.name().to_owned()), Some("m".into()));
        let check = |config: LanguageModelConfig| config.check().map_err(|(key, _)| key);
        assert_eq!(check(some()), Ok(()));
        assert_eq!(check(LanguageModelConfig { model: String::new(), ..some() }), Err("language_model.model"));
        assert_eq!(check(LanguageModelConfig { base_url: String::new(), ..some() }), Err("language_model.base_url"));
        assert_eq!(
            check(LanguageModelConfig { base_url: "localhost".into(), ..some() }),
            Err("language_model.base_url")
        );
        assert_eq!(check(LanguageModelConfig { idle_seconds: 0, ..some() }), Err("language_model.idle_seconds"));
    }

    #[test]
    fn the_key_may_stand_in_a_file_and_nothing_shows_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("key");
        let config = LanguageModelConfig { key_file: file.clone(), ..some() };
        assert_eq!(config.build().map(drop).map_err(|(key, _)| key), Err("language_model.key_file"));
        std::fs::write(&file, "sk-secret\n").expect("written");
        assert!(config.build().expect("a key").is_some());
        let config = LanguageModelConfig { key: Key::new("sk-secret"), ..some() };
        let shown = format!("{config:?} {:?} {}", config.build(), toml::to_string(&config).expect("TOML"));
        assert!(!shown.contains("sk-secret"), "{shown}");
    }
}
