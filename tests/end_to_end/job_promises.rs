//! What programs rely on when they ask for jobs: later starts, repetitions, retries as they say, many at once; and what a program prints.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::custom_commands::{Setup, asked, script_command};
use crate::support::{Answer, PATIENCE, Request, TestServer};

async fn post(address: std::net::SocketAddr, path: &str, body: Value) -> Answer {
    Request::new("POST", &format!("http://{address}{path}")).by_owner().json(body).send().await
}

async fn job(address: std::net::SocketAddr, id: &str) -> Value {
    Request::new("GET", &format!("http://{address}/api/jobs/{id}")).by_owner().send().await.json()
}

/// Waits until a job is as it is wanted.
async fn until(address: std::net::SocketAddr, id: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let job = job(address, id).await;
        if is_wanted(&job) {
            return job;
        }
        assert!(begun.elapsed() < PATIENCE, "{job}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_asked_for_later_waits_for_its_time_also_over_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let echo = |more: Value| {
        let mut asked = json!({"name": "echo", "arguments": "tea", "room": "lobby"});
        asked.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        asked
    };
    let soon = post(server.address(), "/api/jobs", echo(json!({"delay": 0.6}))).await;
    let soon = id(&soon);
    assert_eq!(job(server.address(), &soon).await["state"], "scheduled");
    ann.expect_where("job", |frame| frame["job"]["id"] == soon && frame["job"]["state"] == "scheduled").await;
    ann.expect_where("message", |frame| frame["job"] == soon && frame["role"] == "bot").await;

    let tomorrow = jiff::Timestamp::now() + Duration::from_secs(24 * 60 * 60);
    let later = id(&post(server.address(), "/api/jobs", echo(json!({"at": tomorrow.to_string()}))).await);
    let at_a_restart = id(&post(server.address(), "/api/jobs", echo(json!({"delay": 1.5}))).await);
    server.stop().await.expect("a clean stop");
    let server = TestServer::on(dir.path()).await;
    until(server.address(), &at_a_restart, |job| job["state"] == "completed").await;
    assert_eq!(job(server.address(), &later).await["state"], "scheduled");
    let cancelled = post(server.address(), &format!("/api/jobs/{later}/cancel"), json!({})).await;
    assert_eq!(cancelled.json()["state"], "cancelled");

    for more in [
        json!({"delay": -1}),
        json!({"delay": 1e12}),
        json!({"delay": 5, "at": tomorrow.to_string()}),
        json!({"at": "tomorrow"}),
        json!({"expires": -5}),
    ] {
        let refused = post(server.address(), "/api/jobs", echo(more.clone())).await;
        assert_eq!(refused.refusal(), (400, "bad_start".into()), "{more}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_time_is_limited_and_gives_its_place_back() {
    let server = TestServer::with(|config| config.jobs.schedules_per_person = 3).await;
    let plan = async || {
        let asked = json!({"name": "echo", "arguments": "tea", "room": "lobby", "delay": 3600});
        post(server.address(), "/api/jobs", asked).await
    };
    let first = id(&plan().await);
    for _ in 0..2 {
        id(&plan().await);
    }
    assert_eq!(plan().await.refusal(), (503, "busy".into()));
    post(server.address(), &format!("/api/jobs/{first}/cancel"), json!({})).await;
    let second = id(&plan().await);
    // Started before its time, it waits no more.
    post(server.address(), &format!("/api/jobs/{second}/retry"), json!({})).await;
    until(server.address(), &second, |job| job["state"] == "completed").await;
    id(&plan().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_was_used_for_something_else_is_refused() {
    let server = TestServer::start().await;
    let sum = async |arguments: &str| {
        post(server.address(), "/api/jobs", json!({"name": "sum", "arguments": arguments, "room": "lobby", "id": "a"}))
            .await
    };
    let first = sum("1 2").await;
    let again = sum("1 2").await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!(sum("1 3").await.refusal(), (409, "wrong_state".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_comes_too_late_is_not_done() {
    let server = TestServer::with(|config| {
        config.jobs.workers = 2;
        config.jobs.per_room_at_once = 1;
    })
    .await;
    let ask = async |name: &str, arguments: &str, expires: Option<f64>| {
        let asked = json!({"name": name, "arguments": arguments, "room": "lobby", "expires": expires});
        id(&post(server.address(), "/api/jobs", asked).await)
    };
    let busy = ask("sleep", "600", None).await;
    until(server.address(), &busy, |job| job["state"] == "running").await;
    let late = ask("sleep", "601", Some(0.1)).await;
    let in_time = ask("sleep", "0.01", Some(3600.0)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    post(server.address(), &format!("/api/jobs/{busy}/cancel"), json!({})).await;
    let late = until(server.address(), &late, |job| job["finished_at"].is_string()).await;
    assert_eq!((&late["state"], &late["error"]["code"]), (&json!("failed"), &json!("expired")), "{late}");
    until(server.address(), &in_time, |job| job["state"] == "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_are_cancelled_retried_and_removed_at_once_and_only_ones_own() {
    let server = TestServer::start().await;
    for number in 0..5 {
        let asked = json!({"name": "echo", "arguments": format!("{number}"), "room": "lobby", "delay": 3600});
        id(&post(server.address(), "/api/jobs", asked).await);
    }
    let (mut bo, _) = server.member("Bo", "lobby").await;
    bo.say("lobby", "/sleep 600").await;
    bo.expect_where("job", |frame| frame["job"]["name"] == "sleep" && frame["job"]["state"] == "running").await;
    let bulk = async |body: Value| {
        let answer = post(server.address(), "/api/jobs/bulk", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let by_guest = server.request("POST", "/api/jobs/bulk").json(json!({"action": "cancel"})).send().await.json();
    assert_eq!(by_guest, json!({"done": 0, "skipped": 0, "more": false}), "they are others'");
    assert_eq!(bulk(json!({"action": "cancel", "name": "echo"})).await["done"], 5);
    assert_eq!(bulk(json!({"action": "cancel", "name": "echo"})).await["done"], 0);
    assert_eq!(bulk(json!({"action": "retry", "state": "cancelled", "name": "echo"})).await["done"], 5);
    let begun = Instant::now();
    let mut removed = 0;
    while removed < 5 {
        assert!(begun.elapsed() < PATIENCE, "{removed} removed");
        removed += bulk(json!({"action": "remove", "name": "echo"})).await["done"].as_u64().expect("a number");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let left = server.request("GET", "/api/jobs").by_owner().send().await.json();
    assert_eq!(left["jobs"].as_array().map(Vec::len), Some(1), "{left}");
    let wrong = post(server.address(), "/api/jobs/bulk", json!({"action": "cancel", "state": "lost"})).await;
    assert_eq!(wrong.refusal(), (400, "bad_request".into()));
}

/// A command that fails as `script` does, with two retries at once.
fn failing(script: &str) -> Setup {
    let policy = "retries = 2\nretry_first_seconds = 0.05\nretry_factor = 1.0\nretry_jitter = 0.0";
    Setup::with_script(script, policy)
}

async fn ended(setup: &Setup) -> Value {
    let asked = json!({"name": "test", "arguments": "", "room": "lobby"});
    let job = id(&post(setup.server.address(), "/api/jobs", asked).await);
    until(setup.server.address(), &job, |job| job["finished_at"].is_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_says_whether_and_when_it_is_to_be_tried_again() {
    for (script, state, attempts) in [
        ("exit 1", "dead", 3),
        // EX_USAGE and EX_DATAERR: no other attempt would do better.
        ("exit 64", "failed", 1),
        ("exit 65", "failed", 1),
        // EX_TEMPFAIL.
        ("exit 75", "dead", 3),
        (r#"echo '{"error": "no such city", "retry": false}'; exit 1"#, "failed", 1),
        (r#"echo '{"error": "busy", "retry": true}'; exit 65"#, "dead", 3),
        (r#"echo '{"error": "busy", "retry": 0.2}'; exit 1"#, "dead", 3),
    ] {
        let setup = failing(script);
        let begun = Instant::now();
        let job = ended(&setup).await;
        assert_eq!((&job["state"], &job["attempt"]), (&json!(state), &json!(attempts)), "{script}: {job}");
        assert!(!script.contains("0.2") || begun.elapsed() >= Duration::from_millis(400), "it waited as it was told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_job_waits_for_its_next_attempt_it_says_why() {
    let policy = "retries = 1\nretry_first_seconds = 3600";
    let setup = Setup::with_script(r#"echo '{"error": "the printer is out of paper"}'; exit 1"#, policy);
    let asked = json!({"name": "test", "arguments": "", "room": "lobby"});
    let job = id(&post(setup.server.address(), "/api/jobs", asked).await);
    let waiting = until(setup.server.address(), &job, |job| job["state"] == "retrying").await;
    assert_eq!(waiting["error"]["code"], "own_exit", "{waiting}");
    assert!(waiting["error"]["message"].as_str().is_some_and(|words| words.contains("out of paper")), "{waiting}");
    let due = waiting["due_at"].as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time");
    let seconds = (due - jiff::Timestamp::now()).total(jiff::Unit::Second).expect("seconds");
    assert!((2_600.0..=4_600.0).contains(&seconds), "{seconds}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_prints_is_shown_as_a_terminal_would_and_at_once() {
    let setup = Setup::new(
        &[
            script_command("bar", r"printf '10 %%\r60 %%\r100 %%\n\033[32mdone\033[0m\n'", ""),
            script_command("slow", r#"python3 -c 'import time; print("first"); time.sleep(600)'"#, ""),
            script_command("words", r#"for word in "$@"; do printf '[%s]' "$word"; done"#, ""),
        ]
        .join("\n"),
    );
    let mut ann = setup.member("Ann").await;
    assert_eq!(asked(&mut ann, "/bar").await, ("100 %\ndone".into(), "completed".into()));
    assert_eq!(asked(&mut ann, "/words “New York” tomorrow").await.0, "[New York][tomorrow]");
    assert_eq!(asked(&mut ann, "/words 北京　明天").await.0, "[北京][明天]");
    ann.send(json!({"room": "lobby", "message": "/slow"})).await;
    let piece = ann.expect("delta").await;
    assert_eq!(piece["text"], "first\n", "without waiting for its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_jobs_of_a_paused_command_wait_also_over_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let pause = async |address, body: Value| {
        let paused = post(address, "/api/jobs/pause", body).await;
        assert_eq!(paused.status, 200, "{}", paused.text());
        paused.json()["paused"].clone()
    };
    let ask = async |address, name: &str| {
        let asked = json!({"name": name, "arguments": "1 2", "room": "lobby"});
        id(&post(address, "/api/jobs", asked).await)
    };
    assert_eq!(pause(server.address(), json!({"name": "sum", "paused": true})).await, json!(["sum"]));
    let (waiting, other) = (ask(server.address(), "sum").await, ask(server.address(), "echo").await);
    until(server.address(), &other, |job| job["state"] == "completed").await;
    assert_eq!(job(server.address(), &waiting).await["state"], "queued");
    server.stop().await.expect("a clean stop");
    let server = TestServer::on(dir.path()).await;
    let address = server.address();
    assert_eq!(pause(address, json!({"paused": true})).await, json!(["*", "sum"]));
    let all = ask(address, "echo").await;
    assert_eq!(pause(address, json!({"name": "sum", "paused": false})).await, json!(["*"]));
    tokio::time::sleep(Duration::from_millis(200)).await;
    for id in [&waiting, &all] {
        assert_eq!(job(address, id).await["state"], "queued");
    }
    assert_eq!(pause(address, json!({"paused": false})).await, json!([]));
    for id in [&waiting, &all] {
        until(address, id, |job| job["state"] == "completed").await;
    }
    let unknown = post(address, "/api/jobs/pause", json!({"name": "nothing", "paused": true})).await;
    assert_eq!(unknown.refusal(), (404, "not_found".into()));
}
