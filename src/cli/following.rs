//! Following a job of a running server.

use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde_json::Value;

use super::client::{Client, in_path};

/// Polling interval: an answer from passages is ready within a few milliseconds.
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until a job has ended; what it says then.
///
/// # Errors
/// Why it was not completed.
pub async fn finished(client: &Client, job: &str) -> anyhow::Result<Value> {
    let style =
        ProgressStyle::with_template("{spinner} {elapsed}  {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
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
                bail!("{}", why.unwrap_or("the job was not completed"));
            }
        }
        spinner.set_message(job["text"].as_str().unwrap_or_default().to_owned());
        spinner.tick();
        tokio::time::sleep(PAUSE).await;
    }
}
