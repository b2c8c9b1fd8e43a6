//! What a server tells those who watch it: metrics that Prometheus' own linter accepts, and examples that name no others.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::command::chatbot_on;
use crate::raw::{Raw, TEXT, frame};
use crate::support::{Client, OWNER_KEY, PATIENCE, Request, ServerProcess};

/// What only some servers have: encrypted ones, and those that may count their open files.
const NOT_ALWAYS: [(&str, &str); 2] =
    [("chatbot_certificate_not_after_timestamp_seconds", "gauge"), ("process_open_fds", "gauge")];

/// What `/metrics` said at a moment.
struct Scrape {
    text: String,
    series: BTreeMap<String, f64>,
}

impl Scrape {
    async fn of(server: &ServerProcess) -> Self {
        let answer = Request::new("GET", &format!("http://{}/metrics", server.address())).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        let series = text.lines().filter(|line| !line.starts_with('#'));
        let series = series.map(|line| line.rsplit_once(' ').expect("a name and a number"));
        let series = series.map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect();
        Self { text, series }
    }

    /// The number of a series; 0 if it is not there yet.
    fn get(&self, series: &str) -> f64 {
        self.series.get(series).copied().unwrap_or(0.0)
    }

    /// The name and type of every metric.
    fn metrics(&self) -> BTreeMap<&str, &str> {
        let types = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.map(|line| line.split_once(' ').expect("a name and a type")).collect()
    }
}

async fn client(server: &ServerProcess, handle: &str) -> Client {
    let mut client = Client::connect(server.address(), "/ws", &[]).await;
    client.send(json!({"type": "hello", "handle": handle, "locale": "en"})).await;
    client.expect("welcome").await;
    client.send(json!({"type": "join", "room": "lobby"})).await;
    client.expect("joined").await;
    client
}

async fn job(client: &mut Client, line: &str, state: &str) {
    client.send(json!({"room": "lobby", "message": line})).await;
    let fits = |frame: &Value| frame["job"]["line"] == line[1..] && frame["job"]["state"] == state;
    client.expect_where("job", fits).await;
}

/// Prometheus' tool, with what it is given on standard input.
fn promtool(arguments: &[&str], input: &str) {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("promtool is installed, by tests/run");
    running.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    let output = running.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
}

/// A server that has done something of all that is counted by label, and what it says of that.
async fn scrape_of_a_busy_server() -> Scrape {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[]);
    let mut ann = client(&server, "Ann").await;
    job(&mut ann, "/sum 1 2", "completed").await;
    let file = dir.path().join("backup");
    let backup = chatbot_on(dir.path(), &["backup", file.to_str().expect("UTF-8")]);
    assert_eq!(backup.code, Some(0), "{}", backup.err);
    Scrape::of(&server).await
}

#[tokio::test]
async fn the_linter_of_prometheus_accepts_all_metrics() {
    promtool(&["check", "metrics"], &scrape_of_a_busy_server().await.text);
}

