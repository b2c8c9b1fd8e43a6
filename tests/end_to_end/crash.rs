//! `kill -9` under load, again and again on the same data: what was acknowledged or seen stays, once and in order.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{Client, ServerProcess, cookie_of};

const ROUNDS: usize = 100;
const SENDERS: usize = 4;

/// Messages that one sender has on their way at a time.
const WINDOW: usize = 8;

/// Numbers and ids, as somebody learned of them.
type Known = BTreeMap<u64, String>;

/// What was read of the room so far; the index is the number less one.
#[derive(Default)]
struct Story {
    ids: Vec<String>,
    epoch: Value,
}

impl Story {
    /// Reads on from where it was; what comes must continue it.
    async fn read_on(&mut self, address: SocketAddr) {
        let mut reader = connect(address, "Reader").await;
        reader.send(json!({"type": "join", "room": "lobby"})).await;
        let joined = reader.expect("joined").await;
        assert!(self.epoch.is_null() || self.epoch == joined["epoch"], "a crash does not change the epoch");
        self.epoch = joined["epoch"].clone();
        let last = joined["last"].as_u64().expect("a number");
        while (self.ids.len() as u64) < last {
            reader.send(json!({"type": "history", "room": "lobby", "after": self.ids.len(), "limit": 200})).await;
            for message in reader.expect("history").await["messages"].as_array().expect("messages") {
                assert_eq!(message["seq"], self.ids.len() + 1, "numbers have no gap");
                assert_eq!(message["message"], format!("text of {}", id_of(message)));
                self.ids.push(id_of(message));
            }
        }
        assert_eq!(self.ids.len() as u64, last);
    }

    fn holds(&self, known: &Known) {
        for (seq, id) in known {
            let stored = self.ids.get(*seq as usize - 1);
            assert_eq!(stored, Some(id), "message {seq} of {}", self.ids.len());
        }
    }
}

fn id_of(message: &Value) -> String {
    message["id"].as_str().expect("an id").to_owned()
}

async fn connect(address: SocketAddr, handle: &str) -> Client {
    let mut client = Client::connect(address, "/ws", &[("cookie", &cookie_of(handle))]).await;
    client.send(json!({"type": "hello", "handle": handle})).await;
    client.expect("welcome").await;
    client
}

/// Counts acknowledgements until there are enough to kill the server.
struct Load {
    left: AtomicUsize,
    enough: Notify,
}

impl Load {
    fn acknowledged(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.enough.notify_one();
        }
    }
}

/// One sender, over all rounds.
struct Sender {
    handle: String,
    next: usize,
    /// Sent and not acknowledged: to be sent again.
    unacked: VecDeque<String>,
}

impl Sender {
    fn new(index: usize) -> Self {
        Self { handle: format!("Sender {index}"), next: 0, unacked: VecDeque::new() }
    }

    /// Sends until the connection breaks; what was acknowledged.
    async fn send(mut self, mut client: Client, load: Arc<Load>) -> (Self, Known) {
        let mut acked = Known::new();
        for id in &self.unacked {
            client.try_send(message(id)).await;
        }
        loop {
            while self.unacked.len() < WINDOW {
                let id = format!("{} {}", self.handle, self.next);
                self.next += 1;
                client.try_send(message(&id)).await;
                self.unacked.push_back(id);
            }
            let Ok(frame) = client.next().await else { return (self, acked) };
            assert_ne!(frame["type"], "error", "{frame}");
            if frame["type"] == "ack" {
                let id = id_of(&frame);
                self.unacked.retain(|unacked| *unacked != id);
                acked.insert(frame["seq"].as_u64().expect("a number"), id);
                load.acknowledged();
            }
        }
    }

    /// Sends what is still open and waits for it.
    async fn finish(self, address: SocketAddr) {
        let mut client = connect(address, &self.handle).await;
        for id in &self.unacked {
            client.send(message(id)).await;
            client.expect_where("ack", |ack| ack["id"] == id.as_str()).await;
        }
    }
}

fn message(id: &str) -> Value {
    json!({"room": "lobby", "message": format!("text of {id}"), "id": id})
}

/// Sees messages until the connection breaks.
async fn watch(mut reader: Client) -> Known {
    let mut seen = Known::new();
    while let Ok(frame) = reader.next().await {
        if frame["type"] == "message" {
            let seq = frame["seq"].as_u64().expect("a number");
            assert!(seen.last_key_value().is_none_or(|(last, _)| seq == last + 1), "seen in order");
            seen.insert(seq, id_of(&frame));
        }
    }
    seen
}

/// Load until enough was acknowledged, then the kill; the senders and all that anybody learned.
async fn round(server: &mut ServerProcess, senders: Vec<Sender>, acks: usize) -> (Vec<Sender>, Vec<Known>) {
    let load = Arc::new(Load { left: AtomicUsize::new(acks), enough: Notify::new() });
    let address = server.address();
    let mut reader = connect(address, "Watcher").await;
    reader.send(json!({"type": "join", "room": "lobby"})).await;
    reader.expect("joined").await;
    let watching = tokio::spawn(watch(reader));
    let mut sending = Vec::new();
    for sender in senders {
        sending.push((connect(address, &sender.handle).await, sender));
    }
    let sending: Vec<_> =
        sending.into_iter().map(|(client, sender)| tokio::spawn(sender.send(client, load.clone()))).collect();
    let enough = tokio::time::timeout(crate::support::PATIENCE, load.enough.notified());
    enough.await.expect("acknowledged in time");
    server.kill();
    let (mut senders, mut known) = (Vec::new(), vec![watching.await.expect("watched")]);
    for sender in sending {
        let (sender, acked) = sender.await.expect("sent");
        senders.push(sender);
        known.push(acked);
    }
    (senders, known)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_or_seen_survives_a_hundred_kills() {
    let dir = tempfile::tempdir().expect("a folder");
    let environment = [("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0")];
    let mut senders: Vec<Sender> = (0..SENDERS).map(Sender::new).collect();
    let (mut story, mut known) = (Story::default(), Vec::new());
    for index in 0..ROUNDS {
        let mut server = ServerProcess::start(dir.path(), &environment);
        story.read_on(server.address()).await;
        known.iter().for_each(|known| story.holds(known));
        // Another moment each time: within the first commit, or after some.
        (senders, known) = round(&mut server, senders, 1 + index * 37 % 401).await;
    }
    let mut server = ServerProcess::start(dir.path(), &environment);
    for sender in senders {
        sender.finish(server.address()).await;
    }
    let mut whole = Story::default();
    whole.read_on(server.address()).await;
    known.iter().for_each(|known| whole.holds(known));
    assert_eq!(whole.ids[..story.ids.len()], story.ids, "nothing that was there is another now");
    let different: HashSet<&String> = whole.ids.iter().collect();
    assert_eq!(different.len(), whole.ids.len(), "nothing is stored twice");
    server.kill();
    chatbot::store::audit(&dir.path().join("store")).expect("indexes that agree");
}
