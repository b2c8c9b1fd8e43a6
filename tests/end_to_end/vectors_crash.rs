//! `kill -9` while vectors are made: none is lost, none is left over, and it goes on by itself.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::document_changes_crash::{found, get, request, settled, text, until};
use crate::documents::{add, id, wait_for};
use crate::support::ServerProcess;
use crate::support::fake_model::{FakeModel, Step, plain};

const DOCUMENTS: usize = 6;

/// Passages of a document: embedded in batches of eight, so that a document takes three requests.
const SECTIONS: usize = 20;

/// A server of vectors that waits before each batch of passages until it is let go. A question is a text on its own.
async fn slow_vectors() -> FakeModel {
    FakeModel::answering(|_, request| {
        let texts = request["input"].as_array().map_or(0, Vec::len);
        let rows: Vec<_> = (0..texts).map(|index| json!({"index": index, "embedding": [1.0, index as f32]})).collect();
        let answer = plain("200 OK", "Content-Type: application/json\r\n", &json!({"data": rows}).to_string());
        if texts > 1 { [vec![Step::Wait], answer].concat() } else { answer }
    })
    .await
}

/// The files of vectors by their names: document's number and version. None is half written.
fn vectors(data: &Path) -> BTreeSet<String> {
    files(data).into_iter().filter(|name| !name.contains('.')).collect()
}

/// All files: those of vectors, and of their tokens.
fn files(data: &Path) -> BTreeSet<String> {
    let models: Vec<_> = std::fs::read_dir(data.join("index/vectors")).expect("a folder").collect();
    let [Ok(model)] = &models[..] else { panic!("one model: {models:?}") };
    let files = std::fs::read_dir(model.path()).expect("a folder").map(|file| file.expect("a file"));
    files.map(|file| file.file_name().into_string().expect("text")).collect()
}

/// How many vectors a file has, as its head says.
fn count(data: &Path, name: &str) -> u32 {
    let model = std::fs::read_dir(data.join("index/vectors")).expect("a folder").next().expect("a model");
    let bytes = std::fs::read(model.expect("a model").path().join(name)).expect("a file");
    u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes"))
}

async fn embedded(server: &ServerProcess) -> usize {
    get(server, "/api/documents").await["index"]["embedded"].as_u64().expect("a number") as usize
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kills_vectors_are_made_to_the_end_and_none_is_left_over() {
    let fake = slow_vectors().await;
    let dir = tempfile::tempdir().expect("a folder");
    let url = fake.url();
    let environment = [
        ("CHATBOT_EMBEDDING__SOURCE", "remote"),
        ("CHATBOT_EMBEDDING__BASE_URL", url.as_str()),
        ("CHATBOT_EMBEDDING__MODEL", "fake"),
        ("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0"),
    ];
    let mut server = ServerProcess::start(dir.path(), &environment);
    let mut ids = Vec::new();
    for document in 0..DOCUMENTS {
        let added = add(server.address(), json!({"title": document.to_string(), "text": text(document, SECTIONS, 0)}));
        ids.push(id(&added.await));
    }
    let all = format!("http://{}/api/documents", server.address());
    wait_for(&all, |list| {
        let documents = list["documents"].as_array().expect("a list");
        documents.iter().all(|one| one["state"] == "searchable")
    })
    .await;
    until("a batch is asked for", || batches(&fake) > 0).await;
    // Batches that are answered before the kill, with the next one on its way: within a document, and behind one.
    for answered in [1, 4, 3] {
        for _ in 0..answered {
            let so_far = batches(&fake);
            fake.go();
            until("the next batch is asked for", || batches(&fake) > so_far).await;
        }
        let done = embedded(&server).await;
        server.kill();
        // For the one that nobody waits for any more; it stands before those of the next server.
        fake.go();
        let asked = batches(&fake);
        server = ServerProcess::start(dir.path(), &environment);
        assert!(embedded(&server).await >= done, "no vectors are lost");
        assert!(vectors(dir.path()).iter().all(|name| count(dir.path(), name) == SECTIONS as u32));
        until("it goes on by itself", || batches(&fake) > asked).await;
        for document in 0..DOCUMENTS {
            assert_eq!(
                found(&server, document, 0).await.get(&0),
                Some(&3),
                "document {document} is found by its words"
            );
        }
    }
    // One that has vectors is corrected, another removed, and one whose vectors are just being made is removed as well.
    let correction = json!({"text": text(0, SECTIONS, 1)});
    let path = |document: usize| format!("/api/documents/{}", ids[document]);
    assert_eq!(request(&server, "PUT", &path(0)).json(correction).send().await.status, 200);
    for document in [1, 3] {
        assert_eq!(request(&server, "DELETE", &path(document)).send().await.status, 204);
    }
    server.kill();
    fake.go_on();
    server = ServerProcess::start(dir.path(), &environment);
    settled(&server, DOCUMENTS - 2).await;
    let all = format!("http://{}/api/documents", server.address());
    let list = wait_for(&all, |list| list["index"]["meaning"] == "ready").await;
    assert_eq!(list["index"]["embedded"], json!(DOCUMENTS - 2));
    until("each document has its vectors and there are no others", || {
        let names = vectors(dir.path());
        names.len() == DOCUMENTS - 2 && names.iter().all(|name| count(dir.path(), name) == SECTIONS as u32)
    })
    .await;
    until("nothing is left over", || files(dir.path()).len() == 2 * (DOCUMENTS - 2)).await;
    assert_eq!(vectors(dir.path()).iter().filter(|name| name.ends_with("-2")).count(), 1, "those of the correction");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_document_tells_how_far_it_is_and_lets_short_ones_pass() {
    let fake = slow_vectors().await;
    let dir = tempfile::tempdir().expect("a folder");
    let url = fake.url();
    let environment = [
        ("CHATBOT_EMBEDDING__SOURCE", "remote"),
        ("CHATBOT_EMBEDDING__BASE_URL", url.as_str()),
        ("CHATBOT_EMBEDDING__MODEL", "fake"),
    ];
    let server = ServerProcess::start(dir.path(), &environment);
    add(server.address(), json!({"title": "long", "text": text(0, 80, 0)})).await;
    until("its first batch is asked for", || batches(&fake) == 1).await;
    let short = id(&add(server.address(), json!({"title": "short", "text": text(1, 8, 0)})).await);
    let url = format!("http://{}/api/documents/{short}", server.address());
    wait_for(&url, |document| document["state"] == "searchable").await;
    fake.go();
    until("the second is asked for", || batches(&fake) == 2).await;
    fake.go();
    wait_for(&url, |document| document["state"] == "ready").await;
    until("the long one goes on", || batches(&fake) == 3).await;
    let jobs = format!("http://{}/api/jobs?name=embed%20documents", server.address());
    wait_for(&jobs, |list| list["jobs"][0]["progress"] == json!(16 * 100 / 88)).await;
    fake.go_on();
    settled(&server, 2).await;
}

/// Batches of passages that were asked for.
fn batches(fake: &FakeModel) -> usize {
    let is_of_passages = |request: &&Value| request["input"].as_array().is_some_and(|input| input.len() > 1);
    fake.asked().iter().filter(is_of_passages).count()
}
