//! What the server has of a person: all of it is handed out, and nothing is left of it when the person wants that.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::time::{Duration, Instant};

use chatbot::store;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, Client, PASSWORD, PATIENCE, Request, ServerProcess, TestServer, cookie_of};

/// The files of an export, by name.
fn files(export: &Answer) -> BTreeMap<String, String> {
    assert_eq!((export.status, export.header("content-type")), (200, "application/zip"), "{}", export.text());
    let mut archive = zip::ZipArchive::new(Cursor::new(export.bytes.clone())).expect("an archive");
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).expect("a file");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("readable");
        files.insert(file.name().expect("a name").into_owned(), text);
    }
    files
}

fn lines(files: &BTreeMap<String, String>, name: &str) -> Vec<Value> {
    files[name].lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn texts(files: &BTreeMap<String, String>, name: &str) -> Vec<String> {
    lines(files, name).iter().map(|line| line["message"].as_str().expect("a text").to_owned()).collect()
}

async fn leave(browser: &mut Browser, server: &TestServer, messages: &str) -> Answer {
    let form = json!({"password": PASSWORD, "messages": messages});
    browser.ask(server, "POST", "/api/account/delete", form).await
}

async fn messages(browser: &mut Browser, server: &TestServer, room: &str) -> Vec<Value> {
    let path = format!("/api/rooms/{room}/messages");
    browser.ask(server, "GET", &path, Value::Null).await.json()["messages"].as_array().expect("messages").clone()
}

/// Waits until nothing in a room is by that handle any more.
async fn until_gone(browser: &mut Browser, server: &TestServer, room: &str, handle: &str) -> Vec<Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let found = messages(browser, server, room).await;
        if found.iter().all(|message| message["handle"] != handle) {
            return found;
        }
        assert!(Instant::now() < until, "{handle} is still in {found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_with_an_account_gets_everything_that_is_theirs_and_nothing_else() {
    let server = TestServer::start().await;
    let mut ann = Browser::with_account(&server, "Ann", "admin").await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let direct = json!({"kind": "direct", "members": ["Bob"]});
    let direct =
        ann.ask(&server, "POST", "/api/rooms", direct).await.json()["name"].as_str().expect("a name").to_owned();
    ann.ask(&server, "POST", "/api/rooms", json!({"name": "own", "title": "Ann's room"})).await;
    ann.ask(&server, "POST", "/api/documents", json!({"title": "Terms", "text": "# Terms\n\nBe kind."})).await;
    let token = json!({"name": "deploy", "scopes": ["read"]});
    let token = ann.ask(&server, "POST", "/api/account/tokens", token).await.json()["token"].clone();
    let (mut anns, _) = ann.connect(&server).await;
    let (mut bobs, _) = bob.connect(&server).await;
    anns.say("lobby", "by Ann").await;
    bobs.say("lobby", "by Bob").await;
    anns.say(&direct, "to Bob").await;
    bobs.say(&direct, "to Ann").await;
    bobs.say("@bot", "/echo private").await;
    anns.send(json!({"type": "join", "room": "@bot"})).await;
    let asked = anns.say("@bot", "/sum 20 22").await;
    anns.expect_where("message", |frame| frame["reply_to"] == asked).await;
    anns.say("@bot", "/every day 9:00 echo tea").await;
    ann.ask(&server, "PUT", "/api/rooms/lobby/messages/2/reactions/%F0%9F%8E%89", Value::Null).await;
    bob.ask(&server, "PUT", "/api/rooms/lobby/messages/2/reactions/%F0%9F%91%8D", Value::Null).await;
    let report = json!({"reason": "unkind"});
    ann.ask(&server, "POST", "/api/rooms/lobby/messages/2/report", report).await;
    bob.ask(&server, "POST", "/api/rooms/lobby/messages/1/report", json!({"reason": "by Bob"})).await;
    anns.expect_where("message", |frame| frame["room"] == "@bot" && frame["seq"].as_u64() > Some(asked + 2)).await;

    let export = ann.ask(&server, "GET", "/api/account/export", Value::Null).await;
    let files = files(&export);
    assert!(files["README.txt"].contains("profile.json"), "{}", files["README.txt"]);
    let profile: Value = serde_json::from_str(&files["profile.json"]).expect("JSON");
    assert_eq!((&profile["account"]["name"], &profile["sessions"][0]["device"]), (&json!("Ann"), &json!("Test/1.0")));
    assert_eq!(texts(&files, "messages.jsonl"), ["by Ann"]);
    assert_eq!(lines(&files, "reactions.jsonl"), [json!({"room": "lobby", "seq": 2, "emoji": "🎉"})]);
    let conversations = texts(&files, "conversations.jsonl");
    for said in ["to Bob", "to Ann", "/sum 20 22", "20 + 22 = 42"] {
        assert!(conversations.iter().any(|text| text == said), "{said} in {conversations:?}");
    }
    assert!(!export.text().contains("private") && !conversations.iter().any(|text| text.contains("private")));
    let rooms = lines(&files, "rooms.jsonl");
    let own = rooms.iter().find(|room| room["room"] == "own").expect("the room");
    assert_eq!((&own["title"], &own["owner"]), (&json!("Ann's room"), &json!(true)));
    assert!(rooms.iter().any(|room| room["room"] == direct.as_str() && room["member"] == true), "{rooms:?}");
    let jobs = lines(&files, "jobs.jsonl");
    assert!(jobs.iter().any(|job| job["line"] == "sum 20 22" && job["result"] == "20 + 22 = 42"), "{jobs:?}");
    assert_eq!(lines(&files, "schedules.jsonl")[0]["line"], "echo tea");
    assert_eq!(lines(&files, "tokens.jsonl")[0]["name"], "deploy");
    let secret = token.as_str().expect("a token");
    assert!(files.values().all(|text| !text.contains(secret) && !text.contains("argon2")));
    let reports = lines(&files, "reports.jsonl");
    assert_eq!((reports.len(), &reports[0]["reason"]), (1, &json!("unkind")));
    let document = &lines(&files, "documents.jsonl")[0];
    let text = document["files"][0].as_str().expect("a file");
    assert_eq!((&document["title"], files[text].trim()), (&json!("Terms"), "# Terms\n\nBe kind."));
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_get_theirs_by_their_cookie_and_who_is_not_known_gets_nothing() {
    let server = TestServer::start().await;
    let mut guest = Browser::open(&server).await;
    let (mut client, _) = guest.connect(&server).await;
    client.say("lobby", "by a guest").await;
    let export = guest.ask(&server, "GET", "/api/account/export", Value::Null).await;
    assert_eq!(texts(&files(&export), "messages.jsonl"), ["by a guest"]);
    let nobody = server.request("GET", "/api/account/export").send().await;
    assert_eq!(nobody.refusal(), (403, "forbidden".into()));
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    let token = json!({"name": "deploy", "scopes": ["read", "administration"]});
    let token = ann.ask(&server, "POST", "/api/account/tokens", token).await.json()["token"].clone();
    let bearer = format!("Bearer {}", token.as_str().expect("a token"));
    let by_program = server.request("GET", "/api/account/export").header("authorization", &bearer).send().await;
    assert_eq!(by_program.refusal(), (403, "forbidden".into()));
    let form = json!({"password": PASSWORD, "messages": "keep"});
    let by_program =
        server.request("POST", "/api/account/delete").header("authorization", &bearer).json(form).send().await;
    assert_eq!(by_program.refusal(), (403, "forbidden".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_export_is_whole_and_one_that_is_not_read_keeps_nobody_else_waiting() {
    let server = TestServer::with(|config| config.limits.stall_seconds = 1).await;
    let mut guest = Browser::open(&server).await;
    let (mut client, _) = guest.connect(&server).await;
    // Random, so that it stays large.
    let said: Vec<String> =
        (0..150).map(|_| (0..200).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect()).collect();
    for text in &said {
        client.say("lobby", text).await;
    }
    let slow = tokio::net::TcpStream::connect(server.address()).await.expect("a connection");
    let request =
        format!("GET /api/account/export HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\n\r\n", server.address(), guest.header());
    let mut slow = slow;
    tokio::io::AsyncWriteExt::write_all(&mut slow, request.as_bytes()).await.expect("sent");
    let mut first = [0; 100];
    tokio::io::AsyncReadExt::read_exact(&mut slow, &mut first).await.expect("it begins");
    let second = guest.ask(&server, "GET", "/api/account/export", Value::Null).await;
    assert_eq!(second.refusal(), (503, "busy".into()), "one at a time");
    let other = Browser::open(&server).await;
    let (mut others, _) = other.connect(&server).await;
    others.say("lobby", "others go on").await;
    let until = Instant::now() + PATIENCE;
    let export = loop {
        let export = guest.ask(&server, "GET", "/api/account/export", Value::Null).await;
        if export.status == 200 {
            break export;
        }
        assert!(Instant::now() < until, "who does not read gives the place back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(texts(&files(&export), "messages.jsonl"), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_nobody_any_more_and_messages_that_stay_are_a_deleted_users() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let before = ann.clone();
    let direct = json!({"kind": "direct", "members": ["Bob"]});
    let direct =
        ann.ask(&server, "POST", "/api/rooms", direct).await.json()["name"].as_str().expect("a name").to_owned();
    ann.ask(&server, "POST", "/api/rooms", json!({"name": "team", "kind": "closed"})).await;
    ann.ask(&server, "PUT", "/api/rooms/team/people/Bob", Value::Null).await;
    let token = json!({"name": "deploy", "scopes": ["read", "post"]});
    let token = ann.ask(&server, "POST", "/api/account/tokens", token).await.json()["token"].clone();
    let bearer = format!("Bearer {}", token.as_str().expect("a token"));
    let (mut anns, _) = ann.connect(&server).await;
    let (mut bobs, _) = bob.connect(&server).await;
    bobs.send(json!({"type": "join", "room": "lobby"})).await;
    bobs.expect("joined").await;
    anns.send(json!({"type": "join", "room": "lobby"})).await;
    anns.expect("joined").await;
    for room in ["lobby", direct.as_str(), "team"] {
        anns.say(room, "tea or coffee").await;
    }
    bobs.say(&direct, "tea").await;
    anns.say("@bot", "/every day 9:00 echo tea").await;
    anns.say("lobby", "/sleep 600").await;
    anns.expect_where("job", |frame| frame["job"]["state"] == "running").await;
    let by_program = json!({"message": "by a program"});
    let sent = server.request("POST", "/api/rooms/lobby/messages").header("authorization", &bearer).json(by_program);
    assert_eq!(sent.send().await.status, 201);

    let wrong = json!({"password": "wrong", "messages": "keep"});
    assert_eq!(ann.ask(&server, "POST", "/api/account/delete", wrong).await.refusal(), (401, "bad_password".into()));
    assert_eq!(leave(&mut ann, &server, "keep").await.status, 204);
    assert_eq!(anns.closed().await, Some(4001));
    assert!(ann.cookies.is_empty(), "{:?}", ann.cookies);

    let changed = bobs.expect_where("changed", |frame| frame["seq"] == 1).await;
    assert_eq!((&changed["handle"], &changed["message"]), (&json!("deleted user"), &json!("tea or coffee")));
    assert!(changed["author_role"].is_null());
    let lobby = until_gone(&mut bob, &server, "lobby", "deploy").await;
    let by = |message: &Value| (message["handle"].clone(), message["message"].clone());
    assert!(lobby.iter().map(by).any(|one| one == (json!("deleted user"), json!("by a program"))), "{lobby:?}");
    assert!(lobby.iter().all(|message| !message.to_string().contains("Ann")), "{lobby:?}");
    let talk = until_gone(&mut bob, &server, &direct, "Ann").await;
    let talk: Vec<_> = talk.iter().map(by).collect();
    assert_eq!(talk, [(json!("deleted user"), json!("tea or coffee")), (json!("Bob"), json!("tea"))]);
    let view = bob.ask(&server, "GET", &format!("/api/rooms/{direct}"), Value::Null).await.json();
    assert_eq!((&view["title"], &view["archived"]), (&json!("Deleted user"), &json!(true)));
    until_gone(&mut bob, &server, "team", "Ann").await;

    // Neither session nor cookie nor password nor token is worth anything, and the name is free.
    let mut stale = before.clone();
    assert_eq!(stale.user(&server).await["role"], "user");
    assert_eq!(stale.sign_in(&server, "Ann", PASSWORD).await.refusal(), (401, "bad_password".into()));
    let by_program = server.request("GET", "/api/rooms").header("authorization", &bearer).send().await;
    assert_eq!(by_program.refusal(), (401, "bad_key".into()));
    let mut heiress = Browser::with_account(&server, "Ann", "member").await;
    assert!(messages(&mut heiress, &server, "lobby").await.iter().all(|message| message["handle"] != "Ann"));
    let own = heiress.ask(&server, "GET", "/api/rooms", Value::Null).await.json();
    assert_eq!(own["rooms"].as_array().expect("rooms").len(), 1, "only the lobby: {own}");
    let (jobs, schedules) = (
        server.request("GET", "/api/jobs").by_owner().send().await.json(),
        server.request("GET", "/api/schedules").by_owner().send().await.json(),
    );
    assert_eq!((&jobs["jobs"], &schedules["schedules"]), (&json!([]), &json!([])));

    // The search knows it, too.
    let until = Instant::now() + PATIENCE;
    loop {
        let found = bob.ask(&server, "GET", "/api/search?q=from:Ann", Value::Null).await.json();
        let deleted =
            bob.ask(&server, "GET", "/api/search?q=from:%22deleted%20user%22%20tea", Value::Null).await.json();
        let count = |found: &Value| found["messages"].as_array().expect("messages").len();
        if (count(&found), count(&deleted)) == (0, 3) {
            break;
        }
        assert!(Instant::now() < until, "{found} {deleted}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let log = server.request("GET", "/api/audit?q=account.leave").by_owner().send().await.json();
    assert_eq!((&log["entries"][0]["by"], log["entries"].as_array().map(Vec::len)), (&json!("deleted user"), Some(1)));
    server.stop().await.expect("stopped");
    store::audit(&dir.path().join("store")).expect("a store without contradictions");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_became_one_with_an_account_is_handed_out_and_removed_with_it() {
    let server = TestServer::start().await;
    let mut ada = Browser::with_account(&server, "Ada", "admin").await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let robert = Browser::with_account(&server, "Robert", "member").await;
    let guest = Browser::open(&server).await;
    let (mut guests, _) = guest.connect(&server).await;
    let said = guests.say("lobby", "as a guest").await;
    guests.say("@bot", "to myself").await;
    let (mut roberts, _) = robert.connect(&server).await;
    roberts.say("lobby", "as Robert").await;
    for merge in [json!({"into": "Bob", "room": "lobby", "seq": said}), json!({"into": "Bob", "handle": "Robert"})] {
        assert_eq!(ada.ask(&server, "POST", "/api/merges", merge).await.status, 201);
    }
    let export = files(&bob.ask(&server, "GET", "/api/account/export", Value::Null).await);
    let mut own = texts(&export, "messages.jsonl");
    own.sort();
    assert_eq!(own, ["as Robert", "as a guest"]);
    assert_eq!(texts(&export, "conversations.jsonl")[0], "to myself");

    assert_eq!(leave(&mut bob, &server, "keep").await.status, 204);
    until_gone(&mut ada, &server, "lobby", "Robert").await;
    let left = until_gone(&mut ada, &server, "lobby", "Guest").await;
    assert!(left.iter().all(|message| message["handle"] == "deleted user"), "{left:?}");
    let until = Instant::now() + PATIENCE;
    while !ada.ask(&server, "GET", "/api/merges", Value::Null).await.json()["merges"]
        .as_array()
        .expect("a list")
        .is_empty()
    {
        assert!(Instant::now() < until, "a merge is left");
    }
    let accounts = ada.ask(&server, "GET", "/api/accounts", Value::Null).await.json().to_string();
    assert!(!accounts.contains("Robert") && !accounts.contains("Bob"), "{accounts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_to_go_go_with_what_followed_from_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let (mut anns, _) = ann.connect(&server).await;
    let (mut bobs, _) = bob.connect(&server).await;
    anns.send(json!({"type": "join", "room": "lobby"})).await;
    anns.say("lobby", "a secret").await;
    let asked = anns.say("lobby", "/sum 20 22").await;
    anns.expect_where("message", |frame| frame["reply_to"] == asked).await;
    bobs.say("lobby", "by Bob").await;
    assert_eq!(leave(&mut ann, &server, "remove").await.status, 204);
    let left = until_gone(&mut bob, &server, "lobby", "Ann").await;
    let texts: Vec<_> = left.iter().map(|message| message["message"].as_str().expect("a text")).collect();
    assert_eq!(texts, ["", "", "", "by Bob"], "{left:?}");
    server.stop().await.expect("stopped");
    store::audit(&dir.path().join("store")).expect("a store without contradictions");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_owner_stays() {
    let server = TestServer::start().await;
    let mut olga = Browser::open(&server).await;
    let token = server.first_invitation().to_owned();
    assert_eq!(olga.join(&server, &token, "Olga").await.status, 201);
    assert_eq!(leave(&mut olga, &server, "keep").await.refusal(), (409, "wrong_state".into()));
    assert_eq!(olga.user(&server).await["role"], "owner");
    let mut otto = Browser::with_account(&server, "Otto", "owner").await;
    otto.change(&server, "Olga", json!({"disabled": true})).await;
    assert_eq!(leave(&mut otto, &server, "keep").await.refusal(), (409, "wrong_state".into()), "nobody else signs in");
    otto.change(&server, "Olga", json!({"disabled": false})).await;
    let (one, other) = (olga.sign_in(&server, "Olga", PASSWORD).await, otto.user(&server).await);
    assert_eq!((one.status, &other["role"]), (200, &json!("owner")));
    // At the same moment: one of them has to stay.
    let (one, other) = tokio::join!(leave(&mut olga, &server, "keep"), leave(&mut otto, &server, "keep"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_delete_accounts_of_others_but_not_of_those_above_them() {
    let server = TestServer::start().await;
    let mut admin = Browser::with_account(&server, "Ada", "admin").await;
    let mut mod_ = Browser::with_account(&server, "Mia", "moderator").await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    Browser::with_account(&server, "Olga", "owner").await;
    let (mut anns, _) = ann.connect(&server).await;
    anns.say("lobby", "hello").await;
    let path = async |admin: &mut Browser, name: &str| {
        format!("/api/accounts/{}?messages=remove", admin.id_of(&server, name).await)
    };
    let (anns_path, own, olgas) =
        (path(&mut admin, "Ann").await, path(&mut admin, "Ada").await, path(&mut admin, "Olga").await);
    assert_eq!(mod_.ask(&server, "DELETE", &anns_path, Value::Null).await.status, 403);
    assert_eq!(admin.ask(&server, "DELETE", &olgas, Value::Null).await.status, 403);
    assert_eq!(admin.ask(&server, "DELETE", &own, Value::Null).await.status, 403, "an admin is an admin's equal");
    assert_eq!(admin.ask(&server, "DELETE", &anns_path, Value::Null).await.status, 204);
    assert_eq!(anns.closed().await, Some(4001));
    assert_eq!(ann.user(&server).await["role"], "user");
    let left = until_gone(&mut admin, &server, "lobby", "Ann").await;
    assert_eq!((&left[0]["deleted"], &left[0]["handle"]), (&json!(true), &json!("deleted user")));
    assert_eq!(admin.ask(&server, "DELETE", &anns_path, Value::Null).await.status, 404);
    let log = server.request("GET", "/api/audit?q=account.delete").by_owner().send().await.json();
    assert_eq!(log["entries"][0]["by"], "Ada");
    assert!(!log["entries"][0].to_string().contains("Ann"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_forgotten_and_may_come_back_as_somebody_else() {
    let server = TestServer::start().await;
    let mut guest = Browser::open(&server).await;
    let before = guest.clone();
    let (mut client, _) = guest.connect(&server).await;
    client.say("lobby", "by a guest").await;
    client.say("@bot", "/echo private").await;
    let gone = guest.ask(&server, "POST", "/api/account/delete", json!({"messages": "remove"})).await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    assert!(guest.cookies.is_empty());
    assert_eq!(client.closed().await, Some(1001));
    let mut other = Browser::open(&server).await;
    let left = until_gone(&mut other, &server, "lobby", "Guest").await;
    assert_eq!((left.len(), &left[0]["deleted"]), (1, &json!(true)));
    let until = Instant::now() + PATIENCE;
    // The old cookie, should a browser have kept it, finds nothing; when all is done it is like a new one.
    loop {
        let mut again = before.clone();
        let export = again.ask(&server, "GET", "/api/account/export", Value::Null).await;
        if export.status == 200 {
            let files = files(&export);
            let nothing = ["messages.jsonl", "conversations.jsonl", "jobs.jsonl"].map(|name| files[name].is_empty());
            assert_eq!(nothing, [true; 3], "{files:?}");
            break;
        }
        assert_eq!(export.refusal(), (403, "forbidden".into()));
        assert!(Instant::now() < until, "it ends");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_goes_on_after_kill_9() {
    const MESSAGES: usize = 400;
    let dir = tempfile::tempdir().expect("a folder");
    let limits = [("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0")];
    let mut server = ServerProcess::start(dir.path(), &limits);
    let cookie = cookie_of("Guest");
    let mut guest = Client::connect(server.address(), "/ws", &[("cookie", &cookie)]).await;
    guest.send(json!({"type": "hello", "handle": "Guest"})).await;
    guest.expect("welcome").await;
    for number in 0..MESSAGES {
        let text = format!("message {number}");
        guest.send(json!({"room": "lobby", "message": text, "id": text})).await;
    }
    guest.expect_where("ack", |frame| frame["seq"] == MESSAGES).await;
    let url = |server: &ServerProcess, path: &str| format!("http://{}{path}", server.address());
    let request = Request::new("POST", &url(&server, "/api/account/delete")).header("cookie", &cookie);
    assert_eq!(request.json(json!({"messages": "remove"})).send().await.status, 204);
    server.kill();
    let mut left = Vec::new();
    for round in 0.. {
        let server = ServerProcess::start(dir.path(), &limits);
        let until = Instant::now() + if round < 3 { Duration::from_millis(150) } else { PATIENCE };
        let mut is_done = false;
        while Instant::now() < until && !is_done {
            let (mut before, mut found): (Value, Vec<Value>) = (Value::Null, Vec::new());
            while found.len() < MESSAGES {
                let query = if before.is_null() { String::new() } else { format!("&before={before}") };
                let page = Request::new("GET", &url(&server, &format!("/api/rooms/lobby/messages?limit=200{query}")));
                let page = page.send().await.json()["messages"].as_array().expect("messages").clone();
                before = page[0]["seq"].clone();
                found.extend(page);
            }
            is_done = found.iter().all(|message| message["handle"] == "deleted user");
            left = found;
        }
        drop(server);
        if is_done || round == 4 {
            break;
        }
    }
    assert_eq!(left.len(), MESSAGES);
    for message in &left {
        assert_eq!((&message["handle"], &message["message"]), (&json!("deleted user"), &json!("")), "{message}");
    }
}
