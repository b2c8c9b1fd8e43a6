//! `fanout`: one room, everyone hears everyone. How many deliveries a second of server time buys.
//!
//! Server and load have a core each. Deliveries are counted where they arrive, per second of the *server's* time on its
//! core, so that the figure holds however busy the load is. The reference is the plain loop under the same load in the
//! same run.

use std::error::Error;
use std::time::Duration;

use tempfile::TempDir;

use crate::Bench;
use crate::crowd::{Crowd, Pace, Spell};
use crate::machine::{Cores, Pinned};
use crate::report::{Comparison, Faults, Target};
use crate::server::{Program, Server};
use crate::shared::Process;

const SATURATED_TARGET: Target = Target::AtLeast(2_000_000.0);
const STEADY_TARGET: Target = Target::AtLeast(120_000.0);
/// Into how many turns each side's load is split.
const ROUNDS: u32 = 5;
const WARM_UP: Duration = Duration::from_secs(1);

#[derive(clap::Args)]
pub struct Options {
    /// Clients in the room
    #[arg(long, default_value_t = 1000)]
    clients: usize,
    /// How many of them send
    #[arg(long, default_value_t = 20)]
    senders: usize,
    /// How long each load lasts
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Messages a second of the steady load
    #[arg(long, default_value_t = 50)]
    rate: u32,
}

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let cores = Cores::pick()?;
    let _pinned = Pinned::to(cores.load)?;
    let (beside, scratch) = (bench.scratch()?, bench.scratch()?);
    let mut reference = Side::start(&Program::PlainLoop, options, cores, beside)?;
    let mut measured = Side::start(&bench.chatbot(&scratch)?, options, cores, scratch)?;

    let duration = Duration::from_secs(options.seconds) / ROUNDS;
    let steady = Pace::Every(Duration::from_secs(1) / options.rate.max(1));
    // In turns, so that whatever else the machine does meanwhile weighs on both.
    for _ in 0..ROUNDS {
        for side in [&mut reference, &mut measured] {
            let saturated = side.load(duration, Pace::ClosedLoop)?;
            side.saturated.merge(saturated);
            let steady = side.load(duration, steady)?;
            side.steady.merge(steady);
        }
    }

    let (clients, senders, seconds) = (options.clients, options.senders, options.seconds);
    let title = format!("fanout, saturated: {clients} clients in a room, {senders} send in a closed loop, {seconds} s");
    print(&title, &measured.saturated, &reference.saturated, SATURATED_TARGET);
    let title = format!("fanout, steady: {clients} clients in a room, {} messages a second, {seconds} s", options.rate);
    print(&title, &measured.steady, &reference.steady, STEADY_TARGET);

    let mut faults = reference.crowd.into_faults();
    faults.merge(measured.crowd.into_faults());
    Ok(faults)
}

/// A server, its crowd, and what came of their loads.
struct Side {
    crowd: Crowd,
    server: Server,
    saturated: Load,
    steady: Load,
    _scratch: TempDir,
}

/// What was sent and what it cost both ends.
#[derive(Default)]
struct Load {
    spell: Spell,
    server_time: Duration,
    load_time: Duration,
}

impl Side {
    fn start(program: &Program, options: &Options, cores: Cores, scratch: TempDir) -> Result<Self, Box<dyn Error>> {
        let server = Server::start_on(cores.server, program, scratch.path())?;
        let mut crowd = Crowd::gather(server.address(), "bench", options.clients, options.senders)?;
        crowd.send_for(WARM_UP, Pace::ClosedLoop, || Ok(()))?;
        Ok(Self { crowd, server, saturated: Load::default(), steady: Load::default(), _scratch: scratch })
    }

    fn load(&mut self, duration: Duration, pace: Pace) -> Result<Load, Box<dyn Error>> {
        let (server_before, load_before) = (self.server.process().cpu_time()?, Process::own().cpu_time()?);
        let spell = self.crowd.send_for(duration, pace, || Ok(()))?;
        Ok(Load {
            spell,
            server_time: self.server.process().cpu_time()? - server_before,
            load_time: Process::own().cpu_time()? - load_before,
        })
    }
}

impl Load {
    fn merge(&mut self, other: Self) {
        self.spell.merge(other.spell);
        self.server_time += other.server_time;
        self.load_time += other.load_time;
    }
}

fn print(title: &str, measured: &Load, reference: &Load, target: Target) {
    let mut table = Comparison::new(title, "plain loop");
    let per_server_second = |load: &Load| load.spell.deliveries as f64 / load.server_time.as_secs_f64();
    table.targeted_row(
        "deliveries / s of server CPU",
        per_server_second(measured),
        per_server_second(reference),
        target,
    );
    let mut row = |name, figure: fn(&Load) -> f64| table.row(name, figure(measured), figure(reference));
    row("deliveries / s", |load| load.spell.deliveries_per_second());
    row("own message back, p50 ms", |load| load.spell.latencies.percentile(50));
    row("own message back, p99 ms", |load| load.spell.latencies.percentile(99));
    row("bytes / delivery", |load| load.spell.frame_bytes as f64 / load.spell.deliveries as f64);
    row("server's core busy, %", |load| busy_percent(load.server_time, load.spell.wall));
    row("load's core busy, %", |load| busy_percent(load.load_time, load.spell.wall));
    table.print();
}

fn busy_percent(busy: Duration, wall: Duration) -> f64 {
    (100.0 * busy.as_secs_f64() / wall.as_secs_f64()).round()
}
