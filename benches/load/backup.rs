//! `backup`: how long a full store takes to be saved, restored and compacted, and what senders notice of a backup.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::Bench;
use crate::posting::{self, Limit, Posted, Rooms};
use crate::report::{Comparison, Faults, Target, thousands};
use crate::requests::Requests;
use crate::schema_1;
use crate::server::{Program, Server};
use crate::shared;

const TIME_TARGET: Target = Target::AtMost(30.0);
/// A share of the rate without a backup.
const RATE_TARGET: Target = Target::AtLeast(0.8);
/// MiB more than without a backup.
const MEMORY_TARGET: Target = Target::AtMost(30.0);

const MIB: f64 = 1024.0 * 1024.0;

#[derive(clap::Args)]
pub struct Options {
    /// Messages in the store
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Characters in each
    #[arg(long, default_value_t = 60)]
    chars: usize,
    /// Connections that post meanwhile, each waiting for its ack
    #[arg(long, default_value_t = 24)]
    senders: usize,
    /// How long they post without a backup, and how long with one after the other
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let scratch = bench.scratch()?;
    let program = bench.chatbot(&scratch)?;
    let (data, backup) = (scratch.path().join("data"), scratch.path().join("a.backup"));
    schema_1::write(&data.join("store"), options.messages, options.chars)?;
    // Its first start brings it to the schema of today, and its index up to date.
    Server::start(&program, scratch.path())?.stop()?;
    std::fs::remove_dir_all(data.join("store-schema-1"))?;
    let mut run = Run { bench, options, scratch: scratch.path(), faults: Faults::default() };
    run.at_rest(&data, &backup)?;
    run.under_load(&program, &data, &backup)?;
    Ok(run.faults)
}

struct Run<'a> {
    bench: &'a Bench,
    options: &'a Options,
    scratch: &'a Path,
    faults: Faults,
}

/// What was seen while senders posted.
struct Seen {
    posted: Posted,
    /// The most that was resident, in MiB.
    memory: f64,
    /// What was done beside: documents, deleted messages, jobs.
    beside: u64,
    backups: u64,
}

