//! Certificates by ACME where something is wrong: the authority is away, limits, has revoked what it gave, or knows the account no
//! more.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use instant_acme::{Account, BodyWrapper, BytesResponse, Error, HttpClient, RevocationReason, RevocationRequest};
use parking_lot::Mutex;
use reqwest::header::{CONTENT_TYPE, HOST};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::authority::{Authority, LONG, NAME, Ports, certificate, local_access, overview, serve, until};
use crate::certificates::{Files, Visitor};
use crate::clock::{Clock, HOUR};
use crate::command::chatbot;
use crate::support::ServerProcess;

const DAY: i64 = 24 * HOUR;

/// How long a limit lasts, in seconds: longer than a server waits by itself after a first failure.
const LIMITED: u64 = 9;

/// Passes everything on to an authority, and says what that one cannot: that it is asked too often, and when it wants certificates
/// to be renewed (RFC 9773).
struct Front {
    address: SocketAddr,
    authority: u16,
    management: u16,
    to: reqwest::Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_limited: bool,
    /// When orders were asked for that were taken, or refused by the limit.
    orders: Vec<Instant>,
    /// How often it was asked when to renew.
    asked: usize,
}

/// A request as it came.
struct Asked {
    method: String,
    path: String,
    body: Vec<u8>,
}

/// An answer: status, headers, body.
type Answer = (u16, Vec<(String, String)>, Vec<u8>);

impl Front {
    async fn start(dir: &Path, authority: &Authority) -> (Arc<Self>, Files) {
        let dir = dir.join("front");
        std::fs::create_dir(&dir).expect("a folder");
        let files = Files::write(&dir, &["127.0.0.1"]);
        let chain = vec![CertificateDer::from_pem_slice(files.pem.as_bytes()).expect("PEM")];
        let key = PrivateKeyDer::from_pem_file(&files.key).expect("PEM");
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).expect("a certificate")));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let this = Arc::new(Self {
            address: listener.local_addr().expect("an address"),
            authority: authority.port,
            management: authority.management,
            to: trusting(&authority.root),
            state: Mutex::default(),
        });
        let front = this.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (front, acceptor) = (front.clone(), acceptor.clone());
                tokio::spawn(async move { front.serve(acceptor, stream).await });
            }
        });
        (this, files)
    }

    /// As an authority of its own, in the settings of a server.
    fn settings(&self, authority: &Authority, ports: Ports, files: &Files) -> Vec<(String, String)> {
        let directory = format!("https://{}/dir", self.address);
        let ca_file = files.cert.to_str().expect("text");
        authority.settings(ports, NAME, &[("CHATBOT_TLS__DIRECTORY", &directory), ("CHATBOT_TLS__CA_FILE", ca_file)])
    }

    async fn serve(&self, acceptor: TlsAcceptor, stream: TcpStream) {
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        let head = String::from_utf8(head).expect("text");
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await.expect("a body");
        let mut words = head.split(' ').map(str::to_owned);
        let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
        let is_head = method == "HEAD";
        let (status, headers, body) = self.answer(Asked { method, path, body }).await;
        let mut said = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        headers.iter().for_each(|(name, value)| said.push_str(&format!("{name}: {value}\r\n")));
        stream.write_all(format!("{said}\r\n").as_bytes()).await.expect("sent");
        if !is_head {
            stream.write_all(&body).await.expect("sent");
        }
        let _ = stream.shutdown().await;
    }

    async fn answer(&self, asked: Asked) -> Answer {
        if let Some(id) = asked.path.strip_prefix("/renewal/") {
            return self.renewal(id).await;
        }
        let is_order = asked.path == "/order-plz";
        if is_order {
            let mut state = self.state.lock();
            if state.is_limited {
                state.orders.push(Instant::now());
                let problem = json!({"type": "urn:ietf:params:acme:error:rateLimited", "status": 429,
                    "detail": "too many certificates already issued"});
                return (429, headers("application/problem+json", LIMITED), problem.to_string().into());
            }
        }
        let is_directory = asked.path == "/dir";
        let (status, headers, body) = self.pass_on(asked).await;
        // Now and then it wants the same with another nonce.
        if is_order && status == 201 {
            self.state.lock().orders.push(Instant::now());
        }
        if !is_directory {
            return (status, headers, body);
        }
        let mut directory: Value = serde_json::from_slice(&body).expect("JSON");
        directory["renewalInfo"] = format!("https://{}/renewal", self.address).into();
        (status, headers, directory.to_string().into())
    }

    async fn pass_on(&self, asked: Asked) -> Answer {
        let method = asked.method.parse().expect("a method");
        let url = format!("https://127.0.0.1:{}{}", self.authority, asked.path);
        let request = self.to.request(method, url).header(HOST, self.address.to_string());
        let request = request.header(CONTENT_TYPE, "application/jose+json").body(asked.body);
        let said = request.send().await.expect("an answer");
        let kept = ["content-type", "location", "replay-nonce", "link", "retry-after", "date"];
        let headers = said.headers().iter().filter(|(name, _)| kept.contains(&name.as_str()));
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned())).collect();
        (said.status().as_u16(), headers, said.bytes().await.expect("a body").to_vec())
    }

    /// A certificate that was revoked should be renewed at once, another one in half a day.
    async fn renewal(&self, id: &str) -> Answer {
        self.state.lock().asked += 1;
        let serial = id.split('.').nth(1).expect("a serial number");
        let serial = HEXLOWER.encode(&BASE64URL_NOPAD.decode(serial.as_bytes()).expect("base64"));
        let url = format!("https://127.0.0.1:{}/cert-status-by-serial/{serial}", self.management);
        let known = self.to.get(url).send().await.expect("an answer").text().await.expect("a body");
        let known: Value = serde_json::from_str(&known).unwrap_or_else(|error| panic!("{error}: {known}"));
        let now = jiff::Timestamp::now();
        let start = if known["Status"] == "Revoked" {
            now - jiff::SignedDuration::from_hours(2)
        } else {
            now + jiff::SignedDuration::from_hours(12)
        };
        let end = start + jiff::SignedDuration::from_hours(1);
        let window = json!({"suggestedWindow": {"start": start.to_string(), "end": end.to_string()}});
        (200, headers("application/json", 21_600), window.to_string().into())
    }
}

