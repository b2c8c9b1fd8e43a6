//! `chatbot ask`: asks a running server's documents.

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::client::{Client, ServerArgs};
use super::following::finished;
use super::output::Output;

#[derive(Args)]
pub struct AskArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Print the server's answer as JSON, with its passages
    #[arg(long)]
    json: bool,
    /// Also use the documents of this room
    #[arg(long)]
    room: Option<String>,
    /// Maximum number of passages
    #[arg(long)]
    limit: Option<usize>,
    /// In English or Chinese
    #[arg(required = true)]
    question: Vec<String>,
}

/// Asks and prints the answer.
///
/// # Errors
/// A message for the user, also if the question could not be answered because something failed.
pub fn run(arguments: AskArgs) -> anyhow::Result<()> {
    let client = Client::new(arguments.server)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut question = json!({"question": arguments.question.join(" ")});
    if let Some(room) = arguments.room {
        question["room"] = room.into();
    }
    if let Some(limit) = arguments.limit {
        question["limit"] = limit.into();
    }
    let output = Output { json: arguments.json };
    runtime.block_on(async {
        let asked = client.post("/api/ask", &question).await?;
        let job = asked["job"].as_str().context("cannot understand the server's answer")?;
        output.print(finished(&client, job).await?, |job: Value| {
            let text = job["result"].as_str().unwrap_or_default();
            format!("{}\n", text.trim_end())
        })
    })
}
