//! The command line: what can be asked for, one file each.
//!
//! Most of them speak with a running server, over HTTP.

mod ask;
mod backup;
mod client;
mod collections;
mod compact;
mod config;
mod doctor;
mod documents;
mod following;
mod form;
mod health;
mod jobs;
mod manual;
mod output;
mod owner_key;
mod progress;
mod restore;
mod serve;
mod service;
mod store_folder;
mod table;
mod tls;
mod transfer;
mod update;
mod user;

use std::process::ExitCode;

use anyhow::Context;
use chatbot::documents::extract;
use chatbot::licenses;
#[cfg(target_os = "linux")]
use chatbot::process::keeper;
use clap::{Parser, Subcommand};

use self::ask::AskArgs;
use self::backup::BackupArgs;
use self::compact::CompactArgs;
use self::config::ConfigArgs;
use self::doctor::DoctorArgs;
use self::documents::DocumentsArgs;
use self::health::HealthArgs;
use self::jobs::JobsArgs;
use self::manual::{CompletionsArgs, ManArgs};
use self::owner_key::OwnerKeyArgs;
use self::restore::RestoreArgs;
use self::serve::ServeArgs;
use self::service::ServiceArgs;
use self::tls::TlsArgs;
use self::transfer::{ExportArgs, ImportArgs};
use self::update::UpdateArgs;
use self::user::UserArgs;

/// Self-hosted real-time chat whose bots do real work, in one program.
///
/// "chatbot serve" is all it takes: it makes its data folder, listens on port 8000 and tells where to open the page.
#[derive(Parser)]
#[command(version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("CHATBOT_REVISION"), ")"), arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until Ctrl-C or SIGTERM.
    ///
    /// Settings come from defaults, then --config, then the environment (CHATBOT_SECTION__KEY, and PORT), then the flags
    /// here. config.example.toml in the source shows every setting.
    Serve(ServeArgs),
    /// What the server starts to run another program.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    KeepProgram,
    /// What the server starts to read one file.
    #[command(hide = true)]
    Extract,
    /// List, show, cancel, retry and drop the jobs of a running server.
    ///
    /// On the server's own machine nothing else is needed: the server leaves a file in its data folder that says where it is
    /// and lets its own user in. For a server elsewhere, name it with --url and put the owner's key into CHATBOT_KEY.
    Jobs(JobsArgs),
    /// Add, list and remove the documents that a running server answers from.
    ///
    /// The server is found as by "chatbot jobs".
    Documents(DocumentsArgs),
    /// Add, list and look after the accounts of people, also while the server runs.
    ///
    /// "chatbot user add NAME --role owner" makes the first one on a machine without a browser. The server is found as by
    /// "chatbot jobs"; if none runs, the accounts are changed in its data folder.
    User(UserArgs),
    /// Make a key that lets scripts in, and you if you lose your password; also while the server runs.
    ///
    /// The key is printed once; the server keeps only a digest. The server is found as by "chatbot user".
    OwnerKey(OwnerKeyArgs),
    /// Ask a running server's documents a question.
    ///
    /// The server is found as by "chatbot jobs". The answer is written by the language model if one is set up, and quotes the
    /// best passages otherwise.
    Ask(AskArgs),
    /// Save everything that is stored into one file, also while the server runs
    ///
    /// Rooms, messages, people, jobs, schedules, documents and settings, as they are at one moment. What is derived from them,
    /// the search indexes, is made anew. The server is found as by "chatbot jobs"; if none runs, its data folder is read.
    /// Whoever has the file can read everything in it, unless it is encrypted with --recipient.
    Backup(BackupArgs),
    /// Make a data folder from a backup, or check one
    ///
    /// The whole backup is checked before anything is written, and a folder that has a store is never changed. However it
    /// ends, the folder has a complete store, or none and restoring can be done again.
    Restore(RestoreArgs),
    /// Give back the space of messages that were removed, also while the server runs
    ///
    /// The store does so by itself once a quarter of it was removed; this does it at once. It needs as much free space as the store
    /// takes. The server is found as by "chatbot backup".
    Compact(CompactArgs),
    /// Write rooms and messages as lines of JSON, or as pages to read
    ///
    /// The server is found as by "chatbot backup". The lines are described in docs/export.md, and can be imported again.
    Export(ExportArgs),
    /// Take in the history of another chat: Slack, Mattermost, Rocket.Chat, Campfire, Django, or an export of chatbot
    ///
    /// The server must not run meanwhile. What was imported before is not stored twice. Who has the name of an account is
    /// taken for that person.
    Import(ImportArgs),
    /// Examine whether the server can do its work, and say what to do where it cannot.
    ///
    /// Looks at settings, data folder, machine, port and the servers that the settings name; of a server that does not run also
    /// at the data themselves. Fails if there is a fault; warnings alone are no failure.
    Doctor(DoctorArgs),
    /// Replace this program by a newer release, if there is one.
    ///
    /// The release's signature is checked, and the new program tried, before it takes the place of the old one, which stays beside
    /// it with the ending ".old". A server that systemd runs as chatbot.service is restarted; if the new one does not become
    /// ready, the old one comes back.
    Update(UpdateArgs),
    /// Install this program as a service of systemd, or remove that service.
    Service(ServiceArgs),
    /// Check the settings, show them, or write a file with all of them.
    Config(ConfigArgs),
    /// Tell whether a running server is well, by the exit code: 0 if it is, otherwise 1.
    ///
    /// For containers and scripts. The server is found as by "chatbot jobs".
    Health(HealthArgs),
    /// Make and show what HTTPS in a home network needs.
    Tls(TlsArgs),
    /// Print which software of others is in this program, and its licences.
    Licenses,
    /// Print the man page.
    Man(ManArgs),
    /// Print what makes a shell complete this program's words.
    Completions(CompletionsArgs),
}

impl Cli {
    /// Does what was asked for, to its end, and says how it ended.
    ///
    /// # Errors
    /// In words for whoever asked.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let done = match self.command {
            Command::Serve(arguments) => return serve::run(arguments),
            #[cfg(target_os = "linux")]
            Command::KeepProgram => keeper::keep().context("cannot keep a program"),
            Command::Extract => extract::child::run().context("cannot read a file"),
            Command::Jobs(arguments) => jobs::run(arguments),
            Command::Documents(arguments) => documents::run(arguments),
            Command::User(arguments) => user::run(arguments),
            Command::OwnerKey(arguments) => owner_key::run(arguments),
            Command::Ask(arguments) => ask::run(arguments),
            Command::Backup(arguments) => backup::run(arguments),
            Command::Restore(arguments) => restore::run(arguments),
            Command::Compact(arguments) => compact::run(arguments),
            Command::Export(arguments) => transfer::export(arguments),
            Command::Import(arguments) => transfer::import(arguments),
            Command::Doctor(arguments) => return doctor::run(arguments),
            Command::Update(arguments) => update::run(arguments),
            Command::Service(arguments) => service::run(arguments),
            Command::Config(arguments) => config::run(arguments),
            Command::Health(arguments) => health::run(arguments),
            Command::Tls(arguments) => tls::run(arguments),
            Command::Licenses => output::write(&licenses::text()),
            Command::Man(arguments) => manual::man(arguments),
            Command::Completions(arguments) => manual::completions(arguments),
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}
