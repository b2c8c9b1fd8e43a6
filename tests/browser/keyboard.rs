//! Everything without a mouse.

use fantoccini::key::Key;

use crate::others;
use crate::support::TestServer;
use crate::window::{WIDE, Window, hook};

/// Presses Tab, or Shift and Tab, until an element has the focus.
pub async fn tab_to(window: &Window, selector: &str, back: bool) {
    for _ in 0..40 {
        if window.ask(&format!("document.activeElement.matches(\"{selector}\")")).await {
            return;
        }
        if back { window.press((Key::Shift, Key::Tab)).await } else { window.press(Key::Tab).await }
    }
    panic!("{selector} cannot be reached with Tab");
}

/// Whether the element with the focus is in sight and shows that it has it.
async fn shows_focus(window: &Window) -> bool {
    window
        .ask(
            "(() => {
                const { outlineStyle, boxShadow } = getComputedStyle(document.activeElement);
                const { width, height } = document.activeElement.getBoundingClientRect();
                return width > 0 && height > 0 && (outlineStyle !== 'none' || boxShadow !== 'none');
            })()",
        )
        .await
}

#[tokio::test]
async fn a_first_visit_needs_no_mouse() {
    let server = TestServer::start().await;
    others::say(server.address(), "garden", "Ben", "nice flowers").await;
    let ann = Window::new(WIDE).await;
    ann.go(server.address(), "/").await;
    ann.until("document.activeElement.dataset.testid === 'handle-input'").await;
    ann.press("Ann").await;
    tab_to(&ann, &hook("handle-save"), false).await;
    assert!(shows_focus(&ann).await);
    ann.press(Key::Enter).await;
    ann.gone("dialog").await;
    ann.composer_has_focus().await;
    ann.press("hello").await;
    ann.press(Key::Enter).await;
    ann.hears("hello").await;

    let garden = format!("{}[data-room='garden']", hook("room-link"));
    ann.find(&garden).await;
    tab_to(&ann, &garden, true).await;
    assert!(shows_focus(&ann).await);
    ann.press(Key::Enter).await;
    ann.see("h1", "garden").await;
    ann.composer_has_focus().await;
    ann.hears("nice flowers").await;
    ann.close().await;
}

#[tokio::test]
async fn every_control_can_be_reached_and_shows_the_focus() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    for name in ["send", "people", "jobs", "new-room", "handle-open", "language", "theme", "owner-open"] {
        ann.press(Key::Escape).await;
        ann.composer_has_focus().await;
        tab_to(&ann, &hook(name), name != "send").await;
        assert!(shows_focus(&ann).await, "{name} does not show that it has the focus");
    }
    ann.press(Key::Enter).await;
    ann.until("document.activeElement.dataset.testid === 'sign-in-name'").await;
    ann.press(Key::Escape).await;
    ann.gone("dialog").await;
    ann.until("document.activeElement.dataset.testid === 'owner-open'").await;
    ann.close().await;
}

#[tokio::test]
async fn rooms_are_found_and_changed_with_keys() {
    let server = TestServer::start().await;
    for room in ["garden", "kitchen"] {
        others::say(server.address(), room, "Ben", room).await;
    }
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.find(&format!("{}[data-room='kitchen']", hook("room-link"))).await;
    ann.press((Key::Control, "k")).await;
    ann.until("document.activeElement.dataset.testid === 'search-input'").await;
    ann.press("kitch").await;
    ann.see(&format!("{}[aria-selected='true']", hook("search-result")), "kitchen").await;
    ann.press(Key::Enter).await;
    ann.see("h1", "kitchen").await;
    ann.hears("kitchen").await;
    ann.composer_has_focus().await;

    ann.press((Key::Alt, Key::Up)).await;
    ann.see("h1", "Talk to bot").await;
    ann.composer_has_focus().await;
    ann.press((Key::Alt, Key::Down)).await;
    ann.see("h1", "kitchen").await;
    ann.close().await;
}

#[tokio::test]
async fn the_list_of_keys_leads_to_the_licences() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    tab_to(&ann, &hook("theme"), true).await;
    ann.press("?").await;
    ann.find("dialog .keys").await;
    tab_to(&ann, &hook("licenses"), false).await;
    let address: String = ann.ask("document.activeElement.getAttribute('href')").await;
    ann.press(Key::Escape).await;
    ann.gone("dialog").await;
    ann.go(server.address(), &address).await;
    ann.until("document.body.textContent.includes('uplot 1.')").await;
    ann.close().await;
}
