//! An answer in a real language model's words, as the page shows it while it is written.

use crate::support::TestServer;
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
