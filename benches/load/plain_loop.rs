//! The reference for everything that goes through sockets: a bare epoll loop on one thread.
//!
//! It does what no server can do without: take frames in, copy each message into the pending bytes of every member, and
//! once per turn write to each member what is pending. It stores nothing, checks nothing, knows a single room, and
//! loses whatever a reader does not take. Its figures are the limit of what the machine's sockets can do.

use std::collections::HashMap;
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use tungstenite::handshake::derive_accept_key;

use crate::frames::string_field;
use crate::websocket::{self, Header};

const LISTENER: u64 = u64::MAX;
const EVENTS_PER_TURN: usize = 1024;
const READ_BYTES: usize = 64 * 1024;

#[derive(clap::Args)]
pub struct Options {
    #[arg(long)]
    port: u16,
}

/// Serves until killed.
pub fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut room =
        Room { epoll, connections: HashMap::new(), accepted: 0, last_seq: 0, read_buffer: vec![0; READ_BYTES] };
    let mut events = Vec::<epoll::Event>::with_capacity(EVENTS_PER_TURN);
    loop {
        events.clear();
        match epoll::wait(&room.epoll, spare_capacity(&mut events), None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            match event.data.u64() {
                LISTENER => room.accept(&listener)?,
                connection => room.take(connection, event.flags),
            }
        }
        room.write_pending();
    }
}

struct Room {
    epoll: OwnedFd,
    connections: HashMap<u64, Connection>,
    accepted: u64,
    last_seq: u64,
    read_buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    pending: Vec<u8>,
    handle: String,
    upgraded: bool,
    member: bool,
    /// The socket took less than was pending; epoll says when it takes more.
    blocked: bool,
    ended: bool,
}

impl Room {
    fn accept(&mut self, listener: &TcpListener) -> Result<(), Box<dyn Error>> {
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            // Edge-triggered, so that watching for writability costs nothing while nothing is blocked.
            let interest = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
            epoll::add(&self.epoll, &stream, EventData::new_u64(self.accepted), interest)?;
            self.connections.insert(self.accepted, Connection::new(stream));
            self.accepted += 1;
        }
    }

    fn take(&mut self, index: u64, flags: EventFlags) {
        let Some(connection) = self.connections.get_mut(&index) else {
            return;
        };
        if flags.contains(EventFlags::OUT) {
            connection.blocked = false;
        }
        if flags.contains(EventFlags::IN) {
            connection.read(&mut self.read_buffer);
        }
        if flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR) {
            connection.ended = true;
        }
        if !connection.upgraded && !connection.upgrade() {
            return;
        }
        for text in connection.texts() {
            self.answer(index, &text);
        }
    }

    fn answer(&mut self, index: u64, text: &[u8]) {
        let Some(connection) = self.connections.get_mut(&index) else {
            return;
        };
        match string_field(text, br#""type":""#) {
            Some(b"hello") => {
                connection.handle = field(text, br#""handle":""#);
                connection.send(r#"{"type":"welcome","protocol":1,"server":"plain-loop"}"#);
            }
            Some(b"join") => {
                connection.member = true;
                let room = field(text, br#""room":""#);
                connection.send(&format!(r#"{{"type":"joined","room":"{room}","last":{}}}"#, self.last_seq));
            }
            Some(b"send") => {
                self.last_seq += 1;
                let frames = Posted::new(text, &connection.handle, self.last_seq);
                connection.send(&frames.ack);
                self.publish(&frames.message);
            }
            _ => {}
        }
    }

    fn publish(&mut self, message: &str) {
        let mut frame = Vec::new();
        websocket::append_server_frame(&mut frame, websocket::TEXT, message.as_bytes());
        for connection in self.connections.values_mut().filter(|connection| connection.member) {
            connection.pending.extend_from_slice(&frame);
        }
    }

    /// One write for each connection with something pending; drops those that have ended.
    fn write_pending(&mut self) {
        self.connections.retain(|_, connection| {
            connection.write();
            !connection.ended
        });
    }
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            received: Vec::new(),
            pending: Vec::new(),
            handle: String::new(),
            upgraded: false,
            member: false,
            blocked: false,
            ended: false,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => self.ended = true,
                Ok(read) => {
                    self.received.extend_from_slice(&buffer[..read]);
                    // A short read has emptied the socket; edge-triggered epoll tells when there is more.
                    if read == buffer.len() {
                        continue;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.ended = true,
            }
            return;
        }
    }

    /// Answers the request once it has wholly arrived. Says whether the connection is a WebSocket now.
    fn upgrade(&mut self) -> bool {
        let Some(end) = websocket::head_end(&self.received) else {
            return false;
        };
        let head = String::from_utf8_lossy(&self.received[..end]).into_owned();
        self.received.drain(..end);
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let answer = match key {
            Some(key) => {
                let accept = derive_accept_key(key.as_bytes());
                self.upgraded = true;
                format!(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Accept: {accept}\r\n\r\n"
                )
            }
            None => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(),
        };
        self.pending.extend_from_slice(answer.as_bytes());
        self.upgraded
    }

    /// The texts which have wholly arrived, unmasked.
    fn texts(&mut self) -> Vec<Vec<u8>> {
        let mut texts = Vec::new();
        let mut used = 0;
        while let Some(header) = Header::read(&self.received[used..]) {
            let Some(payload) = self.received[used..].get(header.payload.clone()) else {
                break;
            };
            let mut payload = payload.to_vec();
            websocket::apply_mask(&mut payload, header.mask.unwrap_or_default());
            used += header.payload.end;
            if header.opcode == websocket::TEXT {
                texts.push(payload);
            }
        }
        self.received.drain(..used);
        texts
    }

    fn send(&mut self, text: &str) {
        websocket::append_server_frame(&mut self.pending, websocket::TEXT, text.as_bytes());
    }

    fn write(&mut self) {
        if self.pending.is_empty() || self.blocked || self.ended {
            return;
        }
        match self.stream.write(&self.pending) {
            Ok(written) => {
                self.blocked = written < self.pending.len();
                self.pending.drain(..written);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.blocked = true,
            Err(_) => self.ended = true,
        }
    }
}

/// What a send becomes: the fields of the real contract, so that both servers move frames of one size.
struct Posted {
    ack: String,
    message: String,
}

impl Posted {
    fn new(send: &[u8], handle: &str, seq: u64) -> Self {
        let room = field(send, br#""room":""#);
        let id = field(send, br#""id":""#);
        let text = field(send, br#""message":""#);
        let number = format!(r#""room":"{room}","seq":{seq}"#);
        let said = format!(r#""id":"{id}","handle":"{handle}","role":"user","message":"{text}""#);
        Self {
            ack: format!(r#"{{"type":"ack","id":"{id}",{number}}}"#),
            message: format!(r#"{{"type":"message",{number},{said},"timestamp":"2025-01-01T00:00:00.000Z"}}"#),
        }
    }
}

fn field(text: &[u8], before: &[u8]) -> String {
    String::from_utf8_lossy(string_field(text, before).unwrap_or_default()).into_owned()
}
