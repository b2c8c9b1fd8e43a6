//! People with accounts: how they get one, what it lets them do, and how it is taken from a thief.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Browser, Client, PASSWORD, PATIENCE, TestServer};

/// A server whose owner is Olga, with her browser.
async fn with_owner() -> (TestServer, Browser) {
    let server = TestServer::start().await;
    let mut olga = Browser::open(&server).await;
    let joined = olga.join(&server, server.first_invitation(), "Olga").await;
    assert_eq!(joined.status, 201, "{}", joined.text());
    (server, olga)
}

/// Somebody with a new account of that role.
async fn somebody(server: &TestServer, olga: &mut Browser, name: &str, role: &str) -> Browser {
    let token = olga.invite(server, json!({"role": role, "uses": 1, "days": 1})).await;
    let mut browser = Browser::open(server).await;
    let joined = browser.join(server, &token, name).await;
    assert_eq!(joined.status, 201, "{}", joined.text());
    browser
}

/// Waits until a connection is closed; the code.
async fn closed(client: &mut Client) -> Option<u16> {
    loop {
        if let Err(code) = client.next().await {
            return code;
        }
    }
}

#[tokio::test]
async fn the_first_link_makes_the_owners_account_once() {
    let server = TestServer::start().await;
    let token = server.first_invitation();
    let shown = server.request("POST", "/api/invitations/show").json(json!({"token": token})).send().await;
    assert_eq!((shown.status, &shown.json()["role"]), (200, &json!("owner")));
    let mut olga = Browser::open(&server).await;
    let joined = olga.join(&server, token, "Olga").await;
    assert_eq!(joined.status, 201, "{}", joined.text());
    let user = olga.user(&server).await;
    assert_eq!((&user["handle"], &user["role"], &user["account"]), (&json!("Olga"), &json!("owner"), &json!(true)));
    assert!(user["may"].as_array().is_some_and(|may| may.contains(&json!("manage_people"))), "{user}");
    let (_, user) = olga.connect(&server).await;
    assert_eq!(user["handle"], "Olga", "an account keeps its name, whatever hello says");
    let again = Browser::open(&server).await.join(&server, token, "Eve").await;
    assert_eq!(again.refusal(), (404, "bad_invitation".into()));
}

#[tokio::test]
async fn a_restart_makes_a_new_first_link_as_long_as_there_is_no_account() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let old = server.first_invitation().to_owned();
    server.stop().await.expect("a clean stop");
    let server = TestServer::on(dir.path()).await;
    let mut olga = Browser::open(&server).await;
    assert_eq!(olga.join(&server, &old, "Olga").await.refusal(), (404, "bad_invitation".into()));
    assert_eq!(olga.join(&server, server.first_invitation(), "Olga").await.status, 201);
    server.stop().await.expect("a clean stop");
    let server = TestServer::on(dir.path()).await;
    assert_eq!(olga.user(&server).await["role"], "owner", "she is still signed in");
    assert!(!server.has_first_invitation());
}

