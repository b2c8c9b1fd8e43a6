//! `schedule`: many jobs that wait for their time: what they cost, and whether each is done at its time, once.

use std::collections::HashSet;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use chatbot::model::{
    Handle, JobId, JobRequest, MissedRuns, NextRun, Principal, Rhythm, Role, RoomName, Schedule, ScheduleId, Timestamp,
};
use chatbot::store::{Quotas, ScheduleLimits, Store, StoreOptions};
use chatbot::text::Locale;
use futures_util::{StreamExt, stream};

use crate::Bench;
use crate::frames;
use crate::report::{Comparison, Faults, Latencies, Target, thousands};
use crate::server::Server;
use crate::swarm::{Behaviour, Outbox, Swarm};

const START_TARGET: Target = Target::AtMost(2000.0);
/// A thousandth of one core.
const REST_TARGET: Target = Target::AtMost(1.0);
const LATE_TARGET: Target = Target::AtMost(1000.0);

/// Where the results are said.
const ROOM: &str = "later";

/// Writes under way at a time.
const FILLING: usize = 2048;

/// From the filling to the first that is due: two starts, and the rest between.
const AHEAD: Duration = Duration::from_secs(25);

/// After a start, before the measuring at rest.
const QUIET: Duration = Duration::from_secs(3);

#[derive(clap::Args)]
pub struct Options {
    /// Jobs that wait for a day or longer
    #[arg(long, default_value_t = 97_000)]
    waiting: usize,
    /// Jobs that come to their time while it is measured
    #[arg(long, default_value_t = 3_000)]
    due: usize,
    /// Seconds over which those are spread
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Seconds at rest before
    #[arg(long, default_value_t = 10)]
    rest: u64,
}

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let scratch = bench.scratch()?;
    let filled = Instant::now();
    let due = fill(&scratch.path().join("data/store"), options)?;
    let filled_in = filled.elapsed();

    let program = bench.chatbot(&scratch)?;
    let clean = Server::start(&program, scratch.path())?.started_in;
    // Dropping the server killed it.
    let server = Server::start(&program, scratch.path())?;
    let after_kill = server.started_in;
    std::thread::sleep(QUIET);
    let before = server.process().cpu_time()?;
    std::thread::sleep(Duration::from_secs(options.rest));
    let at_rest = server.process().cpu_time()? - before;
    let resident = server.process().memory("VmRSS")?;
    let mut swarm = Swarm::connect(server.address(), &format!("/ws/chat/{ROOM}/"), 1)?;
    let mut watching = Watching::new(due);
    let last = Duration::from_millis(watching.last.since(Timestamp::now())) + Duration::from_secs(5);
    let start = Instant::now();
    while !watching.expected.is_empty() && start.elapsed() < last {
        swarm.turn(Duration::from_millis(200), &mut watching)?;
    }

    let all = thousands((options.waiting + options.due) as f64);
    let mut table = Comparison::new(&format!("schedule: {all} jobs that wait for their time"), "");
    let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
    table.lone_row("start, ms", milliseconds(clean), Some(START_TARGET));
    table.lone_row("start after a kill, ms", milliseconds(after_kill), Some(START_TARGET));
    table.lone_row("at rest, ms of CPU / s", milliseconds(at_rest) / options.rest.max(1) as f64, Some(REST_TARGET));
    table.lone_row("at rest, kB", resident as f64 / 1000.0, None);
    table.lone_row("due / s", options.due as f64 / options.seconds.max(1) as f64, None);
    table.lone_row("late, p50 ms", watching.late.percentile(50), None);
    table.lone_row("late, p99 ms", watching.late.percentile(99), None);
    table.lone_row("late, most ms", watching.late.percentile(100), Some(LATE_TARGET));
    table.lone_row("filled in, s", filled_in.as_secs_f64(), None);
    table.print();
    Ok(watching.into_faults())
}

