//! What servers of language models answer, as they were seen to, and what becomes of it: a hundred answers, each through the real client,
//! in one piece and cut in two.

use std::io::Write;
use std::time::Duration;

use chatbot::llm::{LlmError, Part, Speaker, Turn};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::fake_model::{FakeModel, STREAM, Step};

/// Longer than any of them takes.
const WAIT: Duration = Duration::from_secs(5);

/// What a server sends, and how it ends: with the text that is shown, or with an error.
type Recorded = (&'static str, Vec<u8>, Result<&'static str, LlmError>);

/// An answer without a length: its end is that of the connection.
fn http(status: &str, media_type: &str, body: &str) -> Vec<u8> {
    let media_type = if media_type.is_empty() { String::new() } else { format!("Content-Type: {media_type}\r\n") };
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{media_type}\r\n{body}", body.len()).into()
}

/// A stream of server-sent events as they are.
fn raw(events: &str) -> Vec<u8> {
    format!("{STREAM}{events}").into()
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn said(words: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {"content": words}, "finish_reason": null}]}))
}

fn thought(field: &str, words: &str) -> String {
    let mut delta = json!({"content": null});
    delta[field] = words.into();
    event(&json!({"choices": [{"index": 0, "delta": delta}]}))
}

fn ended(reason: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
}

const DONE: &str = "data: [DONE]\n\n";

/// These words, and an end in order.
fn words(all: &[&str]) -> Vec<u8> {
    words_until("stop", all)
}

fn words_until(reason: &str, all: &[&str]) -> Vec<u8> {
    let text: String = all.iter().map(|words| said(words)).collect();
    raw(&format!("{text}{}{DONE}", ended(reason)))
}

/// An answer of which this is the message.
fn document(message: &Value, reason: &str) -> String {
    json!({"choices": [{"index": 0, "message": message, "finish_reason": reason}]}).to_string()
}

fn gzipped(head: &str, body: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(format!("{head}Content-Encoding: gzip\r\n\r\n").into_bytes(), Compression::fast());
    encoder.write_all(body.as_bytes()).expect("compressed");
    encoder.finish().expect("compressed")
}

const TWO: Result<&str, LlmError> = Ok("Two years [1].");

fn marked_thoughts() -> Vec<Recorded> {
    vec![
        ("think", words(&["<think>Hm.</think>", "\n\nTwo years [1]."]), TWO),
        ("think in pieces", words(&["<th", "ink>H", "m.</", "thi", "nk>\n", "\nTwo years", " [1]."]), TWO),
        ("think behind blank lines", words(&["\n", "\n<think>", "\nHm.\n", "</think>", "Two years [1]."]), TWO),
        ("thinking", words(&["<thinking>Hm.</thinking>Two years [1]."]), TWO),
        ("thought", words(&["<thought>\nHm.\n</thought>\nTwo years [1]."]), TWO),
        ("reasoning", words(&["<reasoning>", "Hm.", "</reasoning>", "Two years [1]."]), TWO),
        ("capitals", words(&["<THINK>Hm.</Think>Two years [1]."]), TWO),
        ("confused tags", words(&["<thinking>Hm.</think>Two years [1]."]), TWO),
        ("Magistral's template", words(&["[THINK]Hm [1].[/THI", "NK]Two years [1]."]), TWO),
        ("Seed's tags", words(&["<seed:think>Hm.</seed:think>Two years [1]."]), TWO),
        ("Kimi's marks", words(&["◁think▷Hm.◁/think▷Two years [1]."]), TWO),
        ("Command's marks", words(&["<|START_THINKING|>Hm.<|END_THINKING|>Two years [1]."]), TWO),
        ("Gemma's channel", words(&["<|channel>thought\nHm.<channel|>Two years [1]."]), TWO),
        ("empty thoughts", words(&["<think>\n\n</think>\n\nTwo years [1]."]), TWO),
        ("thoughts twice", words(&["<think>Hm.</think>\n<think>So.</think>\nTwo years [1]."]), TWO),
        ("an end twice", words(&["<think>Hm.</think>\n</think>\nTwo years [1]."]), TWO),
        ("thoughts in between", words(&["Two years\n<think>Or not?</think>\n[1]."]), Ok("Two years\n[1].")),
        ("thoughts that never end", words(&["<think>Hm."]), Err(LlmError::Silent)),
        ("thoughts that take all room", words_until("length", &["<think>Hm."]), Err(LlmError::NoRoom)),
        ("a tag as a word", words(&["Write `<think>` and `</think>`."]), Ok("Write `<think>` and `</think>`.")),
        ("a tag in code", words(&["See:\n```\n<think>\n</think>\n```"]), Ok("See:\n```\n<think>\n</think>\n```")),
        ("half a tag", words(&["Less <th"]), Ok("Less <th")),
    ]
}

