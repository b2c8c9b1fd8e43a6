//! Outgoing webhooks: what happens here, told to a program that listens.

use chatbot::config::{Config, WebhookConfig};
use chatbot::fetch::Secret;
use chatbot::jobs::Event;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::support::{PATIENCE, TestServer};

const SECRET: &str = "a secret between the two";

/// A request as it arrived.
struct Received {
    head: String,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// A program that listens.
struct Receiver {
    url: String,
    received: mpsc::UnboundedReceiver<Received>,
}

impl Receiver {
    /// Answers the first requests with these codes, and further ones with 200.
    async fn start(codes: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/events?token=hidden", listener.local_addr().expect("an address"));
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut codes = codes.iter();
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                let code = codes.next().unwrap_or(&200);
                let answer = format!("HTTP/1.1 {code} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = sender.send(request);
            }
        });
        Self { url, received }
    }

    async fn next(&mut self) -> Received {
        tokio::time::timeout(PATIENCE, self.received.recv()).await.expect("told in time").expect("still listening")
    }

    fn webhook(&self, events: &[Event]) -> WebhookConfig {
        WebhookConfig {
            name: "ci".into(),
            url: self.url.clone(),
            events: events.to_vec(),
            room: String::new(),
            pattern: String::new(),
            secret: SECRET.into(),
        }
    }
}

async fn read(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let received = Received { head: head.to_owned(), body: body.to_owned() };
            if received.header("content-length").parse().is_ok_and(|length: usize| body.len() >= length) {
                return received;
            }
        }
        assert!(stream.read_buf(&mut bytes).await.expect("readable") > 0, "a whole request");
    }
}

async fn server(webhook: WebhookConfig) -> TestServer {
    TestServer::with(|config: &mut Config| {
        config.http.allow_private_hosts = vec!["127.0.0.1".into()];
        config.webhooks = vec![webhook];
    })
    .await
}

#[tokio::test]
async fn messages_that_match_are_told_and_signed() {
    let mut receiver = Receiver::start(&[]).await;
    let webhook = receiver.webhook(&[Event::Message]);
    let server = server(WebhookConfig { room: "Ops".into(), pattern: "(?i)deploy".into(), ..webhook }).await;
    let (mut ann, _) = server.member("Ann", "ops").await;
    ann.say("ops", "hello").await;
    ann.say("lobby", "deploy elsewhere").await;
    let seq = ann.say("ops", "Deploy 你好").await;
    let told = receiver.next().await;
    let body = told.json();
    assert_eq!((&body["event"], &body["room"], &body["job"]), (&json!("message"), &json!("ops"), &Value::Null));
    assert_eq!((&body["message"]["message"], &body["message"]["seq"]), (&json!("Deploy 你好"), &json!(seq)));
    assert_eq!((&body["message"]["handle"], &body["id"]), (&json!("Ann"), &json!(told.header("x-chatbot-id"))));
    let expected = Secret::new(SECRET).sign(told.header("x-chatbot-timestamp"), told.body.as_bytes());
    assert_eq!(told.header("x-chatbot-signature"), expected);
    ann.say("ops", "deployed").await;
    assert_eq!(receiver.next().await.json()["message"]["message"], "deployed", "nothing else was told of");
}

#[tokio::test]
async fn the_ends_of_jobs_are_told_but_not_those_of_private_rooms() {
    let mut receiver = Receiver::start(&[]).await;
    let server = server(receiver.webhook(&[Event::Job])).await;
    let mut alone = server.simple("/ws/chat/").await;
    alone.send(json!({"message": "sum 40 2"})).await;
    alone.expect_where("message", |frame| frame["message"] == "40 + 2 = 42").await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for (line, state) in [("/sum 1 2", "completed"), ("/sum 1 x", "failed")] {
        ann.say("lobby", line).await;
        let told = receiver.next().await.json();
        assert_eq!((&told["event"], &told["job"]["state"]), (&json!("job"), &json!(state)));
        assert_eq!((&told["job"]["line"], &told["room"]), (&json!(line[1..]), &json!("lobby")));
    }
}

