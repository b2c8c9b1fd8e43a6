//! HTTPS and WSS by the server itself, with a certificate in files.

use std::path::Path;
use std::time::Instant;

use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::certificates::{Files, Visitor};
use crate::command::chatbot_on;
use crate::raw::{Raw, TEXT, frame};
use crate::support::{Client, PATIENCE, ServerProcess, TestServer, free_port};

const NAME: &str = "chat.example";

/// A server with a certificate for [`NAME`], and somebody who trusts that.
async fn server(dir: &Path, change: impl FnOnce(&mut chatbot::config::Config)) -> (TestServer, Visitor) {
    let files = Files::write(dir, &[NAME]);
    let server = TestServer::with(|config| {
        (config.tls.cert, config.tls.key) = (files.cert, files.key);
        change(config);
    });
    let server = server.await;
    let visitor = Visitor::new(server.address(), NAME, &files.pem);
    (server, visitor)
}

/// A server process with that certificate.
fn process(data: &Path, files: &Files, more: &[(&str, &str)]) -> ServerProcess {
    let paths = [&files.cert, &files.key].map(|path| path.to_str().expect("text"));
    let tls = [("CHATBOT_TLS__CERT", paths[0]), ("CHATBOT_TLS__KEY", paths[1])];
    ServerProcess::start(data, &[&tls, more].concat())
}

#[tokio::test]
async fn pages_and_cookies_are_those_of_https() {
    let dir = tempfile::tempdir().expect("a folder");
    let (_server, visitor) = server(dir.path(), |_| {}).await;
    let page = visitor.request("GET", "/").send().await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("__Host-chatbot_visitor=") && cookie.contains("; Secure"), "{cookie}");
    // Nobody has named the host in the settings: its certificate does.
    let own = visitor.url("");
    let made = visitor.request("POST", "/api/rooms").header("origin", &own).json(json!({})).send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    let foreign = visitor.request("POST", "/api/rooms").header("origin", "https://evil.example").json(json!({}));
    assert_eq!(foreign.send().await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_arrive_whole_and_in_order_over_wss() {
    let dir = tempfile::tempdir().expect("a folder");
    let (_server, visitor) = server(dir.path(), |config| config.limits.messages_per_second = 0).await;
    let (mut ann, mut bob) = (visitor.client("Ann").await, visitor.client("Bob").await);
    for client in [&mut ann, &mut bob] {
        client.send(json!({"type": "join", "room": "lobby"})).await;
        client.expect("joined").await;
    }
    // Together many times of what fits into a record, and of what may wait encrypted.
    const MESSAGES: u64 = 300;
    let text = |number: u64| format!("{number} {}", "字".repeat(2000));
    let saying = tokio::spawn(async move {
        for number in 1..=MESSAGES {
            ann.say("lobby", &text(number)).await;
        }
    });
    for number in 1..=MESSAGES {
        let message = bob.expect("message").await;
        assert_eq!((&message["seq"], &message["message"]), (&json!(number), &json!(text(number))));
    }
    saying.await.expect("said all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_reads_is_dropped_over_wss_too_and_learns_why_when_reading_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let (_server, visitor) = server(dir.path(), |config| {
        config.limits.messages_per_second = 0;
        config.limits.stall_seconds = 1;
    })
    .await;
    let address = _server.address();
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
    let stream = socket.connect(address).await.expect("a connection");
    let mut stuck = Raw(visitor.over(stream).await.expect("a handshake")).upgraded().await;
    stuck.write(&frame(TEXT, br#"{"type":"join","room":"lobby"}"#)).await;
    stuck.expect("joined").await;
    let mut ann = visitor.client("Ann").await;
    ann.send(json!({"type": "join", "room": "lobby"})).await;
    ann.expect("joined").await;
    let (start, mut is_dropped) = (Instant::now(), false);
    while !is_dropped {
        assert!(start.elapsed() < PATIENCE, "still there");
        ann.send(json!({"room": "lobby", "message": "x".repeat(8000)})).await;
        ann.expect_noting("ack", |frame| is_dropped |= frame["type"] == "presence" && frame["count"] == 1).await;
    }
    let code = loop {
        match stuck.frame().await {
            Some((TEXT, _)) => {}
            Some((_, payload)) => break payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code)),
            None => break None,
        }
    };
    assert_eq!(code, Some(4008));
}

