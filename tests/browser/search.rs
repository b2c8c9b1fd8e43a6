//! The one search box: over rooms, messages and documents.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::chinese::{compose, key_for_the_input_method};
use crate::others;
use crate::support::TestServer;
use crate::window::{PHONE, Window, hook};

/// More than is ever fetched at once.
const SAID: u64 = 400;

async fn open_search(window: &Window) {
    window.press((Key::Control, "k")).await;
    window.until("document.activeElement.dataset.testid === 'search-input'").await;
}

/// A result that is found, by a part of its text.
async fn finds(window: &Window, group: &str, text: &str) {
    window.see(&format!("{} {}", hook(&format!("search-group-{group}")), hook("search-result")), text).await;
}

/// How often the server was asked.
async fn searches(window: &Window) -> usize {
    window
        .ask("performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/search')).length")
        .await
}

#[tokio::test]
async fn what_was_said_long_ago_is_found_and_gone_to() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let (mut ben, _) = server.member("Ben", "garden").await;
    for number in 1..=SAID {
        let text = if number == 90 { "A heron stands in the reeds".to_owned() } else { format!("message {number}") };
        ben.say("garden", &text).await;
    }
    let ann = Window::of("Ann", server.address(), "lobby").await;
    open_search(&ann).await;
    ann.press("HERONS").await;
    finds(&ann, "messages", "A heron stands in the reeds").await;
    ann.see(&format!("{} mark", hook("search-result")), "heron").await;
    ann.press(Key::Enter).await;
    ann.gone(&hook("search")).await;
    ann.see("h1", "garden").await;
    ann.find(".message.found[data-seq='90']").await;
    let place: f64 = ann.ask("document.querySelector(\"[data-seq='90']\").getBoundingClientRect().top").await;
    assert!((52.0..700.0).contains(&place), "the message is in sight: {place}");

    // From there on it can be read in both directions, until the newest.
    for (end, wanted) in [("0", 1), ("1e9", SAID)] {
        let list = "document.querySelector('[role=log]')";
        let seen = format!("document.querySelector(\"[data-seq='{wanted}']\")");
        ann.until(&format!("({list}.scrollTop = {end}, {seen})")).await;
        let numbers: Vec<u64> = ann.messages().await.iter().filter_map(|message| message.seq).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "a hole in {numbers:?}");
    }
    ann.close().await;
}

#[tokio::test]
async fn a_reader_of_the_past_goes_back_to_the_newest() {
    let server = TestServer::with(|config| config.limits.messages_per_second = 0).await;
    let (mut ben, _) = server.member("Ben", "lobby").await;
    ben.say("lobby", "the first heron").await;
    for number in 2..=SAID {
        ben.say("lobby", &format!("message {number}")).await;
    }
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.hears("message 400").await;
    open_search(&ann).await;
    ann.press("heron").await;
    finds(&ann, "messages", "the first heron").await;
    ann.press(Key::Enter).await;
    ann.hears("the first heron").await;
    others::say(server.address(), "lobby", "Ben", "one more").await;
    ann.find(&format!("{}[data-count='1']", hook("new-messages"))).await;
    assert!(!ann.texts().await.contains(&"one more".to_owned()));
    ann.click(&hook("new-messages")).await;
    ann.hears("one more").await;
    ann.gone(&hook("new-messages")).await;
    ann.close().await;
}

#[tokio::test]
async fn what_is_being_composed_is_not_searched_for() {
    let server = TestServer::start().await;
    others::say(server.address(), "lobby", "林怡君", "池塘邊有一隻蒼鷺").await;
    let ann = Window::of("安", server.address(), "garden").await;
    open_search(&ann).await;
    for so_far in ["c", "cang", "cang l", "cang lu"] {
        compose(&ann, so_far).await;
    }
    key_for_the_input_method(&ann, "Enter").await;
    ann.find(&hook("search")).await;
    ann.devtools("Input.insertText", json!({"text": "苍鹭"})).await;
    finds(&ann, "messages", "蒼鷺").await;
    ann.see(&format!("{} mark", hook("search-result")), "蒼鷺").await;
    assert_eq!(searches(&ann).await, 1, "only for the whole word");
    ann.press(Key::Enter).await;
    ann.hears("池塘邊有一隻蒼鷺").await;
    ann.close().await;
}

