//! What the server listens on, and the other servers that it needs.

use std::io::ErrorKind;
use std::time::Duration;

use reqwest::header::{ACCEPT_LANGUAGE, AUTHORIZATION, DATE, HeaderValue};
use reqwest::{Method, Request, StatusCode, Url};
use serde::Deserialize;

use super::clock;
use crate::config::{Config, EmbeddingChoice, read_key};
use crate::fetch::{FetchError, Key, Sender, Waits};
use crate::http;
use crate::local::LocalAccess;
use crate::model::{Diagnosis, DiagnosisView, Timestamp};
use crate::text::Locale;
use crate::threads::blocking;

/// For each answer: an examination must not take long where nobody answers.
const WAITS: Waits =
    Waits { first: Duration::from_secs(5), idle: Duration::from_secs(5), total: Duration::from_secs(8) };

/// Largest answer that is read, in bytes.
const MOST_BYTES: usize = 1024 * 1024;

/// How long a server may examine itself.
const EXAMINATION: Duration = Duration::from_secs(30);

/// What `/api/doctor` answers.
#[derive(Deserialize)]
struct Examination {
    diagnoses: Vec<DiagnosisView>,
}

/// What `/healthz` answers.
#[derive(Deserialize)]
struct Health {
    status: String,
    version: String,
}

/// The list of models of an OpenAI-compatible server.
#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// An answer of another server.
struct Answer {
    status: StatusCode,
    date: Option<Timestamp>,
    body: Vec<u8>,
}

/// What was found of the server of a data folder.
pub struct Found {
    pub diagnoses: Vec<Diagnosis>,
    /// The one that runs there.
    pub running: Option<Running>,
}

/// A server that runs, and how to ask it.
pub struct Running {
    access: LocalAccess,
    client: reqwest::Client,
    answers: bool,
}

impl Running {
    /// What it finds when it examines itself, if it answers: it has other rights and limits than whoever asks.
    pub async fn examined(&self, locale: Locale) -> Vec<DiagnosisView> {
        if !self.answers {
            return Vec::new();
        }
        let request = self.client.get(format!("{}/api/doctor", self.access.url)).timeout(EXAMINATION);
        let request = request.bearer_auth(&self.access.key).header(ACCEPT_LANGUAGE, locale.tag());
        let asked = async { request.send().await?.error_for_status()?.bytes().await };
        let said = match asked.await {
            // One of another version, of which is told anyway.
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => return Vec::new(),
            Err(error) if error.is_timeout() => Err(FetchError::TimedOut),
            Err(_) => Err(FetchError::Broken),
            Ok(bytes) => serde_json::from_slice::<Examination>(&bytes).map_err(|_| FetchError::Broken),
        };
        said.map(|said| said.diagnoses).unwrap_or_else(|problem| {
            let silent = Diagnosis::fault("server-silent").with("problem", problem).with("url", &self.access.url);
            vec![silent.view(locale)]
        })
    }
}

/// Examines the server of the data folder.
pub async fn server(config: &Config) -> Found {
    let dir = config.server.data_dir.clone();
    let announced = blocking(move || LocalAccess::find(&dir)).await;
    let not_running = || Found { diagnoses: port(config).into_iter().collect(), running: None };
    let Ok(Ok(access)) = announced else { return not_running() };
    let Ok(client) = access.client(WAITS.total) else { return not_running() };
    let asked = async { client.get(format!("{}/healthz", access.url)).send().await?.bytes().await };
    let asked = asked.await;
    let answers = asked.is_ok();
    let finding = match asked {
        // Left by one that was killed.
        Err(error) if error.is_connect() => return not_running(),
        Err(error) => {
            let problem = if error.is_timeout() { FetchError::TimedOut } else { FetchError::Broken };
            Diagnosis::fault("server-silent").with("problem", problem)
        }
        Ok(body) => match serde_json::from_slice::<Health>(&body) {
            Err(_) => return not_running(),
            Ok(Health { status, .. }) if status != "ok" => Diagnosis::fault("server-ill").with("status", status),
            Ok(Health { version, .. }) if version != env!("CARGO_PKG_VERSION") => {
                Diagnosis::warning("server-version").with("running", version).with("this", env!("CARGO_PKG_VERSION"))
            }
            Ok(_) => Diagnosis::fine("server-fine"),
        },
    };
    Found { diagnoses: vec![finding.with("url", &access.url)], running: Some(Running { access, client, answers }) }
}

/// Whether a server could listen at its port, if it has one.
fn port(config: &Config) -> Option<Diagnosis> {
    if !config.server.socket.as_os_str().is_empty() {
        return None;
    }
    let finding = match http::bind(config.host(), config.server.port) {
        Ok(_) => Diagnosis::fine("port-fine"),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Diagnosis::fault("port-taken"),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Diagnosis::fault("port-denied"),
        Err(error) => Diagnosis::fault("port-address").with("problem", error),
    };
    Some(finding.with("port", config.server.port).with("host", &config.server.host))
}