#[tokio::test]
async fn plain_http_on_the_port_of_https_is_sent_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let (server, visitor) = server(dir.path(), |_| {}).await;
    let port = server.address().port();
    let sent = visitor.plain("GET", port, "/rooms?a=b").send().await;
    assert_eq!((sent.status, sent.header("location")), (308, visitor.url("/rooms?a=b").as_str()));
    let foreign = visitor.plain("GET", port, "/").header("host", "evil.example").send().await;
    assert_eq!(foreign.refusal(), (421, "unknown_host".into()), "no way to elsewhere");
    assert_eq!(visitor.plain("GET", port, "/.well-known/acme-challenge/x").send().await.status, 404);
}

#[tokio::test]
async fn who_does_not_finish_a_handshake_has_a_place_for_a_short_time_only() {
    let dir = tempfile::tempdir().expect("a folder");
    let (server, visitor) = server(dir.path(), |config| config.limits.connections = 2).await;
    let mut silent = TcpStream::connect(server.address()).await.expect("a connection");
    // The beginning of a ClientHello.
    let mut slow = TcpStream::connect(server.address()).await.expect("a connection");
    slow.write_all(&[22, 3, 1, 2, 0, 1]).await.expect("written");
    let since = Instant::now();
    assert!(visitor.try_connect().await.is_none(), "both places are taken, from the beginning");
    let mut byte = [0];
    for stuck in [&mut silent, &mut slow] {
        let ended = tokio::time::timeout(PATIENCE, stuck.read(&mut byte)).await.expect("ends in time");
        assert!(matches!(ended, Ok(0) | Err(_)), "nothing is said");
    }
    assert!(since.elapsed() < PATIENCE);
    let start = Instant::now();
    while visitor.try_connect().await.is_none() {
        assert!(start.elapsed() < PATIENCE, "the places are free again");
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_after_a_signal_and_open_connections_stay() {
    let dir = tempfile::tempdir().expect("a folder");
    let old = Files::write(dir.path(), &[NAME]);
    let server = process(&dir.path().join("data"), &old, &[]);
    let mut ann = Visitor::new(server.address(), NAME, &old.pem).client("Ann").await;
    let new = Files::write(dir.path(), &[NAME]);
    let visitor = Visitor::new(server.address(), NAME, &new.pem);
    assert!(visitor.try_connect().await.is_none(), "it is not shown yet");
    server.signal(Signal::HUP);
    let start = Instant::now();
    while visitor.try_connect().await.is_none() {
        assert!(start.elapsed() < PATIENCE, "it is never shown");
    }
    // It answers, so it is open.
    ann.frames_until_pong().await;
}

#[tokio::test]
async fn commands_on_the_same_machine_find_an_encrypted_server_whatever_its_certificate() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, files) = (dir.path().join("data"), Files::write(dir.path(), &[NAME]));
    let server = process(&data, &files, &[]);
    assert_eq!(chatbot_on(&data, &["user", "list"]).code, Some(0));
    // Somebody else on its port, as after a kill -9.
    let address = server.address();
    drop(server);
    let other = Files::write(dir.path(), &[NAME]);
    let said = std::fs::read(data.join("server.json")).expect("left behind");
    let _other = ServerProcess::start_on(
        address.port(),
        &dir.path().join("other"),
        &[
            ("CHATBOT_TLS__CERT", other.cert.to_str().expect("text")),
            ("CHATBOT_TLS__KEY", other.key.to_str().expect("text")),
        ],
    );
    assert_eq!(std::fs::read(data.join("server.json")).expect("still there"), said);
    let error = chatbot_on(&data, &["jobs", "list"]).error();
    assert!(error.contains("cannot ask https://chatbot.internal") || error.contains("nobody answers"), "{error}");
}

