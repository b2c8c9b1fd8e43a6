//! Who may run which command, and where: from the configuration and as the owner sets it, whichever way a command is started.

use chatbot::config::{AllowedTo, CommandPermission};
use serde_json::{Value, json};

use crate::support::{Browser, Client, ServerProcess, TestServer, free_port};

/// A server on which `sum` is for members in the room `ops`.
async fn server() -> TestServer {
    TestServer::with(|config| {
        let permission = CommandPermission { allow: AllowedTo::Members, rooms: vec!["ops".to_owned()] };
        config.command_permissions.insert("sum".to_owned(), permission);
    })
    .await
}

async fn by_owner(server: &TestServer, method: &str, path: &str, body: Value) -> Value {
    let answer = server.request(method, path).by_owner().json(body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn permit(server: &TestServer, name: &str, rule: Value) -> Value {
    by_owner(server, "PUT", &format!("/api/commands/{name}/permission"), rule).await
}

/// What is said to whoever may not run a command.
async fn refusal(client: &mut Client, room: &str, line: &str) -> String {
    client.send(json!({"room": room, "message": line})).await;
    let error = client.expect("error").await;
    assert_eq!(error["code"], "forbidden");
    error["message"].as_str().expect("words").to_owned()
}

async fn answer(client: &mut Client, room: &str, line: &str) -> String {
    client.send(json!({"type": "join", "room": room})).await;
    client.expect("joined").await;
    let seq = client.say(room, line).await;
    let answer = client.expect_where("message", |frame| frame["reply_to"] == seq).await;
    answer["message"].as_str().expect("words").to_owned()
}

fn command<'a>(frame: &'a Value, name: &str) -> &'a Value {
    let commands = frame["commands"].as_array().expect("commands");
    commands.iter().find(|command| command["name"] == name).expect("the command")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_holds_for_every_way_to_start_a_command() {
    let server = server().await;
    let mut guest = Browser::open(&server).await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let (mut ann, _) = guest.connect(&server).await;
    let (mut connected, _) = bob.connect(&server).await;
    assert_eq!(
        refusal(&mut ann, "ops", "/sum 1 2").await,
        "Only people with an account may run \"sum\". Please sign in."
    );
    assert_eq!(
        refusal(&mut ann, "@bot", "sum 1 2").await,
        "Only people with an account may run \"sum\". Please sign in."
    );
    assert_eq!(refusal(&mut connected, "lobby", "/sum 1 2").await, "\"sum\" runs only in these rooms: ops.");
    assert_eq!(answer(&mut connected, "ops", "/sum 1 2").await, "1 + 2 = 3");

    let job = |room: &str| json!({"name": "sum", "arguments": "1 2", "room": room});
    let message = json!({"message": "/sum 1 2"});
    for (browser, method, path, body, status) in [
        (&guest, "POST", "/api/rooms/ops/messages", message.clone(), 403),
        (&guest, "POST", "/api/jobs", job("ops"), 403),
        (&guest, "POST", "/api/jobs", json!({"name": "sum", "arguments": "1 2"}), 403),
        (&bob, "POST", "/api/jobs", job("lobby"), 403),
        (&bob, "POST", "/api/jobs", job("ops"), 201),
        (&bob, "POST", "/api/rooms/ops/messages", message, 201),
    ] {
        assert_eq!(
            browser.clone().ask(&server, method, path, body.clone()).await.status,
            status,
            "{method} {path} {body}"
        );
    }
    // Without a cookie, where the job says nothing in any room.
    let quiet = server.request("POST", "/api/jobs").json(json!({"name": "sum", "arguments": "1 2"})).send().await;
    assert_eq!(quiet.refusal(), (403, "forbidden".into()));
    assert_eq!(
        answer(&mut ann, "ops", "/every hour sum 1 2").await,
        "Only people with an account may run \"sum\". Please sign in."
    );

    permit(&server, "ask", json!({"allow": "member"})).await;
    assert!(refusal(&mut ann, "@bot", "how long is it?").await.starts_with("Only people with an account"));
    assert!(refusal(&mut ann, "lobby", "@bot how long is it?").await.starts_with("Only people with an account"));
    let question = json!({"question": "how long is it?"});
    assert_eq!(guest.ask(&server, "POST", "/api/ask", question.clone()).await.refusal(), (403, "forbidden".into()));
    assert_eq!(bob.ask(&server, "POST", "/api/ask", question).await.status, 202);
    // Where the bot answers everything, guests may still talk to others.
    by_owner(&server, "PATCH", "/api/rooms/lobby", json!({"bot": "always"})).await;
    let seq = ann.say("lobby", "how long is it?").await;
    let path = format!("/api/rooms/lobby/messages?after={}", seq - 1);
    assert_eq!(guest.ask(&server, "GET", &path, Value::Null).await.json()["messages"][0]["job"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_owner_sets_counts_at_once_for_everybody_and_can_be_taken_back() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let config = dir.path().join("c.toml");
    std::fs::write(&config, "[command_permissions.status]\nallow = \"members\"\nrooms = [\"ops\"]\n").expect("written");
    let data = dir.path().join("data");
    let port = free_port();
    let mut process = ServerProcess::configured(port, &data, &config);
    let url = format!("http://127.0.0.1:{port}");
    let ask = async |method: &str, path: &str, body: Value| {
        let request = crate::support::Request::new(method, &format!("{url}{path}")).by_owner();
        let answer = if body.is_null() { request.send().await } else { request.json(body).send().await };
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let mut ann = Client::connect(process.address(), "/ws", &[]).await;
    ann.send(json!({"type": "hello", "handle": "Ann", "locale": "en"})).await;
    let welcome = ann.expect("welcome").await;
    let status = command(&welcome, "status");
    assert_eq!((&status["allow"], &status["rooms"]), (&json!("member"), &Value::Null), "rooms are for those who may");
    assert!(!answer(&mut ann, "ops", "/help").await.contains("status"));

    let rule = json!({"allow": "user", "rooms": ["Lobby", "@bot"]});
    let set = ask("PUT", "/api/commands/status/permission", rule).await;
    assert_eq!((&set["allow"], &set["rooms"]), (&json!("user"), &json!(["@bot", "lobby"])));
    assert_eq!(set["configured"], json!({"allow": "member", "rooms": ["ops"]}));
    let told = ann.expect("commands").await;
    assert_eq!(command(&told, "status")["rooms"], json!(["@bot", "lobby"]));
    assert!(answer(&mut ann, "lobby", "/help").await.contains("status"));
    assert!(!answer(&mut ann, "ops", "/help").await.contains("status"), "it lists what runs here");
    assert_eq!(answer(&mut ann, "ops", "/help status").await, "\"status\" runs only in these rooms: @bot, lobby.");

    process.kill();
    let process = ServerProcess::configured(port, &data, &config);
    let list = ask("GET", "/api/commands/permissions", Value::Null).await;
    assert_eq!(command(&list, "status")["rooms"], json!(["@bot", "lobby"]), "it is durable, and wins over the file");
    assert_eq!(command(&list, "sum"), &json!({"name": "sum", "built_in": true, "allow": "user", "rooms": []}));
    let reset = ask("DELETE", "/api/commands/status/permission", Value::Null).await;
    assert_eq!(reset, json!({"name": "status", "built_in": true, "allow": "member", "rooms": ["ops"]}));
    let audit = ask("GET", "/api/audit?q=command.permit", Value::Null).await;
    assert_eq!(audit["entries"].as_array().map(Vec::len), Some(2));
    assert_eq!(audit["entries"][1]["after"], json!({"allow": "user", "rooms": ["@bot", "lobby"]}));

    // A rule for what there is not, and a wrong one, change nothing when the file is read again.
    for (wrong, problem) in [
        ("[command_permissions.satus]\nallow = \"members\"\n", "no built-in command"),
        ("[command_permissions]\nx = 1", "x"),
    ] {
        // In one step: the signal before may still be on its way, and half a file is one without rules.
        std::fs::write(config.with_extension("new"), wrong).expect("written");
        std::fs::rename(config.with_extension("new"), &config).expect("renamed");
        process.signal(rustix::process::Signal::HUP);
        let list = ask("GET", "/api/commands/permissions", Value::Null).await;
        assert_eq!(command(&list, "status")["allow"], "member", "{problem}");
    }
    let url = format!("{url}/api/commands/satus/permission");
    let unknown = crate::support::Request::new("PUT", &url).by_owner().json(json!({"allow": "user"})).send().await;
    assert_eq!(unknown.refusal(), (404, "not_found".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_runs_with_the_role_that_its_maker_has_then() {
    let server = TestServer::start().await;
    permit(&server, "remind", json!({"allow": "moderator"})).await;
    let mut mia = Browser::with_account(&server, "Mia", "moderator").await;
    let mut olga = Browser::with_account(&server, "Olga", "owner").await;
    let (mut watcher, _) = server.member("Wes", "lobby").await;
    let (mut client, _) = mia.connect(&server).await;
    client.say("lobby", "/remind in 2s tea").await;
    watcher.expect_where("message", |frame| frame["role"] == "bot").await;
    assert_eq!(olga.change(&server, "Mia", json!({"role": "member"})).await.status, 200);
    let refused = watcher.expect_where("message", |frame| frame["job_state"] == "failed").await;
    assert_eq!(refused["message"], "Only moderators and admins may run \"remind\".");
    let retry = format!("/api/jobs/{}/retry", refused["job"].as_str().expect("an id"));
    let job = mia.ask(&server, "GET", retry.trim_end_matches("/retry"), Value::Null).await.json();
    assert_eq!(job["error"]["code"], "forbidden");
    // Nor may she, or somebody who may run it for her, start it again.
    assert_eq!(mia.ask(&server, "POST", &retry, Value::Null).await.refusal(), (403, "forbidden".into()));
    assert_eq!(olga.ask(&server, "POST", &retry, Value::Null).await.refusal(), (403, "forbidden".into()));
    assert_eq!(olga.change(&server, "Mia", json!({"role": "moderator"})).await.status, 200);
    assert_eq!(olga.ask(&server, "POST", &retry, Value::Null).await.status, 200);
    watcher.expect_where("message", |frame| frame["message"] == "Reminder for @Mia: tea").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_somebody_who_is_kept_out_does_not_run() {
    let server = TestServer::start().await;
    let mut olga = Browser::with_account(&server, "Olga", "owner").await;
    let bob = Browser::with_account(&server, "Bob", "member").await;
    let eve = Browser::with_account(&server, "Eve", "member").await;
    let (mut watcher, _) = server.member("Wes", "lobby").await;
    for browser in [&bob, &eve] {
        let (mut client, _) = browser.connect(&server).await;
        client.say("lobby", "/remind in 2s call back").await;
        watcher.expect_where("message", |frame| frame["role"] == "bot").await;
    }
    assert_eq!(olga.change(&server, "Bob", json!({"disabled": true})).await.status, 200);
    let ban = json!({"kind": "ban", "handle": "Eve"});
    assert_eq!(olga.ask(&server, "POST", "/api/sanctions", ban).await.status, 201);
    let mut said = Vec::new();
    for _ in 0..2 {
        let ended = watcher.expect_where("message", |frame| frame["job_state"] == "failed").await;
        said.push(ended["message"].as_str().expect("words").to_owned());
    }
    said.sort();
    assert_eq!(said, ["The account that asked for this is disabled.", "You have been banned from this server."]);
}