impl Run<'_> {
    /// A command of the program on a data folder; how many seconds it took.
    fn timed(&self, command: &str, arguments: &[&Path]) -> Result<f64, Box<dyn Error>> {
        let start = Instant::now();
        let mut process = Command::new(std::path::absolute(&self.bench.binary)?);
        let output = process.arg(command).args(arguments).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            return Err(format!("{command}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(start.elapsed().as_secs_f64())
    }

    /// Beside a durable copy of the folder, which is no backup of a server that runs.
    fn at_rest(&self, data: &Path, backup: &Path) -> Result<(), Box<dyn Error>> {
        let (store, dir) = (data.join("store"), Path::new("--data-dir"));
        let before = shared::size(&store)? as f64 / MIB;
        let copied = copy(&store, &self.scratch.join("copy"))?;
        let saved = self.timed("backup", &[backup, dir, data])?;
        let restored = self.timed("restore", &[backup, "--to".as_ref(), &self.scratch.join("restored")])?;
        std::fs::remove_dir_all(self.scratch.join("restored"))?;
        let compacted = self.timed("compact", &[dir, data])?;
        let title = format!("backup: {} messages, no server", thousands(self.options.messages as f64));
        let mut table = Comparison::new(&title, "a copy");
        table.targeted_row("seconds to save and check", saved, copied, TIME_TARGET);
        table.targeted_row("seconds to check and restore", restored, copied, TIME_TARGET);
        table.row("seconds to compact", compacted, copied);
        table.row("MiB of the backup", std::fs::metadata(backup)?.len() as f64 / MIB, before);
        table.row("MiB of the store when compact", shared::size(&store)? as f64 / MIB, before);
        table.print();
        Ok(())
    }

    fn under_load(&mut self, program: &Program, data: &Path, backup: &Path) -> Result<(), Box<dyn Error>> {
        let server = Server::start(program, self.scratch)?;
        // Not counted: what a server grows by until it is warm.
        self.load(&server, "warm", None)?;
        let alone = self.load(&server, "alone", None)?;
        let saved = self.load(&server, "saved", Some((data, backup)))?;
        server.stop()?;
        if saved.backups == 0 {
            self.faults.add(|| "no backup was complete".to_owned());
        }
        let title = format!(
            "backup: {} senders wait for their acks; {} backups one after the other, {} documents, deletions and jobs beside",
            self.options.senders, saved.backups, saved.beside
        );
        let (rate, reference) = (saved.posted.acks.per_second(), alone.posted.acks.per_second());
        let p99 = |seen: &Seen| seen.posted.acks.latencies.percentile(99);
        let mut table = Comparison::new(&title, "without");
        table.row("messages / s", rate, reference);
        table.lone_row("share of the rate", rate / reference, Some(RATE_TARGET));
        table.row("ack, p99 ms", p99(&saved), p99(&alone));
        table.row("most memory, MiB", saved.memory, alone.memory);
        table.lone_row("more memory, MiB", saved.memory - alone.memory, Some(MEMORY_TARGET));
        table.print();
        self.faults.merge(alone.posted.faults);
        self.faults.merge(saved.posted.faults);
        Ok(())
    }

    /// Posts to rooms of that name while others work beside, and backups are made if a folder and a file are named.
    fn load(&self, server: &Server, name: &str, saving: Option<(&Path, &Path)>) -> Result<Seen, Box<dyn Error>> {
        let (is_over, address) = (AtomicBool::new(false), server.address());
        let limit = Limit { messages: usize::MAX, time: Duration::from_secs(self.options.seconds) };
        thread::scope(|scope| {
            let memory = scope.spawn(|| server.process().most_memory(&is_over));
            let beside = scope.spawn(|| work_beside(address, name, &is_over));
            let backups = scope.spawn(|| -> Result<u64, String> {
                let Some((data, backup)) = saving else { return Ok(0) };
                let mut made = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let timed = self.timed("backup", &[backup, "--data-dir".as_ref(), data]);
                    timed.map_err(|error| error.to_string())?;
                    made += 1;
                }
                Ok(made)
            });
            let posted = posting::post(address, name, self.options.senders, Rooms::Own, limit);
            is_over.store(true, Ordering::Relaxed);
            let memory = memory.join().expect("no panic")? as f64 / MIB;
            let beside = beside.join().expect("no panic")?;
            let backups = backups.join().expect("no panic")?;
            Ok(Seen { posted: posted?, memory, beside, backups })
        })
    }
}

/// Seconds that a durable copy of a folder takes.
fn copy(from: &Path, to: &Path) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    let copied = Command::new("cp").arg("-r").args([from, to]).status()?;
    if !copied.success() || !Command::new("sync").arg("-f").arg(to).status()?.success() {
        return Err("cp or sync failed".into());
    }
    let took = start.elapsed().as_secs_f64();
    std::fs::remove_dir_all(to)?;
    Ok(took)
}

/// Deletes messages, starts jobs and adds documents, one after the other, without pause; how many requests that were.
fn work_beside(address: SocketAddr, name: &str, is_over: &AtomicBool) -> Result<u64, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let requests = Requests::to(address);
        let messages = requests.room_with_bot(&format!("{name}-beside")).await?;
        let say = async |text| requests.send(Method::POST, &messages, Some(json!({"message": text}))).await;
        let mut done = 0;
        while !is_over.load(Ordering::Relaxed) {
            let posted = say("about to be deleted").await?;
            requests.send(Method::DELETE, &format!("{messages}/{}", posted["seq"]), None).await?;
            say("/sum 1 2").await?;
            if done % 60 == 0 {
                let (title, text) = (format!("{name} {done}"), format!("{name} {done}. ").repeat(400));
                requests.send(Method::POST, "/api/documents", Some(json!({"title": title, "text": text}))).await?;
            }
            done += 3;
        }
        Ok(done)
    })
}