#[tokio::test]
async fn metrics_follow_what_is_done() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[]);
    let before = Scrape::of(&server).await;
    let (mut ann, mut bob) = (client(&server, "Ann").await, client(&server, "Bob").await);
    ann.say("lobby", "hello").await;
    bob.expect("message").await;
    job(&mut ann, "/sum 1 2", "completed").await;
    job(&mut ann, "/sum 1 x", "failed").await;
    bob.close().await;
    let missing = Request::new("DELETE", &format!("http://{}/healthz", server.address())).send().await;
    assert_eq!(missing.status, 405);
    let closed = "chatbot_websockets_closed_total{reason=\"client\"}";
    let begun = Instant::now();
    let mut now = Scrape::of(&server).await;
    // The server notices Bob's leaving a moment later.
    while now.get(closed) == before.get(closed) && begun.elapsed() < PATIENCE {
        now = Scrape::of(&server).await;
    }
    let grown = |series: &str| now.get(series) - before.get(series);
    for (series, by) in [
        ("chatbot_messages_posted_total{author=\"user\"}", 3.0),
        ("chatbot_messages_posted_total{author=\"bot\"}", 2.0),
        ("chatbot_messages", 5.0),
        ("chatbot_command_jobs_total{command=\"sum\",outcome=\"completed\"}", 1.0),
        ("chatbot_command_jobs_total{command=\"sum\",outcome=\"failed\"}", 1.0),
        ("chatbot_job_run_duration_seconds_count{command=\"sum\"}", 2.0),
        ("chatbot_job_wait_duration_seconds_count", 2.0),
        ("chatbot_websockets_opened_total", 2.0),
        ("chatbot_websockets_closed_total{reason=\"client\"}", 1.0),
        ("chatbot_websockets", 1.0),
        ("chatbot_http_requests_total{code=\"405\",method=\"DELETE\"}", 1.0),
        ("chatbot_http_requests_total{code=\"101\",method=\"GET\"}", 2.0),
    ] {
        assert_eq!(grown(series), by, "{series}: {}", now.text);
    }
    // Each message reached two, and each job was seen by both.
    assert!(grown("chatbot_deliveries_total") >= 10.0, "{}", now.text);
    let commits = grown("chatbot_commit_duration_seconds_count");
    assert!(commits >= 4.0 && commits == grown("chatbot_commit_batches_count"), "{}", now.text);
    assert!(grown("chatbot_sync_duration_seconds_count") >= commits, "{}", now.text);
    assert!(grown("chatbot_commit_duration_seconds_sum") > 0.0 && grown("chatbot_websocket_sent_bytes_total") > 1000.0);
    assert!(now.get("process_resident_memory_bytes") > 1e6 && grown("process_cpu_seconds_total") > 0.0);
    assert!(now.get("process_start_time_seconds") > 1.7e9 && now.get("chatbot_disk_free_bytes") > 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_is_dropped_and_a_budget_that_is_used_up_are_counted() {
    let dir = tempfile::tempdir().expect("a folder");
    let limits = [
        ("CHATBOT_LIMITS__STALL_SECONDS", "1"),
        ("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0"),
        ("CHATBOT_BUDGETS__FACTOR", "1"),
        ("CHATBOT_BUDGETS__REQUESTS_PER_MINUTE", "0"),
        ("CHATBOT_BUDGETS__TEXT_KB_PER_MINUTE", "0"),
        ("CHATBOT_BUDGETS__MESSAGES_PER_MINUTE", "5"),
    ];
    let server = ServerProcess::start(dir.path(), &limits);
    let mut stuck = Raw::open_narrow(server.address()).await;
    stuck.write(&frame(TEXT, br#"{"type":"join","room":"lobby"}"#)).await;
    stuck.expect("joined").await;
    let mut ann = client(&server, "Ann").await;
    for _ in 0..5 {
        ann.say("lobby", "hello").await;
    }
    assert_eq!(ann.refused(json!({"room": "lobby", "message": "one more"})).await, "too_fast");
    let refused = Scrape::of(&server).await.get("chatbot_budget_refusals_total{cost=\"messages\"}");
    assert!(refused >= 1.0, "{refused}");
    // The owner pays nothing, and fills what the kernel keeps for who does not read.
    let key = format!("Bearer {OWNER_KEY}");
    let mut owner = Client::connect(server.address(), "/ws", &[("authorization", &key)]).await;
    owner.send(json!({"type": "hello", "handle": "Olga", "locale": "en"})).await;
    owner.expect("welcome").await;
    let start = std::time::Instant::now();
    while Scrape::of(&server).await.get("chatbot_websockets_closed_total{reason=\"too_slow\"}") == 0.0 {
        assert!(start.elapsed() < PATIENCE, "nobody is dropped");
        for _ in 0..50 {
            owner.send(json!({"room": "lobby", "message": "x".repeat(8000)})).await;
            owner.expect("ack").await;
        }
    }
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/watching").join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The metrics that a text names, without what Prometheus adds to the names of histograms.
fn named<'a>(text: &'a str, metrics: &BTreeMap<&str, &str>) -> BTreeSet<&'a str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '/' && c != '.');
    let words = words.filter(|word| !word.contains(['/', '.']));
    let names = words.filter(|word| word.starts_with("chatbot_") || word.starts_with("process_"));
    let base = |name: &'a str| {
        let bases = ["_bucket", "_sum", "_count"].into_iter().filter_map(|end| name.strip_suffix(end));
        bases.into_iter().find(|base| metrics.get(base) == Some(&"histogram")).unwrap_or(name)
    };
    names.map(base).collect()
}

#[tokio::test]
async fn dashboard_rules_and_documentation_name_what_is_exported() {
    let scrape = scrape_of_a_busy_server().await;
    let mut exported = scrape.metrics();
    exported.extend(NOT_ALWAYS);
    for file in ["dashboard.json", "alerts.yml", "prometheus.yml"] {
        let text = read(&example(file));
        let unknown: Vec<_> = named(&text, &exported).into_iter().filter(|name| !exported.contains_key(name)).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
    let dashboard: Value = serde_json::from_str(&read(&example("dashboard.json"))).expect("JSON");
    let used = named(&read(&example("dashboard.json")), &exported).len();
    assert!(used > 40, "the dashboard shows {used} metrics");
    check_dashboard(&dashboard);
    let page = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/watching.md"));
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows: BTreeMap<_, _> = rows
        .filter(|(name, _)| name.starts_with("chatbot_") || name.starts_with("process_"))
        .map(|(name, rest)| (name, rest.split(" |").next().expect("a type")))
        .collect();
    assert_eq!(rows, exported, "docs/watching.md");
}

/// What Grafana needs to import a dashboard: a data source that is asked for, and panels with numbers of their own and a place.
fn check_dashboard(dashboard: &Value) {
    assert_eq!(dashboard["__inputs"][0]["name"], "DS_PROMETHEUS");
    assert!(dashboard["schemaVersion"].as_u64().expect("a version") >= 38, "that of Grafana 10");
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().expect("a number")).collect();
    assert_eq!(ids.len(), panels.len(), "every panel has a number of its own");
    for panel in panels {
        let place = &panel["gridPos"];
        let (x, width) = (place["x"].as_u64().expect("x"), place["w"].as_u64().expect("w"));
        assert!(x + width <= 24, "{panel}");
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"]["uid"], "${DS_PROMETHEUS}", "{panel}");
        let targets = panel["targets"].as_array().expect("queries");
        assert!(!targets.is_empty() && targets.iter().all(|target| target["expr"].is_string()), "{panel}");
    }
}

#[test]
fn prometheus_accepts_the_examples() {
    let (rules, config) = (example("alerts.yml"), example("prometheus.yml"));
    promtool(&["check", "rules", "--lint=all", "--lint-fatal", rules.to_str().expect("UTF-8")], "");
    promtool(&["check", "config", config.to_str().expect("UTF-8")], "");
    promtool(&["test", "rules", example("alerts_test.yml").to_str().expect("UTF-8")], "");
}
