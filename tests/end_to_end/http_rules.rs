//! What HTTP promises, for all routes alike: heads, methods, encodings, hosts, parts of files, pages of other sites; and errors that
//! name the field.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::documents::{id, upload};
use crate::support::{PATIENCE, ServerProcess, TestServer, python_client};

#[tokio::test]
async fn what_can_be_read_has_a_head_and_other_methods_are_told() {
    let server = TestServer::start().await;
    for path in ["/", "/api/rooms", "/healthz", "/api/openapi.json", "/licenses", "/favicon.ico"] {
        let (whole, head) = (server.request("GET", path).send().await, server.request("HEAD", path).send().await);
        assert_eq!((head.status, head.text()), (200, String::new()), "{path}");
        assert_eq!(head.header("content-type"), whole.header("content-type"), "{path}");
    }
    assert_eq!(server.request("HEAD", "/api/rooms/nowhere").send().await.status, 404);
    for (method, path, status, allowed) in [
        ("PUT", "/api/rooms", 405, "GET, POST, HEAD, OPTIONS"),
        ("DELETE", "/healthz", 405, "GET, HEAD, OPTIONS"),
        ("POST", "/documents", 405, "GET, HEAD, OPTIONS"),
        ("GET", "/hooks/abc", 405, "POST, OPTIONS"),
        ("OPTIONS", "/api/rooms/lobby", 204, ""),
        ("OPTIONS", "/", 204, "GET, HEAD, OPTIONS"),
    ] {
        let answer = server.request(method, path).send().await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        let found = answer.header("allow");
        assert!(allowed.is_empty() && found.contains("PATCH") || found == allowed, "{method} {path}: {found}");
    }
    assert_eq!(server.request("OPTIONS", "/nothing/here").send().await.status, 404);
}

#[tokio::test]
async fn pages_of_allowed_sites_may_ask_and_no_others() {
    let server = TestServer::with(|config| config.http.allowed_origins = vec!["https://shop.example".into()]).await;
    let preflight = async |origin: &str| {
        let asked = server.request("OPTIONS", "/api/rooms/lobby/messages").header("origin", origin);
        let asked = asked.header("access-control-request-method", "POST");
        asked.header("access-control-request-headers", "authorization, content-type").send().await
    };
    let allowed = preflight("https://shop.example").await;
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, "https://shop.example"));
    assert_eq!(allowed.header("access-control-allow-headers"), "authorization, content-type");
    assert!(allowed.header("access-control-allow-methods").contains("DELETE"));
    assert_eq!(preflight("https://evil.example").await.header("access-control-allow-origin"), "");
    let listed = server.request("GET", "/api/rooms").header("origin", "https://shop.example").send().await;
    assert_eq!(listed.header("access-control-allow-origin"), "https://shop.example");
    assert_eq!(listed.header("access-control-allow-credentials"), "true");
    let other = server.request("GET", "/api/rooms").header("origin", "https://evil.example").send().await;
    assert_eq!(other.header("access-control-allow-origin"), "");
    // Without such sites nothing is said.
    let closed = TestServer::start().await;
    let listed = closed.request("GET", "/api/rooms").header("origin", "https://shop.example").send().await;
    assert_eq!(listed.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn json_is_compressed_for_whoever_accepts_that() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for number in 0..30 {
        ann.say("lobby", &format!("This is message number {number}, much like the others.")).await;
    }
    let ask = async |accepted: &str| {
        let asked = server.request("GET", "/api/rooms/lobby/messages");
        asked.header("accept-encoding", accepted).send().await
    };
    let (plain, packed) = (ask("identity").await, ask("br;q=1, gzip;q=0.8").await);
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), ("", "gzip"));
    for answer in [&plain, &packed] {
        assert!(answer.header("vary").to_lowercase().contains("accept-encoding"));
    }
    let mut unpacked = String::new();
    GzDecoder::new(packed.bytes.as_slice()).read_to_string(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.text());
    assert!(packed.bytes.len() * 3 < plain.bytes.len(), "{} of {}", packed.bytes.len(), plain.bytes.len());
    assert_eq!(ask("gzip;q=0").await.header("content-encoding"), "");
    let short = server.request("GET", "/healthz").header("accept-encoding", "gzip").send().await;
    assert_eq!(short.header("content-encoding"), "");
}

