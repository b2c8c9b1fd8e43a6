//! Writing Chinese with an input method, which uses Enter for itself.

use fantoccini::key::Key;
use serde_json::json;

use crate::others;
use crate::support::TestServer;
use crate::window::Window;

/// What an input method does while a word is being chosen.
pub async fn compose(window: &Window, so_far: &str) {
    let end = so_far.chars().count();
    let composition = json!({"text": so_far, "selectionStart": end, "selectionEnd": end});
    window.devtools("Input.imeSetComposition", composition).await;
}

/// A key that the input method keeps for itself, as the page is told of it.
pub async fn key_for_the_input_method(window: &Window, key: &str) {
    for kind in ["rawKeyDown", "keyUp"] {
        let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": 229});
        window.devtools("Input.dispatchKeyEvent", event).await;
    }
}

#[tokio::test]
async fn enter_that_ends_a_composition_does_not_send() {
    let server = TestServer::start().await;
    let ann = Window::of("安", server.address(), "lobby").await;
    for so_far in ["n", "ni", "ni h", "ni hao"] {
        compose(&ann, so_far).await;
    }
    assert_eq!(ann.composed().await, "ni hao");
    key_for_the_input_method(&ann, "Enter").await;
    assert_eq!(ann.composed().await, "ni hao", "the word is still being chosen");
    ann.devtools("Input.insertText", json!({"text": "你好"})).await;
    ann.until("document.querySelector('[data-testid=composer]').value === '你好'").await;

    compose(&ann, "shi jie").await;
    // Some browsers say only that something is being composed, not that the key is taken.
    let taken = json!({"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13});
    ann.devtools("Input.dispatchKeyEvent", taken).await;
    ann.devtools("Input.insertText", json!({"text": "，世界"})).await;
    ann.until("document.querySelector('[data-testid=composer]').value === '你好，世界'").await;
    assert_eq!(others::stored(server.address(), "lobby").await, [""; 0]);
    assert!(ann.messages().await.is_empty());

    ann.press(Key::Enter).await;
    ann.hears("你好，世界").await;
    assert_eq!(others::stored(server.address(), "lobby").await, ["你好，世界"]);
    ann.close().await;
}

#[tokio::test]
async fn keys_of_a_composition_do_not_move_in_the_list_of_commands() {
    let server = TestServer::start().await;
    let ann = Window::of("安", server.address(), "lobby").await;
    ann.press("/").await;
    ann.find("[aria-selected='true'] code").await;
    compose(&ann, "hui").await;
    key_for_the_input_method(&ann, "Tab").await;
    key_for_the_input_method(&ann, "Enter").await;
    ann.devtools("Input.insertText", json!({"text": "回声"})).await;
    ann.until("document.querySelector('[data-testid=composer]').value === '/回声'").await;
    assert_eq!(others::stored(server.address(), "lobby").await, [""; 0]);
    ann.close().await;
}
