//! The settings in effect, as text in the form of the file, without secrets.

use std::fmt::Write;

use super::Examined;

/// Where the comment begins that says where a setting is from.
const COLUMN: usize = 40;

impl Examined {
    /// Every setting with its place. What is secret is hidden, and commented out.
    pub fn shown(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        for (section, values) in &self.settings {
            let _ = writeln!(text, "[{section}]");
            for (name, value) in values.as_table().into_iter().flatten() {
                let place = self.places.get(&format!("{section}.{name}")).map_or("default", String::as_str);
                let shown = match value.as_str().is_some_and(|value| !value.is_empty()) && is_secret(name) {
                    true => format!("# {name} = (hidden)"),
                    false => format!("{name} = {value}"),
                };
                let _ = writeln!(text, "{shown:COLUMN$} # {place}");
            }
            text.push('\n');
        }
        let file = self.config.file.clone().unwrap_or_default();
        let lists = [
            ("commands", self.config.commands.iter().map(|command| command.name.as_str()).collect::<Vec<_>>()),
            ("command_permissions", self.config.command_permissions.keys().map(String::as_str).collect()),
            ("webhooks", self.config.webhooks.iter().map(|webhook| webhook.name.as_str()).collect()),
        ];
        for (list, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
            let _ = writeln!(text, "{:COLUMN$} # {}", format!("# {list}: {}", names.join(", ")), file.display());
        }
        text
    }
}

/// Whether settings of this name hold what nobody but the server should know.
fn is_secret(name: &str) -> bool {
    ["key", "secret", "password", "token"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use crate::config::{Config, Sources, examine};

    #[test]
    fn every_setting_is_shown_with_its_place_and_without_secrets() {
        let secrets = ["owner-key-0123456789", "model-key", "client-key"];
        let environment = [
            ("CHATBOT_ACCOUNTS__OWNER_KEY", secrets[0]),
            ("CHATBOT_LANGUAGE_MODEL__KEY", secrets[1]),
            ("CHATBOT_OPEN_ID__CLIENT_SECRET", secrets[2]),
            ("CHATBOT_JOBS__WORKERS", "7"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let examined = examine(&Sources { environment, ..Sources::default() });
        let shown = examined.shown();
        for secret in secrets {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("# owner_key = (hidden)"), "{shown}");
        let line = shown.lines().find(|line| line.starts_with("workers = 7")).unwrap_or_default();
        assert!(line.ends_with("# CHATBOT_JOBS__WORKERS"), "{line}");
        // It is a file with which a server could be started, but for the secrets.
        let table: Table = shown.parse().expect("TOML");
        assert_eq!(table.len(), Table::try_from(Config::default()).expect("a table").len());
    }
}
