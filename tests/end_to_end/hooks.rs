//! Incoming hooks: what other programs post, as they send it.

use serde_json::{Value, json};

use crate::rooms::texts;
use crate::support::{Answer, TestServer};

/// A Slack contact point of Grafana's alerting.
const GRAFANA: &str = r##"{"channel":"#ops","username":"Grafana","attachments":[{"color":"#D63232",
    "fallback":"[FIRING:1] DiskFull (web-1)","fields":[],"footer":"Grafana v11.2.0",
    "footer_icon":"https://grafana.com/static/assets/img/fav32.png",
    "text":"**Firing**\n\nValue: A=93\nLabels:\n - alertname = DiskFull\nSource: <https://grafana.example/alerting/1/view?a=1&amp;b=2|view>\n",
    "title":"[FIRING:1] DiskFull (web-1)","title_link":"https://grafana.example/alerting/list","ts":1760000000}]}"##;

/// What Gatus sends when a check fails.
const GATUS: &str = r##"{"text":"","attachments":[{"title":":helmet_with_white_cross: Gatus",
    "text":"An alert for *web* has been triggered due to having failed 3 time(s) in a row:\n\u003e shop","short":false,
    "color":"#DD0000","fields":[{"title":"Condition results",
    "value":":x: - `[CONNECTED] == true`\n:x: - `[STATUS] == 200`\n","short":false}]}]}"##;

/// A hook in a room; the path to post at.
pub async fn hook(server: &TestServer, room: &str, name: &str) -> String {
    let body = json!({"room": room, "name": name});
    let answer = server.request("POST", "/api/hooks").by_owner().json(body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["url"].as_str().expect("an address").to_owned()
}

pub async fn post(server: &TestServer, hook: &str, content_type: &str, body: &str) -> Answer {
    server.request("POST", hook).header("content-type", content_type).body(body.to_owned()).send().await
}

pub async fn said(server: &TestServer, room: &str) -> Value {
    server.request("GET", &format!("/api/rooms/{room}/messages")).send().await.json()
}

#[tokio::test]
async fn what_tools_send_to_slack_appears_in_the_room() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "ops").await;
    let hook = hook(&server, "Ops", "alerts").await;
    for (content_type, body, shown) in [
        (
            "application/json",
            r#"{"text": "deployed <https://ci.example/7|#7> &amp; running"}"#,
            "deployed #7 (https://ci.example/7) & running",
        ),
        // A step of GitHub's Actions, with curl.
        (
            "application/x-www-form-urlencoded",
            r#"payload={"username":"ci","text":"build *failed* on main"}"#,
            "build **failed** on main",
        ),
        (
            "application/json",
            GRAFANA,
            "🔴 [FIRING:1] DiskFull (web-1) (https://grafana.example/alerting/list)\n**Firing**\n\nValue: A=93\nLabels:\n \
             - alertname = DiskFull\nSource: view (https://grafana.example/alerting/1/view?a=1&b=2)\nGrafana v11.2.0 · \
             2025-10-09 08:53 UTC",
        ),
        (
            "application/json",
            GATUS,
            "⛑️ Gatus\nAn alert for **web** has been triggered due to having failed 3 time(s) in a row:\n> shop\nCondition \
             results:\n❌ - `[CONNECTED] == true`\n❌ - `[STATUS] == 200`",
        ),
        ("text/plain; charset=utf-8", "備份完成 <ok>", "備份完成 <ok>"),
    ] {
        let answer = post(&server, &hook, content_type, body).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok"), "{body}");
        assert!(answer.header("content-type").starts_with("text/html"), "some senders expect what Slack says");
        let heard = ann.expect("message").await;
        assert_eq!(heard["message"], shown);
        assert_eq!((&heard["handle"], &heard["role"]), (&json!("alerts"), &json!("bot")));
    }
}

#[tokio::test]
async fn what_a_hook_says_asks_the_bot_for_nothing() {
    let server = TestServer::with(|config| config.rooms.bot = chatbot::model::BotMode::Always).await;
    let (mut ann, _) = server.member("Ann", "ops").await;
    let hook = hook(&server, "ops", "alerts").await;
    post(&server, &hook, "text/plain", "/sum 1 2").await;
    assert_eq!(ann.expect("message").await["job"], Value::Null);
    ann.say("ops", "sum 3 4").await;
    ann.expect_where("message", |frame| frame["message"] == "3 + 4 = 7").await;
    assert_eq!(texts(&said(&server, "ops").await), ["/sum 1 2", "sum 3 4", "3 + 4 = 7"]);
}

#[tokio::test]
async fn a_repetition_is_stored_once() {
    let server = TestServer::start().await;
    let hook = hook(&server, "ops", "ci").await;
    for (name, key, text) in [
        ("idempotency-key", "one".to_owned(), "first"),
        ("idempotency-key", "one".to_owned(), "first"),
        ("x-request-id", "x".repeat(300), "second"),
        ("x-request-id", "x".repeat(300), "second"),
        ("x-other", "one".to_owned(), "third"),
        ("x-other", "one".to_owned(), "third"),
    ] {
        let request = server.request("POST", &hook).header(name, &key).header("content-type", "text/plain");
        let answer = request.body(text).send().await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    }
    assert_eq!(texts(&said(&server, "ops").await), ["first", "second", "third", "third"]);
}

