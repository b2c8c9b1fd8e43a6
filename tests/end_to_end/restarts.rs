//! What a stop and a crash do to work that is under way.

use std::path::Path;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::rooms::texts;
use crate::support::{Client, ServerProcess, TestServer};

/// One worker for long work, and little time for a stop.
const ENVIRONMENT: [(&str, &str); 2] = [("CHATBOT_JOBS__WORKERS", "2"), ("CHATBOT_SERVER__STOP_SECONDS", "1")];

async fn member(server: &ServerProcess) -> (Client, Value) {
    let mut client = Client::connect(server.address(), "/ws", &[]).await;
    client.send(json!({"type": "hello", "handle": "Ann", "locale": "en"})).await;
    client.send(json!({"type": "join", "room": "lobby", "after": 0})).await;
    let joined = client.expect("joined").await;
    (client, joined)
}

/// Starts a long job, and another that waits behind it.
async fn with_one_running_and_one_waiting(dir: &Path) -> ServerProcess {
    let server = ServerProcess::start(dir, &ENVIRONMENT);
    let (mut ann, _) = member(&server).await;
    ann.say("lobby", "/sleep 600 first").await;
    ann.expect_where("job", |frame| frame["job"]["state"] == "running").await;
    ann.say("lobby", "/sleep 0.1 second").await;
    server
}

/// After the restart the first is said to be interrupted, and the second is done.
async fn check(dir: &Path) {
    let server = ServerProcess::start(dir, &ENVIRONMENT);
    let (mut ann, joined) = member(&server).await;
    let mut told: Vec<String> = texts(&joined).into_iter().map(str::to_owned).collect();
    while told.len() < 4 {
        told.push(ann.expect("message").await["message"].as_str().expect("text").to_owned());
    }
    assert_eq!(told[..2], ["/sleep 600 first", "/sleep 0.1 second"]);
    told[2..].sort();
    assert_eq!(told[2..], ["Interrupted because the server stopped: sleep 600 first", "second: done after 0.1 s."]);
    assert_eq!(ann.say("lobby", "and on").await, 5, "each is answered once");
    let (_, joined) = member(&server).await;
    assert_eq!(joined["jobs"], json!([]));
}

#[tokio::test]
async fn after_a_kill_long_work_is_interrupted_and_what_waited_runs() {
    let dir = tempfile::tempdir().expect("a folder");
    with_one_running_and_one_waiting(dir.path()).await.kill();
    check(dir.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_stop_long_work_is_interrupted_and_what_waited_runs() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut server = with_one_running_and_one_waiting(dir.path()).await;
    assert_eq!(server.terminate(), Some(0), "a stop is no failure");
    check(dir.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_may_run_again_does_after_a_kill() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let line = format!("/status http://{}/", silent.local_addr().expect("an address"));
    let environment = [("CHATBOT_HTTP__ALLOW_PRIVATE_HOSTS", "127.0.0.1")];
    let dir = tempfile::tempdir().expect("a folder");
    let mut server = ServerProcess::start(dir.path(), &environment);
    let (mut ann, _) = member(&server).await;
    ann.say("lobby", &line).await;
    let first = silent.accept().await.expect("asked");
    server.kill();
    let server = ServerProcess::start(dir.path(), &environment);
    let (mut second, _) = silent.accept().await.expect("asked again");
    let (mut ann, joined) = member(&server).await;
    assert_eq!(joined["jobs"][0]["attempt"], 2);
    assert!(second.read(&mut [0; 2048]).await.is_ok_and(|read| read > 0));
    second.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.expect("answered");
    let answer = ann.expect_where("message", |frame| frame["role"] == "bot").await;
    assert!(answer["message"].as_str().is_some_and(|words| words.contains("200 OK")), "{answer}");
    drop(first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_the_same_data_says_so_and_ends() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[]);
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_chatbot"))
        .args(["serve", "--host", "127.0.0.1", "--port", "0", "--data-dir"])
        .arg(dir.path())
        .env_remove("PORT")
        .output()
        .expect("it runs");
    assert_eq!(second.status.code(), Some(1));
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(words.contains("another chatbot is using"), "{words}");
    assert_eq!(member(&server).await.1["last"], 0, "the first goes on");
}

#[tokio::test]
async fn a_data_folder_that_others_could_read_becomes_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder");
    for (name, before) in [("new", None), ("old", Some(0o755))] {
        let data = dir.path().join(name);
        if let Some(mode) = before {
            std::fs::create_dir(&data).expect("made");
            std::fs::set_permissions(&data, std::fs::Permissions::from_mode(mode)).expect("set");
        }
        TestServer::on(&data).await.stop().await.expect("a clean stop");
        let mode = std::fs::metadata(&data).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{name}");
    }
}
