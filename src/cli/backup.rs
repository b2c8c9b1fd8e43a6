//! `chatbot backup`: everything that is stored, in one file, from the running server or, if none runs, from its data folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chatbot::backup::{self, NewFile, Recipient};
use chatbot::model::Timestamp;
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use super::client::{Client, ServerArgs};
use super::output;
use super::progress::spinner;
use super::store_folder::StoreFolder;

#[derive(Args)]
pub struct BackupArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The file, in place of what is there [default: chatbot-TIME.backup]
    file: Option<PathBuf>,
    /// Public key of age, age1…, for which it is encrypted [default: backup.recipient of the settings]
    #[arg(long, value_name = "KEY")]
    recipient: Option<Recipient>,
}

/// Makes a backup and checks it.
///
/// # Errors
/// A message for the user. Then what had the file's name still has it.
pub fn run(arguments: BackupArgs) -> anyhow::Result<()> {
    let BackupArgs { server, file, recipient } = arguments;
    let config = if server.is_local() { Some(server.settings()?) } else { None };
    let of_settings = config.as_ref().map(|config| config.backup.recipient()).transpose();
    let of_settings = of_settings.map_err(|(key, problem)| anyhow::anyhow!("{key}: {problem}"))?.flatten();
    let recipient = recipient.or(of_settings);
    let path = file.unwrap_or_else(|| backup::file_name(Timestamp::now(), recipient.is_some()).into());
    let parent = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.is_dir() {
        bail!("there is no folder {}", parent.display());
    }
    let made = match config.as_ref().map(StoreFolder::open).transpose()?.flatten() {
        Some(folder) => from_folder(folder, recipient.as_ref(), &path),
        None => from_server(server, recipient.as_ref(), &path),
    };
    made.with_context(|| format!("no backup was made in {}", path.display()))?;
    let bytes = std::fs::metadata(&path)?.len();
    output::write(&format!("{}  {}\n", path.display(), indicatif::HumanBytes(bytes)))
}

/// Makes one from the data folder of a server that does not run.
fn from_folder(folder: StoreFolder, recipient: Option<&Recipient>, path: &Path) -> anyhow::Result<()> {
    let bar = spinner();
    let made = backup::make_file(&folder.store, &folder.files, recipient, path, |bytes| {
        bar.inc(bytes);
        Ok(())
    });
    folder.close();
    bar.finish_and_clear();
    warn_of_missing(made?.contents.missing_files);
    Ok(())
}

fn warn_of_missing(files: u64) {
    if files > 0 {
        eprintln!(
            "chatbot: {files} files of documents are missing in the data folder or damaged, and so in the backup"
        );
    }
}

/// Receives a backup from the running server.
///
/// # Errors
/// A message for the user. Then what had the name still has it.
pub fn from_server(server: ServerArgs, recipient: Option<&Recipient>, path: &Path) -> anyhow::Result<()> {
    let client = Client::new(server)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bar = spinner();
    let file = runtime.block_on(receive(&client, recipient, path, &bar));
    let file = file?;
    bar.set_message("being checked");
    file.finish()?;
    bar.finish_and_clear();
    Ok(())
}

async fn receive(
    client: &Client,
    recipient: Option<&Recipient>,
    path: &Path,
    bar: &ProgressBar,
) -> anyhow::Result<NewFile> {
    let recipient = recipient.map(ToString::to_string);
    let mut response = client.download("/api/backup", &json!({"recipient": recipient})).await?;
    let mut file = NewFile::begin(path)?;
    while let Some(chunk) = response.chunk().await.context("the server's answer broke off")? {
        file.write_all(&chunk)?;
        bar.inc(chunk.len() as u64);
    }
    Ok(file)
}