#[tokio::test]
async fn too_long_a_text_is_cut_and_none_at_all_is_refused() {
    let server = TestServer::with(|config| config.limits.message_chars = 10).await;
    let hook = hook(&server, "ops", "ci").await;
    assert_eq!(post(&server, &hook, "text/plain", "一二三四五六七八九十十一").await.status, 200);
    assert_eq!(post(&server, &hook, "text/plain", "一二三四五六七八九十").await.status, 200);
    assert_eq!(texts(&said(&server, "ops").await), ["一二三四五六七八九…", "一二三四五六七八九十"]);
    for (content_type, body) in [
        ("application/json", r#"{"attachments": []}"#),
        ("application/json", r#"{"text": " ", "blocks": [{}]}"#),
        ("application/json", " "),
        ("application/x-www-form-urlencoded", "x="),
        ("text/plain", "\u{7}"),
        ("image/png", "picture"),
    ] {
        let answer = post(&server, &hook, content_type, body).await;
        assert_eq!(answer.refusal(), (400, "empty".into()), "{body}");
    }
}

#[tokio::test]
async fn each_hook_has_a_pace_of_its_own() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 1).await;
    let (flooding, quiet) = (hook(&server, "ops", "one").await, hook(&server, "ops", "two").await);
    let mut refused = 0;
    for _ in 0..40 {
        let answer = post(&server, &flooding, "text/plain", "again").await;
        if answer.status != 200 {
            assert_eq!(answer.refusal(), (429, "too_fast".into()));
            refused += 1;
        }
    }
    assert!(refused > 0);
    assert_eq!(post(&server, &quiet, "text/plain", "hello").await.status, 200);
}

#[tokio::test]
async fn only_the_owner_makes_hooks_and_a_deleted_one_is_worth_nothing() {
    let server = TestServer::start().await;
    let new = json!({"room": "ops", "name": "alerts"});
    assert_eq!(server.request("POST", "/api/hooks").json(new).send().await.refusal(), (403, "forbidden".into()));
    assert_eq!(server.request("GET", "/api/hooks").send().await.refusal(), (403, "forbidden".into()));
    for (room, name, code) in [("@bot", "x", "bad_room"), ("ops", "bot", "bad_handle")] {
        let new = json!({"room": room, "name": name});
        let answer = server.request("POST", "/api/hooks").by_owner().json(new).send().await;
        assert_eq!(answer.refusal(), (400, code.into()));
    }
    let (first, second) = (hook(&server, "ops", "first").await, hook(&server, "大厅", "second").await);
    let list = server.request("GET", "/api/hooks").by_owner().send().await;
    let token = first.trim_start_matches("/hooks/");
    assert!(!list.text().contains(token), "a token is shown once");
    let hooks = list.json()["hooks"].clone();
    assert_eq!((&hooks[0]["name"], &hooks[1]["room"], &hooks[2]), (&json!("first"), &json!("大厅"), &Value::Null));
    let path = format!("/api/hooks/{}", hooks[0]["id"].as_str().expect("an id"));
    assert_eq!(server.request("DELETE", &path).send().await.refusal(), (403, "forbidden".into()));
    assert_eq!(server.request("DELETE", &path).by_owner().send().await.status, 204);
    assert_eq!(server.request("DELETE", &path).by_owner().send().await.refusal(), (404, "not_found".into()));
    assert_eq!(post(&server, &first, "text/plain", "x").await.refusal(), (404, "not_found".into()));
    assert_eq!(post(&server, &second, "text/plain", "x").await.status, 200);
    assert_eq!(post(&server, "/hooks/nonsense", "text/plain", "x").await.refusal(), (404, "not_found".into()));
}

#[tokio::test]
async fn a_hook_survives_a_restart_and_its_token_is_not_on_the_disk() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let hook = hook(&server, "ops", "alerts").await;
    server.stop().await.expect("a clean stop");
    let token = hook.trim_start_matches("/hooks/").as_bytes();
    for file in std::fs::read_dir(dir.path().join("store")).expect("the store").map(|file| file.expect("a file").path())
    {
        if file.is_file() {
            let bytes = std::fs::read(&file).expect("readable");
            assert!(!bytes.windows(token.len()).any(|window| window == token), "{}", file.display());
        }
    }
    let server = TestServer::on(dir.path()).await;
    assert_eq!(post(&server, &hook, "text/plain", "still here").await.status, 200);
}

#[tokio::test]
async fn it_is_known_when_a_hook_was_used_last() {
    let server = TestServer::start().await;
    let used = hook(&server, "alerts", "Used").await;
    hook(&server, "alerts", "Unused").await;
    assert_eq!(post(&server, &used, "text/plain", "hello").await.status, 200);
    let hooks = server.request("GET", "/api/hooks").by_owner().send().await.json();
    let is_used = |name: &str| {
        let hooks = hooks["hooks"].as_array().expect("hooks");
        hooks.iter().find(|hook| hook["name"] == name).expect("a hook")["last_used_at"].is_string()
    };
    assert_eq!((is_used("Used"), is_used("Unused")), (true, false), "{hooks}");
}
