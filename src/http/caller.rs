//! Identifies the caller by address, cookies, `Authorization`, `Origin` and `Accept-Language`.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::Url;
use warp::Filter;
use warp::http::HeaderMap;
use warp::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, COOKIE, HOST, HeaderName, ORIGIN};
use warp::reject::Rejection;

use super::limits::Permit;
use super::refusals::Refusal;
use super::{App, Settings};
use crate::accounts::{Actor, Role, SignInError, Visitor};
use crate::model::Handle;
use crate::text::{Locale, Text};

/// Identifies a browser across visits; set with the page.
pub const VISITOR_COOKIE: &str = "chatbot_visitor";

/// Holds the owner's session token.
pub const SESSION_COOKIE: &str = "chatbot_session";

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The TCP connection a request came over.
#[derive(Clone)]
pub struct Peer {
    pub address: IpAddr,
    /// The connection's permit; `None` behind a proxy, where the client's own address is counted instead.
    pub permit: Option<Arc<Permit>>,
}

/// The sender of a request.
#[derive(Clone)]
pub struct Caller {
    /// The client's own address, also behind a trusted proxy.
    pub address: IpAddr,
    pub peer: Peer,
    /// Whose cookie it has, if it has one.
    pub visitor: Option<Visitor>,
    pub session: Option<String>,
    pub role: Role,
    pub locale: Locale,
    /// Whether the client's side of the connection is encrypted, as a trusted proxy says.
    pub is_secure: bool,
    /// Whether the request came through a trusted proxy.
    pub is_proxied: bool,
    /// Whether it comes from this machine itself, and not through a local proxy.
    pub is_local: bool,
    origin_is_allowed: bool,
}

impl Caller {
    /// This caller under the given handle.
    pub fn actor(&self, handle: Option<Handle>) -> Actor {
        Actor::new(self.visitor.as_ref(), handle, self.address, self.role, self.locale)
    }

    /// Refuses requests from pages of other origins.
    pub fn check_origin(&self) -> Result<(), Refusal> {
        if self.origin_is_allowed { Ok(()) } else { Err(Text::new("error-forbidden-origin").into()) }
    }
}

/// Extracts the caller. Refuses a wrong key.
pub fn caller(
    app: &Arc<App>,
) -> impl Filter<Extract = (Caller,), Error = Rejection> + Clone + Send + Sync + 'static + use<> {
    let app = app.clone();
    warp::ext::get::<Peer>().and(warp::header::headers_cloned()).and_then(move |peer: Peer, headers: HeaderMap| {
        let app = app.clone();
        async move { identify(&app, peer, &headers).await.map_err(warp::reject::custom) }
    })
}

async fn identify(app: &App, peer: Peer, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let settings = &app.settings;
    let is_proxied = is_trusted(&settings.trusted_proxies, peer.address);
    let address = if is_proxied { forwarded_address(headers, settings, peer.address) } else { peer.address };
    let is_local = peer.address.is_loopback() && !headers.contains_key(FORWARDED_FOR);
    let session = cookie(headers, SESSION_COOKIE);
    let role = match bearer(headers) {
        Some(key) => app.keys.check(key, address).map(|()| Role::Owner).map_err(sign_in_refusal)?,
        None => match &session {
            Some(token) => app.keys.role(token).await.map_err(Text::from)?,
            None => Role::Visitor,
        },
    };
    Ok(Caller {
        address,
        peer,
        visitor: cookie(headers, VISITOR_COOKIE).filter(|token| is_token(token)).map(|token| app.keys.visitor(&token)),
        session,
        role,
        locale: locale(headers),
        is_proxied,
        is_local,
        is_secure: is_proxied && headers.get(FORWARDED_PROTO).is_some_and(|proto| proto == "https"),
        origin_is_allowed: origin_is_allowed(headers, &settings.allowed_origins),
    })
}

