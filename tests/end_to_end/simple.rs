//! The doors for scripts.

use serde_json::{Value, json};

use crate::support::{Client, TestServer};

/// Every frame a simple client may get.
fn check(frame: &Value) {
    let kind = frame["type"].as_str().expect("a type");
    assert!(["message", "loading", "error"].contains(&kind), "{frame}");
    assert!(frame["message"].is_string(), "{frame}");
}

async fn next(client: &mut Client) -> Value {
    let frame = client.next().await.expect("open");
    check(&frame);
    frame
}

#[tokio::test]
async fn the_last_fifty_come_first_oldest_first() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let mut ann = server.client("Ann").await;
    for index in 1..=55 {
        ann.say("lobby", &index.to_string()).await;
    }
    for path in ["/ws/chat/lobby/", "/ws/chat/lobby", "/ws/chat/LOBBY/"] {
        let mut script = server.simple(path).await;
        for index in 6..=55 {
            let frame = next(&mut script).await;
            assert_eq!((&frame["message"], &frame["seq"]), (&json!(index.to_string()), &json!(index)));
        }
    }
}

#[tokio::test]
async fn what_a_script_says_is_heard_and_what_others_say_reaches_it() {
    let server = TestServer::start().await;
    let mut script = server.simple("/ws/chat/lobby/").await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    script.send(json!({"message": "hello", "handle": "Script", "id": "1"})).await;
    script.send(json!({"message": "hello", "handle": "Script", "id": "1"})).await;
    script.send(json!({"message": "again"})).await;
    for client in [&mut script, &mut ann] {
        let (first, second) = (client.expect("message").await, client.expect("message").await);
        assert_eq!((&first["handle"], &first["message"]), (&json!("Script"), &json!("hello")));
        assert_eq!((&second["seq"], &second["handle"]), (&json!(2), &json!("Script")));
    }
    ann.send(json!({"type": "typing", "room": "lobby"})).await;
    ann.send(json!({"room": "lobby", "message": "bye"})).await;
    assert_eq!(next(&mut script).await["message"], "bye");
}

#[tokio::test]
async fn room_names_of_any_script_go_through_the_address() {
    let server = TestServer::start().await;
    let mut script = server.simple("/ws/chat/%E5%A4%A7%E5%8E%85/").await;
    script.send(json!({"message": "你好"})).await;
    let heard = next(&mut script).await;
    assert_eq!((&heard["room"], &heard["message"]), (&json!("大厅"), &json!("你好")));
    let stored = server.request("GET", "/api/rooms/%E5%A4%A7%E5%8E%85/messages").send().await.json();
    assert_eq!(stored["messages"][0]["message"], "你好");
    for path in ["/ws/chat/a%20b/", "/ws/chat/%40bot/", "/ws/chat/%FF/", "/ws/chat/a.b"] {
        let Err(error) = Client::try_connect(server.address(), path, &[]).await else { panic!("{path} opened") };
        assert!(error.to_string().contains("400"), "{path}: {error}");
    }
}

#[tokio::test]
async fn alone_with_the_bot_everything_is_a_command() {
    let server = TestServer::start().await;
    for path in ["/ws/chat/", "/ws/chat"] {
        let mut script = server.simple(path).await;
        let greeting = next(&mut script).await;
        assert_eq!((&greeting["type"], &greeting["role"]), (&json!("message"), &json!("bot")));
        assert!(greeting["message"].as_str().expect("text").contains("sum <number> <number>"));
        script.send(json!({"message": "sum 12 32"})).await;
        let (asked, loading, answer) = (next(&mut script).await, next(&mut script).await, next(&mut script).await);
        assert_eq!((&asked["type"], &asked["message"]), (&json!("message"), &json!("sum 12 32")));
        assert_eq!(loading["type"], "loading");
        assert_eq!((&answer["type"], &answer["message"]), (&json!("message"), &json!("12 + 32 = 44")));
        script.send(json!({"message": "sum a b"})).await;
        let answer = {
            next(&mut script).await;
            next(&mut script).await;
            next(&mut script).await
        };
        assert_eq!(answer["message"], "\"a\" is not a number I can add. Try: sum 12 32");
        assert_eq!(answer["job_state"], "failed");
    }
}

#[tokio::test]
async fn a_bad_frame_is_answered_and_the_connection_goes_on() {
    let server = TestServer::start().await;
    let mut script = server.simple("/ws/chat/lobby/").await;
    let cases = [
        (json!({}), "missing_field"),
        (json!([]), "bad_frame"),
        (json!({"message": 5}), "bad_frame"),
        (json!({"message": ""}), "empty"),
        (json!({"message": "\u{3000} \n"}), "empty"),
        (json!({"message": "x".repeat(8001)}), "too_long"),
        (json!({"message": "x", "handle": "bot"}), "bad_handle"),
        (json!({"message": "x", "id": ""}), "bad_id"),
        (json!({"message": "x", "id": "x".repeat(65)}), "bad_id"),
    ];
    for (frame, code) in cases {
        script.send(frame.clone()).await;
        let error = next(&mut script).await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{frame}");
    }
    script.send(json!({"message": "字".repeat(8000)})).await;
    assert_eq!(next(&mut script).await["seq"], 1);
}
