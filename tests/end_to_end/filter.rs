//! Words and links that are not let through, and messages that wait for approval: refused, held, approved, rejected, forgotten.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::support::{Browser, Client, Request, ServerProcess, TestServer, cookie_of};

async fn by_owner(server: &TestServer, method: &str, path: &str, body: Value) -> Value {
    let answer = server.request(method, path).by_owner().json(body).send().await;
    assert!(answer.status < 300, "{method} {path}: {}", answer.text());
    if answer.status == 204 { Value::Null } else { answer.json() }
}

async fn set(server: &TestServer, settings: Value) {
    by_owner(server, "PUT", "/api/settings/moderation", settings).await;
}

/// A guest in the lobby who is known again by the same name.
async fn guest(address: std::net::SocketAddr, name: &str) -> (Client, Value) {
    let mut client = Client::connect(address, "/ws", &[("cookie", &cookie_of(name))]).await;
    client.send(json!({"type": "hello", "handle": name, "locale": "en"})).await;
    client.expect("welcome").await;
    client.send(json!({"type": "join", "room": "lobby"})).await;
    let joined = client.expect("joined").await;
    (client, joined)
}

/// Says something that waits then.
async fn hold(client: &mut Client, text: &str) -> Value {
    client.send(json!({"room": "lobby", "message": text, "id": format!("id of {text}")})).await;
    client.expect("held").await
}

fn texts(list: &Value, key: &str) -> Vec<String> {
    let list = list[key].as_array().cloned().unwrap_or_default();
    list.iter().map(|one| one["message"].as_str().expect("a text").to_owned()).collect()
}

async fn said(server: &TestServer) -> Vec<String> {
    texts(&by_owner_get(server, "/api/rooms/lobby/messages?limit=200").await, "messages")
}

