//! Commands of the owner's own: programs and web addresses, well-behaved and not.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use chatbot::fetch::Secret;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Client, PATIENCE, Request, ServerProcess, free_port};

/// Longest time to the end of a program.
const SECOND: Duration = Duration::from_secs(1);

/// A server with commands, in a folder of its own.
pub struct Setup {
    pub server: ServerProcess,
    dir: TempDir,
}

impl Setup {
    /// `settings` is the file's text.
    pub fn new(settings: &str) -> Self {
        Self::on(0, settings)
    }

    fn on(port: u16, settings: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        // For what programs write: nothing new may be beside the data.
        fs::create_dir(dir.path().join("work")).expect("a folder");
        fs::write(dir.path().join("config.toml"), settings).expect("written");
        let server = ServerProcess::configured(port, &dir.path().join("data"), &dir.path().join("config.toml"));
        Self { server, dir }
    }

    /// A server with one command, a shell script.
    pub fn with_script(script: &str, more: &str) -> Self {
        Self::new(&script_command("test", script, more))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// In one step: the server may read it at any moment.
    fn write(&self, name: &str, text: &str) {
        fs::write(self.path("new"), text).expect("written");
        fs::rename(self.path("new"), self.path(name)).expect("renamed");
    }

    pub async fn member(&self, handle: &str) -> Client {
        member(&self.server, handle).await
    }
}

pub fn script_command(name: &str, script: &str, more: &str) -> String {
    let run = json!(["sh", "-c", script, "sh"]);
    format!("[[commands]]\nname = {name:?}\nhelp = \"is a test\"\nallow = \"guests\"\nrun = {run}\n{more}\n")
}

pub async fn member(server: &ServerProcess, handle: &str) -> Client {
    let mut client = Client::connect(server.address(), "/ws", &[]).await;
    client.send(json!({"type": "hello", "handle": handle, "locale": "en"})).await;
    client.send(json!({"type": "join", "room": "lobby"})).await;
    client.expect("joined").await;
    client
}

/// Asks for a command; the job's id.
async fn ask(client: &mut Client, line: &str) -> String {
    client.send(json!({"room": "lobby", "message": line})).await;
    client.expect("loading").await["job"].as_str().expect("an id").to_owned()
}

async fn answer(client: &mut Client, job: &str) -> Value {
    client.expect_where("message", |frame| frame["job"] == job && frame["role"] == "bot").await
}

/// What a command answers, and how its job ended.
pub async fn asked(client: &mut Client, line: &str) -> (String, String) {
    let job = ask(client, line).await;
    let told = answer(client, &job).await;
    let text = |key: &str| told[key].as_str().expect("text").to_owned();
    (text("message"), text("job_state"))
}

async fn delta(client: &mut Client, job: &str) -> String {
    let frame = client.expect_where("delta", |frame| frame["job"] == job).await;
    frame["text"].as_str().expect("text").to_owned()
}

/// Whether there is such a process, dead ones that nobody has waited for included.
fn exists(id: &str) -> bool {
    assert!(id.parse::<u32>().is_ok(), "{id:?}");
    Path::new("/proc").join(id).exists()
}

/// How long it takes from `start` until none of the processes is in the table any more.
async fn time_to_end(start: Instant, ids: &[String]) -> Duration {
    while ids.iter().any(|id| exists(id)) && start.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    start.elapsed()
}

const LINE_BY_LINE: &str = r#"
import json, os, sys, time
request = json.load(sys.stdin)
for number in (1, 2, 3):
    print(f"line {number} for {request['handle']}", flush=True)
    while not os.path.exists(f"go{number}"):
        time.sleep(0.01)
print(json.dumps({"progress": 50, "text": "half"}), flush=True)
print(json.dumps({"message": "by the way"}), flush=True)
print("done", *sys.argv[1:], sep="|", flush=True)
print("for the log", file=sys.stderr)
"#;

#[tokio::test]
async fn the_room_sees_each_line_of_a_python_command_as_it_is_printed() {
    let setup = Setup::new(
        "[[commands]]\nname = \"lines\"\nhelp = \"x\"\nallow = \"guests\"\nrun = [\"python3\", \"lines.py\"]",
    );
    setup.write("lines.py", LINE_BY_LINE);
    let (mut ann, mut bob) = (setup.member("Ann").await, setup.member("Bob").await);
    let job = ask(&mut ann, "/lines \"New York\" 'a b' c").await;
    for number in 1..=3 {
        for client in [&mut ann, &mut bob] {
            assert_eq!(delta(client, &job).await, format!("line {number} for Ann\n"));
        }
        // Only now it prints the next.
        setup.write(&format!("go{number}"), "");
    }
    let halfway = ann.expect_where("job", |frame| frame["job"]["progress"] == 50).await;
    assert_eq!(halfway["job"]["text"], "half");
    let aside = ann.expect_where("message", |frame| frame["message"] == "by the way").await;
    assert_eq!((&aside["role"], &aside["job"]), (&json!("bot"), &Value::Null));
    let told = answer(&mut ann, &job).await;
    assert_eq!(told["message"], "line 1 for Ann\nline 2 for Ann\nline 3 for Ann\ndone|New York|a b|c");
    assert_eq!(told["job_state"], "completed");
    let path = format!("http://{}/api/jobs/{job}", setup.server.address());
    let details = Request::new("GET", &path).by_owner().send().await.json();
    assert_eq!(details["log"][0]["text"], "for the log");
}

#[tokio::test]
async fn a_program_gets_the_request_and_nothing_else() {
    let setup = Setup::with_script("cat; env | sort >&2; pwd >&2", "environment = { CITY = \"Ulm\" }\ndir = \"sub\"");
    fs::create_dir(setup.path("sub")).expect("a folder");
    let mut ann = setup.member("Ann").await;
    let job = ask(&mut ann, "/test $(id) #1 it's").await;
    let told = answer(&mut ann, &job).await;
    let mut request: Value = serde_json::from_str(told["message"].as_str().expect("text")).expect("JSON");
    assert_eq!(request["id"].take(), job);
    let expected = json!({
        "id": null, "command": "test", "arguments": "$(id) #1 it's", "argv": ["$(id)", "#1", "it's"], "handle": "Ann",
        "room": "lobby", "locale": "en", "attempt": 1,
    });
    assert_eq!(request, expected);
    let path = format!("http://{}/api/jobs/{job}", setup.server.address());
    let details = Request::new("GET", &path).by_owner().send().await.json();
    let log: Vec<_> =
        details["log"].as_array().expect("a log").iter().filter_map(|line| line["text"].as_str()).collect();
    let names: Vec<_> = log.iter().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert_eq!(names, ["CITY", "HOME", "LANG", "PATH", "PWD", "PYTHONUNBUFFERED", "TMPDIR"], "PWD is the shell's own");
    assert_eq!(log.last().map(|dir| Path::new(dir).ends_with("sub")), Some(true));
}

#[tokio::test]
async fn words_of_people_are_options_only_where_the_command_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("x"), "").expect("written");
    let folder = dir.path().to_str().expect("UTF-8");
    let command = |name: &str, run: &[&str], more: &str| {
        format!("[[commands]]\nname = {name:?}\nhelp = \"x\"\nallow = \"guests\"\nrun = {}\n{more}\n", json!(run))
    };
    let settings = [
        command("find", &["find", folder, "-name"], ""),
        command("whole", &["echo"], "words = \"-?[0-9]+\""),
        command("any", &["printf", "%s;"], "words = \".*\""),
        command("usual", &["printf", "%s;"], ""),
    ];
    let setup = Setup::new(&settings.concat());
    let mut ann = setup.member("Ann").await;
    let refused = |what: &str| (what.to_owned(), "failed".to_owned());
    for (line, told) in [
        ("/find x -o -maxdepth 0 -exec id ;", "\"find\" does not accept the option \"-o\"."),
        ("/find '-exec' id ;", "\"find\" does not accept the option \"-exec\"."),
        ("/whole -5 -x", "\"whole\" does not accept the option \"-x\"."),
        ("/whole 5 five", "\"whole\" does not accept \"five\"."),
        ("/usual -", "\"usual\" does not accept the option \"-\"."),
    ] {
        assert_eq!(asked(&mut ann, line).await, refused(told), "{line}");
    }
    for (line, told) in [
        ("/find x", format!("{folder}/x")),
        ("/whole -5 6", "-5 6".to_owned()),
        ("/any --a '' b", "--a;;b;".to_owned()),
        ("/usual a-b '' −5", "a-b;;−5;".to_owned()),
    ] {
        assert_eq!(asked(&mut ann, line).await, (told, "completed".to_owned()), "{line}");
    }
}

