//! `chatbot config`: checks, shows and writes the settings.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chatbot::config;
use clap::{Args, Subcommand};

use super::output;
use super::serve::ServeArgs;

/// All settings with their defaults, each with the reason for it.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

#[derive(Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Say what is wrong with the settings that "serve" would get with the same flags
    Check(ServeArgs),
    /// Print the settings that "serve" would get with the same flags, and where each is from; secrets are hidden
    Show(ServeArgs),
    /// Write a configuration file with all settings, their defaults and what they mean
    Init {
        /// The file; "-" for standard output
        #[arg(default_value = "config.toml")]
        file: PathBuf,
    },
}

/// Runs the subcommand.
///
/// # Errors
/// Every fault of the settings, or why the file cannot be written.
pub fn run(arguments: ConfigArgs) -> anyhow::Result<()> {
    match arguments.command {
        ConfigCommand::Check(arguments) => {
            let examined = config::examine(&arguments.sources());
            let faults: Vec<String> =
                examined.faults.into_iter().chain(examined.config.unusable()).map(|fault| fault.to_string()).collect();
            if !faults.is_empty() {
                bail!("{}", faults.join("\nchatbot: "));
            }
            output::write("the settings are fine\n")
        }
        ConfigCommand::Show(arguments) => {
            let examined = config::examine(&arguments.sources());
            match examined.faults.first() {
                Some(fault) => bail!("{fault}"),
                None => output::write(&examined.shown()),
            }
        }
        ConfigCommand::Init { file } if file == Path::new("-") => output::write(EXAMPLE),
        ConfigCommand::Init { file } => init(&file),
    }
}

/// Writes the example to a file that only its owner can read: secrets may come into it.
fn init(path: &Path) -> anyhow::Result<()> {
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} exists already; nothing was changed", path.display())
        }
        opened => opened.with_context(|| format!("cannot write {}", path.display()))?,
    };
    file.write_all(EXAMPLE.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    output::write(&format!(
        "{0} has all settings with their defaults; use it by: chatbot serve --config {0}\n",
        path.display()
    ))
}
