//! Questions without an answer, or with one that is rated as bad: noted without names, answered by an entry of frequent questions;
//! and passages that are switched off.

use std::net::SocketAddr;
use std::time::Instant;

use serde_json::{Value, json};

use crate::documents::{add, id, searchable};
use crate::support::{Answer, Browser, Client, PATIENCE, Request, TestServer};

const TEXT: &str = "# Warranty\n\nThe frame of the umbrella has a warranty of ten years, the ribs one of three years, \
    and the cloth one of two years from the day on which it was bought.\n\n\
    # Colours\n\nThe tent comes in red and in green, other colours of the tent are made to order, which takes \
    about six weeks and costs a tenth more than those that are there.";

async fn by_owner(server: SocketAddr, method: &str, path: &str, body: Value) -> Answer {
    Request::new(method, &format!("http://{server}{path}")).by_owner().json(body).send().await
}

async fn questions(server: SocketAddr) -> Vec<Value> {
    let listed = by_owner(server, "GET", "/api/documents/questions", Value::Null).await;
    assert_eq!(listed.status, 200, "{}", listed.text());
    listed.json()["questions"].as_array().expect("questions").clone()
}

async fn answered(client: &mut Client, room: &str, question: &str) -> Value {
    let seq = client.say(room, question).await;
    client.expect_where("message", |frame| frame["reply_to"] == seq).await
}