/// The response to a refused key.
pub fn sign_in_refusal(error: SignInError) -> Refusal {
    match error {
        SignInError::WrongKey => Text::new("error-bad_key").into(),
        SignInError::TryLater { seconds } => {
            let text = Text::new("error-bad_key-later").with("seconds", seconds);
            Refusal::new(warp::http::StatusCode::TOO_MANY_REQUESTS, text).retry_after(seconds)
        }
        SignInError::Store(error) => Text::from(error).into(),
    }
}

/// The language a request asks for.
pub fn locale(headers: &HeaderMap) -> Locale {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    wanted.map_or(Locale::default(), Locale::from_accept_language)
}

fn is_trusted(proxies: &[IpNet], address: IpAddr) -> bool {
    proxies.iter().any(|network| network.contains(&address))
}

/// The last address in the list that is not one of our proxies: everything before it the client may have invented.
fn forwarded_address(headers: &HeaderMap, settings: &Settings, peer: IpAddr) -> IpAddr {
    let list = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let entries: Vec<&str> = list.flat_map(|line| line.split(',')).map(str::trim).collect();
    // From the right; entries before an invalid one are not trustworthy either.
    let addresses = entries.iter().rev().map_while(|entry| forwarded_entry(entry));
    let mut clients = addresses.filter(|address| !is_trusted(&settings.trusted_proxies, *address));
    clients.next().unwrap_or(peer)
}

/// An address, with or without a port.
fn forwarded_entry(entry: &str) -> Option<IpAddr> {
    let with_port = || entry.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    entry.parse::<IpAddr>().ok().or_else(with_port).map(|address| address.to_canonical())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// Whether a visitor cookie is acceptable: a short one could be guessed.
fn is_token(text: &str) -> bool {
    (32..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Only browsers send `Origin`, and a page cannot forge it.
fn origin_is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if allowed.iter().any(|one| one == origin) {
        return true;
    }
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let Ok(origin) = Url::parse(origin) else { return false };
    // The scheme is not compared: behind a proxy this server does not know its own. Parsing with the origin's scheme
    // leaves out the same default port on both sides.
    let Ok(own) = Url::parse(&format!("{}://{host}", origin.scheme())) else { return false };
    let is_same = origin.host_str().is_some() && origin.host_str() == own.host_str() && origin.port() == own.port();
    // A page under development is served from another port of the same machine. No other site has such an origin.
    is_same || (is_loopback(&origin) && is_loopback(&own))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || literal.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).expect("a header"))).collect()
    }

    #[test]
    fn only_the_own_page_and_named_ones_are_allowed() {
        let check = |origin: &str, host: &str, expected| {
            let headers = headers(&[(ORIGIN, origin), (HOST, host)]);
            let allowed = ["https://shop.example".to_owned()];
            assert_eq!(origin_is_allowed(&headers, &allowed), expected, "{origin} at {host}");
        };
        check("http://chat.example:8000", "chat.example:8000", true);
        check("https://chat.example", "chat.example", true);
        check("https://chat.example", "chat.example:443", true);
        check("https://shop.example", "chat.example", true);
        check("http://localhost:5500", "127.0.0.1:8000", true);
        check("https://evil.example", "chat.example", false);
        check("http://chat.example:8001", "chat.example:8000", false);
        check("https://chat.example.evil.example", "chat.example", false);
        check("http://localhost:5500", "chat.example", false);
        check("https://evil.example", "localhost:8000", false);
        check("null", "chat.example", false);
        check("", "", false);
        assert!(origin_is_allowed(&headers(&[(HOST, "chat.example")]), &[]), "scripts send no Origin");
    }

    #[test]
    fn cookies_are_found_among_others() {
        let headers = headers(&[(COOKIE, "a=1; chatbot_visitor=abc; b=2")]);
        assert_eq!(cookie(&headers, VISITOR_COOKIE).as_deref(), Some("abc"));
        assert_eq!(cookie(&headers, SESSION_COOKIE), None);
        assert!(!is_token("abc") && is_token(&"a1".repeat(20)));
    }
}
