//! `chatbot documents`: adds, lists and removes the documents of a running server.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, ServerArgs, in_path};
use super::collections::CollectionsCommand;
use super::form::Form;
use super::output::{Output, counted};
use super::progress::{bar, style};
use super::table::table;

mod sync;

use sync::SyncArgs;

/// Maximum number of documents per response.
const PAGE: usize = 200;

/// Timeout for the next document to become searchable.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Polling interval for the state of the index.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Args)]
pub struct DocumentsArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Print the server's answers as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: DocumentsCommand,
}

#[derive(Subcommand)]
enum DocumentsCommand {
    /// Add files: PDF, Word, Excel, PowerPoint, OpenDocument, EPUB, RTF, e-mail, HTML, Markdown, text, and CSV with questions and answers
    ///
    /// Ends when all documents are searchable by their words. Files that fail are reported; the others are still added.
    Add {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The only room in which they are used [default: all rooms]
        #[arg(long)]
        room: Option<String>,
        /// The collection whose rooms use them, instead of a room
        #[arg(long, conflicts_with = "room")]
        collection: Option<String>,
        /// Title, instead of the one in the file
        #[arg(long)]
        title: Option<String>,
        /// Also add files whose content is there already
        #[arg(long)]
        again: bool,
    },
    /// List documents, newest first
    List {
        /// Only documents with this text in title, author or file name
        #[arg(long, value_name = "TEXT")]
        find: Option<String>,
        /// Only those of a room
        #[arg(long)]
        room: Option<String>,
        /// Only those of a collection
        #[arg(long)]
        collection: Option<String>,
        /// Maximum number
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Remove documents with all data derived from them
    Remove {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Make documents equal to the files of a folder and those in it, or to the pages of a web site
    ///
    /// What is new is added, what has changed replaced, and documents of what is gone are removed: of those that earlier runs for the
    /// same source made, and no others. Hidden files and links that lead out of the folder are skipped. A site is read by the server,
    /// one page at a time, as its robots.txt allows.
    Sync(SyncArgs),
    /// Manage collections: groups of documents that rooms can have
    #[command(subcommand)]
    Collections(CollectionsCommand),
}

/// A document in the server's response.
#[derive(Deserialize)]
struct Document {
    id: String,
    title: String,
    author: Option<String>,
    language: String,
    room: Option<String>,
    collection: Option<String>,
    updated_at: String,
    state: String,
    passages: u32,
    pages: Option<u32>,
    pages_without_text: Option<u32>,
}

/// Runs the subcommand and prints its result.
///
/// # Errors
/// A message for the user.
pub fn run(arguments: DocumentsArgs) -> anyhow::Result<()> {
    let client = Client::new(arguments.server)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let output = Output { json: arguments.json };
    runtime.block_on(async {
        match arguments.command {
            DocumentsCommand::Add { files, room, collection, title, again } => {
                if title.is_some() && files.len() > 1 {
                    bail!("--title goes with one file only");
                }
                let again = again.then_some("true");
                let (room, collection, title) = (room.as_deref(), collection.as_deref(), title.as_deref());
                let fields = [("room", room), ("collection", collection), ("title", title), ("again", again)];
                let fields: Vec<_> = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
                add(&client, &output, &files, &fields).await
            }
            DocumentsCommand::List { find, room, collection, limit } => {
                let query = [("q", find), ("room", room), ("collection", collection)];
                let query: Vec<_> = query.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
                output.print(Value::Array(list(&client, &query, limit).await?), rows)
            }
            DocumentsCommand::Remove { ids } => {
                let path = |id: &str| format!("/api/documents/{}", in_path(id));
                output.print_each(&client, &ids, Method::DELETE, path, |()| "removed".to_owned()).await
            }
            DocumentsCommand::Sync(arguments) => sync::run(arguments, &client, &output).await,
            DocumentsCommand::Collections(command) => command.run(&client, &output).await,
        }
    })
}

/// Uploads the files one after the other, then waits until all are searchable.
async fn add(client: &Client, output: &Output, files: &[PathBuf], fields: &[(&str, &str)]) -> anyhow::Result<()> {
    let (mut added, mut refused) = (HashSet::new(), 0);
    for file in files {
        match send(client, file, fields).await {
            Ok(answer) => {
                added.extend(answer["id"].as_str().map(str::to_owned));
                output.print(answer, |document: Document| document.line())?;
            }
            // For a single file, its error is the command's error.
            Err(error) if files.len() == 1 => return Err(error),
            Err(error) => {
                refused += 1;
                eprintln!("chatbot: {error:#}");
            }
        }
    }
    wait(client, added).await?;
    if refused > 0 {
        bail!("{refused} of {} files were not added", files.len());
    }
    Ok(())
}

/// Uploads a file, with a progress bar on a terminal.
async fn send(client: &Client, file: &Path, fields: &[(&str, &str)]) -> anyhow::Result<Value> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bar = bar("{msg}  {wide_bar} {bytes}/{total_bytes}", name.clone());
    let progress = bar.clone();
    let form = Form::new(file, fields, move |bytes| {
        progress.inc(bytes);
        if progress.length().is_some_and(|length| progress.position() >= length) {
            progress.set_style(style("{msg}  {spinner} is being read"));
        }
    });
    let form = form.await?;
    bar.set_length(form.file_size());
    bar.enable_steady_tick(PAUSE);
    let answer = client.upload(Method::POST, "/api/documents", form).await;
    bar.finish_and_clear();
    answer.with_context(|| name)
}

/// Waits until these are searchable by their words; ignores those that were removed meanwhile.
async fn wait(client: &Client, mut awaited: HashSet<String>) -> anyhow::Result<()> {
    let bar = bar("indexing  {wide_bar} {pos}/{len}", String::new());
    let total = awaited.len();
    let mut last_progress = Instant::now();
    bar.set_length(total as u64);
    while !awaited.is_empty() {
        // They are the newest, unless somebody else adds documents at the same time.
        let newest = list(client, &[], total + PAGE).await?;
        let waits = |document: &&Value| !matches!(document["state"].as_str(), Some("searchable" | "ready"));
        let waiting: HashSet<_> = newest.iter().filter(waits).filter_map(|document| document["id"].as_str()).collect();
        let before = awaited.len();
        awaited.retain(|id| waiting.contains(id.as_str()));
        bar.set_position((total - awaited.len()) as u64);
        if awaited.len() < before {
            last_progress = Instant::now();
        } else if last_progress.elapsed() > PATIENCE {
            bail!("{} of them cannot be found yet; the server goes on indexing", awaited.len());
        }
        if !awaited.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// The newest documents, page by page.
async fn list(client: &Client, query: &[(&str, String)], limit: usize) -> anyhow::Result<Vec<Value>> {
    let mut documents: Vec<Value> = Vec::new();
    loop {
        let mut query = query.to_vec();
        query.push(("limit", PAGE.min(limit - documents.len()).to_string()));
        let last = documents.last().and_then(|document| document["id"].as_str());
        query.extend(last.map(|id| ("after", id.to_owned())));
        let page = client.ask(Method::GET, "/api/documents", &query).await?;
        let found = page["documents"].as_array().cloned().unwrap_or_default();
        let goes_on = page["more"] == true && !found.is_empty();
        documents.extend(found);
        if !goes_on || documents.len() >= limit {
            return Ok(documents);
        }
    }
}

impl Document {
    fn line(&self) -> String {
        let pages = self.pages.map(|pages| format!(", {}", counted(pages.into(), "page"))).unwrap_or_default();
        let passages = counted(self.passages.into(), "passage");
        format!("{}  {} ({passages}{pages}{})\n", self.id, self.title, self.without_text())
    }

    /// What is missing of a file of which some pages are pictures.
    fn without_text(&self) -> String {
        match self.pages_without_text {
            Some(count) => format!("; {} without text, perhaps pictures of pages", counted(count.into(), "page")),
            None => String::new(),
        }
    }
}

fn rows(documents: Vec<Document>) -> String {
    let head = ["ID", "STATE", "LANGUAGE", "PASSAGES", "WHERE", "UPDATED", "AUTHOR", "TITLE"].map(str::to_owned);
    let row = |document: Document| {
        let used_in = document.room.or(document.collection).unwrap_or_default();
        let author = document.author.unwrap_or_default();
        let passages = document.passages.to_string();
        [document.id, document.state, document.language, passages, used_in, document.updated_at, author, document.title]
    };
    table(&std::iter::once(head).chain(documents.into_iter().map(row)).collect::<Vec<_>>())
}
