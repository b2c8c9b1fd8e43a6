//! What breaks under the page: the network, the server. Nothing is lost, and nothing is said twice.

use crate::others;
use crate::support::{ServerProcess, TestServer, free_port};
use crate::window::Window;

#[tokio::test]
async fn what_is_written_while_the_server_is_down_waits_and_is_sent_once() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let port = free_port();
    let mut server = ServerProcess::start_on(port, data.path(), &[]);
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("before").await;
    ann.hears("before").await;

    server.kill();
    ann.connection("reconnecting").await;
    for text in ["while it was down", "这也是"] {
        ann.say(text).await;
        ann.shows("waiting", text).await;
    }

    let server = ServerProcess::start_on(port, data.path(), &[]);
    others::say(server.address(), "lobby", "Ben", "it is back").await;
    ann.connection("open").await;
    for text in ["while it was down", "这也是", "it is back"] {
        ann.hears(text).await;
    }
    let stored = others::stored(server.address(), "lobby").await;
    assert_eq!(ann.texts().await, stored);
    let own: Vec<_> = stored.iter().filter(|text| *text != "it is back").collect();
    assert_eq!(own, ["before", "while it was down", "这也是"]);
    ann.close_after("WebSocket connection").await;
}

#[tokio::test]
async fn what_was_said_while_the_network_was_away_comes_once_and_in_order() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("before").await;
    ann.hears("before").await;

    ann.network(false).await;
    ann.connection("offline").await;
    for text in ["one", "two", "三"] {
        others::say(server.address(), "lobby", "Ben", text).await;
    }
    ann.say("mine").await;
    ann.shows("waiting", "mine").await;
    assert_eq!(ann.texts().await, ["before", "mine"]);

    ann.network(true).await;
    ann.connection("open").await;
    ann.hears("mine").await;
    assert_eq!(ann.texts().await, ["before", "one", "two", "三", "mine"]);
    assert_eq!(others::stored(server.address(), "lobby").await, ann.texts().await);
    ann.close_after("ERR_INTERNET_DISCONNECTED").await;
}
