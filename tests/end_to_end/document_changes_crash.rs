//! `kill -9` while documents are corrected and removed: each is found wholly as it was or wholly as it is, and what was said to be
//! removed does not come back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::documents::{add, id, upload, wait_for};
use crate::support::{Client, PATIENCE, Request, ServerProcess};

/// Sections of a document, each a passage with a word of its own.
const SECTIONS: usize = 6;

/// Those that are looked for.
const LOOKED_FOR: [usize; 3] = [0, SECTIONS / 2, SECTIONS - 1];

/// Who change documents at the same time.
const HANDS: usize = 3;

const OFF: [(&str, &str); 2] = [("CHATBOT_EMBEDDING__SOURCE", "off"), ("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0")];

/// A word that stands in one section of one edition of one document alone.
pub fn word(document: usize, section: usize, edition: usize) -> String {
    let letter = |number: usize| char::from(b'a' + u8::try_from(number).expect("a letter"));
    let letters = [document / 26, document % 26, section / 26, section % 26, edition / 26, edition % 26].map(letter);
    format!("qx{}zz", letters.iter().collect::<String>())
}

pub fn text(document: usize, sections: usize, edition: usize) -> String {
    let filler = "The quick brown fox jumps over the lazy dog while it rains. ".repeat(6);
    let section = |section| format!("## Section {section}\n\n{} {filler}\n\n", word(document, section, edition));
    (0..sections).map(section).collect::<String>().trim_end().to_owned()
}

pub fn request(server: &ServerProcess, method: &str, path: &str) -> Request {
    Request::new(method, &format!("http://{}{path}", server.address())).by_owner()
}

pub async fn get(server: &ServerProcess, path: &str) -> Value {
    request(server, "GET", path).send().await.json()
}

/// Of which editions up to `newest` passages of a document are found, and how many of three. One search sees one moment.
pub async fn found(server: &ServerProcess, document: usize, newest: usize) -> BTreeMap<usize, usize> {
    let words = (0..=newest).flat_map(|edition| LOOKED_FOR.map(|section| (edition, word(document, section, edition))));
    let words: Vec<_> = words.collect();
    let query: Vec<_> = words.iter().map(|(_, word)| word.as_str()).collect();
    let path = format!("/api/search?kind=documents&limit=20&q={}", query.join("%20"));
    let answer = get(server, &path).await;
    let mut found = BTreeMap::new();
    for source in answer["documents"].as_array().unwrap_or_else(|| panic!("no list: {answer}")) {
        let content = source["content"].as_str().expect("text");
        for (edition, _) in words.iter().filter(|(_, word)| content.contains(word.as_str())) {
            *found.entry(*edition).or_default() += 1;
        }
    }
    found
}

/// The edition by which a document is found.
async fn found_edition(server: &ServerProcess, document: usize, newest: usize) -> usize {
    let found = found(server, document, newest).await;
    let [(edition, sections)] = found.iter().collect::<Vec<_>>()[..] else {
        panic!("document {document} is found by these editions: {found:?}");
    };
    assert_eq!(*sections, LOOKED_FOR.len(), "document {document} is found by a part of edition {edition}");
    *edition
}

/// Waits until nothing waits for the index.
pub async fn settled(server: &ServerProcess, documents: usize) {
    let url = format!("http://{}/api/documents?limit=200", server.address());
    wait_for(&url, |list| {
        let listed = list["documents"].as_array().expect("a list");
        listed.len() == documents && listed.iter().all(|one| one["state"] == "ready")
    })
    .await;
}

/// What became of a document: what was acknowledged, and what was asked for.
#[derive(Clone, Copy, Default)]
struct Change {
    done: usize,
    asked: usize,
}

/// Several send changes of documents in turns until so many are acknowledged, or the server is gone.
struct Hands {
    changes: Arc<Mutex<Vec<Change>>>,
}

impl Hands {
    fn new(documents: usize) -> Self {
        Self { changes: Arc::new(Mutex::new(vec![Change::default(); documents])) }
    }

    fn changes(&self) -> Vec<Change> {
        self.changes.lock().expect("changes").clone()
    }

    fn acknowledged(&self) -> usize {
        self.changes().iter().map(|change| change.done).sum()
    }

    /// Begins; `send` makes the request that changes a document to that edition. Kills the server once `enough` more are
    /// acknowledged, with others on their way.
    async fn work_and_kill(
        &self,
        server: &mut ServerProcess,
        enough: usize,
        send: impl Fn(usize, usize) -> Request + Send + Sync + 'static,
    ) {
        let (send, before) = (Arc::new(send), self.acknowledged());
        let hands: Vec<_> =
            (0..HANDS).map(|hand| tokio::spawn(work(self.changes.clone(), hand, send.clone()))).collect();
        let start = std::time::Instant::now();
        while self.acknowledged() < before + enough {
            assert!(start.elapsed() < PATIENCE, "the changes are acknowledged");
            tokio::task::yield_now().await;
        }
        server.kill();
        for hand in hands {
            hand.await.expect("no panic");
        }
    }
}