fn unmarked_thoughts() -> Vec<Recorded> {
    vec![
        (
            "DeepSeek's template",
            words(&[
                "Okay, the user asks about the warranty. ",
                "Passage 1 says two years.",
                "\n</think>",
                "\n\n",
                "Two years [1].",
            ]),
            TWO,
        ),
        ("in one piece", words(&["Hmm, so two years.\n</think>\n\nTwo years [1]."]), TWO),
        ("in small pieces", words(&["O", "ka", "y", ", I", " see", ".<", "/thi", "nk", ">T", "wo years [1]."]), TWO),
        ("behind quoted words", words(&["Let me see: \"two years\"</think>Two years [1]."]), TWO),
        ("in Chinese", words(&["好的，", "用户问保修。", "</think>", "两年 [1]。"]), Ok("两年 [1]。")),
        ("of another tag", words(&["We need to answer.", "</thinking>", "Two years [1]."]), TWO),
        ("with a block of code", words(&["Let me try:\n```\nx = 1\n", "</think>Two years [1]."]), TWO),
        ("cut before their end", words_until("length", &["Okay, the user", " asks"]), Err(LlmError::NoRoom)),
        ("an answer that begins so", words(&["Okay, ", "two years [1]."]), Ok("Okay, two years [1].")),
        (
            "in a document",
            http("200 OK", "application/json", &document(&json!({"content": "So.\n</think>\nTwo years [1]."}), "stop")),
            TWO,
        ),
    ]
}

fn harmony() -> Vec<Recorded> {
    let begin = "<|channel|>analysis<|message|>User asks.<|end|>";
    let end = "<|start|>assistant<|channel|>final<|message|>Two years [1].";
    vec![
        (
            "harmony",
            words(&[
                "<|channel|>analysis<|message|>",
                "User asks.",
                "<|end|><|start|>assistant<|channel|>final<|message|>",
                "Two years",
                " [1].",
            ]),
            TWO,
        ),
        (
            "harmony in small pieces",
            words(&[
                "<|chan",
                "nel|>ana",
                "lysis<|mess",
                "age|>Us",
                "er.<|en",
                "d|><|start|>assis",
                "tant<|channel|>final<",
                "|message|>Two years [1].<|retu",
                "rn|>",
            ]),
            TWO,
        ),
        ("harmony with its start", words(&["<|start|>assistant", begin, end, "<|return|>"]), TWO),
        (
            "harmony with a commentary",
            words(&[begin, "<|start|>assistant<|channel|>commentary<|message|>Calling.<|end|>", end]),
            TWO,
        ),
        (
            "harmony without an answer",
            words_until("length", &["<|channel|>analysis<|message|>User"]),
            Err(LlmError::NoRoom),
        ),
        ("harmony without marks", words(&["analysisUser asks.", "assistant", "final", "Two years [1]."]), TWO),
        ("a token of the template", words(&["Two years [1].", "<|im_", "end|>"]), TWO),
        ("a token of DeepSeek's", words(&["Two years [1].<｜end▁of▁sentence｜>"]), TWO),
    ]
}

