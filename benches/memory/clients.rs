//! Who writes, reads, and does not read.

use std::error::Error;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::server::{OWNER_KEY, Server};

/// The one room.
pub const ROOM: &str = "lobby";

/// What is sent: by how many, how often, and how fast all together.
pub struct Load {
    pub senders: usize,
    pub messages: usize,
    /// Messages of one sender that wait for their ack.
    pub window: usize,
    /// In which they are spread evenly; as fast as it goes if there is none.
    pub within: Option<Duration>,
    pub text: fn(usize) -> String,
}

/// Sends all of it; every message is waited for.
pub async fn send(address: SocketAddr, load: &Load) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let senders = (0..load.senders).map(|sender| send_one(address, load, sender, began));
    for sent in futures_util::future::join_all(senders).await {
        sent?;
    }
    Ok(())
}

async fn send_one(address: SocketAddr, load: &Load, sender: usize, began: Instant) -> Result<(), Box<dyn Error>> {
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/ws")).await?;
    let hello = json!({"type": "hello", "handle": format!("sender {sender}")});
    socket.send(Message::text(hello.to_string())).await?;
    let mut waiting = 0;
    for number in (sender..load.messages).step_by(load.senders) {
        if let Some(within) = load.within {
            tokio::time::sleep_until((began + within.mul_f64(number as f64 / load.messages as f64)).into()).await;
        }
        let id = format!("{:x}-{sender}-{number}", began.elapsed().as_nanos());
        let frame = json!({"type": "send", "room": ROOM, "id": id, "message": (load.text)(number)});
        socket.send(Message::text(frame.to_string())).await?;
        waiting += 1;
        while waiting >= load.window {
            waiting -= acked(&mut socket).await?;
        }
    }
    while waiting > 0 {
        waiting -= acked(&mut socket).await?;
    }
    Ok(())
}

/// Reads a frame; 1 if it is an ack.
async fn acked<S>(socket: &mut S) -> Result<usize, Box<dyn Error>>
where
    S: StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    let frame = socket.next().await.ok_or("the server closed a socket")??;
    let Message::Text(text) = frame else { return Ok(0) };
    let frame: Value = serde_json::from_str(&text)?;
    match frame["type"].as_str() {
        Some("ack") => Ok(1),
        Some("error") => Err(format!("refused: {text}").into()),
        _ => Ok(0),
    }
}

/// Reads the room from its end to its beginning, page by page; how many messages that were.
pub async fn read_all(server: &Server) -> Result<usize, Box<dyn Error>> {
    let client = reqwest::Client::new();
    let (mut read, mut before) = (0, String::new());
    loop {
        let url = server.url(&format!("/api/rooms/{ROOM}/messages?limit=200{before}"));
        let page: Value = serde_json::from_str(&client.get(url).send().await?.text().await?)?;
        let messages = page["messages"].as_array().ok_or("no messages")?;
        read += messages.len();
        let Some(first) = messages.first().filter(|_| page["more"] == true) else { return Ok(read) };
        before = format!("&before={}", first["seq"]);
    }
}

/// Adds a document with so many bytes of text, and waits until it is found by its words.
pub async fn add_document(server: &Server, bytes: usize) -> Result<String, Box<dyn Error>> {
    let text: String =
        (0..bytes / 50).map(|line| format!("Line {line:07} of a document that is as long as it goes.\n")).collect();
    let body = json!({"title": "long", "text": text}).to_string();
    let client = reqwest::Client::new();
    let request = client.post(server.url("/api/documents")).bearer_auth(OWNER_KEY);
    let added = request.header("content-type", "application/json").body(body).send().await?.text().await?;
    let added: Value = serde_json::from_str(&added)?;
    Ok(added["id"].as_str().ok_or_else(|| format!("not added: {added}"))?.to_owned())
}

/// Asks for something and does not read the answer.
pub fn ask_and_wait(address: SocketAddr, path: &str) -> Result<TcpStream, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    Ok(stream)
}
