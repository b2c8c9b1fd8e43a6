//! `chatbot documents collections`: the collections of a running server, and which rooms have them.

use clap::Subcommand;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::client::{Client, in_path};
use super::output::Output;
use super::table::table;

#[derive(Subcommand)]
pub enum CollectionsCommand {
    /// List collections, with the rooms that have them
    List,
    /// Make a collection
    Add { name: String },
    /// Give a collection another name
    Rename { name: String, new: String },
    /// Remove a collection that has no documents
    Remove { name: String },
    /// Let a room have these collections and no others
    Choose { room: String, names: Vec<String> },
}

/// A collection in the server's response.
#[derive(Deserialize)]
struct Collection {
    name: String,
    documents: u64,
    #[serde(default)]
    rooms: Vec<String>,
}

impl CollectionsCommand {
    /// Runs the subcommand and prints its result.
    ///
    /// # Errors
    /// A message for the user.
    pub async fn run(self, client: &Client, output: &Output) -> anyhow::Result<()> {
        let path = |name: &str| format!("/api/collections/{}", in_path(name));
        match self {
            Self::List => {
                let mut answer = client.ask(Method::GET, "/api/collections", &[]).await?;
                output.print(answer["collections"].take(), rows)
            }
            Self::Add { name } => {
                let made = client.post("/api/collections", &json!({"name": name})).await?;
                output.print(made, |made: Collection| format!("{}  made\n", made.name))
            }
            Self::Rename { name, new } => {
                let renamed = client.patch(&path(&name), &json!({"name": new})).await?;
                output.print(renamed, |renamed: Collection| format!("{}  renamed\n", renamed.name))
            }
            Self::Remove { name } => {
                output.print_each(client, &[name], Method::DELETE, path, |()| "removed".to_owned()).await
            }
            Self::Choose { room, names } => {
                let path = format!("/api/rooms/{}/collections", in_path(&room));
                client.put(&path, &json!({"collections": names})).await?;
                output.print(json!({"room": room, "collections": names}), |chosen: Chosen| chosen.line())
            }
        }
    }
}

/// What a room has from now on.
#[derive(Deserialize)]
struct Chosen {
    room: String,
    collections: Vec<String>,
}

impl Chosen {
    fn line(&self) -> String {
        match self.collections.is_empty() {
            true => format!("{}  has no collections\n", self.room),
            false => format!("{}  has {}\n", self.room, self.collections.join(", ")),
        }
    }
}

fn rows(collections: Vec<Collection>) -> String {
    let head = ["NAME", "DOCUMENTS", "ROOMS"].map(str::to_owned);
    let row = |collection: Collection| [collection.name, collection.documents.to_string(), collection.rooms.join(" ")];
    table(&std::iter::once(head).chain(collections.into_iter().map(row)).collect::<Vec<_>>())
}
