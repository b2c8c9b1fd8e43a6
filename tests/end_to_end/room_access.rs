//! Rooms that are not for everybody: closed, unlisted, direct, archived, read-only, and what becomes of them.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Browser, Client, OWNER_KEY, PATIENCE, TestServer};

/// Somebody with an account.
async fn member(server: &TestServer, name: &str, role: &str) -> Browser {
    Browser::with_account(server, name, role).await
}

/// A full client in that browser.
async fn client(server: &TestServer, browser: &Browser) -> Client {
    let mut client = Client::connect(server.address(), "/ws", &[("cookie", &browser.header())]).await;
    client.send(json!({"type": "hello", "locale": "en"})).await;
    client.expect("welcome").await;
    client
}

async fn names(server: &TestServer, browser: &mut Browser) -> Vec<String> {
    let list = browser.ask(server, "GET", "/api/rooms", Value::Null).await.json();
    let rooms = list["rooms"].as_array().expect("rooms").clone();
    rooms.iter().map(|room| room["name"].as_str().expect("a name").to_owned()).collect()
}

/// Searches until something is found in a room, which takes as long as indexing does.
async fn found_in(server: &TestServer, browser: &mut Browser, words: &str, room: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let found = browser.ask(server, "GET", &format!("/api/search?q={words}"), Value::Null).await.json();
        if found["messages"][0]["room"] == room {
            return;
        }
        assert!(Instant::now() < until, "{words} is not found: {found}");
    }
}

/// Every way to learn of what is said in a room; those that are refused.
async fn doors(server: &TestServer, browser: &mut Browser, room: &str) -> Vec<(String, bool)> {
    let mut doors = Vec::new();
    let posted = json!({"message": "let me in"});
    let job = json!({"name": "echo", "arguments": "let me in", "room": room});
    let question = json!({"question": "secret?", "room": room});
    for (method, path, body) in [
        ("GET", format!("/api/rooms/{room}"), Value::Null),
        ("GET", format!("/api/rooms/{room}/messages"), Value::Null),
        ("POST", format!("/api/rooms/{room}/messages"), posted),
        ("POST", "/api/jobs".to_owned(), job),
        ("POST", "/api/ask".to_owned(), question),
    ] {
        let answer = browser.ask(server, method, &path, body).await;
        doors.push((format!("{method} {path}"), answer.status < 300));
    }
    let found = browser.ask(server, "GET", "/api/search?q=secret", Value::Null).await.json();
    doors.push(("search".into(), !found["messages"].as_array().expect("messages").is_empty()));
    let path = format!("/api/search?q=secret&room={room}");
    let found = browser.ask(server, "GET", &path, Value::Null).await.json();
    doors.push(("search in it".into(), !found["messages"].as_array().expect("messages").is_empty()));
    let mut socket = client(server, browser).await;
    for frame in [
        json!({"type": "join", "room": room}),
        json!({"type": "history", "room": room}),
        json!({"type": "send", "room": room, "message": "let me in", "id": "1"}),
    ] {
        let kind = frame["type"].as_str().expect("a type").to_owned();
        socket.send(frame).await;
        let answers = socket.frames_until_pong().await;
        doors.push((kind, !answers.iter().any(|answer| answer["type"] == "error")));
    }
    doors
}

