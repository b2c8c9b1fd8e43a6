//! `chatbot tls local`: the certificate authority of this server's own, for a home network.

use anyhow::Error;
use chatbot::config::TlsConfig;
use chatbot::tls::LocalAuthority;
use clap::{Args, Subcommand};

use super::client::LocalArgs;
use super::output;

#[derive(Args)]
pub struct TlsArgs {
    #[command(flatten)]
    place: LocalArgs,
    #[command(subcommand)]
    command: TlsCommand,
}

#[derive(Subcommand)]
enum TlsCommand {
    /// Show the server's own certificate authority for a home network; make it if there is none
    Local,
}

/// Prints where the authority's certificate is and how to go on.
///
/// # Errors
/// If it can be neither read nor made.
pub fn run(arguments: TlsArgs) -> anyhow::Result<()> {
    let TlsCommand::Local = arguments.command;
    let config = arguments.place.settings()?;
    let authority = LocalAuthority::open(&TlsConfig::folder(&config.server.data_dir)).map_err(Error::msg)?;
    let start = if config.tls.local {
        ""
    } else {
        " Start the server with --tls-local, or local = true below [tls] in its settings."
    };
    output::write(&format!(
        "Certificate  {}\nSHA-256      {}\n\n\
         Each device has to trust this certificate once: open the page /certificate of the server there, which explains it, also\n\
         over http://, and compare the digits above.{start}\n",
        authority.path().display(),
        authority.fingerprint(),
    ))
}
