//! Invitations that lead to rooms.

use serde_json::{Value, json};

use crate::support::{Browser, TestServer};

async fn closed(browser: &mut Browser, server: &TestServer, name: &str) {
    let room = json!({"name": name, "kind": "closed", "title": format!("The {name}")});
    assert_eq!(browser.ask(server, "POST", "/api/rooms", room).await.status, 201);
}

async fn status(browser: &mut Browser, server: &TestServer, room: &str) -> u16 {
    browser.ask(server, "GET", &format!("/api/rooms/{room}"), Value::Null).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_is_a_member_of_the_rooms_to_which_the_invitation_leads() {
    let server = TestServer::start().await;
    let mut olga = Browser::with_account(&server, "Olga", "owner").await;
    for room in ["team", "board"] {
        closed(&mut olga, &server, room).await;
    }
    olga.ask(&server, "POST", "/api/rooms", json!({"name": "lobby"})).await;
    let (_olgas, _) = olga.connect(&server).await;
    let token = olga.invite(&server, json!({"uses": 3, "rooms": ["team", "lobby", "team"]})).await;
    let shown = server.request("POST", "/api/invitations/show").json(json!({"token": token})).send().await.json();
    assert_eq!(shown["rooms"], json!([{"name": "team", "title": "The team"}, {"name": "lobby"}]));
    let list = olga.ask(&server, "GET", "/api/invitations", Value::Null).await.json();
    assert_eq!(list["invitations"][0]["rooms"][0]["name"], "team");

    // At the same moment: each of them gets a place.
    let mut people = Vec::new();
    for name in ["Ann", "Bob", "Cid"] {
        people.push((name, Browser::open(&server).await));
    }
    let joining = people.iter_mut().map(|(name, browser)| browser.join(&server, &token, name));
    for joined in futures_util::future::join_all(joining).await {
        assert_eq!(joined.status, 201, "{}", joined.text());
    }
    for (name, browser) in &mut people {
        assert_eq!(status(browser, &server, "team").await, 200, "{name}");
        assert_eq!(status(browser, &server, "board").await, 404, "{name}");
        let (mut client, _) = browser.connect(&server).await;
        client.say("team", &format!("{name} is here")).await;
    }
    let room = olga.ask(&server, "GET", "/api/rooms/team", Value::Null).await.json();
    assert_eq!(room["people"].as_array().map(Vec::len), Some(4), "{room}");
    let mut stranger = Browser::with_account(&server, "Eve", "member").await;
    assert_eq!(status(&mut stranger, &server, "team").await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_leads_to_the_room_that_was_meant_and_to_no_other_of_its_name() {
    let server = TestServer::start().await;
    let mut olga = Browser::with_account(&server, "Olga", "owner").await;
    closed(&mut olga, &server, "team").await;
    let token = olga.invite(&server, json!({"rooms": ["team"]})).await;
    assert_eq!(olga.ask(&server, "DELETE", "/api/rooms/team", Value::Null).await.status, 204);
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    closed(&mut ann, &server, "team").await;
    let mut bob = Browser::open(&server).await;
    assert_eq!(bob.join(&server, &token, "Bob").await.status, 201);
    assert_eq!(status(&mut bob, &server, "team").await, 404, "it is Ann's");
    let shown = server.request("POST", "/api/invitations/show").json(json!({"token": token})).send().await.json();
    assert!(shown["rooms"].is_null(), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_rooms_that_one_may_manage_can_be_given_and_not_too_many() {
    let server = TestServer::start().await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    closed(&mut ann, &server, "hers").await;
    let own = json!({"rooms": ["hers"]});
    let refused = ann.ask(&server, "POST", "/api/invitations", own).await;
    assert_eq!(refused.refusal(), (403, "forbidden".into()), "members invite nobody");
    let mut admin = Browser::with_account(&server, "Ada", "admin").await;
    let mut ask = async |rooms: Value| admin.ask(&server, "POST", "/api/invitations", json!({"rooms": rooms})).await;
    assert_eq!(ask(json!(["hers"])).await.status, 201, "admins look after all rooms");
    assert_eq!(ask(json!(["nowhere"])).await.refusal(), (404, "not_found".into()));
    assert_eq!(ask(json!(["not a name!"])).await.refusal(), (400, "bad_room".into()));
    let direct = json!({"kind": "direct", "members": ["Ada"]});
    let direct = ann.ask(&server, "POST", "/api/rooms", direct).await.json()["name"].clone();
    assert_eq!(ask(json!([direct])).await.status, 403, "nobody is let into the talk of two");
    for number in 0..21 {
        let room = json!({"name": format!("room-{number}")});
        server.request("POST", "/api/rooms").by_owner().json(room).send().await;
    }
    let many: Vec<_> = (0..21).map(|number| format!("room-{number}")).collect();
    assert_eq!(ask(json!(many)).await.refusal(), (400, "bad_invitation_terms".into()));
}
