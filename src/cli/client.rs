//! The HTTP client of the command line: for the server on this machine, or another one by URL and key.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use chatbot::config::{self, Config, Sources};
use chatbot::local::LocalAccess;
use clap::Args;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;

use super::form::Form;

/// Timeout of a request.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Timeout of an upload, which includes reading the file on the server.
const UPLOAD_TIME_LIMIT: Duration = Duration::from_secs(3 * 60 * 60);

/// Timeout of a download.
const DOWNLOAD_TIME_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
/// A server on this machine.
#[derive(Args)]
pub struct LocalArgs {
    /// Data directory of the server [default: as for serve]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<String>,
    /// Configuration file that names the data directory
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl LocalArgs {
    /// Its settings.
    ///
    /// # Errors
    /// A message for the user, if they are wrong.
    pub fn settings(&self) -> anyhow::Result<Config> {
        settings(self.data_dir.as_deref(), self.config.as_deref())
    }
}

fn settings(data_dir: Option<&str>, file: Option<&Path>) -> anyhow::Result<Config> {
    let flags = data_dir.map(|dir| ("server.data_dir", dir.to_owned())).into_iter().collect();
    let file = file.map(Path::to_owned);
    Ok(config::load(&Sources { file, environment: config::environment(), flags })?)
}

/// Which server is meant.
#[derive(Args)]
pub struct ServerArgs {
    /// Data directory of the server on this machine [default: as for serve]
    #[arg(long, value_name = "DIR", global = true, conflicts_with = "url")]
    data_dir: Option<String>,
    /// Configuration file that names the data directory
    #[arg(long, value_name = "FILE", global = true, conflicts_with = "url")]
    config: Option<PathBuf>,
    /// URL of another server, such as https://chat.example.com
    #[arg(long, global = true)]
    url: Option<Url>,
    /// The owner's key, for --url
    #[arg(long, env = "CHATBOT_KEY", hide_env_values = true, global = true)]
    key: Option<String>,
}

impl ServerArgs {
    /// Whether it is the one of this machine.
    pub fn is_local(&self) -> bool {
        self.url.is_none()
    }

    /// The settings of the server on this machine.
    ///
    /// # Errors
    /// A message for the user, if they are wrong.
    pub fn settings(&self) -> anyhow::Result<Config> {
        settings(self.data_dir.as_deref(), self.config.as_deref())
    }
}

/// A client of one server.
pub struct Client {
    http: reqwest::Client,
    url: String,
    key: Option<String>,
    /// Hint for the case that the server is not reachable or does not accept the key.
    hint: &'static str,
}

/// What the server does not do, and why.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct Refusal {
    /// Stable.
    pub code: String,
    words: String,
}

impl Client {
    /// # Errors
    /// A message for the user, if no server is found.
    pub fn new(server: ServerArgs) -> anyhow::Result<Self> {
        if let Some(url) = server.url {
            let http = reqwest::Client::builder().timeout(TIME_LIMIT).build()?;
            let url = url.as_str().trim_end_matches('/').to_owned();
            let hint = "is the address right, and the key in CHATBOT_KEY?";
            return Ok(Self { http, url, key: server.key, hint });
        }
        let access = LocalAccess::find(&server.settings()?.server.data_dir)?;
        let hint = "the server that ran here has gone without a proper stop; start it again with chatbot serve";
        let http = access.client(TIME_LIMIT)?;
        Ok(Self { http, url: access.url, key: Some(access.key), hint })
    }

    /// Sends a request; null if the response has no body.
    ///
    /// # Errors
    /// The server's error message.
    pub async fn ask(&self, method: Method, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.send(self.request(method, path).query(query)).await
    }

    /// Sends a request with a JSON body.
    ///
    /// # Errors
    /// As for [`Client::ask`].
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path).header(CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// As [`Client::post`], for what may take long.
    ///
    /// # Errors
    /// As for [`Client::ask`].
    pub async fn post_patiently(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path).timeout(DOWNLOAD_TIME_LIMIT);
        self.send(request.header(CONTENT_TYPE, "application/json").body(body.to_string())).await
    }

    /// Sends a change as JSON.
    ///
    /// # Errors
    /// As for [`Client::ask`].
    pub async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.request(Method::PATCH, path).header(CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// Sends what is to be so as JSON.
    ///
    /// # Errors
    /// As for [`Client::ask`].
    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.request(Method::PUT, path).header(CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// Sends a request with a JSON body whose answer is a file, and waits for its beginning.
    ///
    /// # Errors
    /// As for [`Client::ask`].
    pub async fn download(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        let request = self.request(Method::POST, path).timeout(DOWNLOAD_TIME_LIMIT);
        let response = self.begin(request.header(CONTENT_TYPE, "application/json").body(body.to_string())).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, answer) = self.read(response).await?;
        self.accept(status, answer)?;
        bail!("what answers at {} ({status}) is not chatbot", self.url)
    }

    /// Sends a form with a file, which is read while it is sent.
    ///
    /// # Errors
    /// As for [`Client::ask`].
    pub async fn upload(&self, method: Method, path: &str, form: Form) -> anyhow::Result<Value> {
        let request = self.request(method, path).timeout(UPLOAD_TIME_LIMIT);
        let request = request.header(CONTENT_TYPE, form.content_type()).header(CONTENT_LENGTH, form.length());
        self.send(request.body(form.into_body())).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// What the server says of its health, and whether it is well.
    ///
    /// # Errors
    /// If it does not answer within `patience`.
    pub async fn health(&self, patience: Duration) -> anyhow::Result<(bool, Value)> {
        let (status, answer) = self.exchange(self.request(Method::GET, "/healthz").timeout(patience)).await?;
        Ok((status.is_success(), answer))
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let (status, answer) = self.exchange(request).await?;
        self.accept(status, answer)
    }

    /// An answer of success; otherwise the server's error message.
    fn accept(&self, status: StatusCode, answer: Value) -> anyhow::Result<Value> {
        match status {
            status if status.is_success() => Ok(answer),
            StatusCode::UNAUTHORIZED => bail!("{} ({})", words(&answer, status), self.hint),
            status => {
                let code = answer["error"]["code"].as_str().unwrap_or_default().to_owned();
                let words = match answer["error"]["document"].as_str() {
                    Some(document) => format!("{} ({document})", words(&answer, status)),
                    None => words(&answer, status),
                };
                Err(Refusal { code, words }.into())
            }
        }
    }

    /// The status, and the body as JSON.
    async fn exchange(&self, request: RequestBuilder) -> anyhow::Result<(StatusCode, Value)> {
        let response = self.begin(request).await?;
        self.read(response).await
    }

    async fn begin(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        match request.send().await {
            Err(error) if error.is_connect() => bail!("nobody answers at {}: {}", self.url, self.hint),
            Err(error) if error.is_timeout() => bail!("{} does not answer in time", self.url),
            sent => sent.with_context(|| format!("cannot ask {}", self.url)),
        }
    }

    async fn read(&self, response: Response) -> anyhow::Result<(StatusCode, Value)> {
        let status = response.status();
        let body = response.bytes().await.with_context(|| format!("the answer of {} broke off", self.url))?;
        let answer = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice::<Value>(&body) };
        let answer = answer.map_err(|_| anyhow::anyhow!("what answers at {} ({status}) is not chatbot", self.url));
        Ok((status, answer?))
    }
}

/// The server's error message in a response.
fn words(answer: &Value, status: StatusCode) -> String {
    answer["error"]["message"].as_str().map_or_else(|| status.to_string(), str::to_owned)
}

/// Encodes a text as one path segment.
pub fn in_path(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