/// Stores the schedules; when those are due that are to be watched.
fn fill(store_dir: &Path, options: &Options) -> Result<Vec<Timestamp>, Box<dyn Error>> {
    let cache = StoreOptions { cache_bytes: 64 << 20, min_free_bytes: 0, quotas: Quotas::NONE };
    let (store, closing) = Store::open(store_dir, cache, |_| {})?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let day = 24 * 60 * 60 * 1000;
    let now = Timestamp::now().0;
    runtime.block_on(add(&store, (0..options.waiting).map(|index| Timestamp(now + day + index as i64 * 1000))))?;
    let first = Timestamp::now().0 + i64::try_from(AHEAD.as_millis())?;
    let step = options.seconds as f64 * 1000.0 / options.due.max(1) as f64;
    let due: Vec<_> = (0..options.due).map(|index| Timestamp(first + (index as f64 * step) as i64)).collect();
    runtime.block_on(add(&store, due.iter().copied()))?;
    drop(store);
    closing.wait();
    Ok(due)
}

async fn add(store: &Store, times: impl Iterator<Item = Timestamp>) -> Result<(), Box<dyn Error>> {
    let mut added = stream::iter(times.enumerate())
        .map(|(index, at)| async move {
            let schedule = schedule(index, at)?;
            let run = schedule.run(schedule.id.first_run(), at);
            let next = Some(NextRun { job: run.id.clone(), at });
            let schedule = Schedule { next, ..schedule };
            Ok::<_, Box<dyn Error>>(
                store
                    .add_schedule(schedule, &run, ScheduleLimits { per_payer: u32::MAX, of_guests: None }, || ())
                    .await?,
            )
        })
        .buffer_unordered(FILLING);
    while let Some(added) = added.next().await {
        added?;
    }
    Ok(())
}

/// Says the time at which it is due, and which of those that are due then it is.
fn schedule(index: usize, at: Timestamp) -> Result<Schedule, Box<dyn Error>> {
    let handle = Handle::new(&format!("v{}", index % 1000)).map_err(|error| error.code().to_owned())?;
    let request = JobRequest { name: "echo".into(), arguments: format!("{} {index}", at.0) };
    Ok(Schedule {
        id: ScheduleId::asked_by(&JobId::fresh()),
        number: 0,
        place: 0,
        rhythm: Rhythm::Once(at),
        zone: "UTC".into(),
        request,
        principal: Principal::visitor(&handle.to_string()),
        handle,
        room: Some(RoomName::public(ROOM).map_err(|error| error.code().to_owned())?),
        role: Role::Guest,
        address: None,
        guest_place: None,
        expires_at: None,
        locale: Locale::English,
        seq: 0,
        missed: MissedRuns::Once,
        created_at: Timestamp::now(),
        next: None,
        last: None,
    })
}

/// Somebody in the room, with what is still to come.
struct Watching {
    expected: HashSet<String>,
    last: Timestamp,
    late: Latencies,
    faults: Faults,
}

impl Watching {
    fn new(due: Vec<Timestamp>) -> Self {
        let last = due.last().copied().unwrap_or(Timestamp(0));
        let expected = due.iter().enumerate().map(|(index, at)| format!("{} {index}", at.0)).collect();
        Self { expected, last, late: Latencies::default(), faults: Faults::default() }
    }

    fn into_faults(mut self) -> Faults {
        let missing = self.expected.len();
        if missing > 0 {
            self.faults.add(|| format!("{missing} jobs were not done"));
        }
        self.faults
    }
}

impl Behaviour for Watching {
    fn text(&mut self, _: usize, text: &[u8], _: &mut Outbox) {
        let Some(said) = frames::string_field(text, b"\"message\":\"") else { return };
        let said = String::from_utf8_lossy(said).into_owned();
        if !self.expected.remove(&said) {
            return self.faults.add(|| format!("{said:?} was said again, or should not have been"));
        }
        let due = said.split(' ').next().and_then(|millis| millis.parse().ok()).map_or(Timestamp(0), Timestamp);
        let now = Timestamp::now();
        if now < due {
            self.faults.add(|| format!("{said:?} was said before its time"));
        }
        self.late.add(Duration::from_millis(now.since(due)));
    }

    fn closed(&mut self, _: usize, code: Option<u16>) {
        self.faults.add(|| format!("the watching client was disconnected, close code {code:?}"));
    }
}
