//! `jobs`: how fast commands are answered, each question and each answer durable, and what one person's long work does to the
//! work of another.

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::Bench;
use crate::frames;
use crate::raw_disk;
use crate::report::{Answers, Comparison, Faults, Latencies, Target};
use crate::server::Server;
use crate::swarm::{Behaviour, Outbox, Swarm};

const RATE_TARGET: Target = Target::AtLeast(5_000.0);
const ALONE_TARGET: Target = Target::AtMost(3.0);
const DELAY_TARGET: Target = Target::AtMost(100.0);

/// Each question and each answer is made durable before the next step.
const SYNCS_PER_ANSWER: f64 = 2.0;

/// Ends a run whose answers stay away.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub struct Options {
    /// Connections that ask, each waiting for its answer
    #[arg(long, default_value_t = 256)]
    clients: usize,
    /// How long each case lasts
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Slow jobs of one person in front of another's
    #[arg(long, default_value_t = 50)]
    slow: usize,
}

/// Server and load share all cores here.
pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let mut faults = Faults::default();
    let time = Duration::from_secs(options.seconds);
    for clients in [options.clients, 1] {
        let scratch = bench.scratch()?;
        let disk = raw_disk::run(scratch.path(), clients, time)?;
        let server = Server::start(&bench.chatbot(&scratch)?, scratch.path())?;
        let asked = ask(server.address(), clients, Question::Sum, Until::Over(time))?;
        faults.merge(asked.faults);
        print_sums(clients, options.seconds, &asked.answers, &disk);
    }

    let scratch = bench.scratch()?;
    let server = Server::start(&bench.chatbot(&scratch)?, scratch.path())?;
    let alone = ask(server.address(), 1, Question::Nap, Until::Answers(200))?;
    let mut long_work = Swarm::connect(server.address(), "/ws/chat/", 1)?;
    for _ in 0..options.slow {
        long_work.send(0, r#"{"message":"sleep 600"}"#)?;
    }
    long_work.settle(Duration::from_millis(200), &mut Ignored)?;
    let beside = ask(server.address(), 1, Question::Nap, Until::Answers(200))?;
    print_naps(options.slow, &beside.answers, &alone.answers);
    faults.merge(alone.faults);
    faults.merge(beside.faults);
    Ok(faults)
}

fn print_sums(clients: usize, seconds: u64, answers: &Answers, disk: &Answers) {
    let mut table =
        Comparison::new(&format!("jobs: {clients} asking for sums, {seconds} s"), "2 syncs of the disk alone");
    let rate_target = (clients > 1).then_some(RATE_TARGET);
    let p50_target = (clients == 1).then_some(ALONE_TARGET);
    let disk_rate = disk.per_second() / SYNCS_PER_ANSWER;
    let disk_time = |percent| disk.latencies.percentile(percent) * SYNCS_PER_ANSWER;
    table.maybe_targeted_row("answers / s", answers.per_second(), disk_rate, rate_target);
    table.maybe_targeted_row("answer, p50 ms", answers.latencies.percentile(50), disk_time(50), p50_target);
    table.row("answer, p99 ms", answers.latencies.percentile(99), disk_time(99));
    table.print();
}

fn print_naps(slow: usize, beside: &Answers, alone: &Answers) {
    let title = format!("jobs: a short nap of one beside {slow} long ones of another");
    let mut table = Comparison::new(&title, "alone");
    let p = |answers: &Answers, percent| answers.latencies.percentile(percent);
    table.row("answer, p50 ms", p(beside, 50), p(alone, 50));
    table.targeted_row("answer, p99 ms", p(beside, 99), p(alone, 99), DELAY_TARGET);
    table.print();
}

#[derive(Clone, Copy)]
enum Question {
    /// Quick, and the answer can be checked.
    Sum,
    /// Slow, as the server sees it, but over at once.
    Nap,
}

#[derive(Clone, Copy)]
enum Until {
    Over(Duration),
    Answers(usize),
}

struct Asked {
    answers: Answers,
    faults: Faults,
}

/// Asks in closed loops, each client in its own private room.
fn ask(server: SocketAddr, clients: usize, question: Question, until: Until) -> Result<Asked, Box<dyn Error>> {
    let mut swarm = Swarm::connect(server, "/ws/chat/", clients)?;
    swarm.settle(Duration::from_millis(100), &mut Ignored)?;
    let mut asking = Asking::new(clients, question, until);
    for client in 0..clients {
        let first = asking.compose(client);
        swarm.send(client, &first)?;
    }
    let mut last_text = Instant::now();
    while asking.underway > 0 {
        if swarm.turn(SILENCE_LIMIT, &mut asking)? > 0 {
            last_text = Instant::now();
        }
        if last_text.elapsed() > SILENCE_LIMIT {
            let missing = asking.underway;
            asking.faults.add(|| format!("{missing} questions were never answered"));
            break;
        }
    }
    let answers = Answers { wall: asking.start.elapsed(), latencies: asking.latencies };
    Ok(Asked { answers, faults: asking.faults })
}

struct Asking {
    question: Question,
    until: Until,
    start: Instant,
    asked: usize,
    underway: usize,
    /// Each client's question that is not answered yet, and the answer to expect.
    waiting: Vec<Option<(String, Instant)>>,
    latencies: Latencies,
    faults: Faults,
}

impl Asking {
    fn new(clients: usize, question: Question, until: Until) -> Self {
        Self {
            question,
            until,
            start: Instant::now(),
            asked: 0,
            underway: 0,
            waiting: vec![None; clients],
            latencies: Latencies::default(),
            faults: Faults::default(),
        }
    }

    fn compose(&mut self, client: usize) -> String {
        let number = self.asked;
        self.asked += 1;
        self.underway += 1;
        let (command, answer) = match self.question {
            Question::Sum => (format!("sum 12 {number}"), format!("12 + {number} = {}", 12 + number)),
            Question::Nap => (format!("sleep 0 nap-{number}"), format!("nap-{number}")),
        };
        self.waiting[client] = Some((answer, Instant::now()));
        format!(r#"{{"message":"{command}"}}"#)
    }

    fn is_over(&self) -> bool {
        match self.until {
            Until::Over(time) => self.start.elapsed() >= time,
            Until::Answers(count) => self.asked >= count,
        }
    }
}

impl Behaviour for Asking {
    fn text(&mut self, client: usize, text: &[u8], outbox: &mut Outbox) {
        if !frames::is_answer(text) {
            return;
        }
        let said = String::from_utf8_lossy(frames::string_field(text, br#""message":""#).unwrap_or_default());
        let Some((expected, asked_at)) = self.waiting[client].take() else {
            return self.faults.add(|| format!("client {client} got an answer more: {said}"));
        };
        if !said.contains(&expected) {
            self.faults.add(|| format!("client {client} got {said:?} instead of {expected:?}"));
        }
        self.underway -= 1;
        self.latencies.add(asked_at.elapsed());
        if !self.is_over() {
            let next = self.compose(client);
            outbox.send(&next);
        }
    }

    fn closed(&mut self, client: usize, code: Option<u16>) {
        self.faults.add(|| format!("client {client} was disconnected, close code {code:?}"));
        self.underway -= usize::from(self.waiting[client].take().is_some());
    }
}

/// What nobody measures.
struct Ignored;

impl Behaviour for Ignored {
    fn text(&mut self, _: usize, _: &[u8], _: &mut Outbox) {}

    fn closed(&mut self, _: usize, _: Option<u16>) {}
}
