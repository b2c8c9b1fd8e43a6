//! `upgrade`: from exec to the first `200` on `/healthz` on a full store of an older schema, beside a plain copy of its file.

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Bench;
use crate::report::{Comparison, Faults, Target, thousands};
use crate::schema_1;
use crate::server::Server;
use crate::shared;

const TIME_TARGET: Target = Target::AtMost(60.0);
const MEMORY_TARGET: Target = Target::AtMost(150.0);

const MIB: f64 = 1024.0 * 1024.0;

#[derive(clap::Args)]
pub struct Options {
    /// Messages in the store
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Characters in each
    #[arg(long, default_value_t = 60)]
    chars: usize,
}

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let scratch = bench.scratch()?;
    let data = scratch.path().join("data");
    let store = data.join("store");
    schema_1::write(&store, options.messages, options.chars)?;
    let before = shared::size(&store)?;
    let copied_in = copy(&store.join("db"), &scratch.path().join("copy"))?;

    let server = Server::start(&bench.chatbot(&scratch)?, scratch.path())?;
    let (upgraded_in, memory) = (server.started_in, server.process().memory("VmHWM")?);
    server.stop()?;
    let after = shared::size(&store)?;
    let again = Server::start(&bench.chatbot(&scratch)?, scratch.path())?;
    let (started_in, started_with) = (again.started_in, again.process().memory("VmHWM")?);
    again.stop()?;

    let mut faults = Faults::default();
    if !data.join("store-schema-1").exists() {
        faults.add(|| "the store was not upgraded".to_owned());
    }
    let title = format!("upgrade: exec to first 200 on /healthz, {} messages", thousands(options.messages as f64));
    let mut table = Comparison::new(&title, "plain");
    table.targeted_row("seconds, beside a copy of the file", upgraded_in.as_secs_f64(), copied_in, TIME_TARGET);
    table.lone_row("seconds of a start without an upgrade", started_in.as_secs_f64(), None);
    let (memory, started_with) = (memory as f64 / MIB, started_with as f64 / MIB);
    table.targeted_row("peak MiB, beside a start without", memory, started_with, MEMORY_TARGET);
    table.row("MiB on the disk, beside before", after as f64 / MIB, before as f64 / MIB);
    table.print();
    Ok(faults)
}

/// Seconds that a durable copy of a file takes.
fn copy(from: &Path, to: &Path) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    fs::copy(from, to)?;
    File::open(to)?.sync_all()?;
    let took: Duration = start.elapsed();
    fs::remove_file(to)?;
    Ok(took.as_secs_f64())
}
