//! What programs post to hooks, each in its own format, and how that is shown. The bodies are in `tests/data/hooks`: `.json` as JSON,
//! `.txt` as plain text, `.http` with the headers of the request before them; what is shown of each stands beside it.

use std::path::{Path, PathBuf};

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::hooks::{hook, post, said};
use crate::rooms::texts;
use crate::support::{Answer, TestServer, python_client};

/// What a file says is posted.
struct Body {
    headers: Vec<(String, String)>,
    bytes: Vec<u8>,
}

impl Body {
    fn read(file: &Path) -> Self {
        let bytes = std::fs::read(file).expect("readable");
        let typed = |media_type: &str| vec![("content-type".to_owned(), media_type.to_owned())];
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Self { headers: typed("application/json"), bytes },
            Some("txt") => Self { headers: typed("text/plain"), bytes },
            _ => {
                let end = bytes.windows(2).position(|ends| ends == b"\n\n").expect("an empty line");
                let head = String::from_utf8(bytes[..end].to_vec()).expect("headers");
                let header =
                    |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
                Self { headers: head.lines().filter_map(header).collect(), bytes: bytes[end + 2..].to_vec() }
            }
        }
    }

    async fn post(self, server: &TestServer, hook: &str) -> Answer {
        let request = self
            .headers
            .iter()
            .fold(server.request("POST", hook), |request, (name, value)| request.header(name, value));
        request.body(self.bytes).send().await
    }
}

fn bodies() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hooks");
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let mut bodies: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|extension| extension != "shown")).collect();
    bodies.sort();
    assert!(bodies.len() > 100, "{}", bodies.len());
    bodies
}

#[tokio::test]
async fn every_senders_format_is_shown_as_people_read_it() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let (mut ann, _) = server.member("Ann", "ops").await;
    let hook = hook(&server, "ops", "alerts").await;
    for file in bodies() {
        let shown = std::fs::read_to_string(file.with_extension("shown")).expect("what is shown");
        let answer = Body::read(&file).post(&server, &hook).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok"), "{}", file.display());
        let heard = ann.expect("message").await;
        assert_eq!(heard["message"].as_str().map(str::trim_end), Some(shown.trim_end()), "{}", file.display());
    }
}

