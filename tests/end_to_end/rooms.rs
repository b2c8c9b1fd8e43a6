//! Joining, saying, being heard.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{Client, TestServer, cookie_of};

#[tokio::test]
async fn everybody_in_a_room_sees_a_message_once_and_in_order() {
    let server = TestServer::start().await;
    let (mut ann, joined) = server.member("Ann", "Lobby").await;
    let (mut bob, _) = server.member("Bob", "lobby").await;
    assert_eq!(joined["room"], "lobby");
    assert_eq!(joined["last"], 0);
    for text in ["one", "two", "三"] {
        ann.send(json!({"room": "lobby", "message": text})).await;
    }
    for client in [&mut ann, &mut bob] {
        for (seq, text) in [(1, "one"), (2, "two"), (3, "三")] {
            let message = client.expect("message").await;
            assert_eq!((&message["seq"], &message["message"]), (&json!(seq), &json!(text)));
            assert_eq!(message["handle"], "Ann");
        }
    }
}

/// Sends numbered messages without waiting; their acknowledgements and everything heard come later.
async fn send_many(mut client: Client, name: String, count: usize) -> Client {
    for index in 0..count {
        client.send(json!({"room": "lobby", "message": format!("{name} {index}"), "id": index.to_string()})).await;
    }
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_speak_at_once_are_heard_by_all_in_one_order() {
    const SENDERS: usize = 10;
    const EACH: usize = 30;
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let mut senders = Vec::new();
    for index in 0..SENDERS {
        let name = format!("Sender {index}");
        senders.push((server.member(&name, "lobby").await.0, name));
    }
    let sending: Vec<_> =
        senders.into_iter().map(|(client, name)| tokio::spawn(send_many(client, name, EACH))).collect();
    let mut stories = HashSet::new();
    for client in sending {
        let mut client = client.await.expect("sent");
        let mut story = Vec::new();
        for seq in 1..=SENDERS * EACH {
            let message = client.expect("message").await;
            assert_eq!(message["seq"], seq, "no number is left out or comes twice");
            story.push(message["message"].as_str().expect("text").to_owned());
        }
        stories.insert(story);
    }
    assert_eq!(stories.len(), 1, "all see the same order");
    let story = stories.into_iter().next().expect("one");
    for index in 0..SENDERS {
        let name = format!("Sender {index} ");
        let own: Vec<_> = story.iter().filter_map(|text| text.strip_prefix(&name)).collect();
        let sent: Vec<_> = (0..EACH).map(|index| index.to_string()).collect();
        assert_eq!(own, sent, "each one's messages stay in the order they were sent in");
    }
}

#[tokio::test]
async fn an_id_sent_twice_by_its_author_is_stored_once_and_acknowledged_alike() {
    let server = TestServer::start().await;
    let known = [("cookie", cookie_of("Ann"))];
    let known = known.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut ann = Client::connect(server.address(), "/ws", &known).await;
    for _ in 0..3 {
        ann.send(json!({"type": "send", "room": "lobby", "message": "once", "id": "same"})).await;
        let ack = ann.expect("ack").await;
        assert_eq!(ack, json!({"type": "ack", "room": "lobby", "id": "same", "seq": 1}));
    }
    let mut again = Client::connect(server.address(), "/ws", &known).await;
    again.send(json!({"room": "lobby", "message": "once", "id": "same"})).await;
    assert_eq!(again.expect("ack").await["seq"], 1, "after a reconnect too");
    let (mut bob, _) = server.member("Bob", "lobby").await;
    bob.send(json!({"room": "lobby", "message": "another's", "id": "same"})).await;
    assert_eq!(bob.expect("ack").await["seq"], 2);
    assert_eq!(ann.say("garden", "elsewhere").await, 1);
    let (_, joined) = server.member("Cid", "lobby").await;
    assert_eq!(texts(&joined), ["once", "another's"]);
}

#[tokio::test]
async fn a_visitors_cookie_makes_two_handles_one_author() {
    let server = TestServer::start().await;
    let cookie = format!("chatbot_visitor={}", "a1".repeat(20));
    for handle in ["Ann", "Anna"] {
        let mut client = Client::connect(server.address(), "/ws", &[("cookie", &cookie)]).await;
        client.send(json!({"type": "hello", "handle": handle})).await;
        client.send(json!({"room": "lobby", "message": "hi", "id": "1"})).await;
        assert_eq!(client.expect("ack").await["seq"], 1);
    }
}

#[tokio::test]
async fn a_late_joiner_sees_the_last_fifty() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for index in 1..=60 {
        ann.say("lobby", &format!("message {index}")).await;
    }
    let (_, joined) = server.member("Late", "lobby").await;
    assert_eq!((&joined["last"], &joined["complete"]), (&json!(60), &json!(true)));
    let expected: Vec<String> = (11..=60).map(|index| format!("message {index}")).collect();
    assert_eq!(texts(&joined), expected);
}

