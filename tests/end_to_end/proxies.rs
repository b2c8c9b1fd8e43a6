//! The examples of reverse proxies, run as they are except for names, ports and certificates.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::json;
use tokio::net::TcpStream;

use crate::certificates::{Files, Visitor};
use crate::support::{PATIENCE, TestServer, free_port};

const NAME: &str = "chat.example.com";

/// A proxy that is killed when this is dropped, and somebody who reaches the server through it.
struct Proxy {
    child: Child,
    visitor: Visitor,
    plain_port: u16,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // nginx ends its workers at this signal only.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let pid = rustix::process::Pid::from_raw(pid).expect("a process");
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// What of an example is of the place where it runs: each must be there.
fn placed(example: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(example.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in the example");
        text.replace(from, to)
    })
}

impl Proxy {
    /// Runs a program until it listens; `command` gets the folder, the certificate and the two ports.
    async fn start(dir: &Path, command: impl FnOnce(&Path, &Files, [String; 2]) -> Command) -> Self {
        let files = Files::write(dir, &[NAME]);
        let (port, plain_port) = (free_port(), free_port());
        let mut command = command(dir, &files, [port, plain_port].map(|port| port.to_string()));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let proxy = Self { child, visitor: Visitor::new(address, NAME, &files.pem), plain_port };
        let start = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            assert!(start.elapsed() < PATIENCE, "{command:?} never listens");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        proxy
    }

    async fn nginx(dir: &Path, server: SocketAddr) -> Self {
        let example = include_str!("../../examples/proxies/nginx.conf");
        Self::start(dir, |dir, files, [port, plain_port]| {
            let text = placed(example, &[
                ("listen 443 ssl", &format!("listen 127.0.0.1:{port} ssl")),
                ("listen 80", &format!("listen 127.0.0.1:{plain_port}")),
                ("/etc/letsencrypt/live/chat.example.com/fullchain.pem", files.cert.to_str().expect("text")),
                ("/etc/letsencrypt/live/chat.example.com/privkey.pem", files.key.to_str().expect("text")),
                ("127.0.0.1:8000", &server.to_string()),
            ]);
            let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            let paths = paths.map(|kind| format!("{kind}_temp_path {}/{kind};", dir.display())).join("\n");
            // Whatever user the tests run as can read the certificate then.
            let user = if rustix::process::getuid().is_root() { "user root;" } else { "" };
            let config = dir.join("nginx.conf");
            let text = format!(
                "daemon off;\n{user}\npid {0}/pid;\nerror_log {0}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}\n{text}\n}}",
                dir.display()
            );
            std::fs::write(&config, text).expect("written");
            let mut command = Command::new("nginx");
            command.arg("-c").arg(config).env("PATH", path());
            command
        })
        .await
    }

    async fn haproxy(dir: &Path, server: SocketAddr) -> Self {
        let example = include_str!("../../examples/proxies/haproxy.cfg");
        Self::start(dir, |dir, files, [port, plain_port]| {
            let both = dir.join("both.pem");
            let pem = std::fs::read_to_string(&files.key).expect("a key") + &files.pem;
            std::fs::write(&both, pem).expect("written");
            let text = placed(
                example,
                &[
                    ("bind :443", &format!("bind 127.0.0.1:{port}")),
                    ("bind :80", &format!("bind 127.0.0.1:{plain_port}")),
                    ("/etc/haproxy/chat.example.com.pem", both.to_str().expect("text")),
                    ("127.0.0.1:8000", &server.to_string()),
                ],
            );
            let config = dir.join("haproxy.cfg");
            std::fs::write(&config, text).expect("written");
            let mut command = Command::new("haproxy");
            command.arg("-db").arg("-f").arg(config).env("PATH", path());
            command
        })
        .await
    }

