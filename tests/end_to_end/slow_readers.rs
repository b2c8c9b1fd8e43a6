//! Who does not read harms nobody but themselves.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::raw::{Raw, TEXT, frame};
use crate::support::{Client, PATIENCE, TestServer};

const TEXT_LENGTH: usize = 8000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_reads_is_dropped_and_the_others_miss_nothing() {
    let server = TestServer::with(|config| {
        config.limits.messages_per_second = 0;
        config.limits.stall_seconds = 1;
    })
    .await;
    let mut stuck = Raw::open_narrow(server.address()).await;
    stuck.write(&frame(TEXT, br#"{"type":"join","room":"lobby"}"#)).await;
    stuck.expect("joined").await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let (bob, joined) = server.member("Bob", "lobby").await;
    assert_eq!(joined["count"], 3);
    let listening = tokio::spawn(listen(bob));
    let (start, mut said, mut is_dropped) = (Instant::now(), 0, false);
    // The kernel's buffers take the first megabytes; then the silent one is found out.
    while !is_dropped {
        assert!(start.elapsed() < PATIENCE, "still there after {said} messages");
        ann.send(json!({"room": "lobby", "message": "x".repeat(TEXT_LENGTH)})).await;
        ann.expect_noting("ack", |frame| is_dropped |= frame["type"] == "presence" && frame["count"] == 2).await;
        said += 1;
    }
    assert_eq!(ann.say("lobby", "the end").await, said + 1);
    assert_eq!(listening.await.expect("heard all"), said + 1);
}

/// Hears everything in order, until the end; how many messages that was.
async fn listen(mut client: Client) -> u64 {
    for heard in 1.. {
        let message = client.expect("message").await;
        assert_eq!(message["seq"], heard);
        if message["message"] == "the end" {
            return heard;
        }
    }
    unreachable!("there is an end")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_only_drop_by_drop_is_dropped_in_the_end() {
    let server = TestServer::with(|config| {
        config.limits.messages_per_second = 0;
        config.limits.stall_seconds = 2;
    })
    .await;
    let mut slow = Raw::open_narrow(server.address()).await;
    slow.write(&frame(TEXT, br#"{"type":"join","room":"lobby"}"#)).await;
    slow.expect("joined").await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    // Some bytes now and then, so that no write is ever stuck for long.
    let dripping = tokio::spawn(async move {
        use tokio::io::AsyncReadExt;
        let mut scratch = vec![0; 64 * 1024];
        while slow.0.read(&mut scratch).await.is_ok_and(|read| read > 0) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let text = "字".repeat(TEXT_LENGTH);
    let mut is_alone = false;
    // 19 MB, twice of what may wait for one connection.
    for _ in 0..40 {
        for _ in 0..20 {
            ann.send(json!({"room": "lobby", "message": text})).await;
        }
        for _ in 0..20 {
            ann.expect_noting("ack", |frame| is_alone |= frame["type"] == "presence" && frame["count"] == 1).await;
        }
    }
    while !is_alone {
        is_alone = ann.expect("presence").await["count"] == 1;
    }
    dripping.abort();
}
