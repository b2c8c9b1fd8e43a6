//! People that turned out to be one: what the one wrote, started and planned is the other's, until that is taken back.

use serde_json::{Value, json};

use crate::support::{Browser, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_started_and_planned_belongs_to_the_account_until_the_merge_is_taken_back() {
    let server = TestServer::start().await;
    let mut ada = Browser::with_account(&server, "Ada", "admin").await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let mut guest = Browser::open(&server).await;
    let (mut client, _) = guest.connect(&server).await;
    client.send(json!({"type": "join", "room": "lobby"})).await;
    client.expect("joined").await;
    let said = client.say("lobby", "/every day 9:00 echo tea").await;
    client.say("lobby", "/sleep 600").await;
    client.expect_where("job", |frame| frame["job"]["name"] == "sleep" && frame["job"]["state"] == "running").await;
    let count = async |browser: &mut Browser, path: &str, key: &str| {
        browser.ask(&server, "GET", path, Value::Null).await.json()[key].as_array().expect("a list").len()
    };
    assert_eq!(count(&mut bob, "/api/schedules", "schedules").await, 0);
    assert_eq!(count(&mut bob, "/api/jobs?name=sleep", "jobs").await, 0);
    let merge = json!({"into": "Bob", "room": "lobby", "seq": said});
    assert_eq!(bob.ask(&server, "POST", "/api/merges", merge.clone()).await.refusal(), (403, "forbidden".into()));
    let merged = ada.ask(&server, "POST", "/api/merges", merge.clone()).await;
    assert_eq!(merged.status, 201, "{}", merged.text());
    let merged = merged.json();
    assert_eq!((&merged["into"], &merged["account"]), (&json!("Bob"), &json!(false)));
    assert_eq!(client.closed().await, Some(1001), "the guest comes back as nobody");
    assert_eq!(ada.ask(&server, "POST", "/api/merges", merge).await.refusal(), (409, "wrong_state".into()));
    assert_eq!(count(&mut guest, "/api/schedules", "schedules").await, 0, "the cookie alone is no password");
    assert_eq!(count(&mut bob, "/api/schedules", "schedules").await, 1);
    let jobs = bob.ask(&server, "GET", "/api/jobs?name=sleep", Value::Null).await.json();
    let job = jobs["jobs"][0]["id"].as_str().expect("his now").to_owned();
    let cancel = format!("/api/jobs/{job}/cancel");
    assert_eq!(bob.ask(&server, "POST", &cancel, Value::Null).await.status, 200);
    // A mute of either is one of the person.
    let mute = json!({"kind": "mute", "room": "lobby", "seq": said, "minutes": 5});
    assert_eq!(ada.ask(&server, "POST", "/api/sanctions", mute).await.status, 201);
    let post = json!({"message": "hello"});
    assert_eq!(bob.ask(&server, "POST", "/api/rooms/lobby/messages", post).await.refusal(), (403, "forbidden".into()));

    let list = ada.ask(&server, "GET", "/api/merges", Value::Null).await.json();
    assert_eq!(list["merges"], json!([merged]));
    let undo = format!("/api/merges/{}", merged["id"].as_str().expect("an id"));
    assert_eq!(bob.ask(&server, "DELETE", &undo, Value::Null).await.refusal(), (403, "forbidden".into()));
    assert_eq!(ada.ask(&server, "DELETE", &undo, Value::Null).await.status, 204);
    assert_eq!(count(&mut bob, "/api/schedules", "schedules").await, 0);
    assert_eq!(count(&mut guest, "/api/schedules", "schedules").await, 1);
    let audit = ada.ask(&server, "GET", "/api/audit?q=people.", Value::Null).await.json();
    let actions: Vec<_> = audit["entries"].as_array().expect("entries").iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["people.unmerge", "people.merge"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_becomes_part_of_another_with_its_rooms_and_higher_ones_do_not() {
    let server = TestServer::start().await;
    let mut ada = Browser::with_account(&server, "Ada", "admin").await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let mut robert = Browser::with_account(&server, "Robert", "member").await;
    robert.ask(&server, "POST", "/api/rooms", json!({"name": "plans", "kind": "closed"})).await;
    let room = "/api/rooms/plans";
    assert_eq!(bob.ask(&server, "GET", room, Value::Null).await.status, 404);
    for (into, handle, refusal) in [
        ("Ada", "Bob", (403, "forbidden")),
        ("Bob", "Ada", (403, "forbidden")),
        ("Bob", "Bob", (409, "wrong_state")),
        ("Bob", "Nobody", (404, "not_found")),
    ] {
        let refused = ada.ask(&server, "POST", "/api/merges", json!({"into": into, "handle": handle})).await.refusal();
        assert_eq!(refused, (refusal.0, refusal.1.into()), "{handle} into {into}");
    }
    let merged = ada.ask(&server, "POST", "/api/merges", json!({"into": "Bob", "handle": "Robert"})).await;
    assert_eq!(merged.status, 201, "{}", merged.text());
    assert_eq!(bob.ask(&server, "GET", room, Value::Null).await.status, 200);
    assert_eq!(bob.ask(&server, "PATCH", room, json!({"topic": "mine"})).await.status, 200, "it is his");
    let rooms = bob.ask(&server, "GET", "/api/rooms", Value::Null).await.json();
    assert!(rooms["rooms"].as_array().expect("rooms").iter().any(|room| room["name"] == "plans"), "{rooms}");
    assert_eq!(robert.user(&server).await["account"], false, "he signs in as Bob now");
    let undo = format!("/api/merges/{}", merged.json()["id"].as_str().expect("an id"));
    assert_eq!(ada.ask(&server, "DELETE", &undo, Value::Null).await.status, 204);
    assert_eq!(bob.ask(&server, "GET", room, Value::Null).await.status, 404);
    let signed_in = robert.sign_in(&server, "Robert", crate::support::PASSWORD).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    assert_eq!(robert.ask(&server, "GET", room, Value::Null).await.status, 200);
}
