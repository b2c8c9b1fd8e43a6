//! `[[webhooks]]`: outgoing webhooks.

use std::path::Path;

use serde::Deserialize;

use super::ConfigError;
use crate::fetch::{Client, Secret};
use crate::jobs::{Event, Webhook};
use crate::model::RoomName;
use crate::patterns::Pattern;
use crate::text::Locale;

/// A URL and the events that it receives.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Its name in the list of jobs.
    pub name: String,
    pub url: String,
    pub events: Vec<Event>,
    /// Only events of this room; empty for all public rooms.
    #[serde(default)]
    pub room: String,
    /// Only messages that match this regular expression; empty for all.
    #[serde(default)]
    pub pattern: String,
    /// Key that signs requests; empty for no signature.
    #[serde(default)]
    pub secret: String,
}

/// The `webhooks` section of a file.
#[derive(Deserialize)]
struct Webhooks {
    #[serde(default)]
    webhooks: Vec<WebhookConfig>,
}

/// Parses the webhooks in `text`, the content of `file`.
pub fn read(text: &str, file: &Path) -> Result<Vec<WebhookConfig>, ConfigError> {
    let Webhooks { webhooks } = toml::from_str(text).map_err(|error| ConfigError::at(file, text, &error))?;
    for (index, webhook) in webhooks.iter().enumerate() {
        let place = format!("webhooks.{}", webhook.name);
        webhook.build().map_err(|(key, problem)| ConfigError::new(format!("{place}.{key}"), problem))?;
        if webhooks[..index].iter().any(|earlier| earlier.name == webhook.name) {
            return Err(ConfigError::new(place, "is there twice"));
        }
    }
    Ok(webhooks)
}

impl WebhookConfig {
    /// Builds the webhook.
    ///
    /// # Errors
    /// The invalid setting and the problem.
    pub fn build(&self) -> Result<Webhook, (&'static str, String)> {
        let require = |holds: bool, key, reason: &str| if holds { Ok(()) } else { Err((key, reason.to_owned())) };
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = (1..=32).contains(&self.name.len()) && self.name.bytes().all(is_letter);
        require(is_name, "name", "must be 1 to 32 lower-case letters, digits and -")?;
        require(!self.events.is_empty(), "events", "must name at least one of \"message\" and \"job\"")?;
        require(self.secret.is_empty() || self.secret.len() >= 16, "secret", "must have at least 16 characters")?;
        let url = Some(&self.url).filter(|url| url.contains("://")).and_then(|url| Client::parse(url).ok());
        let room = Some(self.room.as_str()).filter(|room| !room.is_empty()).map(RoomName::public);
        let pattern = Some(self.pattern.as_str()).filter(|pattern| !pattern.is_empty()).map(Pattern::anywhere);
        Ok(Webhook {
            name: self.name.clone(),
            url: url.ok_or_else(|| ("url", "must be a whole http or https address".to_owned()))?,
            secret: Some(self.secret.as_str()).filter(|secret| !secret.is_empty()).map(Secret::new),
            events: self.events.clone(),
            room: room.transpose().map_err(|text| ("room", text.in_locale(Locale::default())))?,
            pattern: pattern.transpose().map_err(|problem| ("pattern", problem))?,
        })
    }
}
