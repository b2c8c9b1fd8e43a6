//! `status`, against a host of this machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Client, TestServer};

/// A host that answers 204, then 503 to everything; how often it was asked.
async fn host() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let code = if count.fetch_add(1, Ordering::SeqCst) == 0 { "204 No Content" } else { "503 Gone Wrong" };
            let _ = stream.write_all(format!("HTTP/1.1 {code}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await;
        }
    });
    (address, asked)
}

async fn status(client: &mut Client, line: &str) -> String {
    client.send(json!({"room": "lobby", "message": line})).await;
    let answer = client.expect_where("message", |frame| frame["role"] == "bot").await;
    answer["message"].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn an_answer_is_remembered_until_it_is_asked_for_anew() {
    let (host, asked) = host().await;
    let server = TestServer::with(|config| config.http.allow_private_hosts = vec!["127.0.0.1".into()]).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let line = format!("/status http://{host}/");
    let first = status(&mut ann, &line).await;
    assert!(first.starts_with(&format!("http://{host} answers: 204 No Content, after ")), "{first}");
    let second = status(&mut ann, &line).await;
    assert!(second.contains("204 No Content"), "{second}");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the second is remembered");
    let third = status(&mut ann, &format!("{line} now")).await;
    assert!(third.contains("503"), "{third}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn hosts_that_are_not_public_are_not_asked() {
    let (host, asked) = host().await;
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for name in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001"] {
        let told = status(&mut ann, &format!("/status http://{name}:{}/", host.port())).await;
        assert!(told.contains("is not on the public internet"), "{name}: {told}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_is_no_address_is_named() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for line in ["/status", "/status a b", "/status a now please"] {
        assert_eq!(status(&mut ann, line).await, "Which web address? For example: status example.com", "{line}");
    }
    for address in ["ftp://example.com", "http://a:b@example.com", "file:///etc/passwd"] {
        assert!(status(&mut ann, &format!("/status {address}")).await.contains("is not a web address"), "{address}");
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_said_to_be_so() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let server = TestServer::with(|config| config.http.allow_private_hosts = vec!["127.0.0.1".into()]).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let told = status(&mut ann, &format!("/status http://{closed}/")).await;
    assert!(told.contains("does not accept the connection"), "{told}");
}
