//! Those who moderate: they delete with what followed, stop people, clear what these left, and all of it is on record.

use std::time::Duration;

use chatbot::config::{BudgetsConfig, Config};
use serde_json::{Value, json};

use crate::support::{Browser, Client, TestServer, cookie_of};

/// A server behind a proxy that forwards addresses.
async fn server() -> TestServer {
    TestServer::with(|config: &mut Config| {
        config.budgets = BudgetsConfig { guest_interval_minutes: 0, ..BudgetsConfig::default() };
        config.http.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await
}

async fn guest(server: &TestServer, name: &str, address: &str) -> Client {
    let headers = [("cookie", cookie_of(name)), ("x-forwarded-for", address.to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut client = Client::connect(server.address(), "/ws", &headers).await;
    client.send(json!({"type": "hello", "handle": name, "locale": "en"})).await;
    client.expect("welcome").await;
    client.send(json!({"type": "join", "room": "lobby"})).await;
    client.expect("joined").await;
    client
}

/// What is left to read in the lobby.
async fn texts(server: &TestServer) -> Vec<String> {
    let list = server.request("GET", "/api/rooms/lobby/messages?limit=200").by_owner().send().await.json();
    let messages = list["messages"].as_array().expect("messages").clone();
    let shown = messages.iter().filter(|message| message["deleted"] != true);
    shown.map(|message| message["message"].as_str().expect("a text").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_deleted_with_all_that_followed_from_it() {
    let server = server().await;
    let mut mia = Browser::with_account(&server, "Mia", "moderator").await;
    let mut ann = guest(&server, "Ann", "192.0.2.1").await;
    ann.say("lobby", "keep this").await;
    let sum = ann.say("lobby", "/sum 1 2").await;
    ann.expect_where("message", |frame| frame["message"] == "1 + 2 = 3").await;
    let plan = ann.say("lobby", "/every hour echo spam").await;
    ann.expect_where("message", |frame| frame["reply_to"] == plan).await;
    let sleep = ann.say("lobby", "/sleep 600").await;
    ann.expect_where("job", |frame| frame["job"]["state"] == "running" && frame["job"]["name"] == "sleep").await;
    let mut guest = Browser::open(&server).await;
    let path = |seq: u64| format!("/api/rooms/lobby/messages/{seq}?with=following");
    assert_eq!(guest.ask(&server, "DELETE", &path(sum), Value::Null).await.status, 403);
    for seq in [sum, plan, sleep] {
        let deleted = mia.ask(&server, "DELETE", &path(seq), Value::Null).await;
        assert_eq!(deleted.status, 204, "{}", deleted.text());
    }
    assert_eq!(texts(&server).await, ["keep this"]);
    let schedules = server.request("GET", "/api/schedules").by_owner().send().await.json();
    assert_eq!(schedules["schedules"], json!([]));
    let open = server.request("GET", "/api/jobs?state=queued,running,scheduled").by_owner().send().await.json();
    assert_eq!(open["jobs"], json!([]));
    let wrong = mia.ask(&server, "DELETE", "/api/rooms/lobby/messages/1?with=everything", Value::Null).await;
    assert_eq!(wrong.refusal(), (400, "bad_request".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attack_is_ended_and_removed_in_two_requests_and_others_keep_what_they_said() {
    let server = server().await;
    let mut mia = Browser::with_account(&server, "Mia", "moderator").await;
    let mut ann = guest(&server, "Ann", "192.0.2.1").await;
    ann.say("lobby", "good morning").await;
    let mut spammers = Vec::new();
    let mut last = 0;
    for number in 0..10 {
        let mut spammer = guest(&server, &format!("Spam {number}"), "192.0.2.66").await;
        last = spammer.say("lobby", &format!("buy {number}")).await;
        spammer.say("lobby", "/every hour echo spam").await;
        spammer.say("lobby", "/sleep 3600").await;
        spammer.expect_where("job", |frame| frame["job"]["name"] == "sleep").await;
        spammers.push(spammer);
    }
    let by_address = |more: Value| {
        let mut body = json!({"room": "lobby", "seq": last, "by": "address"});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let ban = by_address(json!({"kind": "ban", "minutes": 60, "reason": "spam"}));
    let mut outsider = Browser::open(&server).await;
    assert_eq!(outsider.ask(&server, "POST", "/api/sanctions", ban.clone()).await.status, 403);
    let banned = mia.ask(&server, "POST", "/api/sanctions", ban).await;
    assert_eq!(banned.status, 201, "{}", banned.text());
    for spammer in &mut spammers {
        assert_eq!(spammer.closed().await, Some(1001));
    }
    let cleared = mia.ask(&server, "POST", "/api/moderation/clear", by_address(json!({"hours": 1}))).await.json();
    assert_eq!((&cleared["jobs"], &cleared["schedules"]), (&json!(10), &json!(10)), "{cleared}");
    assert_eq!(texts(&server).await, ["good morning"]);
    // Another cookie does not help; another address does not suffer.
    let headers = [("x-forwarded-for", "192.0.2.66")];
    let mut back = Client::connect(server.address(), "/ws", &headers).await;
    assert_eq!(back.refused(json!({"room": "lobby", "message": "again"})).await, "forbidden");
    let rooms = server.request("GET", "/api/rooms").header("x-forwarded-for", "192.0.2.66").send().await;
    assert_eq!(rooms.refusal(), (403, "forbidden".into()));
    ann.say("lobby", "at last").await;

    let list = mia.ask(&server, "GET", "/api/sanctions", Value::Null).await.json();
    assert_eq!((&list["sanctions"][0]["reason"], &list["sanctions"][0]["by"]), (&json!("spam"), &json!("Mia")));
    let path = format!("/api/sanctions/{}", list["sanctions"][0]["id"].as_str().expect("an id"));
    assert_eq!(mia.ask(&server, "DELETE", &path, Value::Null).await.status, 204);
    let rooms = server.request("GET", "/api/rooms").header("x-forwarded-for", "192.0.2.66").send().await;
    assert_eq!(rooms.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_muted_reads_and_does_not_write_until_that_is_over() {
    let server = server().await;
    let mut mia = Browser::with_account(&server, "Mia", "moderator").await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let mute = json!({"kind": "mute", "handle": "Bob", "minutes": 1});
    let muted = mia.ask(&server, "POST", "/api/sanctions", mute).await;
    assert_eq!(muted.status, 201, "{}", muted.text());
    let post = json!({"message": "hello"});
    let refused = bob.ask(&server, "POST", "/api/rooms/lobby/messages", post.clone()).await;
    assert_eq!(refused.refusal(), (403, "forbidden".into()));
    assert_eq!(bob.ask(&server, "GET", "/api/rooms/lobby/messages", Value::Null).await.status, 200);
    for (bad, status) in [
        (json!({"kind": "ban", "network": "0.0.0.0/0"}), 400),
        (json!({"kind": "ban", "network": "everywhere"}), 400),
        (json!({"kind": "ban", "handle": "Nobody"}), 404),
        (json!({"kind": "ban", "room": "lobby", "seq": 99}), 404),
        (json!({"kind": "ban", "handle": "Bob", "minutes": 0}), 400),
        (json!({"kind": "ban"}), 400),
    ] {
        assert_eq!(mia.ask(&server, "POST", "/api/sanctions", bad.clone()).await.status, status, "{bad}");
    }
    let by_network =
        mia.ask(&server, "POST", "/api/sanctions", json!({"kind": "ban", "network": "198.51.100.7/24"})).await;
    assert_eq!(by_network.json()["network"], "198.51.100.0/24");
    let from = |address: &str| server.request("GET", "/api/rooms").header("x-forwarded-for", address).send();
    assert_eq!(from("198.51.100.200").await.status, 403);
    assert_eq!(from("198.51.101.1").await.status, 200);
    // Those who moderate cannot be locked out by one another.
    let mut eve = Browser::with_account(&server, "Eve", "moderator").await;
    mia.ask(&server, "POST", "/api/sanctions", json!({"kind": "ban", "handle": "Eve"})).await;
    assert_eq!(eve.ask(&server, "GET", "/api/rooms", Value::Null).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_reaches_those_who_moderate_and_every_deed_the_audit_log() {
    let server = server().await;
    let mut mia = Browser::with_account(&server, "Mia", "moderator").await;
    let mut ann = guest(&server, "Ann", "192.0.2.1").await;
    let seq = ann.say("lobby", "rude words").await;
    let mut guest = Browser::open(&server).await;
    let path = format!("/api/rooms/lobby/messages/{seq}/report");
    for _ in 0..2 {
        assert_eq!(guest.ask(&server, "POST", &path, json!({"reason": "rude\u{7}"})).await.status, 202);
    }
    assert_eq!(guest.ask(&server, "POST", "/api/rooms/lobby/messages/99/report", json!({})).await.status, 404);
    assert_eq!(guest.ask(&server, "GET", "/api/reports", Value::Null).await.status, 403);
    let reports = mia.ask(&server, "GET", "/api/reports", Value::Null).await.json();
    let reports = reports["reports"].as_array().expect("reports").clone();
    assert_eq!(reports.len(), 1, "reported twice it is one");
    assert_eq!((&reports[0]["message"]["message"], &reports[0]["reason"]), (&json!("rude words"), &json!("rude")));
    let path = format!("/api/rooms/lobby/messages/{seq}");
    assert_eq!(mia.ask(&server, "DELETE", &path, Value::Null).await.status, 204);
    let path = format!("/api/reports/{}", reports[0]["id"].as_str().expect("an id"));
    assert_eq!(mia.ask(&server, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(mia.ask(&server, "DELETE", &path, Value::Null).await.status, 404);

    assert_eq!(mia.ask(&server, "GET", "/api/audit", Value::Null).await.status, 403, "for admins");
    let log = server.request("GET", "/api/audit?limit=2").by_owner().send().await.json();
    let entries = log["entries"].as_array().expect("entries").clone();
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().expect("an action")).collect();
    assert_eq!(actions, ["report.settle", "message.delete"]);
    assert_eq!((&entries[1]["by"], &entries[1]["subject"]), (&json!("Mia"), &json!(format!("lobby#{seq}"))));
    assert_eq!(log["more"], true);
    let path = format!("/api/audit?q=invitation&before={}", entries[1]["id"]);
    let found = server.request("GET", &path).by_owner().send().await.json();
    assert_eq!(found["entries"][0]["action"], "invitation.create");
    let export = server.request("GET", "/api/audit.jsonl").by_owner().send().await;
    assert_eq!(export.header("content-type"), "application/jsonl");
    let lines: Vec<Value> = export.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.len() >= 3 && lines.iter().all(|line| line["action"].is_string()), "{lines:?}");
    tokio::time::timeout(Duration::from_secs(5), ann.expect("deleted")).await.expect("the room was told");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_work_of_a_person_or_an_address_is_cancelled_in_one_request_and_words_stay() {
    let server = server().await;
    let mut mia = Browser::with_account(&server, "Mia", "moderator").await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let mut busy = Vec::new();
    for name in ["Spam 1", "Spam 2"] {
        let mut guest = guest(&server, name, "192.0.2.66").await;
        guest.say("lobby", "/every hour echo spam").await;
        guest.say("lobby", "/sleep 3600").await;
        guest.expect_where("job", |frame| frame["job"]["name"] == "sleep").await;
        guest.say("lobby", "/remind in 2 hours spam").await;
        guest.expect_where("job", |frame| frame["job"]["state"] == "scheduled").await;
        busy.push(guest);
    }
    let mut ann = guest(&server, "Ann", "192.0.2.1").await;
    ann.say("lobby", "/sleep 3600").await;
    ann.expect_where("job", |frame| frame["job"]["state"] == "running" && frame["job"]["handle"] == "Ann").await;
    for _ in 0..2 {
        let started = bob.ask(&server, "POST", "/api/jobs", json!({"name": "sleep", "arguments": "3600"})).await;
        assert_eq!(started.status, 201, "{}", started.text());
    }
    let said = texts(&server).await.len();
    let jobs = mia.ask(&server, "GET", "/api/jobs?state=running,queued&handle=Spam+1", Value::Null).await.json();
    let job = jobs["jobs"][0]["id"].as_str().expect("a job").to_owned();
    let path = "/api/moderation/clear";
    let by_job = json!({"job": job, "by": "address", "hours": 0});
    assert_eq!(bob.ask(&server, "POST", path, by_job.clone()).await.refusal(), (403, "forbidden".into()));
    let cleared = mia.ask(&server, "POST", path, by_job).await.json();
    assert_eq!((&cleared["messages"], &cleared["schedules"]), (&json!(0), &json!(4)), "{cleared}");
    assert_eq!(cleared["jobs"], 2, "runs of the schedules went with them");
    let cleared = mia.ask(&server, "POST", path, json!({"handle": "Bob", "hours": 0})).await.json();
    assert_eq!((&cleared["jobs"], &cleared["schedules"]), (&json!(2), &json!(0)), "also where nothing was said");
    let open = mia.ask(&server, "GET", "/api/jobs?state=queued,running,scheduled", Value::Null).await.json();
    let left: Vec<_> = open["jobs"].as_array().expect("jobs").iter().map(|job| &job["handle"]).collect();
    assert_eq!(left, ["Ann"]);
    let now = texts(&server).await;
    assert!(now.len() >= said && now.contains(&"/sleep 3600".to_owned()), "{now:?}");
    for (bad, refusal) in [
        (json!({}), (400, "bad_request")),
        (json!({"job": "x"}), (404, "not_found")),
        (json!({"handle": "Nobody"}), (404, "not_found")),
    ] {
        let refused = mia.ask(&server, "POST", path, bad.clone()).await.refusal();
        assert_eq!(refused, (refusal.0, refusal.1.into()), "{bad}");
    }
}
