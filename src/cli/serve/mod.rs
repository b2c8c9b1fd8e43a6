//! `chatbot serve`: the server from its settings to its end.

mod log;
mod signals;
mod welcome;

use std::path::PathBuf;

use anyhow::Context;
use chatbot::config::{self, Sources};
use chatbot::http;
use chatbot::server::Server;
use clap::Args;

#[derive(Args)]
pub struct ServeArgs {
    /// IP address to listen on [default: all, IPv4 and IPv6]
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on [default: 8000]
    #[arg(long)]
    port: Option<String>,
    /// Directory for all data; created if missing [default: ./data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Configuration file; see config.example.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ServeArgs {
    fn sources(self) -> Sources {
        let flags = [("server.host", self.host), ("server.port", self.port), ("server.data_dir", self.data_dir)];
        Sources {
            file: self.config,
            environment: config::environment(),
            flags: flags.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
        }
    }
}

/// Raises the soft limit of open files to the hard one: each connection is an open file, and the usual soft limit is 1024.
fn allow_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Lets only root read this process's memory and environment, which hold keys: not other programs of the same user.
#[cfg(target_os = "linux")]
fn hide_memory() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "other programs of the same user can read the server's memory");
    }
}

/// Runs the server until it is told to stop.
///
/// # Errors
/// When the settings are wrong, the port or the data folder cannot be used, or the store fails.
pub fn run(arguments: ServeArgs) -> anyhow::Result<()> {
    let sources = arguments.sources();
    let config = config::load(&sources)?;
    log::start(&config.log)?;
    #[cfg(target_os = "linux")]
    hide_memory();
    allow_many_files();
    let listener = http::bind(config.host(), config.server.port)
        .with_context(|| format!("cannot listen on port {}", config.server.port))?;
    // For long reads of the store and files; each thread costs memory.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(12).build()?;
    runtime.block_on(async {
        let shutdown = signals::shutdown()?;
        let server = Server::start(&config, listener).await?;
        println!("{}", welcome::text(&config, &server));
        let reloading = signals::reload_on_hangup(server.custom_commands(), sources, config)?;
        let stop = async {
            tokio::select! {
                () = shutdown => {}
                () = reloading => {}
            }
        };
        server.run(stop).await
    })
}
