//! Thousands of WebSocket clients on one thread: one epoll instance, one read buffer for all.
//!
//! Knows sockets and frame borders; what the frames say is up to a [`Behaviour`].

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use crate::websocket::{self, Header};

/// Large, so that a client which fell behind catches up in one read; all clients share it.
const READ_BYTES: usize = 1024 * 1024;
const EVENTS_PER_TURN: usize = 1024;
/// A server which takes longer than this to answer a handshake on the loopback device is stuck.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// What the clients do about what they receive.
pub trait Behaviour {
    /// One text frame for `client`; what is put in the outbox is sent by the same client.
    fn text(&mut self, client: usize, text: &[u8], outbox: &mut Outbox);

    /// The server ended this connection, with a close code if it said one.
    fn closed(&mut self, client: usize, code: Option<u16>);
}

/// Frames waiting to be written by one client.
#[derive(Default)]
pub struct Outbox(Vec<u8>);

impl Outbox {
    pub fn send(&mut self, text: &str) {
        websocket::append_client_frame(&mut self.0, websocket::TEXT, text.as_bytes());
    }
}

pub struct Swarm {
    epoll: OwnedFd,
    clients: Vec<Client>,
    events: Vec<epoll::Event>,
    read_buffer: Vec<u8>,
}

impl Swarm {
    /// Opens `count` WebSockets, one after the other.
    pub fn connect(server: SocketAddr, path: &str, count: usize) -> Result<Self, Box<dyn Error>> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let mut clients = Vec::with_capacity(count);
        for index in 0..count {
            let client =
                Client::connect(server, path).map_err(|error| format!("client {index} of {count}: {error}"))?;
            watch(&epoll, index, &client)?;
            clients.push(client);
        }
        Ok(Self { epoll, clients, events: Vec::with_capacity(EVENTS_PER_TURN), read_buffer: vec![0; READ_BYTES] })
    }

    pub fn len(&self) -> usize {
        self.clients.len()
    }

    pub fn send(&mut self, client: usize, text: &str) -> io::Result<()> {
        let client = &mut self.clients[client];
        client.outbox.send(text);
        client.flush()
    }

    /// Stops reading from a client, as a peer does whose device sleeps.
    pub fn stall(&mut self, client: usize) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, &self.clients[client].stream)?)
    }

    pub fn resume(&mut self, client: usize) -> io::Result<()> {
        watch(&self.epoll, client, &self.clients[client])
    }

    /// Reads what has arrived, for at most `patience` until something does. Returns how many texts there
    /// were; pings are answered and not counted.
    pub fn turn(&mut self, patience: Duration, behaviour: &mut impl Behaviour) -> Result<usize, Box<dyn Error>> {
        self.events.clear();
        let patience = Timespec::try_from(patience)?;
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&patience)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(0),
            Err(error) => return Err(error.into()),
        }
        let mut texts = 0;
        for event in &self.events {
            let index = event.data.u64() as usize;
            let client = &mut self.clients[index];
            let received = client.receive(index, &mut self.read_buffer, behaviour)?;
            texts += received.texts;
            if let Some(end) = received.end {
                epoll::delete(&self.epoll, &client.stream)?;
                behaviour.closed(index, end.code);
            }
        }
        Ok(texts)
    }

    /// Turns until no text has arrived for `quiet`. A server that never falls silent is an error.
    pub fn settle(&mut self, quiet: Duration, behaviour: &mut impl Behaviour) -> Result<(), Box<dyn Error>> {
        const LIMIT: Duration = Duration::from_secs(60);
        let start = Instant::now();
        let mut last_text = start;
        while last_text.elapsed() < quiet {
            if self.turn(quiet, behaviour)? > 0 {
                last_text = Instant::now();
            }
            if start.elapsed() > LIMIT {
                return Err(format!("the server still sends after {} s without load", LIMIT.as_secs()).into());
            }
        }
        Ok(())
    }
}

/// Level-triggered and for reading only: the load's own frames are few and small enough for the socket's send buffer.
fn watch(epoll: &OwnedFd, index: usize, client: &Client) -> io::Result<()> {
    Ok(epoll::add(epoll, &client.stream, EventData::new_u64(index as u64), EventFlags::IN)?)
}

struct Client {
    stream: TcpStream,
    /// The start of a frame whose rest has not arrived.
    partial: Vec<u8>,
    outbox: Outbox,
}

/// What one read brought.
#[derive(Default)]
struct Received {
    /// Bytes of complete frames.
    used: usize,
    texts: usize,
    end: Option<End>,
}

/// How a connection ended.
struct End {
    code: Option<u16>,
}

impl Client {
    fn connect(server: SocketAddr, path: &str) -> Result<Self, Box<dyn Error>> {
        let mut stream = TcpStream::connect(server)?;
        // Nagle's algorithm would hold a sender's next message back until the last one is acknowledged.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANDSHAKE_LIMIT))?;
        let partial = websocket::open(&mut stream, path)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, partial, outbox: Outbox::default() })
    }

    /// Reads once and hands on each complete frame.
    fn receive(
        &mut self,
        index: usize,
        buffer: &mut [u8],
        behaviour: &mut impl Behaviour,
    ) -> Result<Received, Box<dyn Error>> {
        let kept = self.partial.len();
        if kept >= buffer.len() {
            return Err(format!("client {index} got a frame of more than {} bytes", buffer.len()).into());
        }
        buffer[..kept].copy_from_slice(&self.partial);
        let ended = Received { end: Some(End { code: None }), ..Received::default() };
        let read = match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => return Ok(ended),
            Ok(read) => read,
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => return Ok(Received::default()),
                ErrorKind::ConnectionReset => return Ok(ended),
                _ => return Err(error.into()),
            },
        };
        let bytes = &buffer[..kept + read];
        let received = self.scan(index, bytes, behaviour)?;
        self.partial.clear();
        self.partial.extend_from_slice(&bytes[received.used..]);
        if received.end.is_none() {
            self.flush()?;
        }
        Ok(received)
    }

    fn scan(&mut self, index: usize, bytes: &[u8], behaviour: &mut impl Behaviour) -> Result<Received, Box<dyn Error>> {
        let mut received = Received::default();
        while let Some(header) = Header::read(&bytes[received.used..]) {
            let Some(payload) = bytes[received.used..].get(header.payload.clone()) else {
                break;
            };
            received.used += header.payload.end;
            match header.opcode {
                websocket::TEXT if header.whole => {
                    received.texts += 1;
                    behaviour.text(index, payload, &mut self.outbox);
                }
                websocket::PING => websocket::append_client_frame(&mut self.outbox.0, websocket::PONG, payload),
                websocket::PONG => {}
                websocket::CLOSE => {
                    let code = payload.first_chunk().map(|&code| u16::from_be_bytes(code));
                    received.end = Some(End { code });
                    break;
                }
                opcode => return Err(format!("client {index} got an unexpected frame, opcode {opcode:#x}").into()),
            }
        }
        Ok(received)
    }

    /// Writes what is waiting. A full send buffer keeps the rest for the next call; that the server is gone is for the
    /// next read to report.
    fn flush(&mut self) -> io::Result<()> {
        let pending = &mut self.outbox.0;
        while !pending.is_empty() {
            match self.stream.write(pending) {
                Ok(written) => drop(pending.drain(..written)),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => break,
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => pending.clear(),
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }
}
