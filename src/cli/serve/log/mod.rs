//! The log, on standard error. It never holds up the server: what cannot be written soon is counted and left out.

mod lines;
mod origins;

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::time::Duration;

use anyhow::Context;
use chatbot::config::{LogConfig, LogFormat};
use chatbot::telemetry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, JsonFields};
use tracing_subscriber::prelude::*;

pub use lines::{Lines, ToItsEnd};
use origins::WithOrigin;

/// Starts the log of this process, and warnings in it of what is slow.
///
/// # Errors
/// When the level is none, or a log was started before.
pub fn start(settings: &LogConfig) -> anyhow::Result<Lines> {
    let filter: Targets = settings.level.parse().context("log.level")?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = Lines::start().context("cannot start the log")?;
    let layer = tracing_subscriber::fmt::layer().with_writer(lines.clone());
    match settings.format {
        LogFormat::Human => {
            let is_terminal = std::io::stderr().is_terminal();
            let format = Format::default().with_target(false).with_ansi(is_terminal);
            registry.with(layer.with_ansi(is_terminal).event_format(WithOrigin::after_text(format))).try_init()?;
        }
        LogFormat::Json => {
            let format = WithOrigin::in_json(Format::default().json());
            registry.with(layer.fmt_fields(JsonFields::new()).event_format(format)).try_init()?;
        }
    }
    std::panic::set_hook(Box::new(log_panic));
    telemetry::warn_of_slower_than(Duration::from_millis(settings.slow_ms));
    Ok(lines)
}

/// The standard library would write on standard error itself, and wait for whoever reads that.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let words = panic.payload_as_str().unwrap_or("no words");
    tracing::error!(thread, at, "panicked: {words}");
}
