//! How a room's bot presents itself.

use serde_json::{Value, json};

use crate::support::{Client, TestServer};

async fn joined(server: &TestServer, locale: &str, room: &str) -> (Client, Value) {
    let mut client = Client::connect(server.address(), "/ws", &[]).await;
    client.send(json!({"type": "hello", "handle": locale, "locale": locale})).await;
    client.send(json!({"type": "join", "room": room})).await;
    let joined = client.expect("joined").await;
    (client, joined)
}

fn service() -> Value {
    json!({
        "bot": "always",
        "persona": {
            "greeting": {"zh-Hans": "您好，很高兴为您服务。", "en": "Hello, how can I help?"},
            "working": {"zh-Hans": "正在思考您的问题…"},
            "instructions": {"en": "You serve customers."},
        },
    })
}

#[tokio::test]
async fn a_service_room_greets_and_says_that_it_thinks_in_the_readers_language() {
    let server = TestServer::start().await;
    server.request("POST", "/api/rooms").json(json!({"name": "service"})).send().await;
    let changed = server.request("PATCH", "/api/rooms/service").by_owner().json(service()).send().await;
    assert_eq!((changed.status, &changed.json()["bot"]), (200, &json!("always")), "{}", changed.text());
    for (locale, greeting) in
        [("zh-Hans", "您好，很高兴为您服务。"), ("zh-Hant", "您好，很高兴为您服务。"), ("en", "Hello, how can I help?")]
    {
        let (mut client, joined) = joined(&server, locale, "service").await;
        assert_eq!(joined["greeting"], greeting, "{locale}");
        client.send(json!({"room": "service", "message": "sum 1 2"})).await;
        assert_eq!(client.expect("loading").await["message"], "正在思考您的问题…");
        client.expect_where("message", |frame| frame["message"] == "1 + 2 = 3").await;
    }
    let mut simple = Client::connect(server.address(), "/ws/chat/service/", &[("accept-language", "zh-CN")]).await;
    let first = simple.expect("message").await;
    assert_eq!((&first["message"], &first["role"]), (&json!("您好，很高兴为您服务。"), &json!("bot")));
    let (mut there, _) = joined(&server, "zh-Hant", "service").await;
    let greetings = json!({"zh-Hant": "歡迎", "en": "Welcome"});
    for (persona, greetings) in [(json!({"greeting": greetings}), greetings), (json!({}), Value::Null)] {
        let change = server.request("PATCH", "/api/rooms/service").json(json!({"persona": persona}));
        assert_eq!(change.by_owner().send().await.status, 200);
        assert_eq!(there.expect("room").await["greetings"], greetings);
    }
    let (_, elsewhere) = joined(&server, "en", "lobby").await;
    assert_eq!(elsewhere["greeting"], Value::Null);
}

#[tokio::test]
async fn only_the_owner_sees_and_changes_a_persona_and_it_lasts() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    server.request("POST", "/api/rooms").json(json!({"name": "service"})).send().await;
    let change = |body: Value| server.request("PUT", "/api/rooms/service").json(body);
    assert_eq!(change(service()).send().await.refusal(), (403, "forbidden".into()));
    let long = json!({"persona": {"working": {"en": "x".repeat(101)}}});
    assert_eq!(change(long).by_owner().send().await.refusal(), (413, "too_long".into()));
    let unknown = json!({"persona": {"greting": {}}});
    assert_eq!(change(unknown).by_owner().send().await.refusal(), (400, "bad_request".into()));
    assert_eq!(change(service()).by_owner().send().await.status, 200);
    // What is not named stays.
    assert_eq!(change(json!({"bot": "mention"})).by_owner().send().await.status, 200);
    server.stop().await.expect("stopped");
    let server = TestServer::on(dir.path()).await;
    let room = server.request("GET", "/api/rooms/service").by_owner().send().await.json();
    assert_eq!((&room["persona"], &room["bot"]), (&service()["persona"], &json!("mention")));
    let room = server.request("GET", "/api/rooms/service").send().await.json();
    assert_eq!((&room["persona"], &room["name"]), (&Value::Null, &json!("service")));
}
