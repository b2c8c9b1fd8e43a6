//! Collections of documents: made, filled, chosen for a room; and the same content twice.

use serde_json::json;

use crate::documents::{HERONS, is_searchable, store};
use crate::owner::sign_in;
use crate::support::{Request, ServerProcess, TestServer};
use crate::window::{Window, hook};

#[tokio::test]
async fn a_collection_is_made_filled_and_chosen_for_a_room() {
    let server = TestServer::start().await;
    let address = server.address();
    store(address, json!({"title": "Herons", "text": HERONS})).await;
    store(address, json!({"title": "Hours", "text": "The garden opens at nine."})).await;
    let ann = Window::of("Ann", address, "lobby").await;
    sign_in(&ann).await;
    ann.go(address, "/documents").await;
    is_searchable(&ann, "Herons").await;
    ann.click(&hook("collections-open")).await;
    ann.click(&hook("collection-name")).await;
    ann.press("Birds & <b>beasts</b>").await;
    ann.click(&hook("collection-add")).await;
    ann.see(&hook("collection"), "Birds & <b>beasts</b>").await;
    ann.see(&hook("collection"), "0 documents · in no room").await;
    ann.picture("collections").await;
    ann.click(&hook("collection-rename")).await;
    ann.click(&hook("collection-new-name")).await;
    ann.clear().await;
    ann.press("Birds").await;
    ann.click(&hook("collection-save")).await;
    ann.until("document.querySelector('[data-testid=collection] .name')?.innerText.startsWith('Birds')").await;
    ann.click("dialog .buttons .secondary").await;

    // A document of it leaves the list of all rooms' documents.
    ann.click(&format!("tr:last-child {}", hook("document-open"))).await;
    ann.click(&hook("document-change")).await;
    ann.find(&hook("document-form")).await;
    ann.choose(&hook("document-room"), "#Birds").await;
    ann.click(&hook("document-save")).await;
    ann.see(".reader-facts", "In the rooms with “Birds”").await;
    ann.click(&hook("reader-back")).await;
    ann.choose(&hook("documents-by-collection"), "Birds").await;
    ann.until("document.querySelectorAll('[data-testid=document-row]').length === 1").await;
    ann.see(&hook("document-row"), "Herons").await;
    ann.picture("documents-of-a-collection").await;

    ann.go(address, "/room/lobby").await;
    ann.click(&hook("room-settings")).await;
    ann.click(&hook("room-settings-documents")).await;
    ann.see(&hook("room-collections"), "1 document").await;
    ann.picture("room-collections").await;
    ann.click(&hook("room-collection-Birds")).await;
    ann.click(&hook("room-collections-save")).await;
    ann.gone("dialog").await;
    let list = Request::new("GET", &server.url("/api/collections")).by_owner().send().await.json();
    assert_eq!(list["collections"][0]["rooms"], json!(["lobby"]), "{list}");

    // While it has documents it stays.
    ann.go(address, "/documents").await;
    ann.click(&hook("collections-open")).await;
    ann.see(&hook("collection"), "in lobby").await;
    ann.click(&hook("collection-delete")).await;
    ann.see(&hook("collections-problem"), "still has documents").await;
    ann.close_after("/api/collections/Birds").await;
}

#[tokio::test]
async fn the_same_content_is_shown_and_stored_again_only_on_demand() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = ServerProcess::start(&folder.path().join("data"), &[]);
    let file = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, HERONS).expect("a file");
        path
    };
    let (first, other) = (file("birds.md"), file("other.md"));
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.go(server.address(), "/documents/new").await;
    ann.choose_file(&first).await;
    ann.click(&hook("document-save")).await;
    is_searchable(&ann, "Birds of the pond").await;

    ann.go(server.address(), "/documents/new").await;
    ann.choose_file(&other).await;
    ann.click(&hook("document-save")).await;
    ann.see(&hook("document-problem"), "The same content is there already").await;
    ann.see(&hook("known-document"), "Show the one that is there").await;
    ann.see(&hook("document-save"), "Store anyway").await;
    ann.picture("duplicate").await;
    ann.click(&hook("document-save")).await;
    ann.until("document.querySelectorAll('[data-testid=document-row]').length === 2").await;

    // Of several at once, those that are there are named.
    ann.go(server.address(), "/documents/new").await;
    ann.choose_files(&[first, other]).await;
    ann.until("document.querySelectorAll('[data-testid=uploads] [data-state=failed]').length === 2").await;
    ann.click(&hook("upload-again")).await;
    ann.until("document.querySelectorAll('[data-testid=document-row]').length === 3").await;
    ann.click(&hook("known-document")).await;
    ann.see(&hook("reader-text"), "grey heron").await;
    ann.close_after("/api/documents").await;
}
