//! A bucket of an S3-compatible store. Home of `rusty-s3`, which signs; requests go through `fetch`.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, StatusCode, Url};
use rusty_s3::actions::{CompleteMultipartUploadResponse, CreateMultipartUpload, ListObjectsV2, S3Action};
use rusty_s3::{Credentials, UrlStyle};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Upload;
use crate::backup::BackupError;
use crate::fetch::{Incoming, Key, Sender, Waits};

/// Bytes of a part, which are in memory until it is sent. S3 takes up to 10,000 parts, all but the last of 5 MiB or more.
const PART: usize = 8 * 1024 * 1024;

/// How long a signature is valid.
const VALID: Duration = Duration::from_secs(60 * 60);

/// How often a request is sent that fails, and how long is waited in between.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_secs(2);

/// Longest answer that is read, in bytes: a list of 1,000 objects.
const MOST_ANSWER: usize = 4 * 1024 * 1024;

const WAITS: Waits =
    Waits { first: Duration::from_secs(300), idle: Duration::from_secs(60), total: Duration::from_secs(600) };

/// Where a bucket is.
pub struct BucketSettings<'a> {
    /// `s3://bucket/folder`.
    pub to: &'a str,
    pub endpoint: &'a str,
    pub region: &'a str,
    pub key_id: &'a str,
    pub secret: &'a Key,
}

/// A bucket, and a folder in it.
pub struct Bucket {
    bucket: rusty_s3::Bucket,
    credentials: Credentials,
    /// Empty, or with a slash at the end.
    folder: String,
    sender: Sender,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket(s3://{}/{})", self.bucket.name(), self.folder)
    }
}

/// An answer of the store.
struct Answer {
    status: StatusCode,
    etag: Option<String>,
    bytes: Option<u64>,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// A request that failed.
struct Refused {
    error: BackupError,
    /// Whether it would fail again.
    is_final: bool,
}

impl From<Refused> for BackupError {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}

impl Bucket {
    /// # Errors
    /// Which setting is wrong, and how; never with the secret.
    pub fn new(settings: &BucketSettings<'_>) -> Result<Self, (&'static str, String)> {
        let place = settings.to.strip_prefix("s3://").unwrap_or_default();
        let (name, folder) = place.split_once('/').unwrap_or((place, ""));
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if !is_name {
            return Err(("backup.to", "must be a folder, or a place such as s3://bucket/folder".into()));
        }
        let folder = folder.trim_matches('/');
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let endpoint = settings
            .endpoint
            .parse::<Url>()
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty());
        let endpoint =
            endpoint.ok_or(("backup.s3_endpoint", "must be an address such as https://s3.example.com".to_owned()))?;
        if settings.key_id.is_empty() || settings.secret.is_empty() {
            return Err(("backup.s3_key_id", "and backup.s3_secret (or a file with it) are needed for s3://".into()));
        }
        let bucket = rusty_s3::Bucket::new(endpoint, UrlStyle::Path, name.to_owned(), settings.region.to_owned())
            .map_err(|error| ("backup.s3_endpoint", error.to_string()))?;
        let credentials = Credentials::new(settings.key_id, settings.secret.reveal());
        let sender = Sender::new().map_err(|problem| ("backup.s3_endpoint", problem))?;
        Ok(Self { bucket, credentials, folder, sender })
    }

    /// Whether backups can be put there: begins one and gives it up. Asks once, and leaves nothing.
    ///
    /// # Errors
    /// What the store says.
    pub async fn try_out(&self) -> Result<(), BackupError> {
        let object = format!("{}chatbot-doctor", self.folder);
        let begin = || CreateMultipartUpload::new(&self.bucket, Some(&self.credentials), &object).sign(VALID);
        let answer = self.ask_once(Method::POST, Bytes::new(), MOST_ANSWER, begin()).await?;
        let begun = CreateMultipartUpload::parse_response(&answer.text());
        let begun = begun.map_err(|_| unexpected("it began no upload", &answer))?;
        let abort = self.bucket.abort_multipart_upload(Some(&self.credentials), &object, begun.upload_id());
        self.ask_once(Method::DELETE, Bytes::new(), MOST_ANSWER, abort.sign(VALID)).await?;
        Ok(())
    }