#[tokio::test]
async fn slacks_own_package_and_apprise_post_to_a_hook() {
    let server = TestServer::start().await;
    let hook = hook(&server, "ops", "alerts").await;
    let token = hook.trim_start_matches("/hooks/");
    let told = python_client("alerts", &[&server.address().to_string(), token]).await;
    assert_eq!(told, json!({"slack": [[200, "ok"], [200, "ok"], [200, "ok"]], "apprise": [true, true, true]}));
    let shown = [
        "**deployed** #7 (https://ci.example/7) & running 🚀",
        "Build 7 failed\non **main**\n**Took:** 3 min\nLog (https://ci.example/7/log)\n1. one\n```\nexit code 137\n```\nby ann\nAgain \
         (https://ci.example/7/again)",
        "🔴 HighLoad (https://grafana.example/d/1)\nload is 9\nHost: web-1\nPrometheus",
        "Backup\nfinished in **3 min**",
        "🔴 Backup\nfailed: 磁盘已满",
        "🟡 Backup\nis late",
    ];
    let messages = said(&server, "ops").await;
    for (message, shown) in texts(&messages).into_iter().zip(shown) {
        assert!(message.starts_with(shown), "{message}");
    }
    assert_eq!(texts(&messages).len(), shown.len());
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_the_place() {
    let server = TestServer::start().await;
    let hook = hook(&server, "ops", "alerts").await;
    for (content_type, body, place) in [
        ("application/json", "{", "line 1, column 1"),
        ("application/json", "disk is full", "line 1, column 1"),
        ("application/json", "{\"text\": \"one\ntwo\",\n}", "line 3, column 1"),
        ("application/x-www-form-urlencoded", "{\"text\": x}", "line 1, column 10"),
        ("application/x-www-form-urlencoded", "payload={\"text\": x}", "line 1, column 10"),
        ("", "{'text': 'x'}", "line 1, column 2"),
        ("application/json", &"[".repeat(60_000), "recursion limit exceeded"),
    ] {
        let answer = post(&server, &hook, content_type, body).await;
        assert_eq!(answer.refusal(), (400, "bad_json".into()));
        assert!(answer.text().contains(place), "{} {place}", answer.text());
    }
    let broken = post(&server, &hook, "multipart/form-data; boundary=x", "--x\r\nno form").await;
    assert_eq!(broken.refusal(), (400, "bad_request".into()));
    assert_eq!(said(&server, "ops").await["error"]["code"], "not_found", "nothing was posted in the room");
}

#[tokio::test]
async fn what_is_posted_may_be_larger_than_a_frame() {
    let server = TestServer::start().await;
    let hook = hook(&server, "ops", "alerts").await;
    let body = json!({"text": "disk is full", "blocks": [], "stack": "x".repeat(900 * 1024)});
    assert_eq!(post(&server, &hook, "application/json", &body.to_string()).await.status, 200);
    let larger = post(&server, &hook, "text/plain", &"x".repeat(1024 * 1024 + 1)).await;
    assert_eq!(larger.refusal(), (413, "too_large".into()));
}

/// A hook with a template: the path to post at, and the one to change it at.
async fn templated(server: &TestServer, template: &str) -> (String, String) {
    let new = json!({"room": "ops", "name": "zabbix", "template": template});
    let made = server.request("POST", "/api/hooks").by_owner().json(new).send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    assert_eq!(made["template"], template);
    let text = |name: &str| made[name].as_str().expect("text").to_owned();
    (text("url"), format!("/api/hooks/{}", text("id")))
}

#[tokio::test]
async fn a_hooks_template_shows_json_its_own_way() {
    let server = TestServer::start().await;
    let (hook, path) = templated(&server, "{{ trigger.name }} on {{ host | upper }}{{ missing.entry }}").await;
    let problem = json!({"trigger": {"name": "disk is full"}, "host": "web-1"}).to_string();
    assert_eq!(post(&server, &hook, "application/json", &problem).await.status, 200);
    assert_eq!(post(&server, &hook, "text/plain", "a text is a text").await.status, 200);
    let change = |template: &str| server.request("PATCH", &path).by_owner().json(json!({"template": template})).send();
    assert_eq!(change("{% for one in posted %}{{ one }};{% endfor %}").await.status, 200);
    assert_eq!(post(&server, &hook, "application/json", "[1, 2]").await.status, 200);
    let without = change(" ").await;
    assert_eq!((without.status, &without.json()["template"]), (200, &Value::Null));
    assert_eq!(post(&server, &hook, "application/json", &problem).await.status, 200);
    let shown = ["disk is full on WEB-1", "a text is a text", "1;2;", "host: web-1\ntrigger.name: disk is full"];
    assert_eq!(texts(&said(&server, "ops").await), shown);
    let log = server.request("GET", "/api/audit?action=hook.change").by_owner().send().await.text();
    assert!(log.contains("hook.change") && log.contains("{% for one in posted %}"), "{log}");
}

#[tokio::test]
async fn an_alert_is_shown_even_if_its_template_fails_and_the_owner_hears_of_it() {
    let server = TestServer::start().await;
    let (hook, path) = templated(&server, "{{ a }}\n{{ a + b }}").await;
    let failure = async || {
        let hooks = server.request("GET", "/api/hooks").by_owner().send().await.json();
        hooks["hooks"][0]["template_failure"].clone()
    };
    for (body, failed) in
        [(r#"{"a": 1, "b": 2}"#, false), (r#"{"a": 1, "b": "x"}"#, true), (r#"{"a": 2, "b": 2}"#, true)]
    {
        assert_eq!(post(&server, &hook, "application/json", body).await.status, 200);
        let failure = failure().await;
        assert_eq!(failure.is_object(), failed, "{failure}");
        if failed {
            assert!(failure["problem"].as_str().expect("words").starts_with("line 2: "), "{failure}");
            assert!(failure["at"].is_string());
        }
    }
    assert_eq!(texts(&said(&server, "ops").await), ["1\n3", "a: 1\nb: x", "2\n4"]);
    let change =
        json!({"template": "{% for x in range(9999) %}{% for y in range(9999) %}{{ x }}{% endfor %}{% endfor %}"});
    let changed = server.request("PATCH", &path).by_owner().json(change).send().await;
    assert_eq!((changed.status, &changed.json()["template_failure"]), (200, &Value::Null));
    assert_eq!(post(&server, &hook, "application/json", r#"{"a": 3}"#).await.status, 200);
    assert!(failure().await["problem"].as_str().expect("words").contains("fuel"));
    assert_eq!(texts(&said(&server, "ops").await)[3], "a: 3");
}

#[tokio::test]
async fn a_template_is_checked_and_tried_before_it_is_used() {
    let server = TestServer::start().await;
    let (_, path) = templated(&server, "{{ host }}").await;
    let ask = |method: &'static str, path: &str, body: Value| server.request(method, path).by_owner().json(body).send();
    for (template, words) in [("{{ host", "line 1"), ("{% include 'x' %}", "line 1"), (&"x".repeat(4001), "4,000")] {
        let new = json!({"room": "ops", "name": "other", "template": template});
        for (method, path, body) in [
            ("POST", "/api/hooks", new),
            ("PATCH", path.as_str(), json!({"template": template})),
            ("POST", "/api/hooks/preview", json!({"template": template, "example": "{}"})),
        ] {
            let answer = ask(method, path, body).await;
            assert_eq!(answer.refusal(), (400, "bad_template".into()), "{method} {template}");
            assert!(answer.text().replace("4000", "4,000").contains(words), "{}", answer.text());
        }
    }
    let preview = |template: Value, example: &str| {
        ask("POST", "/api/hooks/preview", json!({"template": template, "example": example}))
    };
    let shown = preview(json!("{{ host }} is down"), r#"{"host": "web-1"}"#).await.json();
    assert_eq!(shown, json!({"text": "web-1 is down"}));
    let shown = preview(Value::Null, r#"{"text": "*down* :x:"}"#).await.json();
    assert_eq!(shown, json!({"text": "**down** ❌"}));
    let shown = preview(json!("{{ 1 + host }}"), r#"{"host": "web-1"}"#).await.json();
    assert_eq!(shown["text"], "host: web-1");
    assert!(shown["problem"].as_str().expect("words").starts_with("line 1: "), "{shown}");
    assert_eq!(preview(json!("{{ host }}"), "{").await.refusal(), (400, "bad_json".into()));
    assert_eq!(preview(Value::Null, "{}").await.refusal(), (400, "empty".into()));
    assert_eq!(said(&server, "ops").await["error"]["code"], "not_found", "nothing was posted in the room");
}

/// Names and texts that formats are recognised by, in any order.
fn arbitrary_json() -> impl Strategy<Value = Value> {
    let words = bodies().iter().filter(|file| file.extension().is_some_and(|extension| extension == "json")).fold(
        Vec::new(),
        |mut all, file| {
            let body = std::fs::read_to_string(file).expect("readable");
            all.extend(body.split('"').skip(1).step_by(2).map(str::to_owned));
            all
        },
    );
    let word = proptest::sample::select(words);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((word.clone(), inner), 0..8)
                .prop_map(|entries| Value::from(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

#[tokio::test]
async fn any_json_is_posted_or_refused() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let hook = hook(&server, "ops", "alerts").await;
    let (strategy, mut runner) = (arbitrary_json(), TestRunner::deterministic());
    let mut posted = 0;
    for _ in 0..400 {
        let body = strategy.new_tree(&mut runner).expect("a value").current().to_string();
        let answer = post(&server, &hook, "application/json", &body).await;
        posted += usize::from(answer.status == 200);
        assert!(answer.status == 200 || answer.refusal() == (400, "empty".into()), "{} {body}", answer.status);
    }
    assert!(posted > 100, "{posted}");
}
