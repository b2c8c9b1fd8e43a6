//! Identifies the caller by address, cookies, `Authorization`, `Origin` and `Accept-Language`.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::Url;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::HeaderMap;
use warp::http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN, USER_AGENT, VIA,
};

use super::hosts;
use super::peer::Peer;
use super::refusals::Refusal;
use super::{App, Settings};
use crate::accounts::{Actor, Device, Sanctioned, SignInError, SignedIn, Tokens, Visitor};
use crate::model::{Account, AddressDigest, Handle, Payer, Principal, Role, RoomName};
use crate::protocol::UserView;
use crate::text::{Locale, Text};

/// Identifies a browser across visits; set with the page.
pub const VISITOR_COOKIE: &str = "chatbot_visitor";

/// Holds the token of a session.
pub const SESSION_COOKIE: &str = "chatbot_session";

/// Marks a browser in which somebody signed in; stays when they sign out.
pub const MARK_COOKIE: &str = "chatbot_known";

/// What proxies add of which a request is known that came through one.
const FORWARDED: [HeaderName; 4] =
    [FORWARDED_FOR, HeaderName::from_static("x-real-ip"), HeaderName::from_static("forwarded"), VIA];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// By which browsers say where a request comes from (W3C Fetch Metadata).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The sender of a request.
#[derive(Clone)]
pub struct Caller {
    /// The client's own address, also behind a trusted proxy.
    pub address: IpAddr,
    /// `None` if addresses are not counted.
    address_digest: Option<AddressDigest>,
    pub peer: Peer,
    /// The browser or script that asks.
    pub visitor: Visitor,
    /// The program whose token it has, if it has one.
    program: Option<Actor>,
    /// The token of its session, whether that is open or not.
    pub session: Option<String>,
    /// Who is signed in, if somebody is.
    pub signed_in: Option<SignedIn>,
    /// The mark of a browser in which somebody signed in before.
    pub mark: Option<String>,
    pub device: Device,
    /// That of the account, if it is signed in to one.
    private_room: Option<RoomName>,
    pub role: Role,
    /// Who else that person was.
    also: Arc<[Principal]>,
    sanctioned: Sanctioned,
    pub locale: Locale,
    /// Whether the client's side of the connection is encrypted: by this server, or as a trusted proxy says.
    pub is_secure: bool,
    /// Whether the request came through a trusted proxy.
    pub is_proxied: bool,
    /// Whether it comes from this machine itself, and not through a local proxy.
    pub is_local: bool,
    origin_is_allowed: bool,
}

impl Caller {
    /// This caller under the given handle; an account has its own.
    pub fn actor(&self, handle: Option<Handle>) -> Actor {
        let actor = match (&self.program, self.account().zip(self.private_room.as_ref())) {
            (Some(program), _) => program.clone(),
            (None, Some((account, room))) => Actor::of_account(account, room.clone(), self.locale),
            (None, None) => Actor::new(&self.visitor, handle, self.role, self.locale),
        };
        let (address, also) = (self.address_digest.clone(), self.also.clone());
        Actor { address, also, sanctioned: self.sanctioned, ..actor }
    }

    /// Who pays for its requests.
    pub fn payer(&self) -> Payer {
        self.actor(None).payer()
    }

    /// A reference to its address, unless addresses are not counted.
    pub fn address_digest(&self) -> Option<&AddressDigest> {
        self.address_digest.as_ref()
    }

    /// As whom the account writes that a program acts for.
    pub fn acts_for(&self) -> Option<&Principal> {
        Some(&self.program.as_ref()?.acts_for.as_ref()?.principal)
    }

    /// Whoever acts.
    pub fn principal(&self) -> &Principal {
        self.account().map_or(&self.visitor.principal, |account| &account.principal)
    }

    /// The account that it is signed in to.
    pub fn account(&self) -> Option<&Account> {
        self.signed_in.as_ref()?.account.as_deref()
    }

    /// Refuses requests from pages of other origins.
    pub fn check_origin(&self) -> Result<(), Refusal> {
        if self.origin_is_allowed { Ok(()) } else { Err(Text::new("error-forbidden-origin").into()) }
    }
}

