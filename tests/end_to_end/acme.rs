//! Certificates by ACME, from Debian's `pebble`: a certificate authority for tests, with the checks of a real one.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::certificates::{Files, Visitor};
use crate::clock::{Clock, HOUR};
use crate::support::{PATIENCE, ServerProcess, free_port};

const NAME: &str = "chat.example.com";
const OTHER_NAME: &str = "www.example.com";

/// Longer than any test.
const LONG: u64 = 24 * 60 * 60;

/// Ports of a server, which a certificate authority must know.
#[derive(Clone, Copy)]
struct Ports {
    https: u16,
    http: u16,
}

impl Ports {
    fn free() -> Self {
        Self { https: free_port(), http: free_port() }
    }
}

/// A program that is killed when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A certificate authority, for which all names lead to this machine.
struct Authority {
    dir: PathBuf,
    port: u16,
    management: u16,
    /// What trusts its own server.
    root: String,
    dns: SocketAddr,
    _dns: Killed,
    running: Option<Killed>,
}

impl Authority {
    /// One that looks for challenges at these ports, and issues certificates for so many seconds.
    fn start(dir: &Path, ports: Ports, seconds: u64) -> Self {
        let dir = dir.join("pebble");
        std::fs::create_dir(&dir).expect("a folder");
        let own = Files::write(&dir, &["127.0.0.1", "localhost"]);
        let (port, management) = (free_port(), free_port());
        let settings = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": own.cert, "privateKey": own.key, "httpPort": ports.http, "tlsPort": ports.https,
            "ocspResponderURL": "", "externalAccountBindingRequired": false, "certificateValidityPeriod": seconds,
        }});
        std::fs::write(dir.join("pebble.json"), settings.to_string()).expect("written");
        let dns = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut names = Command::new("pebble-challtestsrv");
        names.args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""]);
        names.args(["-dns01", &dns.to_string(), "-management", &format!("127.0.0.1:{}", free_port())]);
        let names = started(&mut names, "Starting challenge servers");
        let mut this = Self { dir, port, management, root: own.pem, dns, _dns: names, running: None };
        this.come_back();
        this
    }

    /// As after a crash: it knows nobody any more, and has other keys.
    fn come_back(&mut self) {
        let mut pebble = Command::new("pebble");
        pebble.arg("-config").arg(self.dir.join("pebble.json")).args(["-dnsserver", &self.dns.to_string()]);
        pebble.env("PEBBLE_VA_NOSLEEP", "1");
        self.running = Some(started(&mut pebble, "ACME directory available"));
        // It says so a moment before.
        let start = Instant::now();
        for port in [self.port, self.management] {
            while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(start.elapsed() < PATIENCE, "nobody listens on port {port}");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn go_away(&mut self) {
        self.running = None;
    }

    /// The certificate under which it issues others now.
    async fn issuer(&self) -> String {
        let management = SocketAddr::from(([127, 0, 0, 1], self.management));
        Visitor::new(management, "localhost", &self.root).request("GET", "/roots/0").send().await.text()
    }

    /// How a server is told of it.
    fn settings(&self, ports: Ports, names: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let ca_file = self.dir.join("cert.pem");
        let settings = [
            ("CHATBOT_TLS__DOMAINS", names.to_owned()),
            ("CHATBOT_TLS__DIRECTORY", format!("https://127.0.0.1:{}/dir", self.port)),
            ("CHATBOT_TLS__CA_FILE", ca_file.to_str().expect("text").to_owned()),
            ("CHATBOT_TLS__REDIRECT_PORT", ports.http.to_string()),
        ];
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(more).collect()
    }
}

/// Starts a program and waits until it says that.
fn started(command: &mut Command, ready: &str) -> Killed {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = Killed(child.unwrap_or_else(|error| panic!("{command:?} (Debian's package pebble): {error}")));
    let mut lines = BufReader::new(child.0.stdout.take().expect("piped")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains(ready)), "{command:?} ended");
    std::thread::spawn(move || lines.for_each(drop));
    child
}

fn serve(data: &Path, ports: Ports, settings: &[(String, String)]) -> ServerProcess {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    ServerProcess::start_on(ports.https, data, &settings)
}

