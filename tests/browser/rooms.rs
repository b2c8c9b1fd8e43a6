//! Rooms of every kind: made, changed, entered, left.

use fantoccini::key::Key;
use serde_json::json;

use crate::accounts::{come, fill, make, somebody};
use crate::others;
use crate::support::TestServer;
use crate::window::{Window, hook};

/// What the browser says of each refused request.
const REFUSED: &str = "the server responded with a status of 4";

fn link(room: &str) -> String {
    format!("{}[data-room='{room}']", hook("room-link"))
}

#[tokio::test]
async fn a_closed_room_is_for_those_who_were_added() {
    let server = TestServer::start().await;
    let mira = somebody(&server, "Mira", "member", "lobby").await;
    make(&server, "Jonas", "member").await;
    mira.click(&hook("new-room")).await;
    mira.find(&hook("new-room-name")).await;
    mira.press("Our Plans").await;
    mira.see("dialog", "/room/our-plans").await;
    mira.click(&hook("new-room-kind-closed")).await;
    mira.click(&hook("new-room-create")).await;
    mira.see("h1", "Our Plans").await;
    mira.see("h1 + .unseen", "Closed").await;
    mira.say("only for us").await;
    mira.hears("only for us").await;

    let jonas = come(&server, "Jonas", "lobby").await;
    assert_eq!(jonas.count(&link("our-plans")).await, 0, "nobody else hears of it");
    jonas.go(server.address(), "/room/our-plans").await;
    jonas.see(".empty-title", "no room").await;

    mira.click(&hook("room-settings")).await;
    mira.click(&hook("room-settings-people")).await;
    mira.click(&hook("room-add-name")).await;
    mira.press("nobody").await;
    mira.press(Key::Enter).await;
    mira.see("#field-person-words", "no such account").await;
    fill(&mira, "room-add-name", "Jonas").await;
    mira.press(Key::Enter).await;
    mira.see(&hook("room-person"), "Jonas").await;
    mira.press(Key::Escape).await;
    mira.gone("dialog").await;

    jonas.reload().await;
    jonas.hears("only for us").await;
    jonas.find(&format!("{} .icon", link("our-plans"))).await;
    jonas.click(&hook("room-settings")).await;
    jonas.see(&hook("room-person"), "Mira").await;
    assert_eq!(jonas.count(&hook("room-add-name")).await, 0, "members do not add others");
    jonas.click(&hook("room-leave")).await;
    jonas.see("dialog h2", "Leave “Our Plans”?").await;
    jonas.click(&hook("confirm")).await;
    jonas.see("h1", "lobby").await;
    jonas.gone(&link("our-plans")).await;
    mira.close_after(REFUSED).await;
    jonas.close_after(REFUSED).await;
}

#[tokio::test]
async fn whoever_is_here_can_be_written_to_alone() {
    let server = TestServer::start().await;
    let mira = somebody(&server, "Mira", "member", "lobby").await;
    let jonas = somebody(&server, "Jonas", "member", "lobby").await;
    let guest = Window::of("Ann", server.address(), "lobby").await;
    for (window, text) in [(&jonas, "good morning"), (&guest, "hello")] {
        window.say(text).await;
    }
    let more = |seq: u64| format!("[data-seq='{seq}'] {}", hook("message-more"));
    mira.click(&more(mira.hears("hello").await)).await;
    mira.find(&hook("menu-report")).await;
    assert_eq!(mira.count(&hook("menu-write-to")).await, 0, "a guest may be somebody else tomorrow");
    mira.press(Key::Escape).await;
    mira.click(&more(mira.hears("good morning").await)).await;
    mira.click(&hook("menu-write-to")).await;
    mira.see("h1", "Jonas").await;
    mira.say("just between us").await;
    mira.hears("just between us").await;

    jonas.reload().await;
    jonas.see(&hook("direct-rooms"), "Direct messages").await;
    jonas.until("document.title.startsWith('(1)')").await;
    jonas.click("[data-testid='direct-rooms'] + a").await;
    jonas.see("h1", "Mira").await;
    jonas.hears("just between us").await;
    guest.reload().await;
    assert_eq!(guest.count(&hook("direct-rooms")).await, 0);
    for window in [mira, jonas, guest] {
        window.close().await;
    }
}

