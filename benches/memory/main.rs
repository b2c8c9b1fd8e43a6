//! The memory bench: what the server's process holds while people read, write and stop reading, and what it writes to the disk.
//!
//! ```text
//! cargo bench --bench memory                           about twenty minutes
//! cargo bench --bench memory -- run --server OTHER     another program, for comparison
//! ```
//!
//! It fills a store through the server's own sockets, then starts the server on it once for each case, with default settings
//! but for the limits that would refuse the load. Memory is the process's resident memory, the pages of files that it has mapped
//! included. A missed target is printed. Linux only, and as root: it reads `/proc`, most of which the server hides from its own user.

mod cases;
mod clients;
mod server;
#[path = "../shared/mod.rs"]
#[expect(dead_code, reason = "shared with the other benches")]
mod shared;

use std::error::Error;
use std::path::{self, PathBuf};

use clap::{Parser, Subcommand};

use crate::shared::Called;

#[derive(Parser)]
#[command(name = "memory", about = "Measures the server's memory and what it writes")]
struct Options {
    #[command(subcommand)]
    name: Option<Name>,
    #[command(flatten)]
    called: Called,
}

#[derive(Subcommand)]
enum Name {
    /// All cases
    Run(Run),
}

/// What is measured.
#[derive(clap::Args)]
pub struct Run {
    /// The server's binary
    #[arg(long = "server", default_value = env!("CARGO_BIN_EXE_chatbot"))]
    binary: PathBuf,
    /// Where its data goes
    #[arg(long = "dir", default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: PathBuf,
    /// Messages in the store
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// Seconds after which memory is looked at once more
    #[arg(long, default_value_t = 60)]
    settle: u64,
    /// Only cases whose name has this in it
    #[arg(long, default_value = "")]
    case: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let run = match options.name {
        Some(Name::Run(run)) => run,
        None if options.called.by_cargo => {
            let Some(Name::Run(run)) = Options::try_parse_from(["memory", "run"])?.name else { return Ok(()) };
            run
        }
        None => return Ok(()),
    };
    let dir = path::absolute(&run.dir).and_then(tempfile::tempdir_in)?;
    cases::run(&Run { binary: path::absolute(&run.binary)?, ..run }, dir.path()).await
}
