//! Reads a pipe line by line, in bounded memory.

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Maximum line length in bytes, enough for a JSON result. Longer lines are split.
const LONGEST_LINE: usize = 64 * 1024;

/// Bytes read at a time.
const READ: usize = 8 * 1024;

/// Reads lines.
pub struct Lines<R> {
    /// `None` once it has ended.
    from: Option<R>,
    /// The incomplete last line.
    begun: BytesMut,
    bytes_read: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub fn new(from: R) -> Self {
        Self { from: Some(from), begun: BytesMut::new(), bytes_read: 0 }
    }

    /// Whether everything has been read.
    pub fn is_over(&self) -> bool {
        self.from.is_none()
    }

    /// The pipe, unless everything has been read; from now on everything has.
    pub fn take(&mut self) -> Option<R> {
        self.from.take()
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> usize {
        self.bytes_read
    }

    /// The lines that one read completed, perhaps none, as a terminal would show them in the end; bytes that are not UTF-8 are
    /// replaced. Cancel safe.
    pub async fn next(&mut self) -> Vec<String> {
        let Some(from) = &mut self.from else { return Vec::new() };
        self.begun.reserve(READ);
        let read = from.read_buf(&mut self.begun).await.unwrap_or(0);
        self.bytes_read = self.bytes_read.saturating_add(read);
        if read == 0 {
            self.from = None;
        }
        let complete = self.begun.split_to(self.complete_up_to(read));
        String::from_utf8_lossy(&complete).lines().map(in_the_end).collect()
    }

    /// `new` bytes have been read just now.
    fn complete_up_to(&self, new: usize) -> usize {
        let known = self.begun.len() - new;
        match self.begun[known..].iter().rposition(|byte| *byte == b'\n') {
            _ if self.is_over() => self.begun.len(),
            Some(index) => known + index + 1,
            None if self.begun.len() >= LONGEST_LINE => start_of_last_character(&self.begun),
            None => 0,
        }
    }
}

/// What a terminal shows of a line once it is written: without colours, and what was written over last.
fn in_the_end(line: &str) -> String {
    let plain = console::strip_ansi_codes(line);
    let last = plain.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    last.to_owned()
}

/// The last character boundary.
fn start_of_last_character(text: &[u8]) -> usize {
    /// Bytes 10xxxxxx go on with a character, which has at most four.
    const MOST_BYTES: usize = 4;
    let tail = text.iter().rev().take(MOST_BYTES);
    let continued = tail.take_while(|byte| **byte & 0b1100_0000 == 0b1000_0000).count();
    text.len().saturating_sub(continued + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Vec<String> {
        let mut lines = Lines::new(bytes);
        let mut all = Vec::new();
        while !lines.is_over() {
            all.extend(lines.next().await);
            assert!(lines.begun.capacity() <= LONGEST_LINE + 2 * READ);
        }
        all
    }

    #[tokio::test]
    async fn every_line_comes_once_whatever_its_end() {
        assert_eq!(read(b"one\n\ntwo\r\nthree").await, ["one", "", "two", "three"]);
        assert_eq!(read(b"").await, [""; 0]);
        assert_eq!(read(b"\xff\xfe!\n").await, ["\u{fffd}\u{fffd}!"]);
    }

    #[tokio::test]
    async fn of_a_line_that_is_written_over_and_coloured_the_last_words_stay() {
        assert_eq!(read(b"10 %\r50 %\r100 %\ndone\r\n").await, ["100 %", "done"]);
        assert_eq!(read(b"\x1b[1;31mred\x1b[0m and \x1b]0;title\x07plain\n").await, ["red and plain"]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_cut_between_characters() {
        for character in ["x", "\u{e9}", "\u{5b57}", "\u{1f3d4}"] {
            let long = format!("a{}", character.repeat(200_000));
            let pieces = read(long.as_bytes()).await;
            assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() <= LONGEST_LINE + READ));
            assert_eq!(pieces.concat(), long);
        }
    }
}
