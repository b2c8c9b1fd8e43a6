//! Search over messages: what is found, by whom, how soon, and after every kind of stop.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Client, PATIENCE, Request, ServerProcess, TestServer};

/// A search by whoever has this visitor's cookie.
async fn search_as(address: SocketAddr, visitor: &str, query: &[(&str, &str)]) -> Value {
    let mut url = reqwest::Url::parse(&format!("http://{address}/api/search")).expect("an address");
    url.query_pairs_mut().extend_pairs(query);
    let cookie = cookie_of(visitor);
    let answer = Request::new("GET", url.as_str()).header("cookie", &cookie).send().await;
    assert_eq!(answer.status, 200, "{query:?}: {}", answer.text());
    answer.json()
}

/// Long enough not to be guessed, or it is replaced.
fn cookie_of(visitor: &str) -> String {
    format!("chatbot_visitor={}", visitor.repeat(20))
}

async fn search(address: SocketAddr, q: &str) -> Value {
    search_as(address, "somebody", &[("q", q)]).await
}

fn texts(answer: &Value) -> Vec<&str> {
    let messages = answer["messages"].as_array().expect("messages");
    messages.iter().map(|message| message["message"].as_str().expect("a text")).collect()
}

/// Searches until exactly this is found, which takes as long as indexing does.
async fn expect_found(address: SocketAddr, visitor: &str, q: &str, expected: &[&str]) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = search_as(address, visitor, &[("q", q)]).await;
        if texts(&answer) == expected {
            return answer;
        }
        assert!(Instant::now() < until, "{q:?} finds {answer}, not {expected:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until everything that was said is indexed.
async fn expect_indexed(address: SocketAddr, said_last: &str) {
    expect_found(address, "somebody", &format!("\"{said_last}\""), &[said_last]).await;
}

async fn say_all(client: &mut Client, room: &str, texts: &[&str]) {
    client.send(json!({"type": "join", "room": room})).await;
    client.expect("joined").await;
    for text in texts {
        client.say(room, text).await;
    }
}

/// The text that every mark covers, as JavaScript counts.
fn marked(message: &Value) -> Vec<String> {
    let units: Vec<u16> = message["message"].as_str().expect("a text").encode_utf16().collect();
    let marks = message["marks"].as_array().expect("marks");
    let at = |mark: &Value, end: usize| mark[end].as_u64().expect("a place") as usize;
    marks.iter().map(|mark| String::from_utf16(&units[at(mark, 0)..at(mark, 1)]).expect("text")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_found_soon_with_its_words_marked() {
    let server = TestServer::start().await;
    let mut ann = server.client("Ann").await;
    say_all(&mut ann, "lobby", &["😀 Running the backups tonight", "nothing of that kind"]).await;
    let began = Instant::now();
    let answer = expect_found(server.address(), "somebody", "run backup", &["😀 Running the backups tonight"]).await;
    println!("found after {:?}", began.elapsed());
    let message = &answer["messages"][0];
    assert_eq!(marked(message), ["Running", "backups"]);
    assert_eq!((&message["room"], &message["seq"], &message["handle"]), (&json!("lobby"), &json!(1), &json!("Ann")));
    assert_eq!(answer["more"], false);
    assert!(answer["took_ms"].is_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn chinese_words_of_any_length_are_found_in_either_script() {
    let server = TestServer::start().await;
    let mut ann = server.client("Ann").await;
    let said = ["我养了一只猫", "貓和資料庫", "机器的学习", "機器學習真有趣", "用Rust写数据库", "就这些"];
    say_all(&mut ann, "大厅", &said).await;
    let at = server.address();
    expect_indexed(at, "就这些").await;
    for (q, expected) in [
        ("猫", &["貓和資料庫", "我养了一只猫"][..]),
        ("貓", &["貓和資料庫", "我养了一只猫"]),
        ("库", &["用Rust写数据库", "貓和資料庫"]),
        ("資料", &["貓和資料庫"]),
        ("资料", &["貓和資料庫"]),
        ("机器学习", &["機器學習真有趣"]),
        ("机器 学习", &["機器學習真有趣", "机器的学习"]),
        ("rust", &["用Rust写数据库"]),
        ("用rust写", &["用Rust写数据库"]),
        ("狗", &[]),
    ] {
        assert_eq!(texts(&search(at, q).await), expected, "{q:?}");
    }
    let answer = search(at, "机器学习").await;
    assert_eq!(marked(&answer["messages"][0]), ["機器學習"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_room_is_searched_by_its_own_visitor_alone() {
    let server = TestServer::start().await;
    let mut ann = Client::connect(server.address(), "/ws", &[("cookie", &cookie_of("ann"))]).await;
    ann.send(json!({"type": "hello", "handle": "Ann"})).await;
    ann.expect("welcome").await;
    say_all(&mut ann, "@bot", &["/echo the secret number"]).await;
    say_all(&mut ann, "lobby", &["no secret here"]).await;
    let at = server.address();
    let until = Instant::now() + PATIENCE;
    while texts(&search_as(at, "ann", &[("q", "secret")]).await).len() < 3 {
        assert!(Instant::now() < until, "the question, the bot's answer and what was said in the lobby");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let own = search_as(at, "ann", &[("q", "secret in:@bot")]).await;
    assert!(own["messages"].as_array().expect("messages").iter().all(|message| message["room"] == "@bot"));
    assert_eq!(texts(&own).len(), 2);
    for (visitor, query) in [("bob", "secret"), ("", "secret")] {
        assert_eq!(texts(&search_as(at, visitor, &[("q", query)]).await), ["no secret here"], "{visitor:?}");
    }
    assert!(texts(&search_as(at, "bob", &[("q", "secret in:@bot")]).await).is_empty());
    // The owner's key opens no private room either.
    let answer = server.request("GET", "/api/search?q=secret").by_owner().send().await.json();
    assert_eq!(texts(&answer), ["no secret here"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_pages_narrow_what_is_found() {
    let server = TestServer::start().await;
    let mut ann = server.client("Ann").await;
    let mut bob = server.client("王 小明").await;
    say_all(&mut ann, "lobby", &["apple one", "apple two", "/echo apple three"]).await;
    ann.expect_where("message", |frame| frame["role"] == "bot").await;
    say_all(&mut bob, "kitchen", &["apple four", "the last word"]).await;
    let at = server.address();
    expect_indexed(at, "the last word").await;
    let found = async |q: &str| texts(&search(at, q).await).into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(found("apple in:kitchen").await, ["apple four"]);
    assert_eq!(found("in:nowhere apple").await, [""; 0]);
    assert_eq!(found("apple from:ann").await.len(), 3);
    assert_eq!(found("apple from:\"王 小明\"").await, ["apple four"]);
    assert_eq!(found("apple has:job").await.len(), 2, "the question and its answer");
    assert_eq!(found("apple before:2020-01-01").await, [""; 0]);
    assert_eq!(found("apple after:2020-01-01").await.len(), 5);
    assert_eq!(found("from:ann in:lobby").await.len(), 3, "filters alone find everything");
    assert_eq!(found("\"apple four\"").await, ["apple four"]);
    assert_eq!(found("app").await.len(), 5, "an unfinished word");
    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let mut query = vec![("q", "apple"), ("limit", "2"), ("kind", "messages")];
        query.extend(before.as_deref().map(|before| ("before", before)));
        let page = search_as(at, "somebody", &query).await;
        pages.extend(texts(&page).into_iter().map(str::to_owned));
        assert_eq!(page["more"], page["next"].is_string());
        before = page["next"].as_str().map(str::to_owned);
        if before.is_none() {
            break;
        }
    }
    assert_eq!(pages, found("apple").await);
    for q in ["before:soon", "has:picture", "in:a/b"] {
        let url = format!("/api/search?q={}", percent(q));
        let (status, code) = server.request("GET", &url).send().await.refusal();
        assert_eq!(status, 400, "{q:?}: {code}");
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_message_is_not_found() {
    let server = TestServer::start().await;
    let mut ann = server.client("Ann").await;
    say_all(&mut ann, "lobby", &["a pear", "another pear"]).await;
    expect_found(server.address(), "somebody", "pear", &["another pear", "a pear"]).await;
    let deleted = server.request("DELETE", "/api/rooms/lobby/messages/2").by_owner().send().await;
    assert_eq!(deleted.status, 204);
    assert_eq!(texts(&search(server.address(), "pear").await), ["a pear"], "at once");
    assert!(texts(&search(server.address(), "another").await).is_empty());
}

/// Where the index of messages is, which has a name for each version.
fn index_of(data_dir: &Path) -> PathBuf {
    let entries = std::fs::read_dir(data_dir.join("index")).expect("a folder of indexes");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    paths.find(|path| path.to_string_lossy().contains("messages-")).expect("an index")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_finds_everything_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut said = Vec::new();
    for round in 0..4 {
        let mut server = ServerProcess::start(dir.path(), &[]);
        let mut ann = Client::connect(server.address(), "/ws", &[]).await;
        ann.send(json!({"type": "hello", "handle": "Ann"})).await;
        ann.send(json!({"type": "join", "room": "lobby"})).await;
        ann.expect("joined").await;
        for number in 0..5 {
            let text = format!("plum {round} {number}");
            ann.say("lobby", &text).await;
            said.insert(0, text);
        }
        // In every other round before it can be indexed.
        let expected: Vec<&str> = said.iter().map(String::as_str).collect();
        if round % 2 == 0 {
            expect_found(server.address(), "somebody", "plum", &expected).await;
        }
        server.kill();
    }
    let server = ServerProcess::start(dir.path(), &[]);
    let expected: Vec<&str> = said.iter().map(String::as_str).collect();
    expect_found(server.address(), "somebody", "plum", &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_missing_damaged_or_old_is_made_anew() {
    let dir = tempfile::tempdir().expect("a folder");
    let said = ["cherry one", "cherry two", "cherry three"];
    let expected = ["cherry three", "cherry two", "cherry one"];
    {
        let server = TestServer::on(dir.path()).await;
        say_all(&mut server.client("Ann").await, "lobby", &said).await;
        expect_found(server.address(), "somebody", "cherry", &expected).await;
        server.stop().await.expect("a clean stop");
    }
    type Harm = fn(&Path);
    let harm: [(&str, Harm); 4] = [
        ("everything is gone", |index| std::fs::remove_dir_all(index.parent().expect("a folder")).expect("removed")),
        ("every file is garbage", |index| {
            for entry in std::fs::read_dir(index).expect("a folder") {
                std::fs::write(entry.expect("an entry").path(), "garbage").expect("written");
            }
        }),
        ("postings are cut", |index| {
            for entry in std::fs::read_dir(index).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.extension().is_some_and(|kind| kind == "idx") {
                    let bytes = std::fs::read(&path).expect("bytes");
                    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
                }
            }
        }),
        ("it is of an older version", |index| {
            let old = index.with_file_name("messages-1.0");
            std::fs::rename(index, old).expect("renamed");
        }),
    ];
    for (what, harm) in harm {
        harm(&index_of(dir.path()));
        let server = TestServer::on(dir.path()).await;
        expect_found(server.address(), "somebody", "cherry", &expected).await;
        let until = Instant::now() + PATIENCE;
        while search(server.address(), "cherry").await["complete"] != true {
            assert!(Instant::now() < until, "{what}: it is complete some day");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.stop().await.expect("a clean stop");
        let entries = std::fs::read_dir(dir.path().join("index")).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        assert_eq!(names.filter(|name| name.starts_with("messages-")).count(), 1, "{what}");
    }
}
