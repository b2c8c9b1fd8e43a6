//! `chatbot documents sync`: makes documents of a running server equal to a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use async_trait::async_trait;
use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::list;
use crate::cli::client::{Client, Refusal, in_path};
use crate::cli::following::finished;
use crate::cli::form::Form;
use crate::cli::output::{Output, write};
use chatbot::fetch::Validators;
use chatbot::library::sync::{AllKnown, Done, Folder, Known, Listener, Refused, Report, SyncOptions, Target, sync};
use chatbot::model::{CollectionName, DocumentId, FileId, RoomName};

#[derive(Args)]
pub struct SyncArgs {
    /// A folder, or the address of a web site's start page or sitemap
    #[arg(value_name = "FOLDER_OR_ADDRESS")]
    from: String,
    /// The only room in which the documents are used [default: all rooms]
    #[arg(long)]
    room: Option<String>,
    /// The collection whose rooms use them, instead of a room
    #[arg(long, conflicts_with = "room")]
    collection: Option<String>,
    /// Name of the source, by which the next run knows the documents of this one [default: the folder's path]; of a site it is the address
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Remove documents even if nothing is there, or more than half of many are gone
    #[arg(long)]
    allow_empty: bool,
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Of a site: how many links may lead from the start page to a page [default: 5]
    #[arg(long)]
    depth: Option<u32>,
    /// Of a site: how many pages are read [default: 500]
    #[arg(long)]
    pages: Option<u32>,
}

/// The documents of a server.
struct OnServer<'a> {
    client: &'a Client,
    source: String,
    room: String,
    collection: String,
}

/// Runs the subcommand and prints what was done.
///
/// # Errors
/// A message for the user; also if something failed, once everything else is done.
pub async fn run(arguments: SyncArgs, client: &Client, output: &Output) -> anyhow::Result<()> {
    match ["http://", "https://"].iter().any(|scheme| arguments.from.starts_with(scheme)) {
        true => with_site(arguments, client, output).await,
        false => with_folder(arguments, client, output).await,
    }
}

/// Sites are read by the server, as a job: what it may reach is for its settings to say.
async fn with_site(arguments: SyncArgs, client: &Client, output: &Output) -> anyhow::Result<()> {
    if arguments.source.is_some() {
        bail!("--source is for folders; the source of a site is its address");
    }
    let line = line_of(&arguments)?;
    let asked = client.post("/api/jobs", &json!({"name": "sync", "arguments": line})).await?;
    let job = asked["id"].as_str().context("cannot understand the server's answer")?;
    output.print(finished(client, job).await?, |job: Value| {
        let lines = job["log"].as_array().into_iter().flatten().filter_map(|line| line["text"].as_str());
        let result = job["result"].as_str().unwrap_or_default();
        lines.chain([result]).map(|line| format!("{line}\n")).collect()
    })
}

/// The arguments of the command `sync`.
fn line_of(arguments: &SyncArgs) -> anyhow::Result<String> {
    let mut words = vec![arguments.from.clone()];
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.into_iter().flat_map(|value| [format!("--{name}"), value]));
    };
    option("room", arguments.room.clone());
    option("collection", arguments.collection.clone());
    option("depth", arguments.depth.map(|depth| depth.to_string()));
    option("pages", arguments.pages.map(|pages| pages.to_string()));
    let flags = [("--allow-empty", arguments.allow_empty), ("--dry-run", arguments.dry_run)];
    words.extend(flags.into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag.to_owned()));
    shlex::try_join(words.iter().map(String::as_str)).context("a zero byte is in the arguments")
}

async fn with_folder(arguments: SyncArgs, client: &Client, output: &Output) -> anyhow::Result<()> {
    let mut folder = Folder::open(Path::new(&arguments.from))?;
    let source = arguments.source.unwrap_or_else(|| folder.root().to_string_lossy().into_owned());
    let (room, collection) = (arguments.room.unwrap_or_default(), arguments.collection.unwrap_or_default());
    let mut target = OnServer { client, source, room, collection };
    let options = SyncOptions { allow_empty: arguments.allow_empty, dry_run: arguments.dry_run };
    let mut printer = Printer { details: output.json.then(Vec::new) };
    let report = sync(&mut folder, &mut target, options, &mut printer).await?;
    if let Some(details) = printer.details {
        let mut answer: Map<String, Value> =
            Done::ALL.iter().map(|done| (done.as_str().to_owned(), report.count(*done).into())).collect();
        answer.insert("details".to_owned(), details.into());
        write(&format!("{:#}\n", Value::Object(answer)))?;
    } else {
        write(&line(&report, options.dry_run))?;
    }
    match report.count(Done::Failed) {
        0 => Ok(()),
        count => bail!("{count} could not be read or stored"),
    }
}

