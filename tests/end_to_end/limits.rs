//! What one client may cost.

use serde_json::json;

use crate::raw::{Raw, upgrade};
use crate::support::{Client, TestServer};

#[tokio::test]
async fn a_connection_is_in_so_many_rooms_and_no_more() {
    let server = TestServer::with(|config| config.limits.rooms_per_connection = 2).await;
    let (mut ann, _) = server.member("Ann", "one").await;
    ann.send(json!({"type": "join", "room": "two"})).await;
    ann.expect("joined").await;
    assert_eq!(ann.refused(json!({"type": "join", "room": "three"})).await, "too_many_rooms");
    ann.send(json!({"type": "join", "room": "two"})).await;
    ann.expect("joined").await;
    ann.send(json!({"type": "leave", "room": "one"})).await;
    ann.expect("left").await;
    ann.send(json!({"type": "join", "room": "three"})).await;
    assert_eq!(ann.expect("joined").await["room"], "three");
}

#[tokio::test]
async fn a_message_has_something_in_it_and_not_too_much() {
    let server = TestServer::with(|config| config.limits.message_chars = 5).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for (text, code) in
        [("", "empty"), (" \n\t\u{3000}", "empty"), ("123456", "too_long"), ("一二三四五六", "too_long")]
    {
        ann.send(json!({"room": "lobby", "message": text, "id": "refused"})).await;
        let error = ann.expect("error").await;
        assert_eq!((&error["code"], &error["id"], &error["room"]), (&json!(code), &json!("refused"), &json!("lobby")));
    }
    assert_eq!(ann.say("lobby", "一二三四五").await, 1, "characters count, not bytes");
}

#[tokio::test]
async fn who_sends_too_fast_is_told_which_message_was_not_taken() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 1).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let (mut acked, mut refused) = (Vec::new(), Vec::new());
    for index in 0..40 {
        ann.send(json!({"room": "lobby", "message": "hi", "id": index.to_string()})).await;
    }
    while acked.len() + refused.len() < 40 {
        let frame = ann.next().await.expect("open");
        match frame["type"].as_str() {
            Some("ack") => acked.push(frame["id"].clone()),
            Some("error") => {
                assert_eq!((&frame["code"], &frame["room"]), (&json!("too_fast"), &json!("lobby")));
                refused.push(frame["id"].clone());
            }
            _ => {}
        }
    }
    assert!(!acked.is_empty() && refused.len() >= 10, "{} taken", acked.len());
    let (mut bob, joined) = server.member("Bob", "lobby").await;
    assert_eq!(joined["last"], acked.len(), "what was refused is not stored");
    assert_eq!(bob.say("lobby", "I am not slowed down").await, acked.len() as u64 + 1);
}

#[tokio::test]
async fn a_flood_is_closed_with_4029() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 1).await;
    let mut ann = server.client("Ann").await;
    for _ in 0..1100 {
        ann.send(json!({"type": "ping"})).await;
    }
    assert_eq!(ann.closed().await, Some(4029));
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let server = TestServer::with(|config| config.limits.connections_per_address = 2).await;
    let _first = server.client("Ann").await;
    let second = server.client("Bob").await;
    for path in ["/ws", "/ws/chat/lobby/", "/ws/chat/"] {
        let mut third = Client::connect(server.address(), path, &[]).await;
        assert_eq!(third.closed().await, Some(4029), "{path}");
    }
    assert_eq!(server.request("GET", "/healthz").send().await.status, 200, "still answers requests");
    second.close().await;
    // The place is given back a moment after the close.
    let mut is_open = false;
    for _ in 0..200 {
        let mut again = Client::connect(server.address(), "/ws", &[]).await;
        again.send(json!({"type": "ping"})).await;
        is_open = again.next().await.is_ok();
        if is_open {
            break;
        }
    }
    assert!(is_open);
}