fn headers(kind: &str, retry_after: u64) -> Vec<(String, String)> {
    vec![("content-type".to_owned(), kind.to_owned()), ("retry-after".to_owned(), retry_after.to_string())]
}

fn trusting(root: &str) -> reqwest::Client {
    let root = reqwest::Certificate::from_pem(root.as_bytes()).expect("PEM");
    let builder = reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false).add_root_certificate(root);
    builder.redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

/// Asks an authority for whom the server knows as its account.
struct Asking(reqwest::Client);

impl HttpClient for Asking {
    fn request(
        &self,
        request: hyper::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move {
            let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap)).expect("a request");
            let said = client.execute(request).await.expect("an answer");
            let mut response = hyper::Response::builder().status(said.status());
            *response.headers_mut().expect("headers") = said.headers().clone();
            let body = BodyWrapper::from(said.bytes().await.expect("a body").to_vec());
            Ok(BytesResponse::from(response.body(body).expect("a response")))
        })
    }
}

/// The account of the server with that folder.
async fn account(data: &Path, root: &str) -> Account {
    let saved = std::fs::read(data.join("tls/account.json")).expect("an account");
    let saved: Value = serde_json::from_slice(&saved).expect("JSON");
    let credentials = serde_json::from_value(saved["credentials"].clone()).expect("credentials");
    let builder = Account::builder_with_http(Box::new(Asking(trusting(root))));
    builder.from_credentials(credentials).await.expect("the authority knows it")
}

async fn concern(server: &ServerProcess, local: &str, words: &str) {
    until(words, async || {
        let overview = overview(server, "chatbot.internal", local).await;
        let mut concerns = overview["concerns"].as_array()?.iter().filter_map(Value::as_str);
        concerns.any(|concern| concern.contains(words)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_authority_that_limits_is_asked_when_it_says_and_not_before_also_by_a_server_that_starts_anew() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let authority = Authority::start(dir.path(), ports, LONG);
    let (data, issuer) = (dir.path().join("data"), authority.issuer().await);
    let (front, files) = Front::start(dir.path(), &authority).await;
    front.state.lock().is_limited = true;
    let settings = front.settings(&authority, ports, &files);
    let mut server = serve(&data, ports, &settings);
    let orders = async |count: usize| {
        until("an order", async || Some(front.state.lock().orders.clone()).filter(|orders| orders.len() >= count)).await
    };
    let asked = orders(2).await;
    assert!(asked[1] - asked[0] >= Duration::from_secs(LIMITED), "{asked:?}");
    let local = local_access(&data);
    concern(&server, &local, "limits how often it is asked: too many certificates already issued").await;

    // Impatience does not help.
    until("the second answer is noted", async || {
        let failure = std::fs::read(data.join("tls/failure.json")).ok()?;
        let failure: Value = serde_json::from_slice(&failure).ok()?;
        let left = failure["not_before"].as_i64()? - jiff::Timestamp::now().as_millisecond();
        (left > 5_000).then_some(())
    })
    .await;
    server.kill();
    let server = serve(&data, ports, &settings);
    front.state.lock().is_limited = false;
    let asked = orders(3).await;
    assert!(asked[2] - asked[1] >= Duration::from_secs(LIMITED), "{asked:?}");
    certificate(&server, NAME, &issuer).await;
    assert!(!data.join("tls/failure.json").exists(), "it is over");
}

#[tokio::test]
async fn a_certificate_that_is_revoked_is_replaced() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let authority = Authority::start(dir.path(), ports, LONG);
    let (data, issuer) = (dir.path().join("data"), authority.issuer().await);
    let (front, files) = Front::start(dir.path(), &authority).await;
    let settings = front.settings(&authority, ports, &files);
    let server = serve(&data, ports, &settings);
    let first = certificate(&server, NAME, &issuer).await;
    until("it is asked when to renew", async || (front.state.lock().asked > 0).then_some(())).await;
    drop(server);

    let der = CertificateDer::from(first.clone());
    let revoking = RevocationRequest { certificate: &der, reason: Some(RevocationReason::KeyCompromise) };
    account(&data, &files.pem).await.revoke(&revoking).await.expect("revoked");
    let orders = front.state.lock().orders.len();
    let server = serve(&data, ports, &settings);
    let visitor = Visitor::new(server.address(), NAME, &issuer);
    until("another certificate", async || visitor.certificate().await.filter(|shown| *shown != first)).await;
    assert_eq!(overview(&server, NAME, &issuer).await["concerns"], json!([]));
    // An authority that knows nothing of replacing is asked once more without it.
    let asked = front.state.lock().orders.len() - orders;
    assert!((1..=2).contains(&asked), "{asked}");
}

#[tokio::test]
async fn after_an_account_was_deactivated_the_server_makes_another() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let authority = Authority::start(dir.path(), ports, 12);
    let (data, issuer) = (dir.path().join("data"), authority.issuer().await);
    let server = serve(&data, ports, &authority.settings(ports, NAME, &[]));
    let first = certificate(&server, NAME, &issuer).await;
    let before = account(&data, &authority.root).await;
    let id = before.id().to_owned();
    before.deactivate().await.expect("deactivated");
    let visitor = Visitor::new(server.address(), NAME, &issuer);
    until("another certificate", async || visitor.certificate().await.filter(|shown| *shown != first)).await;
    assert_ne!(account(&data, &authority.root).await.id(), id);
    let local = local_access(&data);
    assert_eq!(overview(&server, "chatbot.internal", &local).await["concerns"], json!([]));
}

/// What `chatbot doctor` says of a name of a finding: how severe it is, and its words.
fn examined(data: &Path, environment: &[(String, String)], name: &str) -> Option<(String, String)> {
    let environment: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let said = chatbot(&environment, &["doctor", "--json", "--port", "0", "--data-dir", data.to_str().expect("text")]);
    let found: Vec<Value> = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.err));
    let text = |found: &Value, part: &str| found[part].as_str().unwrap_or_default().to_owned();
    let found = found.iter().find(|found| found["name"] == name)?;
    Some((text(found, "severity"), text(found, "text")))
}

