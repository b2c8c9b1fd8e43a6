//! The JSON frames of the load: composing the client's, recognising the server's.
//!
//! The server's frames are searched, not parsed: the load has one core to read millions of them a second with. The
//! search is exact, since a quote inside a JSON string is always escaped. The key order the server happens to use makes
//! it fast, no order makes it wrong.

/// What a server frame is, as far as the load cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Message,
    Ack,
    Joined,
    Welcome,
    Error,
    /// Presence and whatever else a server may send.
    Other,
}

impl Kind {
    #[inline]
    pub fn of(text: &[u8]) -> Self {
        const TYPE: &[u8] = br#""type":""#;
        let name = match text.strip_prefix(br#"{"type":""#) {
            Some(name) => name,
            None => match find(text, TYPE) {
                Some(at) => &text[at + TYPE.len()..],
                None => return Self::Other,
            },
        };
        if name.starts_with(b"message\"") {
            Self::Message
        } else if name.starts_with(b"ack\"") {
            Self::Ack
        } else if name.starts_with(b"joined\"") {
            Self::Joined
        } else if name.starts_with(b"welcome\"") {
            Self::Welcome
        } else if name.starts_with(b"error\"") {
            Self::Error
        } else {
            Self::Other
        }
    }
}

/// A number behind a fixed run of bytes. Remembers where it stood last, since in the next frame it mostly stands there
/// again.
pub struct NumberField {
    before: &'static [u8],
    last_found: usize,
}

impl NumberField {
    pub const fn after(before: &'static [u8]) -> Self {
        Self { before, last_found: 0 }
    }

    #[inline]
    pub fn read(&mut self, text: &[u8]) -> Option<u64> {
        let remembered = text.get(self.last_found..)?;
        if !remembered.starts_with(self.before) {
            self.last_found = find(text, self.before)?;
        }
        let digits = &text[self.last_found + self.before.len()..];
        let mut value = None;
        for &digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
            value = Some(value.unwrap_or(0_u64).wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
        }
        value
    }
}

/// The number of a message in its room.
pub const SEQ: NumberField = NumberField::after(br#""seq":"#);
/// The newest number in a room, in its `joined` frame.
pub const LAST: NumberField = NumberField::after(br#""last":"#);
/// The load's own count of its sends, which it writes into text and id.
pub const SEND_IN_TEXT: NumberField = NumberField::after(br#""message":"load "#);
pub const SEND_IN_ID: NumberField = NumberField::after(br#""id":"load-"#);

pub fn hello(handle: &str) -> String {
    format!(r#"{{"type":"hello","handle":"{handle}"}}"#)
}

pub fn join(room: &str) -> String {
    format!(r#"{{"type":"join","room":"{room}"}}"#)
}

pub fn send(room: &str, send: usize) -> String {
    format!(r#"{{"type":"send","room":"{room}","id":"load-{send}","message":"load {send} said"}}"#)
}

/// Whether a message answers a command.
pub fn is_answer(text: &[u8]) -> bool {
    find(text, br#""reply_to":"#).is_some()
}

/// The value of a string field without escapes.
pub fn string_field<'a>(text: &'a [u8], before: &[u8]) -> Option<&'a [u8]> {
    let start = find(text, before)? + before.len();
    let length = text[start..].iter().position(|&byte| byte == b'"')?;
    Some(&text[start..start + length])
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}
