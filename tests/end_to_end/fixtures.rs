//! Kept stores of older schemas: unpacked for the tests of upgrades, and made. `tests/data/README.md` says what they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::documents::{self, wait_for};
use crate::support::{Client, OWNER_KEY, Request, ServerProcess};

/// One visitor for each language.
const VISITORS: [(&str, &str, &str); 3] = [("Ann", "en", "a"), ("小明", "zh-Hans", "b"), ("阿美", "zh-Hant", "c")];

/// What each of them says in every room.
const LINES: [&str; 4] = ["Good morning", "今天的会议改到下午三点。", "今天的會議改到下午三點。", "🌱 two\nlines"];

/// Commands and webhooks of the kept servers. Nobody listens on the discard port.
const SETTINGS: &str = r#"
[jobs]
workers = 2
keep_days = 36500

[[webhooks]]
name = "ci"
url = "http://127.0.0.1:9/events"
events = ["message", "job"]
room = "garden"
pattern = "gate"

[[commands]]
name = "dead-end"
help = "always fails"
run = ["false"]
retries = 1

[[commands]]
name = "wait"
help = "is done once at a time"
run = ["sleep", "600"]
unique = true
time_limit_seconds = 900
"#;

/// The data folder of a server of the given schema that was killed, and what it said of its content before.
pub struct Fixture {
    dir: TempDir,
    pub expected: Value,
}