    pub(super) fn begin<'a>(
        &'a self,
        name: &str,
        runtime: &Handle,
        stopping: &CancellationToken,
    ) -> Result<Parts<'a>, BackupError> {
        let object = format!("{}{name}", self.folder);
        let asked = self.ask(Method::POST, Bytes::new(), || {
            CreateMultipartUpload::new(&self.bucket, Some(&self.credentials), &object).sign(VALID)
        });
        let answer = runtime.block_on(stopping.run_until_cancelled(asked)).ok_or(BackupError::Stopping)??;
        let upload = CreateMultipartUpload::parse_response(&answer.text())
            .map_err(|_| unexpected("it began no upload", &answer))?
            .upload_id()
            .to_owned();
        Ok(Parts {
            bucket: self,
            object,
            upload,
            etags: Vec::new(),
            part: Vec::with_capacity(PART),
            bytes: 0,
            runtime: runtime.clone(),
            stopping: stopping.clone(),
            is_finished: false,
        })
    }

    /// The names of all objects in the folder that begin so.
    pub(super) async fn names(&self, prefix: &str) -> Result<Vec<String>, BackupError> {
        let (mut names, mut token) = (Vec::new(), None::<String>);
        loop {
            let sign = || {
                let mut list = ListObjectsV2::new(&self.bucket, Some(&self.credentials));
                list.with_prefix(format!("{}{prefix}", self.folder));
                if let Some(token) = &token {
                    list.with_continuation_token(token.clone());
                }
                list.sign(VALID)
            };
            let answer = self.ask(Method::GET, Bytes::new(), sign).await?;
            let list = ListObjectsV2::parse_response(&answer.text())
                .map_err(|_| unexpected("its list is unreadable", &answer))?;
            let keys = list.contents.iter().filter_map(|object| object.key.strip_prefix(self.folder.as_str()));
            names.extend(keys.map(str::to_owned));
            token = list.next_continuation_token;
            if token.is_none() {
                return Ok(names);
            }
        }
    }

    /// Reads an object of at most `most` bytes.
    pub(super) async fn get(&self, name: &str, most: usize) -> Result<Vec<u8>, BackupError> {
        let object = format!("{}{name}", self.folder);
        let sign = || self.bucket.get_object(Some(&self.credentials), &object).sign(VALID);
        Ok(self.ask_for(Method::GET, Bytes::new(), most, sign).await?.body)
    }

    /// Writes a small object, in one piece.
    pub(super) async fn put(&self, name: &str, content: Bytes) -> Result<(), BackupError> {
        let object = format!("{}{name}", self.folder);
        let sign = || self.bucket.put_object(Some(&self.credentials), &object).sign(VALID);
        self.ask(Method::PUT, content, sign).await.map(drop)
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), BackupError> {
        let object = format!("{}{name}", self.folder);
        let sign = || self.bucket.delete_object(Some(&self.credentials), &object).sign(VALID);
        self.ask(Method::DELETE, Bytes::new(), sign).await.map(drop)
    }

    /// Sends a request, again if it fails for now. Each time it is signed anew.
    async fn ask(&self, method: Method, body: Bytes, sign: impl Fn() -> Url) -> Result<Answer, BackupError> {
        self.ask_for(method, body, MOST_ANSWER, sign).await
    }

    /// The same, for an answer of at most `most` bytes.
    async fn ask_for(
        &self,
        method: Method,
        body: Bytes,
        most: usize,
        sign: impl Fn() -> Url,
    ) -> Result<Answer, BackupError> {
        let mut tries = 1;
        loop {
            match self.ask_once(method.clone(), body.clone(), most, sign()).await {
                Err(Refused { error, is_final }) if is_final || tries == TRIES => return Err(error),
                Ok(answer) => return Ok(answer),
                Err(_) => tokio::time::sleep(PAUSE * 4_u32.pow(tries - 1)).await,
            }
            tries += 1;
        }
    }

    async fn ask_once(&self, method: Method, body: Bytes, most: usize, url: Url) -> Result<Answer, Refused> {
        let mut request = reqwest::Request::new(method, url);
        *request.body_mut() = Some(body.into());
        let answer = match self.sender.send(request, WAITS).await {
            Ok(incoming) => read(incoming, most).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) if answer.status.is_success() => Ok(answer),
            Ok(answer) => {
                Err(Refused { error: unexpected("it refused", &answer), is_final: answer.status.is_client_error() })
            }
            Err(error) => {
                let error = BackupError::Target(format!("{}: {error}", self.host()));
                Err(Refused { error, is_final: false })
            }
        }
    }

    fn host(&self) -> &str {
        self.bucket.base_url().host_str().unwrap_or_default()
    }
}