fn open_ones(doors: &[(String, bool)]) -> Vec<&str> {
    doors.iter().filter(|(_, is_open)| *is_open).map(|(door, _)| door.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_room_is_unseen_by_all_but_its_members_and_ends_for_who_is_taken_out() {
    let server = TestServer::start().await;
    let mut ann = member(&server, "Ann", "member").await;
    let mut bob = member(&server, "Bob", "member").await;
    let mut cid = member(&server, "Cid", "moderator").await;
    let mut guest = Browser::open(&server).await;
    let new = json!({"name": "plans", "kind": "closed", "title": "Our plans"});
    assert_eq!(guest.ask(&server, "POST", "/api/rooms", new.clone()).await.refusal(), (403, "forbidden".into()));
    let made = ann.ask(&server, "POST", "/api/rooms", new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["kind"], "closed");
    assert_eq!(ann.ask(&server, "PUT", "/api/rooms/plans/people/Bob", Value::Null).await.status, 204);
    assert_eq!(bob.ask(&server, "PUT", "/api/rooms/plans/people/Cid", Value::Null).await.status, 403);
    let mut inside = client(&server, &bob).await;
    inside.send(json!({"type": "join", "room": "plans"})).await;
    let joined = inside.expect("joined").await;
    assert_eq!(
        (&joined["kind"], &joined["title"], &joined["may"]),
        (&json!("closed"), &json!("Our plans"), &json!(["post", "react"]))
    );
    inside.say("plans", "the secret is honey").await;
    inside.say("plans", "/echo the secret again").await;
    inside.expect_where("message", |frame| frame["role"] == "bot").await;
    found_in(&server, &mut bob, "honey", "plans").await;

    let people = ann.ask(&server, "GET", "/api/rooms/plans", Value::Null).await.json()["people"].clone();
    assert_eq!(people, json!([{"handle": "Ann", "role": "member"}, {"handle": "Bob", "role": "member"}]));
    for outsider in [&mut guest, &mut cid] {
        assert!(names(&server, outsider).await.is_empty());
        assert_eq!(open_ones(&doors(&server, outsider, "plans").await), Vec::<&str>::new());
        let taken = outsider.ask(&server, "POST", "/api/rooms", json!({"name": "plans"})).await;
        assert_eq!(taken.refusal(), (404, "not_found".into()), "nobody gets in by making it");
    }
    let jobs = guest.ask(&server, "GET", "/api/jobs", Value::Null).await.json();
    assert_eq!(jobs["jobs"], json!([]));
    assert_eq!(names(&server, &mut bob).await, ["plans"]);

    assert_eq!(ann.ask(&server, "DELETE", "/api/rooms/plans/people/Bob", Value::Null).await.status, 204);
    assert_eq!(inside.closed().await, Some(1001), "a member that was taken out is disconnected");
    assert_eq!(open_ones(&doors(&server, &mut bob, "plans").await), Vec::<&str>::new());
    assert_eq!(ann.ask(&server, "DELETE", "/api/rooms/plans", Value::Null).await.status, 204);
    assert_eq!(ann.ask(&server, "GET", "/api/rooms/plans", Value::Null).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_room_is_one_for_the_same_people_and_for_nobody_else() {
    let server = TestServer::start().await;
    let mut ann = member(&server, "Ann", "member").await;
    let mut bob = member(&server, "Bob", "member").await;
    let mut eve = member(&server, "Eve", "admin").await;
    let to = |handles: &[&str]| json!({"kind": "direct", "members": handles});
    let made = ann.ask(&server, "POST", "/api/rooms", to(&["Bob"])).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let room = made.json()["name"].as_str().expect("a name").to_owned();
    assert_eq!(made.json()["title"], "Bob");
    let again = bob.ask(&server, "POST", "/api/rooms", to(&["Ann", "Bob"])).await;
    assert_eq!((again.status, &again.json()["name"], &again.json()["title"]), (200, &json!(room), &json!("Ann")));
    for (handles, expected) in [(vec![], (400, "bad_room")), (vec!["Nobody"], (404, "not_found"))] {
        let refused = ann.ask(&server, "POST", "/api/rooms", to(&handles)).await.refusal();
        assert_eq!((refused.0, refused.1.as_str()), expected);
    }
    let nowhere = format!("/api/rooms/~{}/messages", "0".repeat(24));
    let refused = ann.ask(&server, "POST", &nowhere, json!({"message": "x"})).await;
    assert_eq!(refused.refusal(), (404, "not_found".into()), "nobody makes one by its name");
    let overview = server.request("GET", "/api/overview").by_owner().send().await.json();
    assert_eq!(overview["rooms"], 1);
    let mut socket = client(&server, &ann).await;
    socket.say(&room, "only for you: the secret").await;
    found_in(&server, &mut ann, "secret", &room).await;
    assert_eq!(open_ones(&doors(&server, &mut eve, &room).await), Vec::<&str>::new(), "admins do not read along");
    assert_eq!(eve.ask(&server, "DELETE", &format!("/api/rooms/{room}"), Value::Null).await.status, 404);
    let by_key = server.request("GET", &format!("/api/rooms/{room}/messages")).by_owner().send().await;
    assert_eq!(by_key.status, 404);
    assert_eq!(doors(&server, &mut bob, &room).await.iter().filter(|(_, is_open)| *is_open).count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn unlisted_read_only_and_archived_rooms_are_what_they_say() {
    let server = TestServer::start().await;
    let mut ann = member(&server, "Ann", "member").await;
    let mut guest = Browser::open(&server).await;
    let post = json!({"message": "the secret"});
    let made = ann.ask(&server, "POST", "/api/rooms", json!({"name": "attic", "kind": "unlisted"})).await;
    assert_eq!(made.status, 201);
    assert_eq!(ann.ask(&server, "POST", "/api/rooms/attic/messages", post.clone()).await.status, 201);
    assert!(names(&server, &mut guest).await.is_empty());
    let found = guest.ask(&server, "GET", "/api/search?q=secret", Value::Null).await.json();
    assert_eq!(found["messages"], json!([]));
    assert_eq!(guest.ask(&server, "POST", "/api/rooms/attic/messages", post.clone()).await.status, 201);

    let change =
        async |browser: &mut Browser, change: Value| browser.ask(&server, "PATCH", "/api/rooms/attic", change).await;
    assert_eq!(change(&mut guest, json!({"title": "Mine"})).await.status, 403);
    let changed = change(&mut ann, json!({"posting": "members", "topic": " Boxes ", "slow_seconds": 0})).await.json();
    assert_eq!((&changed["posting"], &changed["topic"]), (&json!("members"), &json!("Boxes")));
    let refused = guest.ask(&server, "POST", "/api/rooms/attic/messages", post.clone()).await;
    assert_eq!(refused.refusal(), (403, "forbidden".into()));
    let slow = json!({"posting": "everyone", "slow_seconds": 600});
    assert_eq!(change(&mut ann, slow).await.status, 200);
    assert_eq!(guest.ask(&server, "POST", "/api/rooms/attic/messages", post.clone()).await.status, 201);
    let refused = guest.ask(&server, "POST", "/api/rooms/attic/messages", post.clone()).await;
    assert_eq!(refused.refusal(), (429, "too_fast".into()));
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (590..=601).contains(&seconds)));
    for _ in 0..2 {
        let by_owner = ann.ask(&server, "POST", "/api/rooms/attic/messages", post.clone()).await;
        assert_eq!(by_owner.status, 201, "whoever looks after the room is not slowed down");
    }
    assert_eq!(change(&mut ann, json!({"posting": "moderators", "slow_seconds": 0})).await.status, 200);
    let mut bob = member(&server, "Bob", "member").await;
    assert_eq!(bob.ask(&server, "POST", "/api/rooms/attic/messages", post.clone()).await.status, 403);
    assert_eq!(
        ann.ask(&server, "POST", "/api/rooms/attic/messages", post.clone()).await.status,
        201,
        "the room's owner"
    );
    assert_eq!(change(&mut ann, json!({"archived": true})).await.json()["archived"], true);
    assert_eq!(ann.ask(&server, "POST", "/api/rooms/attic/messages", post.clone()).await.status, 403);
    assert_eq!(guest.ask(&server, "GET", "/api/rooms/attic/messages", Value::Null).await.status, 200);
    for (bad, code) in [
        (json!({"title": "x".repeat(81)}), "bad_room"),
        (json!({"topic": "two\nlines"}), "bad_room"),
        (json!({"kind": "direct"}), "wrong_state"),
        (json!({"kind": "private"}), "wrong_state"),
    ] {
        assert_eq!(change(&mut ann, bad.clone()).await.refusal().1, code, "{bad}");
    }
    assert_eq!(change(&mut ann, json!({"kind": "closed"})).await.json()["people"][0]["handle"], "Ann");
    assert_eq!(change(&mut ann, json!({"kind": "public"})).await.refusal(), (409, "wrong_state".into()));
    assert_eq!(guest.ask(&server, "GET", "/api/rooms/attic/messages", Value::Null).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_room_takes_its_messages_jobs_and_schedules_along() {
    let server = TestServer::start().await;
    let (mut ann, joined) = server.member("Ann", "lobby").await;
    ann.say("lobby", "the secret").await;
    ann.say("lobby", "/every day 9:00 echo tea").await;
    ann.expect_where("message", |frame| frame["role"] == "bot").await;
    ann.say("lobby", "/sleep 600").await;
    ann.expect_where("job", |frame| frame["job"]["state"] == "running").await;
    for (path, body) in [
        ("/api/documents", json!({"title": "Lobby", "text": "for the lobby", "room": "lobby"})),
        ("/api/documents", json!({"title": "All", "text": "for all"})),
        ("/api/hooks", json!({"room": "lobby", "name": "Hook"})),
    ] {
        assert_eq!(server.request("POST", path).by_owner().json(body).send().await.status, 201, "{path}");
    }
    assert_eq!(server.request("DELETE", "/api/rooms/lobby").send().await.status, 403);
    assert_eq!(server.request("DELETE", "/api/rooms/lobby").by_owner().send().await.status, 204);
    assert_eq!(ann.closed().await, Some(1001));
    let schedules = server.request("GET", "/api/schedules").by_owner().send().await.json();
    assert_eq!(schedules["schedules"], json!([]));
    let found = server.request("GET", "/api/search?q=secret").send().await.json();
    assert_eq!(found["messages"], json!([]));
    let documents = server.request("GET", "/api/documents").by_owner().send().await.json();
    assert_eq!(documents["documents"].as_array().map(Vec::len), Some(1));
    assert_eq!(documents["documents"][0]["title"], "All");
    assert_eq!(server.request("GET", "/api/hooks").by_owner().send().await.json()["hooks"], json!([]));
    // Who was there does not bring it back by joining again.
    let mut back = server.client("Ann").await;
    let again = json!({"type": "join", "room": "lobby", "after": 1, "version": 1, "epoch": joined["epoch"]});
    assert_eq!(back.refused(again).await, "not_found");
    // The name is free, and nothing of the old room comes back with it.
    let (mut bob, joined) = server.member("Bob", "lobby").await;
    assert_eq!((&joined["messages"], &joined["last"]), (&json!([]), &json!(0)));
    assert_eq!(bob.say("lobby", "fresh").await, 1);
    let open =
        server.request("GET", "/api/jobs?state=queued,running,scheduled&handle=Ann").by_owner().send().await.json();
    assert_eq!(open["jobs"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_account_is_needed_strangers_find_only_the_door() {
    let server = TestServer::start().await;
    let mut owner = member(&server, "Olga", "owner").await;
    let mut guest = Browser::open(&server).await;
    let mut inside = client(&server, &guest).await;
    inside.say("lobby", "hello").await;
    assert_eq!(guest.ask(&server, "PATCH", "/api/settings", json!({"access": "members"})).await.status, 403);
    let changed = owner.ask(&server, "PATCH", "/api/settings", json!({"access": "invite"})).await;
    assert_eq!((changed.status, changed.json()), (200, json!({"access": "invite"})));
    assert_eq!(inside.closed().await, Some(1001), "guests find out at once");
    assert_eq!(guest.user(&server).await["role"], "stranger");
    assert_eq!(guest.ask(&server, "GET", "/", Value::Null).await.status, 200);
    for path in [
        "/api/rooms",
        "/api/rooms/lobby/messages",
        "/api/search?q=hello",
        "/api/jobs",
        "/api/documents",
        "/api/commands",
    ] {
        let refused = guest.ask(&server, "GET", path, Value::Null).await;
        assert_eq!(refused.refusal(), (403, "forbidden".into()), "{path}");
    }
    let mut outside = client(&server, &guest).await;
    assert_eq!(outside.refused(json!({"type": "join", "room": "lobby"})).await, "not_found");
    assert_eq!(outside.refused(json!({"room": "lobby", "message": "hi"})).await, "not_found");
    let mut newcomer = member(&server, "Ann", "member").await;
    assert_eq!(names(&server, &mut newcomer).await, ["lobby"]);
    let key = format!("Bearer {OWNER_KEY}");
    let by_key = Client::connect(server.address(), "/ws", &[("authorization", &key)]).await;
    by_key.close().await;
}
