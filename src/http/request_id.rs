//! The id of a request: in its answer, in its log lines, and in the answer's body if it is an error.

use std::sync::Arc;

use uuid::Uuid;
use warp::http::HeaderMap;
use warp::http::header::{HeaderName, HeaderValue};
use warp::reply::Response;

use super::peer::Peer;

/// The header that tells it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Most characters of an id that a proxy gives.
const MOST: usize = 128;

/// The id that a trusted proxy gave, if it is one, or a new one.
pub fn of(headers: &HeaderMap, peer: &Peer) -> Arc<str> {
    let given = headers.get(HEADER).filter(|_| peer.is_proxy).and_then(|id| id.to_str().ok());
    match given.filter(|id| is_sane(id)) {
        Some(id) => id.into(),
        None => Uuid::now_v7().simple().to_string().into(),
    }
}

/// Tells whoever asked.
pub fn tell(response: &mut Response, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(HEADER, id);
    }
}

/// Whether it can stand in any log as it is.
fn is_sane(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:=+/@".contains(&byte);
    (1..=MOST).contains(&id.len()) && id.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_gives_ids_and_only_harmless_ones() {
        let id = |given: &str, is_proxy| {
            let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_str(given).expect("a header"))]);
            of(&headers, &Peer::new([192, 0, 2, 1].into(), is_proxy, None)).to_string()
        };
        for sane in ["7", "4bf92f35-77b3", "Root=1-67891233-abcdef012345678912345678", &"a".repeat(128)] {
            assert_eq!(id(sane, true), sane);
            assert_ne!(id(sane, false), sane);
        }
        for odd in ["", " ", "a b", "a\"b", "{}", "a\tb", &"a".repeat(129)] {
            let new = id(odd, true);
            assert!(new != odd && new.len() == 32, "{odd:?}: {new}");
        }
    }
}
