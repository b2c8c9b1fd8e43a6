//! Traces: what a collector of OpenTelemetry is sent, and that nobody waits for it.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::fake_model::{FakeModel, Step, plain};
use crate::support::{Client, PATIENCE, Request, ServerProcess};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A collector that takes everything.
async fn collector() -> FakeModel {
    FakeModel::start(|_| plain("200 OK", "Content-Type: application/json\r\n", "{}")).await
}

fn serve(dir: &std::path::Path, collector: &FakeModel, environment: &[(&str, &str)]) -> ServerProcess {
    let url = collector.url();
    let traces = [("CHATBOT_TRACES__URL", url.trim_end_matches("/v1")), ("CHATBOT_TRACES__KEY", "collector-token")];
    ServerProcess::start(dir, &[&traces, environment].concat())
}

/// All spans that were received, by their names; each is there once.
fn spans(collector: &FakeModel) -> BTreeMap<String, Value> {
    let mut spans = BTreeMap::new();
    for request in collector.asked() {
        assert_eq!(
            (&request["path"], &request["authorization"]),
            (&json!("/v1/traces"), &json!("bearer collector-token"))
        );
        let resource = &request["resourceSpans"][0];
        let service = json!({"key": "service.name", "value": {"stringValue": "chatbot"}});
        assert_eq!(resource["resource"]["attributes"][0], service);
        for span in resource["scopeSpans"][0]["spans"].as_array().expect("spans") {
            spans.insert(span["name"].as_str().expect("a name").to_owned(), span.clone());
        }
    }
    spans
}

fn attribute<'a>(span: &'a Value, key: &str) -> &'a Value {
    let attributes = span["attributes"].as_array().expect("attributes");
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    &found.unwrap_or_else(|| panic!("{key} in {span}"))["value"]
}

fn nanoseconds(span: &Value, field: &str) -> u64 {
    span[field].as_str().expect("a number as text").parse().expect("a number")
}

