//! Endpoints from the settings, such as a language model's.
//!
//! They are trusted and may have any address, including private ones. Requests go there and nowhere else: redirects are not
//! followed, and no proxy is used.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy as Redirects;
use reqwest::{Certificate, StatusCode, Url};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::gzip::Gzip;
use super::look_ups::{EndpointResolver, LookUps};
use super::{Client, FetchError, classify};
use crate::telemetry::current_span;

/// The API key of an endpoint. Never shown: not in logs, errors or serialized settings.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For a request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Removes the key from a text of the remote server, in case it is repeated there.
    pub fn hide_in(&self, text: &str) -> String {
        if self.is_empty() { text.to_owned() } else { text.replace(&self.0, "…") }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "no key" } else { "a key" })
    }
}

/// Serializes as empty: keys are read, never written.
impl Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

/// Timeouts of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Until its first byte, from the request on.
    pub first: Duration,
    /// Between two chunks.
    pub idle: Duration,
    /// For all of it, from the request on.
    pub total: Duration,
}

/// An API endpoint, given by its base URL.
#[derive(Clone)]
pub struct Endpoint {
    http: reqwest::Client,
    base: Url,
    key: Key,
    authorization: Option<HeaderValue>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest of the URL may contain a secret.
        write!(f, "Endpoint({})", self.host())
    }
}

impl Endpoint {
    /// Connect timeout. Reachable machines accept within a few round trips.
    pub const CONNECT: Duration = Duration::from_secs(10);

    /// `base` is an address such as `http://localhost:11434/v1`; an empty key is none.
    ///
    /// # Errors
    /// A message about the settings; never contains the key.
    pub fn new(base: &str, key: Key) -> Result<Self, String> {
        let has_scheme = base.contains("://");
        let base = Client::parse(base).ok().filter(|_| has_scheme);
        let base = base.ok_or("must be an address such as http://localhost:11434/v1, without a login")?;
        Ok(Self { http: http_client(&[])?, base, authorization: authorization(&key)?, key })
    }

    /// The host, for messages to users.
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// A text of the remote server, with the key removed.
    pub fn hide_key_in(&self, text: &str) -> String {
        self.key.hide_in(text)
    }

    /// Posts JSON to a path below the base URL, such as `chat/completions`, and waits for the response headers. Dropping the
    /// response closes the connection, which tells the server to stop.
    pub async fn post(&self, path: &str, json: Vec<u8>, waits: Waits) -> Result<Incoming, FetchError> {
        let asked = Instant::now();
        let mut request = self.http.post(self.below(path)).header(CONTENT_TYPE, "application/json").body(json);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        // So that the server's own spans are part of the same trace (W3C Trace Context).
        if let Some(span) = current_span() {
            request = request.header("traceparent", span.header());
        }
        Incoming::of(request.send(), asked, waits).await
    }

    fn below(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        url
    }
}

/// Sends requests that a library makes, to addresses that the settings name or lead to.
#[derive(Clone, Debug)]
pub struct Sender(reqwest::Client);

impl Sender {
    /// # Errors
    /// A message for the operator.
    pub fn new() -> Result<Self, String> {
        http_client(&[]).map(Self)
    }

    /// Trusts also servers with certificates by those in a PEM text.
    ///
    /// # Errors
    /// A message for the operator.
    pub fn trusting(pem: &[u8]) -> Result<Self, String> {
        let roots = Certificate::from_pem_bundle(pem).ok().filter(|roots| !roots.is_empty());
        http_client(&roots.ok_or("there is no certificate in it")?).map(Self)
    }

    /// Waits for the response headers.
    pub async fn send(&self, request: reqwest::Request, waits: Waits) -> Result<Incoming, FetchError> {
        Incoming::of(self.0.execute(request), Instant::now(), waits).await
    }
}

fn http_client(roots: &[Certificate]) -> Result<reqwest::Client, String> {
    let client = roots.iter().cloned().fold(reqwest::Client::builder(), reqwest::ClientBuilder::add_root_certificate);
    let client = client
        .redirect(Redirects::none())
        .no_proxy()
        .connect_timeout(Endpoint::CONNECT)
        .dns_resolver(Arc::new(EndpointResolver(LookUps::new())))
        // A pooled connection may be closed by the server at the moment it is reused.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("chatbot/", env!("CARGO_PKG_VERSION")));
    client.build().map_err(|error| format!("cannot set up the HTTP client: {error}"))
}

