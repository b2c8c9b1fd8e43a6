//! Merges the layers. Every value from outside is checked against the type of the default as it is read, so that an
//! error names the key, the source and the expected type.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::tls::HTTPS_PORT;
use super::{CommandConfig, CommandPermission, Config, WebhookConfig, commands, webhooks};

/// Prefix of this program's environment variables.
const PREFIX: &str = "CHATBOT_";

/// Sources of settings, lowest precedence first.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file that must exist.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// `(key, value)` of the flags given, such as `("server.port", "8000")`.
    pub flags: Vec<(&'static str, String)>,
}

/// Invalid settings: the key, its source and the problem.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    place: String,
    problem: String,
}

impl ConfigError {
    pub(super) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }

    /// What is wrong with a file, with the line.
    pub(super) fn at(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
        Self::new(format!("{}, line {line}", file.display()), error.message())
    }
}

/// The process's environment, without variables that are not UTF-8.
pub fn environment() -> Vec<(String, String)> {
    let variables = std::env::vars_os();
    variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// Reads and checks all settings.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let defaults =
        Table::try_from(Config::default()).map_err(|error| ConfigError::new("defaults", error.to_string()))?;
    let mut settings = defaults.clone();
    // So that it is seen whether it is given: the default depends on the others.
    take(&mut settings, "server.port");
    let mut lists = match &sources.file {
        Some(file) => merge_file(&mut settings, &defaults, file)?,
        None => Lists::default(),
    };
    // PORT first, so that CHATBOT_SERVER__PORT overrides it.
    let (plain, own): (Vec<_>, Vec<_>) = sources.environment.iter().partition(|(name, _)| name == "PORT");
    for (name, value) in plain.into_iter().chain(own) {
        match key_of_variable(name) {
            // Without a file there are no commands whose secret this could be.
            Some(key) if key.starts_with("commands.") && sources.file.is_none() => {}
            Some(key) if key.starts_with("commands.") => commands::set_secret(&mut lists.commands, &key, value)
                .map_err(|problem| ConfigError::new(name, problem))?,
            Some(key) => set_text(&mut settings, &defaults, &key, value, name)?,
            None => {}
        }
    }
    for (key, value) in &sources.flags {
        let flag = format!("--{}", key.rsplit('.').next().unwrap_or(key).replace('_', "-"));
        set_text(&mut settings, &defaults, key, value, &flag)?;
    }
    derive(&mut settings, &defaults);
    let mut config: Config = settings
        .try_into()
        .map_err(|error: toml::de::Error| ConfigError::new("settings", error.message().to_owned()))?;
    if let Some(url) = config.tls.public_url(config.server.port).filter(|_| config.http.public_url.is_empty()) {
        config.http.public_url = url;
    }
    config.check().map_err(|(key, problem)| ConfigError::new(key, problem))?;
    commands::check(&lists.commands, &lists.command_permissions)?;
    config.commands = lists.commands;
    config.command_permissions = lists.command_permissions;
    config.webhooks = lists.webhooks;
    config.file = sources.file.clone();
    Ok(config)
}

/// The port that follows from the other settings, if none is given.
fn derive(settings: &mut Table, defaults: &Table) {
    if find(settings, "server.port").is_some() {
        return;
    }
    let has_domains =
        find(settings, "tls.domains").and_then(Value::as_array).is_some_and(|domains| !domains.is_empty());
    let port =
        if has_domains { Some(Value::from(i64::from(HTTPS_PORT))) } else { find(defaults, "server.port").cloned() };
    if let Some(port) = port {
        put(settings, "server.port", port);
    }
}

/// `CHATBOT_SERVER__PORT` is `server.port`; hosting platforms set plain `PORT`.
fn key_of_variable(name: &str) -> Option<String> {
    if name == "PORT" {
        return Some("server.port".into());
    }
    let key = name.strip_prefix(PREFIX)?;
    key.contains("__").then(|| key.to_lowercase().replace("__", "."))
}

/// Sections that a file may repeat; they have no defaults and cannot be set by other layers.
#[derive(Default)]
struct Lists {
    commands: Vec<CommandConfig>,
    command_permissions: BTreeMap<String, CommandPermission>,
    webhooks: Vec<WebhookConfig>,
}

