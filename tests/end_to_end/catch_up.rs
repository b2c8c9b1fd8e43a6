//! Coming back, and reading what was said before.

use serde_json::{Value, json};

use crate::rooms::texts;
use crate::support::{Client, TestServer};

/// A server with a room of `count` numbered messages.
async fn with_messages(count: usize) -> (TestServer, Client) {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let mut ann = server.client("Ann").await;
    for index in 1..=count {
        ann.send(json!({"room": "lobby", "message": index.to_string()})).await;
    }
    ann.expect_where("ack", |frame| frame["seq"] == count).await;
    (server, ann)
}

fn numbers(frame: &Value) -> Vec<u64> {
    frame["messages"].as_array().expect("messages").iter().map(|one| one["seq"].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn who_comes_back_gets_exactly_what_was_missed() {
    let (server, mut ann) = with_messages(70).await;
    ann.send(json!({"type": "join", "room": "lobby"})).await;
    let epoch = ann.expect("joined").await["epoch"].clone();
    assert!(epoch.as_str().is_some_and(|epoch| !epoch.is_empty()));
    for (after, expected) in [(70, vec![]), (69, vec![70]), (10, (11..=70).collect()), (0, (1..=70).collect())] {
        let mut back = server.client("Back").await;
        back.send(json!({"type": "join", "room": "lobby", "after": after, "epoch": epoch})).await;
        let joined = back.expect("joined").await;
        assert_eq!((&joined["complete"], &joined["last"]), (&json!(true), &json!(70)));
        assert_eq!(numbers(&joined), expected);
        ann.say("other", "a sign").await;
    }
}

#[tokio::test]
async fn numbers_of_another_epoch_or_from_the_future_are_not_continued() {
    let (server, _ann) = with_messages(60).await;
    let newest: Vec<u64> = (11..=60).collect();
    for (after, epoch) in [(json!(20), json!("another")), (json!(61), Value::Null), (json!(u64::MAX), Value::Null)] {
        let mut back = server.client("Back").await;
        back.send(json!({"type": "join", "room": "lobby", "after": after, "epoch": epoch})).await;
        let joined = back.expect("joined").await;
        assert_eq!(joined["complete"], false, "after {after}, epoch {epoch}");
        assert_eq!(numbers(&joined), newest);
    }
}

#[tokio::test]
async fn a_gap_too_long_to_fill_is_said_to_be_one() {
    let (server, _ann) = with_messages(1002).await;
    let mut back = server.client("Back").await;
    back.send(json!({"type": "join", "room": "lobby", "after": 1})).await;
    let joined = back.expect("joined").await;
    assert_eq!((&joined["complete"], &joined["last"]), (&json!(false), &json!(1002)));
    assert_eq!(numbers(&joined), (953..=1002).collect::<Vec<u64>>());
    back.send(json!({"type": "join", "room": "lobby", "after": 2})).await;
    let joined = back.expect("joined").await;
    assert_eq!(joined["complete"], true);
    assert_eq!(numbers(&joined), (3..=1002).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_gap_of_long_messages_is_whole_or_said_not_to_be() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let mut ann = server.client("Ann").await;
    for _ in 0..140 {
        ann.send(json!({"room": "lobby", "message": "x".repeat(8000)})).await;
    }
    ann.expect_where("ack", |frame| frame["seq"] == 140).await;
    for (after, complete, count) in [(1, false, 50), (20, true, 120)] {
        ann.send(json!({"type": "join", "room": "lobby", "after": after})).await;
        let joined = ann.expect("joined").await;
        assert_eq!((&joined["complete"], texts(&joined).len()), (&json!(complete), count));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_after_joining_continues_what_came_with_it() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let talking = tokio::spawn(async move {
        for index in 0..400 {
            ann.send(json!({"room": "lobby", "message": index.to_string()})).await;
        }
        ann.expect_where("ack", |frame| frame["seq"] == 400).await;
    });
    let mut seen = 0;
    while seen < 400 {
        // Another connection each time, which takes up where the last one ended.
        let mut back = server.client("Back").await;
        back.send(json!({"type": "join", "room": "lobby", "after": seen})).await;
        let joined = back.expect("joined").await;
        assert_eq!(joined["complete"], true);
        let mut numbers = numbers(&joined);
        while numbers.len() < 5 && seen + (numbers.len() as u64) < 400 {
            numbers.push(back.expect("message").await["seq"].as_u64().expect("a number"));
        }
        assert_eq!(numbers, (seen + 1..=seen + numbers.len() as u64).collect::<Vec<u64>>());
        seen += numbers.len() as u64;
        back.close().await;
    }
    talking.await.expect("all was said");
}

async fn delete(server: &TestServer, room: &str, seq: u64) {
    let request = server.request("DELETE", &format!("/api/rooms/{room}/messages/{seq}")).by_owner();
    assert_eq!(request.send().await.status, 204);
}

/// Joins the lobby as somebody who left at that number and version.
async fn back_at(server: &TestServer, after: u64, version: Option<u64>) -> Value {
    let mut back = server.client("Back").await;
    back.send(json!({"type": "join", "room": "lobby", "after": after, "version": version})).await;
    back.expect("joined").await
}

fn changed(joined: &Value) -> Vec<u64> {
    let none = Vec::new();
    joined["changed"].as_array().unwrap_or(&none).iter().map(|one| one["seq"].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn who_comes_back_learns_of_deletions_however_much_was_said_since() {
    let (server, mut ann) = with_messages(20).await;
    let first = back_at(&server, 20, None).await;
    assert_eq!((&first["version"], &first["deleted"], first.get("changed")), (&json!(20), &json!([]), None));
    delete(&server, "lobby", 7).await;
    for _ in 0..980 {
        ann.send(json!({"room": "lobby", "message": "more"})).await;
    }
    ann.expect_where("ack", |frame| frame["seq"] == 1000).await;
    delete(&server, "lobby", 3).await;
    // It is new to who left before it, and told as it is.
    delete(&server, "lobby", 500).await;

    let joined = back_at(&server, 20, Some(20)).await;
    assert_eq!((&joined["complete"], &joined["version"], &joined["last"]), (&json!(true), &json!(1003), &json!(1000)));
    assert_eq!(numbers(&joined), (21..=1000).collect::<Vec<u64>>());
    assert_eq!((&joined["deleted"], changed(&joined)), (&json!([7, 3]), vec![7, 3]));
    assert_eq!((&joined["changed"][0]["deleted"], &joined["changed"][0]["message"]), (&json!(true), &json!("")));
    assert_eq!(joined["messages"][500 - 21]["deleted"], true);
    // Without a version, all deletions are told that may be news.
    assert_eq!(back_at(&server, 20, None).await["deleted"], json!([7, 3]));
    assert_eq!(back_at(&server, 21, None).await["deleted"], json!([3]));
    assert_eq!(back_at(&server, 1000, Some(1001)).await["deleted"], json!([3, 500]));
    assert_eq!(back_at(&server, 1000, Some(1003)).await["deleted"], json!([]));
    let unknown = back_at(&server, 1000, Some(1004)).await;
    assert_eq!((&unknown["complete"], numbers(&unknown).len()), (&json!(false), 50), "a version that never was");
}

#[tokio::test]
async fn too_many_changes_are_said_to_be_too_many() {
    let (server, _ann) = with_messages(205).await;
    let mut owner = server.owner().await;
    for seq in 1..=200 {
        delete(&server, "lobby", seq).await;
    }
    assert_eq!(changed(&back_at(&server, 205, Some(205)).await).len(), 200);
    delete(&server, "lobby", 201).await;
    for version in [Some(205), None] {
        let joined = back_at(&server, 205, version).await;
        assert_eq!((&joined["complete"], changed(&joined)), (&json!(false), vec![]));
    }
    assert_eq!(changed(&back_at(&server, 205, Some(206)).await).len(), 200);
    assert_eq!(owner.say("lobby", "on").await, 206);
}

#[tokio::test]
async fn an_answer_whose_question_was_deleted_is_told_to_be_another() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.say("lobby", "/sum 1 2").await;
    let answer = ann.expect_where("message", |frame| frame["role"] == "bot").await;
    assert_eq!((&answer["version"], &answer["query"]), (&json!(2), &json!("sum 1 2")));
    delete(&server, "lobby", 1).await;
    let deleted = ann.expect("deleted").await;
    assert_eq!((&deleted["seq"], &deleted["version"]), (&json!(1), &json!(3)));
    let told = ann.expect("changed").await;
    assert_eq!((&told["seq"], &told["version"], &told["message"]), (&json!(2), &json!(4), &answer["message"]));
    assert_eq!(told["query"], "");
    let joined = back_at(&server, 2, Some(2)).await;
    assert_eq!((&joined["deleted"], changed(&joined)), (&json!([1]), vec![1, 2]));
    assert_eq!((&joined["changed"][1]["query"], joined["changed"][1].get("version")), (&json!(""), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_on_the_wire_grow_one_by_one_while_people_talk_and_delete() {
    const MESSAGES: u64 = 300;
    let (server, mut ann) = with_messages(MESSAGES as usize).await;
    let (mut watcher, joined) = server.member("Watcher", "lobby").await;
    assert_eq!(joined["version"], MESSAGES);
    let talking = tokio::spawn(async move {
        for _ in 0..MESSAGES {
            ann.send(json!({"room": "lobby", "message": "more"})).await;
        }
        ann.expect_where("ack", |frame| frame["seq"] == 2 * MESSAGES).await;
    });
    let deleting = |parity: u64| {
        let server = &server;
        async move {
            for seq in (1..=MESSAGES).filter(|seq| seq % 2 == parity) {
                delete(server, "lobby", seq).await;
            }
        }
    };
    let watching = async {
        for version in MESSAGES + 1..=3 * MESSAGES {
            let frame = loop {
                let frame = watcher.next().await.expect("open");
                if frame["type"] == "message" || frame["type"] == "deleted" {
                    break frame;
                }
            };
            assert_eq!(frame["version"], version, "{frame}");
        }
    };
    tokio::join!(deleting(0), deleting(1), watching);
    talking.await.expect("all was said");
}

#[tokio::test]
async fn history_is_read_in_pages_both_ways() {
    let (_server, mut ann) = with_messages(120).await;
    let cases = [
        (json!({}), 71..=120, true),
        (json!({"before": 71}), 21..=70, true),
        (json!({"before": 21}), 1..=20, false),
        (json!({"before": 21, "limit": 20}), 1..=20, false),
        (json!({"before": 21, "limit": 19}), 2..=20, true),
        (json!({"after": 0, "limit": 100}), 1..=100, true),
        (json!({"after": 100}), 101..=120, false),
        (json!({"after": 10, "before": 15}), 11..=14, false),
        (json!({"after": 10, "before": 15, "limit": 2}), 11..=12, true),
        (json!({"limit": 100_000}), 1..=120, false),
        (json!({"before": 1000, "limit": 1}), 120..=120, true),
    ];
    for (fields, expected, more) in cases {
        let mut frame = fields.clone();
        frame["type"] = json!("history");
        frame["room"] = json!("lobby");
        ann.send(frame).await;
        let history = ann.expect("history").await;
        assert_eq!(numbers(&history), expected.collect::<Vec<u64>>(), "{fields}");
        assert_eq!(history["more"], more, "{fields}");
    }
    for fields in [json!({"before": 1}), json!({"before": 0}), json!({"after": 120}), json!({"after": u64::MAX})] {
        let mut frame = fields.clone();
        frame["type"] = json!("history");
        frame["room"] = json!("lobby");
        ann.send(frame).await;
        let history = ann.expect("history").await;
        assert_eq!((numbers(&history), &history["more"]), (vec![], &json!(false)), "{fields}");
    }
    assert_eq!(ann.refused(json!({"type": "history", "room": "nowhere"})).await, "not_found");
}

#[tokio::test]
async fn one_page_of_history_has_at_most_two_hundred() {
    let (_server, mut ann) = with_messages(210).await;
    ann.send(json!({"type": "history", "room": "lobby", "limit": 1000})).await;
    let history = ann.expect("history").await;
    assert_eq!(numbers(&history), (11..=210).collect::<Vec<u64>>());
    assert_eq!(history["more"], true);
}
