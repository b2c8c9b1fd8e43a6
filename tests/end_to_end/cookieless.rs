//! Clients without a cookie: nobody can find them again, so nothing of them is kept that they could not find either.

use chatbot::store::{JobList, Quotas, Store, StoreOptions, audit};
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::json;

use crate::support::{Client, TestServer};

/// As many as came by in a day.
const VISITORS: usize = 10_000;

/// Of them at a time.
const AT_ONCE: usize = 64;

/// Comes, asks the bot something or nothing, and goes.
async fn visit(server: &TestServer, number: usize) {
    let mut visitor = server.simple("/ws/chat/").await;
    match number % 4 {
        0 => {}
        1 => {
            visitor.send(json!({"message": "sum 12 32"})).await;
            visitor.expect_where("message", |frame| frame["message"] == "12 + 32 = 44").await;
        }
        // Goes before the answer.
        2 => visitor.send(json!({"message": "sleep 0.01"})).await,
        _ => {
            visitor.send(json!({"message": "remind in 10m tea"})).await;
            visitor.expect_where("message", |frame| frame["role"] == "bot" && frame["seq"] == 2).await;
        }
    }
    visitor.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_that_come_and_go_leave_no_room_job_or_session_behind() {
    let dir = tempfile::tempdir().expect("a folder");
    let change = |config: &mut chatbot::config::Config| {
        config.limits.connections_per_address = 2 * AT_ONCE;
        config.limits.messages_per_second = 0;
    };
    let server = TestServer::on_with(dir.path(), change).await;
    stream::iter(0..VISITORS).for_each_concurrent(AT_ONCE, |number| visit(&server, number)).await;
    server.stop().await.expect("stopped");
    // What a stop had to leave, the next start removes.
    TestServer::on(dir.path()).await.stop().await.expect("stopped");
    let store = dir.path().join("store");
    audit(&store).expect("indexes that agree");
    let options = StoreOptions { cache_bytes: 1 << 20, min_free_bytes: 0, quotas: Quotas::NONE };
    let (store, closing) = Store::open(&store, options, |_| {}).expect("the store");
    assert_eq!(store.room_numbers().await, Ok(vec![]));
    let jobs = store.list_jobs(JobList::All, None, 9, |_| true).await.expect("readable");
    assert!(jobs.is_empty(), "{jobs:?}");
    assert_eq!(store.schedules(9).await.expect("readable").len(), 0);
    assert_eq!(store.remove_expired_sessions(chatbot::model::Timestamp(i64::MAX)).await, Ok(0));
    drop(store);
    tokio::task::spawn_blocking(|| closing.wait()).await.expect("closed");
}

#[tokio::test]
async fn a_job_that_is_started_over_http_can_be_read_by_whoever_started_it() {
    let server = TestServer::start().await;
    let new = json!({"name": "sum", "arguments": "12 32", "handle": "ci"});
    let started = server.request("POST", "/api/jobs").json(new).send().await;
    assert_eq!(started.status, 201);
    let job = started.json();
    assert_eq!((&job["room"], &job["handle"]), (&json!("@bot"), &json!("ci")));
    let path = format!("/api/jobs/{}", job["id"].as_str().expect("an id"));
    let mut result = json!(null);
    for _ in 0..1000 {
        let shown = server.request("GET", &path).send().await;
        assert_eq!(shown.status, 200);
        result = shown.json()["result"].clone();
        if !result.is_null() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(result, "12 + 32 = 44");
    let listed = server.request("GET", "/api/jobs").send().await.json();
    assert_eq!(listed["jobs"], json!([]), "the next one behind the same address is somebody else");
}

#[tokio::test]
async fn a_private_rooms_stored_name_does_not_tell_whose_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let cookie = "0123456789abcdef0123456789abcdef01234567";
    let header = format!("chatbot_visitor={cookie}");
    let mut ann = Client::connect(server.address(), "/ws", &[("cookie", &header)]).await;
    ann.send(json!({"type": "join", "room": "@bot"})).await;
    ann.expect("joined").await;
    ann.say("@bot", "sum 1 2").await;
    ann.expect_where("message", |frame| frame["message"] == "1 + 2 = 3").await;
    server.stop().await.expect("stopped");
    let options = StoreOptions { cache_bytes: 1 << 20, min_free_bytes: 0, quotas: Quotas::NONE };
    let (store, _closing) = Store::open(&dir.path().join("store"), options, |_| {}).expect("the store");
    let rooms = store.room_numbers().await.expect("readable");
    let (_, record) = store.room_record(rooms[0]).await.expect("readable");
    let owner = record.members[0].to_string();
    assert!(record.name.is_private() && !record.name.is_temporary(), "{record:?}");
    assert!(owner.len() > 20 && !record.name.as_str().contains(&owner[1..]), "{record:?}");
}
