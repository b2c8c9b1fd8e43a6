//! OpenAI's interface, as OpenAI's own package for Python speaks it; `tests/run` installs that.

use serde_json::{Value, json};

use crate::answers::{TERMS, document};
use crate::support::fake_model::{END, FakeModel, Step, begun, delta};
use crate::support::{OWNER_KEY, PATIENCE, TestServer, python_client};

const QUESTION: &str = "How long are the ribs under warranty?";

/// What the package gets from the server under the name of that model.
async fn asked(server: &TestServer, model: &str) -> Value {
    python_client("openai", &[&server.url("/v1"), OWNER_KEY, model]).await
}

#[tokio::test]
async fn openais_package_asks_streams_and_embeds() {
    let fake = FakeModel::saying(&["Three ", "years [", "1]."]).await;
    let server = TestServer::with(|config| fake.configure(config)).await;
    server.request("POST", "/api/rooms").json(json!({"name": "shop"})).send().await;
    document(&server, json!({"title": "Terms", "text": TERMS, "room": "shop"})).await;
    let told = asked(&server, "chatbot/shop").await;
    let models = told["models"].as_array().expect("models");
    assert_eq!(models[..2], [json!("chatbot"), json!("chatbot/shop")], "{told}");
    let plain = told["plain"].as_str().expect("text");
    assert!(plain.starts_with("Three years [1].\n\n[1] Terms"), "{plain}");
    assert_eq!(told["reason"], "stop");
    for rests_on in [&told["rests_on"], &told["stream_rests_on"]] {
        assert_eq!((&rests_on["answered_by"], &rests_on["query"]), (&json!("model"), &json!(QUESTION)));
        assert_eq!((&rests_on["results"][0]["mark"], &rests_on["results"][0]["title"]), (&json!(1), &json!("Terms")));
    }
    let streamed: String = told["streamed"].as_array().expect("parts").iter().filter_map(Value::as_str).collect();
    assert_eq!((streamed.as_str(), &told["stream_ends"]), (plain, &json!("stop")));
    assert_eq!((&told["dimensions"][0], &told["dimensions"][0]), (&told["dimensions"][1], &json!(384)));
    assert!((told["length"].as_f64().expect("a number") - 1.0).abs() < 0.02, "{told}");
    assert!(told["same"].as_f64().expect("a number") < 1e-6);
    for (refused, expected) in [
        ("unknown_model", json!(["NotFoundError", 404, "not_found", "not_found_error"])),
        ("unknown_room", json!(["NotFoundError", 404, "not_found", "not_found_error"])),
        ("wrong_key", json!(["AuthenticationError", 401, "bad_key", "authentication_error"])),
        ("no_text", json!(["BadRequestError", 400, "bad_request", "invalid_request_error"])),
    ] {
        assert_eq!(told[refused], expected, "{refused}");
    }
}

#[tokio::test]
async fn a_stream_goes_on_in_pieces_and_whoever_leaves_it_cancels_the_question() {
    let fake = FakeModel::start(|number| match number {
        1 => vec![begun("One, "), Step::Wait, Step::Send(format!("{}{END}", delta("two.")).into())],
        _ => vec![begun("One, "), Step::Hang],
    });
    let fake = fake.await;
    let server = TestServer::with(|config| fake.configure(config)).await;
    let question =
        json!({"model": "chatbot", "stream": true, "messages": [{"role": "user", "content": "Count for me"}]});
    let ask = || async {
        let client = reqwest::Client::new();
        let request = client.post(server.url("/v1/chat/completions")).bearer_auth(OWNER_KEY);
        request.header("content-type", "application/json").body(question.to_string()).send().await.expect("an answer")
    };
    let mut answer = ask().await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut heard = String::new();
    read_until(&mut answer, &mut heard, "One,").await;
    assert!(!heard.contains("two"), "{heard}");
    fake.go();
    read_until(&mut answer, &mut heard, "[DONE]").await;
    assert!(heard.contains(" two."), "{heard}");
    let (mut left, mut heard) = (ask().await, String::new());
    read_until(&mut left, &mut heard, "One,").await;
    drop(left);
    fake.left().await;
}

async fn read_until(answer: &mut reqwest::Response, heard: &mut String, words: &str) {
    while !heard.contains(words) {
        let chunk = tokio::time::timeout(PATIENCE, answer.chunk()).await.expect("in time").expect("a stream");
        heard.push_str(&String::from_utf8_lossy(&chunk.expect("more to come")));
    }
}
