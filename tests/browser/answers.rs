//! An answer in a language model's words, as the page shows it while it is written.

use fantoccini::key::Key;
use serde_json::json;

use crate::documents::{HERONS, is_searchable, store};
use crate::support::TestServer;
use crate::support::fake_model::{END, FakeModel, Step, begun, delta};
use crate::support::real_model::RealModel;
use crate::window::{Window, hook};

/// The words that have come so far.
const STREAMED: &str = "document.querySelector('.job-card .streamed')?.innerText ?? ''";

#[tokio::test]
async fn a_real_models_words_come_to_two_windows_and_go_on_after_a_reload() {
    let model = RealModel::start();
    let server = TestServer::with(|config| model.configure(config, 300)).await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    let ben = Window::of("Ben", server.address(), "lobby").await;
    ann.say("/ask Tell me about the sea.").await;
    for window in [&ann, &ben] {
        window.until(&format!("({STREAMED}).length > 20")).await;
    }
    let before: usize = ben.ask(&format!("({STREAMED}).length")).await;
    ben.reload().await;
    ben.until(&format!("({STREAMED}).length > {before}")).await;
    model.idle().await;
    for window in [&ann, &ben] {
        window.until(&format!("document.querySelectorAll(\"{}\").length === 2", hook("message"))).await;
        window.gone(&hook("job-card")).await;
    }
    let (told, again) = (ann.texts().await, ben.texts().await);
    assert_eq!(told, again);
    assert!(told[1].len() > before, "{told:?}");
    for window in [ann, ben] {
        window.close().await;
    }
}

#[tokio::test]
async fn citations_are_marks_as_soon_as_they_are_written_and_lead_to_their_passages_in_the_end() {
    let model = FakeModel::start(|_| {
        let rest = delta("] a day.") + END;
        vec![begun("**Five hundred** grams [1] of fish [1"), Step::Wait, Step::Send(rest.into_bytes())]
    })
    .await;
    let server = TestServer::with(|config| model.configure(config)).await;
    store(server.address(), json!({"title": "Herons", "text": HERONS})).await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.go(server.address(), "/documents").await;
    is_searchable(&ann, "Herons").await;
    ann.go(server.address(), "/room/lobby").await;
    ann.connection("open").await;
    ann.composer_has_focus().await;
    ann.say("/ask How many grams of fish does a grown heron eat every day?").await;

    ann.see(".job-card .streamed .citation", "1").await;
    ann.see(".job-card .streamed strong", "Five hundred").await;
    ann.see(".job-card .streamed", "of fish").await;
    assert_eq!(ann.count(".job-card .citation").await, 1, "what is not yet a mark");
    assert_eq!(ann.count(".job-card button.citation").await, 0, "which passage it names is not known yet");

    model.go();
    ann.gone(&hook("job-card")).await;
    ann.until(&format!("document.querySelectorAll(\"{}\").length === 2", hook("citation"))).await;
    ann.click(&hook("citation")).await;
    ann.until("document.activeElement.textContent === 'Herons'").await;
    ann.press(Key::Enter).await;
    ann.see(&hook("cited"), "five hundred grams").await;
    ann.close().await;
}
