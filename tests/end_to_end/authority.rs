//! A certificate authority for tests, with the checks of a real one: Debian's `pebble`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::certificates::{Files, Visitor};
use crate::support::{PATIENCE, Request, ServerProcess, free_port};

pub const NAME: &str = "chat.example.com";
pub const OTHER_NAME: &str = "www.example.com";

/// Longer than any test.
pub const LONG: u64 = 24 * 60 * 60;

/// Ports of a server, which a certificate authority must know.
#[derive(Clone, Copy)]
pub struct Ports {
    pub https: u16,
    pub http: u16,
}

impl Ports {
    pub fn free() -> Self {
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
pub struct Authority {
    dir: PathBuf,
    pub port: u16,
    pub management: u16,
    /// What trusts its own server.
    pub root: String,
    dns: SocketAddr,
    /// Where it is told what names lead to.
    names: SocketAddr,
    _dns: Killed,
    running: Option<Killed>,
}

impl Authority {
    /// One that looks for challenges at these ports, and issues certificates for so many seconds.
    pub fn start(dir: &Path, ports: Ports, seconds: u64) -> Self {
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
        let told = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut names = Command::new("pebble-challtestsrv");
        names.args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""]);
        names.args(["-dns01", &dns.to_string(), "-management", &told.to_string()]);
        let names = started(&mut names, "Starting challenge servers");
        let mut this = Self { dir, port, management, root: own.pem, dns, names: told, _dns: names, running: None };
        this.come_back();
        this
    }

    /// As after a crash: it knows nobody any more, and has other keys.
    pub fn come_back(&mut self) {
        let mut pebble = Command::new("pebble");
        pebble.arg("-config").arg(self.dir.join("pebble.json")).args(["-dnsserver", &self.dns.to_string()]);
        // What was proven for one order must be proven again for the next.
        pebble.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_AUTHZREUSE", "0");
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

    pub fn go_away(&mut self) {
        self.running = None;
    }

    /// The certificate under which it issues others now.
    pub async fn issuer(&self) -> String {
        let management = SocketAddr::from(([127, 0, 0, 1], self.management));
        Visitor::new(management, "localhost", &self.root).request("GET", "/roots/0").send().await.text()
    }

    /// Lets a name lead to an address, from its point of view.
    pub async fn lead(&self, name: &str, address: &str) {
        let url = format!("http://{}/add-a", self.names);
        let said =
            Request::new("POST", &url).json(json!({"host": format!("{name}."), "addresses": [address]})).send().await;
        assert_eq!(said.status, 200);
    }

    /// The file with what trusts its own server.
    pub fn root_file(&self) -> PathBuf {
        self.dir.join("cert.pem")
    }

    /// How a server is told of it.
    pub fn settings(&self, ports: Ports, names: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let ca_file = self.root_file();
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

pub fn serve(data: &Path, ports: Ports, settings: &[(String, String)]) -> ServerProcess {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    ServerProcess::start_on(ports.https, data, &settings)
}

/// Waits until there is what is asked for.
pub async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
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
pub async fn certificate(server: &ServerProcess, name: &str, issuer: &str) -> Vec<u8> {
    let visitor = Visitor::new(server.address(), name, issuer);
    until(&format!("a certificate for {name}"), async || visitor.certificate().await).await
}

pub async fn overview(server: &ServerProcess, name: &str, issuer: &str) -> Value {
    let request = Visitor::new(server.address(), name, issuer).request("GET", "/api/overview");
    request.by_owner().send().await.json()
}

/// What commands on the same machine know the server by.
pub fn local_access(data: &Path) -> String {
    let access: Value =
        serde_json::from_slice(&std::fs::read(data.join("server.json")).expect("a file")).expect("JSON");
    access["tls"]["certificate"].as_str().expect("a certificate").to_owned()
}
