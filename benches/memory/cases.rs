//! What is measured, one case after the other.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Run;
use crate::clients::{self, Load, add_document, ask_and_wait, read_all};
use crate::server::Server;
use crate::shared::size;

/// What the targets say, in MB and KB.
const AT_REST: f64 = 20.0;
const READ_AND_WRITTEN: f64 = 64.0;
const FLOODED: f64 = 128.0;
const NOT_READ: f64 = 128.0;
const SETTLED: f64 = 40.0;
const WRITTEN_FOR_ONE: f64 = 16.0;

/// Longest wait for memory to be released.
const PATIENCE: Duration = Duration::from_secs(600);

/// Time after a start until memory is at rest: what only the start needs is released after two seconds.
const REST: Duration = Duration::from_secs(15);

/// A short message.
fn short(number: usize) -> String {
    const WORDS: [&str; 12] =
        ["the", "数据库", "server", "today", "机器学习", "is", "running", "很好", "with", "messages", "我们", "again"];
    let mut mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let words = (0..8).map(|_| {
        mixed = mixed.rotate_left(9).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        WORDS[mixed as usize % WORDS.len()]
    });
    format!("{number} {}", words.collect::<Vec<_>>().join(" "))
}

/// 7,900 Chinese characters, hardly a pair of them twice.
fn long(number: usize) -> String {
    let mut mixed = number as u32 + 1;
    let characters = (0..7900).map(|_| {
        mixed = mixed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(0x4e00 + (mixed >> 16) % 3000).unwrap_or('字')
    });
    characters.collect()
}

pub async fn run(run: &Run, dir: &Path) -> Result<(), Box<dyn Error>> {
    let data = dir.join("data");
    println!("memory: {} messages in one room", run.messages);
    fill(run, &data).await?;
    println!("  {:<52} {:>9.1} MB", "files", size(&data)? as f64 / 1e6);
    for (name, measure) in CASES {
        if name.contains(&run.case) {
            let server = Server::start(&run.binary, &data).await?;
            tokio::time::sleep(REST).await;
            measure(run, &server).await?;
            server.stop()?;
        }
    }
    Ok(())
}

type Measure = for<'a> fn(&'a Run, &'a Server) -> futures_util::future::LocalBoxFuture<'a, Result<(), Box<dyn Error>>>;

const CASES: [(&str, Measure); 5] = [
    ("rest", |_, server| Box::pin(async { print("at rest", megabytes(server.resident()?), "MB", AT_REST) })),
    ("quiet", |_, server| Box::pin(quiet(server))),
    ("read", |run, server| Box::pin(read_and_write(run, server))),
    ("flood", |run, server| Box::pin(flood(run, server))),
    ("document", |run, server| Box::pin(not_read(run, server))),
];

/// Fills the store and waits until all of it is found.
async fn fill(run: &Run, data: &Path) -> Result<(), Box<dyn Error>> {
    let server = Server::start(&run.binary, data).await?;
    let began = Instant::now();
    let load = Load { senders: 64, messages: run.messages, window: 16, within: None, text: short };
    clients::send(server.address, &load).await?;
    println!("  {:<52} {:>9.1} s", "filled in", began.elapsed().as_secs_f64());
    wait_for_index(&server).await?;
    server.stop()
}