#[tokio::test]
async fn filters_narrow_a_search_down() {
    let server = TestServer::start().await;
    for (room, handle, text) in
        [("garden", "Ben", "a heron in the garden"), ("kitchen", "Mira", "a heron in the kitchen")]
    {
        others::say(server.address(), room, handle, text).await;
    }
    let ann = Window::of("Ann", server.address(), "garden").await;
    ann.hears("a heron in the garden").await;
    open_search(&ann).await;
    ann.press("heron").await;
    finds(&ann, "messages", "kitchen").await;
    finds(&ann, "messages", "garden").await;

    ann.click(&format!("{} [data-filter='in']", hook("search-chips"))).await;
    ann.until("document.querySelectorAll('[data-testid=search-result]').length === 1").await;
    finds(&ann, "messages", "a heron in the garden").await;
    ann.clear().await;
    ann.press("heron from:Mira").await;
    ann.until("document.querySelectorAll('[data-testid=search-result]').length === 1").await;
    finds(&ann, "messages", "a heron in the kitchen").await;
    ann.press(" before:2020-01-01").await;
    ann.see(&hook("search-nothing"), "heron").await;
    ann.click(&format!("{} button", hook("search-nothing"))).await;
    finds(&ann, "messages", "kitchen").await;
    finds(&ann, "messages", "garden").await;
    ann.close().await;
}

#[tokio::test]
async fn results_are_chosen_with_keys() {
    let server = TestServer::start().await;
    for number in 1..=3 {
        others::say(server.address(), "garden", "Ben", &format!("heron {number}")).await;
    }
    let ann = Window::of("Ann", server.address(), "lobby").await;
    open_search(&ann).await;
    ann.press("heron").await;
    finds(&ann, "messages", "heron 1").await;
    let chosen = "document.querySelector('[data-testid=search-result][aria-selected=true]').innerText";
    ann.until(&format!("{chosen}.includes('heron 3')")).await;
    ann.press(Key::Down).await;
    ann.until(&format!("{chosen}.includes('heron 2')")).await;
    ann.press(Key::Up).await;
    ann.press(Key::Up).await;
    ann.until(&format!("{chosen}.includes('heron 1')")).await;
    ann.press(Key::Enter).await;
    ann.find(".message.found[data-seq='1']").await;

    open_search(&ann).await;
    ann.press(Key::Escape).await;
    ann.gone(&hook("search")).await;
    ann.composer_has_focus().await;
    ann.close().await;
}

#[tokio::test]
async fn a_phone_searches_on_the_whole_screen() {
    let server = TestServer::start().await;
    others::say(server.address(), "lobby", "Ben", "<b>heron</b> & <script>").await;
    let lea = Window::new(PHONE).await;
    lea.enter("Lea", server.address(), "lobby").await;
    lea.click(&hook("search-open-narrow")).await;
    lea.find(&hook("search-input")).await;
    lea.press("heron").await;
    finds(&lea, "messages", "<b>heron</b> & <script>").await;
    let (width, height): (f64, f64) = lea
        .ask("(({ width, height }) => [width - innerWidth, height - innerHeight])(document.querySelector('dialog').getBoundingClientRect())")
        .await;
    assert!(width.abs() < 1.0 && height.abs() < 1.0, "{width} {height}");
    assert!(lea.ask::<bool>("document.documentElement.scrollWidth <= innerWidth").await);
    lea.ask::<Value>("document.querySelector('[data-testid=search-result]').click()").await;
    lea.gone(&hook("search")).await;
    lea.close().await;
}
