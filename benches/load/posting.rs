//! Senders that post durably, each waiting for its `ack` before the next message.
//!
//! They do not join, so that nothing is delivered to them and the figure is that of the way to the disk.

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::frames::{self, Kind, NumberField};
use crate::report::{Answers, Faults, Latencies};
use crate::swarm::{Behaviour, Outbox, Swarm};

/// Ends a run whose acks stay away.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// Where the senders post to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rooms {
    /// Each sender has its own.
    Own,
    /// All share one.
    Shared,
}

/// When the senders stop: at the first of the two.
#[derive(Clone, Copy)]
pub struct Limit {
    pub messages: usize,
    pub time: Duration,
}

pub struct Posted {
    pub messages: usize,
    pub acks: Answers,
    pub faults: Faults,
}

/// Posts to rooms of that name until the limit and waits for the last ack. The rooms must be new.
pub fn post(
    server: SocketAddr,
    name: &str,
    senders: usize,
    rooms: Rooms,
    limit: Limit,
) -> Result<Posted, Box<dyn Error>> {
    let mut swarm = Swarm::connect(server, "/ws", senders)?;
    let mut acks = Acks::new(name, senders, rooms, limit);
    for sender in 0..senders.min(limit.messages) {
        // A handle of its own makes each sender an author of its own, whose ids are its own.
        swarm.send(sender, &frames::hello(&format!("{name}{sender}")))?;
        let first = acks.compose(sender);
        swarm.send(sender, &first)?;
    }
    let mut last_text = Instant::now();
    while acks.underway > 0 {
        if swarm.turn(SILENCE_LIMIT, &mut acks)? > 0 {
            last_text = Instant::now();
        }
        if last_text.elapsed() > SILENCE_LIMIT {
            let missing = acks.underway;
            acks.faults.add(|| format!("{missing} messages were never acknowledged"));
            break;
        }
    }
    let wall = acks.start.elapsed();
    acks.check_numbers();
    Ok(Posted {
        messages: acks.seqs.iter().map(Vec::len).sum(),
        acks: Answers { wall, latencies: acks.latencies },
        faults: acks.faults,
    })
}

struct Acks {
    name: String,
    rooms: Rooms,
    limit: Limit,
    start: Instant,
    sent: usize,
    underway: usize,
    /// Each sender's message that is not acknowledged yet, by the number in its id.
    waiting: Vec<Option<(usize, Instant)>>,
    /// The numbers each room gave, as acknowledged.
    seqs: Vec<Vec<u64>>,
    latencies: Latencies,
    faults: Faults,
    seq: NumberField,
    send_in_id: NumberField,
}

impl Acks {
    fn new(name: &str, senders: usize, rooms: Rooms, limit: Limit) -> Self {
        let room_count = if rooms == Rooms::Own { senders } else { 1 };
        Self {
            name: name.to_owned(),
            rooms,
            limit,
            start: Instant::now(),
            sent: 0,
            underway: 0,
            waiting: vec![None; senders],
            seqs: vec![Vec::new(); room_count],
            latencies: Latencies::default(),
            faults: Faults::default(),
            seq: frames::SEQ,
            send_in_id: frames::SEND_IN_ID,
        }
    }

    fn compose(&mut self, sender: usize) -> String {
        let number = self.sent;
        self.sent += 1;
        self.underway += 1;
        self.waiting[sender] = Some((number, Instant::now()));
        frames::send(&format!("{}-{}", self.name, self.room_of(sender)), number)
    }

    fn room_of(&self, sender: usize) -> usize {
        match self.rooms {
            Rooms::Own => sender,
            Rooms::Shared => self.seqs.len() - 1,
        }
    }

    fn ack(&mut self, sender: usize, text: &[u8], outbox: &mut Outbox) {
        let number = self.send_in_id.read(text).and_then(|number| usize::try_from(number).ok());
        let (Some(seq), Some((waiting, sent_at))) = (self.seq.read(text), self.waiting[sender].take()) else {
            self.faults.add(|| format!("sender {sender} got {}", String::from_utf8_lossy(text)));
            return;
        };
        if number != Some(waiting) {
            self.faults
                .add(|| format!("sender {sender} waits for {waiting} and got {}", String::from_utf8_lossy(text)));
        }
        self.underway -= 1;
        self.latencies.add(sent_at.elapsed());
        let room = self.room_of(sender);
        self.seqs[room].push(seq);
        if self.sent < self.limit.messages && self.start.elapsed() < self.limit.time {
            let next = self.compose(sender);
            outbox.send(&next);
        }
    }

    /// Each room must have given 1, 2, 3, … once each. In a shared room the acks of different senders overtake each
    /// other.
    fn check_numbers(&mut self) {
        for (room, seqs) in self.seqs.iter_mut().enumerate() {
            if self.rooms == Rooms::Shared {
                seqs.sort_unstable();
            }
            let expected = 1..=seqs.len() as u64;
            if let Some((expected, got)) = expected.zip(seqs.iter()).find(|(expected, got)| expected != *got) {
                self.faults.add(|| format!("room {room} acknowledged seq {got} instead of {expected}"));
            }
        }
    }
}

impl Behaviour for Acks {
    fn text(&mut self, client: usize, text: &[u8], outbox: &mut Outbox) {
        match Kind::of(text) {
            Kind::Ack => self.ack(client, text, outbox),
            Kind::Error => self.faults.add(|| format!("sender {client} got {}", String::from_utf8_lossy(text))),
            Kind::Message | Kind::Joined | Kind::Welcome | Kind::Other => {}
        }
    }

    fn closed(&mut self, client: usize, code: Option<u16>) {
        self.faults.add(|| format!("sender {client} was disconnected, close code {code:?}"));
        if self.waiting[client].take().is_some() {
            self.underway -= 1;
        }
    }
}