fn merge_file(settings: &mut Table, defaults: &Table, file: &Path) -> Result<Lists, ConfigError> {
    const LISTS: [&str; 3] = ["commands", "command_permissions", "webhooks"];
    let place = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| ConfigError::new(&place, error.to_string()))?;
    let table: Table = text.parse().map_err(|error| ConfigError::at(file, &text, &error))?;
    for (section, values) in table.into_iter().filter(|(section, _)| !LISTS.contains(&section.as_str())) {
        let Value::Table(values) = values else {
            return Err(ConfigError::new(&place, unknown(defaults, &section)));
        };
        for (name, value) in values {
            let key = format!("{section}.{name}");
            let default = find(defaults, &key).ok_or_else(|| ConfigError::new(&place, unknown(defaults, &key)))?;
            let value = like(default, value);
            if !same_type(default, &value) {
                let problem = format!("{key} must be {}, not {}", kind(default), kind(&value));
                return Err(ConfigError::new(&place, problem));
            }
            put(settings, &key, checked_choice(&key, value, &place)?);
        }
    }
    let (commands, command_permissions) = commands::read(&text, file)?;
    Ok(Lists { commands, command_permissions, webhooks: webhooks::read(&text, file)? })
}

/// Sets a key from text, read as the default's type.
fn set_text(settings: &mut Table, defaults: &Table, key: &str, text: &str, place: &str) -> Result<(), ConfigError> {
    let default = find(defaults, key).ok_or_else(|| ConfigError::new(place, unknown(defaults, key)))?;
    let wrong = || ConfigError::new(place, format!("{key} must be {}, not {text:?}", kind(default)));
    let value = match default {
        Value::Integer(_) => Value::Integer(text.trim().parse().map_err(|_| wrong())?),
        Value::Float(_) => Value::Float(text.trim().parse().map_err(|_| wrong())?),
        Value::Boolean(_) => Value::Boolean(text.trim().parse().map_err(|_| wrong())?),
        Value::Array(_) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(Value::from).collect())
        }
        _ => Value::String(text.to_owned()),
    };
    put(settings, key, checked_choice(key, value, place)?);
    Ok(())
}

/// Refuses a value that its own setting cannot hold, here where the place is known: a word that is not among the choices, a
/// number out of range, a list of something else.
fn checked_choice(key: &str, value: Value, place: &str) -> Result<Value, ConfigError> {
    let mut alone = Table::try_from(Config::default()).unwrap_or_default();
    put(&mut alone, key, value.clone());
    match alone.try_into::<Config>() {
        Ok(_) => Ok(value),
        Err(error) => Err(ConfigError::new(place, format!("{key}: {}", error.message()))),
    }
}

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, name) = key.split_once('.')?;
    table.get(section)?.as_table()?.get(name)
}

fn take(settings: &mut Table, key: &str) {
    if let Some((section, name)) = key.split_once('.')
        && let Some(table) = settings.get_mut(section).and_then(Value::as_table_mut)
    {
        table.remove(name);
    }
}

fn put(settings: &mut Table, key: &str, value: Value) {
    if let Some((section, name)) = key.split_once('.')
        && let Some(table) = settings.get_mut(section).and_then(Value::as_table_mut)
    {
        table.insert(name.to_owned(), value);
    }
}

/// A whole number where one with a fraction may stand is that number.
fn like(default: &Value, value: Value) -> Value {
    match (default, value) {
        (Value::Float(_), Value::Integer(number)) => Value::Float(number as f64),
        (_, value) => value,
    }
}

fn same_type(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list of texts",
        Value::Datetime(_) => "a date",
        Value::Table(_) => "a section",
    }
}

/// Error message for an unknown key, with a suggestion.
fn unknown(defaults: &Table, key: &str) -> String {
    /// Maximum edit distance of a suggestion.
    const MOST_EDITS: usize = 3;
    let known = defaults.iter().flat_map(|(section, values)| {
        let names = values.as_table().into_iter().flat_map(|table| table.keys());
        names.map(move |name| format!("{section}.{name}"))
    });
    let nearest = known.map(|known| (strsim::damerau_levenshtein(&known, key), known)).min();
    match nearest {
        Some((distance, known)) if distance <= MOST_EDITS => {
            format!("there is no setting {key:?}; did you mean {known:?}?")
        }
        _ => format!("there is no setting {key:?}"),
    }
}
