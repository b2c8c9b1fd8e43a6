//! `chatbot compact`: gives back the space of what was removed, in the running server or, if none runs, in its data folder.

use anyhow::Context;
use chatbot::config::Config;
use clap::Args;
use indicatif::HumanBytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, ServerArgs};
use super::output::Output;
use super::progress::spinner;
use super::store_folder::StoreFolder;

#[derive(Args)]
pub struct CompactArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Compacted {
    bytes_before: Option<u64>,
    bytes: Option<u64>,
}

/// Compacts the store and prints its size before and after.
///
/// # Errors
/// A message for the user; then nothing was changed.
pub fn run(arguments: CompactArgs) -> anyhow::Result<()> {
    let CompactArgs { server, json } = arguments;
    let config: Option<Config> = if server.is_local() { Some(server.settings()?) } else { None };
    let bar = spinner();
    let compacted = match config.as_ref().map(StoreFolder::open).transpose()?.flatten() {
        Some(folder) => in_folder(folder),
        None => in_server(server),
    };
    bar.finish_and_clear();
    Output { json }.print(compacted?, |Compacted { bytes_before, bytes }| match bytes_before.zip(bytes) {
        Some((before, now)) => format!("{} before, {} now\n", HumanBytes(before), HumanBytes(now)),
        None => "done\n".to_owned(),
    })
}

fn in_folder(folder: StoreFolder) -> anyhow::Result<Value> {
    let bytes_before = folder.store.size();
    let compacted = folder.store.compaction()();
    let bytes = folder.store.size();
    folder.close();
    compacted.context("the store was not compacted, and nothing was changed")?;
    Ok(json!({"bytes_before": bytes_before, "bytes": bytes}))
}

fn in_server(server: ServerArgs) -> anyhow::Result<Value> {
    let client = Client::new(server)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(client.post_patiently("/api/compact", &json!({})))
}
