//! `chatbot user`: accounts without a browser, whether the server runs or not.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{Client, Request, ServerProcess, TestServer};

/// Runs the command with a line on its standard input.
async fn user(dir: &Path, arguments: &[&str], line: &str) -> Output {
    chatbot(dir, &[&["user"], arguments].concat(), line).await
}

async fn chatbot(dir: &Path, arguments: &[&str], line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatbot"));
    command.args(arguments).arg("--data-dir").arg(dir);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let line = line.to_owned();
    let run = move || {
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // One that needs no line may have ended by now.
            let _ = writeln!(input, "{line}");
        }
        child.wait_with_output()
    };
    tokio::task::spawn_blocking(run).await.expect("no panic").expect("the program runs")
}

async fn printed(dir: &Path, arguments: &[&str], line: &str) -> String {
    let output = user(dir, arguments, line).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

async fn sign_in(server: &TestServer, password: &str) -> (u16, Value) {
    let form = json!({"name": "Olga", "password": password});
    let answer = server.request("POST", "/api/session").json(form).send().await;
    (answer.status, answer.json()["user"]["role"].clone())
}

#[tokio::test]
async fn accounts_are_made_and_changed_with_and_without_a_running_server() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path();
    assert_eq!(printed(path, &["add", "Olga", "--role", "owner"], "a first password").await, "Olga  owner\n");
    let server = TestServer::on(path).await;
    assert!(!server.has_first_invitation(), "there is an owner");
    assert_eq!(sign_in(&server, "a first password").await, (200, json!("owner")));

    let listed = printed(path, &["sessions", "Olga"], "").await;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert_eq!(printed(path, &["password", "Olga"], "a second password").await, "Olga  owner\n");
    assert_eq!(printed(path, &["sessions", "Olga"], "").await.lines().count(), 1, "signed out everywhere");
    assert_eq!(sign_in(&server, "a first password").await.0, 401);
    assert_eq!(printed(path, &["sessions", "Olga", "--end"], "").await, "Olga  signed out everywhere\n");
    assert_eq!(printed(path, &["add", "Ann"], "anns own password").await, "Ann  member\n");
    assert_eq!(printed(path, &["role", "Ann", "admin"], "").await, "Ann  admin\n");
    server.stop().await.expect("a clean stop");

    assert_eq!(printed(path, &["disable", "Ann"], "").await, "Ann  admin, disabled\n");
    let listed = printed(path, &["list"], "").await;
    let rows: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        (rows[1][..2].to_vec(), rows[2][..3].to_vec()),
        (vec!["Olga", "owner"], vec!["Ann", "admin", "disabled"])
    );
    let found: Value =
        serde_json::from_str(&printed(path, &["list", "--find", "nn", "--json"], "").await).expect("JSON");
    assert_eq!((&found[0]["name"], &found[0]["disabled"]), (&json!("Ann"), &json!(true)));
    assert_eq!(printed(path, &["enable", "Ann"], "").await, "Ann  admin\n");
    assert_eq!(printed(path, &["reset-factors", "Ann"], "").await, "Ann  admin\n");
    let server = TestServer::on(path).await;
    let log = server.request("GET", "/api/audit?q=Ann").by_owner().send().await.json();
    let entries = log["entries"].as_array().expect("entries");
    assert_eq!(entries.len(), 5, "what is done without the server is recorded, too: {log}");
    assert_eq!((&entries[0]["by"], &entries[0]["after"]["second_factor"]), (&json!("owner"), &json!(false)));
    server.stop().await.expect("a clean stop");
    chatbot::store::audit(&path.join("store")).expect("no contradiction");
}

fn at(server: &ServerProcess, method: &str, path: &str) -> Request {
    Request::new(method, &format!("http://{}{path}", server.address()))
}

/// Who somebody with this key is, on a server whose settings have none.
async fn role_by(key: &str, server: &ServerProcess) -> (u16, Value) {
    let request = at(server, "GET", "/api/session").header("authorization", &format!("Bearer {key}"));
    let answer = request.send().await;
    (answer.status, answer.json()["user"]["role"].clone())
}

#[tokio::test]
async fn the_owners_key_is_made_when_asked_for_and_then_replaced() {
    let dir = tempfile::tempdir().expect("a folder");
    let without_key = [("CHATBOT_ACCOUNTS__OWNER_KEY", "")];
    let new_key = async || {
        let output = chatbot(dir.path(), &["owner-key", "--new"], "").await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    let first = new_key().await;
    assert!(first.len() == 40 && first.chars().all(|c| c.is_ascii_hexdigit()), "{first}");
    let mut server = ServerProcess::start(dir.path(), &without_key);
    assert_eq!(role_by(&first, &server).await, (200, json!("owner")), "made while no server ran");
    let form = at(&server, "POST", "/api/session").json(json!({"key": first}));
    let cookie = form.send().await.header("set-cookie").split(';').next().expect("a pair").to_owned();
    let mut client = Client::connect(server.address(), "/ws", &[("cookie", &cookie)]).await;
    client.send(json!({"type": "hello"})).await;
    assert_eq!(client.expect("welcome").await["user"]["role"], "owner");

    let second = new_key().await;
    client.closed().await;
    assert_eq!(role_by(&first, &server).await.0, 401);
    assert_eq!(role_by(&second, &server).await, (200, json!("owner")));
    let log = at(&server, "GET", "/api/audit").header("authorization", &format!("Bearer {second}"));
    let log = log.send().await.json();
    assert_eq!(log["entries"].as_array().map(Vec::len), Some(2), "both are recorded: {log}");
    assert!(!log.to_string().contains(&second));
    server.kill();
    let server = ServerProcess::start(dir.path(), &without_key);
    assert_eq!(role_by(&second, &server).await, (200, json!("owner")), "it is as durable as anything");
}

#[tokio::test]
async fn a_key_of_the_settings_is_replaced_there_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let _server = ServerProcess::start(dir.path(), &[]);
    let output = chatbot(dir.path(), &["owner-key", "--new"], "").await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("accounts.owner_key"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    printed(dir.path(), &["add", "Olga", "--role", "owner"], "a good password").await;
    for (arguments, line, words) in [
        (&["add", "olga"][..], "a good password", "is taken"),
        (&["add", "Ann"], "short", "at least 8 characters"),
        (&["add", "admin"], "a good password", "taken by the program"),
        (&["add", "Ann", "--role", "king"], "", "one of member, moderator, admin and owner"),
        (&["disable", "Nobody"], "", "no account with the name"),
    ] {
        let output = user(dir.path(), arguments, line).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn an_account_of_the_command_line_voids_the_link_that_was_printed() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let token = server.first_invitation().to_owned();
    printed(dir.path(), &["add", "Olga", "--role", "owner"], "a good password").await;
    let form = json!({"invitation": token, "name": "Eve", "password": "another password"});
    let joined = server.request("POST", "/api/accounts").json(form).send().await;
    assert_eq!(joined.refusal(), (404, "bad_invitation".into()));
}
