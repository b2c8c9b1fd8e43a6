//! Questions and their answers: from passages, and in a language model's words.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chatbot::answers::{Answers, Finder, Question, Reader, Said};
use chatbot::model::{AnsweredBy, Citations, DocumentId, RetrievedContext, RoomName, Source, Timestamp};
use chatbot::text::{Locale, Text};
use serde_json::{Value, json};

use crate::support::fake_model::{END, FakeModel, Step, begun, delta, plain, stream};
use crate::support::{Client, TestServer, cookie_of};

const WAIT: Duration = Duration::from_secs(5);

/// Finds the same for everything that holds a word.
struct Found {
    word: &'static str,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Finder for Found {
    fn has_documents(&self) -> bool {
        true
    }

    async fn find(&self, question: &str, _: Option<&RoomName>, limit: usize) -> Result<RetrievedContext, Text> {
        self.asked.lock().expect("questions").push(question.to_owned());
        let sources = (1..=limit).map(|n| source(&format!("T{n}"), &format!("fact number {n} [9]"))).collect();
        let confident = question.contains(self.word);
        Ok(RetrievedContext {
            sources,
            confident,
            faq: None,
            nearest: vec!["T1".into()],
            ..RetrievedContext::default()
        })
    }
}

fn source(title: &str, content: &str) -> Source {
    Source {
        document: DocumentId::fresh(),
        chunk: 0,
        title: title.into(),
        page: Some(1),
        heading: None,
        content: content.into(),
        before: String::new(),
        after: String::new(),
        score: 1.0,
        updated_at: Timestamp::now(),
        marks: vec![[0, 4]],
        mark: None,
        is_weak: false,
    }
}

#[derive(Default)]
struct Heard(Mutex<String>);

#[async_trait]
impl Reader for Heard {
    async fn read(&self, piece: &str) {
        self.0.lock().expect("a text").push_str(piece);
    }
}

/// The answer, its grounds, and what was read while it was written.
async fn answer(fake: &FakeModel, text: &str, history: &[Said]) -> (String, Citations, String) {
    let finder = Arc::new(Found { word: "refund", asked: Mutex::default() });
    let answers = Answers::new(finder, Some(fake.client(WAIT)), true);
    let room = RoomName::public("lobby").expect("a name");
    let question = Question {
        text,
        handle: "Ann",
        room: Some(&room),
        locale: Locale::English,
        limit: None,
        history,
        instructions: "Be kind.",
    };
    let heard = Heard::default();
    let (text, citations) = answers.answer(&question, &heard).await.expect("an answer");
    (text, citations, heard.0.into_inner().expect("a text"))
}

#[tokio::test]
async fn citations_are_checked_while_they_are_written() {
    let fake =
        FakeModel::saying(&["Refunds take 14 days [", "4]. Ask early 【2", "†x】 and [9", "9], or [2, 4]", " [7]."])
            .await;
    let (text, citations, heard) = answer(&fake, "refund?", &[]).await;
    assert_eq!(text, "Refunds take 14 days [1]. Ask early [2] and, or [2][1].");
    assert_eq!(heard, text);
    let cited: Vec<_> = citations.results.iter().map(|source| (source.mark, source.title.as_str())).collect();
    assert_eq!(cited, [(Some(1), "T4"), (Some(2), "T2")]);
    assert_eq!((citations.answered_by, citations.note, citations.query.as_str()), (AnsweredBy::Model, None, "refund?"));
    let told = fake.told();
    for part in ["Be kind.", "fact number 6", "Question from Ann: refund?"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("[9]"), "marks of the passages' own would be taken for citations: {told}");
}

#[tokio::test]
async fn passages_are_shown_although_nothing_cites_them() {
    let fake = FakeModel::saying(&["14 days."]).await;
    let (text, citations, _) = answer(&fake, "refund?", &[]).await;
    assert_eq!(text, "14 days.");
    assert_eq!(citations.results.iter().map(|source| source.mark).collect::<Vec<_>>(), [None; 3]);
}

