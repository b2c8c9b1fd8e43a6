//! `[[commands]]`: commands of the owner's own, each a program or a web address.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ConfigError;
use crate::fetch::Client;
use crate::text::Translations;

/// A command that is a program (`run`) or is answered at a web address (`url`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandConfig {
    /// What people type: lower-case letters, digits and `-`.
    pub name: String,
    /// One line on what it does.
    pub help: Translations,
    /// What may follow the name, such as `<city> [day]`.
    #[serde(default)]
    pub arguments: Translations,
    /// What may follow the name in an example.
    #[serde(default)]
    pub example: Translations,
    /// The program and its first arguments; what people type comes behind.
    #[serde(default)]
    pub run: Vec<String>,
    /// Where requests are posted to.
    #[serde(default)]
    pub url: String,
    /// Signs what is posted; empty for no signature.
    #[serde(default)]
    pub secret: String,
    /// The program's working directory; relative to the settings' file, whose folder is the default.
    #[serde(default)]
    pub dir: PathBuf,
    /// The program's environment, on top of the little that all have.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default = "default_time_limit")]
    pub time_limit_seconds: u64,
    /// How often it is tried again after a failure that may pass.
    #[serde(default)]
    pub retries: u32,
    /// Jobs of this command that run at a time; 0 for no limit of its own.
    #[serde(default)]
    pub at_once: usize,
    /// Jobs of this command that begin in a minute; 0 for no limit of its own.
    #[serde(default)]
    pub per_minute: u32,
    /// Whether asking again, while the same waits or runs, gives that.
    #[serde(default)]
    pub unique: bool,
    /// What becomes of a job that ran when the server stopped.
    #[serde(default)]
    pub on_restart: AfterRestart,
    /// Whether it takes so little time that it may use the workers kept for such commands.
    #[serde(default)]
    pub quick: bool,
    #[serde(default)]
    pub priority: Urgency,
    /// MiB that each process of the program may have to write in; 0 for no limit.
    #[serde(default = "default_memory")]
    pub memory_mb: u64,
    /// KiB that it may write on standard output, or answer.
    #[serde(default = "default_output")]
    pub output_kb: usize,
}

/// What becomes of a job that ran when the server stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterRestart {
    RunAgain,
    #[default]
    Interrupt,
}

/// Who goes first among the jobs that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    High,
    #[default]
    Normal,
    Low,
}

fn default_time_limit() -> u64 {
    60
}

fn default_memory() -> u64 {
    1024
}

fn default_output() -> usize {
    1024
}

/// The part of a file that is about commands.
#[derive(Deserialize)]
struct Commands {
    #[serde(default)]
    commands: Vec<CommandConfig>,
}

/// The commands in `text`, which stands in `file`. Paths become absolute.
pub fn read(text: &str, file: &Path) -> Result<Vec<CommandConfig>, ConfigError> {
    let Commands { mut commands } = toml::from_str(text).map_err(|error| ConfigError::at(file, text, &error))?;
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().unwrap_or(Path::new("/"));
    for command in &mut commands {
        command.dir = folder.join(&command.dir);
        // Others are looked for in PATH.
        if let Some(program) = command.run.first_mut().filter(|program| program.contains('/')) {
            *program = command.dir.join(&program).to_string_lossy().into_owned();
        }
    }
    Ok(commands)
}

/// Takes a secret from the environment, for the key `commands.NAME.secret` with `_` for each `-` of the name.
pub fn set_secret(commands: &mut [CommandConfig], key: &str, value: &str) -> Result<(), String> {
    let name = key.strip_prefix("commands.").and_then(|rest| rest.strip_suffix(".secret"));
    let name = name.ok_or("of a command, only its secret can come from the environment")?;
    let command = commands.iter_mut().find(|command| command.name.replace('-', "_") == name);
    command.ok_or_else(|| format!("there is no command {name:?}"))?.secret = value.to_owned();
    Ok(())
}

/// What no type says, of all commands together.
pub fn check(commands: &[CommandConfig]) -> Result<(), ConfigError> {
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
    fn check(&self) -> Result<(), (&'static str, String)> {
        let require = |holds: bool, key, reason: &str| if holds { Ok(()) } else { Err((key, reason.to_owned())) };
        let is_name = |name: &str| {
            let mut bytes = name.bytes();
            bytes.next().is_some_and(|first| first.is_ascii_lowercase())
                && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        require(is_name(&self.name), "name", "must be lower-case letters, digits and -, and begin with a letter")?;
        require(self.name.len() <= 32, "name", "must have at most 32 letters")?;
        require(!self.help.is_empty(), "help", "must say what the command does")?;
        let kinds = usize::from(!self.run.is_empty()) + usize::from(!self.url.is_empty());
        require(kinds == 1, "run", "either run or url must be given, and not both")?;
        require(self.run.first().is_none_or(|program| !program.is_empty()), "run", "must begin with a program")?;
        let has_no_nul = |text: &String| !text.contains('\0');
        require(self.run.iter().all(has_no_nul), "run", "must not hold NUL characters")?;
        let is_variable = |name: &String| !name.is_empty() && !name.contains(['=', '\0']);
        require(self.environment.keys().all(is_variable), "environment", "has a name that cannot be one")?;
        require(self.environment.values().all(has_no_nul), "environment", "must not hold NUL characters")?;
        let is_address = self.url.is_empty() || (self.url.contains("://") && Client::parse(&self.url).is_ok());
        require(is_address, "url", "must be an address such as https://example.com/weather")?;
        require(!self.url.is_empty() || self.secret.is_empty(), "secret", "only signs what is posted to an url")?;
        require(self.secret.is_empty() || self.secret.len() >= 16, "secret", "must have at least 16 characters")?;
        require((1..=86_400).contains(&self.time_limit_seconds), "time_limit_seconds", "must be 1 to 86400")?;
        require(self.retries <= 100, "retries", "must be at most 100")?;
        require(self.memory_mb <= 1 << 20, "memory_mb", "must be at most 1048576")?;
        require((1..=102_400).contains(&self.output_kb), "output_kb", "must be 1 to 102400")
    }
}
