//! `[open_id]`: the optional identity provider.

use std::path::PathBuf;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::language_model::read_key;
use crate::fetch::Key;
use crate::open_id::{Provider, Settings};

/// The page to which the provider sends people back.
const RETURN_PAGE: &str = "/sign-in";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenIdConfig {
    /// URL of the provider, such as `https://id.example.com`; empty for none.
    pub issuer: String,
    /// As what this server is registered there.
    pub client_id: String,
    /// Empty for a public client.
    pub client_secret: Key,
    /// File with the secret; empty for none.
    pub client_secret_file: PathBuf,
    /// The provider's name for people; empty for its host.
    pub name: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Whether somebody without an account gets one, as a member.
    pub create_accounts: bool,
}

impl Default for OpenIdConfig {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: Key::default(),
            client_secret_file: PathBuf::new(),
            name: String::new(),
            scopes: vec!["profile".to_owned(), "email".to_owned()],
            create_accounts: true,
        }
    }
}

impl OpenIdConfig {
    /// Validates constraints that the types do not express.
    pub(super) fn check(&self, public_url: &str) -> Result<(), (&'static str, String)> {
        let require = |holds: bool, key, reason: &str| if holds { Ok(()) } else { Err((key, reason.to_owned())) };
        if self.issuer.is_empty() {
            return require(self.client_id.is_empty(), "open_id.issuer", "is missing, although a client is named");
        }
        require(!self.client_id.is_empty(), "open_id.client_id", "must say as what this server is registered")?;
        let has_one = self.client_secret.is_empty() || self.client_secret_file.as_os_str().is_empty();
        require(has_one, "open_id.client_secret_file", "cannot be given together with a secret")?;
        require(!public_url.is_empty(), "http.public_url", "must be set, so that the provider can send people back")?;
        // The file is read later, when the server starts.
        self.provider_with(self.client_secret.clone(), public_url).map(drop)
    }

    /// The provider, if one is configured. Reads the file with the secret, if one is set.
    ///
    /// # Errors
    /// The setting and the problem; never contains the secret.
    pub fn build(&self, public_url: &str) -> Result<Option<Provider>, (&'static str, String)> {
        if self.issuer.is_empty() {
            return Ok(None);
        }
        let secret = match self.client_secret_file.as_os_str().is_empty() {
            true => self.client_secret.clone(),
            false => read_key("open_id.client_secret_file", &self.client_secret_file)?,
        };
        self.provider_with(secret, public_url).map(Some)
    }

    fn provider_with(&self, client_secret: Key, public_url: &str) -> Result<Provider, (&'static str, String)> {
        let issuer = Url::parse(&self.issuer).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let host = issuer.as_ref().and_then(Url::host_str);
        let host = host.ok_or(("open_id.issuer", "must be an address such as https://id.example.com".to_owned()))?;
        let settings = Settings {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret,
            name: if self.name.is_empty() { host.to_owned() } else { self.name.clone() },
            scopes: self.scopes.clone(),
            return_to: format!("{}{RETURN_PAGE}", public_url.trim_end_matches('/')),
            creates_accounts: self.create_accounts,
        };
        Provider::new(settings).map_err(|problem| ("open_id.issuer", problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://chat.example.com/";

    fn some() -> OpenIdConfig {
        let (issuer, client_id) = ("https://id.example.com".into(), "chat".into());
        OpenIdConfig { issuer, client_id, ..OpenIdConfig::default() }
    }

    #[test]
    fn there_is_a_provider_only_where_one_is_named() {
        assert!(OpenIdConfig::default().build("").expect("fine").is_none());
        assert_eq!(some().build(HERE).expect("fine").map(|one| one.name().to_owned()), Some("id.example.com".into()));
        let check = |config: OpenIdConfig, here| config.check(here).map_err(|(key, _)| key);
        assert_eq!(check(some(), HERE), Ok(()));
        assert_eq!(check(some(), ""), Err("http.public_url"), "nobody could be sent back");
        assert_eq!(check(OpenIdConfig { client_id: String::new(), ..some() }, HERE), Err("open_id.client_id"));
        assert_eq!(check(OpenIdConfig { issuer: String::new(), ..some() }, HERE), Err("open_id.issuer"));
        assert_eq!(check(OpenIdConfig { issuer: "id.example".into(), ..some() }, HERE), Err("open_id.issuer"));
    }

    #[test]
    fn nothing_shows_the_secret() {
        let config = OpenIdConfig { client_secret: Key::new("very-secret"), ..some() };
        let shown = format!("{config:?} {:?} {}", config.build(HERE), toml::to_string(&config).expect("TOML"));
        assert!(!shown.contains("very-secret"), "{shown}");
    }
}
