//! The command line: reads the settings, starts the log and the server, and turns an error into an exit code.

mod cli;

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chatbot::config::{self, Config, LogFormat, Sources};
use chatbot::documents;
use chatbot::http;
use chatbot::process;
use chatbot::server::{OwnCommands, Server};
use clap::{Args, Parser, Subcommand};
use cli::ask::AskArgs;
use cli::documents::DocumentsArgs;
use cli::jobs::JobsArgs;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Self-hosted real-time chat whose bots do real work, in one program.
///
/// "chatbot serve" is all it takes: it makes its data folder, listens on port 8000 and tells where to open the page.
#[derive(Parser)]
#[command(version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("CHATBOT_REVISION"), ")"), arg_required_else_help = true)]
struct Cli {
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
    /// Ask a running server's documents a question.
    ///
    /// The server is found as by "chatbot jobs". The answer is written by the language model if one is set up, and quotes the
    /// best passages otherwise.
    Ask(AskArgs),
}

#[derive(Args)]
struct ServeArgs {
    /// IP address to listen on [default: all, IPv4 and IPv6]
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on [default: 8000]
    #[arg(long)]
    port: Option<String>,
    /// Folder for everything that is kept; made if it is not there [default: ./data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// File with settings; see config.example.toml
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

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(arguments) => serve(arguments.sources()),
        #[cfg(target_os = "linux")]
        Command::KeepProgram => process::keeper::keep().context("cannot keep a program"),
        Command::Extract => documents::extract::child::run().context("cannot read a file"),
        Command::Jobs(arguments) => cli::jobs::run(arguments),
        Command::Documents(arguments) => cli::documents::run(arguments),
        Command::Ask(arguments) => cli::ask::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chatbot: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(sources: Sources) -> anyhow::Result<()> {
    let config = config::load(&sources)?;
    start_log(&config)?;
    let listener = http::bind(config.host(), config.server.port)
        .with_context(|| format!("cannot listen on port {}", config.server.port))?;
    // For long reads of the store and a few name look-ups; each thread costs memory.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(12).build()?;
    runtime.block_on(async {
        let shutdown = shutdown_signal()?;
        let server = Server::start(&config, listener).await?;
        println!("{}", welcome(&config, &server));
        let reloading = reload_on_hangup(server.own_commands(), sources, config)?;
        let stop = async {
            tokio::select! {
                () = shutdown => {}
                () = reloading => {}
            }
        };
        server.run(stop).await
    })
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let filter: Targets = config.log.level.parse().context("log.level")?;
    let registry = tracing_subscriber::registry().with(filter);
    let is_terminal = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal);
    match config.log.format {
        LogFormat::Human => registry.with(layer.with_target(false)).try_init()?,
        LogFormat::Json => registry.with(layer.json()).try_init()?,
    }
    Ok(())
}

/// Ends at the first Ctrl-C or SIGTERM.
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Reads the settings again at every SIGHUP: the commands change at once, and a file with an error changes nothing. Ends when
/// what hung up was the terminal that the server was started in.
fn reload_on_hangup(
    commands: OwnCommands,
    sources: Sources,
    started_with: Config,
) -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    let had_terminal = std::io::stdin().is_terminal();
    Ok(async move {
        while hangup.recv().await.is_some() {
            if had_terminal && !std::io::stdin().is_terminal() {
                return;
            }
            let reloaded = config::load(&sources).map_err(anyhow::Error::from);
            let reloaded = reloaded.and_then(|config| commands.set(&config.commands).map(|()| config));
            match reloaded {
                Ok(config) => {
                    tracing::info!(commands = config.commands.len(), "settings read again");
                    let others_changed = Config { commands: started_with.commands.clone(), ..config } != started_with;
                    if others_changed {
                        tracing::warn!("settings other than the commands have changed too; they need a restart");
                    }
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "settings not read again; all stays as it was")
                }
            }
        }
        // No signal can come any more.
        std::future::pending().await
    })
}

/// What whoever started it wants to know first.
fn welcome(config: &Config, server: &Server) -> String {
    let address = server.address();
    let mut text = format!("chatbot {} is ready.\n\n", env!("CARGO_PKG_VERSION"));
    for (label, host) in open_at(address) {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "  {label:<15} http://{host}:{}", address.port());
    }
    let data_dir = std::path::absolute(&config.server.data_dir).unwrap_or_else(|_| config.server.data_dir.clone());
    let _ = writeln!(text, "  {:<15} {}", "Data", data_dir.display());
    if let Some(key) = server.new_owner_key() {
        let _ = writeln!(text, "  {:<15} {key}", "Owner's key");
        text.push_str(
            "\nKeep the owner's key: it is shown only now. With it you look after this server in the page.\n",
        );
    }
    text
}

/// Addresses under which the page can be opened, each with what it is good for.
fn open_at(address: SocketAddr) -> Vec<(&'static str, String)> {
    let shown = |ip: IpAddr| if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    if !address.ip().is_unspecified() {
        return vec![("Open", shown(address.ip()))];
    }
    let mut open = vec![("This computer", "localhost".to_owned())];
    open.extend(network_address().map(|ip| ("Your network", shown(ip))));
    open
}

/// The address that others in the network reach this machine by: the one it would itself go out with. Connecting a datagram
/// socket sends nothing; the target is only looked up in the routing table.
fn network_address() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}
