//! The HTTP client for untrusted URLs: public hosts only, with limits on time and size; and endpoints that the owner
//! configured, which may have any address.
//!
//! A name is resolved once, by the connection itself, and only to public addresses, so that neither a redirect nor a name
//! that changes its address leads into the server's private network. Independent of bots.

mod public;
mod signature;
mod trusted;

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy as Redirects;
use reqwest::{StatusCode, Url};

pub use public::is_public;
pub use signature::{SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER};
use tokio::sync::Semaphore;
pub use trusted::{Endpoint, Incoming, Key, Waits};

use crate::model::Timestamp;
use crate::threads;

/// Header with which receivers detect duplicates.
pub const ID_HEADER: &str = "x-chatbot-id";

/// Redirects followed before giving up; browsers follow twenty, honest sites need one or two.
const MAX_REDIRECTS: usize = 5;

/// Names looked up at a time.
const MAX_LOOK_UPS: usize = 4;

/// A client for untrusted URLs.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    allowed: Arc<[String]>,
}

/// Limits of a request.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// Total time: name resolution, redirects and body.
    pub time: Duration,
    /// Maximum number of bytes of the body that are read.
    pub body: usize,
}

/// A JSON request to be posted.
pub struct Posting<'a> {
    pub url: Url,
    /// Idempotency id, the same in every attempt; sent as [`ID_HEADER`].
    pub id: &'a str,
    pub body: Vec<u8>,
    pub secret: Option<&'a Secret>,
}

/// An answer.
#[derive(Debug)]
pub struct Fetched {
    /// The final URL, after redirects.
    pub url: Url,
    pub status: StatusCode,
    /// The response's content type.
    pub media_type: Option<String>,
    pub body: Vec<u8>,
    /// Whether the body was longer than the limit.
    pub truncated: bool,
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("not an http or https address")]
    BadUrl,
    #[error("not a public address")]
    NotPublic,
    #[error("no such host")]
    UnknownHost,
    #[error("the host does not accept the connection")]
    CannotConnect,
    #[error("no secure connection")]
    Tls,
    #[error("too many redirects")]
    Redirects,
    #[error("no answer in time")]
    TimedOut,
    #[error("the connection broke")]
    Broken,
}

impl FetchError {
    /// Stable error code, also used to select the error text.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadUrl => "bad_url",
            Self::NotPublic => "not_public",
            Self::UnknownHost => "unknown_host",
            Self::CannotConnect => "cannot_connect",
            Self::Tls => "tls",
            Self::Redirects => "redirects",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken",
        }
    }
}

impl Client {
    /// `allowed` names hosts that may be fetched although their addresses are not public.
    pub fn new(allowed: Vec<String>) -> Result<Self, String> {
        let allowed: Arc<[String]> = allowed.into_iter().map(|host| host.to_lowercase()).collect();
        let http = reqwest::Client::builder()
            .redirect(Redirects::none())
            // A proxy from the environment would resolve names itself.
            .no_proxy()
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(PublicResolver {
                allowed: allowed.clone(),
                turns: Arc::new(Semaphore::new(MAX_LOOK_UPS)),
            }))
            .user_agent(concat!("chatbot/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("cannot set up the HTTP client: {error}"))?;
        Ok(Self { http, allowed })
    }

    /// Parses a URL as users type it; the scheme defaults to `https`.
    pub fn parse(text: &str) -> Result<Url, FetchError> {
        let text = text.trim();
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&full).map_err(|_| FetchError::BadUrl)?;
        let has_login = !url.username().is_empty() || url.password().is_some();
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || has_login {
            return Err(FetchError::BadUrl);
        }
        Ok(url)
    }

    /// Sends a GET request, following redirects.
    pub async fn get(&self, url: Url, limits: FetchLimits) -> Result<Fetched, FetchError> {
        let fetch = self.follow(url, limits.body);
        tokio::time::timeout(limits.time, fetch).await.unwrap_or(Err(FetchError::TimedOut))
    }

    /// Posts JSON, signed if there is a secret. Redirects are not followed: a signed request is meant for one
    /// receiver only.
    pub async fn post(&self, posting: Posting<'_>, limits: FetchLimits) -> Result<Fetched, FetchError> {
        let Posting { url, id, body, secret } = posting;
        let timestamp = Timestamp::now().seconds().to_string();
        let mut request = self.http.post(url.clone()).header(CONTENT_TYPE, "application/json").header(ID_HEADER, id);
        if let Some(secret) = secret {
            let signature = secret.sign(&timestamp, &body);
            request = request.header(TIMESTAMP_HEADER, timestamp).header(SIGNATURE_HEADER, signature);
        }
        let posting = async {
            self.check_literal(&url)?;
            let response = request.body(body).send().await.map_err(|error| classify(&error))?;
            read(url, response, limits.body).await
        };
        tokio::time::timeout(limits.time, posting).await.unwrap_or(Err(FetchError::TimedOut))
    }

    async fn follow(&self, mut url: Url, body_limit: usize) -> Result<Fetched, FetchError> {
        for _ in 0..=MAX_REDIRECTS {
            self.check_literal(&url)?;
            let response = self.http.get(url.clone()).send().await.map_err(|error| classify(&error))?;
            let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            match target {
                Some(target) if response.status().is_redirection() => {
                    let next = url.join(target).map_err(|_| FetchError::BadUrl)?;
                    url = Self::parse(next.as_str())?;
                }
                _ => return read(url, response, body_limit).await,
            }
        }
        Err(FetchError::Redirects)
    }