#[tokio::test]
async fn an_authority_that_is_away_for_days_is_told_of_weeks_before_the_end_and_then_the_certificate_is_renewed() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let mut authority = Authority::start(dir.path(), ports, 90 * 24 * 60 * 60);
    let (data, issuer) = (dir.path().join("data"), authority.issuer().await);
    let mut clock = Clock::new(dir.path());
    let mut environment = authority.settings(ports, NAME, &[]);
    environment.extend(clock.environment());
    let mut server = serve(&data, ports, &environment);
    let first = certificate(&server, NAME, &issuer).await;
    assert_eq!(server.terminate(), Some(0));

    // Two months later it is time, and the authority is away.
    clock.jump(61 * DAY);
    authority.go_away();
    let mut server = serve(&data, ports, &environment);
    concern(&server, &local_access(&data), "ends within 29 days, and there is no new one").await;
    let (severity, words) = examined(&data, &environment, "certificate-stale").expect("doctor finds it");
    assert_eq!(severity, "warning", "{words}");
    assert!(words.contains("within 29 days") && words.contains("cannot be reached"), "{words}");
    assert_eq!(server.terminate(), Some(0));
    let since = failing_since(&data);

    // A day later, still: the same trouble. Nearer to the end it is a fault.
    clock.jump(DAY);
    let mut server = serve(&data, ports, &environment);
    concern(&server, &local_access(&data), "ends within 28 days").await;
    assert_eq!(failing_since(&data), since);
    assert_eq!(server.terminate(), Some(0));
    clock.jump(18 * DAY);
    let (severity, words) = examined(&data, &environment, "certificate-stale").expect("doctor finds it");
    assert_eq!(severity, "fault", "{words}");

    // Back again, with other keys and without its memory.
    let authority = tokio::task::spawn_blocking(move || {
        authority.come_back();
        authority
    });
    let authority = authority.await.expect("it is back");
    let issuer = authority.issuer().await;
    let server = serve(&data, ports, &environment);
    let second = certificate(&server, NAME, &issuer).await;
    assert_ne!(second, first);
    assert_eq!(examined(&data, &environment, "certificate-stale"), None);
    // By this clock, the new one is as old as the one before. Nevertheless it is not asked for again and again.
    let renews_at = overview(&server, NAME, &issuer).await["certificate"]["renews_at"].as_str().map(str::to_owned);
    let renews_at: jiff::Timestamp = renews_at.expect("a time").parse().expect("a time");
    let now = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(80 * 24);
    assert!(renews_at > now + jiff::SignedDuration::from_hours(1), "{renews_at}");
    assert_eq!(certificate(&server, NAME, &issuer).await, second);
}

fn failing_since(data: &Path) -> i64 {
    let failure = std::fs::read(data.join("tls/failure.json")).expect("a note");
    let failure: Value = serde_json::from_slice(&failure).expect("JSON");
    failure["since"].as_i64().expect("a time")
}
