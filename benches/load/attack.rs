//! `attack`: what honest visitors and the owner notice while one address does all that it may, and while passwords are
//! guessed, beside the same server before.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{future, thread};

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::time;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::Bench;
use crate::report::{Comparison, Faults, Latencies, Target, thousands};
use crate::server::{OWNER_KEY, Server};

const POST_TARGET: Target = Target::AtMost(50.0);
const SEARCH_TARGET: Target = Target::AtMost(200.0);
const MEMORY_TARGET: Target = Target::AtMost(128.0);
const MIB: f64 = 1024.0 * 1024.0;

/// Honest visitors, each at an address of its own, within what a guest may do.
const VISITORS: u8 = 8;
const PAUSE: Duration = Duration::from_millis(600);
const ATTACKER: &str = "192.0.2.66";
const PASSWORD: &str = "correct horse battery";

#[derive(clap::Args)]
pub struct Options {
    /// WebSockets of the attacking address
    #[arg(long, default_value_t = 180)]
    sockets: usize,
    /// Requests that it has under way all the time
    #[arg(long, default_value_t = 30)]
    requests: usize,
    /// Addresses that guess passwords, twenty times each
    #[arg(long, default_value_t = 50)]
    guessers: u8,
    /// How long honest visitors are watched, before and during the attack
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

pub fn run(bench: &Bench, options: &Options) -> Result<Faults, Box<dyn Error>> {
    let scratch = bench.scratch()?;
    let server = Server::start(&bench.guarded_chatbot(&scratch)?, scratch.path())?;
    let address = server.address();
    let watched = Duration::from_secs(options.seconds);
    let known = known_owner(address)?;

    let quiet = Seen::during(watched, address, &known, |_| future::ready(()))?;
    let flooded = Seen::during(watched, address, &known, |end| flood(address, options.sockets, options.requests, end))?;
    let guessed = Seen::during(watched, address, &known, |end| guess(address, options.guessers, end))?;
    let memory = server.process().memory("VmHWM")? as f64 / MIB;
    server.stop()?;

    let mut faults = Faults::default();
    let (sockets, requests) = (options.sockets, options.requests);
    flooded.print(&format!("attack: one address, {sockets} sockets, {requests} requests at a time"), &quiet);
    guessed.print(&format!("attack: passwords guessed from {} addresses", options.guessers), &quiet);
    let mut table = Comparison::new("attack: the server", "");
    table.lone_row("peak memory, MiB", memory, Some(MEMORY_TARGET));
    table.print();
    for seen in [quiet, flooded, guessed] {
        faults.merge(seen.faults);
    }
    Ok(faults)
}

/// What honest visitors and the owner saw.
#[derive(Default)]
struct Seen {
    posts: Latencies,
    searches: Latencies,
    sign_ins: Latencies,
    /// What the attacker tried in this time, and what of it was let through.
    tried: u64,
    let_through: u64,
    faults: Faults,
}

/// What an attacker counts, and when it stops.
struct End {
    is_over: AtomicBool,
    tried: AtomicU64,
    let_through: AtomicU64,
}

impl End {
    fn count(&self, is_let_through: bool) {
        self.tried.fetch_add(1, Ordering::Relaxed);
        self.let_through.fetch_add(u64::from(is_let_through), Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

impl Seen {
    /// Attacks from a thread of its own, so that the honest ones wait for the server and not for the attacker.
    fn during<F: Future<Output = ()>>(
        watched: Duration,
        address: SocketAddr,
        known: &str,
        attack: impl FnOnce(Arc<End>) -> F + Send,
    ) -> Result<Self, Box<dyn Error>> {
        let end = End { is_over: AtomicBool::new(false), tried: AtomicU64::new(0), let_through: AtomicU64::new(0) };
        let end = Arc::new(end);
        let mut seen = thread::scope(|scope| {
            let attacker = scope.spawn(|| runtime().block_on(attack(end.clone())));
            let seen = runtime().block_on(watch(address, known, watched));
            end.is_over.store(true, Ordering::Relaxed);
            attacker.join().expect("the attack does not panic");
            seen
        })?;
        (seen.tried, seen.let_through) = (end.tried.load(Ordering::Relaxed), end.let_through.load(Ordering::Relaxed));
        Ok(seen)
    }

    fn print(&self, title: &str, quiet: &Self) {
        let mut table = Comparison::new(title, "before");
        let p99 = |latencies: &Latencies| latencies.percentile(99);
        table.targeted_row("post, p99 ms", p99(&self.posts), p99(&quiet.posts), POST_TARGET);
        table.targeted_row("search, p99 ms", p99(&self.searches), p99(&quiet.searches), SEARCH_TARGET);
        table.row("owner's sign-in, p99 ms", p99(&self.sign_ins), p99(&quiet.sign_ins));
        table.print();
        println!(
            "  {} tries of the attacker, {} let through",
            thousands(self.tried as f64),
            thousands(self.let_through as f64)
        );
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

/// Makes the owner's account and signs in once. Returns the cookie by which the server knows the browser again.
fn known_owner(address: SocketAddr) -> Result<String, Box<dyn Error>> {
    runtime().block_on(async {
        let owner = json!({"name": "Olga", "role": "owner", "password": PASSWORD});
        let request = Client::new().post(format!("http://{address}/api/accounts")).bearer_auth(OWNER_KEY);
        with_json(request, &owner).send().await?.error_for_status()?;
        cookie(sign_in(address, "203.0.113.1", "Olga", PASSWORD).send().await?, "chatbot_known")
    })
}

fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header("Content-Type", "application/json").body(body.to_string())
}

fn sign_in(address: SocketAddr, from: &str, name: &str, password: &str) -> RequestBuilder {
    let request = Client::new().post(format!("http://{address}/api/session")).header("X-Forwarded-For", from);
    with_json(request, &json!({"name": name, "password": password}))
}

/// A cookie that an answer sets, as a request sends it back.
fn cookie(answer: reqwest::Response, name: &str) -> Result<String, Box<dyn Error>> {
    let answer = answer.error_for_status()?;
    let set = answer.headers().get_all("Set-Cookie").iter().filter_map(|value| value.to_str().ok());
    let found = set.filter_map(|value| value.split(';').next()).find(|pair| pair.starts_with(name));
    Ok(found.ok_or_else(|| format!("no cookie {name}"))?.to_owned())
}

async fn watch(address: SocketAddr, known: &str, watched: Duration) -> Result<Seen, Box<dyn Error>> {
    let end = Instant::now() + watched;
    let visitors = join_all((0..VISITORS).map(|number| visitor(address, number, end)));
    let (visitors, owner) = tokio::join!(visitors, owner(address, known, end));
    let mut seen = owner?;
    for visitor in visitors {
        let visitor = visitor?;
        seen.posts.merge(visitor.posts);
        seen.searches.merge(visitor.searches);
        seen.faults.merge(visitor.faults);
    }
    Ok(seen)
}

/// Posts and searches, slowly.
async fn visitor(address: SocketAddr, number: u8, end: Instant) -> Result<Seen, Box<dyn Error>> {
    let (client, from) = (Client::new(), format!("203.0.113.{}", 100 + number));
    let page = client.get(format!("http://{address}/")).header("X-Forwarded-For", &from).send().await?;
    let cookie = cookie(page, "chatbot_visitor")?;
    let mut seen = Seen::default();
    time::sleep(PAUSE * u32::from(number) / u32::from(VISITORS)).await;
    for count in 0.. {
        if Instant::now() >= end {
            break;
        }
        let ask = |method, path: &str| {
            let request = client.request(method, format!("http://{address}{path}"));
            request.header("X-Forwarded-For", &from).header("Cookie", &cookie)
        };
        let post = ask(Method::POST, "/api/rooms/elsewhere/messages");
        let post = with_json(post, &json!({"message": format!("an honest word {count}")}));
        seen.posts.add(timed(post, &mut seen.faults).await?);
        if count % 3 == 0 {
            let search = ask(Method::GET, "/api/search?q=honest&kind=messages");
            seen.searches.add(timed(search, &mut seen.faults).await?);
        }
        time::sleep(PAUSE).await;
    }
    Ok(seen)
}

/// Signs in, from the browser in which the owner did before, and starts a job with the owner's key.
async fn owner(address: SocketAddr, known: &str, end: Instant) -> Result<Seen, Box<dyn Error>> {
    let mut seen = Seen::default();
    while Instant::now() < end {
        let request = sign_in(address, "203.0.113.1", "Olga", PASSWORD).header("Cookie", known);
        seen.sign_ins.add(timed(request, &mut seen.faults).await?);
        let job = Client::new().post(format!("http://{address}/api/jobs")).bearer_auth(OWNER_KEY);
        timed(with_json(job, &json!({"name": "sum", "arguments": "1 2"})), &mut seen.faults).await?;
        time::sleep(PAUSE).await;
    }
    Ok(seen)
}

/// How long an answer takes to a request that must not be refused.
async fn timed(request: RequestBuilder, faults: &mut Faults) -> Result<Duration, Box<dyn Error>> {
    let asked_at = Instant::now();
    let answer = request.send().await?;
    let (status, path) = (answer.status(), answer.url().path().to_owned());
    let text = answer.text().await?;
    let latency = asked_at.elapsed();
    if !status.is_success() {
        faults.add(|| format!("{path}: {status} {text}"));
    }
    Ok(latency)
}

/// All that one address can do at once: large messages over many sockets, and what costs the server most over HTTP.
async fn flood(address: SocketAddr, sockets: usize, requests: usize, end: Arc<End>) {
    let routes = [
        (Method::GET, "/api/search?q=%22honest%20word%22", Value::Null),
        (Method::GET, "/api/rooms?q=zz", Value::Null),
        (Method::POST, "/api/rooms", json!({})),
        (Method::POST, "/api/jobs", json!({"name": "sleep", "arguments": "3600", "room": "target"})),
        (Method::POST, "/api/jobs", json!({"name": "every", "arguments": "hour echo spam", "room": "target"})),
    ];
    let posting = join_all((0..sockets).map(|number| post_without_end(address, number, &end)));
    let asking = join_all((0..requests).map(|number| {
        let (method, path, body) = routes[number % routes.len()].clone();
        ask_without_end(address, number, method, path, body, &end)
    }));
    tokio::join!(posting, asking);
}

/// A made-up visitor of the attacking address.
fn made_up(number: usize) -> String {
    format!("chatbot_visitor={number:040}")
}

async fn post_without_end(address: SocketAddr, number: usize, end: &End) {
    while !end.is_over() {
        // Refused, or disconnected: an attacker comes back.
        if post_over_one_socket(address, number, end).await.is_err() {
            time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn post_over_one_socket(address: SocketAddr, number: usize, end: &End) -> Result<(), tungstenite::Error> {
    let mut request = format!("ws://{address}/ws").into_client_request()?;
    for (name, value) in [("X-Forwarded-For", ATTACKER), ("Cookie", &made_up(number % 12))] {
        request.headers_mut().insert(name, value.parse().map_err(tungstenite::http::Error::from)?);
    }
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
    let text = "x".repeat(7_000);
    for count in 0.. {
        if end.is_over() {
            break;
        }
        let frame = json!({"room": "target", "message": text, "id": format!("{number}-{count}")});
        socket.send(Message::text(frame.to_string())).await?;
        let wait = time::sleep(Duration::from_millis(100));
        tokio::pin!(wait);
        loop {
            tokio::select! {
                () = &mut wait => break,
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) if text.contains("\"type\":\"ack\"") => end.count(true),
                    Some(Ok(Message::Text(text))) if text.contains("\"type\":\"error\"") => end.count(false),
                    Some(frame) => drop(frame?),
                    None => return Err(tungstenite::Error::ConnectionClosed),
                },
            }
        }
    }
    Ok(())
}

async fn ask_without_end(address: SocketAddr, number: usize, method: Method, path: &str, body: Value, end: &End) {
    let client = Client::new();
    while !end.is_over() {
        let request = client.request(method.clone(), format!("http://{address}{path}"));
        let request = request.header("X-Forwarded-For", ATTACKER).header("Cookie", made_up(number % 12));
        let answer = with_json(request, &body).send().await;
        end.count(answer.is_ok_and(|answer| answer.status().is_success()));
        time::sleep(Duration::from_millis(10)).await;
    }
}

/// Twenty wrong passwords of each address, for the owner, for a look-alike, and for nobody.
async fn guess(address: SocketAddr, guessers: u8, end: Arc<End>) {
    join_all((0..guessers).map(|guesser| {
        let end = end.clone();
        async move {
            for count in 0..20 {
                let name = ["Olga", "olga", "nobody"][count % 3];
                let from = format!("198.51.100.{guesser}");
                let answer = sign_in(address, &from, name, &format!("wrong {count}")).send().await;
                end.count(answer.is_ok_and(|answer| answer.status() == StatusCode::OK));
            }
        }
    }))
    .await;
}
