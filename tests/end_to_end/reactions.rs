//! Emojis on messages: shown to all at once, caught up, one from each person, gone with that person.

use serde_json::{Value, json};

use crate::support::{Browser, TestServer};

const PARTY: &str = "%F0%9F%8E%89";
const UP: &str = "%F0%9F%91%8D";
const DOWN: &str = "%F0%9F%91%8E";

fn path(seq: u64, emoji: &str) -> String {
    format!("/api/rooms/lobby/messages/{seq}/reactions/{emoji}")
}

async fn reactions(server: &TestServer, seq: u64) -> Value {
    let list = server.request("GET", "/api/rooms/lobby/messages").by_owner().send().await.json();
    let messages = list["messages"].as_array().expect("messages").clone();
    messages.into_iter().find(|message| message["seq"] == seq).expect("the message")["reactions"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_shown_at_once_and_caught_up_and_taken_back() {
    let server = TestServer::start().await;
    let (mut ann, mut bo) = (Browser::open(&server).await, Browser::open(&server).await);
    let (mut watching, joined) = server.member("Cy", "lobby").await;
    let seq = watching.say("lobby", "It works!").await;
    let version = joined["version"].as_u64().expect("a version") + 1;
    for browser in [&mut ann, &mut bo] {
        for _ in 0..2 {
            let put = browser.ask(&server, "PUT", &path(seq, PARTY), Value::Null).await;
            assert_eq!(put.status, 204, "{}", put.text());
        }
    }
    let two = |frame: &Value| frame["reactions"][0]["by"].as_array().is_some_and(|by| by.len() == 2);
    let changed = watching.expect_where("changed", two).await;
    assert_eq!((&changed["seq"], &changed["reactions"][0]["emoji"]), (&json!(seq), &json!("🎉")), "{changed}");
    // Whoever was away gets it with what changed meanwhile.
    let mut back = server.client("Di").await;
    back.send(json!({"type": "join", "room": "lobby", "after": seq, "version": version})).await;
    let joined = back.expect("joined").await;
    assert_eq!(joined["changed"][0]["reactions"], changed["reactions"], "{joined}");

    assert_eq!(ann.ask(&server, "DELETE", &path(seq, PARTY), Value::Null).await.status, 204);
    assert_eq!(ann.ask(&server, "DELETE", &path(seq, PARTY), Value::Null).await.status, 204, "it is gone already");
    assert_eq!(reactions(&server, seq).await[0]["by"].as_array().map(Vec::len), Some(1));
    assert_eq!(bo.ask(&server, "DELETE", &path(seq, PARTY), Value::Null).await.status, 204);
    assert_eq!(reactions(&server, seq).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_emoji_or_on_no_message_is_refused_and_so_is_whoever_is_muted() {
    let server = TestServer::start().await;
    let mut ann = Browser::open(&server).await;
    let (mut client, _) = ann.connect(&server).await;
    client.send(json!({"type": "join", "room": "lobby"})).await;
    client.expect("joined").await;
    let seq = client.say("lobby", "hello").await;
    for (emoji, refusal) in
        [("a", (400, "bad_emoji")), ("%3Cb%3E", (400, "bad_emoji")), (&format!("{UP}{UP}"), (400, "bad_emoji"))]
    {
        let refused = ann.ask(&server, "PUT", &path(seq, emoji), Value::Null).await.refusal();
        assert_eq!((refused.0, refused.1.as_str()), refusal, "{emoji}");
    }
    assert_eq!(ann.ask(&server, "PUT", &path(seq + 1, UP), Value::Null).await.refusal(), (404, "not_found".into()));
    let stored = ann.ask(&server, "PUT", &path(seq, UP), Value::Null).await;
    assert_eq!(stored.status, 204, "{}", stored.text());
    let sanction = json!({"kind": "mute", "room": "lobby", "seq": seq});
    assert_eq!(server.request("POST", "/api/sanctions").by_owner().json(sanction).send().await.status, 201);
    assert_eq!(ann.ask(&server, "PUT", &path(seq, PARTY), Value::Null).await.refusal(), (403, "forbidden".into()));
    // With the message goes what was put on it.
    let message = format!("/api/rooms/lobby/messages/{seq}");
    assert_eq!(server.request("DELETE", &message).by_owner().send().await.status, 204);
    assert_eq!(reactions(&server, seq).await, Value::Null);
    let late = server.request("PUT", &path(seq, UP)).by_owner().send().await;
    assert_eq!(late.refusal(), (404, "not_found".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_react_at_once_are_all_counted_and_leave_with_their_account() {
    let server = TestServer::start().await;
    let (mut watching, _) = server.member("Cy", "lobby").await;
    let seq = watching.say("lobby", "Who is coming?").await;
    let mut people = Vec::new();
    for number in 0..12 {
        people.push(Browser::with_account(&server, &format!("P{number}"), "member").await);
    }
    let (server_at, at) = (&server, path(seq, DOWN));
    let puts = people.iter_mut().map(|person| person.ask(server_at, "PUT", &at, Value::Null));
    for put in futures_util::future::join_all(puts).await {
        assert_eq!(put.status, 204, "{}", put.text());
    }
    // The other verdict takes the place of the first one.
    assert_eq!(people[3].ask(&server, "PUT", &path(seq, UP), Value::Null).await.status, 204);
    let counts = |reactions: &Value| {
        let kinds = reactions.as_array().cloned().unwrap_or_default();
        kinds.iter().map(|kind| kind["by"].as_array().map_or(0, Vec::len)).collect::<Vec<_>>()
    };
    assert_eq!(counts(&reactions(&server, seq).await), [11, 1]);

    let mut ada = Browser::with_account(&server, "Ada", "admin").await;
    let leaver = format!("/api/accounts/{}?messages=remove", ada.id_of(&server, "P3").await);
    let gone = ada.ask(&server, "DELETE", &leaver, Value::Null).await;
    assert!(matches!(gone.status, 202 | 204), "{}", gone.text());
    let without =
        |frame: &Value| counts(&frame["reactions"]) == [11] && !frame["reactions"].to_string().contains("P3\"");
    let left = watching.expect_where("changed", without).await;
    assert_eq!(left["message"], "Who is coming?", "it was not theirs");
}