async fn metric(server: &ServerProcess, name: &str) -> f64 {
    let text = Request::new("GET", &format!("http://{}/metrics", server.address())).send().await.text();
    let number = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    number.map_or(0.0, |number| number.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_one_trace_from_the_proxy_to_the_model() {
    let dir = tempfile::tempdir().expect("a folder");
    let (collector, model) = (collector().await, FakeModel::saying(&["Within three days."]).await);
    let url = model.url();
    let environment = [
        ("CHATBOT_LANGUAGE_MODEL__BASE_URL", url.as_str()),
        ("CHATBOT_LANGUAGE_MODEL__MODEL", "fake"),
        ("CHATBOT_HTTP__TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let mut server = serve(dir.path(), &collector, &environment);
    let at = |path: &str| format!("http://{}{path}", server.address());
    let asked = Request::new("POST", &at("/api/ask")).header("traceparent", &format!("00-{TRACE}-{CALLER}-01"));
    let asked = asked.json(json!({"question": "How long does it take?"})).send().await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let id = asked.json()["job"].as_str().expect("an id").to_owned();
    let start = Instant::now();
    while metric(&server, "chatbot_command_jobs_total{command=\"ask\",outcome=\"completed\"}").await == 0.0 {
        assert!(start.elapsed() < PATIENCE, "it is never answered");
    }
    let request_id = asked.header("x-request-id").to_owned();
    assert_eq!(server.terminate(), Some(0));

    let spans = spans(&collector);
    let parts = ["POST /api/ask", "job ask", "answer", "chat fake"].map(|name| &spans[name]);
    let mut parent = CALLER.to_owned();
    let mut begun = 0;
    for (span, kind) in parts.into_iter().zip([2, 5, 1, 3]) {
        assert_eq!((&span["traceId"], &span["kind"]), (&json!(TRACE), &json!(kind)), "{span}");
        assert_eq!(span["parentSpanId"], parent, "{span}");
        assert!(span["status"].get("code").is_none(), "{span}");
        let (from, to) = (nanoseconds(span, "startTimeUnixNano"), nanoseconds(span, "endTimeUnixNano"));
        assert!(begun <= from && from <= to, "{span}");
        begun = from;
        span["spanId"].as_str().expect("an id").clone_into(&mut parent);
        assert_eq!(parent.len(), 16);
    }
    assert_eq!(attribute(parts[0], "http.response.status_code")["intValue"], "202");
    assert_eq!(attribute(parts[0], "chatbot.request")["stringValue"], request_id);
    assert_eq!(attribute(parts[1], "chatbot.job")["stringValue"], id);
    assert_eq!(attribute(parts[2], "chatbot.answered_by")["stringValue"], "model");
    assert_eq!(attribute(parts[3], "gen_ai.request.model")["stringValue"], "fake");
    assert_eq!(model.asked()[0]["traceparent"], format!("00-{TRACE}-{parent}-01"), "the model goes on from there");
    let all = collector.asked().iter().map(Value::to_string).collect::<String>();
    assert!(!all.contains("How long"), "no texts of people: {all}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_asks_for_a_job_is_a_trace_and_a_failure_is_marked() {
    let dir = tempfile::tempdir().expect("a folder");
    let collector = collector().await;
    let mut server = serve(dir.path(), &collector, &[]);
    let mut ann = Client::connect(server.address(), "/ws", &[]).await;
    ann.send(json!({"type": "join", "room": "lobby"})).await;
    ann.expect("joined").await;
    ann.send(json!({"room": "lobby", "message": "/sum 1 x"})).await;
    ann.expect_where("job", |frame| frame["job"]["state"] == "failed").await;
    // Whoever is no proxy of this server does not choose the trace.
    let header = format!("00-{TRACE}-{CALLER}-01");
    let rooms = Request::new("GET", &format!("http://{}/api/rooms", server.address())).header("traceparent", &header);
    assert_eq!(rooms.send().await.status, 200);
    ann.close().await;
    assert_eq!(server.terminate(), Some(0));
    let (spans, frames) = (spans(&collector), frames(&collector));
    let job = &spans["job sum"];
    let frame = frames.iter().find(|frame| frame["spanId"] == job["parentSpanId"]).expect("the frame that asked");
    assert_eq!((&frame["traceId"], &frame["parentSpanId"]), (&job["traceId"], &json!("")));
    assert_eq!(job["status"]["code"], 2, "{job}");
    assert_eq!(attribute(frame, "chatbot.connection")["stringValue"], "1");
    let rooms = &spans["GET /api/rooms"];
    assert!(rooms["traceId"] != TRACE && rooms["parentSpanId"] == "", "{rooms}");
}

fn frames(collector: &FakeModel) -> Vec<Value> {
    let requests = collector.asked();
    let all = requests.iter().flat_map(|request| request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array());
    all.flatten().filter(|span| span["name"] == "frame").cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_of_nothing_exports_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let collector = collector().await;
    let mut server = serve(dir.path(), &collector, &[("CHATBOT_TRACES__SHARE", "0.0")]);
    for _ in 0..20 {
        assert_eq!(Request::new("GET", &format!("http://{}/api/rooms", server.address())).send().await.status, 200);
    }
    assert_eq!(server.terminate(), Some(0));
    assert!(collector.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_hangs_or_refuses_holds_up_nobody_and_what_it_missed_is_counted() {
    let refusing = FakeModel::start(|_| plain("400 Bad Request", "", "")).await;
    let hanging = FakeModel::start(|_| vec![Step::Hang]).await;
    for (collector, is_counted) in [(refusing, true), (hanging, false)] {
        let dir = tempfile::tempdir().expect("a folder");
        let mut server = serve(dir.path(), &collector, &[]);
        let rooms = || Request::new("GET", &format!("http://{}/api/rooms", server.address()));
        assert_eq!(rooms().send().await.status, 200);
        let start = Instant::now();
        while is_counted && metric(&server, "chatbot_spans_total{outcome=\"dropped\"}").await == 0.0 {
            assert!(start.elapsed() < PATIENCE, "nothing is dropped");
        }
        assert_eq!(rooms().send().await.status, 200);
        assert_eq!(metric(&server, "chatbot_spans_total{outcome=\"exported\"}").await, 0.0);
        let start = Instant::now();
        assert_eq!(server.terminate(), Some(0));
        assert!(start.elapsed() < PATIENCE / 2, "{:?}", start.elapsed());
    }
}
