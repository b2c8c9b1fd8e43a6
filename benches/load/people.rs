//! `people`: what administrators wait for on a server of many accounts and rooms, beside the same server with none.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use chatbot::model::{Account, AccountId, BotMode, Handle, Principal, Role, RoomName, RoomRecord};
use chatbot::store::{Store, StoreOptions};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::Client;

use crate::Bench;
use crate::report::{Comparison, Faults, Latencies, Target, thousands};
use crate::server::{OWNER_KEY, Server};

const START_TARGET: Target = Target::AtMost(2_000.0);
const PAGE_TARGET: Target = Target::AtMost(100.0);
const MIB: f64 = 1024.0 * 1024.0;
/// Records that are written at the same time.
const AT_ONCE: usize = 512;
/// The one account that has such a name; it is the last one.
const RARE: &str = "Zebedee";

#[derive(clap::Args)]
pub struct Options {
    #[arg(long, default_value_t = 100_000)]
    accounts: usize,
    #[arg(long, default_value_t = 10_000)]
    rooms: usize,
    /// How often each page is asked for
    #[arg(long, default_value_t = 50)]
    times: usize,
}

/// What is asked for: a name for the table, and a path.
const PAGES: [(&str, &str); 4] = [
    ("people, first page, p99 ms", "/api/accounts"),
    ("people, a rare name, p99 ms", "/api/accounts?q=Zebedee"),
    ("people, a name of nobody, p99 ms", "/api/accounts?q=Ozymandias"),
    ("rooms, all, p99 ms", "/api/rooms?all=true"),
];

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let empty = bench.scratch()?;
    let reference = runtime.block_on(figures(bench, options, empty))?;
    let scratch = bench.scratch()?;
    fill(&scratch.path().join("data/store"), options)?;
    let measured = runtime.block_on(figures(bench, options, scratch))?;

    let title =
        format!("people: {} accounts, {} rooms", thousands(options.accounts as f64), thousands(options.rooms as f64));
    let mut table = Comparison::new(&title, "none");
    table.targeted_row("start: exec to first 200, ms", measured.started_in, reference.started_in, START_TARGET);
    for (index, (name, _)) in PAGES.iter().enumerate() {
        table.targeted_row(name, measured.pages[index], reference.pages[index], PAGE_TARGET);
    }
    table.row("memory afterwards, MiB", measured.memory, reference.memory);
    table.print();
    let mut faults = Faults::default();
    if !measured.finds_the_rare_name {
        faults.add(|| format!("{RARE} was not found"));
    }
    Ok(faults)
}

/// Writes the records as the server would, but for passwords, whose hashes would take hours.
fn fill(store: &Path, options: &Options) -> Result<(), Box<dyn Error>> {
    let cache = StoreOptions { cache_bytes: 64 << 20, ..StoreOptions::default() };
    let (store, closing) = Store::open(store, cache, |reason| panic!("the store failed: {reason}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let accounts = (0..options.accounts).map(|number| account(number, number + 1 == options.accounts));
        let added = stream::iter(accounts).map(|account| {
            let store = store.clone();
            async move { store.add_account(&account?, None, |_| {}).await.map_err(Box::<dyn Error>::from) }
        });
        added.buffer_unordered(AT_ONCE).try_for_each(|_| async { Ok(()) }).await?;
        let rooms = (0..options.rooms).map(|number| RoomName::public(&format!("room-{number}")));
        let made = stream::iter(rooms).map(|name| {
            let store = store.clone();
            async move {
                let name = name.map_err(|text| format!("{text:?}"))?;
                store.create_room(RoomRecord::new(name, BotMode::Always, None)).await.map_err(Box::<dyn Error>::from)
            }
        });
        made.buffer_unordered(AT_ONCE).try_for_each(|_| async { Ok(()) }).await
    })?;
    drop(store);
    closing.wait();
    Ok(())
}

fn account(number: usize, is_rare: bool) -> Result<Account, Box<dyn Error>> {
    let name = if is_rare { RARE.to_owned() } else { format!("Person {number}") };
    let name = Handle::new(&name).map_err(|text| format!("{text:?}"))?;
    let principal = Principal::visitor(&format!("{number:032x}"));
    Ok(Account::new(AccountId::fresh(), principal, name, Role::Member))
}

struct Figures {
    started_in: f64,
    /// As [`PAGES`].
    pages: Vec<f64>,
    memory: f64,
    finds_the_rare_name: bool,
}

async fn figures(bench: &Bench, options: &Options, scratch: tempfile::TempDir) -> Result<Figures, Box<dyn Error>> {
    let server = Server::start(&bench.chatbot(&scratch)?, scratch.path())?;
    let client = Client::new();
    let mut pages = Vec::new();
    let mut found = String::new();
    for (_, path) in PAGES {
        let mut latencies = Latencies::default();
        for _ in 0..options.times.max(1) {
            let asked_at = Instant::now();
            let answer = client.get(format!("http://{}{path}", server.address())).bearer_auth(OWNER_KEY).send().await?;
            found += &answer.error_for_status()?.text().await?;
            latencies.add(asked_at.elapsed());
        }
        pages.push(latencies.percentile(99));
    }
    let memory = server.process().memory("VmRSS")? as f64 / MIB;
    let started_in = server.started_in.as_secs_f64() * 1000.0;
    server.stop()?;
    Ok(Figures { started_in, pages, memory, finds_the_rare_name: found.contains(RARE) })
}
