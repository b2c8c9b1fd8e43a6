//! The log, on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use chatbot::config::{LogConfig, LogFormat};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Starts the log of this process.
///
/// # Errors
/// When the level is none, or a log was started before.
pub fn start(settings: &LogConfig) -> anyhow::Result<()> {
    let filter: Targets = settings.level.parse().context("log.level")?;
    let registry = tracing_subscriber::registry().with(filter);
    let is_terminal = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal);
    match settings.format {
        LogFormat::Human => registry.with(layer.with_target(false)).try_init()?,
        LogFormat::Json => registry.with(layer.json()).try_init()?,
    }
    Ok(())
}
