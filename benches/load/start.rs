//! `start`: from exec to the first `200` on `/healthz`, on an empty and on a full store.

use std::error::Error;
use std::time::Duration;

use tempfile::TempDir;

use crate::Bench;
use crate::posting::{self, Limit, Rooms};
use crate::report::{Comparison, Faults, Target, thousands};
use crate::server::{Program, Server};

const EMPTY_TARGET: Target = Target::AtMost(150.0);
const FULL_TARGET: Target = Target::AtMost(1000.0);
/// Enough for the filling of a slow disk, and an end for one that is too slow.
const FILL_LIMIT: Duration = Duration::from_secs(600);

#[derive(clap::Args)]
pub struct Options {
    /// Messages in the full store
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// Connections that fill it, each a room of its own
    #[arg(long, default_value_t = 256)]
    senders: usize,
    /// Starts of each kind, of which the median counts
    #[arg(long, default_value_t = 5)]
    starts: usize,
}

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let plain = median_start(options, || {
        let scratch = bench.scratch()?;
        let server = Server::start(&Program::PlainLoop, scratch.path())?;
        Ok(server.started_in)
    })?;
    let empty = median_start(options, || {
        let scratch = bench.scratch()?;
        let server = Server::start(&bench.chatbot(&scratch)?, scratch.path())?;
        Ok(server.started_in)
    })?;
    let scratch = bench.scratch()?;
    let (mut faults, stored, stopped_in) = fill(bench, options, &scratch)?;
    let full = median_start(options, || {
        let server = Server::start(&bench.chatbot(&scratch)?, scratch.path())?;
        let started_in = server.started_in;
        // The next start shall find a store that was closed.
        server.stop()?;
        Ok(started_in)
    })?;
    if stored < options.messages {
        faults.add(|| format!("{stored} of {} messages could be stored in time", options.messages));
    }

    let mut table = Comparison::new("start: exec to first 200 on /healthz, median ms", "plain loop");
    table.targeted_row("empty store", empty, plain, EMPTY_TARGET);
    let name = format!("{} messages", thousands(stored as f64));
    table.targeted_row(&name, full, plain, FULL_TARGET);
    table.lone_row("the stop before it", milliseconds(stopped_in), None);
    table.print();
    Ok(faults)
}

/// Stores the messages and stops cleanly. Says how many there are and how long the stop took.
fn fill(bench: &Bench, options: &Options, scratch: &TempDir) -> Result<(Faults, usize, Duration), Box<dyn Error>> {
    let server = Server::start(&bench.chatbot(scratch)?, scratch.path())?;
    let limit = Limit { messages: options.messages, time: FILL_LIMIT };
    let posted = posting::post(server.address(), "post", options.senders, Rooms::Own, limit)?;
    Ok((posted.faults, posted.messages, server.stop()?))
}

fn median_start(
    options: &Options,
    start: impl Fn() -> Result<Duration, Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    let mut durations = Vec::new();
    for _ in 0..options.starts.max(1) {
        durations.push(start()?);
    }
    durations.sort_unstable();
    Ok(milliseconds(durations[durations.len() / 2]))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