fn separate_thoughts() -> Vec<Recorded> {
    let two = format!("{}{}{DONE}", said("Two years [1]."), ended("stop"));
    let many = |field: &str| (0..20).map(|_| thought(field, "more ")).collect::<String>();
    vec![
        ("reasoning_content", raw(&format!("{}{two}", thought("reasoning_content", "Hm."))), TWO),
        ("reasoning", raw(&format!("{}{two}", thought("reasoning", "Hm."))), TWO),
        (
            "reasoning_details",
            raw(&format!(
                "{}{two}",
                event(&json!({"choices": [{"delta": {"content": "", "reasoning_details": [{"text": "Hm."}]}}]}))
            )),
            TWO,
        ),
        (
            "no room behind reasoning_content",
            raw(&format!("{}{}{DONE}", many("reasoning_content"), ended("length"))),
            Err(LlmError::NoRoom),
        ),
        (
            "no room behind reasoning",
            raw(&format!("{}{}{DONE}", many("reasoning"), ended("length"))),
            Err(LlmError::NoRoom),
        ),
        (
            "no room behind an empty answer",
            raw(&format!("{}{}{}{DONE}", many("reasoning"), said(""), ended("length"))),
            Err(LlmError::NoRoom),
        ),
        ("thoughts only", raw(&format!("{}{}{DONE}", many("reasoning"), ended("stop"))), Err(LlmError::Silent)),
        (
            "no room in a document",
            http("200 OK", "application/json", &document(&json!({"content": "", "reasoning_content": "Hm"}), "length")),
            Err(LlmError::NoRoom),
        ),
        (
            "parts with thoughts",
            raw(&format!(
                "{}{two}",
                event(
                    &json!({"choices": [{"delta": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}}]})
                )
            )),
            TWO,
        ),
    ]
}

fn contents() -> Vec<Recorded> {
    let stop = format!("{}{DONE}", ended("stop"));
    let delta = |delta: Value| event(&json!({"choices": [{"index": 0, "delta": delta}]}));
    let parts = json!({"content": [{"type": "text", "text": "Two "}, {"type": "text", "text": "years [1]."}]});
    vec![
        ("content in parts", raw(&format!("{}{stop}", delta(parts.clone()))), TWO),
        ("content in parts of a document", http("200 OK", "application/json", &document(&parts, "stop")), TWO),
        ("content as strings", raw(&format!("{}{stop}", delta(json!({"content": ["Two ", "years [1]."]})))), TWO),
        (
            "content as an object",
            raw(&format!("{}{stop}", delta(json!({"content": {"type": "text", "text": "Two years [1]."}})))),
            TWO,
        ),
        (
            "output_text",
            raw(&format!("{}{stop}", delta(json!({"content": [{"type": "output_text", "text": "Two years [1]."}]})))),
            TWO,
        ),
        (
            "a picture beside text",
            raw(&format!(
                "{}{stop}",
                delta(
                    json!({"content": [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "Two years [1]."}]})
                )
            )),
            TWO,
        ),
        (
            "a refusal",
            raw(&format!("{}{stop}", delta(json!({"content": null, "refusal": "I will not."})))),
            Ok("I will not."),
        ),
        (
            "text of old servers",
            raw(&format!("{}{stop}", event(&json!({"choices": [{"text": "Two years [1]."}]})))),
            TWO,
        ),
        (
            "choices null at the end",
            raw(&format!(
                "{}{}{}{DONE}",
                said("Two years [1]."),
                ended("stop"),
                event(&json!({"choices": null, "usage": {}}))
            )),
            TWO,
        ),
        (
            "choices null at the beginning",
            raw(&format!("{}{}{stop}", event(&json!({"choices": null})), said("Two years [1]."))),
            TWO,
        ),
        (
            "choices empty",
            raw(&format!(
                "{}{}{stop}",
                event(&json!({"choices": [], "prompt_filter_results": []})),
                said("Two years [1].")
            )),
            TWO,
        ),
        (
            "no delta",
            raw(&format!("{}{}{stop}", event(&json!({"choices": [{"index": 0}]})), said("Two years [1]."))),
            TWO,
        ),
        (
            "null delta",
            raw(&format!("{}{}{stop}", event(&json!({"choices": [{"delta": null}]})), said("Two years [1]."))),
            TWO,
        ),
        (
            "an empty reason in each event",
            raw(&format!(
                "{}{stop}",
                event(&json!({"choices": [{"delta": {"content": "Two years [1]."}, "finish_reason": ""}]}))
            )),
            TWO,
        ),
        ("characters of many bytes", words(&["两年", "😀", "é"]), Ok("两年😀é")),
        (
            "characters as escapes",
            raw(&format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"\\u4e24\\ud83d\\ude00\"}}}}]}}\n\n{stop}")),
            Ok("两😀"),
        ),
    ]
}

