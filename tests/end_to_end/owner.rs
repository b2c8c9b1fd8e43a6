//! What only whoever runs the server may do.

use serde_json::{Value, json};

use crate::rooms::texts;
use crate::support::{Client, OWNER_KEY, Request, TestServer};

/// The cookie that signing in sets.
async fn sign_in(server: &TestServer) -> String {
    let answer = server.request("POST", "/api/session").json(json!({"key": OWNER_KEY})).send().await;
    assert_eq!((answer.status, &answer.json()["user"]["role"]), (200, &json!("owner")));
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    cookie.split(';').next().expect("a pair").to_owned()
}

async fn role(server: &TestServer, cookie: &str) -> Value {
    let answer = server.request("GET", "/api/session").header("cookie", cookie).send().await;
    answer.json()["user"]["role"].clone()
}

#[tokio::test]
async fn a_session_gives_the_owners_role_until_it_is_ended() {
    let server = TestServer::start().await;
    assert_eq!(role(&server, "chatbot_session=made-up").await, "user");
    let cookie = sign_in(&server).await;
    assert_eq!(role(&server, &cookie).await, "owner");
    let mut client = Client::connect(server.address(), "/ws", &[("cookie", &cookie)]).await;
    client.send(json!({"type": "hello"})).await;
    assert_eq!(client.expect("welcome").await["user"]["role"], "owner");
    let answer = server.request("DELETE", "/api/session").header("cookie", &cookie).send().await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(role(&server, &cookie).await, "user");
}

#[tokio::test]
async fn a_session_survives_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let cookie = sign_in(&server).await;
    server.stop().await.expect("a clean stop");
    let server = TestServer::on(dir.path()).await;
    assert_eq!(role(&server, &cookie).await, "owner");
}

#[tokio::test]
async fn wrong_keys_are_refused_and_then_slowed_down() {
    let server = TestServer::start().await;
    let sign_in = |key: &str| server.request("POST", "/api/session").json(json!({"key": key})).send();
    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(sign_in("a wrong key").await.refusal());
    }
    assert_eq!(codes[0], (401, "bad_key".into()));
    assert_eq!(codes[7], (429, "bad_key".into()));
    let slowed = sign_in(OWNER_KEY).await;
    assert_eq!(slowed.refusal(), (429, "bad_key".into()), "also with the right one, or guessing would go on");
    assert!(slowed.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    let bearer = server.request("GET", "/api/session").by_owner().send().await;
    assert_eq!(bearer.status, 429);
    assert_eq!(role(&server, "").await, "user", "who shows no key is not slowed down");
}

#[tokio::test]
async fn a_wrong_bearer_key_opens_nothing() {
    let server = TestServer::start().await;
    let wrong = [("authorization", "Bearer not-the-key")];
    let Err(error) = Client::try_connect(server.address(), "/ws", &wrong).await else { panic!("opened") };
    assert!(error.to_string().contains("401"), "{error}");
    let answer = server.request("GET", "/api/jobs").header(wrong[0].0, wrong[0].1).send().await;
    assert_eq!(answer.refusal(), (401, "bad_key".into()));
    let basic = server.request("GET", "/api/session").header("authorization", "Basic eDp5").send().await;
    assert_eq!(basic.json()["user"]["role"], "user", "another scheme is none of ours");
}

#[tokio::test]
async fn only_the_owner_changes_what_a_rooms_bot_answers_to() {
    let server = TestServer::start().await;
    let (mut ann, joined) = server.member("Ann", "lobby").await;
    assert_eq!(joined["bot"], "mention");
    let change = |bot: &str| server.request("PATCH", "/api/rooms/Lobby").json(json!({"bot": bot}));
    assert_eq!(change("always").send().await.refusal(), (403, "forbidden".into()));
    let answer = change("always").by_owner().send().await;
    assert_eq!((answer.status, &answer.json()["bot"]), (200, &json!("always")));
    let shown = ann.expect("room").await;
    assert_eq!((&shown["room"], &shown["bot"], &shown["kind"]), (&json!("lobby"), &json!("always"), &json!("public")));
    ann.send(json!({"room": "lobby", "message": "sum 1 2"})).await;
    ann.expect_where("message", |frame| frame["message"] == "1 + 2 = 3").await;
    assert_eq!(change("never").by_owner().send().await.status, 200);
    ann.expect("room").await;
    assert_eq!(ann.say("lobby", "/sum 1 2").await, 3);
    assert_eq!(ann.say("lobby", "@bot sum 1 2").await, 4, "the bot is silent");
    assert_eq!(change("sometimes").by_owner().send().await.refusal(), (400, "bad_request".into()));
    let missing = server.request("PATCH", "/api/rooms/nowhere").json(json!({"bot": "never"})).by_owner();
    assert_eq!(missing.send().await.refusal(), (404, "not_found".into()));
}

fn delete(server: &TestServer, seq: u64) -> Request {
    server.request("DELETE", &format!("/api/rooms/lobby/messages/{seq}"))
}

#[tokio::test]
async fn a_deleted_message_leaves_its_number_and_nothing_else() {
    let server = TestServer::start().await;
    let (mut ann, joined) = server.member("Ann", "lobby").await;
    let epoch = joined["epoch"].clone();
    let mut script = server.simple("/ws/chat/lobby/").await;
    for text in ["one", "secret", "three"] {
        ann.say("lobby", text).await;
    }
    assert_eq!(delete(&server, 2).send().await.refusal(), (403, "forbidden".into()));
    assert_eq!(delete(&server, 2).by_owner().send().await.status, 204);
    assert_eq!(ann.expect("deleted").await, json!({"type": "deleted", "room": "lobby", "seq": 2, "version": 4}));
    let list = server.request("GET", "/api/rooms/lobby/messages").send().await.json();
    assert_eq!(texts(&list), ["one", "", "three"]);
    assert_eq!((&list["messages"][1]["deleted"], &list["messages"][0]["deleted"]), (&json!(true), &Value::Null));
    ann.send(json!({"type": "join", "room": "lobby", "after": 3, "epoch": epoch})).await;
    let joined = ann.expect("joined").await;
    assert_eq!((&joined["complete"], &joined["deleted"]), (&json!(true), &json!([2])));
    ann.say("lobby", "four").await;
    for text in ["one", "secret", "three", "four"] {
        assert_eq!(script.expect("message").await["message"], text, "a script hears nothing of it");
    }
    assert_eq!(delete(&server, 99).by_owner().send().await.refusal(), (404, "not_found".into()));
}

#[tokio::test]
async fn with_a_commands_messages_its_text_goes_from_the_job_too() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for (line, state, field) in [("/echo secret", "completed", "result"), ("/sum 1 secret", "failed", "error")] {
        let asked = ann.say("lobby", line).await;
        let ended = ann.expect_where("job", |frame| frame["job"]["state"] == state).await;
        let path = format!("/api/jobs/{}", ended["job"]["id"].as_str().expect("an id"));
        let job = server.request("GET", &path).send().await.json();
        assert!(job[field].to_string().contains("secret"), "{job}");
        for seq in [asked, asked + 1] {
            assert_eq!(delete(&server, seq).by_owner().send().await.status, 204);
        }
        for path in ["/api/rooms/lobby/messages", &path] {
            let left = server.request("GET", path).send().await.text();
            assert!(!left.contains("secret"), "{left}");
        }
    }
    assert_eq!(ann.say("lobby", "still here").await, 5);
}
