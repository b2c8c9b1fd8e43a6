//! `[[commands]]`: custom commands, each a program or an HTTP endpoint; `[command_permissions.NAME]`: who may run a built-in one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ConfigError;
use crate::fetch::Client;
use crate::model::{CommandRule, Role};
use crate::patterns::Pattern;
use crate::text::{Locale, Text, Translations};

/// A custom command: a program (`run`) or an HTTP endpoint (`url`).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandConfig {
    /// What users type: lower-case letters, digits and `-`.
    pub name: String,
    /// Description in one line.
    pub help: Translations,
    /// Arguments as shown in the help, such as `<city> [day]`.
    #[serde(default)]
    pub arguments: Translations,
    /// Example arguments.
    #[serde(default)]
    pub example: Translations,
    /// Who may run it.
    #[serde(default)]
    pub allow: AllowedTo,
    /// The only rooms in which it runs; empty for all.
    #[serde(default)]
    pub rooms: Vec<String>,
    /// The program and its first arguments; the user's arguments follow.
    #[serde(default)]
    pub run: Vec<String>,
    /// Regular expression that each of the user's words must match as a whole. Programs take words that begin with `-` for
    /// options, so that these must be allowed.
    #[serde(default = "default_words")]
    pub words: String,
    /// URL that requests are posted to.
    #[serde(default)]
    pub url: String,
    /// Key that signs requests; empty for no signature.
    #[serde(default)]
    pub secret: String,
    /// The program's working directory, relative to the directory of the configuration file, which is the default.
    #[serde(default)]
    pub dir: PathBuf,
    /// Environment variables, in addition to the basic ones.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default = "default_time_limit")]
    pub time_limit_seconds: u64,
    /// Number of retries after a temporary failure.
    #[serde(default)]
    pub retries: u32,
    /// Pause before the first retry, in seconds.
    #[serde(default = "default_retry_first")]
    pub retry_first_seconds: f64,
    /// By what a pause is longer than the one before.
    #[serde(default = "default_retry_factor")]
    pub retry_factor: f64,
    /// Longest pause, in seconds.
    #[serde(default = "default_retry_longest")]
    pub retry_longest_seconds: f64,
    /// By which share pauses differ at random, from 0 to 1.
    #[serde(default = "default_retry_jitter")]
    pub retry_jitter: f64,
    /// Maximum number of concurrent jobs of this command; 0 for no limit.
    #[serde(default)]
    pub at_once: usize,
    /// Maximum number of jobs of this command started per minute; 0 for no limit.
    #[serde(default)]
    pub per_minute: u32,
    /// Whether an identical request returns the unfinished job.
    #[serde(default)]
    pub unique: bool,
    /// What becomes of a job that ran when the server stopped.
    #[serde(default)]
    pub on_restart: AfterRestart,
    /// Whether it may use the workers reserved for quick commands.
    #[serde(default)]
    pub quick: bool,
    #[serde(default)]
    pub priority: Urgency,
    /// Maximum writable memory per process, in MiB; 0 for no limit.
    #[serde(default = "default_memory")]
    pub memory_mb: u64,
    /// Maximum size of standard output or of the response, in KiB.
    #[serde(default = "default_output")]
    pub output_kb: usize,
}

/// Who may run a built-in command, and where.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandPermission {
    #[serde(default = "everybody")]
    pub allow: AllowedTo,
    /// The only rooms in which it runs; empty for all.
    #[serde(default)]
    pub rooms: Vec<String>,
}

impl CommandPermission {
    /// # Errors
    /// For a name that no room can have.
    pub fn rule(&self) -> Result<CommandRule, Text> {
        CommandRule::new(self.allow.role(), &self.rooms)
    }
}

/// The least that somebody must be to run a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowedTo {
    Guests,
    #[default]
    Members,
    Moderators,
    Admins,
    Owner,
}

impl AllowedTo {
    pub fn role(self) -> Role {
        match self {
            Self::Guests => Role::Guest,
            Self::Members => Role::Member,
            Self::Moderators => Role::Moderator,
            Self::Admins => Role::Admin,
            Self::Owner => Role::Owner,
        }
    }
}

/// What becomes of a job that ran when the server stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterRestart {
    RunAgain,
    #[default]
    Interrupt,
}

/// Priority among queued jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    High,
    #[default]
    Normal,
    Low,
}

fn everybody() -> AllowedTo {
    AllowedTo::Guests
}

fn default_words() -> String {
    "([^-].*)?".to_owned()
}

fn default_time_limit() -> u64 {
    60
}

fn default_retry_first() -> f64 {
    10.0
}

fn default_retry_factor() -> f64 {
    3.0
}

fn default_retry_longest() -> f64 {
    3600.0
}

fn default_retry_jitter() -> f64 {
    0.25
}

fn default_memory() -> u64 {
    1024
}

fn default_output() -> usize {
    1024
}

/// The sections of a file that are about commands.
#[derive(Deserialize)]
struct Commands {
    #[serde(default)]
    commands: Vec<CommandConfig>,
    #[serde(default)]
    command_permissions: BTreeMap<String, CommandPermission>,
}

