//! Takes a response apart into pieces of JSON, however it is cut on the way: server-sent events, or JSON as it is, in one object, a
//! list or one object after the other. Which of them it is shows at its first character: the types that servers give are often wrong.

use std::mem;

/// Maximum size of a piece in bytes; events have a few hundred, an answer that is not streamed has some thousand.
const MAX_PIECE: usize = 1024 * 1024;

/// A piece that exceeds the limit.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

/// Parses a stream in chunks. Of server-sent events it returns the data, and ignores names, ids and comments.
#[derive(Default)]
pub enum Events {
    /// Nothing but space has come, and perhaps a byte order mark.
    #[default]
    Unknown,
    ServerSent(ServerSent),
    Json(JsonObjects),
}

impl Events {
    /// The pieces that `bytes` complete.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        if let Self::Unknown = self {
            let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !BYTE_ORDER_MARK.contains(byte));
            match first {
                None => return Ok(Vec::new()),
                Some(b'{' | b'[') => *self = Self::Json(JsonObjects::default()),
                Some(_) => *self = Self::ServerSent(ServerSent::default()),
            }
        }
        match self {
            Self::Unknown => Ok(Vec::new()),
            Self::ServerSent(events) => events.push(bytes),
            Self::Json(objects) => objects.push(bytes),
        }
    }

    /// The incomplete piece at the end of the stream, for servers that omit its end.
    pub fn end(&mut self) -> Vec<String> {
        match self {
            Self::Unknown => Vec::new(),
            Self::ServerSent(events) => events.end(),
            Self::Json(objects) => objects.end().into_iter().collect(),
        }
    }
}

const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// Lines with fields; an empty one completes an event.
#[derive(Default)]
pub struct ServerSent {
    /// The incomplete line; as bytes, because a character may be split.
    line: Vec<u8>,
    /// The data of the event that is not complete yet.
    data: Option<String>,
    /// The last byte was a carriage return, whose line feed may follow.
    after_return: bool,
}

impl ServerSent {
    fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut complete = Vec::new();
        for &byte in bytes {
            let is_rest_of_end = byte == b'\n' && self.after_return;
            match byte {
                b'\n' if is_rest_of_end => {}
                b'\r' | b'\n' => complete.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            self.after_return = byte == b'\r';
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > MAX_PIECE {
                return Err(TooLong);
            }
        }
        Ok(complete.into_iter().flat_map(pieces).collect())
    }

    fn end(&mut self) -> Vec<String> {
        let last = self.end_line().or_else(|| self.data.take());
        last.into_iter().flat_map(pieces).collect()
    }

    fn end_line(&mut self) -> Option<String> {
        let line = mem::take(&mut self.line);
        if line.is_empty() {
            return self.data.take();
        }
        let line = String::from_utf8_lossy(&line);
        // A byte order mark may stand before the first.
        let line = line.trim_start_matches('\u{feff}');
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        let value = match field {
            "data" => value.to_owned(),
            // llama.cpp reports its errors in a field of their own.
            "error" => format!("{{\"error\":{value}}}"),
            _ => return None,
        };
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(&value);
            }
            None => self.data = Some(value),
        }
        None
    }
}

/// The data of an event: one piece, but one of each line where a server leaves out the empty lines between events.
fn pieces(data: String) -> Vec<String> {
    if !data.contains('\n') || serde_json::from_str::<serde::de::IgnoredAny>(&data).is_ok() {
        return vec![data];
    }
    data.lines().map(str::to_owned).collect()
}

/// Objects at the outermost level, or in one list.
#[derive(Default)]
pub struct JsonObjects {
    /// From the beginning of the incomplete one.
    object: Vec<u8>,
    /// Brackets that are open in it.
    depth: usize,
    in_string: bool,
    after_backslash: bool,
}

impl JsonObjects {
    fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut complete = Vec::new();
        for &byte in bytes {
            if self.depth == 0 && byte != b'{' {
                continue;
            }
            self.object.push(byte);
            match byte {
                _ if self.after_backslash => self.after_backslash = false,
                b'\\' if self.in_string => self.after_backslash = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
            if self.depth == 0 {
                complete.extend(self.end());
            } else if self.object.len() > MAX_PIECE {
                return Err(TooLong);
            }
        }
        Ok(complete)
    }

    fn end(&mut self) -> Option<String> {
        let object = mem::take(&mut self.object);
        (!object.is_empty()).then(|| String::from_utf8_lossy(&object).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}: a comment\r\n\r\ndata: 你好\r\n\r\nid: 7\nevent: x\ndata:[1,\ndata: 2]\n\n\r\rdata\n\n\
                          data: {}\ndata: [DONE]\n\nerror: {\"code\":500}\n\ndata: last";

    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let mut events = Events::default();
        let mut all: Vec<_> = pieces.iter().flat_map(|piece| events.push(piece).expect("short")).collect();
        all.extend(events.end());
        all
    }

    fn check(stream: &str, expected: &[&str]) {
        let bytes = stream.as_bytes();
        assert_eq!(read(&[bytes]), expected);
        for cut in 0..=bytes.len() {
            assert_eq!(read(&[&bytes[..cut], &bytes[cut..]]), expected, "cut at {cut}");
        }
        let single: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(read(&single), expected);
    }

    #[test]
    fn events_are_the_same_wherever_the_stream_is_cut() {
        check(STREAM, &["你好", "[1,\n2]", "", "{}", "[DONE]", "{\"error\":{\"code\":500}}", "last"]);
    }

    #[test]
    fn json_is_taken_apart_in_every_arrangement() {
        let objects = ["{\"a\":\"好 } \\\" {\"}", "{\n\"b\":[{}]\n}"];
        check(&objects.concat(), &objects);
        check(&objects.join("\n"), &objects);
        check(&format!("\u{feff}\n [{}]\n", objects.join(",")), &objects);
        check("{\"a\":1}{\"b", &["{\"a\":1}", "{\"b"]);
    }

    #[test]
    fn a_piece_without_an_end_is_given_up() {
        for (start, more) in
            [("x", "x".repeat(1024)), ("data: x\n", format!("data: {}\n", "x".repeat(1000))), ("{", "x".repeat(1024))]
        {
            let mut events = Events::default();
            assert_eq!(events.push(start.as_bytes()), Ok(vec![]));
            let pushed = (0..2000).map(|_| events.push(more.as_bytes())).find(Result::is_err);
            assert_eq!(pushed, Some(Err(TooLong)), "{start}");
        }
    }
}
