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
async fn what_a_browser_says_of_where_a_request_comes_from_counts_where_it_sends_no_origin() {
    let change = |config: &mut chatbot::config::Config| config.http.allowed_origins = vec![SHOP.into()];
    let server = TestServer::with(change).await;
    let own = format!("http://{}", server.address());
    for (site, origin, expected) in [
        ("same-origin", Some(own.as_str()), true),
        ("same-origin", None, true),
        ("none", None, true),
        ("same-site", None, false),
        ("cross-site", None, false),
        ("cross-site", Some(own.as_str()), false),
        ("cross-site", Some(SHOP), true),
        ("", None, false),
    ] {
        let mut headers = vec![("sec-fetch-site", site)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let opened = Client::try_connect(server.address(), "/ws", &headers).await;
        assert_eq!(opened.is_ok(), expected, "a socket from {site} {origin:?}");
        for (method, path) in [("POST", "/api/rooms"), ("PATCH", "/api/rooms/lobby"), ("DELETE", "/api/session")] {
            let request =
                headers.iter().fold(server.request(method, path), |request, (name, value)| request.header(name, value));
            let answer = request.json(json!({})).send().await;
            let is_foreign = answer.status == 403 && answer.text().contains("http.allowed_origins");
            assert_eq!(is_foreign, !expected, "{method} {path} from {site} {origin:?}: {}", answer.text());
        }
    }
    // Reading is not refused: a link from elsewhere leads here.
    assert_eq!(server.request("GET", "/").header("sec-fetch-site", "cross-site").send().await.status, 200);
    assert_eq!(server.request("POST", "/api/rooms").json(json!({})).send().await.status, 201, "scripts send neither");
}

#[tokio::test]
async fn browsers_that_came_over_https_are_told_to_stay_there() {
    const HSTS: &str = "strict-transport-security";
    let proxied = TestServer::with(|config| config.http.trusted_proxies = vec!["127.0.0.1".into()]).await;
    let plain = TestServer::start().await;
    let public = TestServer::with(|config| config.http.public_url = "https://chat.example".into()).await;
    let ask = async |server: &TestServer, path: &str, headers: &[(&str, &str)]| {
        let request =
            headers.iter().fold(server.request("GET", path), |request, (name, value)| request.header(name, value));
        request.send().await.header(HSTS).to_owned()
    };
    let (https, http) = (("x-forwarded-proto", "https"), ("x-forwarded-proto", "http"));
    for path in ["/", "/api/rooms", "/api/nothing", "/assets/none/app.js"] {
        assert_eq!(ask(&proxied, path, &[https]).await, "max-age=31536000", "{path}");
        assert_eq!(ask(&proxied, path, &[http]).await, "", "{path}");
        assert_eq!(ask(&proxied, path, &[]).await, "", "{path}");
        // Anybody may say so.
        assert_eq!(ask(&plain, path, &[https]).await, "", "{path}");
        assert_eq!(ask(&public, path, &[("host", "chat.example")]).await, "max-age=31536000", "{path}");
        assert_eq!(ask(&public, path, &[("host", "localhost")]).await, "", "{path}");
    }
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
    let page = server.request("GET", "/").send().await.text();
    let assets =
        page.split('"').find(|part| part.starts_with("/assets/") && part.ends_with("js/app.js")).expect("a script");
    for (method, path, headers, status) in [
        ("GET", "/", &[][..], 200),
        ("GET", assets, &[], 200),
        ("HEAD", assets, &[], 200),
        ("GET", &assets.replace("app.js", "none.js"), &[], 404),
        ("GET", "/favicon.ico", &[], 200),
        ("GET", "/licenses", &[], 200),
        ("GET", "/api/rooms", &[], 200),
        ("GET", "/api/nothing", &[], 404),
        ("GET", "/nothing", &[], 404),
        ("GET", "/healthz", &[], 200),
        ("GET", "/metrics", &[], 200),
        ("GET", "/api/openapi.json", &[], 200),
        ("GET", "/api/account", &[], 403),
        ("GET", "/api/account/export", &[], 403),
        ("GET", "/ws", &[], 426),
        ("POST", "/api/rooms", &[("origin", "https://evil.example")], 403),
        ("POST", "/api/session", &[("content-type", "application/json")], 400),
        ("PUT", "/api/search", &[], 405),
        ("GET", "/", &[("host", "evil.example")], 421),
        ("GET", "/api/session", &[("authorization", "Bearer wrong")], 401),
        ("GET", "/api/session", &[("cookie", "chatbot_session=a; chatbot_session=b")], 400),
    ] {
        let request =
            headers.iter().fold(server.request(method, path), |request, (name, value)| request.header(name, value));
        let answer = request.send().await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{method} {path}");
        assert!(!answer.header("cache-control").is_empty(), "{method} {path}");
        if path.starts_with("/api/") || status >= 400 {
            assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
        }
    }
    let tag = server.request("GET", assets).send().await.header("etag").to_owned();
    let known = server.request("GET", assets).header("if-none-match", &tag).send().await;
    assert_eq!((known.status, known.header("x-content-type-options")), (304, "nosniff"));
    assert!(known.header("cache-control").contains("immutable"));
}
