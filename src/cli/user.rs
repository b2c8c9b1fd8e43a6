//! `chatbot user`: looks after accounts, through the running server or, if none runs, in its data folder.

mod folder;

use std::io::IsTerminal;

use anyhow::{Context, bail};
use chatbot::model::Role;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::folder::Folder;
use super::client::{Client, ServerArgs, in_path};
use super::output::Output;
use super::table::table;

/// Maximum number of accounts per response.
const PAGE: usize = 200;

#[derive(Args)]
pub struct UserArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Print the answers as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add an account; asks for its password
    Add {
        name: String,
        #[arg(long, default_value = "member", value_parser = role)]
        role: &'static str,
    },
    /// List accounts, in the order in which they were made
    List {
        /// Only those with this text in their name
        #[arg(long, value_name = "TEXT", default_value = "")]
        find: String,
    },
    /// Sign somebody out everywhere, and let them in no more
    Disable { name: String },
    /// Let somebody in again
    Enable { name: String },
    /// Give somebody a new password, and sign them out everywhere; asks for it
    Password { name: String },
    /// Remove somebody's second factor and passkeys, and sign them out everywhere
    ResetFactors { name: String },
    /// Make somebody member, moderator, admin or owner
    Role {
        name: String,
        #[arg(value_parser = role)]
        role: &'static str,
    },
    /// List where somebody is signed in
    Sessions {
        name: String,
        /// Sign them out everywhere instead
        #[arg(long)]
        end: bool,
    },
}

fn role(name: &str) -> Result<&'static str, String> {
    let role = Role::of_account(name).map(Role::as_str);
    role.ok_or_else(|| "one of member, moderator, admin and owner".to_owned())
}

/// An account in an answer.
#[derive(Clone, Deserialize)]
struct Account {
    id: String,
    name: String,
    role: String,
    disabled: bool,
    created_at: String,
    last_seen_at: Option<String>,
}

/// A session in an answer.
#[derive(Deserialize)]
struct Session {
    device: String,
    address: String,
    created_at: String,
    last_seen_at: String,
}

/// What is to be changed of an account.
#[derive(Default, Serialize)]
pub struct Change {
    role: Option<&'static str>,
    disabled: Option<bool>,
    password: Option<String>,
    /// `Some(false)` removes it.
    second_factor: Option<bool>,
}

/// Where accounts and keys are. Both answer alike.
pub enum Place {
    Server(Client),
    Folder(Box<Folder>),
}

impl Place {
    /// The server that runs, or else its data folder.
    ///
    /// # Errors
    /// A message for the user, if there is neither.
    pub async fn open(server: ServerArgs) -> anyhow::Result<Self> {
        // Opening the folder tells whether a server has it: its lock goes with the process, what it announced may stay.
        let opened = if server.is_local() { Folder::open(&server.settings()?).await? } else { None };
        Ok(match opened {
            Some(folder) => Self::Folder(Box::new(folder)),
            None => Self::Server(Client::new(server)?),
        })
    }

    /// Returns once all that was changed is durable.
    pub async fn close(self) {
        if let Self::Folder(folder) = self {
            folder.close().await;
        }
    }

    /// Makes a new owner's key; `{key}`.
    ///
    /// # Errors
    /// A message for the user.
    pub async fn new_owner_key(&self) -> anyhow::Result<Value> {
        match self {
            Self::Server(client) => client.post("/api/owner-key", &Value::Null).await,
            Self::Folder(folder) => folder.new_owner_key().await,
        }
    }

    /// Some accounts behind the one with the id `after`, and whether there are more: `{accounts, more}`.
    async fn page(&self, find: &str, after: Option<&str>) -> anyhow::Result<Value> {
        match self {
            Self::Server(client) => {
                let query = [("q", find.to_owned()), ("limit", PAGE.to_string())];
                let after = after.map(|id| ("after", id.to_owned()));
                let query: Vec<_> = query.into_iter().chain(after).collect();
                client.ask(Method::GET, "/api/accounts", &query).await
            }
            Self::Folder(folder) => folder.page(find, after, PAGE).await,
        }
    }

    async fn add(&self, name: &str, role: &str, password: String) -> anyhow::Result<Value> {
        match self {
            Self::Server(client) => {
                client.post("/api/accounts", &json!({"name": name, "role": role, "password": password})).await
            }
            Self::Folder(folder) => folder.add(name, role, password).await,
        }
    }

    async fn change(&self, id: &str, change: Change) -> anyhow::Result<Value> {
        match self {
            Self::Server(client) => client.patch(&path(id), &serde_json::to_value(change)?).await,
            Self::Folder(folder) => folder.change(id, change).await,
        }
    }