async fn by_owner_get(server: &TestServer, path: &str) -> Value {
    server.request("GET", path).by_owner().send().await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_filter_finds_is_refused_to_guests_and_not_to_those_who_moderate() {
    let server = TestServer::start().await;
    let mut mia = Browser::with_account(&server, "Mia", "moderator").await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let mut outsider = Browser::open(&server).await;
    let (mut ann, _) = guest(server.address(), "Ann").await;
    set(
        &server,
        json!({"words": ["casino", "賭博"], "patterns": [r"\d{11}"], "links": "listed", "link_hosts": ["example.com"]}),
    )
    .await;
    for (text, words) in [
        ("the ＣＡＳＩＮＯ!", "\"casino\" is not allowed here."),
        ("来赌博吧", "\"賭博\" is not allowed here."),
        ("call 13800138000", "This text is not allowed here."),
        ("https://evil.example/x", "Links to evil.example are not allowed here."),
    ] {
        ann.send(json!({"room": "lobby", "message": text})).await;
        let error = ann.expect("error").await;
        assert_eq!((&error["code"], &error["message"]), (&json!("filtered"), &json!(words)));
        let post = json!({"message": text});
        let path = "/api/rooms/lobby/messages";
        assert_eq!(outsider.ask(&server, "POST", path, post.clone()).await.refusal(), (400, "filtered".into()));
        assert_eq!(bob.ask(&server, "POST", path, post.clone()).await.status, 201, "it is for guests");
    }
    ann.say("lobby", "casinos at https://www.example.com").await;
    ann.say("@bot", "nobody else sees a casino here").await;
    for body in [
        json!({"name": "casino"}),
        json!({"name": "fine", "title": "Casino"}),
        json!({"name": "fine", "topic": "https://evil.example"}),
    ] {
        assert_eq!(outsider.ask(&server, "POST", "/api/rooms", body).await.refusal(), (400, "filtered".into()));
    }
    ann.send(json!({"type": "hello", "handle": "Casino"})).await;
    assert_eq!(ann.expect("error").await["code"], "filtered");

    set(&server, json!({"words": ["casino"], "filter_members": true})).await;
    let post = json!({"message": "a casino"});
    let path = "/api/rooms/lobby/messages";
    assert_eq!(bob.ask(&server, "POST", path, post.clone()).await.refusal(), (400, "filtered".into()));
    assert_eq!(mia.ask(&server, "POST", path, post).await.status, 201);

    let wrong =
        server.request("PUT", "/api/settings/moderation").by_owner().json(json!({"patterns": ["("]})).send().await;
    assert_eq!(wrong.refusal(), (400, "bad_filter".into()));
    let settings = by_owner_get(&server, "/api/settings/moderation").await;
    assert_eq!((&settings["words"], &settings["set"]), (&json!(["casino"]), &json!(true)), "it stays as it was");
    let reset = server.request("DELETE", "/api/settings/moderation").by_owner().send().await.json();
    assert_eq!((&reset["words"], &reset["set"], &reset["hold_days"]), (&json!([]), &json!(false), &json!(7)));
    let audit = by_owner_get(&server, "/api/audit?q=moderation").await;
    assert_eq!(audit["entries"].as_array().map(Vec::len), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_guests_wait_for_approval_and_are_posted_with_their_commands_then() {
    let server = TestServer::start().await;
    let mut mia = Browser::with_account(&server, "Mia", "moderator").await;
    by_owner(&server, "POST", "/api/rooms", json!({"name": "lobby"})).await;
    by_owner(&server, "PATCH", "/api/rooms/lobby", json!({"hold_guests": true})).await;
    let (mut ann, joined) = guest(server.address(), "Ann").await;
    assert_eq!(joined["hold_guests"], true);
    let (mut second, _) = guest(server.address(), "Ann").await;
    let (mut ben, _) = guest(server.address(), "Ben").await;
    let held = hold(&mut ann, "hello").await;
    assert_eq!(
        (&held["id"], &held["message"], &held["handle"]),
        (&json!("id of hello"), &json!("hello"), &json!("Ann"))
    );
    assert_eq!(second.expect("held").await["held"], held["held"], "in all her windows");
    let again = hold(&mut ann, "hello").await;
    assert_eq!(again["held"], held["held"], "once, however often it is sent");
    let command = hold(&mut ann, "/sum 1 2").await;
    hold(&mut ben, "later").await;
    assert_eq!(said(&server).await, Vec::<String>::new());
    assert_eq!(texts(&guest(server.address(), "Ann").await.1, "held"), ["hello", "/sum 1 2"]);
    assert_eq!(texts(&guest(server.address(), "Ben").await.1, "held"), ["later"]);
    let jobs = by_owner_get(&server, "/api/jobs").await;
    assert_eq!(jobs["jobs"], json!([]), "a command starts only when it is approved");

    let mut outsider = Browser::open(&server).await;
    assert_eq!(outsider.ask(&server, "GET", "/api/held", Value::Null).await.refusal(), (403, "forbidden".into()));
    let list = mia.ask(&server, "GET", "/api/held", Value::Null).await.json();
    assert_eq!(texts(&list, "held"), ["hello", "/sum 1 2", "later"]);
    assert_eq!(list["held"][0]["reason"], "guest");
    let path = |held: &Value| format!("/api/held/{}", held["held"].as_str().expect("an id"));
    let approve = format!("{}/approve", path(&command));
    assert_eq!(outsider.ask(&server, "POST", &approve, json!({})).await.refusal(), (403, "forbidden".into()));
    let approved = mia.ask(&server, "POST", &approve, json!({})).await;
    assert_eq!((approved.status, approved.json()["approved"].clone()), (200, json!(1)), "{}", approved.text());
    let posted = ben.expect("message").await;
    assert_eq!(
        (&posted["handle"], &posted["message"], &posted["id"]),
        (&json!("Ann"), &json!("/sum 1 2"), &json!("id of /sum 1 2"))
    );
    ben.expect_where("message", |frame| frame["message"] == "1 + 2 = 3").await;
    assert_eq!(mia.ask(&server, "POST", &approve, json!({})).await.refusal(), (404, "not_found".into()));
    // Sent again by a client that did not hear of it, it is acknowledged.
    ann.send(json!({"room": "lobby", "message": "/sum 1 2", "id": "id of /sum 1 2"})).await;
    assert_eq!(ann.expect("ack").await["seq"], 1);

    assert_eq!(mia.ask(&server, "DELETE", &path(&held), Value::Null).await.status, 204);
    assert_eq!(ann.expect("rejected").await["held"], held["held"]);
    let waiting = mia.ask(&server, "GET", "/api/held", Value::Null).await.json();
    assert_eq!(texts(&waiting, "held"), ["later"]);
    // Those with an account, and who is trusted, do not wait.
    mia.ask(&server, "POST", "/api/rooms/lobby/messages", json!({"message": "by a moderator"})).await;
    hold(&mut ben, "latest").await;
    let trust = format!("{}/approve", path(&waiting["held"][0]));
    let trusted = mia.ask(&server, "POST", &trust, json!({"trust": true})).await.json();
    assert_eq!(trusted["approved"], 2);
    assert_eq!(said(&server).await[2..], ["by a moderator", "later", "latest"]);
    let (mut ben, _) = guest(server.address(), "Ben").await;
    ben.say("lobby", "at once").await;
    let sanctions = mia.ask(&server, "GET", "/api/sanctions", Value::Null).await.json();
    assert_eq!(
        (&sanctions["sanctions"][0]["kind"], &sanctions["sanctions"][0]["id"]),
        (&json!("trust"), &trusted["trust"])
    );
    let audit = by_owner_get(&server, "/api/audit?q=held.").await;
    let actions: Vec<_> =
        audit["entries"].as_array().expect("entries").iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["held.approve", "held.approve", "held.reject", "held.approve"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_can_wait_and_what_waits_goes_with_its_author_and_room() {
    let server = TestServer::start().await;
    let mut mia = Browser::with_account(&server, "Mia", "moderator").await;
    set(&server, json!({"words": ["casino"], "on_found": "hold"})).await;
    let (mut ann, _) = guest(server.address(), "Ann").await;
    let fine = ann.say("lobby", "hello").await;
    hold(&mut ann, "a casino").await;
    let list = mia.ask(&server, "GET", "/api/held", Value::Null).await.json();
    assert_eq!((&list["held"][0]["reason"], &list["held"][0]["found"]), (&json!("word"), &json!("casino")));
    // By programs, and on the simple endpoint.
    let post = json!({"message": "casino", "id": "1"});
    let mut outsider = Browser::open(&server).await;
    let waits = outsider.ask(&server, "POST", "/api/rooms/lobby/messages", post).await;
    assert_eq!((waits.status, waits.json()["message"].clone()), (202, json!("casino")));
    let job = json!({"name": "echo", "arguments": "casino", "room": "lobby"});
    assert_eq!(outsider.ask(&server, "POST", "/api/jobs", job).await.status, 202);
    let mut simple = server.simple("/ws/chat/lobby/").await;
    simple.send(json!({"message": "casino"})).await;
    assert_eq!(simple.expect("error").await["code"], "held");

    let clear = json!({"room": "lobby", "seq": fine, "hours": 1});
    let cleared = mia.ask(&server, "POST", "/api/moderation/clear", clear).await.json();
    assert_eq!(cleared["messages"], 2, "what she said, and what waits");
    assert_eq!(ann.expect("rejected").await["room"], "lobby");
    let waiting = async || by_owner_get(&server, "/api/held").await["held"].as_array().expect("a list").len();
    assert_eq!(waiting().await, 3);
    assert_eq!(server.request("DELETE", "/api/rooms/lobby").by_owner().send().await.status, 204);
    assert_eq!(waiting().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_messages_wait_of_one_person_than_there_are_places() {
    let server = TestServer::start().await;
    set(&server, json!({"hold_guests": true})).await;
    let (mut ann, _) = guest(server.address(), "Ann").await;
    for number in 0..20 {
        hold(&mut ann, &format!("number {number}")).await;
    }
    assert_eq!(ann.refused(json!({"room": "lobby", "message": "one more", "id": "x"})).await, "busy");
    let repeated = hold(&mut ann, "number 3").await;
    assert_eq!(repeated["id"], "id of number 3", "that one waits already");
    let list = by_owner_get(&server, "/api/held").await;
    let first = list["held"][0]["held"].as_str().expect("an id").to_owned();
    assert_eq!(server.request("DELETE", &format!("/api/held/{first}")).by_owner().send().await.status, 204);
    hold(&mut ann, "one more").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_survives_a_kill() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut server = ServerProcess::start(dir.path(), &[]);
    let ask = async |server: &ServerProcess, method: &str, path: &str, body: Value| {
        let request = Request::new(method, &format!("http://{}{path}", server.address())).by_owner();
        let answer = if body.is_null() { request.send().await } else { request.json(body).send().await };
        assert!(answer.status < 300, "{}", answer.text());
        answer.json()
    };
    ask(&server, "PUT", "/api/settings/moderation", json!({"hold_guests": true})).await;
    let (mut ann, _) = guest(server.address(), "Ann").await;
    let held = hold(&mut ann, "hello").await;
    server.kill();
    let mut server = ServerProcess::start(dir.path(), &[]);
    let (_, joined) = guest(server.address(), "Ann").await;
    assert_eq!(joined["held"][0]["held"], held["held"]);
    let path = format!("/api/held/{}/approve", held["held"].as_str().expect("an id"));
    ask(&server, "POST", &path, json!({})).await;
    server.kill();
    let server = ServerProcess::start(dir.path(), &[]);
    let (_, joined) = guest(server.address(), "Ann").await;
    assert_eq!((texts(&joined, "messages"), &joined["held"]), (vec!["hello".to_owned()], &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_too_long_is_forgotten() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    std::fs::write(dir.path().join("config.toml"), "[moderation]\nhold_guests = true\nhold_days = 3\n")
        .expect("written");
    let mut clock = Clock::new(dir.path());
    let mut server = clock.start(&data);
    let (mut ann, _) = guest(server.address(), "Ann").await;
    hold(&mut ann, "hello").await;
    let waiting = async |server: &ServerProcess| {
        let url = format!("http://{}/api/held", server.address());
        Request::new("GET", &url).by_owner().send().await.json()["held"].as_array().expect("a list").len()
    };
    for (days, expected) in [(2, 1), (2, 0)] {
        server.kill();
        clock.jump(days * 24 * 60 * 60);
        server = clock.start(&data);
        let looked = Instant::now();
        while waiting(&server).await != expected {
            assert!(looked.elapsed() < Duration::from_secs(20), "{expected} after {days} days");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let (_, joined) = guest(server.address(), "Ann").await;
    assert_eq!(joined["held"], Value::Null);
}