/// Changes every document in turn that is this hand's, again and again, until there is no answer.
async fn work(changes: Arc<Mutex<Vec<Change>>>, hand: usize, send: Arc<impl Fn(usize, usize) -> Request>) {
    let all = changes.lock().expect("changes").len();
    for document in (hand..all).step_by(HANDS).cycle() {
        let edition = {
            let mut changes = changes.lock().expect("changes");
            changes[document].asked += 1;
            changes[document].asked
        };
        match send(document, edition).try_send().await {
            Some(200 | 204) => changes.lock().expect("changes")[document].done = edition,
            Some(404) => {}
            Some(status) => panic!("document {document}, edition {edition}: {status}"),
            None => return,
        }
    }
}

/// Lets files look as if they were two days old: what nobody names is swept away then.
fn age(files: &Path) {
    let then = SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
    for path in list(files) {
        let file = std::fs::File::options().append(true).open(path).expect("a file");
        file.set_modified(then).expect("an older file");
    }
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// Waits until something is so that nobody tells of.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kills_every_corrected_document_is_found_wholly_by_one_text_and_settles_on_the_stored_one() {
    const DOCUMENTS: usize = 12;
    let dir = tempfile::tempdir().expect("a folder");
    let mut server = ServerProcess::start(dir.path(), &OFF);
    let mut ids = Vec::new();
    for document in 0..DOCUMENTS {
        let fields = json!({"title": document.to_string(), "text": text(document, SECTIONS, 0)});
        ids.push(id(&add(server.address(), fields).await));
    }
    settled(&server, DOCUMENTS).await;
    let hands = Hands::new(DOCUMENTS);
    for enough in [3, 14, 8, 25] {
        let (address, of) = (server.address(), ids.clone());
        let correct = move |document: usize, edition| {
            let url = format!("http://{address}/api/documents/{}", of[document]);
            Request::new("PUT", &url).by_owner().json(json!({"text": text(document, SECTIONS, edition)}))
        };
        hands.work_and_kill(&mut server, enough, correct).await;
        server = ServerProcess::start(dir.path(), &OFF);
        for (document, change) in hands.changes().into_iter().enumerate() {
            let found = found_edition(&server, document, change.asked).await;
            let stored = stored_edition(&server, document, &ids[document], change).await;
            assert!(found <= stored, "document {document} is found by {found}, stored is {stored}");
        }
    }
    settled(&server, DOCUMENTS).await;
    for (document, change) in hands.changes().into_iter().enumerate() {
        let stored = stored_edition(&server, document, &ids[document], change).await;
        assert_eq!(found_edition(&server, document, change.asked).await, stored, "document {document}");
    }
    assert_eq!(server.terminate(), Some(0));
    let files = dir.path().join("files");
    age(&files);
    let _server = ServerProcess::start(dir.path(), &OFF);
    until("no text of old editions is left", || list(&files).len() == DOCUMENTS).await;
}

