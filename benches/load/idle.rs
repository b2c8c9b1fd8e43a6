//! `idle`: what a visitor who only looks costs in memory.

use std::error::Error;
use std::time::Duration;

use crate::Bench;
use crate::frames::{self, Kind};
use crate::machine::allow_open_files;
use crate::report::{Comparison, Faults, Target};
use crate::server::{Program, Server};
use crate::swarm::{Behaviour, Outbox, Swarm};

const AT_REST_TARGET: Target = Target::AtMost(15_000.0);
const PER_CONNECTION_TARGET: Target = Target::AtMost(6_000.0);
const GIVEN_BACK_TARGET: Target = Target::AtLeast(80.0);
/// Time until the server is at rest: what only its start, or joining, needed is released by then.
const QUIET: Duration = Duration::from_secs(15);
/// By then the memory of connections that were closed is given back.
const LEFT: Duration = Duration::from_secs(30);
/// The server's own files, and the listener.
const FILES_BESIDE_CONNECTIONS: usize = 100;

#[derive(clap::Args)]
pub struct Options {
    /// Connections that are open and do nothing
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Rooms they are spread over; 0: they only say hello
    #[arg(long, default_value_t = 100)]
    rooms: usize,
}

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    allow_open_files(options.connections + FILES_BESIDE_CONNECTIONS)?;
    let scratch = bench.scratch()?;
    let reference = measure(&Program::PlainLoop, options, scratch.path())?;
    let measured = measure(&bench.chatbot(&scratch)?, options, scratch.path())?;

    let title = format!("idle: {} connections in {} rooms", options.connections, options.rooms);
    let mut table = Comparison::new(&title, "plain loop");
    table.targeted_row("at rest, kB", measured.at_rest_kb(), reference.at_rest_kb(), AT_REST_TARGET);
    table.row("with all connections, kB", measured.occupied / 1000.0, reference.occupied / 1000.0);
    table.targeted_row(
        "bytes / connection",
        measured.per_connection(options),
        reference.per_connection(options),
        PER_CONNECTION_TARGET,
    );
    table.row("30 s after they left, kB", measured.left / 1000.0, reference.left / 1000.0);
    table.targeted_row("given back, %", measured.given_back(), reference.given_back(), GIVEN_BACK_TARGET);
    table.print();

    let mut faults = reference.faults;
    faults.merge(measured.faults);
    Ok(faults)
}

/// Resident bytes of the server, without the kernel's socket buffers.
struct Memory {
    at_rest: f64,
    occupied: f64,
    left: f64,
    faults: Faults,
}

impl Memory {
    fn at_rest_kb(&self) -> f64 {
        self.at_rest / 1000.0
    }

    fn per_connection(&self, options: &Options) -> f64 {
        (self.occupied - self.at_rest) / options.connections.max(1) as f64
    }

    /// Percent of what the connections took.
    fn given_back(&self) -> f64 {
        (self.occupied - self.left) / (self.occupied - self.at_rest).max(1.0) * 100.0
    }
}

fn measure(program: &Program, options: &Options, scratch: &std::path::Path) -> Result<Memory, Box<dyn Error>> {
    let server = Server::start(program, scratch)?;
    std::thread::sleep(QUIET);
    let at_rest = server.process().memory("VmRSS")?;

    let mut visitors = Visitors::default();
    let mut swarm = Swarm::connect(server.address(), "/ws", options.connections)?;
    for visitor in 0..swarm.len() {
        swarm.send(visitor, &frames::hello(&format!("v{visitor}")))?;
        if let Some(room) = visitor.checked_rem(options.rooms) {
            swarm.send(visitor, &frames::join(&format!("idle-{room}")))?;
        }
        swarm.turn(Duration::ZERO, &mut visitors)?;
    }
    swarm.settle(QUIET, &mut visitors)?;
    let occupied = server.process().memory("VmRSS")?;
    visitors.check(options);

    drop(swarm);
    std::thread::sleep(LEFT);
    Ok(Memory {
        at_rest: at_rest as f64,
        occupied: occupied as f64,
        left: server.process().memory("VmRSS")? as f64,
        faults: visitors.faults,
    })
}

#[derive(Default)]
struct Visitors {
    welcomed: usize,
    joined: usize,
    faults: Faults,
}

impl Visitors {
    fn check(&mut self, options: &Options) {
        let expected_joins = if options.rooms > 0 { options.connections } else { 0 };
        let (welcomed, joined) = (self.welcomed, self.joined);
        if (welcomed, joined) != (options.connections, expected_joins) {
            self.faults.add(|| format!("{welcomed} were welcomed, {joined} joined"));
        }
    }
}

impl Behaviour for Visitors {
    fn text(&mut self, client: usize, text: &[u8], _: &mut Outbox) {
        match Kind::of(text) {
            Kind::Welcome => self.welcomed += 1,
            Kind::Joined => self.joined += 1,
            Kind::Error => self.faults.add(|| format!("visitor {client} got {}", String::from_utf8_lossy(text))),
            Kind::Message | Kind::Ack | Kind::Other => {}
        }
    }

    fn closed(&mut self, client: usize, code: Option<u16>) {
        self.faults.add(|| format!("visitor {client} was disconnected, close code {code:?}"));
    }
}
