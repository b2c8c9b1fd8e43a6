//! What becomes of jobs: trying again, dropping, starting over HTTP, watching, turns.

use serde_json::{Value, json};

use crate::support::{Client, TestServer, cookie_of};

/// Asks in the lobby and returns the job's id.
async fn ask(client: &mut Client, command: &str) -> String {
    client.send(json!({"room": "lobby", "message": command})).await;
    client.expect("loading").await["job"].as_str().expect("an id").to_owned()
}

/// Waits until a job is in a state.
async fn in_state(client: &mut Client, job: &str, state: &str) -> Value {
    let frame = client.expect_where("job", |frame| frame["job"]["id"] == job && frame["job"]["state"] == state).await;
    frame["job"].clone()
}

#[tokio::test]
async fn a_cancelled_job_is_begun_again_under_its_id_and_tells_its_story() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let job = ask(&mut ann, "/sleep 600").await;
    in_state(&mut ann, &job, "running").await;
    ann.send(json!({"type": "cancel", "job": job})).await;
    in_state(&mut ann, &job, "cancelled").await;
    let again = server.request("POST", &format!("/api/jobs/{job}/retry")).by_owner().send().await;
    assert_eq!((again.status, &again.json()["id"]), (200, &json!(job)));
    let running = in_state(&mut ann, &job, "running").await;
    assert_eq!(running["attempt"], 2);
    ann.send(json!({"type": "cancel", "job": job})).await;
    in_state(&mut ann, &job, "cancelled").await;
    let told = server.request("GET", &format!("/api/jobs/{job}")).send().await.json();
    let states: Vec<&str> =
        told["changes"].as_array().expect("a list").iter().filter_map(|c| c["state"].as_str()).collect();
    assert_eq!(states, ["queued", "running", "cancelled", "queued", "running", "cancelled"]);
    let reason = told["changes"][3]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("Started again by "), "{reason}");
    assert_eq!(told["arguments"], "600");
}

#[tokio::test]
async fn what_is_done_or_under_way_is_not_begun_again_and_what_is_under_way_not_dropped() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let done = ask(&mut ann, "/sum 1 2").await;
    in_state(&mut ann, &done, "completed").await;
    let retry = server.request("POST", &format!("/api/jobs/{done}/retry")).by_owner().send().await;
    assert_eq!(retry.refusal(), (409, "wrong_state".into()));
    let running = ask(&mut ann, "/sleep 600").await;
    in_state(&mut ann, &running, "running").await;
    let retry = server.request("POST", &format!("/api/jobs/{running}/retry")).by_owner().send().await;
    assert_eq!((retry.status, retry.json()["attempt"].as_u64()), (200, Some(1)));
    let drop = server.request("DELETE", &format!("/api/jobs/{running}")).by_owner().send().await;
    assert_eq!(drop.refusal(), (409, "wrong_state".into()));
    assert_eq!(
        server.request("DELETE", &format!("/api/jobs/{done}")).send().await.refusal(),
        (403, "forbidden".into())
    );
    assert_eq!(server.request("DELETE", &format!("/api/jobs/{done}")).by_owner().send().await.status, 204);
    assert_eq!(server.request("GET", &format!("/api/jobs/{done}")).by_owner().send().await.status, 404);
}

#[tokio::test]
async fn a_command_is_started_over_http_and_said_in_the_room() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let start = json!({"name": "sum", "arguments": "12 32", "room": "lobby", "handle": "Bob", "id": "once"});
    let by_bob = |start: Value| server.request("POST", "/api/jobs").header("cookie", &cookie_of("Bob")).json(start);
    let started = by_bob(start.clone()).send().await;
    assert_eq!(started.status, 201);
    let job = started.json()["id"].as_str().expect("an id").to_owned();
    let said = ann.expect_where("message", |frame| frame["handle"] == "Bob").await;
    assert_eq!((&said["message"], &said["job"]), (&json!("/sum 12 32"), &json!(job)));
    in_state(&mut ann, &job, "completed").await;
    let again = by_bob(start).send().await;
    assert_eq!((again.status, &again.json()["id"]), (200, &json!(job)));
    let odd = json!({"name": "echo", "arguments": "a\u{1}\u{0}b", "time_zone": "x".repeat(60_000)});
    let started = server.request("POST", "/api/jobs").json(odd).send().await.json();
    assert_eq!(started["line"], "echo ab", "what cannot be shown is left out");
    for name in ["", "two words", " ", "a\u{1}b"] {
        let refused = server.request("POST", "/api/jobs").json(json!({"name": name})).send().await;
        assert_eq!(refused.refusal(), (400, "missing_field".into()), "{name:?}");
    }
}

