//! What only the owner may do.

use fantoccini::key::Key;
use serde_json::json;

use crate::others;
use crate::support::{OWNER_KEY, TestServer};
use crate::window::{Window, hook};

/// Opens the dialog in which the owner's key is given.
pub async fn ask_for_key(window: &Window) {
    window.click(&hook("owner-open")).await;
    window.click(&hook("owner-key-instead")).await;
    window.until("document.activeElement.dataset.testid === 'owner-key'").await;
}

/// Signs in as the owner.
pub async fn sign_in(window: &Window) {
    ask_for_key(window).await;
    window.press(OWNER_KEY).await;
    window.press(Key::Enter).await;
    window.gone("dialog").await;
    window.find(&hook("owner-sign-out")).await;
    window.connection("open").await;
}

#[tokio::test]
async fn the_owner_deletes_a_message_and_everybody_sees_that() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("a slip").await;
    ann.say("to stay").await;
    ann.hears("to stay").await;
    assert_eq!(ann.count(&hook("message-delete")).await, 0, "only the owner deletes");

    let ben = Window::of("Ben", server.address(), "lobby").await;
    sign_in(&ben).await;
    ben.hears("to stay").await;
    let delete = |seq: u64| format!("[data-seq='{seq}'] {}", hook("message-delete"));
    ben.click(&delete(2)).await;
    ben.hears("This message was deleted.").await;
    ben.click(&format!("{} .link", hook("notice"))).await;
    ben.hears("to stay").await;

    ben.click(&delete(1)).await;
    ann.hears("This message was deleted.").await;
    for window in [&ann, &ben] {
        assert_eq!(window.texts().await, ["This message was deleted.", "to stay"]);
    }
    assert_eq!(others::stored(server.address(), "lobby").await, ["", "to stay"]);

    ben.click(&hook("owner-sign-out")).await;
    ben.find(&hook("owner-open")).await;
    ben.gone(&hook("message-delete")).await;
    ann.close().await;
    ben.close().await;
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ask_for_key(&ann).await;
    ann.press("not the owner's key").await;
    ann.click(&hook("owner-submit")).await;
    ann.see("dialog [role=alert]", "not the right one").await;
    ann.press(Key::Escape).await;
    ann.gone("dialog").await;
    ann.find(&hook("owner-open")).await;
    ann.close_after("/api/session").await;
}

#[tokio::test]
async fn the_owner_says_when_the_bot_of_a_room_answers() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    let ben = Window::of("Ben", server.address(), "lobby").await;
    assert_eq!(ben.count(&hook("bot-setting")).await, 0, "only the owner changes it");
    sign_in(&ben).await;
    ann.press("/").await;
    ann.find(&hook("completion")).await;

    ben.choose(&hook("bot-setting"), "never").await;
    ann.gone(&hook("completion")).await;
    assert_eq!(others::get(server.address(), "/api/rooms").await["rooms"][0]["bot"], json!("never"));

    ben.choose(&hook("language"), "zh-Hant").await;
    ben.see(&hook("bot-setting"), "從不").await;
    ben.choose(&hook("bot-setting"), "always").await;
    ann.find(&hook("completion")).await;
    ann.press("sum 1 2").await;
    ann.press(Key::Enter).await;
    ann.hears("1 + 2 = 3").await;
    ann.say("sum 3 4").await;
    ann.hears("3 + 4 = 7").await;
    ann.close().await;
    ben.close().await;
}

#[tokio::test]
async fn the_owner_cancels_the_work_of_others() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("/sleep 60").await;
    ann.find(&hook("job-cancel")).await;
    let ben = Window::of("Ben", server.address(), "elsewhere").await;
    sign_in(&ben).await;
    ben.click(&hook("jobs")).await;
    ben.click(&format!("{} {}", hook("job"), hook("job-cancel"))).await;
    ben.find(&format!("{}[data-state='cancelled']", hook("job"))).await;
    ann.see(&hook("message-text"), "/sleep 60").await;
    ann.find("[data-outcome='cancelled']").await;
    ann.close().await;
    ben.close().await;
}