#[tokio::test]
async fn whatever_becomes_of_the_model_passages_are_quoted_with_a_word_on_why() {
    for (steps, why) in [
        (plain("500 Internal Server Error", "", ""), "refused the question (status 500)"),
        (plain("401 Unauthorized", "", "sk-secret"), "does not take this server's key"),
        (vec![begun("Refunds take [1"), Step::Send(b"data: {garbage\n\n".to_vec())], "could not be read"),
        (vec![begun("Refunds take [1")], "broke off"),
        (stream(&["[77]"]), "had nothing to say"),
    ] {
        let fake = FakeModel::start(move |_| steps.clone()).await;
        let (text, citations, _) = answer(&fake, "refund?", &[]).await;
        let (note, rest) = text.split_once("\n\n").expect("a note");
        assert!(note.contains(why) && citations.note.as_deref() == Some(note), "{text}");
        assert!(rest.contains("1. T1 · page 1\n> fact number 1") && !rest.contains("Refunds take"), "{text}");
        assert_eq!((citations.answered_by, citations.results.len()), (AnsweredBy::Passages, 3));
    }
}

#[tokio::test]
async fn what_is_not_from_the_documents_is_said_to_be_so() {
    let fake = FakeModel::saying(&["Paris [1]."]).await;
    let (text, citations, heard) = answer(&fake, "capital of France?", &[]).await;
    assert_eq!(text, format!("{}\n\nParis.", citations.note.as_deref().expect("a note")));
    assert_eq!((heard, citations.results.len(), citations.answered_by), (text, 0, AnsweredBy::Model));
    assert!(!fake.told().contains("fact number"));
    let broken = FakeModel::start(|_| vec![]).await;
    let (text, citations, _) = answer(&broken, "capital of France?", &[]).await;
    assert!(text.contains("nothing in the documents") && text.contains("• T1"), "{text}");
    assert_eq!(citations.answered_by, AnsweredBy::Nothing);
}

#[tokio::test]
async fn an_answer_that_there_is_none_counts_as_nothing_found() {
    for words in ["Not stated.", "The documents do not say [1].", "文档中没有提到。", "文件中沒有提到 [1]。"]
    {
        let fake = FakeModel::answering(move |_, _| stream(&[words])).await;
        let (text, citations, _) = answer(&fake, "refund?", &[]).await;
        assert_eq!((citations.answered_by, citations.results.len(), citations.note), (AnsweredBy::Nothing, 0, None));
        assert_eq!(text, words.replace(" [1]", ""), "without a mark that leads nowhere");
    }
    let fake = FakeModel::saying(&["14 days [1]. The documents do not say more."]).await;
    let (_, citations, _) = answer(&fake, "refund?", &[]).await;
    assert_eq!((citations.answered_by, citations.results.len()), (AnsweredBy::Model, 1));
}

#[tokio::test]
async fn what_rests_on_no_passage_is_marked() {
    let fake = FakeModel::saying(&["It is fact number 4 [4], or 15 [2]. 好：So they say."]).await;
    let (text, citations, _) = answer(&fake, "refund?", &[]).await;
    let units: Vec<u16> = text.encode_utf16().collect();
    let part = |[begin, end]: &[u32; 2]| String::from_utf16(&units[*begin as usize..*end as usize]).expect("text");
    assert_eq!(citations.unsupported.iter().map(part).collect::<Vec<_>>(), ["15", "好：So they say."]);
    let beyond = FakeModel::saying(&["Paris."]).await;
    let (_, citations, _) = answer(&beyond, "capital of France?", &[]).await;
    assert!(citations.unsupported.is_empty(), "the note says it of the whole");
}

#[tokio::test]
async fn a_question_that_continues_the_one_before_is_looked_up_with_it() {
    let fake = FakeModel::saying(&["Seven [1]."]).await;
    let said = |by: Option<&str>, text: &str, asked: Option<&str>| Said {
        by: by.map(str::to_owned),
        text: text.into(),
        asked: asked.map(str::to_owned),
    };
    let history = [said(Some("Ann"), "@bot refund?", None), said(None, "14 days [1].", Some("refund?"))];
    let (text, citations, _) = answer(&fake, "and in Ulm?", &history).await;
    assert_eq!((text.as_str(), citations.note, citations.results.len()), ("Seven [1].", None, 1));
    let told = fake.told();
    assert!(
        told.contains("Ann: @bot refund?") && told.contains("14 days.") && told.contains("fact number 1"),
        "{told}"
    );
}