#[tokio::test]
async fn who_watches_is_told_of_own_jobs_in_every_room_and_the_owner_of_all() {
    let server = TestServer::start().await;
    let (mut ann, mut owner) = (server.client("Ann").await, server.owner().await);
    let mut bob = server.client("Bob").await;
    for client in [&mut ann, &mut bob, &mut owner] {
        client.send(json!({"type": "watch"})).await;
        client.expect("watching").await;
    }
    ann.send(json!({"room": "garden", "message": "/sum 1 2"})).await;
    for client in [&mut ann, &mut owner] {
        let ended = client.expect_where("job", |frame| frame["job"]["state"] == "completed").await;
        assert_eq!((&ended["room"], &ended["job"]["line"]), (&json!("garden"), &json!("sum 1 2")));
    }
    assert!(bob.frames_until_pong().await.iter().all(|frame| frame["type"] != "job"));
    ann.send(json!({"type": "unwatch"})).await;
    ann.expect("unwatched").await;
    ann.send(json!({"room": "garden", "message": "/sum 1 3"})).await;
    owner.expect_where("job", |frame| frame["job"]["state"] == "completed").await;
    assert!(ann.frames_until_pong().await.iter().all(|frame| frame["type"] != "job"));
}

#[tokio::test]
async fn fifty_slow_jobs_of_one_person_do_not_hold_up_another() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for _ in 0..50 {
        ask(&mut ann, "/sleep 600").await;
    }
    let (mut bob, _) = server.member("Bob", "garden").await;
    bob.send(json!({"room": "garden", "message": "/sleep 0.01 quick nap"})).await;
    let slept = bob.expect_where("message", |frame| frame["role"] == "bot").await;
    assert_eq!(slept["job_state"], "completed");
    let of_ann = server.request("GET", "/api/jobs?state=running&handle=Ann").by_owner().send().await.json();
    assert_eq!(of_ann["jobs"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn a_list_of_jobs_is_filtered_and_read_on_page_by_page() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for number in 0..5 {
        let job = ask(&mut ann, &format!("/sum {number} 1")).await;
        in_state(&mut ann, &job, "completed").await;
    }
    let bad = ask(&mut ann, "/sum cats").await;
    in_state(&mut ann, &bad, "failed").await;
    let lines = |list: &Value| -> Vec<String> {
        list["jobs"].as_array().expect("a list").iter().map(|job| job["line"].as_str().expect("text").into()).collect()
    };
    let first =
        server.request("GET", "/api/jobs?state=completed&name=sum&room=lobby&limit=2").by_owner().send().await.json();
    assert_eq!((lines(&first), &first["more"]), (vec!["sum 4 1".into(), "sum 3 1".into()], &json!(true)));
    let last = first["jobs"][1]["id"].as_str().expect("an id");
    let rest = format!("/api/jobs?state=completed,failed&handle=Ann&before={last}");
    let rest = server.request("GET", &rest).by_owner().send().await.json();
    assert_eq!((lines(&rest).len(), &rest["more"]), (3, &json!(false)));
    let none = server.request("GET", "/api/jobs?handle=Bob").by_owner().send().await.json();
    assert!(lines(&none).is_empty());
    assert_eq!(server.request("GET", "/api/jobs?state=odd").send().await.refusal().0, 400);
}

#[tokio::test]
async fn what_waits_for_its_time_is_listed_by_it() {
    let server = TestServer::start().await;
    let cookie = format!("chatbot_visitor={}", "a".repeat(40));
    let mut ann = Client::connect(server.address(), "/ws", &[("cookie", &cookie)]).await;
    ann.send(json!({"type": "join", "room": "lobby"})).await;
    for time in ["in 3h", "in 1h", "in 2h"] {
        let planned = ask(&mut ann, &format!("/remind {time} tea")).await;
        in_state(&mut ann, &planned, "completed").await;
    }
    let list = || server.request("GET", "/api/jobs?state=scheduled,retrying");
    for list in [list().header("cookie", &cookie), list().by_owner()] {
        let list = list.send().await.json();
        let due: Vec<&str> =
            list["jobs"].as_array().expect("a list").iter().filter_map(|job| job["due_at"].as_str()).collect();
        assert!(due.len() == 3 && due.is_sorted(), "the next comes first: {due:?}");
    }
}
