//! The HTTP interface for programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::rooms::texts;
use crate::support::{OWNER_KEY, TestServer, cookie_of};

#[tokio::test]
async fn rooms_are_created_once_and_named_when_they_have_no_name() {
    let server = TestServer::start().await;
    for (name, status) in [("Lobby", 201), ("lobby", 200), ("大厅", 201)] {
        let answer = server.request("POST", "/api/rooms").json(json!({"name": name})).send().await;
        assert_eq!(answer.status, status, "{name}");
        let room = answer.json();
        assert_eq!((&room["name"], &room["last"]), (&json!(name.to_lowercase()), &json!(0)));
        assert_eq!((&room["members"], &room["bot"]), (&json!(0), &json!("mention")));
        assert!(room["created_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{room}");
    }
    for (body, locale) in [("", "en"), ("{}", "zh-CN"), ("{\"name\":\" \"}", "zh-TW")] {
        let request = server.request("POST", "/api/rooms").header("accept-language", locale).body(body);
        let answer = request.send().await;
        assert_eq!(answer.status, 201, "{body:?}");
        let name = answer.json()["name"].as_str().expect("a name").to_owned();
        assert_eq!(name.split('-').count(), 3, "{name}");
        assert_eq!(name.is_ascii(), locale == "en", "{name}");
    }
    let refused = server.request("POST", "/api/rooms").json(json!({"name": "a b"})).send().await;
    assert_eq!(refused.refusal(), (400, "bad_room".into()));
}

#[tokio::test]
async fn the_list_of_rooms_is_searched_and_counts_members() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "garden").await;
    ann.say("garden", "hello").await;
    for name in ["garden-party", "大厅", "lobby"] {
        server.request("POST", "/api/rooms").json(json!({"name": name})).send().await;
    }
    let names = |list: Value| -> Vec<String> {
        let rooms = list["rooms"].as_array().expect("rooms").clone();
        rooms.iter().map(|room| room["name"].as_str().expect("a name").to_owned()).collect()
    };
    for (query, expected) in [
        ("", &["lobby", "大厅", "garden-party", "garden"][..]),
        ("?q=GARDEN", &["garden-party", "garden"]),
        ("?q=%E5%A4%A7", &["大厅"]),
        ("?q=nowhere", &[]),
    ] {
        let list = server.request("GET", &format!("/api/rooms{query}")).send().await.json();
        assert_eq!(names(list), expected, "{query}");
    }
    let list = server.request("GET", "/api/rooms?q=garden").send().await.json();
    assert_eq!((&list["rooms"][1]["members"], &list["rooms"][1]["last"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_post_is_answered_once_it_is_stored_and_alike_when_repeated() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let post = |body: Value| {
        server.request("POST", "/api/rooms/Lobby/messages").header("cookie", &cookie_of("Script")).json(body)
    };
    let body = json!({"message": "hello", "handle": "Script", "id": "1"});
    let first = post(body.clone()).send().await;
    assert_eq!(first.status, 201);
    let stored = first.json();
    assert_eq!((&stored["seq"], &stored["room"], &stored["id"]), (&json!(1), &json!("lobby"), &json!("1")));
    let again = post(body).send().await;
    assert_eq!((again.status, again.json()), (200, stored.clone()));
    let heard = ann.expect("message").await;
    assert_eq!((&heard["handle"], &heard["timestamp"]), (&json!("Script"), &stored["timestamp"]));
    for (body, status, code) in [
        (json!({}), 400, "bad_request"),
        (json!({"message": 5}), 400, "bad_request"),
        (json!({"message": " "}), 400, "empty"),
        (json!({"message": "x", "handle": "bot"}), 400, "bad_handle"),
        (json!({"message": "x", "id": ""}), 400, "bad_id"),
        (json!({"message": "x".repeat(8001)}), 413, "too_long"),
        (json!({"message": "x".repeat(65 * 1024)}), 413, "too_large"),
    ] {
        assert_eq!(post(body).send().await.refusal(), (status, code.into()));
    }
    let broken = server.request("POST", "/api/rooms/lobby/messages").body("{\"message\":").send().await;
    assert_eq!(broken.refusal(), (400, "bad_request".into()));
    let list = server.request("GET", "/api/rooms/lobby/messages").send().await.json();
    assert_eq!(texts(&list), ["hello"], "what was refused is not stored");
}

#[tokio::test]
async fn messages_are_listed_in_pages() {
    let server = TestServer::start().await;
    let mut ann = server.client("Ann").await;
    for index in 1..=5 {
        ann.say("大厅", &index.to_string()).await;
    }
    for (query, expected, more) in [
        ("", &["1", "2", "3", "4", "5"][..], false),
        ("?limit=2", &["4", "5"], true),
        ("?before=4&limit=2", &["2", "3"], true),
        ("?before=3", &["1", "2"], false),
        ("?after=3", &["4", "5"], false),
        ("?after=0&limit=2", &["1", "2"], true),
        ("?after=5", &[], false),
    ] {
        let list = server.request("GET", &format!("/api/rooms/%E5%A4%A7%E5%8E%85/messages{query}")).send().await.json();
        assert_eq!((texts(&list), &list["more"]), (expected.to_vec(), &json!(more)), "{query}");
    }
    for query in ["?before=x", "?limit=-1", "?after=1.5"] {
        let answer = server.request("GET", &format!("/api/rooms/lobby/messages{query}")).send().await;
        assert_eq!(answer.refusal(), (400, "bad_request".into()), "{query}");
    }
    let missing = server.request("GET", "/api/rooms/nowhere/messages").send().await;
    assert_eq!(missing.refusal(), (404, "not_found".into()));
    assert_eq!(server.request("GET", "/api/rooms").send().await.json()["rooms"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn errors_are_in_the_askers_language() {
    let server = TestServer::start().await;
    for (language, words) in [
        ("zh-TW,zh;q=0.9", "沒有名為「nowhere」的聊天室。"),
        ("zh-CN", "nowhere"),
        ("fr", "There is no room \"nowhere\"."),
    ] {
        let request = server.request("GET", "/api/rooms/nowhere/messages").header("accept-language", language);
        let answer = request.send().await;
        assert_eq!(answer.header("content-type"), "application/json");
        let error = answer.json()["error"].clone();
        assert_eq!(error["code"], "not_found");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(words)), "{error}");
    }
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_refused_in_json() {
    let server = TestServer::start().await;
    for (method, path, status) in [
        ("GET", "/nowhere", 404),
        ("GET", "/api", 404),
        ("GET", "/api/rooms/lobby/nothing", 404),
        ("GET", "/api/jobs/nonsense", 404),
        ("GET", "/assets/other/app.js", 404),
        ("GET", "/assets/../Cargo.toml", 404),
        ("DELETE", "/api/rooms", 405),
        ("PUT", "/api/rooms/lobby/messages", 405),
        ("POST", "/api/commands", 405),
        ("POST", "/", 405),
        ("POST", "/healthz", 405),
        ("GET", "/ws", 426),
    ] {
        let answer = server.request(method, path).send().await;
        assert_eq!(answer.refusal().0, status, "{method} {path}");
    }
    let filter = server.request("GET", "/api/jobs?state=dancing").send().await;
    assert_eq!(filter.refusal(), (400, "bad_request".into()));
}

#[tokio::test]
async fn health_and_commands_are_told() {
    let server = TestServer::start().await;
    let _ann = server.client("Ann").await;
    let health = server.request("GET", "/healthz").send().await;
    assert_eq!(health.status, 200);
    let health = health.json();
    assert_eq!((&health["status"], &health["jobs_open"]), (&json!("ok"), &json!(0)));
    assert!(health["connections"].as_u64().is_some_and(|count| count >= 1), "{health}");
    let commands = server.request("GET", "/api/commands").header("accept-language", "zh-TW").send().await.json();
    let names: Vec<_> =
        commands["commands"].as_array().expect("commands").iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["help", "ask", "sum", "status", "echo", "sleep", "remind", "every", "schedules", "sync"]);
    assert_eq!((&commands["commands"][5]["slow"], &commands["commands"][2]["slow"]), (&json!(true), &json!(false)));
    assert_eq!(commands["commands"][2]["usage"], "sum <數> <數> …");
}

/// `(method, path)` of everything described.
async fn described(server: &TestServer) -> BTreeSet<(String, String)> {
    let description = server.request("GET", "/api/openapi.json").send().await.json();
    let mut routes = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            routes.insert((method.to_uppercase(), path.clone()));
        }
    }
    routes
}

#[tokio::test]
async fn every_route_that_is_described_answers() {
    let server = TestServer::start().await;
    server.client("Ann").await.say("lobby", "/sum 1 2").await;
    let nothing = server.request("GET", "/nowhere").send().await.json()["error"]["message"].clone();
    let routes = described(&server).await;
    assert!(routes.len() >= 15, "{routes:?}");
    for (method, path) in routes {
        let real = path.replace("{room}", "lobby").replace("{seq}", "1");
        let real = real.replace("{id}", "0192f0c1d2e37000800000000000000a");
        let body = json!({"message": "hi", "bot": "never", "key": OWNER_KEY, "name": "garden"});
        let mut request = server.request(&method, &real).by_owner();
        if method != "GET" {
            request = request.json(body);
        }
        let answer = request.send().await;
        assert_ne!(answer.status, 405, "{method} {path}");
        assert!(answer.status < 500, "{method} {path}: {}", answer.status);
        let is_json = answer.header("content-type") == "application/json";
        assert!(!is_json || answer.json()["error"]["message"] != nothing, "{method} {path}");
    }
}

/// All Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Routes are made of their descriptions, so that every route there is is described unless a filter takes a path of its own.
#[test]
fn no_route_of_the_interface_has_a_path_beside_its_description() {
    let modules = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/api"));
    let others = modules.iter().filter(|file| !file.ends_with("route.rs"));
    let mut seen = 0;
    for file in others {
        let source = std::fs::read_to_string(file).expect("readable");
        assert!(!source.contains("warp::path"), "{}", file.display());
        seen += source.matches("route!(").count();
    }
    assert!(seen >= 30, "{seen} routes");
}
