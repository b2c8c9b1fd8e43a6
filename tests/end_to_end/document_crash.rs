//! `kill -9` while documents go into the index: each is found wholly or waits wholly, and all get there without help.

use serde_json::{Value, json};

use crate::documents::wait_for;
use crate::support::{Request, ServerProcess};

const DOCUMENTS: usize = 100;
const KILLS: usize = 5;

/// Sections of a document, each a passage with a word of its own.
const SECTIONS: usize = 40;

/// A word that stands in one section of one document alone.
fn word(document: usize, section: usize) -> String {
    let letter = |number: usize| char::from(b'a' + u8::try_from(number).expect("a letter"));
    let letters = [document / 26, document % 26, section / 26, section % 26].map(letter);
    format!("qx{}zz", letters.iter().collect::<String>())
}

fn text(document: usize) -> String {
    let filler = "The quick brown fox jumps over the lazy dog while it rains. ".repeat(6);
    let section = |section| format!("## Section {section}\n\n{} {filler}\n\n", word(document, section));
    (0..SECTIONS).map(section).collect()
}

async fn get(server: &ServerProcess, path: &str) -> Value {
    Request::new("GET", &format!("http://{}{path}", server.address())).by_owner().send().await.json()
}

/// Which documents there are, by their titles, and whether each is found by its words.
async fn states(server: &ServerProcess) -> Vec<(usize, bool)> {
    let list = get(server, "/api/documents?limit=200").await;
    let state = |one: &Value| {
        let number = one["title"].as_str().expect("a title").parse().expect("a number");
        (number, matches!(one["state"].as_str(), Some("searchable" | "ready")))
    };
    list["documents"].as_array().expect("a list").iter().map(state).collect()
}

async fn is_found(server: &ServerProcess, word: &str) -> bool {
    let found = get(server, &format!("/api/search?kind=documents&q={word}")).await;
    let sources = found["documents"].as_array().expect("a list");
    sources.iter().any(|source| source["content"].as_str().is_some_and(|content| content.contains(word)))
}

/// By how many of three sections a document is found: its first, a middle and its last one.
async fn found_sections(server: &ServerProcess, document: usize) -> usize {
    let mut found = 0;
    for section in [0, SECTIONS / 2, SECTIONS - 1] {
        found += usize::from(is_found(server, &word(document, section)).await);
    }
    found
}

/// Whether a document is found by all of its sections, or by none.
async fn is_whole(server: &ServerProcess, document: usize) -> bool {
    let mut found = found_sections(server, document).await;
    if found > 0 {
        // It may have got there between one search and the next; then all find it from now on.
        found = found_sections(server, document).await;
    }
    assert!(found == 0 || found == 3, "document {document} is found by {found} of 3 sections");
    found == 3
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kills_every_document_is_wholly_found_or_wholly_waits_and_finishes_by_itself() {
    let dir = tempfile::tempdir().expect("a folder");
    let environment = [("CHATBOT_EMBEDDING__SOURCE", "off"), ("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0")];
    let mut server = ServerProcess::start(dir.path(), &environment);
    let mut stored = 0;
    for kill in 0..KILLS {
        // A part of them at a time, so that each kill meets some on their way.
        while stored < DOCUMENTS * (kill + 1) / KILLS {
            let document = json!({"title": stored.to_string(), "text": text(stored)});
            let url = format!("http://{}/api/documents", server.address());
            let answer = Request::new("POST", &url).by_owner().json(document).send().await;
            assert_eq!(answer.status, 201, "{}", answer.text());
            stored += 1;
        }
        server.kill();
        server = ServerProcess::start(dir.path(), &environment);
        let states = states(&server).await;
        assert_eq!(states.len(), stored, "what was acknowledged is there");
        for (document, was_found) in states {
            // Between the look at the list and this one it may have got there; it never goes back.
            let is_found = is_whole(&server, document).await;
            assert!(is_found || !was_found, "document {document} was said to be found");
        }
    }
    let url = format!("http://{}/api/documents?limit=200", server.address());
    let all_found = |list: &Value| {
        let documents = list["documents"].as_array().expect("a list");
        documents.len() == DOCUMENTS && documents.iter().all(|one| one["state"] == "ready")
    };
    wait_for(&url, all_found).await;
    for document in 0..DOCUMENTS {
        assert!(is_whole(&server, document).await, "document {document}");
    }
}