/// Prints what is done, or keeps it to be printed as JSON.
struct Printer {
    details: Option<Vec<Value>>,
}

#[async_trait]
impl Listener for Printer {
    async fn told(&mut self, done: Done, path: &str, why: &str) {
        if let Some(details) = &mut self.details {
            details.push(json!({"done": done, "path": path, "why": why}));
        } else if done != Done::Unchanged {
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            // Whoever closes the pipe does not end the run.
            let _ = write(&format!("{:9}  {path}{why}\n", done.as_str()));
        }
    }
}

fn line(report: &Report, dry_run: bool) -> String {
    let counts = Done::ALL.map(|done| format!("{} {}", report.count(done), done.as_str())).join(", ");
    if dry_run { format!("Nothing was changed. Would be: {counts}\n") } else { format!("{counts}\n") }
}

impl OnServer<'_> {
    async fn send(&self, method: Method, at: &str, path: &str, file: &Path) -> Result<(), Refused> {
        let fields = [
            ("room", self.room.as_str()),
            ("collection", self.collection.as_str()),
            ("sync_source", self.source.as_str()),
            ("sync_path", path),
        ];
        let form = Form::new(file, &fields, |_| ()).await.map_err(|error| failed(&error))?;
        self.client.upload(method, at, form).await.map(drop).map_err(|error| failed(&error))
    }

    fn known_of(&self, document: &Value) -> Option<(String, Known)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let origin = &document["origin"];
        // As the server writes them, whatever they were typed like.
        let room = |name: &str| RoomName::public(name).map(|room| room.shown().to_owned()).unwrap_or_default();
        let collection = |name: &str| CollectionName::new(name).map(|name| name.folded()).unwrap_or_default();
        let is_in_place = room(&text(&document["room"])) == room(&self.room)
            && collection(&text(&document["collection"])) == collection(&self.collection);
        let id = DocumentId::parse(document["id"].as_str()?)?;
        let content = FileId::parse(origin["synced"]["content"].as_str()?)?;
        Some((text(&origin["synced"]["path"]), Known { id, content, is_in_place, validators: Validators::default() }))
    }
}

#[async_trait]
impl Target<PathBuf> for OnServer<'_> {
    async fn known(&mut self) -> anyhow::Result<AllKnown> {
        let query = [("sync_source", self.source.clone())];
        let documents = list(self.client, &query, usize::MAX).await?;
        Ok(documents.iter().filter_map(|document| self.known_of(document)).collect())
    }

    async fn add(&mut self, path: &str, _: &FileId, file: PathBuf) -> Result<(), Refused> {
        self.send(Method::POST, "/api/documents", path, &file).await
    }

    async fn update(&mut self, known: &Known, path: &str, _: &FileId, file: PathBuf) -> Result<(), Refused> {
        self.send(Method::PUT, &path_of(known), path, &file).await
    }

    async fn remove(&mut self, known: &Known) -> Result<(), Refused> {
        match self.client.ask(Method::DELETE, &path_of(known), &[]).await {
            // Somebody else did.
            Err(error) if code(&error) == "not_found" => Ok(()),
            removed => removed.map(drop).map_err(|error| failed(&error)),
        }
    }
}

fn path_of(known: &Known) -> String {
    format!("/api/documents/{}", in_path(known.id.as_str()))
}

fn code(error: &anyhow::Error) -> &str {
    error.downcast_ref::<Refusal>().map_or("", |refusal| refusal.code.as_str())
}

fn failed(error: &anyhow::Error) -> Refused {
    Refused::new(code(error), format!("{error:#}"))
}