#[tokio::test]
async fn a_question_on_another_subject_is_refused_as_in_a_room_without_history() {
    let fake = FakeModel::saying(&["Seven [1]."]).await;
    let history = [Said { by: None, text: "14 days.".into(), asked: Some("refund?".into()) }];
    let (_, citations, _) = answer(&fake, "What is the capital of Mongolia?", &history).await;
    assert!(citations.note.is_some() && citations.results.is_empty(), "{citations:?}");
    assert!(!fake.told().contains("fact number"), "passages of the last question are not dragged along");
}

// --- through the doors ---

async fn with_model(fake: &FakeModel) -> TestServer {
    TestServer::with(|config| fake.configure(config)).await
}

async fn job_of(client: &mut Client) -> String {
    client.expect("loading").await["job"].as_str().expect("an id").to_owned()
}

async fn bots(client: &mut Client, job: &str) -> Value {
    client.expect_where("message", |frame| frame["job"] == job && frame["role"] == "bot").await
}

#[tokio::test]
async fn everybody_sees_the_same_words_come_and_who_comes_late_gets_what_was_missed() {
    let fake = FakeModel::start(|_| {
        let rest = format!("{}{END}", delta("."));
        vec![
            begun("One, "),
            Step::Wait,
            Step::Send(delta("two").into_bytes()),
            Step::Wait,
            Step::Send(rest.into_bytes()),
        ]
    });
    let fake = fake.await;
    let server = with_model(&fake).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let (mut bob, _) = server.member("Bob", "lobby").await;
    ann.send(json!({"room": "lobby", "message": "@bot, count for me"})).await;
    let job = job_of(&mut ann).await;
    for client in [&mut ann, &mut bob] {
        let first = client.expect_where("delta", |frame| frame["job"] == job.as_str()).await;
        // The blank waits for what follows: before a mark that is left out, it goes with it.
        assert_eq!((&first["text"], &first["n"]), (&json!("One,"), &json!(1)));
    }
    // A page that is loaded anew.
    let (mut again, joined) = server.member("Ann", "lobby").await;
    assert_eq!(joined["jobs"][0]["partial"], json!({"text": "One,", "n": 1}));
    fake.go();
    for client in [&mut ann, &mut bob, &mut again] {
        let second = client.expect("delta").await;
        assert_eq!((&second["text"], &second["n"]), (&json!(" two"), &json!(2)));
    }
    fake.go();
    for client in [&mut ann, &mut bob, &mut again] {
        let told = bots(client, &job).await;
        assert_eq!((&told["message"], &told["answered_by"]), (&json!("One, two."), &json!("model")));
        assert_eq!((&told["query"], &told["results"]), (&json!("count for me"), &json!([])));
    }
    assert_eq!(fake.asked()[0]["model"], "fake");
}

#[tokio::test]
async fn cancelling_a_question_stops_the_models_server() {
    let fake = FakeModel::start(|_| vec![begun("One, "), Step::Hang]).await;
    let server = with_model(&fake).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.send(json!({"room": "lobby", "message": "/ask count for me"})).await;
    let job = job_of(&mut ann).await;
    ann.expect("delta").await;
    ann.send(json!({"type": "cancel", "job": job})).await;
    assert_eq!(bots(&mut ann, &job).await["job_state"], "cancelled");
    fake.left().await;
}

#[tokio::test]
async fn a_model_that_dies_is_said_to_and_its_key_is_nowhere() {
    let fake = FakeModel::start(|_| vec![begun("One, ")]).await;
    let server = with_model(&fake).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.send(json!({"room": "lobby", "message": "/ask count for me"})).await;
    let job = job_of(&mut ann).await;
    let told = bots(&mut ann, &job).await;
    assert_eq!((&told["job_state"], &told["answered_by"]), (&json!("completed"), &json!("nothing")));
    assert!(told["message"].as_str().expect("text").starts_with("The language model broke off"), "{told}");
    let details = server.request("GET", &format!("/api/jobs/{job}")).by_owner().send().await;
    assert_eq!(details.json()["note"], told["note"]);
    assert!(!details.text().contains("sk-secret") && !told.to_string().contains("sk-secret"));
}

