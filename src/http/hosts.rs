//! By which names this server may be called.
//!
//! The page of another site can have its own name point to this server (DNS rebinding): then the browser takes both for one
//! origin. But `Host` has that name.

use std::net::IpAddr;

use hyper::{Request, Version};
use warp::http::HeaderMap;
use warp::http::header::{HOST, HeaderName};

use super::Settings;
use super::peer::Peer;
use super::refusals::Refusal;
use crate::text::Text;

/// Endings of names that no one can register in the public DNS (RFC 2606, 6762, 8375; ICANN's reservation of "internal").
const LOCAL_ENDINGS: [&str; 4] = [".localhost", ".local", ".home.arpa", ".internal"];

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Refuses a request that was sent to a name which is not known to be this server's. Proxies that are trusted have chosen it by
/// its name.
pub fn check(headers: &HeaderMap, settings: &Settings, peer: &Peer) -> Result<(), Refusal> {
    let Some(host) = host(headers) else { return Ok(()) };
    if peer.is_proxy || is_private(host) || settings.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    Err(Text::new("error-unknown_host").with("host", host).into())
}

/// Refuses a request that does not say what it was sent to, or says several things (RFC 9112, 3.2).
pub fn is_named_once<B>(request: &Request<B>) -> Result<(), Refusal> {
    let named = request.headers().get_all(HOST).iter().count();
    let is_old = request.version() < Version::HTTP_11;
    if named == 1 || (named == 0 && is_old) { Ok(()) } else { Err(Text::new("error-bad_request-hosts").into()) }
}

/// Whether the client's side of the connection is encrypted: by this server, or as a trusted proxy says.
pub fn is_secure(headers: &HeaderMap, peer: &Peer) -> bool {
    match headers.get(FORWARDED_PROTO).filter(|_| peer.is_proxy) {
        Some(proto) => proto == "https",
        None => peer.is_encrypted,
    }
}

/// Whether a browser reached this server over HTTPS: the connection is encrypted, a trusted proxy says so or, where it says
/// nothing, the request is for the public address, which begins so.
pub fn is_https(headers: &HeaderMap, settings: &Settings, peer: &Peer) -> bool {
    let is_public =
        || host(headers).zip(settings.https_host.as_deref()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
    is_secure(headers, peer) || (!headers.contains_key(FORWARDED_PROTO) && is_public())
}

/// Whether a request was sent to this machine by a name for itself.
pub fn is_loopback(headers: &HeaderMap) -> bool {
    host(headers).is_none_or(|host| {
        host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|address| address.is_loopback())
    })
}

/// The name or address in `Host`, without a port.
pub fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(HOST)?.to_str().unwrap_or("?");
    let without_port = match host.rsplit_once(':') {
        // A colon inside of brackets belongs to an address.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    Some(without_port.trim_end_matches('.'))
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Addresses, and names that are not in the public DNS.
fn is_private(host: &str) -> bool {
    let lowered = host.to_ascii_lowercase();
    let is_short = !lowered.contains('.') && lowered.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_short || address(host).is_some() || LOCAL_ENDINGS.iter().any(|ending| lowered.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    #[test]
    fn names_that_could_be_anybodys_are_not_private() {
        for (host, expected) in [
            ("localhost:8000", true),
            ("chat.localhost", true),
            ("raspberrypi", true),
            ("raspberrypi.local:8000", true),
            ("192.168.1.20:8000", true),
            ("[::1]:8000", true),
            ("[fe80::1]", true),
            ("chat.example.com", false),
            ("evil.example:8000", false),
            ("localhost.evil.example", false),
            ("a b", false),
        ] {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).expect("a header"))]);
            let found = host_of(&headers);
            assert_eq!(is_private(found), expected, "{host} is {found}");
        }
    }

    fn host_of(headers: &HeaderMap) -> &str {
        host(headers).expect("a host")
    }
}