#[tokio::test]
async fn a_room_says_why_one_may_not_write() {
    let server = TestServer::start().await;
    let olga = somebody(&server, "Olga", "admin", "news").await;
    let ann = Window::of("Ann", server.address(), "news").await;
    let choose = async |what: &str, value: &str| {
        olga.click(&hook("room-settings")).await;
        olga.choose(&hook(what), value).await;
        olga.click(&hook("room-settings-save")).await;
        olga.gone("dialog").await;
    };
    choose("room-settings-posting", "members").await;
    ann.see(&hook("read-only"), "Only people with an account").await;
    ann.gone(&hook("composer")).await;
    choose("room-settings-posting", "moderators").await;
    ann.see(&hook("read-only"), "Only moderators").await;
    choose("room-settings-posting", "everyone").await;
    ann.gone(&hook("read-only")).await;
    choose("room-settings-slow", "30").await;
    ann.until("document.querySelector('[data-testid=composer]').placeholder.includes('every 30 sec')").await;

    olga.click(&hook("room-settings")).await;
    fill(&olga, "room-settings-title", "What is new").await;
    fill(&olga, "room-settings-topic", "Told by the people who know").await;
    olga.press(Key::Enter).await;
    ann.see("h1", "What is new").await;
    ann.see(&hook("room-topic"), "Told by the people who know").await;

    olga.click(&hook("room-settings")).await;
    olga.click(&hook("room-archive")).await;
    olga.see("dialog h2", "Archive “What is new”?").await;
    olga.click(&hook("confirm")).await;
    ann.see(&hook("read-only"), "archived").await;
    ann.see(&hook("room-archived"), "archived").await;
    for window in [olga, ann] {
        window.close().await;
    }
}

#[tokio::test]
async fn a_deleted_room_is_gone_with_what_was_said_in_it() {
    let server = TestServer::start().await;
    others::say(server.address(), "party", "Ben", "cheers").await;
    let olga = somebody(&server, "Olga", "admin", "party").await;
    olga.hears("cheers").await;
    olga.click(&hook("room-settings")).await;
    olga.click(&hook("room-delete")).await;
    olga.see("dialog h2", "Delete “party”?").await;
    olga.click(&hook("confirm")).await;
    olga.see("h1", "lobby").await;
    olga.see(&hook("notice"), "is deleted").await;
    olga.gone(&link("party")).await;
    assert_eq!(others::get(server.address(), "/api/rooms/party").await["error"]["code"], json!("not_found"));
    olga.close().await;
}

#[tokio::test]
async fn a_room_says_how_long_messages_are_kept_and_that_older_ones_were_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    for text in ["one", "two", "three", "four", "five"] {
        others::say(server.address(), "lobby", "Ben", text).await;
    }
    let olga = somebody(&server, "Olga", "admin", "lobby").await;
    olga.hears("one").await;
    assert_eq!(olga.count(&hook("kept")).await, 0, "everything is kept");
    olga.close().await;
    server.stop().await.expect("stopped");

    let server = TestServer::on_with(dir.path(), |config| config.rooms.keep_messages = 3).await;
    let guest = Window::of("Ann", server.address(), "lobby").await;
    guest.see(&hook("kept"), "Older messages were removed. Only the newest 3 messages are kept.").await;
    assert_eq!(guest.texts().await, ["three", "four", "five"]);
    assert_eq!(guest.count(&hook("load-older")).await, 0);
    assert!(!guest.find(&hook("kept")).await.text().await.expect("text").contains("next"), "who cannot change it");

    let olga = come(&server, "Olga", "lobby").await;
    olga.see(&hook("kept"), "The next ones are removed at").await;
    olga.picture("room-kept").await;
    olga.click(&hook("room-settings")).await;
    olga.see(&format!("{} option[value='']", hook("room-settings-keep-messages")), "As in all rooms (The newest 3)")
        .await;
    assert_eq!(olga.count(&hook("room-settings-removing")).await, 0);
    olga.choose(&hook("room-settings-keep-days"), "7").await;
    olga.see(&hook("room-settings-removing"), "removed for good").await;
    olga.picture("room-settings-keep").await;
    olga.choose(&hook("room-settings-keep-messages"), "0").await;
    olga.click(&hook("room-settings-save")).await;
    olga.gone("dialog").await;
    guest.see(&hook("kept"), "Messages are kept for 7 days.").await;
    guest.until("!document.querySelector('[data-testid=kept]').textContent.includes('newest')").await;
    olga.click(&hook("admin-link")).await;
    olga.see(&hook("overview-facts"), "2 since the start, 2 of them").await;
    guest.close().await;
    olga.close().await;
}
