//! Which pages may use the server.

use serde_json::json;

use crate::support::{Client, Request, TestServer};

const SHOP: &str = "https://shop.example";

async fn opens(server: &TestServer, origin: &str, host: Option<&str>) -> bool {
    let host = host.map_or_else(|| server.address().to_string(), str::to_owned);
    match Client::try_connect(server.address(), "/ws", &[("origin", origin), ("host", &host)]).await {
        Ok(_) => true,
        Err(error) => {
            assert!(error.to_string().contains("403"), "{error}");
            false
        }
    }
}

#[tokio::test]
async fn the_own_page_and_allowed_ones_open_sockets_and_foreign_ones_do_not() {
    let server = TestServer::with(|config| config.http.allowed_origins = vec![SHOP.into()]).await;
    let own = format!("http://{}", server.address());
    for (origin, host, expected) in [
        (own.as_str(), None, true),
        ("http://localhost:5500", None, true),
        (SHOP, None, true),
        (SHOP, Some("chat.example"), true),
        ("https://chat.example", Some("chat.example"), true),
        ("https://evil.example", None, false),
        ("https://evil.example", Some("chat.example"), false),
        ("http://localhost:5500", Some("chat.example"), false),
        ("https://shop.example.evil.example", None, false),
        ("null", None, false),
    ] {
        assert_eq!(opens(&server, origin, host).await, expected, "{origin} at {host:?}");
    }
}

#[tokio::test]
async fn foreign_pages_cannot_change_anything() {
    let server = TestServer::start().await;
    for (method, path) in [
        ("POST", "/api/rooms"),
        ("PATCH", "/api/rooms/lobby"),
        ("POST", "/api/rooms/lobby/messages"),
        ("DELETE", "/api/rooms/lobby/messages/1"),
        ("POST", "/api/jobs/0192f0c1d2e37000800000000000000a/cancel"),
        ("POST", "/api/session"),
        ("DELETE", "/api/session"),
    ] {
        let request = Request::new(method, &server.url(path)).header("origin", "https://evil.example");
        let answer = request.json(json!({"message": "x", "key": "x", "bot": "never"})).send().await;
        assert_eq!(answer.refusal(), (403, "forbidden".into()), "{method} {path}");
    }
    assert_eq!(server.request("GET", "/api/rooms").send().await.json(), json!({"rooms": []}));
}
