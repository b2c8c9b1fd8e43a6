//! `chatbot export` and `chatbot import`: history that leaves and comes, from other chats too.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::rooms::texts;
use crate::support::{Browser, TestServer};

async fn run(arguments: &[&str], dir: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatbot"));
    command.args(arguments).arg("--data-dir").arg(dir.join("data")).current_dir(dir);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("the program runs")
}

async fn printed(arguments: &[&str], dir: &Path) -> String {
    let output = run(arguments, dir).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

async fn complaint(arguments: &[&str], dir: &Path) -> String {
    let output = run(arguments, dir).await;
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).expect("text")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("an export");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, content).expect("written");
}

/// What a room has, once what was imported is served.
async fn history(dir: &Path, room: &str) -> Vec<(String, String, String)> {
    let server = TestServer::on(&dir.join("data")).await;
    let (_, joined) = server.member("Reader", room).await;
    let messages = joined["messages"].as_array().expect("messages").clone();
    server.stop().await.expect("a clean stop");
    chatbot::store::audit(&dir.join("data/store")).expect("no contradiction");
    let text = |message: &Value, key: &str| message[key].as_str().unwrap_or_default().to_owned();
    messages.iter().map(|one| (text(one, "handle"), text(one, "message"), text(one, "timestamp"))).collect()
}

#[tokio::test]
async fn what_is_exported_is_imported_elsewhere_as_it_was() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(&dir.path().join("data")).await;
    let (mut ann, _) = server.member("Ann", "garden").await;
    ann.say("garden", "first <b>& best</b>").await;
    ann.say("garden", "to be deleted").await;
    let deleted = server.request("DELETE", "/api/rooms/garden/messages/2").by_owner().send().await;
    assert_eq!(deleted.status, 204);
    ann.say("lobby", "elsewhere").await;
    let mut pat = Browser::with_account(&server, "Pat", "member").await;
    let said = json!({"message": "by Pat"});
    assert_eq!(pat.ask(&server, "POST", "/api/rooms/garden/messages", said).await.status, 201);
    // While the server runs, and when it does not.
    let told = printed(&["export", "running.jsonl"], dir.path()).await;
    assert!(told.contains("messages of"), "{told}");
    printed(&["export", "garden.jsonl", "--room", "garden"], dir.path()).await;
    let streamed = printed(&["export", "-", "--room", "garden"], dir.path()).await;
    assert_eq!(streamed, fs::read_to_string(dir.path().join("garden.jsonl")).expect("an export"));
    assert!(complaint(&["export", "-", "--html"], dir.path()).await.contains("folder"));
    server.stop().await.expect("a clean stop");
    printed(&["export", "stopped.jsonl"], dir.path()).await;
    assert_eq!(lines(&dir.path().join("running.jsonl")), lines(&dir.path().join("stopped.jsonl")));
    let garden = lines(&dir.path().join("garden.jsonl"));
    assert_eq!(garden[0]["version"], 1);
    assert_eq!((&garden[1]["type"], &garden[1]["name"]), (&json!("room"), &json!("garden")));
    assert_eq!(garden.len(), 5);
    assert_eq!((&garden[3]["deleted"], &garden[3]["text"]), (&json!(true), &json!("")));
    printed(&["export", "pat.jsonl", "--person", "Pat"], dir.path()).await;
    let of_pat = lines(&dir.path().join("pat.jsonl"));
    assert_eq!((of_pat.len(), &of_pat[2]["text"]), (3, &json!("by Pat")));
    printed(&["export", "pages", "--html", "--room", "garden"], dir.path()).await;
    let page = fs::read_to_string(dir.path().join("pages/room-1.html")).expect("a page");
    assert!(page.contains("first &lt;b&gt;&amp; best") && page.contains("by Pat") && !page.contains("to be deleted"));
    assert!(complaint(&["export", "pages", "--html"], dir.path()).await.contains("is there already"));
    assert!(complaint(&["export", "x", "--room", "nowhere"], dir.path()).await.contains("no room"));
    assert!(!dir.path().join("x").exists());

    let elsewhere = tempfile::tempdir().expect("a folder");
    fs::copy(dir.path().join("garden.jsonl"), elsewhere.path().join("garden.jsonl")).expect("copied");
    let told = printed(&["import", "garden.jsonl"], elsewhere.path()).await;
    assert_eq!(told, "3 messages; 1 new rooms\n");
    let told = printed(&["import", "garden.jsonl"], elsewhere.path()).await;
    assert_eq!(told, "0 messages; 0 new rooms\n3 were there already\n");
    assert_eq!(history(elsewhere.path(), "garden").await, history(dir.path(), "garden").await);
}

