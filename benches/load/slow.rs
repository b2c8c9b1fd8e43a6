//! `slow`: some clients of a busy room read nothing. They must go, and nobody else may notice.
//!
//! The reference is the same room before they stopped reading. The time until they are dropped counts from there, so it
//! includes how long the kernel's buffers take to fill.

use std::error::Error;
use std::time::{Duration, Instant};

use crate::Bench;
use crate::crowd::{Crowd, Pace, Spell};
use crate::machine::{Cores, Pinned};
use crate::report::{Comparison, Faults};
use crate::server::Server;

/// How often the server is looked at; counting its sockets must not disturb it.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);
/// The close code of the wire contract for a reader that takes nothing.
const TOO_SLOW: u16 = 4008;

#[derive(clap::Args)]
pub struct Options {
    /// Clients in the room
    #[arg(long, default_value_t = 1000)]
    clients: usize,
    /// How many of them never read
    #[arg(long, default_value_t = 5)]
    stalled: usize,
    /// How many of them send
    #[arg(long, default_value_t = 20)]
    senders: usize,
    /// How long they send, once with all reading and once without
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let cores = Cores::pick()?;
    let _pinned = Pinned::to(cores.load)?;
    let scratch = bench.scratch()?;
    let server = Server::start_on(cores.server, &bench.chatbot(&scratch)?, scratch.path())?;
    let mut crowd = Crowd::gather(server.address(), "bench", options.clients, options.senders)?;

    let before = watch_room(&server, &mut crowd, options)?;
    let stalled = options.clients.saturating_sub(options.stalled)..options.clients;
    for client in stalled.clone() {
        crowd.stall(client)?;
    }
    let during = watch_room(&server, &mut crowd, options)?;

    let mut told = 0;
    for client in stalled {
        told += usize::from(crowd.resume(client)? == Some(TOO_SLOW));
    }
    let mut faults = crowd.into_faults();
    if during.sockets_gone_in.is_none() {
        faults.add(|| format!("{} stalled clients are still connected", options.stalled));
    }
    print(options, &before, &during, told);
    Ok(faults)
}

struct Watched {
    spell: Spell,
    most_resident: u64,
    /// When the server had closed as many sockets as clients stalled.
    sockets_gone_in: Option<Duration>,
}

fn watch_room(server: &Server, crowd: &mut Crowd, options: &Options) -> Result<Watched, Box<dyn Error>> {
    let start = Instant::now();
    let sockets_left = server.open_sockets()?.saturating_sub(options.stalled);
    let mut most_resident = 0;
    let mut sockets_gone_in = None;
    let mut next_look = start;
    let spell = crowd.send_for(Duration::from_secs(options.seconds), Pace::ClosedLoop, || {
        if Instant::now() >= next_look {
            next_look = Instant::now() + WATCH_INTERVAL;
            most_resident = most_resident.max(server.process().memory("VmRSS")?);
            if sockets_gone_in.is_none() && server.open_sockets()? <= sockets_left {
                sockets_gone_in = Some(start.elapsed());
            }
        }
        Ok(())
    })?;
    Ok(Watched { spell, most_resident, sockets_gone_in })
}

fn print(options: &Options, before: &Watched, during: &Watched, told: usize) {
    let title = format!(
        "slow: {} clients in a room, {} read nothing, {} send in a closed loop, {} s",
        options.clients, options.stalled, options.senders, options.seconds
    );
    let mut table = Comparison::new(&title, "all reading");
    let mut row = |name, figure: fn(&Watched) -> f64| table.row(name, figure(during), figure(before));
    row("deliveries / s", |watched| watched.spell.deliveries_per_second());
    row("own message back, p50 ms", |watched| watched.spell.latencies.percentile(50));
    row("own message back, p99 ms", |watched| watched.spell.latencies.percentile(99));
    row("most resident, kB", |watched| watched.most_resident as f64 / 1000.0);
    let gone_in = during.sockets_gone_in.map_or(f64::NAN, |gone_in| gone_in.as_secs_f64());
    table.lone_row("stalled clients dropped after, s", gone_in, None);
    table.lone_row("of them told why (code 4008)", told as f64, None);
    table.print();
}
