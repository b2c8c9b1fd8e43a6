//! In which encoding a reply goes out: what the client accepts (RFC 9110, 12.5.3), and compressing what is made here.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use hyper::body::Body;
use warp::http::HeaderMap;
use warp::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, VARY,
};
use warp::reply::Response;

/// Shortest reply that is compressed, in bytes: others fit into one packet anyway.
const SHORTEST: u64 = 1024;

/// Longest one. Those are in memory as a whole; longer ones come from a file, as fast as the client reads.
const LONGEST: u64 = 128 * 1024;

/// The one of these encodings that the client likes best, by its quality values and then by their order here; `None` for the
/// content as it is.
pub fn best<'a>(headers: &HeaderMap, offered: &[&'a str]) -> Option<&'a str> {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<(&str, f32)> = accepted.flat_map(|value| value.split(',')).filter_map(weighed).collect();
    let named = |wanted: &str| {
        let own = accepted.iter().find(|(coding, _)| coding.eq_ignore_ascii_case(wanted));
        own.map(|(_, quality)| *quality)
    };
    let any = named("*");
    let identity = named("identity").or(any.filter(|quality| *quality == 0.0)).unwrap_or(f32::MIN_POSITIVE);
    let mut best = (None, identity);
    for coding in offered {
        let quality = named(coding).or(any).unwrap_or(0.0);
        if quality > best.1 {
            best = (Some(*coding), quality);
        }
    }
    best.0
}

/// A coding with its quality; `None` if that is none.
fn weighed(one: &str) -> Option<(&str, f32)> {
    let (coding, parameter) = one.split_once(';').unwrap_or((one, "q=1"));
    let quality = parameter.trim().strip_prefix("q=").or_else(|| parameter.trim().strip_prefix("Q="))?;
    Some((coding.trim(), quality.parse().ok()?))
}

/// Compresses JSON and other text that is in memory, if the client accepts that.
pub async fn compressed(response: Response, accepts_gzip: bool) -> Response {
    let is_worth_it = response.body().size_hint().exact().is_some_and(|size| (SHORTEST..=LONGEST).contains(&size));
    if !is_worth_it || !is_text(response.headers()) || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    head.headers.append(VARY, HeaderValue::from_name(HeaderName::from_static("accept-encoding")));
    if !accepts_gzip {
        return Response::from_parts(head, body);
    }
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        // What is in memory cannot break off.
        return Response::from_parts(head, Default::default());
    };
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    match packed.write_all(&body).and_then(|()| packed.finish()) {
        Ok(packed) => {
            head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            head.headers.remove(CONTENT_LENGTH);
            Response::from_parts(head, packed.into())
        }
        Err(_) => Response::from_parts(head, body.into()),
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/json") || (kind.starts_with("text/") && !kind.starts_with("text/event-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_with_the_greatest_quality_is_taken_and_none_that_is_refused() {
        for (accepted, expected) in [
            ("", None),
            ("gzip, deflate, br", Some("br")),
            ("gzip", Some("gzip")),
            ("GZIP;q=0.5", Some("gzip")),
            ("br;q=0.5, gzip;q=0.8", Some("gzip")),
            ("br;q=0, gzip;q=0", None),
            ("*", Some("br")),
            ("*;q=0.1, br;q=0", Some("gzip")),
            ("identity, gzip;q=0.5", None),
            ("identity;q=0, gzip;q=0.5", Some("gzip")),
            ("gzip;q=x", None),
            ("deflate", None),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_str(accepted).expect("a header"))]);
            assert_eq!(best(&headers, &["br", "gzip"]), expected, "{accepted:?}");
        }
        assert_eq!(best(&HeaderMap::new(), &["br", "gzip"]), None);
    }
}
