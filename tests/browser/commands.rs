//! Work for the bot.

use fantoccini::key::Key;

use crate::others;
use crate::support::TestServer;
use crate::window::{WIDE, Window, hook};

#[tokio::test]
async fn a_command_is_answered_in_every_window() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    let ben = Window::of("Ben", server.address(), "lobby").await;
    ann.say("/sum 12 32").await;
    for window in [&ann, &ben] {
        window.hears("12 + 32 = 44").await;
        let answer = window.messages().await.pop().expect("an answer");
        assert_eq!((answer.author.as_str(), answer.text.as_str()), ("bot", "12 + 32 = 44"));
        window.gone(&hook("job-card")).await;
    }
    ann.close().await;
    ben.close().await;
}

#[tokio::test]
async fn long_work_shows_its_progress_and_can_be_cancelled() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    let ben = Window::of("Ben", server.address(), "lobby").await;
    ann.say("/sleep 30 coffee").await;
    let running = format!("{}[data-state='running']", hook("job-card"));
    for window in [&ann, &ben] {
        window.see(&running, "sleep 30 coffee").await;
    }
    let progress = "document.querySelector('[data-testid=job-card] [role=progressbar]').getAttribute('aria-valuenow')";
    ben.until(&format!("Number({progress}) > 0")).await;
    assert_eq!(ben.count(&hook("job-cancel")).await, 0, "only whoever asked may cancel");

    ben.say("nice").await;
    ann.hears("nice").await;
    assert_eq!(ann.count(".day").await, 1, "the day is named once");

    ann.click(&hook("job-cancel")).await;
    for window in [&ann, &ben] {
        window.find("[data-outcome='cancelled']").await;
        window.gone(&hook("job-card")).await;
    }
    let messages = others::get(server.address(), "/api/rooms/lobby/messages").await;
    assert_eq!(messages["messages"][2]["job_state"], "cancelled");
    ann.close().await;
    ben.close().await;
}

#[tokio::test]
async fn commands_are_completed_with_the_keyboard() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    let chosen = format!("{}[aria-selected='true']", hook("completion-item"));
    ann.press("/").await;
    ann.see(&chosen, "help").await;
    ann.press(Key::Down).await;
    ann.see(&chosen, "ask").await;
    ann.press("s").await;
    ann.until("document.querySelectorAll('[data-testid=completion-item]').length === 4").await;
    ann.press(Key::Escape).await;
    ann.gone(&hook("completion")).await;
    ann.press("u").await;
    ann.see(&chosen, "sum").await;
    ann.press(Key::Tab).await;
    ann.until("document.querySelector('[data-testid=composer]').value === '/sum '").await;
    ann.press("1 2 3").await;
    ann.press(Key::Enter).await;
    ann.hears("1 + 2 + 3 = 6").await;
    ann.close().await;
}

#[tokio::test]
async fn a_mistyped_command_is_noticed_before_it_is_sent() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("/smu 1 2").await;
    ann.see(".hint.problem", "/sum").await;
    assert_eq!(others::stored(server.address(), "lobby").await, [""; 0]);
    ann.press(Key::Enter).await;
    ann.hears("/smu 1 2").await;
    ann.close().await;
}

#[tokio::test]
async fn alone_with_the_bot_no_slash_is_needed() {
    let server = TestServer::start().await;
    let ann = Window::new(WIDE).await;
    ann.go(server.address(), "/bot").await;
    ann.see(&hook("greeting"), "sum").await;
    ann.press(Key::Escape).await;
    ann.gone("dialog").await;
    ann.say("sum 12 32").await;
    ann.hears("12 + 32 = 44").await;
    ann.reload().await;
    ann.hears("12 + 32 = 44").await;
    ann.close().await;
}
