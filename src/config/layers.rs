//! Merges the layers. Every value from outside is checked against the type of the default as it is read, so that an
//! error names the key, the source and the expected type.

use std::collections::{BTreeMap, BTreeSet};
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

/// Settings as far as they can be used, and all that is wrong with them.
pub struct Examined {
    /// With the default wherever something is wrong.
    pub config: Config,
    /// In the order of the layers.
    pub faults: Vec<ConfigError>,
    /// Every setting as it was given, secrets included.
    pub(super) settings: Table,
    /// Where those are from that are not defaults, by key.
    pub(super) places: BTreeMap<String, String>,
}

/// Reads and checks all settings.
///
/// # Errors
/// The first fault.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let Examined { config, faults, .. } = examine(sources);
    faults.into_iter().next().map_or(Ok(config), Err)
}

/// Reads all settings, and finds every fault in them.
pub fn examine(sources: &Sources) -> Examined {
    let mut layers = Layers::default();
    let mut lists = sources.file.as_deref().map(|file| layers.merge_file(file)).unwrap_or_default();
    // PORT first, so that CHATBOT_SERVER__PORT overrides it. An empty one, as some templates leave it, is none.
    let given = sources.environment.iter().filter(|(name, value)| name != "PORT" || !value.is_empty());
    let (plain, own): (Vec<_>, Vec<_>) = given.partition(|(name, _)| name == "PORT");
    for (name, value) in plain.into_iter().chain(own) {
        match key_of_variable(name) {
            // Without a file there are no commands whose secret this could be.
            Some(key) if key.starts_with("commands.") && sources.file.is_none() => {}
            Some(key) if key.starts_with("commands.") => {
                let set = commands::set_secret(&mut lists.commands, &key, value);
                layers.faults.extend(set.err().map(|problem| ConfigError::new(name, problem)));
            }
            Some(key) => layers.set_text(&key, value, name),
            None => {}
        }
    }
    for (key, value) in &sources.flags {
        let flag = format!("--{}", key.rsplit('.').next().unwrap_or(key).replace('_', "-"));
        layers.set_text(key, value, &flag);
    }
    layers.derive();
    let mut config = layers.checked();
    layers.faults.extend(commands::check(&lists.commands, &lists.command_permissions).err());
    config.commands = lists.commands;
    config.command_permissions = lists.command_permissions;
    config.webhooks = lists.webhooks;
    config.file = sources.file.clone();
    let Layers { settings, places, faults, .. } = layers;
    Examined { config, faults, settings, places }
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

/// The layers that were merged so far.
struct Layers {
    defaults: Table,
    settings: Table,
    places: BTreeMap<String, String>,
    faults: Vec<ConfigError>,
}

impl Default for Layers {
    fn default() -> Self {
        // A test compares this table with the example.
        let defaults = Table::try_from(Config::default()).unwrap_or_default();
        Self { settings: defaults.clone(), defaults, places: BTreeMap::new(), faults: Vec::new() }
    }
}

impl Layers {
    fn fault(&mut self, place: &str, problem: impl Into<String>) {
        self.faults.push(ConfigError::new(place, problem));
    }

    fn merge_file(&mut self, file: &Path) -> Lists {
        const LISTS: [&str; 3] = ["commands", "command_permissions", "webhooks"];
        let place = file.display().to_string();
        let read = std::fs::read_to_string(file).map_err(|error| ConfigError::new(&place, error.to_string()));
        let parsed = read.and_then(|text| match text.parse::<Table>() {
            Ok(table) => Ok((text, table)),
            Err(error) => Err(ConfigError::at(file, &text, &error)),
        });
        let (text, table) = match parsed {
            Ok(parsed) => parsed,
            Err(fault) => {
                self.faults.push(fault);
                return Lists::default();
            }
        };
        for (section, values) in table.into_iter().filter(|(section, _)| !LISTS.contains(&section.as_str())) {
            match values {
                Value::Table(values) => {
                    for (name, value) in values {
                        self.set(&format!("{section}.{name}"), value, &place);
                    }
                }
                _ => self.fault(&place, unknown(&self.defaults, &section)),
            }
        }
        let mut lists = Lists::default();
        match commands::read(&text, file) {
            Ok((commands, permissions)) => (lists.commands, lists.command_permissions) = (commands, permissions),
            Err(fault) => self.faults.push(fault),
        }
        match webhooks::read(&text, file) {
            Ok(webhooks) => lists.webhooks = webhooks,
            Err(fault) => self.faults.push(fault),
        }
        lists
    }

    /// Sets a key to a value from the file.
    fn set(&mut self, key: &str, value: Value, place: &str) {
        let Some(default) = find(&self.defaults, key) else {
            return self.fault(place, unknown(&self.defaults, key));
        };
        let value = like(default, value);
        if !same_type(default, &value) {
            let problem = format!("{key} must be {}, not {}", kind(default), kind(&value));
            return self.fault(place, problem);
        }
        self.put(key, value, place);
    }

    /// Sets a key from text, read as the default's type.
    fn set_text(&mut self, key: &str, text: &str, place: &str) {
        let Some(default) = find(&self.defaults, key) else {
            return self.fault(place, unknown(&self.defaults, key));
        };
        match value_of(text, default) {
            Some(value) => self.put(key, value, place),
            None => self.fault(place, format!("{key} must be {}, not {text:?}", kind(default))),
        }
    }

    fn put(&mut self, key: &str, value: Value, place: &str) {
        match checked_choice(key, value, place) {
            Ok(value) => {
                put(&mut self.settings, key, value);
                self.places.insert(key.to_owned(), place.to_owned());
            }
            Err(fault) => self.faults.push(fault),
        }
    }

    /// Sets what follows from a domain, where it was not given.
    fn derive(&mut self) {
        let has_domains =
            find(&self.settings, "tls.domains").is_some_and(|domains| domains.as_array() != Some(&vec![]));
        if has_domains && !self.places.contains_key("server.port") {
            self.put("server.port", Value::from(i64::from(HTTPS_PORT)), "tls.domains");
        }
        // Each value was checked by itself.
        let config: Config = self.settings.clone().try_into().unwrap_or_default();
        let url = config.tls.public_url(config.server.port).filter(|_| config.http.public_url.is_empty());
        if let Some(url) = url {
            self.put("http.public_url", Value::from(url), "tls.domains");
        }
    }

    /// The settings, of which those that contradict each other are set back to their defaults.
    fn checked(&mut self) -> Config {
        let mut usable = self.settings.clone();
        let mut set_back = BTreeSet::new();
        loop {
            // Each value was checked by itself.
            let config: Config = usable.clone().try_into().unwrap_or_default();
            let Err((key, problem)) = config.check() else { return config };
            let section = key.split('.').next().unwrap_or(key);
            if set_back.insert(key) {
                self.fault(key, problem);
            }
            // The first time the setting alone: others of its section may be wrong, too.
            match find(&self.defaults, key).filter(|default| find(&usable, key) != Some(default)) {
                Some(default) => put(&mut usable, key, default.clone()),
                None if usable.get(section) != self.defaults.get(section) => {
                    usable.extend(self.defaults.get(section).map(|values| (section.to_owned(), values.clone())));
                }
                None => return Config::default(),
            }
        }
    }
}

/// A text as a value of the default's type.
fn value_of(text: &str, default: &Value) -> Option<Value> {
    Some(match default {
        Value::Integer(_) => Value::Integer(text.trim().parse().ok()?),
        Value::Float(_) => Value::Float(text.trim().parse().ok()?),
        Value::Boolean(_) => Value::Boolean(text.trim().parse().ok()?),
        Value::Array(_) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(Value::from).collect())
        }
        _ => Value::String(text.to_owned()),
    })
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
