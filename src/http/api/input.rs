//! What requests bring: queries, and bodies within limits of size and time. What is wrong is said by the name of the field.

use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_path_to_error::Path;
use warp::Filter;
use warp::Rejection;
use warp::filters::BoxedFilter;

use crate::http::App;
use crate::http::refusals::Refusal;
use crate::text::Text;

/// Timeout for reading a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// Body size that the timeout applies to; larger bodies get proportionally more time.
const BODY_PART: usize = 2 * 1024 * 1024;

/// The query of a request. Fields that are not known are for others.
pub fn query<T: DeserializeOwned + Send + 'static>() -> BoxedFilter<(T,)> {
    let raw = warp::query::raw().or_else(|_| std::future::ready(Ok::<_, Rejection>((String::new(),))));
    raw.and_then(|query: String| {
        let parsed = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        let parsed = serde_path_to_error::deserialize(parsed);
        std::future::ready(parsed.map_err(|error| warp::reject::custom(wrong(error.path(), error.inner()))))
    })
    .boxed()
}

/// A JSON body of the usual size.
pub fn body<T: DeserializeOwned + Send + 'static>(app: &App) -> BoxedFilter<(T,)> {
    body_of(app.settings.frame_bytes)
}

/// A JSON body of at most `max` bytes. Fields that are not known are refused: whoever sends one expects something of it.
pub fn body_of<T: DeserializeOwned + Send + 'static>(max: usize) -> BoxedFilter<(T,)> {
    parsed_body(max, |unknown| match unknown {
        None => Ok(()),
        Some(field) => Err(bad_request(format_args!("{field} is not known here"))),
    })
}

/// A JSON body of at most `max` bytes, of an interface that others define and extend: fields that are not known are for others.
pub fn open_body_of<T: DeserializeOwned + Send + 'static>(max: usize) -> BoxedFilter<(T,)> {
    parsed_body(max, |_| Ok(()))
}

fn parsed_body<T: DeserializeOwned + Send + 'static>(
    max: usize,
    check: fn(Option<String>) -> Result<(), Refusal>,
) -> BoxedFilter<(T,)> {
    bytes_of(max)
        .and_then(move |bytes: Bytes| {
            let parsed = parse(&bytes).and_then(|(parsed, unknown)| check(unknown).map(|()| parsed));
            std::future::ready(parsed.map_err(warp::reject::custom))
        })
        .boxed()
}

/// What a body says, and the first field that is not known.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, Option<String>), Refusal> {
    // No body is the same as one without fields.
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let (mut unknown, mut json) = (None, serde_json::Deserializer::from_slice(bytes));
    let mut note = |path: serde_ignored::Path<'_>| {
        unknown.get_or_insert_with(|| path.to_string());
    };
    let parsed = serde_path_to_error::deserialize(serde_ignored::Deserializer::new(&mut json, &mut note));
    let parsed = parsed.map_err(|error| wrong(error.path(), error.inner()))?;
    json.end().map_err(|error| wrong_json(&error))?;
    Ok((parsed, unknown))
}

/// A raw body of at most `max` bytes.
pub fn bytes_of(max: usize) -> BoxedFilter<(Bytes,)> {
    warp::body::stream()
        .and_then(move |stream| async move {
            let parts = u32::try_from(max / BODY_PART).unwrap_or(u32::MAX);
            let read = tokio::time::timeout(BODY_TIMEOUT * (1 + parts), read_body(stream, max)).await;
            read.unwrap_or_else(|_| Err(bad_request("the body took too long"))).map_err(warp::reject::custom)
        })
        .boxed()
}

async fn read_body<B: bytes::Buf>(
    stream: impl futures_util::Stream<Item = Result<B, warp::Error>>,
    max: usize,
) -> Result<Bytes, Refusal> {
    use futures_util::StreamExt;
    let mut stream = std::pin::pin!(stream);
    let mut body = bytes::BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| bad_request("the body broke off"))?;
        if body.len() + chunk.remaining() > max {
            return Err(Text::new("error-too_large").with("max", max).into());
        }
        bytes::BufMut::put(&mut body, chunk);
    }
    Ok(body.freeze())
}