async fn with_terms() -> TestServer {
    let server = TestServer::start().await;
    let terms = id(&add(server.address(), json!({"title": "Terms", "text": TEXT})).await);
    searchable(server.address(), &terms).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_an_answer_gets_one_in_two_steps() {
    let server = with_terms().await;
    let address = server.address();
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for question in ["@bot Where can I park the Zamboni?", "@bot where can i park the zamboni"] {
        assert_eq!(answered(&mut ann, "lobby", question).await["answered_by"], "nothing");
    }
    assert_eq!(
        answered(&mut ann, "lobby", "@bot how long is the warranty of the ribs?").await["answered_by"],
        "passages"
    );
    let noted = questions(address).await;
    assert_eq!(noted.len(), 1, "{noted:?}");
    assert_eq!((&noted[0]["question"], &noted[0]["unanswered"]), (&json!("where can i park the zamboni"), &json!(2)));
    assert!(!noted[0].to_string().contains("Ann") && !noted[0].to_string().contains("lobby"), "{noted:?}");

    let path = format!("/api/documents/questions/{}/answer", noted[0]["id"].as_str().expect("an id"));
    let entry = |document: Option<&str>| json!({"question": "Where can I park the Zamboni?", "answer": "Behind the rink.", "document": document});
    let list = by_owner(address, "POST", &path, entry(None)).await;
    assert_eq!(list.status, 201, "{}", list.text());
    let list = list.json();
    assert_eq!((&list["kind"], &list["title"]), (&json!("faq"), &json!("Frequently asked questions")));
    assert!(questions(address).await.is_empty());
    assert_eq!(by_owner(address, "POST", &path, entry(None)).await.refusal(), (404, "not_found".into()));
    searchable(address, &id(&list)).await;
    let answer = answered(&mut ann, "lobby", "@bot Where can I park the Zamboni?").await;
    assert_eq!((&answer["answered_by"], &answer["message"]), (&json!("faq"), &json!("Behind the rink.")));

    // The next one goes to the same list, and leaves what is there.
    answered(&mut ann, "lobby", "@bot Who sharpens the skates?").await;
    let noted = questions(address).await;
    let path = format!("/api/documents/questions/{}/answer", noted[0]["id"].as_str().expect("an id"));
    let terms = by_owner(address, "GET", "/api/documents?q=Terms", Value::Null).await.json();
    let no_list = json!({"question": "Who?", "answer": "Bo.", "document": terms["documents"][0]["id"]});
    assert_eq!(by_owner(address, "POST", &path, no_list).await.refusal(), (409, "wrong_state".into()));
    let second = json!({"question": "Who sharpens the skates?", "answer": "Bo.", "document": id(&list)});
    assert_eq!(by_owner(address, "POST", &path, second).await.status, 201);
    let text =
        by_owner(address, "GET", &format!("/api/documents/{}", id(&list)), Value::Null).await.json()["text"].clone();
    let expected = "## Where can I park the Zamboni?\n\nBehind the rink.\n\n## Who sharpens the skates?\n\nBo.";
    assert_eq!(text, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_people_rate_as_bad_is_listed_until_they_take_that_back() {
    let server = with_terms().await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    let mut bo = Browser::with_account(&server, "Bo", "member").await;
    let (mut client, _) = ann.connect(&server).await;
    client.send(json!({"type": "join", "room": "lobby"})).await;
    client.expect("joined").await;
    let answer = answered(&mut client, "lobby", "@bot which colours does the tent come in?").await;
    let path = |emoji: &str| format!("/api/rooms/lobby/messages/{}/reactions/{emoji}", answer["seq"]);
    let (up, down) = (path("%F0%9F%91%8D"), path("%F0%9F%91%8E"));
    for browser in [&mut ann, &mut bo] {
        assert_eq!(browser.ask(&server, "PUT", &down, Value::Null).await.status, 204);
    }
    let listed = questions(server.address()).await;
    assert_eq!((&listed[0]["rated_bad"], &listed[0]["unanswered"]), (&json!(2), &json!(0)), "{listed:?}");
    assert_eq!(listed[0]["question"], "which colours does the tent come in?");
    assert!(listed[0]["answer"].as_str().is_some_and(|text| text.contains("red and in green")), "{listed:?}");
    // 👎 on what is no answer rates nothing.
    let plain = client.say("lobby", "hello").await;
    let on_plain = format!("/api/rooms/lobby/messages/{plain}/reactions/%F0%9F%91%8E");
    assert_eq!(bo.ask(&server, "PUT", &on_plain, Value::Null).await.status, 204);
    assert_eq!(questions(server.address()).await.len(), 1);

    assert_eq!(ann.ask(&server, "PUT", &up, Value::Null).await.status, 204);
    assert_eq!(questions(server.address()).await[0]["rated_bad"], 1);
    assert_eq!(bo.ask(&server, "DELETE", &down, Value::Null).await.status, 204);
    assert!(questions(server.address()).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dismissed_or_asked_among_members_is_not_listed() {
    let server = with_terms().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    answered(&mut ann, "lobby", "@bot who won the Zamboni race?").await;
    let path =
        format!("/api/documents/questions/{}", questions(server.address()).await[0]["id"].as_str().expect("an id"));
    assert_eq!(by_owner(server.address(), "DELETE", &path, Value::Null).await.status, 204);
    assert!(questions(server.address()).await.is_empty());
    answered(&mut ann, "lobby", "@bot Who won the Zamboni race?").await;
    assert!(questions(server.address()).await.is_empty(), "it stays dismissed");

    let mut cy = Browser::with_account(&server, "Cy", "member").await;
    let made = cy.ask(&server, "POST", "/api/rooms", json!({"name": "secret", "kind": "closed"})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (mut client, _) = cy.connect(&server).await;
    client.send(json!({"type": "join", "room": "secret"})).await;
    client.expect("joined").await;
    answered(&mut client, "secret", "@bot who pays for the Zamboni?").await;
    assert!(questions(server.address()).await.is_empty());

    let silent = TestServer::with(|config| config.documents.note_unanswered = false).await;
    let terms = id(&add(silent.address(), json!({"title": "Terms", "text": TEXT})).await);
    searchable(silent.address(), &terms).await;
    let (mut ann, _) = silent.member("Ann", "lobby").await;
    answered(&mut ann, "lobby", "@bot who won the Zamboni race?").await;
    assert!(questions(silent.address()).await.is_empty());
}

/// The passages of a document, each with whether it is switched off.
async fn passages(server: SocketAddr, document: &str) -> Vec<(String, bool)> {
    let shown = by_owner(server, "GET", &format!("/api/documents/{document}"), Value::Null).await.json();
    let of = |range: &Value| (range["passage"].as_str().expect("an id").to_owned(), range["unused"] == true);
    shown["ranges"].as_array().expect("passages").iter().map(of).collect()
}

async fn found(server: SocketAddr, question: &str) -> Value {
    let path = format!("/api/documents/trial?q={}", question.replace(' ', "+"));
    by_owner(server, "GET", &path, Value::Null).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passage_that_is_switched_off_is_not_found_nor_shown_beside_others_until_it_is_on_again() {
    let server = TestServer::start().await;
    let address = server.address();
    let terms = id(&add(address, json!({"title": "Terms", "text": TEXT})).await);
    searchable(address, &terms).await;
    let question = "which colours does the tent come in?";
    let best = found(address, question).await["results"][0].clone();
    let passage = best["passage"].as_str().expect("an id").to_owned();
    let path = format!("/api/documents/{terms}/passages/{passage}");
    let switch = async |used: bool| by_owner(address, "PUT", &path, json!({"used": used})).await.status;
    for _ in 0..2 {
        assert_eq!(switch(false).await, 204);
    }
    let told = found(address, question).await;
    assert!(!told.to_string().contains("made to order"), "{told}");
    assert_eq!(told["confident"], false, "{told}");
    let other = found(address, "how long is the warranty of the ribs?").await;
    assert!(other["results"][0]["content"].as_str().is_some_and(|text| text.contains("three years")), "{other}");
    assert!(!other.to_string().contains("made to order"), "{other}");

    // It stays off when the document changes around it, and comes back when its own text changes.
    let longer = TEXT.replace(
        "# Warranty",
        "# Prices\n\nThe umbrella costs sixty, the tent three hundred and twenty in all.\n\n# Warranty",
    );
    let corrected = by_owner(address, "PUT", &format!("/api/documents/{terms}"), json!({"text": longer})).await;
    assert_eq!(corrected.status, 200, "{}", corrected.text());
    let begun = Instant::now();
    while !found(address, "what does the umbrella cost?").await.to_string().contains("costs sixty") {
        assert!(begun.elapsed() < PATIENCE, "the correction is indexed");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(!found(address, question).await.to_string().contains("made to order"));
    let off: Vec<_> = passages(address, &terms).await.into_iter().filter(|(_, off)| *off).collect();
    assert_eq!(off, [(passage.clone(), true)]);

    assert_eq!(switch(true).await, 204);
    assert_eq!(found(address, question).await["results"][0]["passage"], passage);
    let missing = format!("/api/documents/{terms}/passages/0123456789abcdef");
    assert_eq!(by_owner(address, "PUT", &missing, json!({"used": false})).await.refusal(), (404, "not_found".into()));
    // Off again, and known after a restart.
    assert_eq!(switch(false).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passage_that_is_repeated_often_and_switched_off_crowds_nothing_out() {
    let server = TestServer::start().await;
    let address = server.address();
    let footer = "Umbrella cloth and umbrella ribs are made by Regen & Sons. Every umbrella, umbrella stand and umbrella bag of ours \
        is repaired for the umbrella's whole life, whoever bought the umbrella and wherever.";
    let pages: Vec<String> = (0..80).map(|page| format!("# Page {page}\n\n{footer}")).collect();
    let answer = "# Cloth\n\nThe cloth can be washed by hand in cold water, never in a machine, and dries in the shade of a tree; \
        after that the umbrella is waxed again.";
    let text = format!("{}\n\n{answer}", pages.join("\n\n"));
    let document = id(&add(address, json!({"title": "Catalogue", "text": text})).await);
    searchable(address, &document).await;
    let question = "is an umbrella stand or an umbrella bag repaired?";
    let best = found(address, question).await["results"][0].clone();
    assert!(best["content"].as_str().is_some_and(|text| text.contains("Regen")), "{best}");
    let path = format!("/api/documents/{document}/passages/{}", best["passage"].as_str().expect("an id"));
    assert_eq!(by_owner(address, "PUT", &path, json!({"used": false})).await.status, 204);
    let off = passages(address, &document).await.into_iter().filter(|(_, off)| *off).count();
    assert!(off > 50, "{off}");
    let told = found(address, question).await;
    assert!(told["results"][0]["content"].as_str().is_some_and(|text| text.contains("washed by hand")), "{told}");
}
