//! Requests to the certificate authority, and what its answers say beside their content.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{DATE, HeaderMap, RETRY_AFTER};
use hyper::http::{Request, Response};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use parking_lot::Mutex;
use reqwest::Body;

use crate::fetch::{FetchError, Sender, Waits};
use crate::model::Timestamp;

/// Longest answer, in bytes: a chain of certificates takes a few thousand.
const MOST_BYTES: usize = 1024 * 1024;

const WAITS: Waits =
    Waits { first: Duration::from_secs(30), idle: Duration::from_secs(15), total: Duration::from_secs(60) };

/// A client for one attempt to get a certificate.
#[derive(Clone)]
pub struct Http {
    sender: Sender,
    said: Arc<Mutex<Said>>,
}

/// What a certificate authority said of time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said {
    /// Not to be asked before.
    pub retry_at: Option<Timestamp>,
    /// How many seconds its clock was ahead of this machine's.
    pub clock_ahead: Option<i64>,
}

impl Http {
    pub fn new(sender: Sender) -> Self {
        Self { sender, said: Arc::default() }
    }

    pub fn said(&self) -> Said {
        *self.said.lock()
    }

    async fn send(&self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let request = reqwest::Request::try_from(request.map(Body::wrap)).map_err(|_| FetchError::BadUrl);
        let failed = |error: FetchError| Error::Other(Box::new(error));
        let answer = self.sender.send(request.map_err(failed)?, WAITS).await.map_err(failed)?;
        self.note(answer.headers());
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let (body, _) = answer.body(MOST_BYTES).await.map_err(failed)?;
        Ok(BytesResponse::from(response.body(BodyWrapper::from(body))?))
    }

    fn note(&self, headers: &HeaderMap) {
        let now = Timestamp::now();
        let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
        let seconds = |text: &str| {
            text.parse().ok().map(|seconds: i64| Timestamp(now.0.saturating_add(seconds.saturating_mul(1000))))
        };
        let mut said = self.said.lock();
        if let Some(date) = text(DATE).and_then(Timestamp::parse_http) {
            said.clock_ahead = Some(date.seconds() - now.seconds());
        }
        // Only the last answer counts: earlier ones asked to wait for what has come by then.
        said.retry_at = text(RETRY_AFTER).and_then(|text| seconds(text).or_else(|| Timestamp::parse_http(text)));
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let this = self.clone();
        Box::pin(async move { this.send(request).await })
    }
}
