//! Collections: documents that are found, listed and read in the rooms that have chosen them, and nowhere else.

use chatbot::store::audit;
use serde_json::{Value, json};

use crate::command::chatbot_on;
use crate::documents::{add, id, searchable, upload};
use crate::support::{Browser, Request, ServerProcess, TestServer};

const PRICES: &str = "# Prices\n\nThe copper kettle costs ninety florins.";
const CONTRACT: &str = "# Contract\n\nThe copper supplier is paid within fourteen days.";

async fn by_owner(server: &TestServer, method: &str, path: &str, body: Value) -> Value {
    let answer = server.request(method, path).by_owner().json(body).send().await;
    assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.text());
    if answer.status == 204 { Value::Null } else { answer.json() }
}

/// The titles of the sources of an answer to a question in a room, or in none.
async fn sources(server: &TestServer, question: &str, room: Option<&str>) -> Vec<String> {
    let asked = server.request("POST", "/api/ask").json(json!({"question": question, "room": room})).send().await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let url = server.url(&format!("/api/jobs/{}", asked.json()["job"].as_str().expect("an id")));
    let job = crate::documents::wait_for(&url, |job| job["state"] == "completed").await;
    titles(&job["results"])
}

fn titles(sources: &Value) -> Vec<String> {
    let sources = sources.as_array().cloned().unwrap_or_default();
    let mut titles: Vec<_> =
        sources.iter().map(|source| source["title"].as_str().expect("a title").to_owned()).collect();
    titles.sort();
    titles.dedup();
    titles
}