async fn read(incoming: Incoming, most: usize) -> Result<Answer, crate::fetch::FetchError> {
    let header = |name: &str| incoming.header(name).map(str::to_owned);
    let (status, etag) = (incoming.status(), header("etag"));
    let bytes = header("content-length").and_then(|length| length.parse().ok());
    let (body, _) = incoming.body(most).await?;
    Ok(Answer { status, etag, bytes, body })
}

/// The code is the store's word for what is wrong; the rest of its answer may have parts of the request.
fn unexpected(what: &str, answer: &Answer) -> BackupError {
    let text = answer.text();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let code: String = code.map(|(code, _)| code.chars().take(60).collect()).unwrap_or_default();
    BackupError::Target(format!("the store for backups: {what} ({} {code})", answer.status.as_u16()))
}

/// A backup that is sent in parts.
pub(super) struct Parts<'a> {
    bucket: &'a Bucket,
    object: String,
    upload: String,
    etags: Vec<String>,
    part: Vec<u8>,
    bytes: u64,
    runtime: Handle,
    stopping: CancellationToken,
    is_finished: bool,
}

impl Parts<'_> {
    fn send(&mut self) -> Result<(), BackupError> {
        let part = Bytes::from(std::mem::replace(&mut self.part, Vec::with_capacity(PART)));
        self.bytes += part.len() as u64;
        let number = u16::try_from(self.etags.len() + 1).map_err(|_| BackupError::Target("too many parts".into()))?;
        let Self { bucket, object, upload, .. } = &*self;
        let sign = || bucket.bucket.upload_part(Some(&bucket.credentials), object, number, upload).sign(VALID);
        let sent = async { self.stopping.run_until_cancelled(bucket.ask(Method::PUT, part, sign)).await };
        let answer = self.runtime.block_on(sent).ok_or(BackupError::Stopping)??;
        let etag = answer.etag.clone().ok_or_else(|| unexpected("it took a part and did not say which", &answer))?;
        self.etags.push(etag);
        Ok(())
    }

    /// Completes the upload, and looks whether all of it is there.
    async fn complete(&self) -> Result<(), BackupError> {
        let Self { bucket, object, upload, .. } = self;
        let complete = || {
            let etags = self.etags.iter().map(String::as_str);
            bucket.bucket.complete_multipart_upload(Some(&bucket.credentials), object, upload, etags)
        };
        let body = Bytes::from(complete().body());
        let answer = bucket.ask(Method::POST, body, || complete().sign(VALID)).await?;
        // It may say 200 and fail.
        CompleteMultipartUploadResponse::parse(&answer.text())
            .map_err(|_| unexpected("it did not keep it", &answer))?;
        let sign = || bucket.bucket.head_object(Some(&bucket.credentials), object).sign(VALID);
        let kept = bucket.ask(Method::HEAD, Bytes::new(), sign).await?;
        if kept.bytes == Some(self.bytes) { Ok(()) } else { Err(unexpected("it has another length", &kept)) }
    }
}

impl Write for Parts<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PART - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        if self.part.len() == PART {
            self.send().map_err(io::Error::other)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Upload for Parts<'_> {
    fn finish(mut self: Box<Self>) -> Result<(), BackupError> {
        if !self.part.is_empty() {
            self.send()?;
        }
        let completed = self.runtime.block_on(self.stopping.run_until_cancelled(self.complete()));
        completed.ok_or(BackupError::Stopping)??;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Parts<'_> {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        // Parts of what was given up would be paid for until the store forgets them.
        let Self { bucket, object, upload, .. } = &*self;
        let sign = || bucket.bucket.abort_multipart_upload(Some(&bucket.credentials), object, upload).sign(VALID);
        let mut request = reqwest::Request::new(Method::DELETE, sign());
        *request.body_mut() = Some(Bytes::new().into());
        let aborted = async { tokio::time::timeout(PAUSE, bucket.sender.send(request, WAITS)).await };
        if !matches!(self.runtime.block_on(aborted), Ok(Ok(_))) {
            tracing::warn!(?bucket, "parts of a backup that was given up may stay in the bucket");
        }
    }
}