fn forms() -> Vec<Recorded> {
    let whole = document(&json!({"role": "assistant", "content": "Two years [1]."}), "stop");
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&whole).expect("JSON")).expect("JSON");
    let stream = format!("{}{}{DONE}", said("Two years [1]."), ended("stop"));
    let lines = |all: &[Value]| all.iter().map(|line| format!("{line}\n")).collect::<String>();
    let ollama = |done: Value| {
        lines(&[
            json!({"message": {"role": "assistant", "content": "Two "}, "done": false}),
            json!({"message": {"content": "years [1]."}, "done": false}),
            done,
        ])
    };
    let done = json!({"message": {"content": ""}, "done": true, "done_reason": "stop"});
    let no_type = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    vec![
        ("a document", http("200 OK", "application/json", &whole), TWO),
        ("a document with another type", http("200 OK", "text/plain; charset=utf-8", &whole), TWO),
        ("a document without a type", http("200 OK", "", &whole), TWO),
        ("a document as a stream", http("200 OK", "text/event-stream", &whole), TWO),
        ("a document in many lines", http("200 OK", "application/json", &pretty), TWO),
        ("a document behind a byte order mark", http("200 OK", "application/json", &format!("\u{feff}{whole}")), TWO),
        (
            "a document without a reason",
            http(
                "200 OK",
                "application/json",
                &json!({"choices": [{"message": {"content": "Two years [1]."}}]}).to_string(),
            ),
            TWO,
        ),
        ("a stream without a type", http("200 OK", "", &stream), TWO),
        ("a stream as JSON", http("200 OK", "application/json", &stream), TWO),
        ("a stream as bytes", http("200 OK", "application/octet-stream", &stream), TWO),
        ("a stream with returns", raw(&stream.replace('\n', "\r\n")), TWO),
        ("a stream without spaces", raw(&stream.replace("data: ", "data:")), TWO),
        (
            "a stream with comments and names",
            raw(&format!(": OPENROUTER PROCESSING\n\nevent: message\nid: 1\n{stream}")),
            TWO,
        ),
        ("a stream without empty lines", raw(&stream.replace("\n\n", "\n")), TWO),
        ("a stream without an end marker", raw(&stream.replace(DONE, "")), TWO),
        ("a stream without a reason", raw(&format!("{}{DONE}", said("Two years [1]."))), TWO),
        ("a stream without its last line end", raw(stream.trim_end()), TWO),
        ("lines of Ollama's", http("200 OK", "application/x-ndjson", &ollama(done.clone())), TWO),
        ("lines of Ollama's without a type", http("200 OK", "", &ollama(done.clone())), TWO),
        (
            "lines of Ollama's without their end",
            http("200 OK", "application/x-ndjson", &ollama(json!({}))),
            Err(LlmError::BrokeOff),
        ),
        (
            "thoughts in lines of Ollama's",
            http(
                "200 OK",
                "application/x-ndjson",
                &lines(&[
                    json!({"message": {"content": "", "thinking": "Hm"}, "done": false}),
                    json!({"done": true, "done_reason": "length"}),
                ]),
            ),
            Err(LlmError::NoRoom),
        ),
        (
            "generated lines",
            http(
                "200 OK",
                "application/x-ndjson",
                &lines(&[json!({"response": "Two years [1].", "done": false}), json!({"response": "", "done": true})]),
            ),
            TWO,
        ),
        (
            "lines of OpenAI's form",
            http("200 OK", "application/x-ndjson", &stream.replace("data: [DONE]", "").replace("data: ", "")),
            TWO,
        ),
        (
            "a list of events",
            http(
                "200 OK",
                "application/json",
                &format!(
                    "[{},\n{}]",
                    json!({"choices": [{"delta": {"content": "Two years [1]."}}]}),
                    json!({"choices": [{"delta": {}, "finish_reason": "stop"}]})
                ),
            ),
            TWO,
        ),
        ("a compressed document", gzipped(no_type, &whole), TWO),
        ("a compressed stream", gzipped(no_type, &stream), TWO),
        ("what is no JSON", http("200 OK", "text/html", "<html>Welcome</html>"), Err(LlmError::Garbled)),
        ("nothing", http("200 OK", "application/json", ""), Err(LlmError::BrokeOff)),
    ]
}

