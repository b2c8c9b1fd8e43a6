//! Emojis on messages, ratings of answers, the page of questions without a good answer, and passages that are switched off.

use serde_json::json;

use crate::documents::{HERONS, is_searchable, store};
use crate::owner::sign_in;
use crate::support::TestServer;
use crate::window::{Window, hook};

#[tokio::test]
async fn two_people_react_and_see_it_at_once_and_take_it_back() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    let bob = Window::of("Bob", server.address(), "lobby").await;
    ann.say("The pond is frozen!").await;
    bob.hears("The pond is frozen!").await;
    bob.ask::<()>("void document.querySelector('[data-testid=message-react]').focus()").await;
    bob.press("\u{e007}").await;
    bob.find(".menu.emojis").await;
    bob.picture("reactions-offered").await;
    bob.click("[data-testid='menu-🎉']").await;
    for window in [&ann, &bob] {
        window.see(&hook("reaction"), "1").await;
    }
    let pressed = |is: bool| format!("document.querySelector('[data-testid=reaction]')?.ariaPressed === '{is}'");
    bob.until(&pressed(true)).await;
    ann.until(&pressed(false)).await;
    ann.click(&hook("reaction")).await;
    bob.see(&hook("reaction"), "2").await;
    bob.picture("reactions").await;
    // A reload changes nothing.
    bob.reload().await;
    bob.see(&hook("reaction"), "2").await;
    for window in [&ann, &bob] {
        window.click(&hook("reaction")).await;
    }
    ann.gone(&hook("reaction")).await;
}

#[tokio::test]
async fn an_answer_is_rated_and_its_question_gets_a_better_one_in_two_clicks() {
    let server = TestServer::start().await;
    let address = server.address();
    store(address, json!({"title": "Herons", "text": HERONS})).await;
    let ann = Window::of("Ann", address, "lobby").await;
    sign_in(&ann).await;
    ann.go(address, "/documents").await;
    is_searchable(&ann, "Herons").await;
    ann.go(address, "/room/lobby").await;
    ann.say("@bot where do herons nest?").await;
    ann.click(&hook("rate-thumb-down")).await;
    ann.until("document.querySelector('[data-testid=rate-thumb-down]')?.ariaPressed === 'true'").await;
    ann.picture("answer-rated").await;
    ann.say("@bot who feeds the flamingos?").await;
    ann.find("[data-testid=answer], [data-testid=message]").await;
    ann.until("document.querySelectorAll('[data-testid=rate-thumb-up]').length === 2").await;

    ann.go(address, "/documents").await;
    ann.click(&hook("questions-open")).await;
    ann.until("document.querySelectorAll('[data-testid=question]').length === 2").await;
    ann.see(&hook("question"), "where do herons nest?").await;
    ann.see(&hook("question"), "rated bad once").await;
    ann.picture("questions").await;
    let second = format!("{}:nth-child(2)", hook("question"));
    ann.click(&format!("{second} {}", hook("question-answer"))).await;
    ann.press("Mira does, at noon.").await;
    ann.picture("questions-entry").await;
    ann.click(&hook("entry-save")).await;
    ann.until("document.querySelectorAll('[data-testid=question]').length === 1").await;
    ann.see(".notice", "Frequently asked questions").await;
    ann.click(&hook("question-dismiss")).await;
    ann.find(&hook("questions-none")).await;
    // Nobody wants it back: it goes from the server, too.
    ann.gone(".notice").await;
    ann.reload().await;
    ann.find(&hook("questions-none")).await;

    ann.go(address, "/documents").await;
    is_searchable(&ann, "Frequently asked questions").await;
    ann.go(address, "/room/lobby").await;
    ann.say("@bot who feeds the flamingos?").await;
    ann.hears("Mira does, at noon.").await;
}

#[tokio::test]
async fn a_passage_is_switched_off_where_it_was_found_and_on_where_it_is_read() {
    let server = TestServer::start().await;
    let address = server.address();
    let long = "It builds a wide nest of dry sticks and comes back to it year after year, in spring already. ";
    let text = format!("{HERONS}\n## Swans\n\nSwans nest on the shore, close to the water. {}", long.repeat(8));
    let id = store(address, json!({"title": "Birds", "text": text})).await;
    let ann = Window::of("Ann", address, "lobby").await;
    sign_in(&ann).await;
    ann.go(address, "/documents").await;
    is_searchable(&ann, "Birds").await;
    ann.go(address, "/documents/try?q=where+do+herons+nest").await;
    ann.see(&hook("trial-result"), "high up in old trees").await;
    ann.click(&hook("passage-off")).await;
    ann.until("!document.querySelector('.trial-results')?.innerText.includes('high up in old trees')").await;
    ann.go(address, &format!("/documents/{id}")).await;
    ann.see(&hook("reader-passages"), "switched off").await;
    ann.find(".reader-text .unused").await;
    ann.picture("reader-passage-off").await;
    ann.click(&format!("{} a", hook("reader-passages"))).await;
    ann.click(&hook("passage-switch")).await;
    ann.gone(".reader-text .unused").await;
    ann.go(address, "/documents/try?q=where+do+herons+nest").await;
    ann.see(&hook("trial-result"), "high up in old trees").await;
}
