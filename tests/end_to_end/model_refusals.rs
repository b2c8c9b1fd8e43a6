//! Servers that refuse a part of a request, or that are not ready: they are asked again in another way, and what was learned is kept.

use std::time::Duration;

use chatbot::fetch::{Key, Waits};
use chatbot::llm::{LanguageModel, LlmError, Settings, Speaker, Turn};
use serde_json::{Value, json};

use crate::language_model::written;
use crate::support::fake_model::{FakeModel, Step, begun, delta, plain, stream};

const WAIT: Duration = Duration::from_secs(5);

/// A name, which requests are refused, and how.
type Case = (&'static str, fn(&Value) -> bool, Vec<Step>);

fn error(message: &str) -> Vec<Step> {
    refusal("400 Bad Request", &json!({"error": {"message": message, "type": "invalid_request_error"}}))
}

fn refusal(status: &str, body: &Value) -> Vec<Step> {
    plain(status, "Content-Type: application/json\r\n", &body.to_string())
}

/// A model that is asked with all that can be left out.
fn model(fake: &FakeModel, wait: Duration) -> LanguageModel {
    let waits = Waits { first: wait, idle: wait, total: 2 * wait };
    let settings =
        Settings { model: "fake".into(), temperature: Some(0.2), max_tokens: Some(50), context_chars: 12_000, waits };
    LanguageModel::new(&fake.url(), Key::default(), settings).expect("a model")
}

fn turns() -> Vec<Turn> {
    vec![Turn::new(Speaker::System, "Be brief."), Turn::new(Speaker::User, "Why?")]
}

async fn answer(model: &LanguageModel) -> Result<String, LlmError> {
    let mut writing = model.write(&turns()).await?;
    let mut text = String::new();
    while let Some(part) = writing.next().await? {
        match part {
            chatbot::llm::Part::Text(piece) => text.push_str(&piece),
            chatbot::llm::Part::Retraction => text.clear(),
        }
    }
    Ok(text)
}

#[tokio::test]
async fn what_a_server_refuses_is_left_out_and_that_is_remembered() {
    let has_system = |request: &Value| request["messages"][0]["role"] == "system";
    let cases: [Case; 5] = [
        ("no system", |request| request["messages"][0]["role"] == "system", error("System role not supported")),
        (
            "no system in the template",
            |request| request["messages"][0]["role"] == "system",
            refusal(
                "500 Internal Server Error",
                &json!({"error": {"code": 500, "message": "Conversation roles must alternate user/assistant/user/assistant/..."}}),
            ),
        ),
        (
            "max_completion_tokens",
            |request| !request["max_tokens"].is_null(),
            error(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            ),
        ),
        (
            "no temperature",
            |request| !request["temperature"].is_null(),
            error("Unsupported value: 'temperature' does not support 0.2"),
        ),
        (
            "no stream",
            |request| request["stream"] == true,
            error("Your organization must be verified to stream this model."),
        ),
    ];
    for (name, is_refused, refused) in cases {
        let fake = FakeModel::answering(move |_, request| match is_refused(request) {
            true => refused.clone(),
            false => stream(&["Because."]),
        });
        let fake = fake.await;
        let model = model(&fake, WAIT);
        assert_eq!(answer(&model).await, Ok("Because.".into()), "{name}");
        assert_eq!(answer(&model).await, Ok("Because.".into()), "{name}");
        let asked = fake.asked();
        assert_eq!(asked.len(), 3, "{name}: refused once");
        let told = asked[2]["messages"].to_string();
        assert!(told.contains("Be brief.") && told.contains("Why?"), "{name}: {told}");
        assert!(has_system(&asked[0]), "{name}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_everything_is_asked_a_few_times_only() {
    let all = "system role, max_tokens, max_completion_tokens, temperature and stream are not supported";
    let fake = FakeModel::start(move |_| error(all)).await;
    assert_eq!(answer(&model(&fake, WAIT)).await, Err(LlmError::Refused(400)));
    assert_eq!(fake.asked().len(), 6);
}

#[tokio::test]
async fn a_model_that_is_still_being_loaded_is_waited_for() {
    for (status, body) in [
        (
            "503 Service Unavailable",
            json!({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}),
        ),
        ("500 Internal Server Error", json!({"error": "llm server loading model"})),
        ("400 Bad Request", json!({"error": "Model is loading, please wait"})),
    ] {
        let fake = FakeModel::start(move |number| match number {
            1 => refusal(status, &body),
            _ => stream(&["Because."]),
        });
        let fake = fake.await;
        assert_eq!(answer(&model(&fake, WAIT)).await, Ok("Because.".into()), "{status}");
    }
    let for_ever = FakeModel::start(|_| refusal("503 Service Unavailable", &json!({"error": "Loading model"}))).await;
    assert_eq!(answer(&model(&for_ever, Duration::from_secs(2))).await, Err(LlmError::Loading));
    assert_eq!(for_ever.asked().len(), 3);
}

#[tokio::test]
async fn a_model_that_is_too_slow_for_what_it_is_given_is_given_less() {
    let fake = FakeModel::start(|_| vec![Step::Hang]).await;
    let model = model(&fake, Duration::from_millis(100));
    let long = [Turn::new(Speaker::User, "x".repeat(12_000))];
    assert_eq!(model.context_chars(), 12_000);
    assert_eq!(model.write(&long).await.map(drop), Err(LlmError::TooSlow));
    assert_eq!(model.context_chars(), 4_000);
}

#[tokio::test]
async fn thoughts_that_cannot_be_told_from_an_answer_are_taken_back_once_and_then_held_back() {
    let fake = FakeModel::start(|_| {
        let rest = format!("{}{}", delta("</think>\n\nBecause."), crate::support::fake_model::END);
        vec![begun("Reading it, there is a reason."), Step::Send(rest.into())]
    });
    let fake = fake.await;
    let model = model(&fake, WAIT);
    assert_eq!(answer(&model).await, Ok("Because.".into()));
    let mut writing = model.write(&turns()).await.expect("an answer");
    assert_eq!(writing.next().await, Ok(Some(chatbot::llm::Part::Text("Because.".into()))));
    assert_eq!(written(&model).await, Ok("Because.".into()));
}
