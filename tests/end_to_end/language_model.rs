//! Language models behind an OpenAI-compatible address: well-behaved ones, and all the others.

use std::time::{Duration, Instant};

use chatbot::llm::{LanguageModel, LlmError, Part, Speaker, Turn};
use serde_json::json;

use crate::support::fake_model::{END, FakeModel, STREAM, Step, begun, delta, plain, stream};

/// Longer than any answer takes that is not held back.
const WAIT: Duration = Duration::from_secs(5);

/// What it writes until the end.
pub async fn written(model: &LanguageModel) -> Result<String, LlmError> {
    let mut writing = model.write(&[Turn::new(Speaker::User, "hello")]).await?;
    let mut text = String::new();
    while let Some(part) = writing.next().await? {
        match part {
            Part::Text(piece) => text.push_str(&piece),
            Part::Retraction => text.clear(),
        }
    }
    Ok(text)
}

async fn answer(steps: Vec<Step>) -> Result<String, LlmError> {
    let fake = FakeModel::start(move |_| steps.clone()).await;
    written(&fake.client(WAIT)).await
}

#[tokio::test]
async fn words_come_as_they_are_written_and_the_request_is_what_servers_expect() {
    let fake = FakeModel::saying(&["Hel", "lo, ", "世界"]).await;
    assert_eq!(written(&fake.client(WAIT)).await, Ok("Hello, 世界".into()));
    let expected = json!({
        "model": "fake", "messages": [{"role": "user", "content": "hello"}], "stream": true, "max_tokens": 50,
        "path": "/v1/chat/completions", "authorization": "bearer sk-secret", "traceparent": null,
    });
    assert_eq!(fake.asked(), [expected]);
}

#[tokio::test]
async fn an_answer_is_the_same_wherever_the_network_cuts_it() {
    let whole = format!("{}{}{END}", delta("你好，").replace('\n', "\r\n"), delta("世界 😀"));
    // In the middle of characters, of line ends and of words.
    for cut in (1..whole.len()).step_by(7).chain([whole.find('好').expect("there") + 1]) {
        let (first, rest) = whole.as_bytes().split_at(cut);
        let steps = vec![Step::Send([STREAM.as_bytes(), first].concat()), Step::Send(rest.to_vec())];
        assert_eq!(answer(steps).await, Ok("你好，世界 😀".into()), "cut at {cut}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let body =
        json!({"choices": [{"message": {"role": "assistant", "content": "All at once."}, "finish_reason": "stop"}]});
    let steps = plain("200 OK", "Content-Type: application/json; charset=utf-8\r\n", &body.to_string());
    assert_eq!(answer(steps).await, Ok("All at once.".into()));
}

#[tokio::test]
async fn comments_and_thoughts_are_left_out_and_an_answer_that_was_cut_says_so() {
    let text = format!(
        "{STREAM}: waiting\n\n{}{}data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"length\"}}]}}\n\ndata: [DONE]\n\n",
        delta("<think>Hm."),
        delta("</think>\n\nYes, and"),
    );
    assert_eq!(answer(vec![Step::Send(text.into_bytes())]).await, Ok("Yes, and…".into()));
}

#[tokio::test]
async fn what_goes_wrong_has_its_own_kind() {
    let event = |data: &str| vec![Step::Send(format!("{STREAM}data: {data}\n\n").into_bytes())];
    for (steps, expected) in [
        (plain("401 Unauthorized", "", "{\"error\":{\"message\":\"wrong key sk-secret\"}}"), LlmError::BadKey),
        (plain("404 Not Found", "", "no such model"), LlmError::NoSuchModel),
        (plain("400 Bad Request", "", "too long"), LlmError::Refused(400)),
        (plain("200 OK", "Content-Type: text/html\r\n", "<html>Welcome</html>"), LlmError::Garbled),
        (plain("200 OK", "Content-Type: application/json\r\n", "{\"choices\": [5]}"), LlmError::Garbled),
        (plain("302 Found", "Location: http://127.0.0.1:9/\r\n", ""), LlmError::Refused(302)),
        (event("{\"choices\": 12"), LlmError::Garbled),
        (event("{\"error\": {\"message\": \"out of order\"}}"), LlmError::Faulty),
        (vec![begun("Half an ans")], LlmError::BrokeOff),
        (vec![], LlmError::BrokeOff),
        (stream(&[]), LlmError::Silent),
    ] {
        let shown = format!("{steps:?}");
        assert_eq!(answer(steps).await, Err(expected), "{shown}");
    }
    let nowhere = FakeModel::saying(&[]).await;
    let model = nowhere.client(WAIT);
    let free = crate::support::free_port();
    assert!(matches!(written(&model).await, Err(LlmError::Silent)));
    let settings = chatbot::config::LanguageModelConfig {
        base_url: format!("http://127.0.0.1:{free}/v1"),
        model: "m".into(),
        ..Default::default()
    };
    let gone = settings.build().expect("settings").expect("a model");
    assert!(matches!(written(&gone).await, Err(LlmError::Unreachable(_))));
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_once_more_when_it_says_so() {
    let fake = FakeModel::start(|number| match number {
        1 => plain("429 Too Many Requests", "Retry-After: 0\r\n", "later"),
        _ => stream(&["Now."]),
    });
    let fake = fake.await;
    assert_eq!(written(&fake.client(WAIT)).await, Ok("Now.".into()));
    let busy = FakeModel::start(|_| plain("503 Service Unavailable", "Retry-After: 0\r\n", "")).await;
    assert_eq!((written(&busy.client(WAIT)).await, busy.asked().len()), (Err(LlmError::Refused(503)), 2));
    let for_long = FakeModel::start(|_| plain("429 Too Many Requests", "Retry-After: 3600\r\n", "")).await;
    assert_eq!((written(&for_long.client(WAIT)).await, for_long.asked().len()), (Err(LlmError::Busy), 1));
}

#[tokio::test]
async fn silence_is_not_waited_out() {
    let idle = Duration::from_millis(200);
    for steps in [vec![Step::Hang], vec![Step::Send(STREAM.into()), Step::Hang], vec![begun("Half"), Step::Hang]] {
        let fake = FakeModel::start(move |_| steps.clone()).await;
        let asked = Instant::now();
        assert_eq!(written(&fake.client(idle)).await, Err(LlmError::TooSlow));
        assert!(asked.elapsed() >= idle);
        fake.left().await;
    }
    // Comments keep the connection alive, but not for ever.
    let chatty = FakeModel::start(|_| vec![begun("a"), Step::Forever(b": still here\n\n".to_vec())]).await;
    assert_eq!(written(&chatty.client(idle)).await, Err(LlmError::TooSlow));
    chatty.left().await;
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_and_the_server_told_to_stop() {
    let endless = FakeModel::start(|_| vec![begun("a"), Step::Forever(delta(&"more ".repeat(50)).into_bytes())]).await;
    let text = written(&endless.client(WAIT)).await.expect("an answer");
    assert_eq!((text.chars().count(), text.ends_with('…')), (8001, true));
    endless.left().await;
    let one_event = FakeModel::start(|_| vec![begun("a"), Step::Forever(vec![b'x'; 4096])]).await;
    assert_eq!(written(&one_event.client(WAIT)).await, Err(LlmError::Garbled));
    one_event.left().await;
}