impl Fixture {
    pub fn unpack(schema: u32) -> Self {
        let kept = folder(schema);
        let dir = tempfile::tempdir().expect("a temporary folder");
        run(Command::new("tar").arg("-xzf").arg(kept.join("data.tar.gz")).arg("-C").arg(dir.path()));
        let expected = fs::read(kept.join("expected.json")).expect("readable");
        fs::write(dir.path().join("config.toml"), SETTINGS).expect("written");
        Self { dir, expected: serde_json::from_slice(&expected).expect("JSON") }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Starts this version of the program on it.
    pub fn serve(&self) -> ServerProcess {
        ServerProcess::configured(0, &self.data_dir(), &self.dir.path().join("config.toml"))
    }
}

fn folder(schema: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/schema-{schema}"))
}

fn run(command: &mut Command) {
    assert!(command.status().expect("it runs").success(), "{command:?} failed");
}

pub fn cookie(letter: &str) -> String {
    format!("chatbot_visitor={}", letter.repeat(40))
}

/// A request of the owner's; its answer.
async fn owner(server: &ServerProcess, method: &str, path: &str, body: Option<Value>) -> Value {
    let request = Request::new(method, &format!("http://{}{path}", server.address())).by_owner();
    let answer = match body {
        Some(body) => request.json(body).send().await,
        None => request.send().await,
    };
    assert!(answer.status < 300, "{method} {path}: {}", answer.text());
    if answer.bytes.is_empty() { Value::Null } else { answer.json() }
}

async fn visitor(server: &ServerProcess, (handle, locale, letter): (&str, &str, &str)) -> Client {
    let mut client = Client::connect(server.address(), "/ws", &[("cookie", &cookie(letter))]).await;
    let hello = json!({"type": "hello", "handle": handle, "locale": locale, "time_zone": "Asia/Taipei"});
    client.send(hello).await;
    client.expect("welcome").await;
    client
}

/// Says a command and waits until a job of it is in that state; its id.
async fn ask(client: &mut Client, room: &str, line: &str, state: &str) -> String {
    client.send(json!({"type": "join", "room": room})).await;
    client.expect("joined").await;
    client.send(json!({"room": room, "message": line})).await;
    let told = client.expect_where("job", |frame| frame["job"]["state"] == state).await;
    told["job"]["id"].as_str().expect("an id").to_owned()
}

/// What a server says it has; `visitors` are the letters of those whose private rooms are read.
pub async fn content(server: &ServerProcess, visitors: &[&str]) -> Value {
    let mut rooms = Vec::new();
    for room in owner(server, "GET", "/api/rooms", None).await["rooms"].as_array().expect("rooms") {
        let name = room["name"].as_str().expect("a name");
        let mut room = owner(server, "GET", &format!("/api/rooms/{name}"), None).await;
        let path = format!("/api/rooms/{name}/messages?after=0&limit=200");
        room["messages"] = owner(server, "GET", &path, None).await["messages"].take();
        rooms.push(room);
    }
    let mut private = json!({});
    let mut epoch = Value::Null;
    for letter in visitors {
        let mut client = Client::connect(server.address(), "/ws", &[("cookie", &cookie(letter))]).await;
        client.send(json!({"type": "join", "room": "@bot", "after": 0})).await;
        let mut joined = client.expect("joined").await;
        private[letter] = joined["messages"].take();
        epoch = joined["epoch"].take();
    }
    let mut jobs = Vec::new();
    for job in owner(server, "GET", "/api/jobs?limit=500", None).await["jobs"].as_array().expect("jobs") {
        jobs.push(owner(server, "GET", &format!("/api/jobs/{}", job["id"].as_str().expect("an id")), None).await);
    }
    let mut found = Vec::new();
    for document in owner(server, "GET", "/api/documents", None).await["documents"].as_array().expect("documents") {
        let path = format!("/api/documents/{}", document["id"].as_str().expect("an id"));
        found.push(owner(server, "GET", &path, None).await);
    }
    json!({
        "epoch": epoch,
        "rooms": rooms,
        "private": private,
        "jobs": jobs,
        "schedules": owner(server, "GET", "/api/schedules", None).await["schedules"].take(),
        "hooks": owner(server, "GET", "/api/hooks", None).await["hooks"].take(),
        "documents": found,
    })
}

/// Makes `tests/data/schema-N`, where N is what the environment's `FIXTURE_SCHEMA` says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "makes files in tests/data; see there"]
async fn make() {
    let schema = std::env::var("FIXTURE_SCHEMA").ok().and_then(|schema| schema.parse().ok());
    let target = folder(schema.expect("FIXTURE_SCHEMA is a number"));
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (data, config) = (dir.path().join("data"), dir.path().join("config.toml"));
    fs::write(&config, SETTINGS).expect("written");

    let mut server = ServerProcess::configured(0, &data, &config);
    let hook = fill(&server).await;
    // What runs now will be interrupted.
    let mut ann = visitor(&server, VISITORS[0]).await;
    ask(&mut ann, "lobby", "/sleep 600 interrupted", "running").await;
    server.kill();

    let mut server = ServerProcess::configured(0, &data, &config);
    let mut ann = visitor(&server, VISITORS[0]).await;
    ann.say("garden", "The gate is open 门开着").await;
    // Three jobs and a message that nobody wants to hear of.
    let path = "/api/jobs?name=deliver%20webhook&state=retrying";
    wait_for(&format!("http://{}{path}", server.address()), |list| {
        list["jobs"].as_array().is_some_and(|jobs| jobs.len() == 4)
    })
    .await;
    ask(&mut ann, "lobby", "/wait", "running").await;
    ann.send(json!({"room": "lobby", "message": "/wait"})).await;
    ask(&mut ann, "lobby", "/sleep 600 running", "queued").await;
    let mut expected = content(&server, &VISITORS.map(|(_, _, letter)| letter)).await;
    expected["hook"] = json!(hook);
    server.kill();

    fs::create_dir_all(&target).expect("a folder");
    let archive = target.join("data.tar.gz");
    // The indexes are made anew of what is stored.
    let mut pack = Command::new("tar");
    pack.args(["--sparse", "--exclude=data/index", "-czf"]).arg(&archive).arg("-C").arg(dir.path()).arg("data");
    run(pack.env("GZIP", "-9"));
    let text = serde_json::to_string_pretty(&expected).expect("JSON");
    fs::write(target.join("expected.json"), text + "\n").expect("written");
}

/// All kinds of things; a hook's address.
async fn fill(server: &ServerProcess) -> String {
    // A restart keeps it.
    owner(server, "POST", "/api/session", Some(json!({"key": OWNER_KEY}))).await;
    for (visitor_index, who) in VISITORS.into_iter().enumerate() {
        let mut client = visitor(server, who).await;
        for room in ["lobby", "garden", "大厅"] {
            for line in LINES {
                client.say(room, line).await;
                // Without an id of the client's own.
                client.send(json!({"room": room, "message": format!("{line} ({visitor_index})")})).await;
                client.expect("ack").await;
            }
        }
        ask(&mut client, "@bot", "/sum 1 2 3", "completed").await;
        ask(&mut client, "@bot", "/echo 一二三 二三四", "completed").await;
        ask(&mut client, "@bot", "When does the library open?", "completed").await;
        ask(&mut client, "garden", "/sum 40 2", "completed").await;
    }
    let mut ann = visitor(server, VISITORS[0]).await;
    ann.send(json!({"room": "lobby", "message": "once", "id": "the client's own id"})).await;
    ann.expect("ack").await;

    ask(&mut ann, "lobby", "/sum one two", "failed").await;
    ask(&mut ann, "lobby", "/dead-end", "dead").await;
    let slow = ask(&mut ann, "lobby", "/sleep 600 cancelled", "running").await;
    owner(server, "POST", &format!("/api/jobs/{slow}/cancel"), None).await;
    ask(&mut ann, "lobby", "/remind 2031-11-01 9:00 renew the licence", "completed").await;
    ask(&mut ann, "lobby", "/every \"0 9 29 2 *\" echo leap day", "completed").await;
    ask(&mut ann, "lobby", "/every day 9:00 echo x", "completed").await;
    ask(&mut ann, "lobby", "/schedules pause 3", "completed").await;

    documents(server).await;
    let asked = owner(server, "POST", "/api/ask", Some(json!({"question": "When does the library open?"}))).await;
    let job = format!("http://{}/api/jobs/{}", server.address(), asked["job"].as_str().expect("an id"));
    wait_for(&job, |job| job["state"] == "completed").await;

    let persona = json!({"greeting": {"en": "Welcome", "zh-Hans": "欢迎"}, "working": {"en": "One moment"}});
    owner(server, "PATCH", "/api/rooms/garden", Some(json!({"bot": "never", "persona": persona}))).await;
    owner(server, "PATCH", "/api/rooms/lobby", Some(json!({"bot": "mention"}))).await;
    let hook = owner(server, "POST", "/api/hooks", Some(json!({"room": "garden", "name": "CI"}))).await;
    let hook = hook["url"].as_str().expect("a path").to_owned();
    let posted = Request::new("POST", &format!("http://{}{hook}", server.address()));
    assert_eq!(posted.json(json!({"text": "Build 7 passed"})).send().await.status, 200);

    // A plain message, one with a job, and the answer to another.
    for (room, seq) in [("lobby", 3), ("garden", 9), ("garden", 10), ("大厅", 1), ("lobby", 4), ("lobby", 26)] {
        owner(server, "DELETE", &format!("/api/rooms/{room}/messages/{seq}"), None).await;
    }
    ann.say("lobby", "after the deletions").await;
    hook
}

async fn documents(server: &ServerProcess) {
    for document in [
        json!({"title": "Opening hours", "text": "# Library\nThe library opens at nine.", "author": "Ann"}),
        json!({"title": "常见问题", "text": "## 图书馆几点开门？\n九点。\n", "kind": "faq", "room": "lobby"}),
    ] {
        let added = documents::add(server.address(), document).await;
        documents::searchable(server.address(), &documents::id(&added)).await;
    }
    let file = "The gate closes at six.".repeat(20);
    let form = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"gate.txt\"\r\n\r\n{file}\r\n--edge--\r\n"
    );
    let request = Request::new("POST", &format!("http://{}/api/documents", server.address())).by_owner();
    let added = request.header("content-type", "multipart/form-data; boundary=edge").body(form).send().await;
    assert_eq!(added.status, 201, "{}", added.text());
}
