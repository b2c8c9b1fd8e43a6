//! `chatbot jobs …` as people type it, against a real server.

use std::path::Path;

use serde_json::{Value, json};

use crate::command::{Said, chatbot, chatbot_on};
use crate::support::{Client, OWNER_KEY, ServerProcess};

/// A job command to the server on that data folder.
fn jobs(dir: &Path, arguments: &[&str]) -> Said {
    chatbot_on(dir, &[&["jobs"], arguments].concat())
}

fn jobs_with(environment: &[(&str, &str)], arguments: &[&str]) -> Said {
    chatbot(environment, &[&["jobs"], arguments].concat())
}

/// A client in the lobby that watches its jobs.
async fn member(server: &ServerProcess) -> Client {
    let mut client = Client::connect(server.address(), "/ws", &[]).await;
    client.send(json!({"type": "hello", "handle": "王小明", "locale": "en"})).await;
    client.send(json!({"type": "join", "room": "lobby"})).await;
    client.expect("joined").await;
    client
}

/// Asks for a job and waits until it is in a state; its id.
async fn job(client: &mut Client, line: &str, state: &str) -> String {
    client.send(json!({"room": "lobby", "message": line})).await;
    let fits = |frame: &Value| frame["job"]["line"] == line[1..] && frame["job"]["state"] == state;
    let frame = client.expect_where("job", fits).await;
    frame["job"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn the_server_on_this_machine_is_found_by_its_data_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[]);
    let mut client = member(&server).await;
    let done = job(&mut client, "/sum 1 2", "completed").await;
    let running = job(&mut client, "/sleep 600 咖啡", "running").await;

    let list = jobs(dir.path(), &["list"]).out();
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(lines[0].starts_with("ID ") && lines[1].starts_with(&running) && lines[2].starts_with(&done), "{list}");
    assert!(lines[1].contains("running") && lines[1].ends_with("王小明  lobby  sleep 600 咖啡"), "{list}");
    let list = jobs(dir.path(), &["list", "--state", "completed,failed"]).out();
    assert!(list.contains(&done) && !list.contains(&running), "{list}");
    assert_eq!(jobs(dir.path(), &["list", "--limit", "1"]).out().lines().count(), 2);

    let shown = jobs(dir.path(), &["show", &done]).out();
    for part in ["completed, attempt 1 of 1", "sum 1 2", "1 + 2 = 3", "王小明 in lobby", "CHANGES"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(jobs(dir.path(), &["cancel", &running]).out(), format!("{running}  told to stop\n"));
    client.expect_where("job", |frame| frame["job"]["state"] == "cancelled").await;
    assert!(jobs(dir.path(), &["retry", &running]).out().starts_with(&running));
    client.expect_where("job", |frame| frame["job"]["state"] == "running").await;
    let shown: Value = serde_json::from_str(&jobs(dir.path(), &["show", &running, "--json"]).out()).expect("JSON");
    assert_eq!((&shown["state"], &shown["attempt"]), (&json!("running"), &json!(2)));

    assert_eq!(jobs(dir.path(), &["drop", &done]).out(), format!("{done}  dropped\n"));
    let list: Value = serde_json::from_str(&jobs(dir.path(), &["list", "--json"]).out()).expect("JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_server_elsewhere_is_asked_by_address_and_key() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[]);
    let mut client = member(&server).await;
    let done = job(&mut client, "/sum 1 2", "completed").await;
    let url = format!("http://{}/", server.address());
    let with_key = jobs_with(&[("CHATBOT_KEY", OWNER_KEY)], &["--url", &url, "list"]);
    assert!(with_key.out().contains(&done));
    assert!(jobs_with(&[], &["list", "--url", &url, "--key", OWNER_KEY]).out().contains(&done));
    let wrong = jobs_with(&[("CHATBOT_KEY", "not the key")], &["list", "--url", &url]).error();
    assert!(wrong.contains("This key is not the right one.") && wrong.contains("CHATBOT_KEY"), "{wrong}");
    assert!(!wrong.contains("not the key"), "{wrong}");
    let without = jobs_with(&[], &["cancel", &done, "--url", &url]).error();
    assert!(without.contains("You may not do that here."), "{without}");
}

#[tokio::test]
async fn what_goes_wrong_is_told_in_one_sentence() {
    let dir = tempfile::tempdir().expect("a folder");
    let none = jobs(dir.path(), &["list"]).error();
    assert!(none.contains("no chatbot runs on the data folder"), "{none}");
    let mut server = ServerProcess::start(dir.path(), &[]);
    let unknown = jobs(dir.path(), &["cancel", "0192f0c1d2e37000800000000000000a"]).error();
    assert!(unknown.contains("0192f0c1d2e37000800000000000000a: There is no such job."), "{unknown}");
    assert!(jobs(dir.path(), &["show", "../rooms"]).error().contains("There is no such job."));
    assert!(jobs(dir.path(), &["list", "--state", "dancing"]).error().contains("no such state"));
    assert_eq!(jobs(dir.path(), &["cancel"]).code, Some(2));
    server.kill();
    let killed = jobs(dir.path(), &["list"]).error();
    assert!(killed.contains("nobody answers") && killed.contains("without a proper stop"), "{killed}");
    // Another server that came to the same port does not know the key.
    let (other, port) = (tempfile::tempdir().expect("a folder"), server.address().port());
    let mut elsewhere = ServerProcess::start_on(port, other.path(), &[]);
    assert!(jobs(dir.path(), &["list"]).error().contains("without a proper stop"));
    assert_eq!(jobs(other.path(), &["list"]).out().lines().count(), 1);
    assert_eq!(elsewhere.terminate(), Some(0));
    assert!(jobs(other.path(), &["list"]).error().contains("no chatbot runs"), "an ordered stop leaves no file");
}