fn ends() -> Vec<Recorded> {
    let after = |tail: &str| raw(&format!("{}{tail}", said("The warranty")));
    let error = |error: Value| after(&event(&json!({"error": error})));
    vec![
        ("cut", words_until("length", &["The warranty"]), Ok("The warranty…")),
        ("cut in another word", words_until("MAX_TOKENS", &["The warranty"]), Ok("The warranty…")),
        ("a filter", words_until("content_filter", &["The warranty"]), Err(LlmError::Filtered)),
        ("a filter before the first word", words_until("content_filter", &[]), Err(LlmError::Filtered)),
        ("Gemini's filter", words_until("SAFETY", &["The warranty"]), Err(LlmError::Filtered)),
        ("an error as an end", words_until("error", &["The warranty"]), Err(LlmError::Faulty)),
        (
            "DeepSeek's error as an end",
            words_until("insufficient_system_resource", &["The warranty"]),
            Err(LlmError::Faulty),
        ),
        ("an error in the stream", error(json!({"message": "cuda error", "code": 500})), Err(LlmError::Faulty)),
        ("an error of words", error(json!("cuda error")), Err(LlmError::Faulty)),
        (
            "an error without a name",
            after(&event(&json!({"object": "error", "message": "cuda error"}))),
            Err(LlmError::Faulty),
        ),
        (
            "an error in a choice",
            after(&event(&json!({"choices": [{"error": {"message": "x"}, "finish_reason": "error"}]}))),
            Err(LlmError::Faulty),
        ),
        ("llama.cpp's error", after("error: {\"code\":500,\"message\":\"cuda error\"}\n\n"), Err(LlmError::Faulty)),
        (
            "an error of length",
            error(json!({"message": "the request exceeds the available context size"})),
            Err(LlmError::TooLong),
        ),
        (
            "an error instead of an answer",
            http("200 OK", "application/json", "{\"error\":\"model requires more system memory\"}"),
            Err(LlmError::NoMemory),
        ),
        (
            "an error that is none",
            raw(&format!(
                "{}{}{DONE}",
                event(&json!({"choices": [{"delta": {"content": "Two years [1]."}}], "error": null})),
                ended("stop")
            )),
            TWO,
        ),
        ("tools", words_until("tool_calls", &[]), Err(LlmError::Silent)),
        ("half an answer", after(""), Err(LlmError::BrokeOff)),
        ("half an event", after("data: {\"choi"), Err(LlmError::BrokeOff)),
        (
            "an error behind the end",
            raw(&format!("{}{}{}", said("Two years [1]."), ended("stop"), event(&json!({"error": "late"})))),
            TWO,
        ),
    ]
}

async fn shown(steps: Vec<Step>) -> Result<String, LlmError> {
    let fake = FakeModel::start(move |_| steps.clone()).await;
    let mut writing = fake.client(WAIT).write(&[Turn::new(Speaker::User, "How long is it?")]).await?;
    let mut text = String::new();
    while let Some(part) = writing.next().await? {
        match part {
            Part::Text(piece) => text.push_str(&piece),
            Part::Retraction => panic!("shown, and then taken back: {text}"),
        }
    }
    Ok(text)
}

/// In one piece, and in two.
async fn check(recorded: Vec<Recorded>) {
    for (name, answer, expected) in recorded {
        let head = answer.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
        let cut = head + (answer.len() - head) / 2;
        let halves = vec![Step::Send(answer[..cut].to_vec()), Step::Send(answer[cut..].to_vec())];
        for steps in [vec![Step::Send(answer.clone())], halves] {
            let pieces = steps.len();
            assert_eq!(shown(steps).await.as_deref(), expected.as_deref(), "{name}, in {pieces}");
        }
    }
}

#[tokio::test]
async fn marked_thoughts_are_not_shown() {
    check(marked_thoughts()).await;
}

#[tokio::test]
async fn thoughts_without_a_beginning_are_not_shown() {
    check(unmarked_thoughts()).await;
}

#[tokio::test]
async fn of_channels_only_the_final_one_is_shown() {
    check(harmony()).await;
}

#[tokio::test]
async fn thoughts_beside_the_answer_are_not_shown_and_may_leave_no_room() {
    check(separate_thoughts()).await;
}

#[tokio::test]
async fn words_are_found_in_every_content() {
    check(contents()).await;
}

#[tokio::test]
async fn every_form_of_a_response_is_read() {
    check(forms()).await;
}

#[tokio::test]
async fn every_end_is_told_from_an_answer() {
    check(ends()).await;
}

#[test]
fn there_are_a_hundred_of_them() {
    let all = [marked_thoughts(), unmarked_thoughts(), harmony(), separate_thoughts(), contents(), forms(), ends()];
    assert!(all.iter().map(Vec::len).sum::<usize>() >= 100);
}