#[tokio::test]
async fn who_left_a_room_hears_no_more_of_it() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let (mut bob, _) = server.member("Bob", "lobby").await;
    ann.send(json!({"type": "leave", "room": "Lobby"})).await;
    assert_eq!(ann.expect("left").await["room"], "lobby");
    for text in ["is anybody here?", "nobody"] {
        bob.send(json!({"room": "lobby", "message": text})).await;
    }
    // The second was delivered, so the first was to everybody.
    bob.expect_where("message", |frame| frame["seq"] == 2).await;
    let heard = ann.frames_until_pong().await;
    assert!(heard.iter().all(|frame| frame["type"] != "message"), "{heard:?}");
    ann.send(json!({"type": "join", "room": "lobby", "after": 0})).await;
    assert_eq!(texts(&ann.expect("joined").await), ["is anybody here?", "nobody"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_again_on_the_same_socket_sees_everything_once() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let mut ann = server.client("Ann").await;
    let talking = tokio::spawn(async move {
        for index in 0..1000 {
            ann.send(json!({"room": "lobby", "message": index.to_string()})).await;
        }
        ann.expect_where("ack", |frame| frame["seq"] == 1000).await;
    });
    let (mut bob, _) = server.member("Bob", "lobby").await;
    let mut seen = 0;
    while seen < 1000 {
        bob.send(json!({"type": "join", "room": "lobby", "after": seen})).await;
        let joined = bob.expect_noting("joined", |frame| {
            seen = frame["seq"].as_u64().unwrap_or(seen);
        });
        seen = joined.await["last"].as_u64().expect("a number");
        for frame in bob.frames_until_pong().await {
            if let Some(seq) = frame["seq"].as_u64() {
                assert_eq!(seq, seen + 1, "{seq} after {seen}");
                seen = seq;
            }
        }
    }
    talking.await.expect("all was said");
}

#[tokio::test]
async fn typing_is_told_to_the_others_only() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let (mut bob, _) = server.member("Bob", "lobby").await;
    ann.send(json!({"type": "typing", "room": "lobby"})).await;
    assert_eq!(bob.expect("typing").await, json!({"type": "typing", "room": "lobby", "handle": "Ann"}));
    ann.send(json!({"room": "lobby", "message": "done"})).await;
    let mut frame = ann.next().await.expect("open");
    while frame["type"] != "message" {
        assert_ne!(frame["type"], "typing");
        frame = ann.next().await.expect("open");
    }
    let mut outsider = server.client("Cid").await;
    assert_eq!(outsider.refused(json!({"type": "typing", "room": "lobby"})).await, "not_joined");
}

#[tokio::test]
async fn rooms_of_one_socket_do_not_mix() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.send(json!({"type": "join", "room": "大厅"})).await;
    ann.expect("joined").await;
    let mut bob = server.client("Bob").await;
    assert_eq!(bob.say("lobby", "in the lobby").await, 1);
    assert_eq!(bob.say("garden", "in the garden").await, 1);
    assert_eq!(bob.say("大厅", "在大厅").await, 1);
    for (room, text) in [("lobby", "in the lobby"), ("大厅", "在大厅")] {
        let message = ann.expect("message").await;
        assert_eq!((&message["room"], &message["message"]), (&json!(room), &json!(text)));
    }
}

#[tokio::test]
async fn control_characters_do_not_get_through() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let text = "red \u{1b}[31m\u{0}\u{7f}\u{9b}line one\nline\ttwo";
    ann.send(json!({"room": "lobby", "message": text})).await;
    assert_eq!(ann.expect("message").await["message"], "red [31mline one\nline\ttwo");
    assert_eq!(ann.refused(json!({"room": "lobby", "message": "\u{0}\u{1b}"})).await, "empty");
}

#[tokio::test]
async fn room_names_are_folded_and_bad_ones_refused_with_a_reason() {
    let server = TestServer::start().await;
    let mut ann = server.client("Ann").await;
    for (asked, shown) in [("  LOBBY ", "lobby"), ("cafe\u{301}", "café"), ("大廳-2_b", "大廳-2_b")] {
        ann.send(json!({"type": "join", "room": asked})).await;
        assert_eq!(ann.expect("joined").await["room"], shown);
    }
    let long = "x".repeat(65);
    for name in ["", " ", "a b", "a/b", "@other", "../x", "a\u{202e}b", "a\u{0}", &long] {
        for kind in ["join", "history", "leave", "typing"] {
            assert_eq!(ann.refused(json!({"type": kind, "room": name})).await, "bad_room", "{kind} {name:?}");
        }
        assert_eq!(ann.refused(json!({"room": name, "message": "hi"})).await, "bad_room", "{name:?}");
    }
}

#[tokio::test]
async fn the_private_room_is_each_visitors_own() {
    let server = TestServer::start().await;
    let cookie = |letter: &str| format!("chatbot_visitor={}", letter.repeat(40));
    let (ann_cookie, bob_cookie) = (cookie("a"), cookie("b"));
    let mut ann = Client::connect(server.address(), "/ws", &[("cookie", &ann_cookie)]).await;
    ann.send(json!({"type": "join", "room": "@bot"})).await;
    let joined = ann.expect("joined").await;
    assert!(joined["greeting"].as_str().is_some_and(|greeting| greeting.contains("sum")), "{joined}");
    assert_eq!(joined["bot"], "always");
    ann.send(json!({"room": "@bot", "message": "echo secret"})).await;
    ann.expect_where("message", |frame| frame["message"] == "secret" && frame["role"] == "bot").await;
    for (cookie, count) in [(&bob_cookie, 0), (&ann_cookie, 2)] {
        let mut other = Client::connect(server.address(), "/ws", &[("cookie", cookie)]).await;
        other.send(json!({"type": "join", "room": "@bot"})).await;
        assert_eq!(texts(&other.expect("joined").await).len(), count);
    }
    for name in ["@bot", "%40bot"] {
        let answer = server.request("GET", &format!("/api/rooms/{name}/messages")).send().await;
        assert_eq!(answer.refusal(), (400, "bad_room".into()));
    }
    let rooms = server.request("GET", "/api/rooms").send().await.json();
    assert_eq!(rooms["rooms"], json!([]), "private rooms are in no list");
}

/// The texts in a frame's `messages`.
pub fn texts(frame: &Value) -> Vec<&str> {
    let messages = frame["messages"].as_array().expect("messages");
    messages.iter().map(|message| message["message"].as_str().expect("text")).collect()
}
