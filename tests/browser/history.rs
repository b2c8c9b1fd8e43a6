//! Rooms in which much was said.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::keyboard::tab_to;
use crate::others;
use crate::support::TestServer;
use crate::window::{WIDE, Window, hook};

const SAID: u64 = 120;

/// A server with a room in which much was said before anybody looks.
async fn busy_server() -> TestServer {
    let server = TestServer::start().await;
    let (mut ben, _) = server.member("Ben", "lobby").await;
    for number in 1..=SAID {
        ben.say("lobby", &format!("message {number}")).await;
    }
    server
}

const LIST: &str = "document.querySelector('[role=log]')";

async fn is_at_the_bottom(window: &Window) {
    window.until(&format!("{LIST}.scrollHeight - {LIST}.scrollTop - {LIST}.clientHeight < 2")).await;
}

/// The number and place of the uppermost message in sight.
const UPPERMOST: &str = "(() => {
    const edge = document.querySelector('[role=log]').getBoundingClientRect().top;
    const messages = [...document.querySelectorAll('[data-testid=message]')];
    const seen = messages.find((message) => message.getBoundingClientRect().top >= edge);
    return [Number(seen.dataset.seq), seen.getBoundingClientRect().top];
})()";

#[tokio::test]
async fn the_newest_is_shown_first_and_older_messages_come_without_a_jump() {
    let server = busy_server().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.hears("message 120").await;
    is_at_the_bottom(&ann).await;
    let oldest = ann.messages().await[0].seq.expect("a number");
    assert!(oldest > 1, "not everything is fetched at once");

    ann.ask::<Value>(&format!("{LIST}.scrollTop = 450")).await;
    let (seq, top): (u64, f64) = ann.ask(UPPERMOST).await;
    ann.until(&format!("Number(document.querySelector('[data-testid=message]').dataset.seq) < {seq} - 10")).await;
    let place = format!("document.querySelector('[data-seq=\"{seq}\"]').getBoundingClientRect().top");
    let now: f64 = ann.ask(&place).await;
    assert!((now - top).abs() < 2.0, "message {seq} moved from {top} to {now}");
    ann.close().await;
}

#[tokio::test]
async fn all_of_it_can_be_read_with_the_keyboard() {
    let server = busy_server().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.hears("message 120").await;
    let mut seen = vec![false; SAID as usize];
    for _ in 0..100 {
        tab_to(&ann, "[role=log]", true).await;
        let messages = ann.messages().await;
        let numbers: Vec<_> = messages.iter().filter_map(|message| message.seq).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "a hole in {numbers:?}");
        numbers.iter().for_each(|number| seen[*number as usize - 1] = true);
        if ann.ask(&format!("document.querySelector('.beginning') !== null && {LIST}.scrollTop === 0")).await {
            break;
        }
        ann.press(Key::PageUp).await;
    }
    assert!(seen.iter().all(|seen| *seen), "something was never shown");
    // In another width nothing is known any more of how tall the rows are on the way.
    let size = |width| json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
    for width in [WIDE.width, 800, 1000] {
        ann.devtools("Emulation.setDeviceMetricsOverride", size(width)).await;
        ann.press(Key::End).await;
        ann.hears("message 120").await;
        is_at_the_bottom(&ann).await;
        ann.press(Key::Home).await;
        ann.hears("message 1").await;
        ann.until(&format!("{LIST}.scrollTop === 0")).await;
    }
    ann.close().await;
}

#[tokio::test]
async fn a_reader_of_old_messages_is_told_of_new_ones() {
    let server = busy_server().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.hears("message 120").await;
    ann.ask::<Value>(&format!("{LIST}.scrollTop = 600")).await;
    ann.find(&hook("new-messages")).await;
    let (seq, top): (u64, f64) = ann.ask(UPPERMOST).await;
    for text in ["one more", "another"] {
        others::say(server.address(), "lobby", "Ben", text).await;
    }
    ann.find(&format!("{}[data-count='2']", hook("new-messages"))).await;
    assert_eq!(ann.ask::<(u64, f64)>(UPPERMOST).await, (seq, top), "the reader stays where they were");
    ann.click(&hook("new-messages")).await;
    ann.hears("another").await;
    is_at_the_bottom(&ann).await;
    ann.gone(&hook("new-messages")).await;
    ann.close().await;
}

#[tokio::test]
async fn whoever_comes_back_sees_where_they_stopped_reading() {
    let server = TestServer::start().await;
    others::say(server.address(), "lobby", "Ben", "read").await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.hears("read").await;
    ann.until("JSON.parse(localStorage['chatbot.read']).lobby === 1").await;
    ann.go(server.address(), "/room/elsewhere").await;
    ann.connection("open").await;
    others::say(server.address(), "lobby", "Ben", "not read").await;
    ann.see(&hook("unread"), "1").await;
    ann.click(&format!("{}[data-room='lobby']", hook("room-link"))).await;
    ann.hears("not read").await;
    ann.see(".day.new", "New").await;
    let after: String = ann.ask("document.querySelector('.day.new').nextElementSibling.innerText").await;
    assert!(after.contains("not read"), "{after}");
    ann.close().await;
}