pub fn bad_request(reason: impl std::fmt::Display) -> Refusal {
    Text::new("error-bad_request").with("reason", reason).into()
}

/// What is wrong with JSON as such.
pub fn wrong_json(error: &serde_json::Error) -> Refusal {
    bad_request(plain(&error.to_string()))
}

/// What is wrong with a value, and where it stands.
fn wrong(path: &Path, error: &impl std::fmt::Display) -> Refusal {
    let (reason, place) = (plain(&error.to_string()), path.to_string());
    if place == "." { bad_request(reason) } else { bad_request(format_args!("{place}: {reason}")) }
}

/// What serde says, without names of Rust's types.
fn plain(reason: &str) -> String {
    // That of numbers in queries.
    if reason == "invalid digit found in string" || reason.starts_with("number too") {
        return "not a whole number, or out of range".to_owned();
    }
    let Some((found, expected)) = reason.split_once(", expected ") else { return reason.to_owned() };
    let (expected, place) = match expected.find(" at line ") {
        Some(at) => expected.split_at(at),
        None => (expected, ""),
    };
    format!("{found}, expected {}{place}", in_plain_words(expected))
}

fn in_plain_words(expected: &str) -> &str {
    let kind = expected.split_whitespace().next().unwrap_or_default();
    match kind {
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number of at least 0",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "struct" | "map" => "an object",
        "tuple" => "a list",
        "unit" => "null",
        "enum" => "one of its values",
        "a" if expected == "a sequence" => "a list",
        "a" if expected == "a map" => "an object",
        "internally" | "adjacently" | "untagged" => "an object",
        _ => expected,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Request {
        #[serde(default)]
        limit: Option<usize>,
        #[serde(default)]
        rooms: Vec<Room>,
    }

    #[derive(Debug, Deserialize)]
    struct Room {
        #[expect(dead_code, reason = "only whether it can be read counts")]
        name: String,
    }

    fn refused(body: &str) -> String {
        let parsed = parse::<Request>(body.as_bytes());
        let refusal = parsed.map(|(request, _)| (request.limit, request.rooms.len())).expect_err("refused");
        refusal.text().argument("reason").expect("a reason").to_owned()
    }

    #[test]
    fn what_is_wrong_is_said_by_the_name_of_the_field_without_names_of_types() {
        for (body, expected) in [
            (
                r#"{"limit": -1}"#,
                "limit: invalid value: integer `-1`, expected a whole number of at least 0 at line 1 column 12",
            ),
            (
                r#"{"rooms": [{"name": "a"}, {"name": 3}]}"#,
                "rooms[1].name: invalid type: integer `3`, expected a string at line 1 column 36",
            ),
            (r#"{"rooms": {}}"#, "rooms: invalid type: map, expected a list at line 1 column 10"),
            ("[", "EOF while parsing a list at line 1 column 1"),
            ("{} {}", "trailing characters at line 1 column 4"),
        ] {
            assert_eq!(refused(body), expected, "{body}");
        }
        assert!(refused("3").contains("expected an object"), "{}", refused("3"));
    }

    #[test]
    fn fields_that_are_not_known_are_noticed_wherever_they_are() {
        let unknown = |body: &str| parse::<Request>(body.as_bytes()).expect("parsed").1;
        assert_eq!(unknown(r#"{"limit": 1}"#), None);
        assert_eq!(unknown(""), None);
        assert_eq!(unknown(r#"{"delay": 1, "limits": 2}"#).as_deref(), Some("delay"));
        assert_eq!(unknown(r#"{"rooms": [{"name": "a", "kind": 1}]}"#).as_deref(), Some("rooms.0.kind"));
    }
}
