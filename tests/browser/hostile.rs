//! What people write stays text, wherever it is shown.

use fantoccini::key::Key;

use crate::others;
use crate::support::TestServer;
use crate::window::{WIDE, Window, hook};

const SCRIPT: &str = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>";

async fn nothing_ran(window: &Window) {
    assert!(window.ask::<bool>("window.hacked === undefined").await, "a script of a message ran");
    assert_eq!(window.count("#page img, #page script, #page iframe, #page [onerror]").await, 0);
    assert_eq!(window.count("#page a[href^='javascript' i]").await, 0);
}

#[tokio::test]
async fn a_script_in_a_message_stays_text() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    let ben = Window::of("Ben", server.address(), "lobby").await;
    ann.say(SCRIPT).await;
    let fenced = format!("```\n{SCRIPT}\n```");
    others::say(server.address(), "lobby", "Eve", &fenced).await;
    let links =
        "javascript:window.hacked=1 [x](javascript:window.hacked=1) https://example.com/\"onclick=\"window.hacked=1";
    others::say(server.address(), "lobby", "Eve", links).await;
    for window in [&ann, &ben] {
        window.hears(SCRIPT).await;
        window.until(&format!("document.querySelector('pre')?.innerText === `{SCRIPT}`")).await;
        window.hears(links).await;
        nothing_ran(window).await;
        assert_eq!(window.ask::<String>("document.querySelector('.text a').href").await, "https://example.com/");
    }
    ann.close().await;
    ben.close().await;
}

#[tokio::test]
async fn a_script_in_a_name_stays_text() {
    let server = TestServer::start().await;
    let handle = "<img src=x onerror=hacked=1>";
    let ann = Window::of("Ann", server.address(), "lobby").await;
    let eve = Window::of(handle, server.address(), "lobby").await;
    eve.write("I am").await;
    ann.see(&hook("typing"), handle).await;
    eve.press(" here").await;
    eve.press(Key::Enter).await;
    ann.hears("I am here").await;
    assert_eq!(ann.messages().await[0].author, handle);
    ann.click(&hook("people")).await;
    ann.see(".people", handle).await;
    for window in [ann, eve] {
        nothing_ran(&window).await;
        window.close().await;
    }
}

#[tokio::test]
async fn a_script_in_a_command_stays_text() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say(&format!("/sleep 30 {SCRIPT}")).await;
    ann.see(&hook("job-card"), SCRIPT).await;
    ann.say(&format!("/echo {SCRIPT}")).await;
    ann.hears(SCRIPT).await;
    ann.click(&hook("jobs")).await;
    ann.see(&hook("job"), SCRIPT).await;
    nothing_ran(&ann).await;
    ann.close().await;
}

#[tokio::test]
async fn an_address_that_names_no_room_is_explained() {
    let server = TestServer::start().await;
    let ann = Window::new(WIDE).await;
    ann.go(server.address(), "/room/%3Cimg%20src=x%20onerror=window.hacked=1%3E").await;
    ann.see("main [role=alert]", "letters, digits").await;
    nothing_ran(&ann).await;
    ann.press(Key::Escape).await;
    ann.gone("dialog").await;
    ann.click("main [role=alert] button").await;
    ann.see("h1", "lobby").await;
    ann.close().await;
}