#[tokio::test]
async fn an_import_waits_for_the_server_to_stop_and_reads_before_it_writes() {
    let dir = tempfile::tempdir().expect("a folder");
    write(&dir.path().join("history.jsonl"), "{\"type\":\"export\",\"version\":1,\"program\":\"x\"}\n");
    let server = TestServer::on(&dir.path().join("data")).await;
    assert!(complaint(&["import", "history.jsonl"], dir.path()).await.contains("stop it first"));
    server.stop().await.expect("a clean stop");
    for (content, problem) in [
        ("{\"type\":\"export\",\"version\":2,\"program\":\"x\"}\n", "version 2"),
        ("{\"type\":\"room\",\"name\":\"x\"}\n", "does not begin"),
        ("{\"type\":\"export\",\"version\":1,\"program\":\"x\"}\nno JSON\n", "line 2"),
    ] {
        write(&dir.path().join("bad.jsonl"), content);
        let said = complaint(&["import", "bad.jsonl"], dir.path()).await;
        assert!(said.contains(problem), "{said}");
    }
    assert!(complaint(&["import", "nothing", "--format", "slack"], dir.path()).await.contains("users.json"));
}

fn expected(messages: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    messages.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

/// The same conversation in the formats of others, in a folder; where in it, and what the first author is called.
fn samples(dir: &Path) -> Vec<(&'static str, &'static str)> {
    let file = |name: &str, content: String| write(&dir.join(name), &content);
    file("slack/users.json", json!([{"id": "U1", "name": "ann", "profile": {"display_name": "Ann"}}, {"id": "U2", "name": "bob", "real_name": "Bob"}]).to_string());
    file("slack/channels.json", json!([{"id": "C1", "name": "garden", "topic": {"value": "What grows"}}]).to_string());
    file(
        "slack/garden/2026-01-31.json",
        json!([
            {"type": "message", "subtype": "channel_join", "user": "U1", "text": "<@U1> has joined", "ts": "1769850000.000000"},
            {"type": "message", "user": "U1", "text": "Hello &amp; good morning", "ts": "1769851800.000100"},
            {"type": "message", "user": "U2", "text": "Hi <@U1>", "ts": "1769851860.000200"},
        ])
        .to_string(),
    );
    file(
        "mattermost.jsonl",
        [
            json!({"type": "version", "version": 1}),
            json!({"type": "channel", "channel": {"team": "t", "name": "garden", "display_name": "Garden", "type": "O", "purpose": "What grows"}}),
            json!({"type": "user", "user": {"username": "Ann"}}),
            json!({"type": "post", "post": {"team": "t", "channel": "garden", "user": "Ann", "message": "Hello & good morning", "create_at": 1_769_851_800_000_u64,
                "replies": [{"user": "Bob", "message": "Hi @Ann", "create_at": 1_769_851_860_000_u64}]}}),
        ]
        .map(|line| line.to_string())
        .join("\n"),
    );
    file(
        "rocket/rocketchat_room.json",
        json!({"_id": "R1", "t": "c", "name": "garden", "topic": "What grows"}).to_string(),
    );
    file(
        "rocket/rocketchat_message.json",
        [
            json!({"_id": "M2", "rid": "R1", "msg": "Hi @Ann", "ts": {"$date": "2026-01-31T09:31:00.000Z"}, "u": {"username": "bob", "name": "Bob"}}),
            json!({"_id": "M1", "rid": "R1", "msg": "Hello & good morning", "ts": {"$date": "2026-01-31T09:30:00.000Z"}, "u": {"username": "ann", "name": "Ann"}}),
            json!({"_id": "M0", "rid": "R1", "t": "uj", "msg": "ann", "ts": {"$date": "2026-01-31T09:00:00.000Z"}}),
        ]
        .map(|line| line.to_string())
        .join("\n"),
    );
    file("campfire/rooms.json", json!({"rooms": [{"id": 7, "name": "garden", "topic": "What grows"}]}).to_string());
    file("campfire/users.json", json!({"users": [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}]}).to_string());
    file(
        "campfire/transcripts/7.json",
        json!({"messages": [
            {"id": 1, "user_id": 1, "body": null, "type": "EnterMessage", "created_at": "2026/01/31 09:00:00 +0000"},
            {"id": 2, "user_id": 1, "body": "Hello & good morning", "type": "TextMessage", "created_at": "2026/01/31 09:30:00 +0000"},
            {"id": 3, "user_id": 2, "body": "Hi @Ann", "type": "TextMessage", "created_at": "2026/01/31 09:31:00 +0000"},
        ]})
        .to_string(),
    );
    file(
        "django.json",
        json!([
            {"model": "auth.user", "pk": 1, "fields": {"username": "Ann"}},
            {"model": "auth.user", "pk": 2, "fields": {"username": "Bob"}},
            {"model": "auth.group", "pk": 1, "fields": {"name": "editors"}},
            {"model": "chat.room", "pk": 3, "fields": {"name": "garden"}},
            {"model": "chat.message", "pk": 1, "fields": {"room": 3, "user": 1, "content": "Hello & good morning", "timestamp": "2026-01-31T09:30:00Z"}},
            {"model": "chat.message", "pk": 2, "fields": {"room": 3, "user": 2, "content": "Hi @Ann", "timestamp": "2026-01-31T09:31:00Z"}},
        ])
        .to_string(),
    );
    vec![
        ("slack", "slack"),
        ("mattermost.jsonl", "mattermost"),
        ("rocket", "rocket-chat"),
        ("campfire", "campfire"),
        ("django.json", "django"),
    ]
}

