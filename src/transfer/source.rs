//! What an export has in it, and what reading one of any format takes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::TransferError;
use super::lines::{MessageLine, RoomLine};
use crate::model::Timestamp;

/// Rooms and their messages, those of a room in the order in which they are to be numbered.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct History {
    pub rooms: Vec<RoomLine>,
    pub messages: Vec<MessageLine>,
}

impl History {
    /// Puts the messages in the order of time, which keeps that of messages of one moment.
    pub(super) fn sorted(mut self) -> Self {
        self.messages.sort_by_key(|message| message.at);
        self
    }
}

/// Reads a file with a JSON value on each line.
pub(super) fn each_line<T: DeserializeOwned>(
    path: &Path,
    mut visit: impl FnMut(T) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    let file = File::open(path).map_err(|error| TransferError::unreadable(path.display(), error))?;
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let place = || format!("{}, line {}", path.display(), number + 1);
        let line = line.map_err(|error| TransferError::unreadable(place(), error))?;
        if line.trim().is_empty() {
            continue;
        }
        let value = serde_json::from_str(&line).map_err(|error| TransferError::unreadable(place(), error))?;
        visit(value)?;
    }
    Ok(())
}

/// Reads a JSON file.
pub(super) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, TransferError> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|mut file| file.read_to_end(&mut text));
    read.map_err(|error| TransferError::unreadable(path.display(), error))?;
    // Some programs on Windows put a mark in front.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    serde_json::from_slice(text).map_err(|error| TransferError::unreadable(path.display(), error))
}

/// The files of a folder whose names end so, by name.
pub(super) fn files(dir: &Path, ending: &str) -> Result<Vec<PathBuf>, TransferError> {
    let entries = fs::read_dir(dir).map_err(|error| TransferError::unreadable(dir.display(), error))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.is_file() && path.to_string_lossy().ends_with(ending));
    paths.sort();
    Ok(paths)
}

/// A moment as the programs write it: RFC 3339, seconds or milliseconds since 1970, or a date and a time without a zone, which
/// is taken for UTC.
pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => number.as_f64().map(of_number),
        Value::String(text) => {
            let text = text.trim();
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            if is_number {
                return text.parse().ok().map(of_number);
            }
            Timestamp::parse(text).or_else(|| {
                let text = text.replace(" +0000", "").replace('/', "-");
                let civil: DateTime = text.parse().ok()?;
                let moment = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
                Some(Timestamp(moment.as_millisecond()))
            })
        }
        // {"$date": …} of MongoDB.
        Value::Object(fields) => fields.get("$date").or_else(|| fields.get("$numberLong")).and_then(moment),
        _ => None,
    }
}

/// Seconds, or milliseconds where seconds would be in the far future.
fn of_number(number: f64) -> Timestamp {
    const YEAR_3000: f64 = 32_503_680_000.0;
    let millis = if number < YEAR_3000 { number * 1000.0 } else { number };
    Timestamp(millis.round() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moments_are_read_however_they_are_written() {
        let expected = Timestamp::parse("2026-01-31T09:30:00Z");
        for value in [
            json!("2026-01-31T09:30:00Z"),
            json!("2026-01-31T17:30:00+08:00"),
            json!("2026-01-31 09:30:00"),
            json!("2026/01/31 09:30:00 +0000"),
            json!("1769851800.000000"),
            json!(1_769_851_800),
            json!(1_769_851_800_000_u64),
            json!({"$date": "2026-01-31T09:30:00.000Z"}),
            json!({"$date": {"$numberLong": "1769851800000"}}),
        ] {
            assert_eq!(moment(&value), expected, "{value}");
        }
        for value in [json!("yesterday"), json!(null), json!(""), json!({})] {
            assert_eq!(moment(&value), None, "{value}");
        }
    }
}