    /// Literal IP addresses bypass the resolver, so they are checked here.
    fn check_literal(&self, url: &Url) -> Result<(), FetchError> {
        let host = url.host_str().unwrap_or_default();
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) if !is_public(address) && !self.allowed.iter().any(|allowed| allowed == host) => {
                Err(FetchError::NotPublic)
            }
            _ => Ok(()),
        }
    }
}

async fn read(url: Url, mut response: reqwest::Response, limit: usize) -> Result<Fetched, FetchError> {
    let status = response.status();
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (mut body, mut truncated) = (Vec::new(), false);
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        let wanted = chunk.len().min(limit - body.len());
        body.extend_from_slice(&chunk[..wanted]);
        if wanted < chunk.len() {
            truncated = true;
            break;
        }
    }
    Ok(Fetched { url, status, media_type, body, truncated })
}

/// Resolves names to public addresses only. What it returns is what the connection uses: there is no second look-up.
struct PublicResolver {
    allowed: Arc<[String]>,
    turns: Arc<Semaphore>,
}

/// Resolves with the operating system. A lookup cannot be cancelled, so its permit is held until its thread ends: slow
/// lookups must not use up the threads of the blocking pool.
async fn look_up(name: String, turns: Arc<Semaphore>) -> Result<Vec<SocketAddr>, FetchError> {
    let turn = turns.acquire_owned().await.map_err(|_| FetchError::UnknownHost)?;
    let looking = threads::blocking(move || {
        let found = (name.as_str(), 0).to_socket_addrs().map(|addresses| addresses.collect());
        drop(turn);
        found
    });
    looking.await.ok().and_then(Result::ok).ok_or(FetchError::UnknownHost)
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_allowed = self.allowed.iter().any(|allowed| allowed == name.as_str());
        let turns = self.turns.clone();
        Box::pin(async move {
            let addresses = look_up(name.as_str().to_owned(), turns).await?;
            // One private address among public ones is an attack or a mistake; refuse both.
            if !is_allowed && addresses.iter().any(|address| !is_public(address.ip())) {
                return Err(FetchError::NotPublic.into());
            }
            if addresses.is_empty() {
                return Err(FetchError::UnknownHost.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// What went wrong, from the innermost error that says it.
fn classify(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::TimedOut;
    }
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = source {
        if let Some(known) = inner.downcast_ref::<FetchError>() {
            return *known;
        }
        // The TLS library's errors travel inside an I/O error of this kind.
        if inner.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData) {
            return FetchError::Tls;
        }
        source = inner.source();
    }
    if error.is_connect() { FetchError::CannotConnect } else { FetchError::Broken }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(5), body: 16 };

    /// Answers every request on a free port of this machine with the given text.
    async fn serve(response: &'static str) -> SocketAddr {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 2048];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(response.as_bytes()).await;
            }
        });
        address
    }

    async fn get(client: &Client, url: &str) -> Result<Fetched, FetchError> {
        client.get(Client::parse(url)?, LIMITS).await
    }

    #[tokio::test]
    async fn private_addresses_are_refused_however_they_are_written() {
        let client = Client::new(vec![]).expect("a client");
        let there = serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
        let port = there.port();
        for host in ["127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0"]
        {
            let refused = get(&client, &format!("http://{host}:{port}/")).await.map(|_| ());
            assert_eq!(refused, Err(FetchError::NotPublic), "{host}");
        }
    }

    #[tokio::test]
    async fn a_named_private_host_is_allowed_and_its_redirects_are_not() {
        let client = Client::new(vec!["127.0.0.1".into()]).expect("a client");
        let plain = serve("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789").await;
        let fetched = get(&client, &format!("http://{plain}/")).await.expect("allowed");
        assert_eq!((fetched.body.len(), fetched.truncated), (16, true));
        let away =
            serve("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(get(&client, &format!("http://{away}/")).await.map(|_| ()), Err(FetchError::NotPublic));
        let round = serve("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(get(&client, &format!("http://{round}/")).await.map(|_| ()), Err(FetchError::Redirects));
    }

    #[tokio::test]
    async fn what_is_posted_stays_with_its_receiver() {
        let client = Client::new(vec!["127.0.0.1".into()]).expect("a client");
        let away = serve("HTTP/1.1 307 Temporary Redirect\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n").await;
        let url = Client::parse(&format!("http://{away}/")).expect("an address");
        let secret = Secret::new("s");
        let posting = Posting { url, id: "1", body: b"{}".to_vec(), secret: Some(&secret) };
        let answer = client.post(posting, LIMITS).await.expect("an answer");
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
        let posting = Posting { url: answer.url, id: "2", body: vec![], secret: None };
        let private = Client::new(vec![]).expect("a client").post(posting, LIMITS).await;
        assert_eq!(private.map(|_| ()), Err(FetchError::NotPublic));
    }

    #[test]
    fn only_web_addresses_without_logins_are_addresses() {
        for text in
            ["ftp://example.com", "file:///etc/passwd", "http://", "http://a:b@example.com", "javascript:alert(1)", " "]
        {
            assert_eq!(Client::parse(text), Err(FetchError::BadUrl), "{text:?}");
        }
        assert_eq!(Client::parse("example.com/x").map(|url| url.to_string()), Ok("https://example.com/x".into()));
    }
}