#[tokio::test]
async fn cancel_ends_a_program_and_its_children_within_a_second() {
    let deaf = "trap '' TERM; ";
    let setup = Setup::with_script(
        &format!(
            "{deaf}echo $$; sleep 600 & echo $!; (setsid sh -c \"{deaf}echo \\$\\$; sleep 600\" &); while :; do sleep 600; done"
        ),
        "",
    );
    let mut ann = setup.member("Ann").await;
    let job = ask(&mut ann, "/test").await;
    let mut ids: Vec<String> = Vec::new();
    while ids.len() < 3 {
        ids.extend(delta(&mut ann, &job).await.lines().map(str::to_owned));
    }
    assert!(ids.iter().all(|id| exists(id)));
    let start = Instant::now();
    ann.send(json!({"type": "cancel", "job": job})).await;
    assert_eq!(answer(&mut ann, &job).await["job_state"], "cancelled");
    let took = time_to_end(start, &ids).await;
    assert!(took < SECOND, "{took:?}");
}

#[tokio::test]
async fn a_killed_server_leaves_no_program_behind() {
    let mut setup =
        Setup::with_script("trap '' TERM; echo $$; sleep 600 & echo $!; setsid sleep 600 & echo $!; wait", "");
    let mut ann = setup.member("Ann").await;
    let job = ask(&mut ann, "/test").await;
    let mut ids: Vec<String> = Vec::new();
    while ids.len() < 3 {
        ids.extend(delta(&mut ann, &job).await.lines().map(str::to_owned));
    }
    let start = Instant::now();
    setup.server.kill();
    assert!(time_to_end(start, &ids).await < SECOND);
}

