//! The few bytes of RFC 6455 that a load client and a bare server need.
//!
//! Finds frame borders in a buffer and writes small frames. It is no validator: what the protocol forbids a server to
//! send is proved by the tests, and a parser that checked it here would be the bottleneck of the load.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::Range;

pub const TEXT: u8 = 0x1;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// A client has to mask its frames. The key must be unpredictable only to protect proxies, of which there are none on
/// the loopback device; a constant one costs the server the same unmasking.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Any 16 bytes in base64 are a valid `Sec-WebSocket-Key`; the server derives its answer from them.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// More than any answer to the opening handshake takes.
const RESPONSE_BYTES: usize = 8 * 1024;

/// Where a frame lies in a buffer, as its first bytes tell.
pub struct Header {
    pub whole: bool,
    pub opcode: u8,
    pub mask: Option<[u8; 4]>,
    pub payload: Range<usize>,
}

impl Header {
    /// Reads the header at the start of `buffer`; nothing when it has not wholly arrived. The payload may still be on
    /// its way.
    #[inline]
    pub fn read(buffer: &[u8]) -> Option<Self> {
        let (&first, rest) = buffer.split_first()?;
        let (&second, rest) = rest.split_first()?;
        let (length, extended) = match second & !MASKED {
            126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
            127 => (u64::from_be_bytes(*rest.first_chunk()?), 8),
            short => (u64::from(short), 0),
        };
        let mut start = 2 + extended;
        let mut mask = None;
        if second & MASKED != 0 {
            mask = Some(*buffer.get(start..)?.first_chunk()?);
            start += 4;
        }
        // A length beyond the address space is never complete, which is how its caller meets it too.
        let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        Some(Self { whole: first & FINAL != 0, opcode: first & 0xf, mask, payload: start..end })
    }
}

/// Masking and unmasking are the same operation.
pub fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= mask[index % 4];
    }
}

pub fn append_client_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    append_header(out, opcode, payload.len(), MASKED);
    out.extend_from_slice(&MASK);
    let start = out.len();
    out.extend_from_slice(payload);
    apply_mask(&mut out[start..], MASK);
}

pub fn append_server_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    append_header(out, opcode, payload.len(), 0);
    out.extend_from_slice(payload);
}

fn append_header(out: &mut Vec<u8>, opcode: u8, length: usize, masked: u8) {
    out.push(FINAL | opcode);
    match length {
        0..126 => out.push(masked | length as u8),
        126..=0xffff => {
            out.push(masked | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// Opens a WebSocket on a connected stream. The server may have sent frames right behind its answer; they are returned.
pub fn open(stream: &mut TcpStream, path: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let host = stream.peer_addr()?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut response = Vec::new();
    let end = loop {
        if let Some(end) = head_end(&response) {
            break end;
        }
        let mut chunk = [0; 1024];
        match stream.read(&mut chunk)? {
            0 => return Err("the server closed during the handshake".into()),
            read if response.len() + read > RESPONSE_BYTES => {
                return Err("the handshake's answer has no end".into());
            }
            read => response.extend_from_slice(&chunk[..read]),
        }
    };
    if !response.starts_with(b"HTTP/1.1 101 ") {
        let head = String::from_utf8_lossy(&response[..end]);
        return Err(format!("the server refused the WebSocket: {}", head.trim_end()).into());
    }
    Ok(response.split_off(end))
}

/// The length of an HTTP head, its empty line included, once that has arrived.
pub fn head_end(bytes: &[u8]) -> Option<usize> {
    const EMPTY_LINE: &[u8] = b"\r\n\r\n";
    let start = bytes.windows(EMPTY_LINE.len()).position(|window| window == EMPTY_LINE)?;
    Some(start + EMPTY_LINE.len())
}
