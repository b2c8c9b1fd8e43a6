//! One address at the limits of what it may cost: others do not notice it, and those who look after the server are never refused.

use std::time::{Duration, Instant};

use chatbot::config::Config;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Client, PATIENCE, Request, TestServer};

/// A server behind a proxy that forwards addresses, with the default budgets.
async fn server_with(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::with(|config| {
        config.budgets = chatbot::config::BudgetsConfig::default();
        config.http.trusted_proxies = vec!["127.0.0.1".to_owned()];
        change(config);
    })
    .await
}

const ATTACKER: &str = "192.0.2.66";
const HONEST: &str = "192.0.2.7";

/// A cookie of a browser's own choice.
fn cookie(number: usize) -> String {
    format!("chatbot_visitor={number:040}")
}

fn request(server: &TestServer, address: &str, number: usize, method: &str, path: &str) -> Request {
    server.request(method, path).header("x-forwarded-for", address).header("cookie", &cookie(number))
}

async fn client(server: &TestServer, address: &str, number: usize) -> Client {
    let headers = [("x-forwarded-for", address), ("cookie", &cookie(number))];
    let mut client = Client::connect(server.address(), "/ws", &headers).await;
    client.send(json!({"type": "hello", "locale": "en"})).await;
    client.expect("welcome").await;
    client
}

fn job(name: &str, arguments: &str) -> Value {
    json!({"name": name, "arguments": arguments, "room": "lobby"})
}

