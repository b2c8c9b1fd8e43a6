//! The load bench: what the server can take, beside a reference measured in the same run.
//!
//! ```text
//! cargo bench --bench load -- fanout    deliveries in a full room, beside a plain epoll loop
//! cargo bench --bench load -- post      durable messages, beside write + fdatasync
//! cargo bench --bench load -- jobs      commands answered, beside write + fdatasync
//! cargo bench --bench load -- idle      memory of a connection that does nothing
//! cargo bench --bench load -- start     time from exec to the first answer
//! cargo bench --bench load -- schedule  100,000 jobs that wait for their time
//! cargo bench --bench load -- slow      what readers that stop reading do to the others
//! cargo bench --bench load -- upgrade   1,000,000 messages brought to the schema of today
//! cargo bench --bench load -- people    administration of 100,000 accounts and 10,000 rooms
//! cargo bench --bench load -- backup    1,000,000 messages saved and restored, and what senders notice
//! cargo bench --bench load -- small     delivery, search and answers with 256 MiB and half a core
//! cargo bench --bench load -- rest      what a server takes while nobody is there
//! cargo bench --bench load -- attack    what others notice of an address at its limits
//! ```
//!
//! Each has options (`-- fanout --help`); without a name all run, which takes some minutes. The server is its own
//! process and is only met through its sockets. A missed target is printed; a broken promise (a message lost, doubled
//! or out of order) is printed and fails the run. Linux only: it relies on epoll and `/proc`.
//!
//! In reading order: the benches [`fanout`], [`post`], [`jobs`], [`idle`], [`start`], [`schedule`], [`slow`],
//! [`upgrade`], [`people`], [`backup`], [`small`], [`rest`], [`attack`]; the loads they share, [`crowd`]
//! and [`posting`]; the clients below, [`swarm`], [`frames`] and [`websocket`]; the references [`plain_loop`] and
//! [`raw_disk`]; and [`server`], [`group`], [`machine`], [`requests`] and [`report`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot measure ends")]

mod attack;
mod backup;
mod crowd;
mod fanout;
mod frames;
mod group;
mod idle;
mod jobs;
mod machine;
mod people;
mod plain_loop;
mod post;
mod posting;
mod raw_disk;
mod report;
mod requests;
mod rest;
mod schedule;
#[path = "../../tests/support/schema_1.rs"]
mod schema_1;
mod server;
#[path = "../shared/mod.rs"]
mod shared;
mod slow;
mod small;
mod start;
mod swarm;
mod upgrade;
mod websocket;

use std::error::Error;
use std::path::{self, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tempfile::TempDir;

use crate::report::Faults;
use crate::server::{Limits, Program};
use crate::shared::Called;

#[derive(Parser)]
#[command(name = "load", about = "Measures the server under load, beside a reference")]
struct Options {
    #[command(flatten)]
    bench: Bench,
    #[command(subcommand)]
    name: Option<Name>,
    #[command(flatten)]
    called: Called,
}

#[derive(Subcommand)]
enum Name {
    /// Deliveries in a full room
    Fanout(fanout::Options),
    /// Durable messages
    Post(post::Options),
    /// Commands answered
    Jobs(jobs::Options),
    /// Memory of idle connections
    Idle(idle::Options),
    /// Jobs that wait for their time
    Schedule(schedule::Options),
    /// Readers that stop reading
    Slow(slow::Options),
    /// Time to the first answer
    Start(start::Options),
    /// A store of an older schema
    Upgrade(upgrade::Options),
    /// Many accounts and rooms
    People(people::Options),
    /// A full store saved, restored and compacted
    Backup(backup::Options),
    /// A small machine
    Small(small::Options),
    /// Nobody is there
    Rest(rest::Options),
    /// An address at its limits
    Attack(attack::Options),
    /// The reference server, which the benches start themselves
    #[command(hide = true)]
    PlainLoop(plain_loop::Options),
    /// Becomes another program which ends with the bench
    #[command(hide = true)]
    Child(server::ChildOptions),
}

/// What all benches need to know.
#[derive(clap::Args)]
pub struct Bench {
    /// The server's binary
    #[arg(long = "server", global = true, default_value = env!("CARGO_BIN_EXE_chatbot"))]
    binary: PathBuf,
    /// Where its data goes; a disk, if durable writing is to be measured
    #[arg(long = "dir", global = true, default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: PathBuf,
}

impl Bench {
    /// A directory for one server's data and log, which goes when it is dropped.
    fn scratch(&self) -> Result<TempDir, Box<dyn Error>> {
        let dir = path::absolute(&self.dir).and_then(tempfile::tempdir_in);
        Ok(dir.map_err(|error| format!("no directory for data in {}: {error}", self.dir.display()))?)
    }

    /// The product, with its data in `scratch`.
    fn chatbot(&self, scratch: &TempDir) -> Result<Program, Box<dyn Error>> {
        self.limited_chatbot(scratch, Limits::Off, vec![])
    }

    /// The product with limits as they are by default.
    fn guarded_chatbot(&self, scratch: &TempDir) -> Result<Program, Box<dyn Error>> {
        self.limited_chatbot(scratch, Limits::Default, vec![])
    }

    /// The product in these control groups.
    fn grouped_chatbot(&self, scratch: &TempDir, groups: Vec<PathBuf>) -> Result<Program, Box<dyn Error>> {
        self.limited_chatbot(scratch, Limits::Off, groups)
    }

    fn limited_chatbot(
        &self,
        scratch: &TempDir,
        limits: Limits,
        groups: Vec<PathBuf>,
    ) -> Result<Program, Box<dyn Error>> {
        Ok(Program::Chatbot {
            // It runs in another directory.
            binary: path::absolute(&self.binary)?,
            data_dir: scratch.path().join("data"),
            limits,
            groups,
        })
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the bench could not run: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<Faults, Box<dyn Error>> {
    if let Some(name) = &options.name {
        return run_one(&options.bench, name);
    }
    if !options.called.by_cargo {
        println!("name a bench, or run them all with `cargo bench --bench load`");
        return Ok(Faults::default());
    }
    let mut faults = Faults::default();
    for name in [
        "fanout", "post", "jobs", "idle", "slow", "start", "schedule", "upgrade", "people", "backup", "small", "rest",
        "attack",
    ] {
        if let Some(name) = Options::try_parse_from(["load", name])?.name {
            faults.merge(run_one(&options.bench, &name)?);
        }
    }
    Ok(faults)
}

fn run_one(bench: &Bench, name: &Name) -> Result<Faults, Box<dyn Error>> {
    let faults = match name {
        Name::Fanout(options) => fanout::run(bench, options),
        Name::Post(options) => post::run(bench, options),
        Name::Jobs(options) => jobs::run(bench, options),
        Name::Idle(options) => idle::run(bench, options),
        Name::Schedule(options) => schedule::run(bench, options),
        Name::Slow(options) => slow::run(bench, options),
        Name::Start(options) => start::run(bench, options),
        Name::Upgrade(options) => upgrade::run(bench, options),
        Name::People(options) => people::run(bench, options),
        Name::Backup(options) => backup::run(bench, options),
        Name::Small(options) => small::run(bench, options),
        Name::Rest(options) => rest::run(bench, options),
        Name::Attack(options) => attack::run(bench, options),
        Name::PlainLoop(options) => return plain_loop::run(options).map(|()| Faults::default()),
        Name::Child(options) => return Err(server::become_child(options)),
    }?;
    if faults.is_empty() {
        println!("  nothing lost, doubled, out of order or refused");
    } else {
        faults.print();
    }
    Ok(faults)
}