/// Waits until there is what is asked for.
async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(start.elapsed() < 2 * PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until somebody who trusts the authority is shown a certificate for a name.
async fn certificate(server: &ServerProcess, name: &str, issuer: &str) -> Vec<u8> {
    let visitor = Visitor::new(server.address(), name, issuer);
    until(&format!("a certificate for {name}"), async || visitor.certificate().await).await
}

async fn overview(server: &ServerProcess, name: &str, issuer: &str) -> Value {
    let request = Visitor::new(server.address(), name, issuer).request("GET", "/api/overview");
    request.by_owner().send().await.json()
}

#[tokio::test]
async fn a_first_certificate_comes_for_all_names_and_is_kept_over_a_restart() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let mut authority = Authority::start(dir.path(), ports, LONG);
    let (data, issuer) = (dir.path().join("data"), authority.issuer().await);
    let both = format!("{NAME},{OTHER_NAME}");
    let settings = authority.settings(ports, &both, &[("CHATBOT_TLS__CHALLENGES", "tls-alpn-01")]);
    let mut server = serve(&data, ports, &settings);
    let first = certificate(&server, NAME, &issuer).await;
    assert_eq!(certificate(&server, OTHER_NAME, &issuer).await, first, "one certificate for both names");
    let seen = overview(&server, NAME, &issuer).await;
    // An authority may list them in another order.
    let names: BTreeSet<&str> =
        seen["certificate"]["names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!((&seen["concerns"], names), (&json!([]), BTreeSet::from([NAME, OTHER_NAME])));
    assert!(seen["certificate"]["renews_at"].as_str() < seen["certificate"]["not_after"].as_str(), "{seen}");
    let metrics =
        Visitor::new(server.address(), NAME, &issuer).request("GET", "/metrics").by_owner().send().await.text();
    let line = metrics.lines().find(|line| line.starts_with("chatbot_certificate_not_after_timestamp_seconds "));
    let ends: u64 = line.expect("a metric").split(' ').nth(1).expect("a value").parse().expect("a number");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    assert!((LONG - 120..=LONG).contains(&(ends - now)), "{ends} at {now}");
    for file in ["account.json", "certificate.json"] {
        let mode = std::fs::metadata(data.join("tls").join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    // Nobody is asked again.
    authority.go_away();
    assert_eq!(server.terminate(), Some(0));
    let server = serve(&data, ports, &settings);
    assert_eq!(Visitor::new(server.address(), NAME, &issuer).certificate().await, Some(first), "from the beginning");
}

#[tokio::test]
async fn where_one_challenge_fails_the_other_is_tried() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    // As behind a proxy that ends TLS for others: its handshakes do not get here.
    let elsewhere = Ports { https: free_port(), ..ports };
    let authority = Authority::start(dir.path(), elsewhere, LONG);
    let issuer = authority.issuer().await;
    let server = serve(&dir.path().join("data"), ports, &authority.settings(ports, NAME, &[]));
    certificate(&server, NAME, &issuer).await;
}

#[tokio::test]
async fn until_there_is_a_certificate_the_server_serves_with_its_own_and_says_why() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let nowhere = Ports::free();
    let authority = Authority::start(dir.path(), nowhere, LONG);
    let data = dir.path().join("data");
    let server = serve(&data, ports, &authority.settings(ports, NAME, &[]));
    let local = local_access(&data);
    let concerns = until("the reason", async || {
        let overview = overview(&server, "chatbot.internal", &local).await;
        overview["concerns"][0].as_str().filter(|concern| concern.contains("tls-alpn-01")).map(str::to_owned)
    });
    let concern = concerns.await;
    assert!(concern.starts_with("There is no certificate") && concern.contains("http-01 said"), "{concern}");
    assert!(concern.contains(NAME), "{concern}");
}

/// What commands on the same machine know the server by.
fn local_access(data: &Path) -> String {
    let access: Value =
        serde_json::from_slice(&std::fs::read(data.join("server.json")).expect("a file")).expect("JSON");
    access["tls"]["certificate"].as_str().expect("a certificate").to_owned()
}

#[tokio::test]
async fn a_certificate_is_renewed_after_two_thirds_of_its_life_also_when_the_authority_was_away_and_forgot_everything()
{
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let mut authority = Authority::start(dir.path(), ports, 12);
    let (data, issuer) = (dir.path().join("data"), authority.issuer().await);
    let server = serve(&data, ports, &authority.settings(ports, NAME, &[]));
    let first = certificate(&server, NAME, &issuer).await;
    let mut ann = Visitor::new(server.address(), NAME, &issuer).client("Ann").await;
    let visitor = Visitor::new(server.address(), NAME, &issuer);
    until("a second certificate", async || visitor.certificate().await.filter(|shown| *shown != first)).await;
    let account = std::fs::read(data.join("tls/account.json")).expect("an account");

    authority.go_away();
    // Renewal fails; what there is stays in use.
    let local = local_access(&data);
    until("the failure is said", async || {
        let overview = overview(&server, "chatbot.internal", &local).await;
        overview["concerns"][0].as_str().filter(|concern| concern.contains("cannot be reached")).map(drop)
    })
    .await;
    let mut authority = spawn_blocking(move || {
        authority.come_back();
        authority
    })
    .await
    .expect("it is back");
    let issuer = authority.issuer().await;
    certificate(&server, NAME, &issuer).await;
    assert_eq!(overview(&server, "chatbot.internal", &local).await["concerns"], json!([]));
    assert_ne!(std::fs::read(data.join("tls/account.json")).expect("an account"), account, "a new account");
    assert_eq!(ann.frames_until_pong().await, Vec::<Value>::new(), "open connections stay");
    authority.go_away();
}

#[tokio::test]
async fn a_name_that_is_added_brings_another_certificate() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let authority = Authority::start(dir.path(), ports, LONG);
    let (data, issuer) = (dir.path().join("data"), authority.issuer().await);
    let server = serve(&data, ports, &authority.settings(ports, NAME, &[]));
    let first = certificate(&server, NAME, &issuer).await;
    drop(server);
    let server = serve(&data, ports, &authority.settings(ports, &format!("{NAME},{OTHER_NAME}"), &[]));
    assert_ne!(certificate(&server, OTHER_NAME, &issuer).await, first);
}

#[tokio::test]
async fn a_wrong_clock_is_noticed() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let authority = Authority::start(dir.path(), ports, LONG);
    let mut clock = Clock::new(dir.path());
    clock.jump(-3 * HOUR);
    let data = dir.path().join("data");
    let settings = authority.settings(ports, NAME, &[]);
    let mut environment = clock.environment();
    environment.extend(settings);
    let server = serve(&data, ports, &environment);
    let local = local_access(&data);
    until("the clock is noticed", async || {
        let overview = overview(&server, "chatbot.internal", &local).await;
        let concerns = overview["concerns"].as_array()?.clone();
        concerns
            .iter()
            .any(|concern| concern == "This machine’s clock is 180 minutes slow. Have it set by the network.")
            .then_some(())
    })
    .await;
}
