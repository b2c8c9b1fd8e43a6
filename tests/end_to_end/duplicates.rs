//! The same content twice: recognised where it is used, and stored once more only for whoever insists.

use std::net::SocketAddr;
use std::time::Instant;

use serde_json::{Value, json};

use crate::command::chatbot_on;
use crate::documents::{add, id, searchable, upload};
use crate::files::pdf;
use crate::support::{Answer, PATIENCE, Request, ServerProcess, TestServer};

const HOURS: &str = "# Opening hours\n\nThe shop opens at nine and closes at six.";

async fn store(server: SocketAddr, document: Value) -> Answer {
    let url = format!("http://{server}/api/documents");
    Request::new("POST", &url).by_owner().json(document).send().await
}

#[tokio::test]
async fn a_content_is_stored_twice_only_elsewhere_or_by_whoever_insists() {
    let server = TestServer::start().await;
    let address = server.address();
    let first = add(address, json!({"title": "Shop", "text": HOURS})).await;
    let refused = store(address, json!({"title": "The same", "text": HOURS})).await;
    assert_eq!(refused.refusal(), (409, "duplicate".into()));
    let error = &refused.json()["error"];
    assert_eq!(error["document"], first["id"]);
    assert!(error["message"].as_str().is_some_and(|words| words.contains("“Shop”")), "{error}");

    let lobby = add(address, json!({"text": HOURS, "room": "lobby"})).await;
    let second = add(address, json!({"text": HOURS, "again": true})).await;
    for there in [&first, &lobby, &second] {
        searchable(address, &id(there)).await;
    }
    // What is corrected or used elsewhere is recognised, too.
    let path = |document: &Value| format!("/api/documents/{}", id(document));
    let moved = server.request("PUT", &path(&lobby)).by_owner().json(json!({"room": ""})).send().await;
    assert_eq!(moved.refusal(), (409, "duplicate".into()));
    let other = add(address, json!({"text": "# Prices\n\nA pot costs ten."})).await;
    let same = server.request("PUT", &path(&other)).by_owner().json(json!({"text": HOURS})).send().await;
    assert_eq!(same.refusal(), (409, "duplicate".into()));
    // A change of something else of a copy is none of its content.
    let renamed = server.request("PUT", &path(&second)).by_owner().json(json!({"title": "Copy"})).send().await;
    assert_eq!(renamed.status, 200, "{}", renamed.text());
    // What is corrected is not that content any more.
    let corrected = json!({"text": "# Opening hours\n\nThe shop opens at ten."});
    assert_eq!(server.request("PUT", &path(&first)).by_owner().json(corrected).send().await.status, 200);
    assert_eq!(server.request("DELETE", &path(&second)).by_owner().send().await.status, 204);
    add(address, json!({"text": HOURS})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_store_the_same_at_once_one_does() {
    let server = TestServer::start().await;
    let stores = (0..12).map(|_| store(server.address(), json!({"text": HOURS})));
    let statuses: Vec<u16> = futures_util::future::join_all(stores).await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 201 | 409)), "{statuses:?}");
}

#[tokio::test]
async fn a_file_is_recognised_by_itself_and_by_its_text_and_a_copy_takes_the_place_of_what_was_first() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[]);
    let page = pdf(&[vec![(11, "Kettles are tested for one hour.".to_owned())]]);
    let first = upload(server.address(), "POST", "/api/documents", ("kettles.pdf", &page), &[]).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let text = Request::new("GET", &format!("http://{}/api/documents/{}", server.address(), id(&first.json())));
    let text = text.by_owner().send().await.json()["text"].as_str().expect("a text").to_owned();
    let refused = upload(server.address(), "POST", "/api/documents", ("other name.pdf", &page), &[]).await;
    assert_eq!(refused.refusal(), (409, "duplicate".into()));
    assert_eq!(store(server.address(), json!({"text": text})).await.refusal(), (409, "duplicate".into()));

    let path = dir.path().join("kettles.pdf");
    std::fs::write(&path, &page).expect("written");
    let path = path.to_str().expect("text");
    let said = chatbot_on(dir.path(), &["documents", "add", path]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.err.contains("The same content is there already: “kettles”"), "{}", said.err);
    let copy = chatbot_on(dir.path(), &["documents", "add", "--again", path]).out();
    let copy = copy.split("  ").next().expect("an id");

    chatbot_on(dir.path(), &["documents", "remove", &id(&first.json())]).out();
    drop(server);
    let server = ServerProcess::start(dir.path(), &[]);
    // Its upkeep begins with the start: from then on the copy is what is recognised.
    let deadline = Instant::now() + PATIENCE;
    let refused = loop {
        let answer = upload(server.address(), "POST", "/api/documents", ("kettles.pdf", &page), &[]).await;
        if answer.status == 409 {
            break answer.json();
        }
        let url = format!("http://{}/api/documents/{}", server.address(), id(&answer.json()));
        assert_eq!(Request::new("DELETE", &url).by_owner().send().await.status, 204);
        assert!(Instant::now() < deadline, "the copy is never recognised");
    };
    assert_eq!(refused["error"]["document"], copy);
}