/// Extracts the caller. Refuses a wrong key.
pub fn caller(app: &Arc<App>) -> BoxedFilter<(Caller,)> {
    let app = app.clone();
    let asked = warp::ext::get::<Peer>().and(warp::header::headers_cloned());
    let identified = asked.and_then(move |peer: Peer, headers: HeaderMap| {
        let app = app.clone();
        async move { identify(&app, peer, &headers).await.map_err(warp::reject::custom) }
    });
    identified.boxed()
}

async fn identify(app: &App, peer: Peer, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let settings = &app.settings;
    let is_proxied = peer.is_proxy;
    let address = if is_proxied { forwarded_address(headers, settings, peer.address) } else { peer.address };
    if !is_proxied {
        app.unknown_proxy.look(headers, peer.address);
    }
    let is_forwarded = FORWARDED.iter().any(|name| headers.contains_key(name));
    let is_local = peer.address.is_loopback() && !is_forwarded && hosts::is_loopback(headers);
    let is_secure = hosts::is_secure(headers, &peer);
    let session = cookie(headers, &cookie_name(SESSION_COOKIE, is_secure))?;
    let key = bearer(headers);
    let program = match key.filter(|key| Tokens::is_token(key)) {
        Some(token) => Some(app.tokens.find(token).await?.ok_or_else(|| Text::new("error-bad_key"))?),
        None => None,
    };
    let (signed_in, role) = match (key, &session) {
        (Some(_), _) if program.is_some() => {
            (None, program.as_ref().map_or(Role::Stranger, |(_, account)| account.role))
        }
        (Some(key), _) => (None, app.keys.check(key, address).map(|()| Role::Owner).map_err(sign_in_refusal)?),
        (None, Some(token)) => {
            let signed_in = app.sessions.find(token, address).await.map_err(Text::from)?;
            let role = signed_in.as_ref().map_or_else(|| app.front_door.role_of_guests(), SignedIn::role);
            (signed_in, role)
        }
        (None, None) => (None, app.front_door.role_of_guests()),
    };
    let account = signed_in.as_ref().and_then(|signed_in| signed_in.account.as_ref());
    let private_room = account.map(|account| app.store.private_room(&account.principal));
    let digest = settings.counts_addresses.then(|| app.store.address_digest(address));
    let program = program.map(|(token, account)| Actor::of_program(&token, &account, &app.store, locale(headers)));
    let visitor = match (&program, key) {
        (Some(program), _) => Visitor::of_actor(program),
        (None, Some(_)) => Visitor::owner(&app.store),
        (None, None) => visitor(app, headers, is_secure, private_room.is_some()).await?,
    };
    let principal = account.map_or(&visitor.principal, |account| &account.principal);
    let acts_for = program.as_ref().and_then(|program| program.acts_for.as_deref());
    let also = app.merges.also(principal);
    let people = [Some(principal), acts_for.map(|account| &account.principal)].into_iter().flatten().chain(also.iter());
    let sanctioned = app.sanctions.of(role, people, Some(address), digest.as_ref());
    Ok(Caller {
        address,
        peer,
        address_digest: digest,
        visitor,
        program,
        also,
        sanctioned,
        session,
        signed_in,
        mark: cookie(headers, &cookie_name(MARK_COOKIE, is_secure))?.filter(|mark| is_token(mark)),
        device: Device { name: text_of(headers, &USER_AGENT).unwrap_or_default().to_owned(), address },
        private_room,
        role,
        locale: locale(headers),
        is_proxied,
        is_local,
        is_secure,
        origin_is_allowed: is_own_page(headers, &settings.allowed_origins),
    })
}

/// The browser that asks. One whose cookie became an account is nobody until it signs in: the cookie alone is no
/// password. The same while whoever had it is being removed.
async fn visitor(app: &App, headers: &HeaderMap, is_secure: bool, has_account: bool) -> Result<Visitor, Refusal> {
    let Some(token) = visitor_token(headers, is_secure)? else { return Ok(Visitor::nobody()) };
    let visitor = Visitor::of(&token, &app.store);
    let is_taken = app.merges.is_merged(&visitor.principal) || app.accounts.is_void(&visitor).await?;
    let is_void = !has_account && is_taken;
    Ok(if is_void { Visitor::nobody() } else { visitor })
}