#[tokio::test]
async fn what_programs_say_is_not_told_so_that_nothing_goes_round() {
    let mut receiver = Receiver::start(&[]).await;
    let server = server(receiver.webhook(&[Event::Message, Event::Job])).await;
    let new = json!({"room": "lobby", "name": "alerts"});
    let hook = server.request("POST", "/api/hooks").by_owner().json(new).send().await.json();
    let path = hook["url"].as_str().expect("an address");
    let posted = server.request("POST", path).header("content-type", "text/plain").body("from a program").send().await;
    assert_eq!(posted.status, 200);
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.say("lobby", "/sum 1 2").await;
    let mut events = [receiver.next().await.json(), receiver.next().await.json()].map(|told| told["event"].to_string());
    events.sort();
    assert_eq!(events, ["\"job\"", "\"message\""], "the question and the end of its job");
    ann.say("lobby", "bye").await;
    assert_eq!(receiver.next().await.json()["message"]["message"], "bye");
}

#[tokio::test]
async fn what_was_not_taken_is_tried_again_under_the_same_id_and_only_the_owner_sees_it() {
    let mut receiver = Receiver::start(&[500]).await;
    let server = server(receiver.webhook(&[Event::Message])).await;
    let mut owner = server.owner().await;
    owner.send(json!({"type": "watch"})).await;
    owner.expect("watching").await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.say("lobby", "hello").await;
    let first = receiver.next().await;
    let retrying = owner.expect_where("job", |frame| frame["job"]["state"] == "retrying").await;
    let path = format!("/api/jobs/{}", retrying["job"]["id"].as_str().expect("an id"));
    let details = server.request("GET", &path).by_owner().send().await;
    assert!(details.text().contains("ci did not take it: 500"), "{}", details.text());
    assert!(!details.text().contains("hidden") && !details.text().contains(SECRET), "{}", details.text());
    assert_eq!(server.request("GET", &path).send().await.status, 404);
    assert_eq!(server.request("POST", &format!("{path}/retry")).by_owner().send().await.status, 200);
    let again = receiver.next().await;
    assert_eq!(again.header("x-chatbot-id"), first.header("x-chatbot-id"));
    assert_eq!(again.body, first.body);
    owner.expect_where("job", |frame| frame["job"]["state"] == "completed").await;
    let seen = ann.frames_until_pong().await;
    assert!(seen.iter().all(|frame| frame["type"] != "job"), "the room hears nothing of it: {seen:?}");
}

#[tokio::test]
async fn what_is_deleted_before_it_was_told_is_not_told() {
    let mut receiver = Receiver::start(&[503]).await;
    let server = server(receiver.webhook(&[Event::Message])).await;
    let mut owner = server.owner().await;
    owner.send(json!({"type": "watch"})).await;
    owner.expect("watching").await;
    let seq = owner.say("lobby", "a slip").await;
    receiver.next().await;
    let retrying = owner.expect_where("job", |frame| frame["job"]["state"] == "retrying").await;
    let delete = server.request("DELETE", &format!("/api/rooms/lobby/messages/{seq}")).by_owner();
    assert_eq!(delete.send().await.status, 204);
    let path = format!("/api/jobs/{}/retry", retrying["job"]["id"].as_str().expect("an id"));
    server.request("POST", &path).by_owner().send().await;
    let ended = owner.expect_where("job", |frame| frame["job"]["state"] == "completed").await;
    assert_eq!(ended["job"]["result"], "What it told of is gone; nothing was sent.");
}

#[tokio::test]
async fn admins_see_how_deliveries_went_and_nothing_secret() {
    let mut receiver = Receiver::start(&[500]).await;
    let webhook = receiver.webhook(&[Event::Message]);
    let server = TestServer::with(|config| {
        config.http.allow_private_hosts = vec!["127.0.0.1".into()];
        config.webhooks = vec![webhook];
    })
    .await;
    let list = async || server.request("GET", "/api/webhooks").by_owner().send().await;
    let fresh = list().await.json()["webhooks"][0].take();
    assert_eq!((&fresh["name"], &fresh["host"], &fresh["signed"]), (&json!("ci"), &json!("127.0.0.1"), &json!(true)));
    assert!(fresh["last"].is_null() && fresh["delivered"] == 0, "{fresh}");
    let mut ann = server.client("Ann").await;
    ann.say("lobby", "one").await;
    receiver.next().await;
    let until = std::time::Instant::now() + PATIENCE;
    while list().await.json()["webhooks"][0]["retrying"] != 1 {
        assert!(std::time::Instant::now() < until, "{}", list().await.text());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    ann.say("lobby", "two").await;
    receiver.next().await;
    while list().await.json()["webhooks"][0]["last"]["state"] != "completed" {
        assert!(std::time::Instant::now() < until, "{}", list().await.text());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let text = list().await.text();
    assert!(!text.contains("hidden") && !text.contains(SECRET) && !text.contains("/events"), "{text}");
}
