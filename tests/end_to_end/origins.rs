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
    let change = |config: &mut chatbot::config::Config| {
        config.http.allowed_origins = vec![SHOP.into()];
        config.http.hosts = vec!["chat.example".into()];
    };
    let server = TestServer::with(change).await;
    let own = format!("http://{}", server.address());
    for (origin, host, expected) in [
        (own.as_str(), None, true),
        ("http://localhost:5500", None, false),
        ("http://localhost:5500", Some("localhost:8000"), false),
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

#[tokio::test]
async fn names_that_are_not_the_servers_are_refused_unless_a_trusted_proxy_uses_them() {
    let server = TestServer::with(|config| config.http.public_url = "https://chat.example".into()).await;
    let status = |server: &TestServer, host: &'static str, path: &'static str| {
        let request = server.request("GET", path).header("host", host).header("accept-language", "zh-TW");
        async move { request.send().await }
    };
    for host in ["chat.example", "CHAT.example:443", "localhost", "raspberrypi.local:8000", "192.0.2.7", "[::1]:8000"] {
        assert_eq!(status(&server, host, "/").await.status, 200, "{host}");
    }
    for path in ["/", "/api/rooms", "/healthz"] {
        let refused = status(&server, "evil.example:8000", path).await;
        assert_eq!(refused.refusal(), (421, "unknown_host".into()));
        assert!(refused.text().contains("伺服器"), "{}", refused.text());
    }
    let proxied = TestServer::with(|config| config.http.trusted_proxies = vec!["127.0.0.1".into()]).await;
    assert_eq!(status(&proxied, "evil.example", "/").await.status, 200);
}

#[tokio::test]
async fn metrics_are_for_the_machine_itself_and_not_for_who_comes_through_a_proxy() {
    let server = TestServer::with(|config| config.http.hosts = vec!["chat.example".into()]).await;
    let metrics = |name: &'static str, value: &'static str| {
        let request = server.request("GET", "/metrics").header(name, value);
        async move { request.send().await.status }
    };
    assert_eq!(metrics("accept", "text/plain").await, 200);
    for (name, value) in [
        ("x-forwarded-for", "192.0.2.1"),
        ("x-real-ip", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1"),
        ("via", "1.1 proxy"),
        ("host", "chat.example"),
    ] {
        assert_eq!(metrics(name, value).await, 403, "{name}");
    }
}

#[tokio::test]
async fn over_https_cookies_have_names_that_no_other_host_can_set() {
    let server = TestServer::with(|config| config.http.trusted_proxies = vec!["127.0.0.1".into()]).await;
    let open = |cookie: String| {
        let request = server.request("GET", "/").header("x-forwarded-proto", "https").header("cookie", &cookie);
        async move { request.send().await }
    };
    let first = open(String::new()).await.header("set-cookie").to_owned();
    assert!(first.starts_with("__Host-chatbot_visitor=") && first.contains("; Path=/;"), "{first}");
    assert!(first.ends_with("; Secure") && !first.contains("Domain"), "{first}");
    let own = first.split(';').next().expect("a pair").to_owned();
    assert_eq!(open(own.clone()).await.header("set-cookie"), "", "it is known");
    // Who came before there was HTTPS is the same person under the new name.
    let token = own.split_once('=').expect("a pair").1;
    let renamed = open(format!("chatbot_visitor={token}")).await.header("set-cookie").to_owned();
    assert!(renamed.starts_with(&own), "{renamed}");
    let planted = "b".repeat(40);
    assert_eq!(open(format!("chatbot_visitor={planted}; {own}")).await.header("set-cookie"), "");
    let twice = server
        .request("GET", "/api/session")
        .header("cookie", &format!("chatbot_visitor={planted}; chatbot_visitor={token}"));
    assert_eq!(twice.send().await.refusal(), (400, "bad_request".into()));
}

#[tokio::test]
async fn every_answer_says_that_it_is_what_it_says_and_api_answers_are_not_kept() {
    let server = TestServer::start().await;
    for path in ["/", "/api/rooms", "/api/nothing", "/healthz", "/favicon.ico", "/api/openapi.json"] {
        let answer = server.request("GET", path).send().await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
    assert_eq!(server.request("GET", "/api/rooms").send().await.header("cache-control"), "no-store");
}
