//! A room full of clients: some send, everyone listens, and each checks that it misses nothing.
//!
//! The check is the promise of the wire contract: every member sees `seq` counting up by one, from where it joined.

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::frames::{self, Kind, NumberField};
use crate::report::{Faults, Latencies};
use crate::swarm::{Behaviour, Outbox, Swarm};

/// Silence after which joins, presence and acks count as done.
const QUIET: Duration = Duration::from_millis(500);
/// How long a server may take to deliver what it accepted, once nobody sends any more.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// How the senders send.
#[derive(Clone, Copy)]
pub enum Pace {
    /// Each sender waits for its own message to come back, then sends the next.
    ClosedLoop,
    /// One message at each interval, from one sender after the other, whether or not the earlier ones came back.
    Every(Duration),
}

/// What one spell of sending amounted to, from the first send to the last delivery.
#[derive(Default)]
pub struct Spell {
    pub wall: Duration,
    pub deliveries: u64,
    pub frame_bytes: u64,
    pub latencies: Latencies,
}

impl Spell {
    pub fn deliveries_per_second(&self) -> f64 {
        self.deliveries as f64 / self.wall.as_secs_f64()
    }

    pub fn merge(&mut self, other: Self) {
        self.wall += other.wall;
        self.deliveries += other.deliveries;
        self.frame_bytes += other.frame_bytes;
        self.latencies.merge(other.latencies);
    }
}

/// Clients in one room, the first of which send.
pub struct Crowd {
    swarm: Swarm,
    log: Log,
}

impl Crowd {
    /// Connects and joins everyone, then waits until the room is silent.
    pub fn gather(server: SocketAddr, room: &str, members: usize, senders: usize) -> Result<Self, Box<dyn Error>> {
        if senders == 0 || senders > members {
            return Err(format!("{senders} of {members} clients cannot send").into());
        }
        let mut swarm = Swarm::connect(server, "/ws", members)?;
        let mut log = Log::new(room, members, senders);
        for client in 0..members {
            // A handle of its own makes each client a person of its own; all share one address.
            swarm.send(client, &frames::hello(&format!("{room}-{client}")))?;
            swarm.send(client, &frames::join(room))?;
            swarm.turn(Duration::ZERO, &mut log)?;
        }
        swarm.settle(QUIET, &mut log)?;
        let joined = log.members.iter().filter(|member| member.next_seq.is_some()).count();
        if joined < members {
            log.faults.add(|| format!("{joined} of {members} clients could join"));
        }
        Ok(Self { swarm, log })
    }

    /// Sends for a while, then waits until everyone who reads has everything. `watch` is called between turns.
    pub fn send_for(
        &mut self,
        duration: Duration,
        pace: Pace,
        mut watch: impl FnMut() -> Result<(), Box<dyn Error>>,
    ) -> Result<Spell, Box<dyn Error>> {
        let first_send = self.log.begin(pace);
        let start = Instant::now();
        if matches!(pace, Pace::ClosedLoop) {
            for sender in 0..self.log.senders {
                self.send(sender, Instant::now())?;
            }
        }
        while start.elapsed() < duration {
            let patience = match pace {
                Pace::ClosedLoop => QUIET,
                Pace::Every(interval) => self.send_due(start, first_send, interval)?,
            };
            self.swarm.turn(patience, &mut self.log)?;
            watch()?;
        }
        self.log.pace = None;
        let drained = self.drain(&mut watch)?;
        Ok(self.log.end(first_send, drained - start))
    }

    /// Sends what has fallen due since `start` and says how long until the next is. A late send counts from when it was
    /// due: a slow server must not look fast because it also slows the load.
    fn send_due(&mut self, start: Instant, first_send: usize, interval: Duration) -> Result<Duration, Box<dyn Error>> {
        loop {
            let sent = self.log.sends.len() - first_send;
            let due = start + interval * u32::try_from(sent)?;
            let now = Instant::now();
            if due > now {
                return Ok(due - now);
            }
            self.send(sent % self.log.senders, due)?;
        }
    }

    fn send(&mut self, sender: usize, at: Instant) -> Result<(), Box<dyn Error>> {
        let text = self.log.compose(sender, at);
        Ok(self.swarm.send(sender, &text)?)
    }

