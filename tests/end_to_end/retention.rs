//! What rooms do not keep any more is gone for good: from the room, the search, the jobs and the reports.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::clock::{Clock, HOUR};
use crate::support::{Browser, Client, PATIENCE, Request, ServerProcess, TestServer};

const DAY: i64 = 24 * HOUR;

async fn get(address: std::net::SocketAddr, path: &str) -> Value {
    Request::new("GET", &format!("http://{address}{path}")).by_owner().send().await.json()
}

/// Asks until the answer fits.
async fn until(address: std::net::SocketAddr, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let answer = get(address, path).await;
        if fits(&answer) {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "{path}: {answer}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn numbers(answer: &Value) -> Vec<u64> {
    let messages = answer["messages"].as_array().expect("messages");
    messages.iter().map(|message| message["seq"].as_u64().expect("a number")).collect()
}

fn found(answer: &Value) -> usize {
    answer["messages"].as_array().expect("messages").len()
}

async fn member(address: std::net::SocketAddr, after: Value) -> (Client, Value) {
    let mut client = Client::connect(address, "/ws", &[]).await;
    client.send(json!({"type": "hello", "handle": "Ann", "locale": "en"})).await;
    let mut join = json!({"type": "join", "room": "lobby"});
    join.as_object_mut().expect("an object").extend(after.as_object().expect("an object").clone());
    client.send(join).await;
    let joined = client.expect("joined").await;
    (client, joined)
}

/// Bytes of all files below a folder.
fn bytes_of(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(
            |entry| {
                if entry.path().is_dir() { bytes_of(&entry.path()) } else { entry.metadata().expect("a file").len() }
            },
        )
        .sum()
}

const SETTINGS: &str = "[rooms]\nkeep_days = 30\n[jobs]\nkeep_days = 365\n[limits]\nmessages_per_second = 0\n[embedding]\nsource = \"off\"\n";

/// When the first round since the start has ended.
pub async fn purged(address: std::net::SocketAddr) -> Value {
    until(address, "/api/overview", |overview| overview["purge"]["next_at"].is_string()).await["purge"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_older_than_they_are_kept_are_gone_with_all_that_refers_to_them_and_stay_gone() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    std::fs::write(dir.path().join("config.toml"), SETTINGS).expect("written");
    let mut clock = Clock::new(dir.path());
    let mut server = clock.start(&data);
    let (mut ann, joined) = member(server.address(), json!({})).await;
    assert_eq!((&joined["keep_days"], &joined["keep_messages"]), (&json!(30), &json!(0)));
    let asked = ann.say("lobby", "/sum 1 2").await;
    let answer = ann.expect_where("message", |frame| frame["reply_to"] == asked).await;
    let job = answer["job"].as_str().expect("a job").to_owned();
    let old = ann.say("lobby", "a quokka in the morning").await;
    let deleted = ann.say("lobby", "said by mistake").await;
    let lobby = format!("http://{}/api/rooms/lobby/messages", server.address());
    Request::new("DELETE", &format!("{lobby}/{deleted}")).by_owner().send().await;
    let report = Request::new("POST", &format!("{lobby}/{old}/report")).by_owner().json(json!({"reason": "off topic"}));
    assert!(report.send().await.status < 300);
    let text = json!({"title": "Animals", "text": "# Quokka\n\nThe quokka is a small wallaby."});
    crate::documents::add(server.address(), text).await;
    until(server.address(), "/api/search?q=quokka", |answer| found(answer) == 1).await;
    assert_eq!(get(server.address(), "/api/reports").await["reports"].as_array().map(Vec::len), Some(1));
    let epoch = joined["epoch"].clone();

    clock.jump(31 * DAY);
    let fresh = ann.say("lobby", "a quokka in the evening").await;
    assert_eq!(server.terminate(), Some(0));
    for round in 0..3 {
        server = clock.start(&data);
        let address = server.address();
        let purge = purged(address).await;
        let expected = if round == 0 {
            (json!(fresh - 1), json!(1), json!(1), json!(1))
        } else {
            (json!(0), json!(0), json!(0), json!(0))
        };
        let last = &purge["last"];
        assert_eq!(
            (&last["messages"], &last["rooms"], &last["jobs"], &last["reports"]),
            (&expected.0, &expected.1, &expected.2, &expected.3),
            "{round}"
        );
        let history = get(address, "/api/rooms/lobby/messages").await;
        assert_eq!((numbers(&history), &history["more"]), (vec![fresh], &json!(false)));
        let before = get(address, &format!("/api/rooms/lobby/messages?before={fresh}")).await;
        assert_eq!((numbers(&before), &before["more"]), (vec![], &json!(false)));
        let after = get(address, "/api/rooms/lobby/messages?after=1").await;
        assert_eq!((numbers(&after), &after["more"]), (vec![fresh], &json!(false)));
        let search =
            until(address, "/api/search?q=quokka", |answer| found(answer) > 0 && answer["complete"] != false).await;
        assert_eq!(numbers(&search), [fresh]);
        assert_eq!(
            Request::new("GET", &format!("http://{address}/api/jobs/{job}")).by_owner().send().await.status,
            404
        );
        assert_eq!(get(address, "/api/reports").await["reports"], json!([]));
        assert_eq!(get(address, "/api/documents").await["documents"].as_array().map(Vec::len), Some(1));
        let overview = get(address, "/api/overview").await;
        assert_eq!(overview["messages"], 1, "what is kept");
        // Who was away for long starts anew; who has seen all that is gone does not.
        for (after, complete) in [(old, false), (fresh - 1, true), (fresh, true)] {
            let (_, joined) = member(address, json!({"after": after, "version": after, "epoch": epoch})).await;
            assert_eq!(joined["complete"], complete, "after {after}: {joined}");
            assert!(numbers(&joined).iter().all(|seq| *seq >= fresh), "{joined}");
            assert_eq!(joined["deleted"], json!([]));
        }
        if round == 0 {
            server.kill()
        } else {
            assert_eq!(server.terminate(), Some(0))
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_newest_messages_are_kept_and_a_running_job_holds_what_asked_for_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let keep = |config: &mut chatbot::config::Config| {
        config.rooms.keep_messages = 3;
        config.jobs.per_person_at_once = 1;
    };
    let server = TestServer::on_with(dir.path(), keep).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.say("lobby", "one").await;
    // A stop interrupts the first; the second waits for it to end, and goes on.
    let interrupted = ann.say("lobby", "/sleep 600").await;
    ann.expect_where("job", |frame| frame["job"]["state"] == "running").await;
    let asked = ann.say("lobby", "/sleep 700").await;
    assert_eq!((interrupted, asked), (2, 3));
    for text in ["four", "five", "six", "seven"] {
        ann.say("lobby", text).await;
    }
    server.stop().await.expect("stopped");
    let server = TestServer::on_with(dir.path(), keep).await;
    purged(server.address()).await;
    let kept = get(server.address(), "/api/rooms/lobby/messages").await;
    assert_eq!(
        numbers(&kept),
        (asked..=8).collect::<Vec<_>>(),
        "what asked for the running job is kept, and all behind it"
    );
    let running = until(server.address(), "/api/jobs?state=running", |list| list["jobs"][0]["seq"] == asked).await;
    let job = running["jobs"][0]["id"].as_str().expect("a job").to_owned();
    let cancel = server.request("POST", &format!("/api/jobs/{job}/cancel")).by_owner().send().await;
    assert_eq!(cancel.status, 200);
    until(server.address(), &format!("/api/jobs/{job}"), |job| job["state"] == "cancelled").await;
    until(server.address(), "/api/rooms/lobby/messages", |kept| numbers(kept).last() == Some(&9)).await;
    server.stop().await.expect("stopped");
    let server = TestServer::on_with(dir.path(), keep).await;
    assert_eq!(purged(server.address()).await["last"], json!({"messages": 4, "rooms": 1, "jobs": 1, "reports": 0}));
    let kept = get(server.address(), "/api/rooms/lobby/messages").await;
    assert_eq!(numbers(&kept), [7, 8, 9]);
    let (mut ann, _) = server.member("Ann", "lobby").await;
    assert_eq!(ann.say("lobby", "the next").await, 10, "numbers go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_keep_less_and_admins_keep_what_they_want() {
    let server = TestServer::with(|config| config.rooms.keep_days = 30).await;
    let mut admin = Browser::with_account(&server, "Ada", "admin").await;
    let mut owner = Browser::with_account(&server, "Olga", "member").await;
    let mut other = Browser::with_account(&server, "Otto", "member").await;
    assert_eq!(owner.ask(&server, "POST", "/api/rooms", json!({"name": "plans"})).await.status, 201);
    let (mut client, _) = owner.connect(&server).await;
    client.send(json!({"type": "join", "room": "plans"})).await;
    let joined = client.expect("joined").await;
    assert_eq!((&joined["keep_days"], &joined["keep_messages"]), (&json!(30), &json!(0)));
    let change = async |who: &mut Browser, change: Value| {
        let answer = who.ask(&server, "PATCH", "/api/rooms/plans", change).await;
        (answer.status, answer.json())
    };
    for (longer, code) in
        [(json!({"keep_days": 31}), 403), (json!({"keep_days": 0}), 403), (json!({"keep_days": 99_999}), 400)]
    {
        let (status, answer) = change(&mut owner, longer.clone()).await;
        assert_eq!(status, code, "{longer}: {answer}");
    }
    assert_eq!(change(&mut other, json!({"keep_days": 7})).await.0, 403);
    let (_, room) = change(&mut owner, json!({"keep_days": 7, "keep_messages": 500})).await;
    assert_eq!((&room["keep_days"], &room["keep_messages"]), (&json!(7), &json!(500)));
    let retention = &room["retention"];
    assert_eq!((&retention["keep_days"], &retention["for_all_rooms"]["keep_days"]), (&json!(7), &json!(30)));
    assert_eq!(retention["may_exceed"], false);
    let told = client.expect("room").await;
    assert_eq!((&told["keep_days"], &told["keep_messages"]), (&json!(7), &json!(500)));
    // Back to what holds for all rooms, and by an admin beyond it.
    let (_, room) = change(&mut owner, json!({"keep_days": null, "keep_messages": null})).await;
    assert_eq!((&room["keep_days"], &room["retention"]["keep_days"]), (&json!(30), &Value::Null));
    let (status, room) = change(&mut admin, json!({"keep_days": 0})).await;
    assert_eq!((status, &room["keep_days"]), (200, &json!(0)));
    let (status, room) = change(&mut owner, json!({"topic": "what comes next"})).await;
    assert_eq!((status, &room["keep_days"]), (200, &json!(0)), "other settings change without it");
    assert_eq!(other.ask(&server, "GET", "/api/rooms/plans", Value::Null).await.json()["retention"], Value::Null);
}

/// Posts numbered messages without waiting for each.
async fn post_many(client: &mut Client, count: usize) {
    const WINDOW: usize = 200;
    for index in 0..count {
        let text = format!("word{index}x is said once in this room");
        client.send(json!({"type": "send", "room": "lobby", "message": text})).await;
        if index >= WINDOW {
            client.expect("ack").await;
        }
    }
    for _ in 0..WINDOW.min(count) {
        client.expect("ack").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_kills_cut_short_goes_on_and_the_index_shrinks() {
    const MESSAGES: usize = 6_000;
    const KEPT: u64 = 40;
    let dir = tempfile::tempdir().expect("a folder");
    let fast = [("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0"), ("CHATBOT_EMBEDDING__SOURCE", "off")];
    let keep = KEPT.to_string();
    let keeping = [fast[0], fast[1], ("CHATBOT_ROOMS__KEEP_MESSAGES", keep.as_str())];
    let mut server = ServerProcess::start(dir.path(), &fast);
    let (mut ann, _) = member(server.address(), json!({})).await;
    post_many(&mut ann, MESSAGES).await;
    let last = MESSAGES as u64;
    let first_word = "/api/search?q=word7x";
    until(server.address(), first_word, |answer| found(answer) == 1).await;
    assert_eq!(server.terminate(), Some(0));
    let index_before = bytes_of(&dir.path().join("index"));
    let mut oldest = 1;
    let mut cut_short = 0;
    // Killed after a time that grows until a round ends before.
    for round in 0.. {
        server = ServerProcess::start(dir.path(), &keeping);
        tokio::time::sleep(std::time::Duration::from_millis(5 * round)).await;
        server.kill();
        server = ServerProcess::start(dir.path(), &fast);
        let after = get(server.address(), "/api/rooms/lobby/messages?after=0&limit=1").await;
        let now = numbers(&after)[0];
        assert!(now >= oldest && now <= last + 1 - KEPT, "{now} after {oldest}");
        let newest = get(server.address(), "/api/rooms/lobby/messages?limit=200").await;
        assert_eq!(numbers(&newest), (now.max(last - 199)..=last).collect::<Vec<_>>(), "nothing else is lost");
        oldest = now;
        server.kill();
        if oldest == last + 1 - KEPT {
            break;
        }
        cut_short += u64::from(oldest > 1);
    }
    assert!(cut_short > 0, "no kill came in the middle");
    server = ServerProcess::start(dir.path(), &keeping);
    purged(server.address()).await;
    // Kills may have taken a part of the index, which is made again.
    let last_word = format!("/api/search?q=word{}x", MESSAGES - 1);
    until(server.address(), &last_word, |answer| found(answer) == 1 && answer["complete"] == true).await;
    assert_eq!(found(&get(server.address(), first_word).await), 0);
    assert_eq!(server.terminate(), Some(0));
    chatbot::store::audit(&dir.path().join("store")).expect("indexes and sizes that agree");
    let index_after = bytes_of(&dir.path().join("index"));
    assert!(index_after < index_before / 2, "{index_after} of {index_before} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_entries_of_the_audit_log_are_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    std::fs::write(dir.path().join("config.toml"), "[accounts]\naudit_days = 30\n").expect("written");
    let mut clock = Clock::new(dir.path());
    let actions = |log: &Value| -> Vec<String> {
        let entries = log["entries"].as_array().expect("entries");
        entries.iter().map(|entry| entry["subject"].as_str().expect("a subject").to_owned()).collect()
    };
    let change = async |server: &ServerProcess, room: &str| {
        let url = format!("http://{}/api/rooms/{room}", server.address());
        let post = Request::new("POST", &format!("{url}/messages")).by_owner().json(json!({"message": "hello"}));
        assert!(post.send().await.status < 300);
        assert_eq!(Request::new("PATCH", &url).by_owner().json(json!({"topic": room})).send().await.status, 200);
    };
    let mut server = clock.start(&data);
    change(&server, "old").await;
    clock.jump(20 * DAY);
    change(&server, "newer").await;
    assert_eq!(actions(&get(server.address(), "/api/audit").await), ["newer", "old"]);
    clock.jump(15 * DAY);
    assert_eq!(server.terminate(), Some(0));
    server = clock.start(&data);
    let log = until(server.address(), "/api/audit", |log| actions(log) == ["newer"]).await;
    assert_eq!(log["entries"][0]["action"], "room.change");
    change(&server, "newest").await;
    assert_eq!(actions(&get(server.address(), "/api/audit").await), ["newest", "newer"]);
}
