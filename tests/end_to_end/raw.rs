//! WebSockets byte by byte, for what a well-behaved client never does.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::PATIENCE;

/// First bytes of frames: the final bit and the kind (RFC 6455, 5.2).
pub const TEXT: u8 = 0x81;
pub const TEXT_BEGINS: u8 = 0x01;
pub const GOES_ON: u8 = 0x00;
pub const ENDS: u8 = 0x80;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;

/// An upgrade request for a path, with further header lines.
pub fn upgrade(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

/// A client's frame, masked as it must be.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = header(first, payload.len() as u64, true);
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

pub fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// A frame's header without its mask.
pub fn header(first: u8, length: u64, is_masked: bool) -> Vec<u8> {
    let masked = if is_masked { 0x80 } else { 0 };
    match length {
        0..126 => vec![first, masked | length as u8],
        126..0x1_0000 => [&[first, masked | 126], (length as u16).to_be_bytes().as_slice()].concat(),
        _ => [&[first, masked | 127], length.to_be_bytes().as_slice()].concat(),
    }
}

/// A connection below every protocol.
pub struct Raw<S = TcpStream>(pub S);

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("nodelay");
        Self(stream)
    }

    /// Upgraded to a WebSocket on `/ws`, with little room for what is not read.
    pub async fn open_narrow(address: SocketAddr) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
        Self(socket.connect(address).await.expect("a connection")).upgraded().await
    }

    /// Upgraded to a WebSocket on `/ws`.
    pub async fn open(address: SocketAddr) -> Self {
        Self::connect(address).await.upgraded().await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub async fn upgraded(self) -> Self {
        let mut raw = self;
        raw.write(upgrade("/ws", "").as_bytes()).await;
        assert!(raw.head().await.starts_with("HTTP/1.1 101"));
        raw
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("an open connection");
    }

    /// Whether there is any answer; none when the connection was closed unheard.
    pub async fn is_answered(&mut self, request: &[u8]) -> bool {
        self.0.write_all(request).await.is_ok() && self.read(1).await.is_some()
    }

    /// Reads exactly that much; `None` when the connection ends before.
    async fn read(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        let read = tokio::time::timeout(PATIENCE, self.0.read_exact(&mut bytes)).await.expect("an answer in time");
        read.ok().map(|_| bytes)
    }

    /// An HTTP answer's head.
    pub async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(self.read(1).await.expect("an answer"));
        }
        String::from_utf8(head).expect("text")
    }

    /// The server's next frame: its first byte and what it carries; `None` at the end.
    pub async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let start = self.read(2).await?;
        assert_eq!(start[1] & 0x80, 0, "a server does not mask");
        let length = match start[1] {
            126 => u16::from_be_bytes(self.read(2).await?.try_into().expect("two")).into(),
            127 => u64::from_be_bytes(self.read(8).await?.try_into().expect("eight")),
            short => u64::from(short),
        };
        let payload = self.read(usize::try_from(length).expect("fits")).await?;
        Some((start[0], payload))
    }

    /// The next text frame of a type.
    pub async fn expect(&mut self, kind: &str) -> Value {
        loop {
            let (first, payload) = self.frame().await.expect("a frame");
            assert_eq!(first, TEXT, "{:?}", String::from_utf8_lossy(&payload));
            let frame: Value = serde_json::from_slice(&payload).expect("JSON");
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The code of the close frame that comes next; the end of the connection must follow.
    pub async fn closed(&mut self) -> Option<u16> {
        let (first, payload) = self.frame().await.expect("a frame");
        assert_eq!(first, CLOSE, "{:?}", String::from_utf8_lossy(&payload));
        assert_eq!(self.frame().await, None, "nothing follows a close frame");
        payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code))
    }
}