/// Parses the commands in `text`, the content of `file`, and who may run the built-in ones. Paths become absolute.
pub fn read(text: &str, file: &Path) -> Result<(Vec<CommandConfig>, BTreeMap<String, CommandPermission>), ConfigError> {
    let Commands { mut commands, command_permissions } =
        toml::from_str(text).map_err(|error| ConfigError::at(file, text, &error))?;
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().unwrap_or(Path::new("/"));
    for command in &mut commands {
        command.dir = folder.join(&command.dir);
        // Names without a slash are searched in PATH.
        if let Some(program) = command.run.first_mut().filter(|program| program.contains('/')) {
            *program = command.dir.join(&program).to_string_lossy().into_owned();
        }
    }
    Ok((commands, command_permissions))
}

/// Takes a secret from the environment, for the key `commands.NAME.secret` with `_` for each `-` of the name.
pub fn set_secret(commands: &mut [CommandConfig], key: &str, value: &str) -> Result<(), String> {
    let name = key.strip_prefix("commands.").and_then(|rest| rest.strip_suffix(".secret"));
    let name = name.ok_or("of a command, only its secret can come from the environment")?;
    let command = commands.iter_mut().find(|command| command.name.replace('-', "_") == name);
    command.ok_or_else(|| format!("there is no command {name:?}"))?.secret = value.to_owned();
    Ok(())
}

/// Validates all commands together. Which are built in is not known here.
pub fn check(commands: &[CommandConfig], permissions: &BTreeMap<String, CommandPermission>) -> Result<(), ConfigError> {
    for (name, permission) in permissions {
        if commands.iter().any(|command| command.name == *name) {
            let problem = "is a command of this file: set allow and rooms in its own section";
            return Err(ConfigError::new(format!("command_permissions.{name}"), problem));
        }
        let place = || format!("command_permissions.{name}.rooms");
        permission.rule().map_err(|text| ConfigError::new(place(), text.in_locale(Locale::English)))?;
    }
    for (index, command) in commands.iter().enumerate() {
        command
            .check()
            .map_err(|(key, problem)| ConfigError::new(format!("commands.{}.{key}", command.name), problem))?;
        if commands[..index].iter().any(|earlier| earlier.name == command.name) {
            return Err(ConfigError::new(format!("commands.{}", command.name), "is there twice"));
        }
    }
    Ok(())
}

impl CommandConfig {
    /// Who may run it, and where.
    ///
    /// # Errors
    /// For a name that no room can have.
    pub fn rule(&self) -> Result<CommandRule, Text> {
        CommandRule::new(self.allow.role(), &self.rooms)
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let require = |holds: bool, key, reason: &str| if holds { Ok(()) } else { Err((key, reason.to_owned())) };
        let is_name = |name: &str| {
            let mut bytes = name.bytes();
            bytes.next().is_some_and(|first| first.is_ascii_lowercase())
                && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        require(is_name(&self.name), "name", "must be lower-case letters, digits and -, and begin with a letter")?;
        require(self.name.len() <= 32, "name", "must have at most 32 letters")?;
        self.rule().map_err(|text| ("rooms", text.in_locale(Locale::English)))?;
        require(!self.help.is_empty(), "help", "must say what the command does")?;
        let kinds = usize::from(!self.run.is_empty()) + usize::from(!self.url.is_empty());
        require(kinds == 1, "run", "either run or url must be given, and not both")?;
        require(self.run.first().is_none_or(|program| !program.is_empty()), "run", "must begin with a program")?;
        let has_no_nul = |text: &String| !text.contains('\0');
        require(self.run.iter().all(has_no_nul), "run", "must not hold NUL characters")?;
        let has_rule_for_argv = self.url.is_empty() || self.words == default_words();
        require(has_rule_for_argv, "words", "is for the arguments of a program, not for an url")?;
        Pattern::whole(&self.words).map_err(|problem| ("words", problem))?;
        let is_variable = |name: &String| !name.is_empty() && !name.contains(['=', '\0']);
        require(self.environment.keys().all(is_variable), "environment", "has a name that cannot be one")?;
        require(self.environment.values().all(has_no_nul), "environment", "must not hold NUL characters")?;
        let is_address = self.url.is_empty() || (self.url.contains("://") && Client::parse(&self.url).is_ok());
        require(is_address, "url", "must be an address such as https://example.com/weather")?;
        require(!self.url.is_empty() || self.secret.is_empty(), "secret", "only signs what is posted to an url")?;
        require(self.secret.is_empty() || self.secret.len() >= 16, "secret", "must have at least 16 characters")?;
        require((1..=86_400).contains(&self.time_limit_seconds), "time_limit_seconds", "must be 1 to 86400")?;
        require(self.retries <= 100, "retries", "must be at most 100")?;
        const WEEK: f64 = 7.0 * 24.0 * 3600.0;
        let pauses =
            [(self.retry_first_seconds, "retry_first_seconds"), (self.retry_longest_seconds, "retry_longest_seconds")];
        for (pause, key) in pauses {
            require((0.01..=WEEK).contains(&pause), key, "must be from 0.01 seconds to a week")?;
        }
        require((1.0..=100.0).contains(&self.retry_factor), "retry_factor", "must be from 1 to 100")?;
        require((0.0..=1.0).contains(&self.retry_jitter), "retry_jitter", "must be from 0 to 1")?;
        require(self.memory_mb <= 1 << 20, "memory_mb", "must be at most 1048576")?;
        require((1..=102_400).contains(&self.output_kb), "output_kb", "must be 1 to 102400")
    }
}