#[tokio::test]
async fn a_port_for_plain_http_leads_to_https() {
    let dir = tempfile::tempdir().expect("a folder");
    let (files, port) = (Files::write(dir.path(), &[NAME]), free_port());
    let server = process(&dir.path().join("data"), &files, &[("CHATBOT_TLS__REDIRECT_PORT", &port.to_string())]);
    let visitor = Visitor::new(server.address(), NAME, &files.pem);
    for method in ["GET", "HEAD", "POST"] {
        let sent = visitor.plain(method, port, "/api/rooms").send().await;
        assert_eq!((sent.status, sent.header("location")), (308, visitor.url("/api/rooms").as_str()));
    }
    assert_eq!(visitor.request("GET", "/healthz").send().await.status, 200);
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_start_with_the_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = Files::write(dir.path(), &[NAME]);
    let key = std::fs::read(&files.key).expect("a key");
    Files::write(dir.path(), &[NAME]);
    std::fs::write(&files.key, key).expect("written");
    let paths = [&files.cert, &files.key].map(|path| path.to_str().expect("text"));
    let arguments = ["serve", "--port", "0", "--cert", paths[0], "--key", paths[1]];
    let error = chatbot_on(&dir.path().join("data"), &arguments).error();
    assert!(error.contains("key.pem: the certificate is for another key"), "{error}");
    let error = chatbot_on(&dir.path().join("data"), &["serve", "--port", "0", "--domain", "192.0.2.7"]).error();
    assert!(error.contains("tls.domains: \"192.0.2.7\" is not a name"), "{error}");
}

#[tokio::test]
async fn a_home_network_has_an_authority_of_its_own_and_a_page_that_explains_it() {
    let server = TestServer::with(|config| config.tls.local = true).await;
    let authority = std::fs::read_to_string(server.data_dir().join("tls/local-ca.crt")).expect("a certificate");
    for name in ["localhost", "127.0.0.1"] {
        let visitor = Visitor::new(server.address(), name, &authority);
        let page = visitor.request("GET", "/").send().await;
        assert_eq!((page.status, page.header("strict-transport-security")), (200, ""), "{name}");
        assert!(page.header("set-cookie").starts_with("__Host-"));
    }
    let said = chatbot_on(server.data_dir(), &["tls", "local"]).out();
    let fingerprint = said.lines().find_map(|line| line.strip_prefix("SHA-256")).expect("digits").trim();
    let visitor = Visitor::new(server.address(), "localhost", &authority);
    let port = server.address().port();
    for (language, words) in [("en", "Trust this server"), ("zh-CN", "信任这台服务器"), ("zh-TW", "信任這台伺服器")]
    {
        for request in [visitor.plain("GET", port, "/certificate"), visitor.request("GET", "/certificate")] {
            let page = request.header("accept-language", language).send().await;
            assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
            assert!(page.text().contains(words) && page.text().contains(fingerprint), "{}", page.text());
        }
    }
    let file = visitor.plain("GET", port, "/certificate.crt").send().await;
    assert_eq!((file.text(), file.header("content-type")), (authority, "application/x-x509-ca-cert"));
    assert_eq!(visitor.plain("GET", port, "/").send().await.status, 308);
    let other = TestServer::start().await;
    assert_eq!(other.request("GET", "/certificate.crt").send().await.status, 404);
}

#[tokio::test]
async fn who_has_no_certificate_speaks_plain_http_as_before() {
    let server = TestServer::start().await;
    let page = server.request("GET", "/").send().await;
    assert_eq!((page.status, page.header("strict-transport-security")), (200, ""));
    assert!(Client::try_connect(server.address(), "/ws", &[]).await.is_ok());
}
