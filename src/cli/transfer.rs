//! `chatbot export` and `chatbot import`: history as lines of JSON or pages to read, and from other chats.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chatbot::backup::{self, Restoring};
use chatbot::config::Config;
use chatbot::store::{SignIns, Store};
use chatbot::transfer::{self, Exported, Format, Imported, Selection};
use clap::Args;

use super::backup::from_server;
use super::client::ServerArgs;
use super::output;
use super::progress::bar;
use super::store_folder::StoreFolder;

#[derive(Args)]
pub struct ExportArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The file that is made, or with --html the folder; - for standard output
    to: PathBuf,
    /// Only this room; may be repeated [default: all rooms, private ones included]
    #[arg(long = "room", value_name = "ROOM")]
    rooms: Vec<String>,
    /// Only what the account of this name said
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// Pages for a browser instead of lines of JSON
    #[arg(long)]
    html: bool,
}

#[derive(Args)]
pub struct ImportArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The file, or the folder into which an export was unpacked
    from: PathBuf,
    /// What wrote it
    #[arg(long, default_value = "chatbot", value_parser = format)]
    format: Format,
}

fn format(name: &str) -> Result<Format, String> {
    let found = Format::ALL.into_iter().find(|(known, _)| *known == name);
    let names = || Format::ALL.map(|(name, _)| name).join(", ");
    found.map(|(_, format)| format).ok_or_else(|| format!("one of {}", names()))
}

/// Exports what was asked for.
///
/// # Errors
/// A message for the user. Then nothing is left.
pub fn export(arguments: ExportArgs) -> anyhow::Result<()> {
    let ExportArgs { server, to, rooms, person, html } = arguments;
    let is_printed = to.as_os_str() == "-";
    if is_printed && html {
        bail!("pages are written to a folder: name one instead of -");
    }
    if !is_printed && to.exists() {
        bail!("{} is there already", to.display());
    }
    let selection = Selection { rooms, person };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let config = if server.is_local() { Some(server.settings()?) } else { None };
    // From a running server comes a backup, which is opened here: so all of it is of one moment.
    let beside = if is_printed { std::env::temp_dir() } else { folder_of(&to).to_owned() };
    let copy = tempfile::Builder::new().prefix(".chatbot-export").tempdir_in(beside)?;
    let opened = match config.as_ref().map(StoreFolder::open).transpose()?.flatten() {
        Some(folder) => folder,
        None => restored(server, copy.path())?,
    };
    let exported = runtime.block_on(async {
        if is_printed {
            transfer::export_lines(&opened.store, &selection, &mut BufWriter::new(std::io::stdout())).await
        } else if html {
            transfer::export_html(&opened.store, &selection, &to).await
        } else {
            lines(&opened.store, &selection, &to).await
        }
    });
    opened.close();
    let Exported { rooms, messages } = exported.with_context(|| format!("nothing was exported to {}", to.display()))?;
    if is_printed {
        return Ok(());
    }
    output::write(&format!("{}: {messages} messages of {rooms} rooms\n", to.display()))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

async fn lines(store: &Store, selection: &Selection, to: &Path) -> Result<Exported, transfer::TransferError> {
    let file = tempfile::NamedTempFile::new_in(folder_of(to))?;
    let mut writer = BufWriter::new(file);
    let exported = transfer::export_lines(store, selection, &mut writer).await?;
    let file = writer.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(to).map_err(|error| error.error)?;
    Ok(exported)
}

/// The store of a running server, as it is now.
fn restored(server: ServerArgs, dir: &Path) -> anyhow::Result<StoreFolder> {
    let (copy, to) = (dir.join("copy.backup"), dir.join("data"));
    from_server(server, None, &copy)?;
    backup::restore(&Restoring { backup: &copy, identities: None, sign_ins: SignIns::Kept }, &to, |_| ())?;
    let mut config = Config::default();
    config.server.data_dir = to;
    StoreFolder::open(&config)?.context("somebody else opened the copy")
}

/// Imports a history into the store of a server that does not run.
///
/// # Errors
/// A message for the user.
pub fn import(arguments: ImportArgs) -> anyhow::Result<()> {
    let ImportArgs { server, from, format } = arguments;
    if !server.is_local() {
        bail!("an import goes into a data folder: leave out --url");
    }
    let config = server.settings()?;
    // Before the store is opened: what cannot be read changes nothing.
    let history = transfer::read(&from, format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let Some(folder) = StoreFolder::open_or_create(&config)? else {
        bail!("a server runs on {}: stop it first", config.server.data_dir.display());
    };
    let bar = bar("{wide_bar} {pos}/{len}", String::new());
    bar.set_length(history.messages.len() as u64);
    let imported = runtime.block_on(transfer::import(&folder.store, history, config.rooms.bot, || bar.inc(1)));
    folder.close();
    bar.finish_and_clear();
    let Imported { rooms, messages, repeated, skipped } = imported?;
    let mut told = format!("{messages} messages; {rooms} new rooms\n");
    if repeated > 0 {
        told.push_str(&format!("{repeated} were there already\n"));
    }
    if skipped > 0 {
        told.push_str(&format!("{skipped} were left out: without text, or said among a few\n"));
    }
    output::write(&told)
}
