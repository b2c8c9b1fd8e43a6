//! The log: whose lines are whose, what is warned of, and that nobody has to read it for the server to go on.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::command::chatbot_on;
use crate::support::{Answer, Client, OWNER_KEY, PATIENCE, Request, free_port};

/// A server whose log the test has; killed when it is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Waits until it is well.
    fn start(data: &Path, environment: &[(&str, &str)], out: Stdio, err: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatbot"));
        command.stdout(out).stderr(err);
        Self::launch(command, data, environment)
    }

    fn launch(mut command: Command, data: &Path, environment: &[(&str, &str)]) -> Self {
        let port = free_port();
        command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string(), "--data-dir"]).arg(data);
        command.env("CHATBOT_ACCOUNTS__OWNER_KEY", OWNER_KEY).env("CHATBOT_BUDGETS__FACTOR", "0");
        let child = command.envs(environment.iter().copied()).spawn().expect("it starts");
        let server = Self { child, address: ([127, 0, 0, 1], port).into() };
        let start = Instant::now();
        while chatbot_on(data, &["health"]).code != Some(0) {
            assert!(start.elapsed() < PATIENCE, "it is never well");
        }
        server
    }

    /// With neither standard output nor standard error.
    fn closed(data: &Path, environment: &[(&str, &str)]) -> Self {
        let shell = ["-c", "exec \"$0\" \"$@\" >&- 2>&-", env!("CARGO_BIN_EXE_chatbot")];
        let mut command = Command::new("sh");
        command.args(shell).stdout(Stdio::null()).stderr(Stdio::null());
        Self::launch(command, data, environment)
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = Request::new(method, &format!("http://{}{path}", self.address));
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send().await
    }

    async fn metric(&self, name: &str) -> f64 {
        let text = self.ask("GET", "/metrics", &[]).await.text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).expect("a number");
        line.parse().expect("a number")
    }

    /// Tells it to stop; the exit code.
    fn terminate(&mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Logs everything, to a pipe; the test has the other end.
fn piped(data: &Path, level: &str, environment: &[(&str, &str)]) -> (Server, PipeReader) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let all = [&[("CHATBOT_LOG__LEVEL", level), ("CHATBOT_LOG__FORMAT", "json")], environment].concat();
    // One pipe for both, as with "2>&1 |".
    let out = writer.try_clone().expect("another end");
    (Server::start(data, &all, out.into(), writer.into()), reader)
}

/// The lines of a log that are JSON, to the end of the server.
fn lines(reader: PipeReader) -> Vec<Value> {
    let lines = BufReader::new(reader).lines().map(|line| line.expect("text"));
    lines.filter_map(|line| serde_json::from_str(&line).ok()).collect()
}

#[tokio::test]
async fn a_server_goes_on_if_nobody_reads_its_log_and_says_later_what_was_lost() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut server, reader) = piped(dir.path(), "trace", &[]);
    let start = Instant::now();
    while server.metric("chatbot_log_lines_lost_total").await == 0.0 {
        assert!(start.elapsed() < PATIENCE, "no line was lost");
        for _ in 0..20 {
            assert_eq!(server.ask("GET", "/api/rooms", &[]).await.status, 200);
        }
    }
    // Everything still works.
    let mut ann = Client::connect(server.address, "/ws", &[]).await;
    ann.send(json!({"type": "join", "room": "lobby"})).await;
    ann.expect("joined").await;
    ann.say("lobby", "hello").await;
    let lost = server.metric("chatbot_log_lines_lost_total").await;
    let reading = std::thread::spawn(move || lines(reader));
    let start = Instant::now();
    // The pipe is empty again as soon as new lines are not lost any more.
    let mut before = server.metric("chatbot_log_lines_lost_total").await;
    loop {
        let now = server.metric("chatbot_log_lines_lost_total").await;
        if now == before {
            break;
        }
        before = now;
        assert!(start.elapsed() < PATIENCE, "lines are still lost");
    }
    assert_eq!(server.terminate(), Some(0));
    let lines = reading.join().expect("read");
    let said = lines.iter().filter_map(|line| line["fields"]["lines"].as_f64()).sum::<f64>();
    assert!(said >= lost && lost > 0.0, "{said} of {lost}");
}

#[tokio::test]
async fn a_server_whose_log_is_never_read_stops_in_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut server, _reader) = piped(dir.path(), "trace", &[]);
    while server.metric("chatbot_log_lines_lost_total").await == 0.0 {
        server.ask("GET", "/api/rooms", &[]).await;
    }
    assert_eq!(server.terminate(), Some(0));
}

