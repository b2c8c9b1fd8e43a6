//! `rest`: what a server takes of the machine while nobody is there, beside the plain loop; and what a message now and then makes it
//! write, which is what wears an SD card.

use std::error::Error;
use std::thread;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::Bench;
use crate::report::{Comparison, Faults, Target};
use crate::requests::Requests;
use crate::server::{Program, Server};

/// Percent of a core.
const CPU_TARGET: Target = Target::AtMost(0.1);
/// Those of sled's threads.
const WAKE_UPS_TARGET: Target = Target::AtMost(7.0);
const WRITES_TARGET: Target = Target::AtMost(0.0);
/// What only the start needed is done by then.
const QUIET: Duration = Duration::from_secs(20);

#[derive(clap::Args)]
pub struct Options {
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Messages, one a second, that are written afterwards
    #[arg(long, default_value_t = 30)]
    messages: u32,
}

struct Seen {
    /// Percent of a core.
    cpu: f64,
    /// Per second, of all threads.
    wake_ups: f64,
    written_kib: f64,
    memory_mib: f64,
    /// For each message.
    kib_per_message: Option<f64>,
}

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let scratch = bench.scratch()?;
    let reference = measure(&Program::PlainLoop, options, scratch.path())?;
    let measured = measure(&bench.chatbot(&scratch)?, options, scratch.path())?;
    let mut table = Comparison::new(&format!("rest: {} s without anybody", options.seconds), "plain loop");
    table.targeted_row("processor, %", measured.cpu, reference.cpu, CPU_TARGET);
    table.targeted_row("wake-ups / s", measured.wake_ups, reference.wake_ups, WAKE_UPS_TARGET);
    table.targeted_row("written, KiB", measured.written_kib, reference.written_kib, WRITES_TARGET);
    table.row("memory, MiB", measured.memory_mib, reference.memory_mib);
    if let Some(written) = measured.kib_per_message {
        table.lone_row("written for a message a second, KiB each", written, None);
    }
    table.print();
    Ok(Faults::default())
}

fn measure(program: &Program, options: &Options, scratch: &std::path::Path) -> Result<Seen, Box<dyn Error>> {
    let server = Server::start(program, scratch)?;
    let process = server.process();
    thread::sleep(QUIET);
    let (cpu, wake_ups, written) = (process.cpu_time()?, process.wake_ups()?, process.written()?);
    thread::sleep(Duration::from_secs(options.seconds));
    let seconds = options.seconds as f64;
    let cpu = (process.cpu_time()? - cpu).as_secs_f64() / seconds * 100.0;
    let wake_ups = process.wake_ups()?.saturating_sub(wake_ups) as f64 / seconds;
    let written_kib = (process.written()? - written) as f64 / 1024.0;
    let memory_mib = process.memory("VmRSS")? as f64 / 1024.0 / 1024.0;
    let kib_per_message = match program {
        Program::PlainLoop => None,
        Program::Chatbot { .. } => Some(written_per_message(&server, options.messages)?),
    };
    Ok(Seen { cpu, wake_ups, written_kib, memory_mib, kib_per_message })
}

fn written_per_message(server: &Server, messages: u32) -> Result<f64, Box<dyn Error>> {
    let (process, requests) = (server.process(), Requests::to(server.address()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let before = process.written()?;
    for number in 0..messages {
        let message = json!({"message": format!("message {number}, as long as most of them are, on the whole")});
        runtime.block_on(requests.send(Method::POST, "/api/rooms/lobby/messages", Some(message)))?;
        thread::sleep(Duration::from_secs(1));
    }
    Ok((process.written()? - before) as f64 / 1024.0 / f64::from(messages.max(1)))
}