#[tokio::test]
async fn a_stop_ends_programs_and_the_next_start_runs_those_again_that_may() {
    let script = "echo x >> work/begun; echo $$; while [ ! -e go ]; do sleep 0.01; done; echo done";
    let mut setup = Setup::new(
        &(script_command("again", script, "on_restart = \"run_again\"")
            + &script_command("once", script, "")
            + "[server]\nstop_seconds = 1"),
    );
    let mut ann = setup.member("Ann").await;
    let (again, once) = (ask(&mut ann, "/again").await, ask(&mut ann, "/once").await);
    let mut ids = Vec::new();
    while ids.len() < 2 {
        ids.push(ann.expect("delta").await["text"].as_str().expect("text").trim().to_owned());
    }
    ann.close().await;
    assert_eq!(setup.server.terminate(), Some(0));
    assert!(!ids.iter().any(|id| exists(id)), "none outlives the server");
    setup.write("go", "");
    let config = setup.path("config.toml");
    setup.server = ServerProcess::configured(0, &setup.path("data"), &config);
    for (job, told, state) in [(again, "done", "completed"), (once, "Interrupted", "interrupted")] {
        let path = format!("http://{}/api/jobs/{job}", setup.server.address());
        let job = loop {
            let job = Request::new("GET", &path).by_owner().send().await.json();
            if !["queued", "running"].contains(&job["state"].as_str().expect("a state")) {
                break job;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert_eq!(job["state"], state);
        assert!(format!("{} {}", job["result"], job["error"]["message"]).contains(told), "{job}");
    }
    assert_eq!(fs::read_to_string(setup.path("work/begun")).expect("a file"), "x\n".repeat(3), "one of them twice");
}

#[tokio::test]
async fn no_more_of_a_command_run_at_a_time_than_it_allows() {
    let setup = Setup::with_script("echo $$; while [ ! -e go ]; do sleep 0.01; done", "at_once = 1");
    let mut ann = setup.member("Ann").await;
    let first = ask(&mut ann, "/test").await;
    delta(&mut ann, &first).await;
    let second = ask(&mut ann, "/test").await;
    let path = format!("http://{}/api/jobs/{second}", setup.server.address());
    assert_eq!(Request::new("GET", &path).by_owner().send().await.json()["state"], "queued");
    setup.write("go", "");
    assert_eq!(answer(&mut ann, &first).await["job_state"], "completed");
    assert_eq!(answer(&mut ann, &second).await["job_state"], "completed");
}

#[tokio::test]
async fn whatever_a_program_does_the_user_gets_one_clear_sentence() {
    let cases = [
        ("flood", "head -c 1G /dev/zero | tr '\\0' '\\n'", "", "\"flood\" said more than 1024 KiB and was stopped."),
        ("lines", "yes", "output_kb = 16", "\"lines\" said more than 16 KiB and was stopped."),
        (
            "three",
            "echo part; echo '{\"error\": \"the disk  is full\"}'; echo more; exit 3",
            "",
            "\"three\" failed with exit code 3: the disk is full",
        ),
        ("silent", "echo for the log >&2; exit 4", "", "\"silent\" failed with exit code 4."),
        ("crash", "kill -SEGV $$", "", "\"crash\" was ended by signal 11."),
        (
            "deaf",
            "trap '' TERM; while :; do sleep 600; done",
            "time_limit_seconds = 1",
            "\"deaf\" took longer than 1 seconds and was stopped.",
        ),
        ("fork", "for n in 1 2 3 4 5; do sleep 600 & setsid sleep 600 & done; echo five", "", "five"),
        ("hoard", "head -c 1G /dev/zero | tail -n 1 2>&1 | grep -o memory; exit 0", "memory_mb = 64", "memory"),
        ("mute", "exit 0", "", "mute: done."),
        ("json", "echo '{\"error\": 1}'; echo '{\"result\": [1, 2]}' | tr -d ' ' ; echo '{'", "", "[1,2]"),
        ("bytes", "printf '\\377\\n'", "", "\u{fffd}"),
    ];
    let mut settings: String = cases.iter().map(|(name, script, more, _)| script_command(name, script, more)).collect();
    settings
        .push_str("[[commands]]\nname = \"missing\"\nhelp = \"x\"\nallow = \"guests\"\nrun = [\"no-such-program\"]\n");
    settings.push_str("[[commands]]\nname = \"plain\"\nhelp = \"x\"\nallow = \"guests\"\nrun = [\"./config.toml\"]\n");
    settings.push_str(
        "[[commands]]\nname = \"homeless\"\nhelp = \"x\"\nallow = \"guests\"\nrun = [\"true\"]\ndir = \"gone\"\n",
    );
    let setup = Setup::new(&settings);
    let mut ann = setup.member("Ann").await;
    for (name, _, _, expected) in cases {
        let (told, _) = asked(&mut ann, &format!("/{name}")).await;
        assert_eq!(told, expected, "{name}");
    }
    let (told, state) = asked(&mut ann, "/missing").await;
    assert_eq!(told, "\"missing\" cannot run: there is no program \"no-such-program\" on this server.");
    assert_eq!(state, "failed");
    assert!(asked(&mut ann, "/plain").await.0.ends_with("is not an executable program."));
    assert!(asked(&mut ann, "/homeless").await.0.contains("there is no folder"));
    assert_eq!(asked(&mut ann, "/sum 1 2").await.0, "1 + 2 = 3", "the server goes on");
    let status = fs::read_to_string(format!("/proc/{}/status", setup.server.id())).expect("it runs");
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    assert!(peak.expect("a number") < 300_000, "KiB at most: {peak:?}");
}

#[tokio::test]
async fn standard_error_is_for_admins_only() {
    const PASSWORD: &str = "postgres://app:hunter2@db";
    let mut receiver = Receiver::start(&[("200 OK", "")]).await;
    let script = format!("echo working; echo connecting to {PASSWORD} >&2; exit 3");
    let settings = script_command("test", &script, "retries = 1")
        + &format!(
            "[[webhooks]]\nname = \"ci\"\nurl = \"http://{}/\"\nevents = [\"job\"]\n\
             [http]\nallow_private_hosts = [\"127.0.0.1\"]\n",
            receiver.address
        );
    let setup = Setup::new(&settings);
    let mut ann = setup.member("Ann").await;
    ann.send(json!({"type": "watch"})).await;
    ann.expect("watching").await;
    let job = ask(&mut ann, "/test").await;
    let mut shown = Vec::new();
    let told = ann.expect_noting("message", |frame| shown.push(frame.to_string())).await;
    assert_eq!((&told["job"], &told["message"]), (&json!(job), &json!("\"test\" failed with exit code 3.")));
    let told_of = |state: &str| shown.iter().any(|frame| frame.contains(&format!("\"state\":\"{state}\"")));
    assert!(told_of("retrying") && told_of("running"), "{shown:?}");
    shown.extend(ann.frames_until_pong().await.iter().map(Value::to_string));
    shown.push(receiver.posted().await.body);

    let address = setup.server.address();
    let paths = [format!("/api/jobs/{job}"), "/api/jobs?handle=Ann".to_owned(), "/api/rooms/lobby/messages".to_owned()];
    for path in &paths {
        let request = Request::new("GET", &format!("http://{address}{path}"));
        shown.push(request.send().await.text());
    }
    assert!(shown.iter().all(|text| !text.contains("hunter2")), "{shown:?}");
    let details = Request::new("GET", &format!("http://{address}{}", paths[0]));
    assert_eq!(details.send().await.json()["log"], Value::Null);
    let details = Request::new("GET", &format!("http://{address}{}", paths[0])).by_owner().send().await.json();
    let log: Vec<_> = details["log"].as_array().expect("a log").iter().map(|line| &line["text"]).collect();
    assert_eq!(log, vec![&json!(format!("connecting to {PASSWORD}")); 2]);
}

#[tokio::test]
async fn a_hangup_changes_the_commands_and_disconnects_nobody() {
    let setup = Setup::with_script("echo first; while [ ! -e go ]; do sleep 0.01; done; echo end", "");
    let mut ann = setup.member("Ann").await;
    ann.send(json!({"type": "hello", "locale": "zh-TW"})).await;
    ann.expect("welcome").await;
    let running = ask(&mut ann, "/test").await;
    assert_eq!(delta(&mut ann, &running).await, "first\n");

    let second = "[[commands]]\nname = \"other\"\nhelp = { en = \"new\", zh-Hant = \"新的\" }\nallow = \"guests\"\nrun = [\"echo\"]\narguments = \"<x>\"";
    setup.write("config.toml", second);
    setup.server.signal(Signal::HUP);
    let told = ann.expect("commands").await;
    let own = told["commands"].as_array().and_then(|all| all.last()).expect("commands");
    assert_eq!(
        own,
        &json!({"name": "other", "usage": "other <x>", "help": "新的", "example": "other", "slow": true, "allow": "user"})
    );
    assert_eq!(asked(&mut ann, "/other 一 二").await.0, "一 二");
    assert_eq!(asked(&mut ann, "/test").await.1, "failed", "the old one is gone");
    setup.write("go", "");
    assert_eq!(answer(&mut ann, &running).await["message"], "first\nend", "what ran comes to its end");

    for wrong in [
        "[[commands]]\nname = \"broken",
        "[[commands]]\nname = \"sum\"\nhelp = \"x\"\nallow = \"guests\"\nrun = [\"echo\"]",
    ] {
        setup.write("config.toml", wrong);
        setup.server.signal(Signal::HUP);
        assert_eq!(asked(&mut ann, "/sum 1 2").await.0, "1 + 2 = 3");
        assert_eq!(asked(&mut ann, "/other still").await.0, "still", "a wrong file changes nothing");
    }
}

/// A web server that answers as it is told, one request after the other.
struct Receiver {
    address: std::net::SocketAddr,
    requests: tokio::sync::mpsc::UnboundedReceiver<Posted>,
}

/// What a command posted.
struct Posted {
    headers: HashMap<String, String>,
    body: String,
}

impl Posted {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

impl Receiver {
    /// `answers` are `(status, body)`.
    async fn start(answers: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let answers: Vec<String> = answers
            .iter()
            .map(|(status, body)| format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
            .collect();
        let (sender, requests) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            for answer in answers {
                let Ok((stream, _)) = listener.accept().await else { return };
                let mut stream = BufReader::new(stream);
                let posted = read_request(&mut stream).await;
                stream.write_all(answer.as_bytes()).await.expect("the client reads");
                let _ = sender.send(posted);
            }
        });
        Self { address, requests }
    }

    async fn posted(&mut self) -> Posted {
        tokio::time::timeout(PATIENCE, self.requests.recv()).await.expect("in time").expect("a request")
    }

    /// Settings with this as the one command.
    fn settings(&self, more: &str) -> String {
        let url = format!("http://{}/tide", self.address);
        format!(
            "[[commands]]\nname = \"tide\"\nhelp = \"x\"\nallow = \"guests\"\nurl = {url:?}\nsecret = {SECRET:?}\n{more}\n[http]\n\
             allow_private_hosts = [\"127.0.0.1\"]\n"
        )
    }
}

const SECRET: &str = "a secret of some length";

async fn read_request(stream: &mut BufReader<TcpStream>) -> Posted {
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("a line");
        match line.trim_end().split_once(": ") {
            Some((name, value)) => drop(headers.insert(name.to_lowercase(), value.to_owned())),
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; headers["content-length"].parse().expect("a length")];
    stream.read_exact(&mut body).await.expect("a body");
    Posted { headers, body: String::from_utf8(body).expect("UTF-8") }
}

#[tokio::test]
async fn a_web_address_is_asked_with_a_signature_and_again_when_it_fails() {
    let mut receiver =
        Receiver::start(&[("500 Oops", "{\"result\": \"no\"}"), ("200 OK", "{\"text\": \"high at 6\"}")]).await;
    let setup = Setup::new(&receiver.settings("retries = 1"));
    let mut ann = setup.member("Ann").await;
    let job = ask(&mut ann, "/tide \"Port Said\"").await;
    let first = receiver.posted().await;
    let waiting = ann.expect_where("job", |frame| frame["job"]["state"] == "retrying").await;
    assert_eq!(waiting["job"]["attempts"], 2);
    let told = answer(&mut ann, &job).await;
    assert_eq!((&told["message"], &told["job_state"]), (&json!("high at 6"), &json!("completed")));
    let second = receiver.posted().await;
    for (posted, attempt) in [(first, 1), (second, 2)] {
        let request = posted.json();
        assert_eq!((&request["argv"], &request["attempt"]), (&json!(["Port Said"]), &json!(attempt)));
        assert_eq!((&request["id"], &posted.headers["x-chatbot-id"]), (&json!(job), &job));
        assert_eq!(request["callback"], Value::Null, "this server has no public address");
        let timestamp = &posted.headers["x-chatbot-timestamp"];
        let expected = Secret::new(SECRET).sign(timestamp, posted.body.as_bytes());
        assert_eq!(posted.headers["x-chatbot-signature"], expected);
    }
}

#[tokio::test]
async fn what_a_web_address_says_becomes_one_clear_sentence() {
    for (status, body, expected) in [
        ("200 OK", "plain words\n", "plain words"),
        ("200 OK", "{\"result\": {\"high\": 6}}", "{\"high\":6}"),
        ("204 No Content", "", "tide: done."),
        ("400 Bad Request", "{\"error\": \"which harbour?\"}", "\"tide\" says: which harbour?"),
        ("404 Not Found", "<html>", "\"tide\" was refused where it is answered: 404 Not Found."),
        ("302 Found\r\nlocation: http://127.0.0.1/", "", "\"tide\" was refused where it is answered: 302 Found."),
        (
            "202 Accepted",
            "",
            "\"tide\" wants to answer later, but this server has no address for that. Whoever runs it can set http.public_url.",
        ),
    ] {
        let receiver = Receiver::start(&[(status, body)]).await;
        let setup = Setup::new(&receiver.settings(""));
        let mut ann = setup.member("Ann").await;
        assert_eq!(asked(&mut ann, "/tide").await.0, expected, "{status}");
    }
    let gone = Receiver::start(&[]).await;
    let private = Setup::new(&gone.settings("").replace("\"127.0.0.1\"", ""));
    let mut ann = private.member("Ann").await;
    let told = asked(&mut ann, "/tide").await.0;
    assert!(told.starts_with("\"tide\" is answered at 127.0.0.1, which is not on the public internet"), "{told}");
}

#[tokio::test]
async fn a_web_address_may_answer_later_and_once() {
    let mut receiver = Receiver::start(&[("202 Accepted", ""), ("202 Accepted", "")]).await;
    let port = free_port();
    let setup = Setup::on(port, &(receiver.settings("") + &format!("public_url = \"http://127.0.0.1:{port}/\"\n")));
    let mut ann = setup.member("Ann").await;
    let job = ask(&mut ann, "/tide").await;
    let callback = receiver.posted().await.json()["callback"].as_str().expect("an address").to_owned();
    let post = |to: &str, body: Value| Request::new("POST", to).json(body).send();

    let guessed =
        callback.rsplit_once('/').expect("a token").0.to_owned() + "/0123456789abcdef0123456789abcdef01234567";
    assert_eq!(post(&guessed, json!({"result": "forged"})).await.refusal(), (404, "not_found".into()));
    assert_eq!(post(&callback, json!({"high": 6})).await.refusal(), (400, "missing_field".into()));
    assert_eq!(post(&callback, json!({"progress": 40, "text": "asking"})).await.status, 204);
    let halfway = ann.expect_where("job", |frame| frame["job"]["progress"] == 40).await;
    assert_eq!(halfway["job"]["text"], "asking");
    assert_eq!(post(&callback, json!({"result": "high at 6"})).await.status, 204);
    assert_eq!(answer(&mut ann, &job).await["message"], "high at 6");
    assert_eq!(post(&callback, json!({"result": "again"})).await.refusal(), (404, "not_found".into()));

    let cancelled = ask(&mut ann, "/tide").await;
    let callback = receiver.posted().await.json()["callback"].as_str().expect("an address").to_owned();
    ann.send(json!({"type": "cancel", "job": cancelled})).await;
    assert_eq!(answer(&mut ann, &cancelled).await["job_state"], "cancelled");
    assert_eq!(post(&callback, json!({"result": "too late"})).await.status, 404);
}

#[tokio::test]
async fn the_examples_run_as_they_are() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/config.toml");
    let server = ServerProcess::configured(0, dir.path(), &config);
    let mut ann = member(&server, "Ann").await;
    assert_eq!(asked(&mut ann, "/countdown 1").await.0, "1\nLift-off, Ann!");
    assert!(asked(&mut ann, "/countdown x").await.0.ends_with("I count down from a number, such as: countdown 5"));
    assert!(asked(&mut ann, "/space").await.0.contains("are free on /"));
}

/// A program that is ended with the test.
struct Helper(std::process::Child);

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_example_of_a_web_address_runs_as_it_is() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let port = free_port();
    let mut python = std::process::Command::new("python3");
    let python = python.arg(examples.join("dice_server.py")).arg(port.to_string()).stderr(Stdio::null());
    let _helper = Helper(python.spawn().expect("it starts"));
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let settings = fs::read_to_string(examples.join("config.toml")).expect("settings");
    let setup = Setup::new(&settings.replace(":8001", &format!(":{port}")));
    let mut ann = setup.member("Ann").await;
    assert_eq!(asked(&mut ann, "/dice 1").await.0, "Ann rolled 1.");
    assert_eq!(asked(&mut ann, "/dice many").await.0, "\"dice\" says: How many sides? For example: dice 20");
    setup.write("config.toml", &settings.replace(":8001", &format!(":{port}")).replace("change me", "changed it"));
    setup.server.signal(Signal::HUP);
    ann.expect("commands").await;
    assert_eq!(asked(&mut ann, "/dice 1").await.0, "\"dice\" says: Who are you?");
}
