//! `chatbot owner-key`: another key for scripts, and for owners who cannot sign in.

use clap::Args;
use serde::Deserialize;

use super::client::ServerArgs;
use super::output::Output;
use super::user::Place;

#[derive(Args)]
pub struct OwnerKeyArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Make a new key; one that was made before opens nothing any more
    #[arg(long, required = true)]
    new: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct NewKey {
    key: String,
}

/// Makes a key and prints it.
///
/// # Errors
/// A message for the user.
pub fn run(arguments: OwnerKeyArgs) -> anyhow::Result<()> {
    let output = Output { json: arguments.json };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let place = Place::open(arguments.server).await?;
        let made = place.new_owner_key().await;
        place.close().await;
        output.print(made?, |NewKey { key }| format!("{key}\n"))
    })
}