    async fn sessions(&self, id: &str) -> anyhow::Result<Value> {
        match self {
            Self::Server(client) => Ok(client.ask(Method::GET, &sessions_path(id), &[]).await?["sessions"].take()),
            Self::Folder(folder) => folder.sessions(id).await,
        }
    }

    async fn sign_out(&self, id: &str) -> anyhow::Result<()> {
        match self {
            Self::Server(client) => client.ask(Method::DELETE, &sessions_path(id), &[]).await.map(drop),
            Self::Folder(folder) => folder.sign_out(id).await,
        }
    }

    async fn list(&self, find: &str) -> anyhow::Result<Vec<Value>> {
        let mut accounts: Vec<Value> = Vec::new();
        loop {
            let last = accounts.last().and_then(|account| account["id"].as_str());
            let page = self.page(find, last).await?;
            let found = page["accounts"].as_array().cloned().unwrap_or_default();
            let goes_on = page["more"] == true && !found.is_empty();
            accounts.extend(found);
            if !goes_on {
                return Ok(accounts);
            }
        }
    }

    async fn id_of(&self, name: &str) -> anyhow::Result<String> {
        let accounts = self.list(name).await?;
        let account = accounts.iter().find(|account| account["name"] == name);
        let id = account.and_then(|account| account["id"].as_str());
        Ok(id.with_context(|| format!("there is no account with the name {name:?}"))?.to_owned())
    }
}

fn path(id: &str) -> String {
    format!("/api/accounts/{}", in_path(id))
}

fn sessions_path(id: &str) -> String {
    format!("{}/sessions", path(id))
}

/// Runs the subcommand and prints its result.
///
/// # Errors
/// A message for the user.
pub fn run(arguments: UserArgs) -> anyhow::Result<()> {
    let output = Output { json: arguments.json };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (server, command) = (arguments.server, arguments.command);
    runtime.block_on(async {
        let place = Place::open(server).await?;
        let done = act(&place, &output, command).await;
        place.close().await;
        done
    })
}

async fn act(place: &Place, output: &Output, command: UserCommand) -> anyhow::Result<()> {
    let (name, change) = match command {
        UserCommand::Add { name, role } => {
            return output.print(place.add(&name, role, new_password()?).await?, line);
        }
        UserCommand::List { find } => return output.print(Value::Array(place.list(&find).await?), rows),
        UserCommand::Sessions { name, end: false } => {
            return output.print(place.sessions(&place.id_of(&name).await?).await?, session_rows);
        }
        UserCommand::Sessions { name, end: true } => {
            place.sign_out(&place.id_of(&name).await?).await?;
            return output.print(Value::Null, |()| format!("{name}  signed out everywhere\n"));
        }
        UserCommand::Disable { name } => (name, Change { disabled: Some(true), ..Change::default() }),
        UserCommand::Enable { name } => (name, Change { disabled: Some(false), ..Change::default() }),
        UserCommand::ResetFactors { name } => (name, Change { second_factor: Some(false), ..Change::default() }),
        UserCommand::Role { name, role } => (name, Change { role: Some(role), ..Change::default() }),
        UserCommand::Password { name } => {
            let id = place.id_of(&name).await?;
            let change = Change { password: Some(new_password()?), ..Change::default() };
            return output.print(place.change(&id, change).await?, line);
        }
    };
    output.print(place.change(&place.id_of(&name).await?, change).await?, line)
}

/// Asks for a password twice on a terminal; reads a line otherwise.
fn new_password() -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("cannot read the password")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password("New password: ")?;
    if rpassword::prompt_password("Once more: ")? != password {
        bail!("these were two different passwords");
    }
    Ok(password)
}

fn line(account: Account) -> String {
    let state = if account.disabled { ", disabled" } else { "" };
    format!("{}  {}{state}\n", account.name, account.role)
}

fn rows(accounts: Vec<Account>) -> String {
    let head = ["NAME", "ROLE", "STATE", "CREATED", "LAST SEEN", "ID"].map(str::to_owned);
    let row = |account: Account| {
        let state = if account.disabled { "disabled" } else { "" };
        let seen = account.last_seen_at.unwrap_or_default();
        [account.name, account.role, state.to_owned(), account.created_at, seen, account.id]
    };
    table(&std::iter::once(head).chain(accounts.into_iter().map(row)).collect::<Vec<_>>())
}

fn session_rows(sessions: Vec<Session>) -> String {
    let head = ["LAST SEEN", "SINCE", "ADDRESS", "DEVICE"].map(str::to_owned);
    let row = |session: Session| [session.last_seen_at, session.created_at, session.address, session.device];
    table(&std::iter::once(head).chain(sessions.into_iter().map(row)).collect::<Vec<_>>())
}