#[tokio::test]
async fn an_invitation_is_for_so_many_people_and_can_be_revoked() {
    let (server, mut olga) = with_owner().await;
    let token = olga.invite(&server, json!({"role": "moderator", "uses": 2, "days": 3})).await;
    for name in ["Ann", "Bob"] {
        let mut browser = Browser::open(&server).await;
        assert_eq!(browser.join(&server, &token, name).await.status, 201);
        assert_eq!(browser.user(&server).await["role"], "moderator");
    }
    let late = Browser::open(&server).await.join(&server, &token, "Cat").await;
    assert_eq!(late.refusal(), (404, "bad_invitation".into()));
    let token = olga.invite(&server, json!({})).await;
    let list = olga.ask(&server, "GET", "/api/invitations", Value::Null).await.json();
    let invitations = list["invitations"].as_array().expect("a list");
    assert_eq!(invitations.len(), 1, "the one that was used up is gone: {list}");
    assert_eq!((&invitations[0]["uses_left"], &invitations[0]["created_by"]), (&Value::Null, &json!("Olga")));
    assert!(!list.to_string().contains(&token), "a token is shown once");
    let path = format!("/api/invitations/{}", invitations[0]["id"].as_str().expect("an id"));
    assert_eq!(olga.ask(&server, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(Browser::open(&server).await.join(&server, &token, "Cat").await.status, 404);
}

#[tokio::test]
async fn nobody_gives_more_than_they_may() {
    let (server, mut olga) = with_owner().await;
    let mut browsers = Vec::new();
    for (name, role) in [("Mia", "member"), ("Max", "moderator"), ("Ada", "admin")] {
        browsers.push(somebody(&server, &mut olga, name, role).await);
    }
    browsers.push(Browser::open(&server).await);
    for (browser, may) in browsers.iter_mut().zip([false, false, true, false]) {
        let list = browser.ask(&server, "GET", "/api/accounts", Value::Null).await;
        assert_eq!(list.status, if may { 200 } else { 403 });
        for (role, allowed) in [("member", may), ("moderator", may), ("admin", false), ("owner", false)] {
            let answer = browser.ask(&server, "POST", "/api/invitations", json!({"role": role})).await;
            assert_eq!(answer.status, if allowed { 201 } else { 403 }, "{role}: {}", answer.text());
            let account = json!({"name": format!("{role} {may}"), "role": role});
            let made = browser.ask(&server, "POST", "/api/accounts", account).await;
            assert_eq!(made.status == 201, allowed, "{role}: {}", made.text());
        }
    }
    let admin = &mut browsers[2];
    assert_eq!(admin.change(&server, "Olga", json!({"disabled": true})).await.status, 403);
    assert_eq!(admin.change(&server, "Mia", json!({"role": "admin"})).await.status, 403);
    assert_eq!(admin.change(&server, "Mia", json!({"role": "moderator"})).await.status, 200);
    let own = olga.change(&server, "Olga", json!({"role": "member"})).await;
    assert_eq!(own.refusal(), (409, "wrong_state".into()));
}

#[tokio::test]
async fn a_name_belongs_to_one_account_and_to_nobody_who_looks_like_it() {
    let (server, mut olga) = with_owner().await;
    let token = olga.invite(&server, json!({})).await;
    for name in ["olga", "Оlga", "ｏｌｇａ", "Bot", "Admin", "оwner"] {
        let answer = Browser::open(&server).await.join(&server, &token, name).await;
        assert!([400, 409].contains(&answer.status), "{name}: {}", answer.text());
    }
    // As a guest, in all three ways in.
    let (mut guest, _) = server.member("Guest", "lobby").await;
    guest.send(json!({"type": "hello", "handle": "Оlga"})).await;
    assert_eq!(guest.expect("error").await["code"], "bad_handle");
    let mut simple = server.simple("/ws/chat/lobby/").await;
    simple.send(json!({"message": "it is me", "handle": "olga"})).await;
    assert_eq!(simple.expect("error").await["code"], "bad_handle");
    let post = json!({"message": "it is me", "handle": "OLGA"});
    let posted = server.request("POST", "/api/rooms/lobby/messages").json(post).send().await;
    assert_eq!(posted.refusal(), (400, "bad_handle".into()));
    let (mut client, _) = olga.connect(&server).await;
    client.send(json!({"type": "join", "room": "lobby"})).await;
    client.expect("joined").await;
    client.say("lobby", "it is me").await;
    assert_eq!(guest.expect("message").await["handle"], "Olga");
}

#[tokio::test]
async fn of_those_who_take_a_name_or_the_last_use_at_once_one_gets_it() {
    let (server, mut olga) = with_owner().await;
    let many = olga.invite(&server, json!({})).await;
    let once = olga.invite(&server, json!({"uses": 1})).await;
    let joined = |token: String, name: String| {
        let server = &server;
        async move { Browser::open(server).await.join(server, &token, &name).await.status }
    };
    let statuses = join_all((0..6).map(|_| joined(many.clone(), "Ann".into()))).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    let statuses = join_all((0..6).map(|number| joined(once.clone(), format!("Ben {number}")))).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    let list = olga.ask(&server, "GET", "/api/accounts", Value::Null).await.json();
    assert_eq!(list["accounts"].as_array().map(Vec::len), Some(3), "{list}");
    server.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn wrong_passwords_are_slowed_down_but_not_for_a_browser_that_is_known() {
    let (server, mut olga) = with_owner().await;
    let mut stranger = Browser::open(&server).await;
    let mut refused = Vec::new();
    for _ in 0..7 {
        refused.push(stranger.sign_in(&server, "Olga", "wrong").await.refusal());
    }
    assert_eq!(refused[0], (401, "bad_password".into()));
    assert_eq!(refused[6].0, 429);
    assert_eq!(stranger.sign_in(&server, "Olga", PASSWORD).await.status, 429, "or guessing would go on");
    assert_eq!(olga.ask(&server, "DELETE", "/api/session", Value::Null).await.status, 204);
    assert_eq!(olga.user(&server).await["role"], "user");
    let back = olga.sign_in(&server, " olga ", PASSWORD).await;
    assert_eq!((back.status, &back.json()["user"]["handle"]), (200, &json!("Olga")), "{}", back.text());
}

#[tokio::test]
async fn names_that_nobody_has_are_answered_like_others() {
    let (server, _) = with_owner().await;
    let mut stranger = Browser::open(&server).await;
    let mut answers = Vec::new();
    for name in ["Olga", "Nobody", "\u{202e}"] {
        let mut answer = stranger.sign_in(&server, name, "wrong").await.json();
        // Each request has an id of its own.
        assert!(answer["error"]["request"].take().is_string());
        answers.push(answer);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn what_a_visitor_wrote_goes_over_to_the_account_and_is_behind_its_password_then() {
    let (server, mut olga) = with_owner().await;
    let mut ann = Browser::open(&server).await;
    let (mut client, user) = ann.connect(&server).await;
    assert_eq!(user["account"], false);
    client.send(json!({"type": "join", "room": "@bot"})).await;
    client.expect("joined").await;
    client.send(json!({"room": "@bot", "message": "echo my secret"})).await;
    client.expect_where("message", |frame| frame["role"] == "bot").await;
    drop(client);
    let cookie_alone = ann.clone();
    let token = olga.invite(&server, json!({})).await;
    assert_eq!(ann.join(&server, &token, "Ann").await.status, 201);
    let is_told = |joined: &Value| joined["messages"].to_string().contains("my secret");
    let (mut client, _) = ann.connect(&server).await;
    client.send(json!({"type": "join", "room": "@bot"})).await;
    assert!(is_told(&client.expect("joined").await));
    let jobs = ann.ask(&server, "GET", "/api/jobs", Value::Null).await.json();
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(1), "{jobs}");
    let (mut thief, _) = cookie_alone.connect(&server).await;
    thief.send(json!({"type": "join", "room": "@bot"})).await;
    assert!(!is_told(&thief.expect("joined").await), "the old cookie is no password");
    // Somebody who uses the same browser next begins with nothing.
    ann.ask(&server, "DELETE", "/api/session", Value::Null).await;
    let page = ann.ask(&server, "GET", "/", Value::Null).await;
    assert!(page.header("set-cookie").starts_with("chatbot_visitor="), "the browser becomes another visitor");
}

#[tokio::test]
async fn signing_out_everywhere_closes_open_sockets_within_a_second() {
    let (server, mut olga) = with_owner().await;
    let mut thief = olga.clone();
    let (mut socket, user) = thief.connect(&server).await;
    assert_eq!(user["role"], "owner");
    let start = Instant::now();
    assert_eq!(olga.ask(&server, "DELETE", "/api/account/sessions", Value::Null).await.status, 204);
    assert_eq!(closed(&mut socket).await, Some(4001));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(thief.user(&server).await["role"], "user", "its token is worth nothing");
    assert_eq!(thief.connect(&server).await.1["role"], "user");
}

#[tokio::test]
async fn sessions_are_listed_and_end_one_by_one() {
    let (server, mut olga) = with_owner().await;
    let mut phone = Browser::open(&server).await;
    assert_eq!(phone.sign_in(&server, "Olga", PASSWORD).await.status, 200);
    let (mut socket, _) = phone.connect(&server).await;
    let (mut own_socket, _) = olga.connect(&server).await;
    let own = olga.ask(&server, "GET", "/api/account", Value::Null).await.json();
    assert_eq!(own["account"]["name"], "Olga");
    let sessions = own["sessions"].as_array().expect("a list");
    assert_eq!(sessions.len(), 2, "{own}");
    assert!(sessions.iter().all(|session| session["device"] == "Test/1.0" && session["address"] == "127.0.0.1"));
    let other = sessions.iter().find(|session| session["current"] == false).expect("the phone's");
    let path = format!("/api/account/sessions/{}", other["id"].as_str().expect("an id"));
    assert_eq!(olga.ask(&server, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(closed(&mut socket).await, Some(4001));
    assert_eq!(olga.ask(&server, "DELETE", &path, Value::Null).await.refusal(), (404, "not_found".into()));
    assert_eq!(phone.user(&server).await["role"], "user");
    assert!(own_socket.frames_until_pong().await.is_empty(), "the others stay open");
    let guest = Browser::open(&server).await.ask(&server, "GET", "/api/account", Value::Null).await;
    assert_eq!(guest.refusal(), (403, "forbidden".into()));
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let (server, mut olga) = with_owner().await;
    let mut thief = Browser::open(&server).await;
    assert_eq!(thief.sign_in(&server, "Olga", PASSWORD).await.status, 200);
    let (mut socket, _) = thief.connect(&server).await;
    let new = |current: &str, new: &str| json!({"current": current, "new": new});
    let path = "/api/account/password";
    let wrong = olga.ask(&server, "POST", path, new("wrong", "another password")).await;
    assert_eq!(wrong.refusal(), (401, "bad_password".into()));
    for bad in ["short", "olga", ""] {
        let answer = olga.ask(&server, "POST", path, new(PASSWORD, bad)).await;
        assert_eq!(answer.refusal(), (400, "bad_new_password".into()), "{bad}");
    }
    assert_eq!(olga.ask(&server, "POST", path, new(PASSWORD, "another password")).await.status, 204);
    assert_eq!(closed(&mut socket).await, Some(4001));
    assert_eq!(olga.user(&server).await["role"], "owner", "her own session goes on");
    assert_eq!(thief.sign_in(&server, "Olga", PASSWORD).await.status, 401);
    assert_eq!(Browser::open(&server).await.sign_in(&server, "Olga", "another password").await.status, 200);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_a_new_role_counts_at_once() {
    let (server, mut olga) = with_owner().await;
    let mut ann = somebody(&server, &mut olga, "Ann", "member").await;
    let (mut socket, user) = ann.connect(&server).await;
    assert_eq!((&user["role"], &user["may"]), (&json!("member"), &json!(["create_closed_room"])));
    assert_eq!(olga.change(&server, "Ann", json!({"role": "moderator"})).await.status, 200);
    assert_eq!(closed(&mut socket).await, Some(1001), "to come back with the new role");
    let (mut socket, user) = ann.connect(&server).await;
    assert_eq!(
        (&user["role"], &user["may"]),
        (&json!("moderator"), &json!(["see_every_job", "delete_message", "moderate", "create_closed_room"]))
    );
    assert_eq!(olga.change(&server, "Ann", json!({"disabled": true})).await.status, 200);
    assert_eq!(closed(&mut socket).await, Some(4001));
    assert_eq!(ann.user(&server).await["role"], "user");
    assert_eq!(ann.sign_in(&server, "Ann", PASSWORD).await.refusal(), (401, "bad_password".into()));
    assert_eq!(olga.change(&server, "Ann", json!({"disabled": false, "password": "given by Olga"})).await.status, 200);
    assert_eq!(ann.sign_in(&server, "Ann", "given by Olga").await.status, 200);
    let path = format!("/api/accounts/{}/sessions", olga.id_of(&server, "Ann").await);
    assert_eq!(olga.ask(&server, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(ann.user(&server).await["role"], "user");
}

#[tokio::test]
async fn moderators_delete_messages_and_members_do_not() {
    let (server, mut olga) = with_owner().await;
    let (mut guest, _) = server.member("Guest", "lobby").await;
    let seq = guest.say("lobby", "something bad").await;
    let path = format!("/api/rooms/lobby/messages/{seq}");
    let mut member = somebody(&server, &mut olga, "Mia", "member").await;
    assert_eq!(member.ask(&server, "DELETE", &path, Value::Null).await.status, 403);
    let mut moderator = somebody(&server, &mut olga, "Max", "moderator").await;
    assert_eq!(moderator.ask(&server, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(moderator.ask(&server, "PATCH", "/api/rooms/lobby", json!({"bot": "never"})).await.status, 403);
}

#[tokio::test]
async fn accounts_are_listed_a_page_at_a_time_and_found_by_name() {
    let (server, mut olga) = with_owner().await;
    for number in 0..5 {
        let account = json!({"name": format!("Person {number}")});
        assert_eq!(olga.ask(&server, "POST", "/api/accounts", account).await.status, 201);
    }
    let (mut names, mut after) = (Vec::new(), String::new());
    let all = tokio::time::timeout(PATIENCE, async {
        loop {
            let path = format!("/api/accounts?limit=2{after}");
            let page = olga.ask(&server, "GET", &path, Value::Null).await.json();
            let accounts = page["accounts"].as_array().expect("a list").clone();
            names.extend(accounts.iter().map(|account| account["name"].as_str().expect("a name").to_owned()));
            if page["more"] == false {
                return names;
            }
            after = format!("&after={}", accounts[1]["id"].as_str().expect("an id"));
        }
    });
    let all = all.await.expect("an end");
    assert_eq!(all, ["Olga", "Person 0", "Person 1", "Person 2", "Person 3", "Person 4"]);
    let found = olga.ask(&server, "GET", "/api/accounts?q=SON%203", Value::Null).await.json();
    assert_eq!(found["accounts"].as_array().map(Vec::len), Some(1), "{found}");
}

#[tokio::test]
async fn a_command_is_run_by_those_it_is_for_also_repeatedly() {
    let lock = json!({"name": "lock", "help": "locks the door", "run": ["echo", "locked"], "allow": "moderators"});
    let lock = serde_json::from_value(lock).expect("a command");
    let server = TestServer::with(|config| config.commands.push(lock)).await;
    let mut olga = Browser::open(&server).await;
    assert_eq!(olga.join(&server, server.first_invitation(), "Olga").await.status, 201);
    let mut browsers = vec![(Browser::open(&server).await, false)];
    for (name, role, may) in [("Mia", "member", false), ("Max", "moderator", true)] {
        browsers.push((somebody(&server, &mut olga, name, role).await, may));
    }
    for (browser, may) in &mut browsers {
        let (mut client, _) = browser.connect(&server).await;
        client.send(json!({"type": "join", "room": "lobby"})).await;
        client.expect("joined").await;
        client.send(json!({"room": "lobby", "message": "/lock"})).await;
        if *may {
            // What became of it is another matter: no program is started in the process of the tests.
            client.expect_where("message", |frame| frame["role"] == "bot").await;
        } else {
            assert_eq!(client.expect("error").await["code"], "forbidden");
        }
        let job = json!({"name": "lock", "arguments": ""});
        let by_http = browser.ask(&server, "POST", "/api/jobs", job).await;
        client.send(json!({"room": "lobby", "message": "/every day 9:00 lock"})).await;
        assert_eq!(by_http.status, if *may { 201 } else { 403 }, "{}", by_http.text());
        let planned = if *may { "completed" } else { "failed" };
        client.expect_where("message", |frame| frame["job_state"] == planned).await;
    }
}