/// The value of the visitor's cookie. Over HTTPS, the name that other hosts cannot set comes first; the other one is of a visit
/// before that had HTTPS, or before cookies had such names.
pub fn visitor_token(headers: &HeaderMap, is_secure: bool) -> Result<Option<String>, Refusal> {
    let own = cookie(headers, &cookie_name(VISITOR_COOKIE, is_secure))?;
    let token = match own {
        None if is_secure => cookie(headers, VISITOR_COOKIE)?,
        own => own,
    };
    Ok(token.filter(|token| is_token(token)))
}

/// The name of a cookie. Over HTTPS it begins with what lets neither other hosts of the domain nor plain HTTP set it.
pub fn cookie_name(name: &str, is_secure: bool) -> Cow<'_, str> {
    if is_secure { format!("__Host-{name}").into() } else { name.into() }
}

/// A `Set-Cookie` header, whose cookie lasts so many days.
pub fn set_cookie(name: &str, value: &str, days: i64, same_site: &str, is_secure: bool) -> Option<HeaderValue> {
    let (name, secure) = (cookie_name(name, is_secure), if is_secure { "; Secure" } else { "" });
    let seconds = days * 24 * 60 * 60;
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}");
    HeaderValue::from_str(&cookie).ok()
}

/// How a client is told who it is.
pub fn user_view(actor: &Actor) -> UserView<'_> {
    UserView { handle: &actor.handle, role: actor.role.as_str(), account: actor.has_account, may: actor.abilities() }
}

/// The response to a refused key or password.
pub fn sign_in_refusal(error: SignInError) -> Refusal {
    match error {
        SignInError::WrongKey => Text::new("error-bad_key").into(),
        SignInError::WrongPassword => Text::new("error-bad_password").into(),
        SignInError::CodeNeeded => Text::new("error-code_needed").into(),
        SignInError::WrongCode => Text::new("error-bad_code").into(),
        SignInError::TryLater { seconds } => {
            let text = Text::new("error-bad_key-later").with("seconds", seconds);
            Refusal::new(warp::http::StatusCode::TOO_MANY_REQUESTS, text).retry_after(seconds)
        }
        SignInError::Refused(text) => text.into(),
    }
}

/// The language a request asks for.
pub fn locale(headers: &HeaderMap) -> Locale {
    let wanted = text_of(headers, &ACCEPT_LANGUAGE);
    wanted.map_or(Locale::default(), Locale::from_accept_language)
}

