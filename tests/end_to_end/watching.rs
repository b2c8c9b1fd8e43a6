//! What a server tells those who watch it: metrics that Prometheus' own linter accepts.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

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
    let missing = Request::new("DELETE", &format!("http://{}/api/nothing", server.address())).send().await;
    assert_eq!(missing.status, 405);
    let now = Scrape::of(&server).await;
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

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test]
async fn the_documentation_lists_what_is_exported() {
    let scrape = scrape_of_a_busy_server().await;
    let mut exported = scrape.metrics();
    exported.extend(NOT_ALWAYS);
    let page = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/watching.md"));
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows: BTreeMap<_, _> = rows
        .filter(|(name, _)| name.starts_with("chatbot_") || name.starts_with("process_"))
        .map(|(name, rest)| (name, rest.split(" |").next().expect("a type")))
        .collect();
    assert_eq!(rows, exported, "docs/watching.md");
}
