//! `post`: how fast messages become durable, beside what the disk alone and what the sockets alone can do.

use std::error::Error;
use std::time::Duration;

use tempfile::TempDir;

use crate::Bench;
use crate::posting::{self, Limit, Rooms};
use crate::raw_disk;
use crate::report::{Answers, Comparison, Faults, Target};
use crate::server::{Program, Server};

const RATE_TARGET: Target = Target::AtLeast(20_000.0);

#[derive(clap::Args)]
pub struct Options {
    /// Connections that post, each waiting for its ack
    #[arg(long, default_value_t = 256)]
    senders: usize,
    /// How long each case lasts
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// Server and load share all cores here: the disk is what both wait for.
pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let mut run = Run { bench, options, faults: Faults::default() };
    let disk = run.disk()?;
    // It knows a single room.
    let sockets = run.through(|_| Ok(Program::PlainLoop), Rooms::Shared)?;
    let own_rooms = run.through(|scratch| bench.chatbot(scratch), Rooms::Own)?;
    let shared_room = run.through(|scratch| bench.chatbot(scratch), Rooms::Shared)?;

    let title =
        |rooms| format!("post: {} senders, {rooms}, each waits for its ack, {} s", options.senders, options.seconds);
    print(&title("each its own room"), &own_rooms, "disk alone", &disk);
    print(&title("each its own room"), &own_rooms, "sockets alone", &sockets);
    print(&title("one room shared"), &shared_room, "disk alone", &disk);
    Ok(run.faults)
}

struct Run<'a> {
    bench: &'a Bench,
    options: &'a Options,
    faults: Faults,
}

impl Run<'_> {
    fn disk(&self) -> Result<Answers, Box<dyn Error>> {
        let scratch = self.bench.scratch()?;
        raw_disk::run(scratch.path(), self.options.senders, self.duration())
    }

    /// On a server of its own, so that one case does not find the other's rooms.
    fn through(
        &mut self,
        program: impl FnOnce(&TempDir) -> Result<Program, Box<dyn Error>>,
        rooms: Rooms,
    ) -> Result<Answers, Box<dyn Error>> {
        let scratch = self.bench.scratch()?;
        let server = Server::start(&program(&scratch)?, scratch.path())?;
        let limit = Limit { messages: usize::MAX, time: self.duration() };
        let posted = posting::post(server.address(), "post", self.options.senders, rooms, limit)?;
        self.faults.merge(posted.faults);
        Ok(posted.acks)
    }

    fn duration(&self) -> Duration {
        Duration::from_secs(self.options.seconds)
    }
}

fn print(title: &str, measured: &Answers, reference_name: &str, reference: &Answers) {
    let mut table = Comparison::new(title, reference_name);
    table.targeted_row("messages / s", measured.per_second(), reference.per_second(), RATE_TARGET);
    table.row("ack, p50 ms", measured.latencies.percentile(50), reference.latencies.percentile(50));
    table.row("ack, p99 ms", measured.latencies.percentile(99), reference.latencies.percentile(99));
    table.print();
}