pub fn is_trusted(proxies: &[IpNet], address: IpAddr) -> bool {
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

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = text_of(headers, &AUTHORIZATION)?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Whether there is a cookie of that name.
pub fn has_cookie(headers: &HeaderMap, name: &str) -> bool {
    cookie(headers, name).is_ok_and(|value| value.is_some())
}

/// The value of a cookie.
///
/// # Errors
/// If there are two with different values: one was set by another host of the domain, or for another path.
fn cookie(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refusal> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    let first = values.next();
    match values.find(|value| Some(*value) != first) {
        Some(_) => Err(Text::new("error-bad_request-cookies").with("name", name).into()),
        None => Ok(first.map(str::to_owned)),
    }
}

/// Whether a visitor cookie is acceptable: a short one could be guessed.
fn is_token(text: &str) -> bool {
    (32..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a request comes from a page of this server or a listed one, or from no page. Only browsers send the two headers, and
/// a page cannot forge them; a browser may leave one out.
fn is_own_page(headers: &HeaderMap, allowed: &[String]) -> bool {
    let is_listed = headers.get(ORIGIN).is_some_and(|origin| allowed.iter().any(|one| *origin == one.as_str()));
    // "none" is what a person does, such as opening a bookmark. Other hosts of the same site are strangers, too.
    let is_own = |site: &HeaderValue| *site == "same-origin" || *site == "none";
    is_listed || (headers.get_all(SEC_FETCH_SITE).iter().all(is_own) && origin_is_own(headers))
}

/// Whether `Origin` is this server's, or missing.
fn origin_is_own(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let Ok(origin) = Url::parse(origin) else { return false };
    // The scheme is not compared: behind a proxy this server does not know its own. Parsing with the origin's scheme
    // leaves out the same default port on both sides.
    let Ok(own) = Url::parse(&format!("{}://{host}", origin.scheme())) else { return false };
    origin.host_str().is_some() && origin.host_str() == own.host_str() && origin.port() == own.port()
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
            assert_eq!(is_own_page(&headers, &allowed), expected, "{origin} at {host}");
        };
        check("http://chat.example:8000", "chat.example:8000", true);
        check("https://chat.example", "chat.example", true);
        check("https://chat.example", "chat.example:443", true);
        check("https://shop.example", "chat.example", true);
        check("http://localhost:5500", "127.0.0.1:8000", false);
        check("http://localhost:5500", "localhost:8000", false);
        check("https://evil.example", "chat.example", false);
        check("http://chat.example:8001", "chat.example:8000", false);
        check("https://chat.example.evil.example", "chat.example", false);
        check("http://localhost:5500", "chat.example", false);
        check("https://evil.example", "localhost:8000", false);
        check("null", "chat.example", false);
        check("", "", false);
        assert!(is_own_page(&headers(&[(HOST, "chat.example")]), &[]), "scripts send no Origin");
    }

    #[test]
    fn what_browsers_say_of_where_a_request_comes_from_counts_beside_the_origin() {
        const HERE: &str = "https://chat.example";
        const SHOP: &str = "https://shop.example";
        for (site, origin, expected) in [
            ("same-origin", Some(HERE), true),
            ("same-origin", None, true),
            ("none", None, true),
            ("cross-site", None, false),
            ("same-site", None, false),
            ("same-site", Some("https://www.chat.example"), false),
            // The same name over plain HTTP: another scheme is another site.
            ("cross-site", Some("http://chat.example"), false),
            ("same-origin", Some("https://evil.example"), false),
            ("cross-site", Some(SHOP), true),
            ("a new word", None, false),
        ] {
            let mut pairs = vec![(HOST, "chat.example"), (SEC_FETCH_SITE, site)];
            pairs.extend(origin.map(|origin| (ORIGIN, origin)));
            assert_eq!(is_own_page(&headers(&pairs), &[SHOP.to_owned()]), expected, "{site} {origin:?}");
        }
        let mut twice = headers(&[(HOST, "chat.example"), (SEC_FETCH_SITE, "same-origin")]);
        twice.append(SEC_FETCH_SITE, HeaderValue::from_static("cross-site"));
        assert!(!is_own_page(&twice, &[]));
    }

    #[test]
    fn a_planted_cookie_is_refused_or_passed_over() {
        let (own, planted) = ("a".repeat(40), "b".repeat(40));
        let token = |cookies: String, is_secure| {
            visitor_token(&headers(&[(COOKIE, cookies.as_str())]), is_secure).map_err(drop)
        };
        let both = format!("chatbot_visitor={planted}; chatbot_visitor={own}");
        assert_eq!(token(both.clone(), false), Err(()));
        assert_eq!(token(both, true), Err(()));
        assert_eq!(token(format!("chatbot_visitor={own}; chatbot_visitor={own}"), false), Ok(Some(own.clone())));
        assert_eq!(
            token(format!("chatbot_visitor={planted}; __Host-chatbot_visitor={own}"), true),
            Ok(Some(own.clone()))
        );
        assert_eq!(token(format!("chatbot_visitor={own}"), true), Ok(Some(own)), "of a visit before the upgrade");
    }

    #[test]
    fn cookies_are_found_among_others() {
        let headers = headers(&[(COOKIE, "a=1; chatbot_visitor=abc; b=2")]);
        let value = |name: &str| cookie(&headers, name).ok().flatten();
        assert_eq!(value(VISITOR_COOKIE).as_deref(), Some("abc"));
        assert_eq!(value(SESSION_COOKIE), None);
        assert!(!is_token("abc") && is_token(&"a1".repeat(20)));
    }
}
