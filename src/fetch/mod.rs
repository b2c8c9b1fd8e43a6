//! The HTTP client for untrusted URLs: public hosts only, with limits on time and size; and endpoints that the owner
//! configured, which may have any address.
//!
//! A name is looked up once, and the connection goes to the addresses that were found and checked then, so that neither a
//! redirect nor a name that changes its address leads to this machine or into its network. Independent of bots.

mod guard;
mod gzip;
mod look_ups;
mod public;
mod signature;
#[cfg(test)]
mod tests;
mod trusted;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::header::{
    CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use reqwest::redirect::Policy as Redirects;
use reqwest::{RequestBuilder, StatusCode, Url};

use self::guard::Guard;
pub use self::guard::own_addresses;
pub use self::look_ups::Asker;
use self::look_ups::with_port;
pub use self::public::is_public;
pub use self::signature::{SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER};
pub use self::trusted::{Endpoint, Incoming, Key, Sender, Waits};
use crate::model::Timestamp;

/// Header with which receivers detect duplicates.
pub const ID_HEADER: &str = "x-chatbot-id";

/// Redirects followed before giving up; browsers follow twenty, honest sites need one or two.
const MAX_REDIRECTS: usize = 5;

/// A client for untrusted URLs.
#[derive(Clone)]
pub struct Client {
    guard: Arc<Guard>,
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
    /// By which the server will know whether it has changed.
    pub validators: Validators,
    /// When the server wants to be asked again.
    pub retry_after: Option<Duration>,
}

/// What tells a server which version of something is known: values of the headers `ETag` and `Last-Modified`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

impl Validators {
    /// Longest value that is kept, in bytes.
    const LONGEST: usize = 200;

    fn of(headers: &HeaderMap) -> Self {
        let value = |name| {
            let value = headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
            value.filter(|value| value.len() <= Self::LONGEST).map(str::to_owned)
        };
        Self { etag: value(ETAG), last_modified: value(LAST_MODIFIED) }
    }

    /// Asks for what is another version than this one.
    fn ask(&self, request: RequestBuilder) -> RequestBuilder {
        let values = [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.last_modified)];
        values.into_iter().fold(request, |request, (name, value)| match value {
            Some(value) => request.header(name, value),
            None => request,
        })
    }
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("not an http or https address")]
    BadUrl,
    #[error("not a public address, or one in this server's own network")]
    NotPublic,
    #[error("too many names are being looked up")]
    Busy,
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
            Self::Busy => "busy",
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
    /// `allowed` names hosts that may be asked wherever they are.
    pub fn new(allowed: &[String]) -> Self {
        Self { guard: Arc::new(Guard::new(allowed)) }
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
    pub async fn get(&self, url: Url, asker: &Asker, limits: FetchLimits) -> Result<Fetched, FetchError> {
        self.get_unless(url, &Validators::default(), asker, limits).await
    }

    /// The same for what is another version than the known one; else the status is 304.
    pub async fn get_unless(
        &self,
        url: Url,
        known: &Validators,
        asker: &Asker,
        limits: FetchLimits,
    ) -> Result<Fetched, FetchError> {
        let fetch = self.follow(url, known, asker, limits.body);
        tokio::time::timeout(limits.time, fetch).await.unwrap_or(Err(FetchError::TimedOut))
    }

    /// Posts JSON to what the settings name, signed if there is a secret. Redirects are not followed: a signed request is
    /// meant for one receiver only.
    pub async fn post(&self, posting: Posting<'_>, limits: FetchLimits) -> Result<Fetched, FetchError> {
        let Posting { url, id, body, secret } = posting;
        let posting = async {
            let http = self.client_for(&url, &Asker::Settings).await?;
            let mut request = http.post(url.clone()).header(CONTENT_TYPE, "application/json").header(ID_HEADER, id);
            if let Some(secret) = secret {
                let timestamp = Timestamp::now().seconds().to_string();
                let signature = secret.sign(&timestamp, &body);
                request = request.header(TIMESTAMP_HEADER, timestamp).header(SIGNATURE_HEADER, signature);
            }
            let response = request.body(body).send().await.map_err(|error| classify(&error))?;
            read(url, response, limits.body).await
        };
        tokio::time::timeout(limits.time, posting).await.unwrap_or(Err(FetchError::TimedOut))
    }

    async fn follow(
        &self,
        mut url: Url,
        known: &Validators,
        asker: &Asker,
        body_limit: usize,
    ) -> Result<Fetched, FetchError> {
        for _ in 0..=MAX_REDIRECTS {
            let http = self.client_for(&url, asker).await?;
            let response = known.ask(http.get(url.clone())).send().await.map_err(|error| classify(&error))?;
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

    /// A client that connects to the checked addresses of this URL's host and to no others. No connection is kept, so that
    /// there is nothing to share between requests.
    async fn client_for(&self, url: &Url, asker: &Asker) -> Result<reqwest::Client, FetchError> {
        let addresses = self.guard.addresses(url.host_str().unwrap_or_default(), asker).await?;
        let builder = reqwest::Client::builder()
            .redirect(Redirects::none())
            // A proxy from the environment would resolve names itself.
            .no_proxy()
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Checked(addresses)))
            .user_agent(concat!("chatbot/", env!("CARGO_PKG_VERSION")));
        // Nothing of this depends on the request; what may fail is to set up TLS.
        builder.build().map_err(|_| FetchError::Tls)
    }
}

/// What was found and checked, whatever the name: there is no second look-up.
struct Checked(Vec<IpAddr>);

impl Resolve for Checked {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(std::future::ready(Ok(with_port(self.0.clone()))))
    }
}

async fn read(url: Url, mut response: reqwest::Response, limit: usize) -> Result<Fetched, FetchError> {
    let status = response.status();
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let validators = Validators::of(response.headers());
    let retry_after = retry_after(response.headers());
    let (mut body, mut truncated) = (Vec::new(), false);
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        let wanted = chunk.len().min(limit - body.len());
        body.extend_from_slice(&chunk[..wanted]);
        if wanted < chunk.len() {
            truncated = true;
            break;
        }
    }
    Ok(Fetched { url, status, media_type, body, truncated, validators, retry_after })
}

/// After how long a server wants to be asked again: `Retry-After`, in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let until = |date: Timestamp| Duration::from_millis(date.since(Timestamp::now()));
    value.parse().ok().map(Duration::from_secs).or_else(|| Timestamp::parse_http(value).map(until))
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
