//! `chatbot serve`: the server from its settings to its end.

mod log;
mod signals;
mod welcome;

use std::path::PathBuf;
use std::process::ExitCode;

use chatbot::config::{self, Config, Sources};
use chatbot::server::{Listeners, Server};
use chatbot::supervisor::{self, State};
use clap::Args;

#[derive(Args)]
pub struct ServeArgs {
    /// IP address to listen on [default: all, IPv4 and IPv6]
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on [default: 8000, or 443 with --domain]
    #[arg(long)]
    port: Option<String>,
    /// Name of this server, for which it gets certificates itself; may be given several times [default: none]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["cert", "key"])]
    domain: Vec<String>,
    /// Certificate for HTTPS with the chain behind it, as a PEM file
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<String>,
    /// Its key, as a PEM file
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<String>,
    /// HTTPS in a home network, with a certificate authority of the server's own; see "chatbot tls local"
    #[arg(long, conflicts_with_all = ["cert", "key", "domain"])]
    tls_local: bool,
    /// Directory for all data; created if missing [default: ./data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Configuration file; see config.example.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ServeArgs {
    /// The settings' sources: these flags and what is below them.
    pub fn sources(self) -> Sources {
        let flags = [
            ("server.host", self.host),
            ("server.port", self.port),
            ("server.data_dir", self.data_dir),
            ("tls.domains", Some(self.domain.join(",")).filter(|domains| !domains.is_empty())),
            ("tls.cert", self.cert),
            ("tls.key", self.key),
            ("tls.local", self.tls_local.then(|| "true".to_owned())),
        ];
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

/// Runs the server until it is told to stop, and says whether it did its work until then: why not is in the log.
///
/// # Errors
/// When the settings are wrong.
pub fn run(arguments: ServeArgs) -> anyhow::Result<ExitCode> {
    let sources = arguments.sources();
    let config = config::load(&sources)?;
    let log = log::ToItsEnd(log::start(&config.log)?);
    let ended = serve(sources, config);
    if let Err(error) = &ended {
        log.0.say(&format!("chatbot: {error:#}\n"));
    }
    Ok(if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn serve(sources: Sources, config: Config) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    hide_memory();
    allow_many_files();
    let listeners = Listeners::open(&config)?;
    // For long reads of the store and files; each thread costs memory.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(12).build()?;
    runtime.block_on(async {
        let shutdown = signals::shutdown()?;
        let server = Server::start(&config, listeners).await?;
        welcome::print(welcome::text(&config, &server));
        let place = format!("listening on {}", server.address());
        supervisor::tell(State::Ready(&place));
        let reloading = signals::reload_on_hangup(server.custom_commands(), server.tls(), sources, config, place)?;
        let stop = async {
            tokio::select! {
                () = shutdown => {}
                () = reloading => {}
                () = supervisor::keep_alive() => {}
            }
            supervisor::tell(State::Stopping);
        };
        server.run(stop).await
    })
}