#[tokio::test]
async fn the_history_of_other_chats_is_taken_in() {
    let conversation = expected(&[
        ("Ann", "Hello & good morning", "2026-01-31T09:30:00.000Z"),
        ("Bob", "Hi @Ann", "2026-01-31T09:31:00.000Z"),
    ]);
    let kept = tempfile::tempdir().expect("a folder");
    for (from, format) in samples(kept.path()) {
        let dir = tempfile::tempdir().expect("a folder");
        let from = kept.path().join(from).display().to_string();
        let told = printed(&["import", &from, "--format", format], dir.path()).await;
        assert_eq!(told, "2 messages; 1 new rooms\n", "{format}");
        let told = printed(&["import", &from, "--format", format], dir.path()).await;
        assert!(told.contains("2 were there already"), "{format}: {told}");
        assert_eq!(history(dir.path(), "garden").await, conversation, "{format}");
    }
}

#[tokio::test]
async fn who_has_an_account_keeps_what_was_said_before() {
    let (dir, samples_dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    samples(samples_dir.path());
    let server = TestServer::on(&dir.path().join("data")).await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    ann.ask(&server, "POST", "/api/rooms/garden/messages", json!({"message": "I was here first"})).await;
    server.stop().await.expect("a clean stop");
    let from = samples_dir.path().join("slack").display().to_string();
    printed(&["import", &from, "--format", "slack"], dir.path()).await;
    let server = TestServer::on(&dir.path().join("data")).await;
    let (mut client, _) = ann.connect(&server).await;
    client.send(json!({"type": "join", "room": "garden"})).await;
    let joined = client.expect("joined").await;
    assert_eq!(texts(&joined), ["I was here first", "Hello & good morning", "Hi @Ann"]);
    assert_eq!(client.say("garden", "and now").await, 4, "numbering goes on behind what was imported");
    server.stop().await.expect("a clean stop");
    printed(&["export", "ann.jsonl", "--person", "Ann"], dir.path()).await;
    assert_eq!(lines(&dir.path().join("ann.jsonl")).len(), 2 + 3, "what was imported is hers");
}