fn authorization(key: &Key) -> Result<Option<HeaderValue>, String> {
    if key.is_empty() {
        return Ok(None);
    }
    let value = HeaderValue::try_from(format!("Bearer {}", key.0));
    let mut value = value.map_err(|_| "the key has characters that no key has")?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// A response whose body is being received.
pub struct Incoming {
    response: reqwest::Response,
    /// On the heap: there is much in it.
    gzip: Option<Box<Gzip>>,
    /// When the first byte must be there, until it is.
    first_by: Option<Instant>,
    idle: Duration,
    end_by: Instant,
}

impl Incoming {
    /// Waits for the headers of a response that was asked for at that time.
    async fn of(
        response: impl Future<Output = reqwest::Result<reqwest::Response>>,
        asked: Instant,
        waits: Waits,
    ) -> Result<Self, FetchError> {
        let first_by = asked + waits.first.min(waits.total);
        let response = tokio::time::timeout_at(first_by, response).await.map_err(|_| FetchError::TimedOut)?;
        let response = response.map_err(|error| classify(&error))?;
        let gzip = is_compressed(response.headers()).then(|| Box::new(Gzip::new()));
        Ok(Self { response, gzip, first_by: Some(first_by), idle: waits.idle, end_by: asked + waits.total })
    }

    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The media type, lower-case and without its parameters; empty where none is given.
    pub fn media_type(&self) -> String {
        let value = self.response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_lowercase()
    }

    /// A header of text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// After how long the server wants to be asked again, if it says.
    pub fn retry_after(&self) -> Option<Duration> {
        super::retry_after(self.response.headers())
    }

    /// The next chunk of the body as it comes, decompressed; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        loop {
            if let Some(piece) = self.gzip.as_mut().map(|gzip| gzip.next()).transpose()?.flatten() {
                return Ok(Some(piece));
            }
            let chunk = self.received().await?;
            match (chunk, &mut self.gzip) {
                (Some(bytes), Some(gzip)) => gzip.push(bytes),
                (chunk, _) => return Ok(chunk),
            }
        }
    }

    async fn received(&mut self) -> Result<Option<Bytes>, FetchError> {
        let by = self.first_by.unwrap_or_else(|| (Instant::now() + self.idle).min(self.end_by));
        let chunk = tokio::time::timeout_at(by, self.response.chunk()).await.map_err(|_| FetchError::TimedOut)?;
        self.first_by = None;
        chunk.map_err(|error| classify(&error))
    }

    /// The whole body, up to `limit` bytes of it; `true` if there was more.
    pub async fn body(mut self, limit: usize) -> Result<(Vec<u8>, bool), FetchError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            let room = limit - body.len();
            if chunk.len() > room {
                body.extend_from_slice(&chunk[..room]);
                return Ok((body, true));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body, false))
    }
}

fn is_compressed(headers: &HeaderMap) -> bool {
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    matches!(encoding.trim().to_ascii_lowercase().as_str(), "gzip" | "x-gzip")
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const KEY: &str = "sk-very-secret";

    fn waits(millis: u64) -> Waits {
        let long = Duration::from_secs(10);
        Waits { first: long, idle: Duration::from_millis(millis), total: long }
    }

    /// An endpoint on a free port, and the first connection to it with the head of the request.
    async fn asked(
        path: &str,
        waits: Waits,
        answer: impl AsyncFnOnce(TcpStream, String),
    ) -> Result<(Vec<u8>, bool), FetchError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}/v1/", listener.local_addr().expect("an address"));
        let endpoint = Endpoint::new(&base, Key::new(KEY)).expect("an endpoint");
        let answering = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut head = Vec::new();
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                head.push(stream.read_u8().await.expect("a byte"));
            }
            answer(stream, String::from_utf8(head).expect("text")).await;
        };
        let asking = async { endpoint.post(path, b"{}".to_vec(), waits).await?.body(4).await };
        tokio::join!(asking, answering).0
    }

    #[tokio::test]
    async fn what_is_asked_goes_below_the_base_with_the_key() {
        let answer = asked("chat/completions", waits(1000), async |mut stream, head| {
            assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
            assert!(head.contains("authorization: Bearer sk-very-secret\r\n"), "{head}");
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef").await.expect("sent");
        });
        assert_eq!(answer.await, Ok((b"abcd".to_vec(), true)));
    }

    #[tokio::test]
    async fn silence_between_pieces_ends_the_wait_and_the_connection() {
        let answer = asked("x", waits(50), async |mut stream, _| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab").await.expect("sent");
            // Once the request's body is read, the end: nobody waits any more.
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            assert_eq!(rest, b"{}");
        });
        assert_eq!(answer.await, Err(FetchError::TimedOut));
    }

    #[test]
    fn the_key_shows_itself_nowhere() {
        let endpoint = Endpoint::new("https://example.com/v1?token=x", Key::new(KEY)).expect("an endpoint");
        assert_eq!(format!("{endpoint:?} {:?}", Key::new(KEY)), "Endpoint(example.com) a key");
        assert_eq!(serde_json::to_string(&Key::new(KEY)).expect("JSON"), "\"\"");
        assert_eq!(endpoint.hide_key_in("wrong key: sk-very-secret!"), "wrong key: …!");
        let refused = Endpoint::new("https://example.com", Key::new("a\nb")).expect_err("no header holds it");
        assert!(!refused.contains("a\nb"), "{refused}");
    }

    #[test]
    fn a_base_is_a_whole_address() {
        for base in ["", "localhost:11434", "ftp://example.com", "http://user:word@example.com"] {
            assert!(Endpoint::new(base, Key::default()).is_err(), "{base:?}");
        }
    }
}
