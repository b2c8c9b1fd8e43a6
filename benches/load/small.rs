//! `small`: what people notice of a small machine: delivery, search and answers with little memory and half a core, beside the same
//! without limits.

use std::error::Error;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::Bench;
use crate::crowd::{Crowd, Pace};
use crate::group::Group;
use crate::report::{Comparison, Faults, Latencies, Target};
use crate::requests::Requests;
use crate::server::Server;

const DELIVERY_TARGET: Target = Target::AtMost(150.0);
const MEMORY_TARGET: Target = Target::AtMost(100.0);
const MIB: f64 = 1024.0 * 1024.0;
const ASK_EVERY: Duration = Duration::from_secs(10);
const SEARCH_EVERY: Duration = Duration::from_secs(1);
/// An answer that takes longer counts as none.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub struct Options {
    /// Memory in MiB
    #[arg(long, default_value_t = 256)]
    memory: u64,
    /// Processors
    #[arg(long, default_value_t = 0.5)]
    processors: f64,
    #[arg(long, default_value_t = 500)]
    clients: usize,
    #[arg(long, default_value_t = 20)]
    rooms: usize,
    /// Messages a second, in all rooms together
    #[arg(long, default_value_t = 20)]
    rate: u32,
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

struct Seen {
    deliveries: Latencies,
    searches: Latencies,
    commands: Latencies,
    answers: Latencies,
    memory: f64,
    faults: Faults,
}

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let group = match Group::new(options.memory << 20, options.processors) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            println!("\nsmall: skipped: {error}");
            return Ok(Faults::default());
        }
        group => group?,
    };
    let reference = measure(bench, options, vec![])?;
    let mut measured = measure(bench, options, group.folders().to_vec())?;
    let killed = group.killed()?;
    if killed > 0 {
        measured.faults.add(|| format!("the server was killed {killed} times: it needs more memory"));
    }
    let title = format!(
        "small: {} MiB and {} processors; {} clients in {} rooms, {} messages a second, a document question every {} s",
        options.memory,
        options.processors,
        options.clients,
        options.rooms,
        options.rate,
        ASK_EVERY.as_secs()
    );
    let mut table = Comparison::new(&title, "unlimited");
    let p99 = |latencies: &Latencies| latencies.percentile(99);
    table.row("delivery, p50 ms", measured.deliveries.percentile(50), reference.deliveries.percentile(50));
    table.targeted_row("delivery, p99 ms", p99(&measured.deliveries), p99(&reference.deliveries), DELIVERY_TARGET);
    table.row("command, p99 ms", p99(&measured.commands), p99(&reference.commands));
    table.row("search, p99 ms", p99(&measured.searches), p99(&reference.searches));
    table.row("answer from a document, p99 ms", p99(&measured.answers), p99(&reference.answers));
    table.targeted_row("most memory, MiB", measured.memory, reference.memory, MEMORY_TARGET);
    table.print();
    measured.faults.merge(reference.faults);
    Ok(measured.faults)
}

