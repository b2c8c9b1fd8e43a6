//! People who talk with each other.

use fantoccini::key::Key;

use crate::others;
use crate::support::TestServer;
use crate::window::{WIDE, Window, hook};

#[tokio::test]
async fn two_windows_talk_with_each_other() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    let ben = Window::of("Ben", server.address(), "lobby").await;
    for window in [&ann, &ben] {
        window.find(&format!("{}[data-count='2']", hook("people-count"))).await;
    }

    ann.write("Hello B").await;
    ben.see(&hook("typing"), "Ann").await;
    ann.press("en").await;
    ann.press(Key::Enter).await;
    assert_eq!(ann.composed().await, "");
    let seq = ann.hears("Hello Ben").await;
    assert_eq!(ben.hears("Hello Ben").await, seq);
    ben.until("!document.querySelector('[data-testid=typing]').textContent").await;

    ben.say("你好，Ann 👋").await;
    ann.hears("你好，Ann 👋").await;
    for window in [&ann, &ben] {
        assert_eq!(window.texts().await, ["Hello Ben", "你好，Ann 👋"]);
        let authors = window.messages().await.into_iter().map(|message| message.author);
        assert_eq!(authors.collect::<Vec<_>>(), ["Ann", "Ben"]);
    }

    ben.close().await;
    ann.find(&format!("{}[data-count='1']", hook("people-count"))).await;
    ann.close().await;
}

#[tokio::test]
async fn a_message_of_several_lines_is_written_with_shift() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.press("one").await;
    ann.press((Key::Shift, Key::Enter)).await;
    ann.press("two").await;
    ann.press(Key::Enter).await;
    ann.hears("one\ntwo").await;
    assert_eq!(others::stored(server.address(), "lobby").await, ["one\ntwo"]);
    ann.close().await;
}

#[tokio::test]
async fn a_new_room_is_made_and_what_is_said_elsewhere_is_counted() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.click(&hook("new-room")).await;
    ann.find(&hook("new-room-name")).await;
    ann.press("Café 茶!").await;
    ann.see("dialog", "/room/café-茶").await;
    ann.press(Key::Enter).await;
    ann.see("h1", "Café 茶!").await;
    ann.until("decodeURIComponent(location.pathname) === '/room/café-茶'").await;

    others::say(server.address(), "lobby", "Ben", "anybody here?").await;
    let lobby = format!("{}[data-room='lobby']", hook("room-link"));
    ann.see(&format!("{lobby} {}", hook("unread")), "1").await;
    ann.until("document.title.startsWith('(1)')").await;
    ann.click(&lobby).await;
    ann.hears("anybody here?").await;
    ann.gone(&hook("unread")).await;
    ann.until("!document.title.startsWith('(')").await;
    ann.close().await;
}

#[tokio::test]
async fn a_reload_keeps_name_room_and_what_was_being_written() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "garden").await;
    ann.say("still here").await;
    ann.hears("still here").await;
    ann.write("half a sen").await;
    ann.reload().await;
    ann.see("h1", "garden").await;
    ann.see(".account .name", "Ann").await;
    ann.hears("still here").await;
    assert_eq!(ann.composed().await, "half a sen");
    assert_eq!(ann.count("dialog").await, 0);
    ann.close().await;
}

#[tokio::test]
async fn a_name_that_is_not_allowed_is_refused_in_the_dialog() {
    let server = TestServer::start().await;
    let ann = Window::new(WIDE).await;
    ann.go(server.address(), "/").await;
    ann.find(&hook("handle-input")).await;
    ann.press("/Ann").await;
    ann.click(&hook("handle-save")).await;
    ann.see("dialog [role=alert]", "begins with").await;
    ann.press((Key::Control, "a")).await;
    ann.press("Ann").await;
    ann.click(&hook("handle-save")).await;
    ann.gone("dialog").await;
    ann.see(".account .name", "Ann").await;
    ann.close().await;
}
