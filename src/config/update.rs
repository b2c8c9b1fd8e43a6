//! `[update]`: where new versions come from.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateConfig {
    /// URL of the folder with the newest release; empty for the one that is compiled in.
    pub url: String,
    /// Public key, as of minisign, of whoever signs the releases; empty for the one that is compiled in.
    pub signer: String,
}

impl UpdateConfig {
    /// The address of the releases, if there is one.
    pub fn url(&self) -> Option<&str> {
        given(&self.url).or(option_env!("CHATBOT_RELEASES").and_then(given))
    }

    /// Whose signature is trusted.
    pub fn signer(&self) -> Option<&str> {
        given(&self.signer).or(option_env!("CHATBOT_RELEASE_KEY").and_then(given))
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let is_url = reqwest::Url::parse(&self.url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !self.url.is_empty() && !is_url {
            return Err(("update.url", "must be an address such as https://example.com/chatbot/latest".into()));
        }
        Ok(())
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
