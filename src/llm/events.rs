//! Parser for server-sent events, for any chunking of the stream.

use std::mem;

/// Maximum size of an event in bytes; those of chat models have a few hundred.
const MAX_EVENT: usize = 256 * 1024;

/// An event that exceeds the limit.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

/// Parses a stream in chunks. Returns the events' data; ignores names, ids and comments.
#[derive(Default)]
pub struct Events {
    /// The incomplete line; as bytes, because a character may be split.
    line: Vec<u8>,
    /// The data of the event that is not complete yet.
    data: Option<String>,
    /// The last byte was a carriage return, whose line feed may follow.
    after_return: bool,
}

impl Events {
    /// The data of the events that `bytes` complete.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut complete = Vec::new();
        for &byte in bytes {
            let is_rest_of_end = byte == b'\n' && self.after_return;
            match byte {
                b'\n' if is_rest_of_end => {}
                b'\r' | b'\n' => complete.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            self.after_return = byte == b'\r';
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > MAX_EVENT {
                return Err(TooLong);
            }
        }
        Ok(complete)
    }

    /// The incomplete event at the end of the stream, for servers that omit the last empty line.
    pub fn end(&mut self) -> Option<String> {
        self.end_line().or_else(|| self.data.take())
    }

    /// Processes a line; an empty one completes the event.
    fn end_line(&mut self) -> Option<String> {
        let line = mem::take(&mut self.line);
        if line.is_empty() {
            return self.data.take();
        }
        let line = String::from_utf8_lossy(&line);
        // A byte order mark may stand before the first.
        let line = line.trim_start_matches('\u{feff}');
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => *data = format!("{data}\n{value}"),
                None => self.data = Some(value.to_owned()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}: a comment\r\n\r\ndata: 你好\r\n\r\nid: 7\nevent: x\ndata:two\ndata:  lines\n\n\r\rdata\n\n\
                          data: last";

    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let mut events = Events::default();
        let mut all: Vec<_> = pieces.iter().flat_map(|piece| events.push(piece).expect("short")).collect();
        all.extend(events.end());
        all
    }

    #[test]
    fn events_are_the_same_wherever_the_stream_is_cut() {
        let bytes = STREAM.as_bytes();
        let expected = ["你好", "two\n lines", "", "last"];
        assert_eq!(read(&[bytes]), expected);
        for cut in 0..=bytes.len() {
            assert_eq!(read(&[&bytes[..cut], &bytes[cut..]]), expected, "cut at {cut}");
        }
        let single: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(read(&single), expected);
    }

    #[test]
    fn an_event_without_an_end_is_given_up() {
        let mut events = Events::default();
        let pushed = (0..1000).map(|_| events.push(&[b'x'; 1024])).find(Result::is_err);
        assert_eq!(pushed, Some(Err(TooLong)));
        let line = format!("data: {}\n", "x".repeat(1000));
        let mut events = Events::default();
        let pushed = (0..1000).map(|_| events.push(line.as_bytes())).find(Result::is_err);
        assert_eq!(pushed, Some(Err(TooLong)));
    }
}