#[tokio::test]
async fn half_a_request_takes_a_place_and_no_more() {
    let server = TestServer::with(|config| config.limits.connections = 3).await;
    let mut halves = Vec::new();
    for _ in 0..3 {
        let mut raw = Raw::connect(server.address()).await;
        raw.write(b"GET /ws HTTP/1.1\r\nHost: loc").await;
        halves.push(raw);
    }
    let mut fourth = Raw::connect(server.address()).await;
    assert_eq!(fourth.frame().await, None, "closed at once");
    let mut last = halves.pop().expect("three");
    last.write(&upgrade("/ws", "").as_bytes()["GET /ws HTTP/1.1\r\nHost: loc".len()..]).await;
    assert!(last.head().await.starts_with("HTTP/1.1 101"), "who was let in is served");
}

#[tokio::test]
async fn heads_that_are_too_long_are_refused() {
    let server = TestServer::start().await;
    let mut raw = Raw::connect(server.address()).await;
    raw.write(upgrade("/ws", &format!("X-Long: {}\r\n", "x".repeat(20_000))).as_bytes()).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 431"));
    assert_eq!(server.request("GET", "/healthz").send().await.status, 200);
}

#[tokio::test]
async fn a_full_disk_refuses_what_is_new_and_shows_what_is_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    server.client("Ann").await.say("lobby", "before").await;
    server.stop().await.expect("a clean stop");
    let server = TestServer::on_with(dir.path(), |config| config.store.min_free_mb = u64::MAX).await;
    let (mut ann, joined) = server.member("Ann", "lobby").await;
    assert_eq!(joined["messages"][0]["message"], "before");
    ann.send(json!({"room": "lobby", "message": "/sum 1 2", "id": "new"})).await;
    let error = ann.expect("error").await;
    assert_eq!((&error["code"], &error["id"]), (&json!("storage_full"), &json!("new")));
    assert_eq!(ann.refused(json!({"type": "join", "room": "another"})).await, "storage_full");
    let answer = server.request("POST", "/api/rooms/lobby/messages").json(json!({"message": "x"})).send().await;
    assert_eq!(answer.refusal(), (507, "storage_full".into()));
    ann.send(json!({"type": "history", "room": "lobby"})).await;
    assert_eq!(ann.expect("history").await["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(server.request("GET", "/healthz").send().await.status, 200);
}

#[tokio::test]
async fn connections_far_beyond_an_address_limit_are_not_even_told() {
    let server = TestServer::with(|config| config.limits.connections_per_address = 2).await;
    let (mut held, mut answered) = (Vec::new(), 0);
    for _ in 0..30 {
        let mut raw = Raw::connect(server.address()).await;
        answered += usize::from(raw.is_answered(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await);
        held.push(raw);
    }
    assert_eq!(answered, 2 + 8, "the limit, and a few who are told");
}

#[tokio::test]
async fn who_posts_too_fast_over_http_is_slowed_down() {
    let server = TestServer::with(|config| {
        config.budgets.factor = 1;
        config.budgets.requests_per_minute = 20;
    })
    .await;
    let mut stored = 0;
    for index in 0..40 {
        let post = server.request("POST", "/api/rooms/lobby/messages").json(json!({"message": index.to_string()}));
        let answer = post.send().await;
        match answer.status {
            201 => stored += 1,
            _ => assert_eq!(answer.refusal(), (429, "too_fast".into())),
        }
    }
    assert!((20..40).contains(&stored), "a burst, and what a second or two allow: {stored}");
    let list = server.request("GET", "/api/rooms/lobby/messages?limit=200").send().await;
    assert_eq!(list.json()["messages"].as_array().map(Vec::len), Some(stored));
}

#[tokio::test]
async fn one_person_has_so_many_jobs_and_no_more() {
    let server = TestServer::with(|config| config.jobs.per_person = 2).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let (mut bob, _) = server.member("Bob", "lobby").await;
    for _ in 0..2 {
        ann.say("lobby", "/sleep 600").await;
    }
    assert_eq!(ann.refused(json!({"room": "lobby", "message": "/sum 1 2"})).await, "busy");
    bob.say("lobby", "/sum 1 2").await;
    bob.expect_where("message", |frame| frame["message"] == "1 + 2 = 3").await;
}