/// The edition that is stored: one that was acknowledged, or one that was on its way.
async fn stored_edition(server: &ServerProcess, document: usize, id: &str, change: Change) -> usize {
    let view = get(server, &format!("/api/documents/{id}")).await;
    let stored = view["text"].as_str().expect("text").to_owned();
    let edition = (change.done..=change.asked).find(|edition| stored == text(document, SECTIONS, *edition));
    edition.unwrap_or_else(|| panic!("document {document} has none of its texts: {stored}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kills_no_removed_document_comes_back_and_none_is_half_there() {
    const DOCUMENTS: usize = 18;
    let dir = tempfile::tempdir().expect("a folder");
    let mut server = ServerProcess::start(dir.path(), &OFF);
    let mut ids = Vec::new();
    for document in 0..DOCUMENTS {
        let (name, content) = (format!("{document}.md"), original(document));
        let answer = upload(server.address(), "POST", "/api/documents", (&name, content.as_bytes()), &[]).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        ids.push(id(&answer.json()));
    }
    settled(&server, DOCUMENTS).await;
    let hands = Hands::new(DOCUMENTS);
    let mut left = DOCUMENTS;
    for enough in [1, 3, 2] {
        let (address, of) = (server.address(), ids.clone());
        let remove = move |document: usize, _| {
            Request::new("DELETE", &format!("http://{address}/api/documents/{}", of[document])).by_owner()
        };
        hands.work_and_kill(&mut server, enough, remove).await;
        server = ServerProcess::start(dir.path(), &OFF);
        left = 0;
        for (document, change) in hands.changes().into_iter().enumerate() {
            let is_there = is_there(&server, document, &ids[document]).await;
            assert!(change.done == 0 || !is_there, "document {document} came back");
            assert!(change.asked > 0 || is_there, "document {document} was to stay");
            left += usize::from(is_there);
        }
    }
    assert!(left < DOCUMENTS);
    settled(&server, left).await;
    assert_eq!(server.terminate(), Some(0));
    let files = dir.path().join("files");
    age(&files);
    server = ServerProcess::start(dir.path(), &OFF);
    until("texts and originals are left of those that are there", || list(&files).len() == 2 * left).await;

    for id in &ids {
        request(&server, "DELETE", &format!("/api/documents/{id}")).send().await;
    }
    server.kill();
    server = ServerProcess::start(dir.path(), &OFF);
    assert_eq!(get(&server, "/api/documents").await["documents"], json!([]));
    assert!(!dir.path().join("index/passages").exists(), "nothing is left of what was looked up");
}

/// A file, which is not the text that is read out of it: it begins with a mark.
fn original(document: usize) -> String {
    format!("\u{feff}{}", text(document, SECTIONS, 0))
}

/// Whether a document is wholly there, or wholly gone.
async fn is_there(server: &ServerProcess, document: usize, id: &str) -> bool {
    let listed = get(server, "/api/documents?limit=200").await;
    let is_listed = listed["documents"].as_array().expect("a list").iter().any(|one| one["id"] == id);
    let shown = request(server, "GET", &format!("/api/documents/{id}")).send().await;
    let fetched = request(server, "GET", &format!("/api/documents/{id}/original")).send().await;
    let found = found(server, document, 0).await;
    let answer = answer(server, &word(document, 0, 0)).await;
    let quotes = answer["results"].as_array().is_some_and(|results| results.iter().any(|one| one["document"] == id));
    if is_listed {
        assert_eq!(fetched.text(), original(document));
        let text = shown.json()["text"].as_str().expect("text").to_owned();
        assert!((0..SECTIONS).all(|section| text.contains(&word(document, section, 0))), "{text}");
        assert_eq!((found, quotes), (BTreeMap::from([(0, LOOKED_FOR.len())]), true), "document {document}: {answer}");
    } else {
        assert_eq!((shown.status, fetched.status, found, quotes), (404, 404, BTreeMap::new(), false), "{document}");
    }
    is_listed
}

/// The job that answered a question.
async fn answer(server: &ServerProcess, question: &str) -> Value {
    let asked = request(server, "POST", "/api/ask").json(json!({"question": question})).send().await.json();
    let job = asked["job"].as_str().unwrap_or_else(|| panic!("no job: {asked}"));
    let url = format!("http://{}/api/jobs/{job}", server.address());
    wait_for(&url, |job| job["state"] == "completed").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_waits_for_room_on_the_disk_and_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let roomy = [OFF[0], OFF[1], ("CHATBOT_JOBS__WORKERS", "2")];
    let mut server = ServerProcess::start(dir.path(), &roomy);
    // The one slow worker is busy, so the job is still there after a kill.
    let mut ann = Client::connect(server.address(), "/ws", &[]).await;
    ann.send(json!({"type": "hello", "handle": "Ann", "locale": "en"})).await;
    ann.send(json!({"type": "join", "room": "lobby"})).await;
    ann.expect("joined").await;
    ann.say("lobby", "/sleep 60").await;
    ann.expect_where("job", |frame| frame["job"]["state"] == "running").await;
    let document = id(&add(server.address(), json!({"title": "Bees", "text": "Bees make honey."})).await);
    wait_for_job(&server, "name=index%20documents&state=queued").await;
    server.kill();

    server =
        ServerProcess::start(dir.path(), &[roomy.as_slice(), &[("CHATBOT_STORE__MIN_FREE_MB", "1000000000")]].concat());
    let job = wait_for_job(&server, "name=index%20documents&state=retrying").await;
    let details = get(&server, &format!("/api/jobs/{}", job["id"].as_str().expect("an id"))).await;
    assert!(details.to_string().contains("no space left"), "{details}");
    assert_eq!(get(&server, &format!("/api/documents/{document}")).await["state"], "waiting");
    server.kill();

    server = ServerProcess::start(dir.path(), &roomy);
    settled(&server, 1).await;
}

/// Waits until there is one job of a kind.
async fn wait_for_job(server: &ServerProcess, query: &str) -> Value {
    let url = format!("http://{}/api/jobs?{query}", server.address());
    let list = wait_for(&url, |list| list["jobs"].as_array().is_some_and(|jobs| jobs.len() == 1)).await;
    list["jobs"][0].clone()
}