/// Examines the servers that the settings name. `answers`: whether this one runs.
pub async fn others(config: &Config, answers: bool) -> Vec<Diagnosis> {
    let (public, model, embedding, provider) = tokio::join!(
        async { if answers { public(config).await } else { Vec::new() } },
        language_model(config),
        embedding(config),
        provider(config),
    );
    let mut findings = Vec::new();
    for finding in [public, model, embedding, provider].into_iter().flatten() {
        // One word about the clock is enough.
        if !findings.iter().any(|other: &Diagnosis| other.name == "clock-off" && other.name == finding.name) {
            findings.push(finding);
        }
    }
    findings
}

/// Whether this server is reached by its public address.
async fn public(config: &Config) -> Vec<Diagnosis> {
    let url = config.http.public_url.trim_end_matches('/');
    if url.is_empty() {
        return Vec::new();
    }
    let finding = match ask(&format!("{url}/healthz"), &Key::default()).await {
        Err(error) => Diagnosis::fault("public-unreachable").with("problem", error),
        Ok(answer) if serde_json::from_slice::<Health>(&answer.body).is_ok() => Diagnosis::fine("public-fine"),
        Ok(answer) => Diagnosis::fault("public-other").with("status", answer.status.as_u16()),
    };
    vec![finding.with("url", url)]
}

async fn language_model(config: &Config) -> Vec<Diagnosis> {
    let settings = &config.language_model;
    if settings.base_url.is_empty() {
        return Vec::new();
    }
    let Some(key) = key_of(&settings.key, "language_model.key_file", &settings.key_file).await else {
        return Vec::new();
    };
    models(&settings.base_url, &key, &settings.model).await
}

async fn embedding(config: &Config) -> Vec<Diagnosis> {
    let settings = &config.embedding;
    if settings.source != EmbeddingChoice::Remote {
        return Vec::new();
    }
    let Some(key) = key_of(&settings.key, "embedding.key_file", &settings.key_file).await else { return Vec::new() };
    models(&settings.base_url, &key, &settings.model).await
}

/// The key, from its file if one is named; `None` if that cannot be read, which the settings' examination tells.
async fn key_of(key: &Key, setting: &'static str, file: &std::path::Path) -> Option<Key> {
    if file.as_os_str().is_empty() {
        return Some(key.clone());
    }
    let file = file.to_owned();
    blocking(move || read_key(setting, &file)).await.ok()?.ok()
}

/// Whether a server of models answers, takes the key and has the model.
async fn models(base: &str, key: &Key, model: &str) -> Vec<Diagnosis> {
    let answer = ask(&format!("{}/models", base.trim_end_matches('/')), key).await;
    let host = Url::parse(base).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let name = |finding: Diagnosis| finding.with("host", &host).with("model", model);
    let answer = match answer {
        Err(error) => return vec![name(Diagnosis::fault("model-unreachable").with("problem", error))],
        Ok(answer) => answer,
    };
    let clock = answer.date.and_then(|date| clock::compare(date, &host));
    let finding = match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Diagnosis::fault("model-key"),
        status if !status.is_success() => Diagnosis::warning("model-unlisted").with("status", status.as_u16()),
        _ => match serde_json::from_slice::<Models>(&answer.body) {
            Ok(Models { data }) if !data.iter().any(|known| is_called(&known.id, model)) => {
                Diagnosis::fault("model-missing")
            }
            Ok(_) => Diagnosis::fine("model-fine"),
            Err(_) => Diagnosis::warning("model-unlisted").with("status", answer.status.as_u16()),
        },
    };
    [name(finding)].into_iter().chain(clock).collect()
}

/// Ollama's names have a tag, which may be left out.
fn is_called(id: &str, model: &str) -> bool {
    id == model || id.strip_suffix(":latest") == Some(model)
}

async fn provider(config: &Config) -> Vec<Diagnosis> {
    let issuer = config.open_id.issuer.trim_end_matches('/');
    if issuer.is_empty() {
        return Vec::new();
    }
    let finding = match ask(&format!("{issuer}/.well-known/openid-configuration"), &Key::default()).await {
        Err(error) => Diagnosis::fault("provider-unreachable").with("problem", error),
        Ok(answer) if answer.status.is_success() => Diagnosis::fine("provider-fine"),
        Ok(answer) => Diagnosis::fault("provider-unreachable").with("problem", answer.status),
    };
    vec![finding.with("issuer", issuer)]
}

async fn ask(url: &str, key: &Key) -> Result<Answer, FetchError> {
    let url = Url::parse(url).map_err(|_| FetchError::BadUrl)?;
    let mut request = Request::new(Method::GET, url);
    if !key.is_empty()
        && let Ok(mut value) = HeaderValue::try_from(format!("Bearer {}", key.reveal()))
    {
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    let sender = Sender::new().map_err(|_| FetchError::Broken)?;
    let incoming = sender.send(request, WAITS).await?;
    let date = incoming.headers().get(DATE).and_then(|date| date.to_str().ok()).and_then(Timestamp::parse_http);
    let status = incoming.status();
    let (body, _) = incoming.body(MOST_BYTES).await?;
    Ok(Answer { status, date, body })
}

#[cfg(test)]
mod tests {
    use super::is_called;

    #[test]
    fn a_model_is_known_with_and_without_its_tag() {
        assert!(is_called("qwen3:4b", "qwen3:4b") && is_called("qwen3:latest", "qwen3"));
        assert!(!is_called("qwen3:4b", "qwen3") && !is_called("qwen3", "qwen3:4b"));
    }
}
