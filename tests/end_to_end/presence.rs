//! Who is here.

use serde_json::{Value, json};

use crate::support::{Client, TestServer};

fn handles(members: &Value) -> Vec<&str> {
    members.as_array().expect("members").iter().map(|member| member["handle"].as_str().expect("a handle")).collect()
}

async fn with_cookie(server: &TestServer, handle: &str) -> Client {
    let cookie = format!("chatbot_visitor={}", "c0".repeat(20));
    let mut client = Client::connect(server.address(), "/ws", &[("cookie", &cookie)]).await;
    client.send(json!({"type": "hello", "handle": handle})).await;
    client.send(json!({"type": "join", "room": "lobby"})).await;
    client
}

/// Waits until somebody is told to have come or gone; everything about others is passed over.
async fn told(client: &mut Client, list: &str, handle: &str) -> Value {
    client.expect_where("presence", |frame| handles(&frame[list]).contains(&handle)).await
}

#[tokio::test]
async fn who_comes_and_goes_is_told() {
    let server = TestServer::start().await;
    let (mut ann, joined) = server.member("Ann", "lobby").await;
    assert_eq!((handles(&joined["members"]), &joined["count"]), (vec!["Ann"], &json!(1)));
    let (bob, joined) = server.member("Bob", "lobby").await;
    assert_eq!((handles(&joined["members"]), &joined["count"]), (vec!["Ann", "Bob"], &json!(2)));
    assert_eq!(told(&mut ann, "joined", "Bob").await["count"], 2);
    bob.close().await;
    assert_eq!(told(&mut ann, "left", "Bob").await["count"], 1);
}

#[tokio::test]
async fn two_tabs_of_one_visitor_count_once() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let mut first = with_cookie(&server, "Tabs").await;
    first.expect("joined").await;
    assert_eq!(told(&mut ann, "joined", "Tabs").await["count"], 2);
    let mut second = with_cookie(&server, "Tabs").await;
    let joined = second.expect("joined").await;
    assert_eq!((handles(&joined["members"]), &joined["count"]), (vec!["Ann", "Tabs"], &json!(2)));
    first.close().await;
    let (_bob, _) = server.member("Bob", "lobby").await;
    let frame = told(&mut ann, "joined", "Bob").await;
    assert_eq!((handles(&frame["left"]), &frame["count"]), (vec![], &json!(3)), "the other tab is still here");
    second.close().await;
    assert_eq!(told(&mut ann, "left", "Tabs").await["count"], 2);
}

#[tokio::test]
async fn a_reload_is_not_told() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let mut page = with_cookie(&server, "Page").await;
    page.expect("joined").await;
    told(&mut ann, "joined", "Page").await;
    // One socket leaves and the next joins in one go, as when a page is loaded again.
    page.send(json!({"type": "leave", "room": "lobby"})).await;
    page.send(json!({"type": "join", "room": "lobby"})).await;
    page.expect("joined").await;
    let (_bob, _) = server.member("Bob", "lobby").await;
    let frame = told(&mut ann, "joined", "Bob").await;
    assert_eq!((handles(&frame["joined"]), handles(&frame["left"])), (vec!["Bob"], vec![]));
}

#[tokio::test]
async fn a_new_handle_is_told_as_leaving_and_joining() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let (mut bob, _) = server.member("Bob", "lobby").await;
    told(&mut ann, "joined", "Bob").await;
    bob.send(json!({"type": "hello", "handle": "Robert"})).await;
    assert_eq!(bob.expect("welcome").await["user"]["handle"], "Robert");
    let frame = told(&mut ann, "joined", "Robert").await;
    assert_eq!((handles(&frame["left"]), &frame["count"]), (vec!["Bob"], &json!(2)));
    bob.say("lobby", "it is me").await;
    assert_eq!(ann.expect("message").await["handle"], "Robert");
}

#[tokio::test]
async fn handles_that_pass_for_the_bot_are_refused() {
    let server = TestServer::start().await;
    let mut ann = server.client("Ann").await;
    let long = "x".repeat(33);
    for handle in ["bot", "BOT", "ｂｏｔ", "system", "@ann", "/ann", "", "  ", "a\u{202e}b", &long] {
        assert_eq!(ann.refused(json!({"type": "hello", "handle": handle})).await, "bad_handle", "{handle:?}");
    }
    ann.send(json!({"type": "hello"})).await;
    assert_eq!(ann.expect("welcome").await["user"]["handle"], "Ann", "a refused one changes nothing");
}
