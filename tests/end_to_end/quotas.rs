//! What may be stored per room and in all: who goes beyond it is told so, and what is deleted makes room at once.

use serde_json::{Value, json};

use crate::support::{Browser, Client, Request, ServerProcess, TestServer};

const MIB: u64 = 1024 * 1024;

/// What a room takes, as admins see it.
async fn size_of(server: &TestServer, room: &str) -> u64 {
    let list = server.request("GET", "/api/rooms?all=true").by_owner().send().await.json();
    let rooms = list["rooms"].as_array().expect("rooms");
    let found = rooms.iter().find(|found| found["name"] == room).unwrap_or_else(|| panic!("{room} in {list}"));
    found["bytes"].as_u64().expect("a size")
}

/// Posts until the room is full; the ids and numbers of what was stored.
async fn fill(client: &mut Client, room: &str) -> Vec<(String, u64)> {
    let text = "x".repeat(8000);
    let mut given = Vec::new();
    loop {
        let id = uuid::Uuid::new_v4().to_string();
        client.send(json!({"type": "send", "room": room, "message": text, "id": id})).await;
        let answer = loop {
            let frame = client.next().await.expect("an answer");
            if frame["id"] == id && frame["type"] != "message" {
                break frame;
            }
        };
        if answer["type"] == "ack" {
            given.push((id, answer["seq"].as_u64().expect("a number")));
            continue;
        }
        assert_eq!((&answer["code"], &answer["room"]), (&json!("room_full"), &json!(room)), "{answer}");
        return given;
    }
}

fn settings(config: &mut chatbot::config::Config) {
    config.rooms.quota_mb = 1;
    config.limits.messages_per_second = 0;
    config.budgets.factor = 0;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_full_takes_nothing_new_until_something_is_deleted() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on_with(dir.path(), settings).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let given = fill(&mut ann, "lobby").await;
    let (first_id, first) = &given[0];
    let last = given.last().expect("some").1;
    let full = size_of(&server, "lobby").await;
    assert!(full <= MIB && full > MIB - 10_000, "{full} bytes");
    assert!((100..140).contains(&given.len()), "{}", given.len());
    // Another room has space of its own, and HTTP tells the same.
    ann.say("garden", "hello").await;
    assert!(size_of(&server, "garden").await < 1000);
    let post = server.request("POST", "/api/rooms/lobby/messages").json(json!({"message": "y".repeat(8000)}));
    assert_eq!(post.send().await.refusal(), (507, "room_full".into()));
    let post = server.request("POST", "/api/rooms/lobby/messages").header("accept-language", "zh-Hant");
    let refused = post.json(json!({"message": "y".repeat(8000)})).send().await.json();
    assert!(refused["error"]["message"].as_str().expect("words").contains("聊天室空間已滿"), "{refused}");
    // A repetition of what is stored is still acknowledged.
    ann.send(json!({"type": "send", "room": "lobby", "message": "x".repeat(8000), "id": first_id})).await;
    assert_eq!(ann.expect_where("ack", |frame| frame["id"] == *first_id).await["seq"], *first);
    // Who moderates makes room, at once.
    let delete = server.request("DELETE", &format!("/api/rooms/lobby/messages/{last}")).by_owner().send().await;
    assert!(delete.status < 300);
    assert!(size_of(&server, "lobby").await < full - 7900);
    assert_eq!(fill(&mut ann, "lobby").await.len(), 1);
    let before = size_of(&server, "lobby").await;

    // The same is known after a restart, and what is purged makes room, too.
    server.stop().await.expect("stopped");
    let keeping = |config: &mut chatbot::config::Config| {
        settings(config);
        config.rooms.keep_messages = 10;
    };
    let server = TestServer::on_with(dir.path(), settings).await;
    assert_eq!(size_of(&server, "lobby").await, before);
    server.stop().await.expect("stopped");
    let server = TestServer::on_with(dir.path(), keeping).await;
    crate::retention::purged(server.address()).await;
    let left = size_of(&server, "lobby").await;
    assert!(left < 100_000, "{left}");
    let (mut ann, _) = server.member("Ann", "lobby").await;
    assert!(ann.say("lobby", &"z".repeat(8000)).await > last);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_a_room_count_and_the_owner_sees_how_much() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on_with(dir.path(), settings).await;
    let mut owner = Browser::with_account(&server, "Olga", "member").await;
    assert_eq!(owner.ask(&server, "POST", "/api/rooms", json!({"name": "plans"})).await.status, 201);
    let add = async |room: Value, words: usize| {
        let body = json!({"title": "Words", "text": "words ".repeat(words), "room": room});
        server.request("POST", "/api/documents").by_owner().json(body).send().await
    };
    let added = add(json!("plans"), 100_000).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let id = added.json()["id"].as_str().expect("an id").to_owned();
    let room = owner.ask(&server, "GET", "/api/rooms/plans", Value::Null).await.json();
    let bytes = room["bytes"].as_u64().expect("a size");
    assert!((600_000..601_000).contains(&bytes), "{bytes}");
    assert_eq!(room["quota_bytes"], MIB);
    let mut guest = Browser::open(&server).await;
    let seen = guest.ask(&server, "GET", "/api/rooms/plans", Value::Null).await.json();
    assert_eq!((&seen["bytes"], &seen["quota_bytes"]), (&Value::Null, &Value::Null));
    assert_eq!(add(json!("plans"), 100_000).await.refusal(), (507, "room_full".into()));
    assert_eq!(add(Value::Null, 100_000).await.status, 201, "one for all rooms is of none");
    let (mut ann, _) = server.member("Ann", "plans").await;
    let posts = fill(&mut ann, "plans").await.len();
    assert!((40..60).contains(&posts), "{posts}");
    let removed = server.request("DELETE", &format!("/api/documents/{id}")).by_owner().send().await;
    assert!(removed.status < 300);
    let more = fill(&mut ann, "plans").await.len();
    assert!((60..90).contains(&more), "{more}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_of_the_server_refuses_what_is_new_and_lets_delete() {
    let dir = tempfile::tempdir().expect("a folder");
    let environment = [
        ("CHATBOT_STORE__QUOTA_MB", "2"),
        ("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0"),
        ("CHATBOT_STORE__CACHE_MB", "1"),
    ];
    let server = ServerProcess::start(dir.path(), &environment);
    let address = server.address();
    let mut ann = Client::connect(address, "/ws", &[]).await;
    let refused = loop {
        // What cannot be compressed, so that it takes what it has.
        let text: String = std::iter::repeat_with(|| uuid::Uuid::new_v4().simple().to_string()).take(240).collect();
        ann.send(json!({"type": "send", "room": "lobby", "message": text})).await;
        let answer = ann.next().await.expect("an answer");
        if answer["type"] != "ack" {
            break answer;
        }
    };
    assert_eq!(refused["code"], "storage_full", "{refused}");
    let lobby = format!("http://{address}/api/rooms/lobby/messages");
    let kept = Request::new("GET", &lobby).by_owner().send().await.json();
    let seq = kept["messages"][0]["seq"].as_u64().expect("a number");
    assert!(Request::new("DELETE", &format!("{lobby}/{seq}")).by_owner().send().await.status < 300);
    let document = json!({"title": "Words", "text": "some words"});
    let url = format!("http://{address}/api/documents");
    assert_eq!(
        Request::new("POST", &url).by_owner().json(document).send().await.refusal(),
        (507, "storage_full".into())
    );
}
