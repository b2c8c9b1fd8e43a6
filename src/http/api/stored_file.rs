//! Replies with a stored file whose content never changes: as a whole, or the part that a broken download lacks (RFC 9110, 13 and 14).

use std::io::{self, SeekFrom};
use std::ops::RangeInclusive;

use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use warp::Reply;
use warp::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;

use crate::model::FileId;

/// Bytes that are read ahead of the client.
const CHUNK: usize = 16 * 1024;

/// What of a file is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sent {
    /// The client has it.
    Nothing,
    Whole,
    Part(RangeInclusive<u64>),
    /// The client wants a part that there is not.
    Beyond,
}

/// The reply to a request for a file.
pub async fn reply(mut file: File, id: &FileId, asked: &HeaderMap) -> io::Result<Response> {
    let (length, tag) = (file.metadata().await?.len(), format!("\"{}\"", id.as_str()));
    let sent = sent(asked, &tag, length);
    let mut response = match &sent {
        Sent::Nothing => StatusCode::NOT_MODIFIED.into_response(),
        Sent::Whole => stream(file, length),
        Sent::Part(range) => {
            file.seek(SeekFrom::Start(*range.start())).await?;
            let mut response = stream(file, range.end() - range.start() + 1);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set(&mut response, CONTENT_RANGE, format!("bytes {}-{}/{length}", range.start(), range.end()));
            response
        }
        Sent::Beyond => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            set(&mut response, CONTENT_RANGE, format!("bytes */{length}"));
            response
        }
    };
    set(&mut response, ETAG, tag);
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(response)
}

fn stream(file: File, length: u64) -> Response {
    let mut response = warp::reply::stream(ReaderStream::with_capacity(file.take(length), CHUNK)).into_response();
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn set(response: &mut Response, name: warp::http::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Several parts at once are answered with the whole, which the standard allows.
fn sent(asked: &HeaderMap, tag: &str, length: u64) -> Sent {
    let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_known = |tags: &str| {
        let mut tags = tags.split(',').map(|one| one.trim().trim_start_matches("W/"));
        tags.any(|one| one == "*" || one == tag)
    };
    if text(IF_NONE_MATCH).is_some_and(is_known) {
        return Sent::Nothing;
    }
    // Of another content than the client has the beginning of, it needs the whole.
    if text(IF_RANGE).is_some_and(|known| known.trim() != tag) {
        return Sent::Whole;
    }
    let Some(Ok(ranges)) = text(RANGE).map(http_range_header::parse_range_header) else { return Sent::Whole };
    match ranges.validate(length).as_deref() {
        Ok([range]) => Sent::Part(range.clone()),
        Ok(_) => Sent::Whole,
        Err(_) => Sent::Beyond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_is_sent_of_the_content_that_the_client_has_begun_with() {
        let part = |range| Sent::Part(range);
        for (name, value, expected) in [
            ("accept", "*/*", Sent::Whole),
            ("range", "bytes=2-4", part(2..=4)),
            ("range", "bytes=7-", part(7..=9)),
            ("range", "bytes=-3", part(7..=9)),
            ("range", "bytes=8-100", part(8..=9)),
            ("range", "bytes=0-1,4-5", Sent::Whole),
            ("range", "bytes=10-", Sent::Beyond),
            ("range", "lines=1-2", Sent::Whole),
            ("range", "bytes=b-a", Sent::Whole),
            ("if-none-match", "\"old\", \"tag\"", Sent::Nothing),
            ("if-none-match", "W/\"tag\"", Sent::Nothing),
            ("if-none-match", "*", Sent::Nothing),
            ("if-none-match", "\"other\"", Sent::Whole),
        ] {
            let asked = HeaderMap::from_iter([(name.parse().expect("a name"), HeaderValue::from_static(value))]);
            assert_eq!(sent(&asked, "\"tag\"", 10), expected, "{name}: {value}");
        }
        let resumed = |tag| {
            let range = (RANGE, HeaderValue::from_static("bytes=5-"));
            sent(&HeaderMap::from_iter([range, (IF_RANGE, HeaderValue::from_static(tag))]), "\"tag\"", 10)
        };
        assert_eq!((resumed("\"tag\""), resumed("\"other\"")), (part(5..=9), Sent::Whole));
    }
}
