//! `chatbot ask`: asks a running server's documents.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, ServerArgs, in_path};
use super::output::Output;

/// Polling interval: an answer from passages is ready within a few milliseconds.
const PAUSE: Duration = Duration::from_millis(50);

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
        output.print(answer(&client, job).await?, |job: Value| {
            let text = job["result"].as_str().unwrap_or_default();
            format!("{}\n", text.trim_end())
        })
    })
}

/// Waits until the job has ended.
async fn answer(client: &Client, job: &str) -> anyhow::Result<Value> {
    let style =
        ProgressStyle::with_template("{spinner} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    let spinner = ProgressBar::new_spinner().with_style(style);
    let path = format!("/api/jobs/{}", in_path(job));
    loop {
        let job = client.ask(Method::GET, &path, &[]).await?;
        match job["state"].as_str() {
            Some("completed") => {
                spinner.finish_and_clear();
                return Ok(job);
            }
            _ if job["finished_at"].is_null() => {}
            state => {
                spinner.finish_and_clear();
                let why = job["error"]["message"].as_str().or(state);
                bail!("{}", why.unwrap_or("the question was not answered"));
            }
        }
        spinner.tick();
        tokio::time::sleep(PAUSE).await;
    }
}
