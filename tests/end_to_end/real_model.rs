//! Answers in the words of a real language model: llama.cpp's server with a model of 135 million parameters. What it says makes little
//! sense; how it comes, goes on and stops is what counts.

use serde_json::{Value, json};

use crate::answers::{TERMS, document};
use crate::support::real_model::RealModel;
use crate::support::{Client, TestServer};

/// More than it writes before a test interrupts it.
const LONG: u32 = 3000;

async fn asked(client: &mut Client, question: &str) -> String {
    client.send(json!({"room": "lobby", "message": format!("/ask {question}")})).await;
    client.expect("loading").await["job"].as_str().expect("an id").to_owned()
}

/// The pieces from the first that comes to the end, and the answer.
async fn read_to_the_end(client: &mut Client) -> (Vec<Value>, Value) {
    let mut pieces = Vec::new();
    loop {
        match client.next().await.expect("an open connection") {
            frame if frame["type"] == "delta" => pieces.push(frame),
            frame if frame["type"] == "message" && frame["role"] == "bot" => return (pieces, frame),
            _ => {}
        }
    }
}

fn text_of(pieces: &[Value]) -> String {
    pieces.iter().map(|piece| piece["text"].as_str().expect("text")).collect()
}

#[tokio::test]
async fn a_real_models_words_come_to_everybody_and_a_reload_in_the_middle_goes_on() {
    let model = RealModel::start();
    let server = TestServer::with(|config| model.configure(config, 120)).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let (mut bob, _) = server.member("Bob", "lobby").await;
    asked(&mut ann, "Tell me about the sea.").await;
    for _ in 0..10 {
        ann.expect("delta").await;
    }
    let (mut again, joined) = server.member("Ann", "lobby").await;
    let partial = &joined["jobs"][0]["partial"];
    let (begun, n) = (partial["text"].as_str().expect("a beginning"), partial["n"].as_u64().expect("a number"));
    let (rest, told_again) = read_to_the_end(&mut again).await;
    assert!(!rest.is_empty() && rest[0]["n"] == n + 1, "goes on behind piece {n}: {:?}", rest.first());
    let (all, told) = read_to_the_end(&mut bob).await;
    assert_eq!(told["message"], told_again["message"]);
    assert_eq!((&told["answered_by"], &told["job_state"]), (&json!("model"), &json!("completed")));
    let message = told["message"].as_str().expect("text");
    assert_eq!(text_of(&all).trim(), message, "Bob saw it come");
    assert_eq!(
        format!("{begun}{}", text_of(&rest)).trim(),
        message,
        "and so did Ann, although she loaded the page anew"
    );
    assert!(all.len() > 20 && message.len() > 100, "{} pieces: {message}", all.len());
}

#[tokio::test]
async fn cancelling_stops_the_work_of_a_real_server() {
    let model = RealModel::start();
    let server = TestServer::with(|config| model.configure(config, LONG)).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let job = asked(&mut ann, "Tell me everything about the sea.").await;
    ann.expect("delta").await;
    assert!(model.is_working().await);
    ann.send(json!({"type": "cancel", "job": job})).await;
    let (_, told) = read_to_the_end(&mut ann).await;
    assert_eq!(told["job_state"], "cancelled");
    let written = model.idle().await;
    assert!(written < u64::from(LONG), "it stopped before it was done: {written}");
}

#[tokio::test]
async fn when_a_real_server_is_killed_in_the_middle_passages_are_quoted_with_a_word_on_why() {
    let mut model = RealModel::start();
    let server = TestServer::with(|config| model.configure(config, LONG)).await;
    document(&server, json!({"title": "Terms", "text": TERMS})).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let question = "How long are the ribs under warranty?";
    asked(&mut ann, question).await;
    ann.expect("delta").await;
    model.kill();
    let (_, told) = read_to_the_end(&mut ann).await;
    assert_eq!(told["note"], "The language model broke off in the middle of its answer.");
    assert_eq!((&told["job_state"], &told["answered_by"]), (&json!("completed"), &json!("passages")));
    assert!(told["message"].as_str().expect("text").contains("three years"), "{told}");
    asked(&mut ann, question).await;
    let (_, told) = read_to_the_end(&mut ann).await;
    assert_eq!(told["note"], "The language model cannot be reached.");
}