#[tokio::test]
async fn the_model_is_told_what_was_said_before_and_how_to_be() {
    let fake = FakeModel::saying(&["Yes."]).await;
    let server = with_model(&fake).await;
    let persona = json!({"persona": {"instructions": {"en": "You sell umbrellas."}}});
    server.request("POST", "/api/rooms").json(json!({"name": "shop"})).send().await;
    server.request("PATCH", "/api/rooms/shop").by_owner().json(persona).send().await;
    let (mut ann, _) = server.member("Ann", "shop").await;
    ann.say("shop", "It rains.").await;
    for _ in 0..2 {
        ann.send(json!({"room": "shop", "message": "@bot do you have umbrellas?"})).await;
        let job = job_of(&mut ann).await;
        assert_eq!(bots(&mut ann, &job).await["message"], "Yes.");
    }
    let turns = fake.asked()[1]["messages"].as_array().expect("turns").clone();
    let roles: Vec<_> = turns.iter().map(|turn| turn["role"].as_str().expect("a role")).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    let told = fake.told();
    assert!(told.starts_with("You sell umbrellas.") && told.contains("Ann: It rains."), "{told}");
    assert_eq!(told.matches("do you have umbrellas?").count(), 2, "asked before, and now: {told}");
}

#[tokio::test]
async fn what_the_server_says_of_a_failed_model_is_not_told_to_it_as_its_own_words() {
    let fake = FakeModel::start(|number| match number {
        1 => plain("400 Bad Request", "", "out of order"),
        _ => stream(&["Yes."]),
    });
    let fake = fake.await;
    let server = with_model(&fake).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for expected in ["The language model refused", "Yes."] {
        ann.send(json!({"room": "lobby", "message": "@bot do you have umbrellas?"})).await;
        let job = job_of(&mut ann).await;
        let told = bots(&mut ann, &job).await;
        assert!(told["message"].as_str().is_some_and(|text| text.starts_with(expected)), "{told}");
    }
    let asked = fake.asked()[1]["messages"].clone();
    let roles: Vec<_> = asked.as_array().expect("turns").iter().map(|turn| turn["role"].clone()).collect();
    assert_eq!(roles, ["system", "user"], "{asked}");
    assert!(!asked.to_string().contains("refused"), "{asked}");
}

#[tokio::test]
async fn plain_words_are_a_question_where_every_message_is_for_the_bot() {
    let fake = FakeModel::saying(&["Fine."]).await;
    let server = with_model(&fake).await;
    let cookie = format!("chatbot_visitor={}", "b2".repeat(20));
    let mut ann = Client::connect(server.address(), "/ws", &[("cookie", &cookie)]).await;
    ann.send(json!({"type": "hello", "handle": "Ann", "locale": "en"})).await;
    ann.send(json!({"type": "join", "room": "@bot"})).await;
    ann.expect("joined").await;
    for (words, answer, state) in [
        ("How are you?", "Fine.", "completed"),
        ("sum 1 2", "1 + 2 = 3", "completed"),
        ("smu 1 2", "I do not know \"smu\". Did you mean \"sum\"?", "failed"),
        ("/xyzzy", "I do not know \"xyzzy\". Say \"help\" to see what I can do.", "failed"),
    ] {
        ann.send(json!({"room": "@bot", "message": words})).await;
        let job = job_of(&mut ann).await;
        let told = bots(&mut ann, &job).await;
        assert_eq!((&told["message"], &told["job_state"]), (&json!(answer), &json!(state)), "{words}");
    }
}

