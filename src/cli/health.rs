//! `chatbot health`: whether a server works, for supervisors of containers and scripts.

use std::time::Duration;

use anyhow::bail;
use clap::Args;

use super::client::{Client, ServerArgs};
use super::output;

#[derive(Args)]
pub struct HealthArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    timeout: u64,
}

/// Asks a running server; nothing else is needed on its own machine.
///
/// # Errors
/// If it is not well, or does not answer.
pub fn run(arguments: HealthArgs) -> anyhow::Result<()> {
    let client = Client::new(arguments.server)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (is_well, health) = runtime.block_on(client.health(Duration::from_secs(arguments.timeout)))?;
    let status = health["status"].as_str().unwrap_or("unknown");
    if !is_well {
        bail!("the server is not well: {status}");
    }
    output::write(&format!("{status}\n"))
}
