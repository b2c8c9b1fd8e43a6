//! The Model Context Protocol, as its own package for Python speaks it (`tests/run` installs that), and as nobody should.

use std::time::Duration;

use serde_json::{Value, json};

use crate::answers::{TERMS, document};
use crate::support::fake_model::FakeModel;
use crate::support::{Answer, Browser, OWNER_KEY, PATIENCE, Request, TestServer, python_client};

const STATELESS: &str = "2026-07-28";

/// A message without a handshake, as the revision that has none wants it.
fn stateless(server: &TestServer, method: &str, mut params: Value) -> Request {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = STATELESS.into();
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    let request = server.request("POST", "/mcp").header("mcp-protocol-version", STATELESS).header("mcp-method", method);
    let request = match params["name"].as_str() {
        Some(name) => request.header("mcp-name", name),
        None => request,
    };
    request.json(json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}))
}

/// A message of a client that began with a handshake.
fn after_handshake(server: &TestServer, method: &str, params: Value) -> Request {
    let request = server.request("POST", "/mcp").header("mcp-protocol-version", "2025-11-25");
    request.json(json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}))
}

/// Status of the answer, and code of the error.
fn fault(answer: &Answer) -> (u16, i64) {
    let error = &answer.json()["error"];
    assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "an error has words: {error}");
    (answer.status, error["code"].as_i64().expect("a code"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_protocols_own_package_uses_every_tool_with_and_without_a_handshake() {
    let fake = FakeModel::saying(&["Three ", "years [", "1]."]).await;
    let server = TestServer::with(|config| fake.configure(config)).await;
    server.request("POST", "/api/rooms").json(json!({"name": "shop"})).send().await;
    let terms = document(&server, json!({"title": "Terms", "text": TERMS, "room": "shop"})).await;
    for (mode, version, posted_before) in [("auto", STATELESS, false), ("legacy", "2025-11-25", true)] {
        let told = python_client("mcp", &[&server.url("/mcp"), OWNER_KEY, mode, &terms]).await;
        assert_eq!((&told["version"], &told["server"]), (&json!(version), &json!("chatbot")));
        let read_only = json!({
            "search": true, "ask": true, "read_document": true, "list_rooms": true, "read_messages": true,
            "post_message": false, "list_commands": true, "run_command": false, "get_job": true,
        });
        assert_eq!(told["tools"], read_only, "{mode}");
        assert_eq!(told["rooms"]["data"]["rooms"][0]["name"], "shop");
        assert_eq!(told["posted"]["data"]["repeated"], posted_before);
        assert_eq!(
            told["again"]["data"],
            json!({"room": "shop", "number": 1, "waits_for_approval": false, "repeated": true})
        );
        assert_eq!(told["messages"]["data"]["messages"][0]["text"], "The ribs have come");
        the_question_is_answered(&told["asked"], &terms);
        the_document_is_read(&told, &terms);
        the_commands_run(&told);
        assert_eq!(told["found"]["data"]["messages"][0]["number"], 1);
        assert_eq!(told["found"]["data"]["passages"][0]["document"], terms.as_str());
        let wrong = told["wrong"].as_array().expect("results");
        for result in wrong {
            let words = result["text"].as_str().unwrap_or_default();
            assert!(result["error"] == true && words.len() > 10, "{result}");
        }
    }
}

fn the_question_is_answered(asked: &Value, terms: &str) {
    let data = &asked["data"];
    assert_eq!((&data["state"], &data["answered_by"]), (&json!("completed"), &json!("model")), "{asked}");
    assert_eq!(data["result"], "Three years [1].");
    assert_eq!((&data["passages"][0]["mark"], &data["passages"][0]["document"]), (&json!(1), &json!(terms)));
    let text = asked["text"].as_str().expect("text");
    assert!(text.starts_with("Three years [1].\n\n[1] Terms"), "{text}");
    assert!(text.contains(terms), "with what it takes to read on: {text}");
}

fn the_document_is_read(told: &Value, terms: &str) {
    let part = &told["part"]["data"];
    let chars: Vec<char> = TERMS.chars().collect();
    assert_eq!(part["text"], chars[3..13].iter().collect::<String>(), "{part}");
    assert_eq!((&part["offset"], &part["next_offset"], &part["title"]), (&json!(3), &json!(13), &json!("Terms")));
    assert_eq!((&part["chars"], &part["room"]), (&json!(chars.len()), &json!("shop")));
    let words = told["part"]["text"].as_str().expect("text");
    assert!(words.contains(terms) && words.contains("offset 13"), "{words}");
    let passage = told["passage"]["data"]["text"].as_str().expect("text");
    assert!(TERMS.contains(passage) && passage.contains("umbrella"), "{passage}");
}

fn the_commands_run(told: &Value) {
    let commands = told["commands"]["data"]["commands"].as_array().expect("commands");
    assert!(commands.iter().any(|command| command["name"] == "sum"));
    assert_eq!(
        (&told["sum"]["data"]["result"], &told["sum"]["error"]),
        (&json!("12 + 32 = 44"), &json!(false)),
        "{}",
        told["sum"]
    );
    let failed = &told["failed"];
    assert_eq!((&failed["error"], &failed["data"]["state"]), (&json!(true), &json!("failed")), "{failed}");
    assert_eq!(told["slow"]["data"]["state"], "completed");
    let news = told["news"].as_array().expect("progress");
    let seconds: Vec<f64> = news.iter().map(|news| news[0].as_f64().expect("a number")).collect();
    assert!(!news.is_empty() && seconds.is_sorted_by(|one, next| one < next), "{news:?}");
    let later = &told["later"];
    assert_eq!((later["data"]["state"] == "completed", &later["error"]), (false, &json!(false)), "{later}");
    assert!(later["text"].as_str().expect("text").contains(later["data"]["job"].as_str().expect("an id")), "{later}");
    assert_eq!(
        (&told["looked_up"]["data"]["job"], &told["looked_up"]["data"]["state"]),
        (&later["data"]["job"], &json!("completed"))
    );
}

#[tokio::test]
async fn what_no_client_should_send_is_refused_by_what_is_wrong_with_it() {
    let server = TestServer::start().await;
    let raw = |body: String| server.request("POST", "/mcp").by_owner().body(body).send();
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    for (body, expected) in [
        (String::new(), (400, -32700)),
        ("{".into(), (400, -32700)),
        ("[".repeat(10_000), (400, -32700)),
        (json!([request, request]).to_string(), (400, -32600)),
        ("[]".into(), (400, -32600)),
        (json!({"jsonrpc": "2.0", "id": 1, "result": {}}).to_string(), (400, -32600)),
        (json!({"jsonrpc": "2.0", "id": [1], "method": "ping"}).to_string(), (400, -32600)),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": "x"}).to_string(), (400, -32600)),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "resources/list"}).to_string(), (200, -32601)),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call"}).to_string(), (200, -32602)),
        (
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "rm"}}).to_string(),
            (200, -32602),
        ),
        (
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "2"}}).to_string(),
            (200, -32602),
        ),
    ] {
        assert_eq!(fault(&raw(body.clone()).await), expected, "{}", &body[..body.len().min(80)]);
    }
    let bad = |name: &str, arguments: Value| {
        after_handshake(&server, "tools/call", json!({"name": name, "arguments": arguments}))
    };
    assert_eq!(fault(&bad("ask", json!([1])).by_owner().send().await), (200, -32602));
    let unknown = stateless(&server, "no/such", json!({})).by_owner().send().await;
    assert_eq!((fault(&unknown), &unknown.json()["id"]), ((404, -32601), &json!(7)));
    let lying = stateless(&server, "tools/call", json!({"name": "search"})).header("mcp-name", "ask").by_owner();
    assert_eq!(fault(&lying.send().await), (400, -32020), "a header has one value");
    let lying = server.request("POST", "/mcp").header("mcp-protocol-version", "2025-11-25").by_owner();
    let meta = json!({"_meta": {"io.modelcontextprotocol/protocolVersion": STATELESS}});
    let lying = lying.json(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": meta})).send().await;
    assert_eq!(fault(&lying), (400, -32020));
    let old = server.request("POST", "/mcp").header("mcp-protocol-version", "1999-01-01").by_owner();
    let old = old.json(request.clone()).send().await;
    assert_eq!((fault(&old), &old.json()["error"]["data"]["supported"][0]), ((400, -32022), &json!(STATELESS)));
    let huge =
        raw(json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "x".repeat(600_000)}}).to_string());
    assert_eq!(fault(&huge.await), (413, -32600));
    let notification = raw(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string()).await;
    assert_eq!((notification.status, notification.text()), (202, String::new()));
    for method in ["GET", "DELETE", "PUT"] {
        assert_eq!(fault(&server.request(method, "/mcp").by_owner().send().await), (405, -32600), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_has_the_rights_of_its_key_and_foreign_pages_have_none() {
    let server = TestServer::start().await;
    let mut ann = Browser::with_account(&server, "Ann", "admin").await;
    let new = json!({"name": "reader", "scopes": ["read"], "days": 1});
    let made = ann.ask(&server, "POST", "/api/account/tokens", new).await.json();
    let reader = format!("Bearer {}", made["token"].as_str().expect("a token"));
    let call = |name: &str, arguments: Value| {
        let params = json!({"name": name, "arguments": arguments});
        stateless(&server, "tools/call", params).header("authorization", &reader).send()
    };
    let rooms = call("list_rooms", json!({})).await.json();
    assert_eq!(rooms["result"]["isError"], false, "{rooms}");
    for (name, arguments) in [
        ("post_message", json!({"room": "lobby", "text": "hello"})),
        ("ask", json!({"question": "who?"})),
        ("run_command", json!({"command": "sum", "arguments": "1 2"})),
    ] {
        let refused = call(name, arguments).await.json();
        assert_eq!(refused["result"]["isError"], true, "{refused}");
        assert_eq!(refused["result"]["_meta"]["code"], "forbidden", "{refused}");
    }
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    bob.ask(&server, "POST", "/api/rooms", json!({"name": "board", "kind": "closed"})).await;
    bob.ask(&server, "POST", "/api/rooms/board/messages", json!({"message": "a secret"})).await;
    for (name, arguments) in [
        ("read_messages", json!({"room": "board"})),
        ("post_message", json!({"room": "board", "text": "hello"})),
        ("ask", json!({"room": "board", "question": "what is said here?"})),
        ("run_command", json!({"room": "board", "command": "sum", "arguments": "1 2"})),
    ] {
        let params = json!({"name": name, "arguments": arguments});
        let refused = stateless(&server, "tools/call", params).by_owner().send().await.json();
        assert_eq!(refused["result"]["isError"], true, "closed rooms are for their members: {refused}");
    }
    let search = json!({"name": "search", "arguments": {"query": "secret"}});
    let found = stateless(&server, "tools/call", search).by_owner().send().await.json();
    assert_eq!(found["result"]["structuredContent"]["messages"], json!([]), "{found}");
    let ping = || stateless(&server, "tools/list", json!({}));
    let wrong = ping().header("authorization", "Bearer wrong").send().await;
    assert_eq!((fault(&wrong), wrong.header("www-authenticate")), ((401, -32600), "Bearer"));
    assert_eq!(wrong.json()["error"]["data"]["code"], "bad_key");
    let foreign = ping().by_owner().header("origin", "https://evil.example").send().await;
    assert_eq!(fault(&foreign), (403, -32600));
    assert_eq!(ping().send().await.status, 200, "guests may come in");
    let closed = server.request("PATCH", "/api/settings").by_owner().json(json!({"access": "invite"})).send().await;
    assert_eq!(closed.status, 200, "{}", closed.text());
    assert_eq!(fault(&ping().send().await), (403, -32600));
}

/// Calls a tool, leaves once its job runs, and returns the job's id.
async fn leave(server: &TestServer, call: Request) -> String {
    let running = || async {
        let jobs = server.request("GET", "/api/jobs?name=sleep&state=running").by_owner().send().await.json();
        jobs["jobs"][0]["id"].as_str().map(str::to_owned)
    };
    let waiting = async {
        loop {
            if let Some(id) = running().await {
                return id;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        answer = call.by_owner().send() => panic!("answered: {}", answer.text()),
        id = waiting => id,
    }
}

async fn state(server: &TestServer, id: &str) -> String {
    let job = server.request("GET", &format!("/api/jobs/{id}")).by_owner().send().await.json();
    job["state"].as_str().expect("a state").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_cancels_what_was_begun_if_the_revision_has_it_so() {
    let server = TestServer::start().await;
    let sleeping = || json!({"name": "run_command", "arguments": {"command": "sleep", "arguments": "600"}});
    let kept = leave(&server, after_handshake(&server, "tools/call", sleeping())).await;
    let get = json!({"name": "get_job", "arguments": {"job": kept, "wait_seconds": 1}});
    let looked_up = stateless(&server, "tools/call", get).by_owner().send().await.json();
    assert_eq!(looked_up["result"]["structuredContent"]["state"], "running", "{looked_up}");
    server.request("POST", &format!("/api/jobs/{kept}/cancel")).by_owner().send().await;
    let begun = leave(&server, stateless(&server, "tools/call", sleeping())).await;
    let cancelled = async {
        while state(&server, &begun).await != "cancelled" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, cancelled).await.expect("in time");
}
