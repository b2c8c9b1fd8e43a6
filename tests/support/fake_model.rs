//! A server that speaks as an OpenAI-compatible one does, or as none should: each test says what it sends.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatbot::config::{Config, LanguageModelConfig};
use chatbot::fetch::{Key, Waits};
use chatbot::llm::{LanguageModel, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::PATIENCE;

/// What the server does with a connection, one after another; behind the last it closes.
#[derive(Clone, Debug)]
pub enum Step {
    Send(Vec<u8>),
    /// Waits until the test calls [`FakeModel::go`].
    Wait,
    /// Sends the same until the other side closes.
    Forever(Vec<u8>),
    /// Sends nothing until the other side closes.
    Hang,
}

/// The server, and what it was asked.
pub struct FakeModel {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Value>>>,
    go: Arc<Semaphore>,
    /// Connections that the other side closed before the server was done.
    left: watch::Receiver<usize>,
}

/// The head of a stream.
pub const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

impl FakeModel {
    /// `answer` gives the steps for the request of that number, counted from 1.
    pub async fn start(answer: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::answering(move |number, _| answer(number)).await
    }

    /// As [`FakeModel::start`]; `answer` also sees the request.
    pub async fn answering(answer: impl Fn(usize, &Value) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (asked, go) = (Arc::<Mutex<Vec<Value>>>::default(), Arc::new(Semaphore::new(0)));
        let (leaving, left) = watch::channel(0);
        let (answer, leaving) = (Arc::new(answer), Arc::new(leaving));
        let (noted, permits) = (asked.clone(), go.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, noted, permits, leaving) =
                    (answer.clone(), noted.clone(), permits.clone(), leaving.clone());
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    let steps = {
                        let mut noted = noted.lock().expect("requests");
                        let steps = answer(noted.len() + 1, &request);
                        noted.push(request);
                        steps
                    };
                    if serve(&mut stream, steps, &permits).await.is_err() {
                        leaving.send_modify(|count| *count += 1);
                    }
                });
            }
        });
        Self { address, asked, go, left }
    }

    /// A server that streams these words to everybody.
    pub async fn saying(words: &'static [&'static str]) -> Self {
        Self::start(move |_| stream(words)).await
    }

    /// Lets one [`Step::Wait`] be over.
    pub fn go(&self) {
        self.go.add_permits(1);
    }

    /// Lets every [`Step::Wait`] be over, from now on.
    pub fn go_on(&self) {
        self.go.close();
    }

    /// What it was asked, oldest first.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().expect("requests").clone()
    }

    /// All that was said to it in its last request, as one text.
    pub fn told(&self) -> String {
        let asked = self.asked();
        let turns = asked.last().and_then(|request| request["messages"].as_array().cloned()).unwrap_or_default();
        turns.iter().filter_map(|turn| turn["content"].as_str()).collect::<Vec<_>>().join("\n---\n")
    }

    /// Waits until the other side has closed a connection over which the server still had something to say.
    pub async fn left(&self) {
        let mut left = self.left.clone();
        let waiting = left.wait_for(|count| *count > 0);
        tokio::time::timeout(PATIENCE, waiting).await.expect("closed in time").expect("the server runs");
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Lets a chat server use it.
    pub fn configure(&self, config: &mut Config) {
        config.language_model = LanguageModelConfig {
            base_url: self.url(),
            model: "fake".into(),
            key: Key::new("sk-secret"),
            ..LanguageModelConfig::default()
        };
    }

    /// A client of it that waits for nothing longer than `idle`.
    pub fn client(&self, idle: Duration) -> LanguageModel {
        let waits = Waits { first: idle, idle, total: 2 * idle };
        let settings =
            Settings { model: "fake".into(), temperature: None, max_tokens: Some(50), context_chars: 8000, waits };
        LanguageModel::new(&self.url(), Key::new("sk-secret"), settings).expect("a model")
    }
}

/// A whole stream as llama.cpp sends it: a first delta without words, the words, the reason for the end, a count without choices.
pub fn stream(words: &[&str]) -> Vec<Step> {
    let mut text = String::from(STREAM);
    text.push_str(&event(&json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": null}}]})));
    words.iter().for_each(|word| text.push_str(&delta(word)));
    text.push_str(END);
    vec![Step::Send(text.into_bytes())]
}

/// The end of a stream.
pub const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                       data: {\"choices\":[],\"usage\":{\"total_tokens\":12}}\n\ndata: [DONE]\n\n";

/// Some words as an event.
pub fn delta(words: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {"content": words}}]}))
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// The head of a stream and some words.
pub fn begun(words: &str) -> Step {
    Step::Send(format!("{STREAM}{}", delta(words)).into_bytes())
}

/// A whole answer of another kind.
pub fn plain(status: &str, headers: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}");
    vec![Step::Send(answer.into_bytes())]
}

async fn read_request(stream: &mut TcpStream) -> Value {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a request"));
    }
    let head = String::from_utf8(head).expect("a head").to_lowercase();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0; length.expect("a length")];
    stream.read_exact(&mut body).await.expect("a body");
    let mut request: Value = serde_json::from_slice(&body).expect("JSON");
    request["path"] = head.split(' ').nth(1).into();
    request["authorization"] = header("authorization").into();
    request["traceparent"] = header("traceparent").into();
    request
}

/// `Err` when the other side closed before the end.
async fn serve(stream: &mut TcpStream, steps: Vec<Step>, go: &Semaphore) -> std::io::Result<()> {
    for step in steps {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            // Closed, it stays open for all.
            Step::Wait => drop(go.acquire().await.map(SemaphorePermit::forget)),
            Step::Forever(bytes) => loop {
                stream.write_all(&bytes).await?;
            },
            Step::Hang => {
                stream.read_u8().await?;
            }
        }
        stream.flush().await?;
        // What is sent in two steps arrives in two pieces.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stream.shutdown().await
}