fn measure(bench: &Bench, options: &Options, groups: Vec<PathBuf>) -> Result<Seen, Box<dyn Error>> {
    let scratch = bench.scratch()?;
    let server = Server::start(&bench.grouped_chatbot(&scratch, groups)?, scratch.path())?;
    let (address, is_over) = (server.address(), AtomicBool::new(false));
    let (members, interval) =
        (options.clients / options.rooms, Duration::from_secs(1) * options.rooms as u32 / options.rate);
    let all_joined = Barrier::new(options.rooms);
    runtime().block_on(add_documents(address))?;
    let talk = |room: usize| -> Result<_, String> {
        let crowd = Crowd::gather(address, &format!("small-{room}"), members, 1);
        all_joined.wait();
        // Not all at the same moment.
        thread::sleep(interval * room as u32 / options.rooms as u32);
        let mut crowd = crowd.map_err(|error| error.to_string())?;
        let spell = crowd.send_for(Duration::from_secs(options.seconds), Pace::Every(interval), || Ok(()));
        Ok((spell.map_err(|error| error.to_string())?, crowd.into_faults()))
    };
    thread::scope(|scope| {
        let asking = scope.spawn(|| runtime().block_on(ask(address, &is_over)));
        let searching = scope.spawn(|| runtime().block_on(search(address, &is_over)));
        let commanding = scope.spawn(|| runtime().block_on(command(address, &is_over)));
        let memory = scope.spawn(|| server.process().most_memory(&is_over));
        let talking: Vec<_> = (0..options.rooms)
            .map(|room| {
                scope.spawn({
                    let talk = &talk;
                    move || talk(room)
                })
            })
            .collect();
        let (mut deliveries, mut faults) = (Latencies::default(), Faults::default());
        for one in talking {
            let (spell, seen) = one.join().expect("no panic")?;
            deliveries.merge(spell.latencies);
            faults.merge(seen);
        }
        is_over.store(true, Ordering::Relaxed);
        let memory = memory.join().expect("no panic")? as f64 / MIB;
        let answers = asking.join().expect("no panic")?;
        let searches = searching.join().expect("no panic")?;
        let commands = commanding.join().expect("no panic")?;
        Ok(Seen { deliveries, searches, commands, answers, memory, faults })
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

/// A handful of documents, and waits until they answer.
async fn add_documents(address: SocketAddr) -> Result<(), String> {
    let requests = Requests::to(address);
    for number in 0..10 {
        let text = format!("# Product {number}\n\nThe warranty of product {number} lasts {number} years. ").repeat(30);
        let document = json!({"title": format!("Product {number}"), "text": text});
        requests.send(Method::POST, "/api/documents", Some(document)).await?;
    }
    answer(&requests).await.map(drop)
}

/// How long a question takes whose answer is in a document.
async fn answer(requests: &Requests) -> Result<Duration, String> {
    let start = Instant::now();
    let question = json!({"question": "How long does the warranty of product 7 last?"});
    let job = requests.send(Method::POST, "/api/ask", Some(question)).await?;
    let path = format!("/api/jobs/{}", job["job"].as_str().ok_or("no job")?);
    loop {
        let job = requests.send(Method::GET, &path, None).await?;
        match job["state"].as_str() {
            Some("completed") => return Ok(start.elapsed()),
            Some("failed" | "dead" | "cancelled") => return Err(format!("no answer: {job}")),
            _ if start.elapsed() > PATIENCE => return Err(format!("no answer in time: {job}")),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn ask(address: SocketAddr, is_over: &AtomicBool) -> Result<Latencies, String> {
    let requests = Requests::to(address);
    every(ASK_EVERY, is_over, async || answer(&requests).await).await
}

async fn search(address: SocketAddr, is_over: &AtomicBool) -> Result<Latencies, String> {
    let requests = Requests::to(address);
    every(SEARCH_EVERY, is_over, async || {
        let start = Instant::now();
        requests.send(Method::GET, "/api/search?q=load", None).await?;
        Ok(start.elapsed())
    })
    .await
}

/// How long the bot takes to add in a room.
async fn command(address: SocketAddr, is_over: &AtomicBool) -> Result<Latencies, String> {
    let requests = Requests::to(address);
    let messages = requests.room_with_bot("sums").await?;
    every(SEARCH_EVERY, is_over, async || {
        let start = Instant::now();
        let posted = requests.send(Method::POST, &messages, Some(json!({"message": "/sum 19 23"}))).await?;
        let after = format!("{messages}?after={}", posted["seq"]);
        while !requests.send(Method::GET, &after, None).await?.to_string().contains("42") {
            if start.elapsed() > PATIENCE {
                return Err("no sum in time".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(start.elapsed())
    })
    .await
}

async fn every(
    interval: Duration,
    is_over: &AtomicBool,
    ask: impl AsyncFn() -> Result<Duration, String>,
) -> Result<Latencies, String> {
    let mut latencies = Latencies::default();
    let mut ticks = tokio::time::interval(interval);
    while !is_over.load(Ordering::Relaxed) {
        ticks.tick().await;
        latencies.add(ask().await?);
    }
    Ok(latencies)
}