    /// Waits for the last delivery and says when it came. What is still missing at the end is lost.
    fn drain(&mut self, watch: &mut impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<Instant, Box<dyn Error>> {
        let start = Instant::now();
        while start.elapsed() < DRAIN_LIMIT {
            if self.log.is_complete() {
                let complete = Instant::now();
                // Whatever comes now came twice; the log says so.
                self.swarm.settle(QUIET, &mut self.log)?;
                return Ok(complete);
            }
            self.swarm.turn(QUIET, &mut self.log)?;
            watch()?;
        }
        self.log.report_missing();
        Ok(Instant::now())
    }

    /// From now on this client reads nothing.
    pub fn stall(&mut self, client: usize) -> Result<(), Box<dyn Error>> {
        self.log.members[client].reads = false;
        Ok(self.swarm.stall(client)?)
    }

    /// Lets a stalled client read what was kept for it, in order, up to the end of its connection; says with which
    /// close code that came. A connection that is still open has none either.
    pub fn resume(&mut self, client: usize) -> Result<Option<u16>, Box<dyn Error>> {
        self.swarm.resume(client)?;
        self.swarm.settle(QUIET, &mut self.log)?;
        Ok(self.log.members[client].close_code)
    }

    pub fn into_faults(self) -> Faults {
        self.log.faults
    }
}

#[derive(Clone, Default)]
struct Member {
    /// Nothing before it has joined.
    next_seq: Option<u64>,
    reads: bool,
    close_code: Option<u16>,
}

struct Send {
    by: usize,
    at: Instant,
    came_back: bool,
}

/// Everything the clients have sent and seen.
struct Log {
    room: String,
    members: Vec<Member>,
    senders: usize,
    /// Senders go on as long as there is a pace.
    pace: Option<Pace>,
    /// By the number in their text.
    sends: Vec<Send>,
    underway: usize,
    last_seq: u64,
    deliveries: u64,
    frame_bytes: u64,
    latencies: Latencies,
    faults: Faults,
    seq: NumberField,
    last: NumberField,
    send_in_text: NumberField,
}

impl Log {
    fn new(room: &str, members: usize, senders: usize) -> Self {
        let member = Member { reads: true, ..Member::default() };
        Self {
            room: room.to_owned(),
            members: vec![member; members],
            senders,
            pace: None,
            sends: Vec::new(),
            underway: 0,
            last_seq: 0,
            deliveries: 0,
            frame_bytes: 0,
            latencies: Latencies::default(),
            faults: Faults::default(),
            seq: frames::SEQ,
            last: frames::LAST,
            send_in_text: frames::SEND_IN_TEXT,
        }
    }

    fn begin(&mut self, pace: Pace) -> usize {
        self.pace = Some(pace);
        self.deliveries = 0;
        self.frame_bytes = 0;
        self.latencies = Latencies::default();
        self.sends.len()
    }

    fn end(&mut self, first_send: usize, wall: Duration) -> Spell {
        // Nobody else posts here: the room's numbers must have grown by what was sent, from the very first send on.
        let (sent, numbered) = (self.sends.len() as u64, self.last_seq);
        if sent != numbered {
            self.faults.add(|| format!("{sent} messages sent, {numbered} numbered in the room"));
        }
        if self.sends.len() == first_send {
            self.faults.add(|| "nothing could be sent".to_owned());
        }
        Spell {
            wall,
            deliveries: self.deliveries,
            frame_bytes: self.frame_bytes,
            latencies: std::mem::take(&mut self.latencies),
        }
    }

    fn compose(&mut self, by: usize, at: Instant) -> String {
        let number = self.sends.len();
        self.underway += 1;
        self.sends.push(Send { by, at, came_back: false });
        frames::send(&self.room, number)
    }

    #[inline]
    fn message(&mut self, client: usize, text: &[u8], outbox: &mut Outbox) {
        let Some(seq) = self.seq.read(text) else {
            self.faults.add(|| format!("a message without seq: {}", String::from_utf8_lossy(text)));
            return;
        };
        match self.members[client].next_seq.replace(seq + 1) {
            Some(expected) if expected == seq => {}
            Some(expected) => self.faults.add(|| format!("client {client} got seq {seq} instead of {expected}")),
            None => self.faults.add(|| format!("client {client} got seq {seq} before it joined")),
        }
        self.last_seq = self.last_seq.max(seq);
        self.deliveries += 1;
        self.frame_bytes += text.len() as u64;
        if client < self.senders {
            self.take_back(client, text, outbox);
        }
    }

    /// Notes how long a sender's own message took, and sends the next one if that is the pace.
    fn take_back(&mut self, client: usize, text: &[u8], outbox: &mut Outbox) {
        let number = self.send_in_text.read(text).and_then(|number| usize::try_from(number).ok());
        let Some(send) = number.and_then(|number| self.sends.get_mut(number)) else {
            self.faults.add(|| format!("a message nobody sent: {}", String::from_utf8_lossy(text)));
            return;
        };
        if send.by != client || send.came_back {
            return;
        }
        send.came_back = true;
        self.underway -= 1;
        self.latencies.add(send.at.elapsed());
        if matches!(self.pace, Some(Pace::ClosedLoop)) {
            let next = self.compose(client, Instant::now());
            outbox.send(&next);
        }
    }

    fn is_complete(&self) -> bool {
        let mut readers = self.members.iter().filter(|member| member.reads);
        self.underway == 0 && readers.all(|member| member.next_seq == Some(self.last_seq + 1))
    }

    fn report_missing(&mut self) {
        if self.underway > 0 {
            self.faults.add(|| format!("{} messages never came back to their senders", self.underway));
        }
        for (client, member) in self.members.iter().enumerate().filter(|(_, member)| member.reads) {
            let next = member.next_seq.unwrap_or(0);
            if next <= self.last_seq {
                self.faults.add(|| format!("client {client} lacks seq {next} to {}", self.last_seq));
            }
        }
    }
}

impl Behaviour for Log {
    #[inline]
    fn text(&mut self, client: usize, text: &[u8], outbox: &mut Outbox) {
        match Kind::of(text) {
            Kind::Message => self.message(client, text, outbox),
            Kind::Joined => self.members[client].next_seq = self.last.read(text).map(|last| last + 1),
            Kind::Error => self.faults.add(|| format!("client {client} got {}", String::from_utf8_lossy(text))),
            Kind::Ack | Kind::Welcome | Kind::Other => {}
        }
    }

    fn closed(&mut self, client: usize, code: Option<u16>) {
        let member = &mut self.members[client];
        member.close_code = code;
        // Nobody waits any longer for what it lacks.
        let read_until_now = std::mem::replace(&mut member.reads, false);
        if read_until_now {
            self.faults.add(|| format!("client {client} was disconnected, close code {code:?}"));
        }
    }
}