/// A server with a collection of each document, and rooms.
async fn with_collections() -> (TestServer, String) {
    let server = TestServer::start().await;
    for name in ["Products", "Contracts"] {
        by_owner(&server, "POST", "/api/collections", json!({"name": name})).await;
    }
    for room in ["shop", "office", "lobby"] {
        by_owner(&server, "POST", "/api/rooms", json!({"name": room})).await;
    }
    let products = json!({"title": "Prices", "text": PRICES, "collection": "products"});
    let contracts = json!({"title": "Supplier", "text": CONTRACT, "collection": "Contracts"});
    let mut last = String::new();
    for document in [products, contracts] {
        let added = add(server.address(), document).await;
        assert_eq!(added["room"], Value::Null);
        last = id(&added);
        searchable(server.address(), &last).await;
    }
    let choose = |room: &str| format!("/api/rooms/{room}/collections");
    by_owner(&server, "PUT", &choose("shop"), json!({"collections": ["Products"]})).await;
    by_owner(&server, "PUT", &choose("office"), json!({"collections": ["Contracts", "products"]})).await;
    (server, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collections_documents_answer_in_the_rooms_that_have_it_and_nowhere_else() {
    let (server, contract) = with_collections().await;
    let question = "Copper?";
    assert_eq!(sources(&server, question, Some("shop")).await, ["Prices"]);
    assert_eq!(sources(&server, question, Some("office")).await, ["Prices", "Supplier"]);
    assert!(sources(&server, question, Some("lobby")).await.is_empty());
    assert!(sources(&server, question, None).await.is_empty());
    // A room's choice and a document's place are what counts at once, without indexing anything anew.
    by_owner(&server, "PUT", "/api/rooms/office/collections", json!({"collections": ["Products"]})).await;
    assert_eq!(sources(&server, question, Some("office")).await, ["Prices"]);
    by_owner(&server, "PATCH", "/api/collections/Products", json!({"name": "Goods"})).await;
    assert_eq!(sources(&server, question, Some("office")).await, ["Prices"]);
    by_owner(&server, "PUT", &format!("/api/documents/{contract}"), json!({"collection": "Goods"})).await;
    searchable(server.address(), &contract).await;
    assert_eq!(sources(&server, question, Some("shop")).await, ["Prices", "Supplier"]);
    by_owner(&server, "PUT", &format!("/api/documents/{contract}"), json!({"collection": ""})).await;
    searchable(server.address(), &contract).await;
    assert_eq!(sources(&server, question, None).await, ["Supplier"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_enter_no_room_with_a_collection_finds_nothing_of_it() {
    let (server, contract) = with_collections().await;
    by_owner(&server, "PUT", "/api/rooms/office/collections", json!({"collections": []})).await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    ann.ask(&server, "POST", "/api/rooms", json!({"name": "board", "kind": "closed"})).await;
    by_owner(&server, "PUT", "/api/rooms/board/collections", json!({"collections": ["Contracts"]})).await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let path = format!("/api/documents/{contract}");
    for (who, sees) in [(&mut ann, true), (&mut bob, false)] {
        let list = who.ask(&server, "GET", "/api/documents", Value::Null).await.json();
        let expected: &[&str] = if sees { &["Prices", "Supplier"] } else { &["Prices"] };
        assert_eq!(titles(&list["documents"]), expected, "{list}");
        assert_eq!(who.ask(&server, "GET", &path, Value::Null).await.status, if sees { 200 } else { 404 });
        for query in ["q=copper&kind=documents", "q=in:board%20copper&kind=documents"] {
            let found = who.ask(&server, "GET", &format!("/api/search?{query}"), Value::Null).await.json();
            let found = titles(&found["documents"]);
            assert_eq!(found.contains(&"Supplier".to_owned()), sees, "{query} {found:?}");
        }
        let collections = who.ask(&server, "GET", "/api/collections", Value::Null).await.json();
        let names: Vec<_> = collections["collections"].as_array().expect("a list").iter().collect();
        assert_eq!(names.len(), if sees { 2 } else { 1 }, "{collections}");
        assert!(names.iter().all(|collection| collection["rooms"].is_null()), "{collections}");
        let filtered = who.ask(&server, "GET", "/api/documents?collection=Contracts", Value::Null).await;
        assert_eq!(filtered.status, if sees { 200 } else { 404 });
        // The room is Ann's, and still what is in the collections is not hers to hand out.
        let chosen = json!({"collections": ["Products"]});
        let refused = who.ask(&server, "PUT", "/api/rooms/board/collections", chosen).await;
        assert_eq!(refused.refusal(), (403, "forbidden".into()));
    }
    // A room of the same name is another one.
    by_owner(&server, "DELETE", "/api/rooms/shop", Value::Null).await;
    by_owner(&server, "POST", "/api/rooms", json!({"name": "shop"})).await;
    assert!(sources(&server, "Copper?", Some("shop")).await.is_empty());
}

#[tokio::test]
async fn collections_have_names_of_their_own_and_stay_while_they_have_documents() {
    let (server, contract) = with_collections().await;
    let refused = async |method: &str, path: &str, body: Value| {
        server.request(method, path).by_owner().json(body).send().await.refusal()
    };
    let taken = (409, "name_taken".to_owned());
    assert_eq!(refused("POST", "/api/collections", json!({"name": " PRODUCTS "})).await, taken);
    assert_eq!(refused("PATCH", "/api/collections/Products", json!({"name": "contracts"})).await, taken);
    assert_eq!(refused("POST", "/api/collections", json!({"name": " "})).await, (400, "bad_collection".into()));
    let in_use = (409, "wrong_state".to_owned());
    assert_eq!(refused("DELETE", "/api/collections/Contracts", Value::Null).await, in_use);
    let missing = (404, "not_found".to_owned());
    assert_eq!(refused("DELETE", "/api/collections/Nothing", Value::Null).await, missing);
    assert_eq!(refused("PUT", "/api/rooms/lobby/collections", json!({"collections": ["Nothing"]})).await, missing);
    let document = json!({"text": "A text.", "collection": "Nothing"});
    assert_eq!(refused("POST", "/api/documents", document).await, missing);
    let both = json!({"text": "A text.", "collection": "Products", "room": "lobby"});
    assert_eq!(refused("POST", "/api/documents", both).await, (400, "bad_document".into()));
    // The same content may be in another collection, not in this one.
    let again = json!({"text": CONTRACT, "collection": "Contracts"});
    assert_eq!(refused("POST", "/api/documents", again).await, (409, "duplicate".into()));
    let copy = add(server.address(), json!({"text": CONTRACT, "collection": "Products"})).await;
    let list = by_owner(&server, "GET", "/api/collections", Value::Null).await;
    assert_eq!(
        (&list["collections"][0]["name"], &list["collections"][1]["documents"]),
        (&json!("Contracts"), &json!(2))
    );
    for document in [contract, id(&copy)] {
        by_owner(&server, "DELETE", &format!("/api/documents/{document}"), Value::Null).await;
    }
    by_owner(&server, "DELETE", "/api/collections/contracts", Value::Null).await;
    let list = by_owner(&server, "GET", "/api/collections", Value::Null).await;
    assert_eq!(list["collections"].as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(list["collections"][0]["rooms"], json!(["office", "shop"]));
}

#[tokio::test]
async fn collections_are_kept_over_a_restart_and_managed_on_the_command_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[]);
    let said = |arguments: &[&str]| chatbot_on(dir.path(), &[&["documents"], arguments].concat());
    assert_eq!(said(&["collections", "add", "Products"]).out(), "Products  made\n");
    let page = dir.path().join("prices.md");
    std::fs::write(&page, PRICES).expect("written");
    let page = page.to_str().expect("text");
    said(&["add", "--collection", "Products", page]).out();
    let room = Request::new("POST", &format!("http://{}/api/rooms", server.address()));
    assert_eq!(room.by_owner().json(json!({"name": "shop"})).send().await.status, 201);
    assert_eq!(said(&["collections", "choose", "shop", "Products"]).out(), "shop  has Products\n");
    let copy = upload(server.address(), "POST", "/api/documents", ("a.md", PRICES.as_bytes()), &[]).await;
    assert_eq!(copy.status, 201, "{}", copy.text());
    drop(server);
    audit(&dir.path().join("store")).expect("no contradiction");
    let _server = ServerProcess::start(dir.path(), &[]);
    let list = said(&["list", "--collection", "Products"]).out();
    assert!(list.lines().count() == 2 && list.contains("Products"), "{list}");
    let answer = chatbot_on(dir.path(), &["ask", "--json", "--room", "shop", "What does the kettle cost?"]).out();
    assert!(answer.contains("ninety florins"), "{answer}");
    let refused = said(&["collections", "remove", "Products"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("still has documents"), "{}", refused.err);
    assert_eq!(said(&["collections", "rename", "Products", "Goods"]).out(), "Goods  renamed\n");
    let list = said(&["collections", "list"]).out();
    assert!(list.lines().nth(1).is_some_and(|line| line.contains("Goods") && line.contains("shop")), "{list}");
}