#[tokio::test]
async fn a_question_that_a_stop_interrupted_is_answered_after_the_start() {
    let dir = tempfile::tempdir().expect("a folder");
    let fake = FakeModel::start(|number| match number {
        1 => vec![begun("One, "), Step::Hang],
        _ => stream(&["Again."]),
    });
    let fake = fake.await;
    let change = |config: &mut chatbot::config::Config| {
        fake.configure(config);
        config.server.stop_seconds = 1;
    };
    let server = TestServer::on_with(dir.path(), change).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.send(json!({"room": "lobby", "message": "/ask count for me"})).await;
    let job = job_of(&mut ann).await;
    ann.expect("delta").await;
    server.stop().await.expect("stopped");
    fake.left().await;
    let server = TestServer::on_with(dir.path(), change).await;
    let (mut ann, joined) = server.member("Ann", "lobby").await;
    let answered = joined["messages"].as_array().and_then(|all| all.iter().find(|told| told["role"] == "bot")).cloned();
    let told = match answered {
        Some(told) => told,
        None => bots(&mut ann, &job).await,
    };
    assert_eq!((&told["message"], &told["job"]), (&json!("Again."), &json!(job)));
}

#[tokio::test]
async fn without_documents_and_model_a_question_is_answered_with_what_can_be_done() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.send(json!({"room": "lobby", "message": "@bot how long does a refund take?"})).await;
    let job = job_of(&mut ann).await;
    let told = bots(&mut ann, &job).await;
    let words = "There are no documents yet that I could look into. Say \"help\" to see what else I can do.";
    assert_eq!((&told["message"], &told["answered_by"]), (&json!(words), &json!("nothing")));
    ann.send(json!({"room": "lobby", "message": "/ask"})).await;
    let job = job_of(&mut ann).await;
    assert_eq!(bots(&mut ann, &job).await["job_state"], "failed");
}

