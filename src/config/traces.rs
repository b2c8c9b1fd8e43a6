//! `[traces]`: where spans of what the server does are sent to.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::language_model::read_key;
use crate::fetch::{Endpoint, Key};
use crate::open_telemetry::Traces;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TracesConfig {
    /// Base URL of a collector that takes OTLP over HTTP, such as `http://localhost:4318`; empty for none.
    pub url: String,
    /// Bearer token for it; empty for none.
    pub key: Key,
    /// File with the token; empty for none.
    pub key_file: PathBuf,
    /// The share of the traces that is exported, 0 to 1.
    pub share: f64,
}

impl Default for TracesConfig {
    fn default() -> Self {
        Self { url: String::new(), key: Key::default(), key_file: PathBuf::new(), share: 1.0 }
    }
}

impl TracesConfig {
    /// Validates constraints that the types do not express.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let require = |holds: bool, key, reason: &str| if holds { Ok(()) } else { Err((key, reason.to_owned())) };
        require((0.0..=1.0).contains(&self.share), "traces.share", "must be 0 to 1")?;
        let has_one_key = self.key.is_empty() || self.key_file.as_os_str().is_empty();
        require(has_one_key, "traces.key_file", "cannot be given together with a key")?;
        // The key file is read later, when the server starts.
        self.traces_with(self.key.clone()).map(drop)
    }

    /// Where traces go, if anywhere. Reads the key file, if one is set.
    ///
    /// # Errors
    /// The setting and the problem; never contains the key.
    pub fn build(&self) -> Result<Option<Traces>, (&'static str, String)> {
        let key = match self.key_file.as_os_str().is_empty() {
            true => self.key.clone(),
            false => read_key("traces.key_file", &self.key_file)?,
        };
        self.traces_with(key)
    }

    fn traces_with(&self, key: Key) -> Result<Option<Traces>, (&'static str, String)> {
        if self.url.is_empty() {
            return Ok(None);
        }
        let endpoint = Endpoint::new(&self.url, key);
        let endpoint =
            endpoint.map_err(|_| ("traces.url", "must be an address such as http://localhost:4318".into()))?;
        Ok(Some(Traces { endpoint, share: self.share }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_go_only_where_an_address_says() {
        assert!(TracesConfig::default().build().expect("fine").is_none());
        let check = |url: &str, share| {
            let config = TracesConfig { url: url.into(), share, ..TracesConfig::default() };
            config.check().map_err(|(key, _)| key)
        };
        assert_eq!(check("http://localhost:4318", 0.1), Ok(()));
        assert_eq!(check("localhost", 0.1), Err("traces.url"));
        for share in [-0.1, 1.1, f64::NAN] {
            assert_eq!(check("", share), Err("traces.share"));
        }
    }
}
