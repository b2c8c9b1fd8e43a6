//! Tries a new program before it takes the old one's place: it must say its version, accept the settings, and serve.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chatbot::config::Config;
use chatbot::local::LocalAccess;
use tokio::process::Command;

/// How long a start on an empty folder may take, also on a slow machine.
const READY: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(100);

/// Tries a program with these settings, on a folder and a port of its own.
///
/// # Errors
/// What went wrong.
pub async fn run(program: &Path, config: &Config) -> anyhow::Result<()> {
    ends_well(Command::new(program).arg("--version")).await?;
    if let Some(file) = &config.file {
        ends_well(Command::new(program).args(["config", "check", "--config"]).arg(file)).await?;
    }
    let dir = tempfile::tempdir()?;
    let mut serve = Command::new(program);
    serve.args(["serve", "--host", "127.0.0.1", "--port", "0", "--data-dir"]).arg(dir.path());
    // Not the settings of the server that runs.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHATBOT_")) {
        serve.env_remove(name);
    }
    let mut serving = serve
        .env_remove("PORT")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("it cannot be started")?;
    let until = Instant::now() + READY;
    loop {
        if let Ok(access) = LocalAccess::find(dir.path())
            && is_ready(&access.url).await
        {
            return Ok(());
        }
        if let Some(status) = serving.try_wait()? {
            bail!("it ends when it should serve ({status})");
        }
        if Instant::now() > until {
            bail!("it is not ready after {} seconds", READY.as_secs());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether a server says that it is well.
pub async fn is_ready(url: &str) -> bool {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build();
    let Ok(client) = client else { return false };
    client.get(format!("{url}/healthz")).send().await.is_ok_and(|answer| answer.status().is_success())
}

async fn ends_well(command: &mut Command) -> anyhow::Result<()> {
    let ended = command.stdin(Stdio::null()).output().await.context("it cannot be started")?;
    if !ended.status.success() {
        bail!("it failed ({}): {}", ended.status, String::from_utf8_lossy(&ended.stderr).trim());
    }
    Ok(())
}