    async fn caddy(dir: &Path, server: SocketAddr) -> Self {
        let example = include_str!("../../examples/proxies/Caddyfile");
        Self::start(dir, |dir, files, [port, plain_port]| {
            let tls = format!("tls {} {}", files.cert.display(), files.key.display());
            let text = placed(
                example,
                &[
                    ("chat.example.com {", &format!("https://chat.example.com:{port} {{\n\t{tls}")),
                    ("127.0.0.1:8000", &server.to_string()),
                ],
            );
            // Instead of port 80, which Caddy would redirect by itself.
            let plain = format!("http://:{plain_port} {{\n\tredir https://{{host}}:{port}{{uri}} 301\n}}\n");
            let config = dir.join("Caddyfile");
            let options = format!("{{\n\tadmin off\n\tauto_https off\n\thttp_port {plain_port}\n}}\n");
            std::fs::write(&config, format!("{options}{text}\n{plain}")).expect("written");
            let mut command = Command::new("caddy");
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(config);
            command.env("HOME", dir).env("XDG_DATA_HOME", dir).env("XDG_CONFIG_HOME", dir);
            command
        })
        .await
    }

    /// What every proxy must pass on.
    async fn passes_everything_on(&self, server: &TestServer) {
        let visitor = &self.visitor;
        let page = visitor.request("GET", "/").send().await;
        assert_eq!((page.status, page.header("strict-transport-security")), (200, "max-age=31536000"));
        assert!(page.header("set-cookie").starts_with("__Host-"), "{}", page.header("set-cookie"));
        let (mut ann, mut bob) = (visitor.client("Ann").await, visitor.client("Bob").await);
        for client in [&mut ann, &mut bob] {
            client.send(json!({"type": "join", "room": "lobby"})).await;
            client.expect("joined").await;
        }
        for number in 1..=20 {
            assert_eq!(ann.say("lobby", &"字".repeat(2000)).await, number);
            assert_eq!(bob.expect("message").await["seq"], number);
        }
        // More than a proxy's usual limit.
        let text = "The shop opens at nine and closes at six.\n".repeat(50_000);
        let document = json!({"title": "Shop", "text": text, "author": "Ann"});
        let added = visitor.request("POST", "/api/documents").by_owner().json(document).send().await;
        assert_eq!(added.status, 201, "{}", added.text());
        let sent = visitor.plain("GET", self.plain_port, "/rooms").send().await;
        assert_eq!(sent.status, 301);
        assert!(sent.header("location").starts_with("https://chat.example.com"), "{}", sent.header("location"));
        let overview = server.request("GET", "/api/overview").by_owner().send().await.json();
        assert_eq!(overview["concerns"], json!([]));
    }
}

/// Where Debian has such programs, for users whose path lacks it.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

async fn trusting() -> TestServer {
    TestServer::with(|config| {
        config.http.trusted_proxies = vec!["127.0.0.1".into()];
        config.http.public_url = format!("https://{NAME}");
    })
    .await
}

#[tokio::test]
async fn nginx_as_in_the_example_passes_everything_on() {
    let (dir, server) = (tempfile::tempdir().expect("a folder"), trusting().await);
    Proxy::nginx(dir.path(), server.address()).await.passes_everything_on(&server).await;
}

#[tokio::test]
async fn haproxy_as_in_the_example_passes_everything_on() {
    let (dir, server) = (tempfile::tempdir().expect("a folder"), trusting().await);
    Proxy::haproxy(dir.path(), server.address()).await.passes_everything_on(&server).await;
}

#[tokio::test]
async fn caddy_as_in_the_example_passes_everything_on() {
    let (dir, server) = (tempfile::tempdir().expect("a folder"), trusting().await);
    Proxy::caddy(dir.path(), server.address()).await.passes_everything_on(&server).await;
}

#[tokio::test]
async fn a_proxy_that_is_not_named_is_noticed_and_said_in_the_readers_language() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::with(|config| config.http.hosts = vec![NAME.into()]).await;
    let concerns = async |language: &str| {
        let request = server.request("GET", "/api/overview").by_owner().header("accept-language", language);
        request.send().await.json()["concerns"].take()
    };
    assert_eq!(concerns("en").await, json!([]));
    let proxy = Proxy::nginx(dir.path(), server.address()).await;
    // A request that asks who it is; files are given to anybody.
    assert_eq!(proxy.visitor.request("GET", "/api/rooms").send().await.status, 200);
    for (language, words) in
        [("en", "Requests come through a proxy at 127.0.0.1"), ("zh-TW", "代理轉送"), ("zh-CN", "代理转发")]
    {
        let said = concerns(language).await;
        assert!(
            said[0].as_str().is_some_and(|said| said.contains(words) && said.contains("http.trusted_proxies")),
            "{said}"
        );
    }
}