async fn wait_for_index(server: &Server) -> Result<(), Box<dyn Error>> {
    loop {
        let found = reqwest::get(server.url("/api/search?q=server")).await?.text().await?;
        if serde_json::from_str::<Value>(&found)?["complete"] == true {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// One message a second: what is written for each, by the store and the search together.
async fn quiet(server: &Server) -> Result<(), Box<dyn Error>> {
    const MESSAGES: usize = 120;
    let before = server.written()?;
    let within = Some(Duration::from_secs(MESSAGES as u64));
    clients::send(server.address, &Load { senders: 1, messages: MESSAGES, window: 1, within, text: short }).await?;
    let after = server.written()?;
    let each = |number: u64| number as f64 / MESSAGES as f64;
    let (given, calls) = (each(after.given - before.given), each(after.calls - before.calls));
    let counted = each(after.counted - before.counted) / 1024.0;
    println!("  {:<52} {counted:>9.1} KB", "one message a second: counted by the kernel");
    println!("  {:<52} {calls:>9.1}", "one message a second: write calls, those to sockets included");
    print("one message a second: given to write calls", given / 1024.0, "KB", WRITTEN_FOR_ONE)
}

/// One reads the whole room while sixteen write.
async fn read_and_write(run: &Run, server: &Server) -> Result<(), Box<dyn Error>> {
    server.forget_peak()?;
    let began = Instant::now();
    let load = Load { senders: 16, messages: 50_000, window: 1, within: None, text: short };
    let (read, sent) = tokio::join!(read_all(server), clients::send(server.address, &load));
    sent?;
    println!("  {:<52} {:>9.1} s", format!("{} messages read, 50000 written in", read?), began.elapsed().as_secs_f64());
    print("one reads all, sixteen write: most", megabytes(server.peak()?), "MB", READ_AND_WRITTEN)?;
    settled(run, server).await
}

/// Long messages in Chinese, 600 a second.
async fn flood(run: &Run, server: &Server) -> Result<(), Box<dyn Error>> {
    server.forget_peak()?;
    let began = Instant::now();
    let within = Some(Duration::from_secs(30));
    let load = Load { senders: 64, messages: 18_000, window: 1, within, text: long };
    clients::send(server.address, &load).await?;
    println!("  {:<52} {:>9.1} s", "18000 messages of 7900 characters in", began.elapsed().as_secs_f64());
    print("long messages: most", megabytes(server.peak()?), "MB", FLOODED)?;
    settled(run, server).await
}

/// 150 ask for a document of 7 MB and do not read it.
async fn not_read(run: &Run, server: &Server) -> Result<(), Box<dyn Error>> {
    let id = add_document(server, 7_000_000).await?;
    // Until then it is read and indexed. Its embeddings are computed meanwhile, which takes minutes.
    tokio::time::sleep(Duration::from_secs(run.settle)).await;
    server.forget_peak()?;
    let path = format!("/api/documents/{id}");
    let waiting: Vec<_> = (0..150).map(|_| ask_and_wait(server.address, &path)).collect::<Result<_, _>>()?;
    tokio::time::sleep(Duration::from_secs(30)).await;
    print("150 do not read a document of 7 MB: most", megabytes(server.peak()?), "MB", NOT_READ)?;
    drop(waiting);
    loop {
        let document = reqwest::get(server.url(&path)).await?.text().await?;
        if serde_json::from_str::<Value>(&document)?["state"] == "ready" {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    settled(run, server).await
}

/// Memory some time after a load; if it is still too much, also when it no longer is.
async fn settled(run: &Run, server: &Server) -> Result<(), Box<dyn Error>> {
    let ended = Instant::now();
    tokio::time::sleep(Duration::from_secs(run.settle)).await;
    print(&format!("{} s after it", run.settle), megabytes(server.resident()?), "MB", SETTLED)?;
    let is_late = megabytes(server.resident()?) > SETTLED;
    while megabytes(server.resident()?) > SETTLED && ended.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    if is_late {
        println!("  {:<52} {:>9.0} s", format!("until {SETTLED} MB"), ended.elapsed().as_secs_f64());
    }
    Ok(())
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Prints a figure, and whether it is as it should be.
fn print(what: &str, figure: f64, unit: &str, most: f64) -> Result<(), Box<dyn Error>> {
    let verdict = if figure <= most { "within" } else { "MISSED" };
    println!("  {what:<52} {figure:>9.1} {unit}   {verdict} {most} {unit}");
    Ok(())
}