/// What comes for these lines.
async fn raw(server: &TestServer, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(PATIENCE, read).await.expect("in time").expect("read");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_request_names_one_host_and_a_socket_says_what_it_needs() {
    let server = TestServer::start().await;
    let rest = "Connection: close\r\n\r\n";
    let one = raw(&server, &format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{rest}")).await;
    assert!(one.starts_with("HTTP/1.1 200"), "{one}");
    let old = raw(&server, "GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200"), "{old}");
    for lines in ["", "Host: localhost\r\nHost: localhost\r\n", "Host: localhost\r\nHost: evil.example\r\n"] {
        let refused = raw(&server, &format!("GET /healthz HTTP/1.1\r\n{lines}{rest}")).await;
        assert!(refused.starts_with("HTTP/1.1 400") && refused.contains("names no host, or several"), "{refused}");
    }
    let plain = server.request("GET", "/ws").send().await;
    assert_eq!((plain.status, plain.header("upgrade")), (426, "websocket"));
    assert_eq!(plain.header("sec-websocket-version"), "13");
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_broke_off() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[]);
    let text: String = (0..500).map(|line| format!("Line {line} of the handbook.\n")).collect();
    let added = upload(server.address(), "POST", "/api/documents", ("a.txt", text.as_bytes()), &[]).await.json();
    let url = format!("http://{}/api/documents/{}/original", server.address(), id(&added));
    let get = async |headers: &[(&str, &str)]| {
        let asked = crate::support::Request::new("GET", &url).by_owner();
        headers.iter().fold(asked, |asked, (name, value)| asked.header(name, value)).send().await
    };
    let whole = get(&[]).await;
    let tag = whole.header("etag").to_owned();
    assert_eq!((whole.status, whole.header("accept-ranges"), whole.text() == text), (200, "bytes", true));
    let rest = get(&[("range", "bytes=5000-"), ("if-range", &tag)]).await;
    assert_eq!((rest.status, rest.text() == text[5000..]), (206, true));
    assert_eq!(rest.header("content-range"), format!("bytes 5000-{}/{}", text.len() - 1, text.len()));
    assert_eq!(get(&[("if-none-match", &tag)]).await.status, 304);
    assert_eq!(get(&[("range", "bytes=99999999-")]).await.status, 416);
    assert_eq!(get(&[("range", "bytes=5-"), ("if-range", "\"other\"")]).await.status, 200);
}

#[tokio::test]
async fn errors_name_the_field_and_no_type_of_the_program() {
    let server = TestServer::start().await;
    let said = async |method: &str, path: &str, body: Value| {
        let request = server.request(method, path).by_owner();
        let request = if body.is_null() { request } else { request.json(body) };
        let refused = request.send().await;
        assert_eq!(refused.status, 400, "{path}: {}", refused.text());
        let said = refused.json()["error"]["message"].as_str().expect("words").to_owned();
        for name in ["u64", "usize", "u32", "struct ", "Option", "expected a map"] {
            assert!(!said.contains(name), "{said}");
        }
        said
    };
    for (path, field) in [
        ("/api/rooms/lobby/messages?limit=-1", "limit"),
        ("/api/rooms/lobby/messages?before=x", "before"),
        ("/api/jobs?limit=many", "limit"),
        ("/api/jobs/stats?span=year", "span"),
        ("/api/documents?kind=poem", "kind"),
    ] {
        let said = said("GET", path, Value::Null).await;
        assert!(said.contains(field), "{path}: {said}");
    }
    for (path, body, part) in [
        ("/api/rooms/lobby/messages", json!({"message": 3}), "message: "),
        ("/api/rooms/lobby/messages", json!({}), "missing field `message`"),
        ("/api/rooms/lobby/messages", json!({"message": "x", "delay": 5}), "delay is not known here"),
        ("/api/jobs", json!({"name": "sum", "arguments": "1 2", "priorty": 1}), "priorty is not known here"),
        ("/api/sanctions", json!({"kind": "kick", "handle": "Bo"}), "kind: "),
        ("/api/rooms/lobby/messages", json!([]), "expected an object"),
    ] {
        let said = said("POST", path, body.clone()).await;
        assert!(said.contains(part), "{body}: {said}");
    }
    let left = server.request("GET", "/api/rooms/lobby/messages").send().await;
    assert_eq!(left.status, 404, "nothing was stored: {}", left.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_one_that_generators_take() {
    let server = TestServer::start().await;
    let found = python_client("openapi", &[&server.url("/api/openapi.json")]).await;
    assert_eq!(found["errors"], json!([]), "{found}");
    assert_eq!(found["warnings"], json!([]), "{found}");
    assert!(found["operations"].as_u64().is_some_and(|count| count > 90), "{found}");
    assert_eq!(found["generated"], found["operations"], "{found}");
}