async fn start(server: &TestServer, address: &str, number: usize, job: Value) -> Answer {
    request(server, address, number, "POST", "/api/jobs").json(job).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_cookies_of_one_address_get_the_places_of_one_and_others_their_turn() {
    let server = server_with(|config| {
        config.jobs.queue = 50;
        config.jobs.per_person = 80;
        config.budgets.jobs_per_minute = 0;
    })
    .await;
    // Those that run, and a full lane: the fifth of one address waits for a worker as long as the others sleep.
    for number in 0..4 {
        assert_eq!(start(&server, ATTACKER, number, job("sleep", "3600")).await.status, 201);
    }
    let until = Instant::now() + PATIENCE;
    while server.request("GET", "/api/overview").by_owner().send().await.json()["jobs"]["running"] != 4 {
        assert!(Instant::now() < until, "a worker takes each");
    }
    let attack = (4..100).map(|number| start(&server, ATTACKER, number, job("sleep", "3600")));
    let statuses: Vec<u16> = join_all(attack).await.iter().map(|answer| answer.status).collect();
    let waiting = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!(waiting, 50, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 201 | 503)));
    // The attacker's newest job gives its place.
    let honest = start(&server, HONEST, 500, job("sleep", "0")).await;
    assert_eq!(honest.status, 201, "{}", honest.text());
    let id = honest.json()["id"].as_str().expect("an id").to_owned();
    let mut watcher = client(&server, HONEST, 500).await;
    watcher.send(json!({"type": "watch"})).await;
    let shown = request(&server, HONEST, 500, "GET", &format!("/api/jobs/{id}")).send().await.json();
    if shown["state"] != "completed" {
        watcher
            .expect_where("job", |frame| frame["job"]["id"] == id.as_str() && frame["job"]["state"] == "completed")
            .await;
    }
    let failed = server.request("GET", "/api/jobs?state=failed&name=sleep").by_owner().send().await.json();
    let failed = failed["jobs"].as_array().expect("jobs").clone();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["error"]["code"], "busy");
    let by_owner = server.request("POST", "/api/jobs").by_owner().json(job("sleep", "0")).send().await;
    assert_eq!(by_owner.status, 201, "the owner has a place of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_schedules_are_few_not_too_frequent_and_the_moderators_to_delete() {
    let server = server_with(|config| {
        config.jobs.schedules_per_person = 5;
        config.budgets.guest_schedules = 7;
        config.budgets.jobs_per_minute = 0;
    })
    .await;
    let plan = async |address: &str, number: usize, line: &str| {
        let mut client = client(&server, address, number).await;
        client.send(json!({"type": "join", "room": "lobby"})).await;
        client.expect("joined").await;
        let seq = client.say("lobby", line).await;
        let answer = client.expect_where("message", |frame| frame["reply_to"] == seq).await;
        answer["job_state"].as_str().expect("a state").to_owned()
    };
    assert_eq!(plan(ATTACKER, 0, "/every minute echo spam").await, "failed", "too often for a guest");
    let mut states = Vec::new();
    for number in 0..8 {
        states.push(plan(ATTACKER, number, "/every hour echo spam").await);
    }
    assert_eq!(
        states.iter().filter(|state| *state == "completed").count(),
        5,
        "one address has the places of one person"
    );
    for number in 10..13 {
        states.push(plan(HONEST, number, "/every day 9:00 echo tea").await);
    }
    assert_eq!(states.iter().filter(|state| *state == "completed").count(), 7, "guests have seven places in all");
    let schedules = server.request("GET", "/api/schedules").by_owner().send().await.json();
    assert_eq!(schedules["schedules"].as_array().map(Vec::len), Some(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sockets_of_one_address_send_no_more_than_one() {
    let server = server_with(|_| {}).await;
    let mut sockets = Vec::new();
    for number in 0..40 {
        sockets.push(client(&server, ATTACKER, number).await);
    }
    let flood = sockets.iter_mut().map(async |socket| {
        for index in 0..30 {
            let id = format!("m{index}");
            socket.send(json!({"room": "target", "message": "x".repeat(200), "id": id})).await;
        }
        let (mut stored, mut answered) = (0, 0);
        while answered < 30 {
            let frame = socket.next().await.expect("an answer");
            stored += usize::from(frame["type"] == "ack");
            answered += usize::from(frame["type"] == "ack" || frame["type"] == "error");
        }
        stored
    });
    let stored: usize = join_all(flood).await.into_iter().sum();
    // The budget of a minute, and what comes back of it meanwhile.
    assert!((120..200).contains(&stored), "{stored} stored");
    let mut honest = client(&server, HONEST, 500).await;
    let mut waits = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        honest.say("elsewhere", "hello").await;
        waits.push(began.elapsed());
    }
    assert!(waits.iter().all(|wait| *wait < Duration::from_secs(1)), "{waits:?}");
    for seq in 1..=60 {
        let path = format!("/api/rooms/target/messages/{seq}");
        let deleted = server.request("DELETE", &path).by_owner().header("x-forwarded-for", ATTACKER).send().await;
        assert_eq!(deleted.status, 204, "whoever moderates is not slowed down, from that address neither");
    }
    // Something has come back meanwhile.
    let refused = loop {
        let post = request(&server, ATTACKER, 3, "POST", "/api/rooms/target/messages").json(json!({"message": "x"}));
        let answer = post.send().await;
        if answer.status != 201 {
            break answer;
        }
    };
    assert_eq!(refused.refusal(), (429, "too_fast".into()));
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_through_a_proxy_are_counted_by_the_clients_address() {
    let server = server_with(|config| config.budgets.connections_per_minute = 5).await;
    let headers = [("x-forwarded-for", ATTACKER)];
    let mut refused = 0;
    for _ in 0..10 {
        refused += usize::from(Client::try_connect(server.address(), "/ws", &headers).await.is_err());
    }
    assert!((1..=5).contains(&refused), "{refused}");
    client(&server, HONEST, 500).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_and_reads_cost_something_and_others_are_answered() {
    let server = server_with(|config| config.budgets.reading_seconds_per_minute = 1).await;
    let open = |number: usize| {
        request(&server, ATTACKER, number, "POST", "/api/rooms").json(json!({"name": format!("zz-{number}")})).send()
    };
    let made: Vec<_> = join_all((0..60).map(open)).await.iter().map(|answer| answer.status).collect();
    assert_eq!(made.iter().filter(|status| **status == 201).count(), 30, "{made:?}");
    assert!(made.iter().all(|status| matches!(status, 201 | 429)));
    let mut author = client(&server, HONEST, 500).await;
    for index in 0..50 {
        author.say("lobby", &format!("the quick brown fox number {index}")).await;
    }
    // Until the budget is used up: then at once.
    let mut refused = None;
    for _ in 0..5_000 {
        let answer = request(&server, ATTACKER, 1, "GET", "/api/search?q=%22the%20quick%20brown%22").send().await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a search costs something");
    assert_eq!(refused.refusal(), (429, "too_fast".into()));
    let found = request(&server, HONEST, 500, "GET", "/api/search?q=fox").send().await;
    assert_eq!(found.status, 200);
    assert!(!found.json()["messages"].as_array().expect("messages").is_empty());
    let list = request(&server, HONEST, 500, "GET", "/api/rooms?q=zz").send().await.json();
    assert_eq!(list["rooms"].as_array().map(Vec::len), Some(30));
}