#[tokio::test]
async fn a_program_asks_without_a_word_in_any_room() {
    let fake = FakeModel::saying(&["Fine."]).await;
    let server = with_model(&fake).await;
    let asked = server.request("POST", "/api/ask").json(json!({"question": "How are you?", "limit": 2})).send().await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let path = format!("/api/jobs/{}", asked.json()["job"].as_str().expect("an id"));
    let waiting = async {
        loop {
            let job = server.request("GET", &path).send().await.json();
            if job["state"] == "completed" {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let job = tokio::time::timeout(crate::support::PATIENCE, waiting).await.expect("an answer");
    assert_eq!((&job["result"], &job["answered_by"]), (&json!("Fine."), &json!("model")));
    assert_eq!((&job["query"], &job["results"]), (&json!("How are you?"), &json!([])));
    // Nobody else is told of it, and whoever asks has but its id to come back with.
    let listed = server.request("GET", "/api/jobs").send().await.json();
    assert_eq!(listed["jobs"], json!([]), "an address is no name");
    let asked_by = |cookie: &str| server.request("POST", "/api/ask").header("cookie", cookie);
    let asked = asked_by(&cookie_of("Ann")).json(json!({"question": "How are you?"})).send().await.json();
    let path = format!("/api/jobs/{}", asked["job"].as_str().expect("an id"));
    assert_eq!(server.request("GET", &path).header("cookie", &cookie_of("Bob")).send().await.status, 404);
    assert_eq!(server.request("GET", &path).header("cookie", &cookie_of("Ann")).send().await.status, 200);
    for body in [json!({}), json!({"question": " "}), json!({"question": "x", "room": "a b"})] {
        assert_eq!(server.request("POST", "/api/ask").json(body.clone()).send().await.status, 400, "{body}");
    }
}

// --- from documents of the server's own ---

pub const TERMS: &str = "# Terms of the shop\n\n## Returns\n\nWhoever is not content with an umbrella may send it back within \
                     fourteen days. The money is returned within a week, by the way it came.\n\n## Warranty\n\nThe ribs of \
                     every umbrella are under warranty for three years, if they were not bent by force.\n";

const QUESTIONS: &str = "## When are you open?\n\nFrom nine to six, but never on a Sunday.\n";

/// Stores a document and waits until it can be found.
pub async fn document(server: &TestServer, body: Value) -> String {
    let stored = server.request("POST", "/api/documents").by_owner().json(body).send().await;
    assert_eq!(stored.status, 201, "{}", stored.text());
    let id = stored.json()["id"].as_str().expect("an id").to_owned();
    let waiting = async {
        loop {
            let document = server.request("GET", &format!("/api/documents/{id}")).by_owner().send().await.json();
            if ["searchable", "ready"].contains(&document["state"].as_str().unwrap_or_default()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, waiting).await.expect("can be found in time");
    id
}

async fn asked(client: &mut Client, room: &str, question: &str) -> Value {
    client.send(json!({"room": room, "message": format!("@bot {question}")})).await;
    let job = job_of(client).await;
    bots(client, &job).await
}

#[tokio::test]
async fn documents_answer_by_themselves_and_say_when_they_cannot() {
    let server = TestServer::start().await;
    let terms = document(&server, json!({"title": "Terms", "text": TERMS})).await;
    document(&server, json!({"title": "Questions", "text": QUESTIONS, "kind": "faq"})).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;

    let told = asked(&mut ann, "lobby", "how long are the ribs under warranty?").await;
    assert_eq!((&told["answered_by"], &told["job_state"]), (&json!("passages"), &json!("completed")), "{told}");
    let best = &told["results"][0];
    assert_eq!((&best["document"], &best["title"]), (&json!(terms), &json!("Terms")));
    let content: Vec<u16> = best["content"].as_str().expect("text").encode_utf16().collect();
    let marked: Vec<_> = best["marks"]
        .as_array()
        .expect("marks")
        .iter()
        .map(|mark| {
            let at = |end: usize| mark[end].as_u64().expect("a place") as usize;
            String::from_utf16(&content[at(0)..at(1)]).expect("text").to_lowercase()
        })
        .collect();
    assert!(marked.contains(&"warranty".to_owned()), "{marked:?}");
    assert!(told["message"].as_str().expect("text").contains("three years"), "readable without cards: {told}");

    let told = asked(&mut ann, "lobby", "when are you open?").await;
    assert_eq!((&told["answered_by"], told["results"].as_array().map(Vec::len)), (&json!("faq"), Some(1)), "{told}");
    assert!(told["message"].as_str().expect("text").contains("never on a Sunday"), "{told}");

    let told = asked(&mut ann, "lobby", "who composed the Moonlight Sonata?").await;
    assert_eq!((&told["answered_by"], &told["results"]), (&json!("nothing"), &json!([])), "{told}");
    assert!(told["message"].as_str().expect("text").starts_with("There is nothing in the documents about this."));
}

#[tokio::test]
async fn a_rooms_documents_answer_in_that_room_alone() {
    let server = TestServer::start().await;
    server.request("POST", "/api/rooms").json(json!({"name": "shop"})).send().await;
    document(&server, json!({"title": "Terms", "text": TERMS, "room": "shop"})).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.send(json!({"type": "join", "room": "shop"})).await;
    ann.expect("joined").await;
    let question = "how long are the ribs under warranty?";
    assert_eq!(asked(&mut ann, "shop", question).await["answered_by"], "passages");
    let told = asked(&mut ann, "lobby", question).await;
    assert_eq!(told["answered_by"], "nothing", "{told}");
    assert!(!told["message"].as_str().expect("text").contains("Terms"), "not even its title: {told}");
}

#[tokio::test]
async fn a_model_writes_from_the_passages_and_cites_them() {
    let fake = FakeModel::saying(&["Three years [1], [", "8]not six [", "8]."]).await;
    let server = with_model(&fake).await;
    document(&server, json!({"title": "Terms", "text": TERMS})).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let told = asked(&mut ann, "lobby", "how long are the ribs under warranty?").await;
    assert_eq!(
        (&told["message"], &told["answered_by"]),
        (&json!("Three years [1],not six."), &json!("model")),
        "{told}"
    );
    assert_eq!((&told["results"][0]["mark"], &told["results"][0]["title"]), (&json!(1), &json!("Terms")));
    assert!(fake.told().contains("three years, if they were not bent by force"), "{}", fake.told());
}