#[tokio::test]
async fn a_server_goes_on_if_its_log_cannot_be_written() {
    for name in ["a pipe that is closed", "a full disk", "nothing"] {
        let dir = tempfile::tempdir().expect("a folder");
        let level = [("CHATBOT_LOG__LEVEL", "trace")];
        let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("a device"));
        let mut server = match name {
            "a full disk" => Server::start(dir.path(), &level, full(), full()),
            "nothing" => Server::closed(dir.path(), &level),
            _ => {
                let (reader, writer) = std::io::pipe().expect("a pipe");
                let out = writer.try_clone().expect("another end");
                drop(reader);
                Server::start(dir.path(), &level, out.into(), writer.into())
            }
        };
        assert_eq!(server.ask("GET", "/api/rooms", &[]).await.status, 200, "{name}");
        let lost = server.metric("chatbot_log_lines_lost_total").await;
        assert_eq!(lost > 0.0, name != "nothing", "{name}: {lost}");
        assert_eq!(server.terminate(), Some(0), "{name}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why_in_its_log() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut server, _reader) = piped(dir.path(), "warn", &[]);
    let mut second = Command::new(env!("CARGO_BIN_EXE_chatbot"));
    second.args(["serve", "--host", "127.0.0.1", "--port", "0", "--data-dir"]).arg(dir.path());
    let second = second.output().expect("it runs");
    let said = String::from_utf8_lossy(&second.stderr);
    let last = said.lines().last().unwrap_or_default();
    assert!(second.status.code() == Some(1) && last.starts_with("chatbot: "), "{said}");
    assert_eq!(server.terminate(), Some(0));
}

#[tokio::test]
async fn every_answer_has_an_id_by_which_the_log_and_the_error_name_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let proxies = [("CHATBOT_HTTP__TRUSTED_PROXIES", "127.0.0.1")];
    let (mut server, reader) = piped(dir.path(), "info,chatbot=debug", &proxies);
    let page = server.ask("GET", "/", &[]).await;
    assert_eq!(page.header("x-request-id").len(), 32);
    let given = server.ask("GET", "/api/nothing", &[("x-request-id", "from-the-proxy.1")]).await;
    assert_eq!((given.status, given.header("x-request-id")), (404, "from-the-proxy.1"));
    assert_eq!(given.json()["error"]["request"], "from-the-proxy.1");
    let odd = server.ask("GET", "/api/nothing", &[("x-request-id", "a\" b")]).await;
    assert_eq!(odd.json()["error"]["request"], odd.header("x-request-id"));
    assert_eq!(odd.header("x-request-id").len(), 32);
    let mut ann = Client::connect(server.address, "/ws", &[("x-request-id", "opens-a-socket")]).await;
    ann.send(json!({"type": "join", "room": "lobby"})).await;
    ann.expect("joined").await;
    ann.close().await;
    assert_eq!(server.terminate(), Some(0));
    let lines = lines(reader);
    let opened = lines.iter().find(|line| line["request"] == "opens-a-socket").expect("the line of the socket");
    let connection = opened["fields"]["connection"].as_str().expect("an id");
    assert!(lines.iter().all(|line| line["level"].is_string() && line["fields"].is_object()));
    assert!(!connection.is_empty());
}

#[tokio::test]
async fn without_a_proxy_that_is_trusted_nobody_chooses_ids() {
    let dir = tempfile::tempdir().expect("a folder");
    let (server, _reader) = piped(dir.path(), "warn", &[]);
    let answer = server.ask("GET", "/api/nothing", &[("x-request-id", "mine")]).await;
    assert!(answer.header("x-request-id").len() == 32 && answer.header("x-request-id") != "mine");
}

#[tokio::test]
async fn what_is_slow_is_warned_of_once_in_a_while() {
    for (slow_ms, is_warned) in [("1", true), ("0", false)] {
        let dir = tempfile::tempdir().expect("a folder");
        let (mut server, reader) = piped(dir.path(), "warn", &[("CHATBOT_LOG__SLOW_MS", slow_ms)]);
        // Checking a password takes as long as it must.
        for _ in 0..3 {
            let form = json!({"name": "Nobody", "password": "correct horse battery"});
            let request = Request::new("POST", &format!("http://{}/api/session", server.address));
            let refused = request.json(form).send().await;
            assert!(refused.status >= 400, "{}", refused.text());
        }
        let counted = server.metric("chatbot_slow_operations_total{operation=\"request\"}").await;
        assert_eq!(counted > 0.0, is_warned, "{counted}");
        assert_eq!(server.terminate(), Some(0));
        let lines = lines(reader);
        let slow: Vec<_> = lines.iter().filter(|line| line["fields"]["operation"] == "request").collect();
        assert_eq!(slow.len(), usize::from(is_warned), "{lines:?}");
        for line in slow {
            let (fields, request) = (&line["fields"], line["request"].as_str().expect("an id"));
            assert_eq!((fields["message"].as_str(), line["level"].as_str()), (Some("slow"), Some("WARN")));
            assert!(fields["ms"].as_u64() >= Some(1) && request.len() == 32, "{line}");
        }
    }
}

/// A log for people, as a file.
#[tokio::test]
async fn a_line_for_people_ends_with_its_request() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("log");
    let file = File::create(&path).expect("a file");
    let environment = [("CHATBOT_LOG__LEVEL", "warn"), ("CHATBOT_LOG__SLOW_MS", "1")];
    let mut server = Server::start(dir.path(), &environment, Stdio::null(), file.into());
    let form = json!({"name": "Nobody", "password": "correct horse battery"});
    Request::new("POST", &format!("http://{}/api/session", server.address)).json(form).send().await;
    assert_eq!(server.terminate(), Some(0));
    let mut text = String::new();
    File::open(&path).expect("a file").read_to_string(&mut text).expect("text");
    let line = text.lines().find(|line| line.contains("slow") && line.contains("/api/session")).expect("a warning");
    let id = line.rsplit_once(" request=").expect("an id").1;
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
}
