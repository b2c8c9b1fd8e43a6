//! Documents over HTTP: stored, corrected, replaced, removed, listed and read.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::files::pdf;
use crate::support::{Answer, PATIENCE, Request, ServerProcess, TestServer};

/// Between two looks at how far a document is.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);

/// Stores a text as a document; its view.
pub async fn add(server: SocketAddr, document: Value) -> Value {
    let answer = request(server, "POST", "/api/documents").by_owner().json(document).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn request(server: SocketAddr, method: &str, path: &str) -> Request {
    Request::new(method, &format!("http://{server}{path}"))
}

pub fn id(document: &Value) -> String {
    document["id"].as_str().expect("an id").to_owned()
}

/// Waits until a document is found by its words.
pub async fn searchable(server: SocketAddr, id: &str) -> Value {
    let url = format!("http://{server}/api/documents/{id}");
    wait_for(&url, |view| matches!(view["state"].as_str(), Some("searchable" | "ready"))).await
}

/// Asks again and again until what comes back fits.
pub async fn wait_for(url: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let deadline = std::time::Instant::now() + 3 * PATIENCE;
    loop {
        let last = Request::new("GET", url).by_owner().send().await.json();
        if fits(&last) {
            return last;
        }
        assert!(std::time::Instant::now() < deadline, "it never fits: {last}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What is found in the documents.
async fn found(server: SocketAddr, words: &str) -> Vec<String> {
    let query: String = form_urlencoded(words);
    let answer = request(server, "GET", &format!("/api/search?kind=documents&q={query}")).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sources = answer.json()["documents"].as_array().expect("a list").clone();
    sources.iter().map(|source| source["content"].as_str().expect("text").to_owned()).collect()
}

fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A form with a file in it.
fn form(name: &str, content: &[u8], fields: &[(&str, &str)]) -> (String, Vec<u8>) {
    const BOUNDARY: &str = "----a-boundary";
    let mut body = Vec::new();
    for (field, value) in fields {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        body.extend(part.as_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.extend(head.as_bytes());
    body.extend(content);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

/// Sends a form with a file in it.
pub async fn upload(
    server: SocketAddr,
    method: &str,
    path: &str,
    file: (&str, &[u8]),
    fields: &[(&str, &str)],
) -> Answer {
    let (content_type, body) = form(file.0, file.1, fields);
    request(server, method, path).by_owner().header("content-type", &content_type).body(body).send().await
}

#[tokio::test]
async fn a_text_is_stored_found_corrected_and_removed_with_all_its_passages() {
    let server = TestServer::start().await;
    let text = "# Opening hours\n\nThe shop opens at nine and closes at six.";
    let added = add(server.address(), json!({"title": "Shop", "text": text, "author": "Ann"})).await;
    assert_eq!((&added["title"], &added["language"], &added["kind"]), (&json!("Shop"), &json!("en"), &json!("text")));
    let id = id(&added);
    searchable(server.address(), &id).await;
    assert!(found(server.address(), "when does the shop close").await[0].contains("closes at six"));

    let corrected = json!({"text": "# Opening hours\n\nThe shop opens at ten and shuts at seven."});
    let path = format!("/api/documents/{id}");
    let answer = server.request("PUT", &path).by_owner().json(corrected).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    searchable(server.address(), &id).await;
    let passages = found(server.address(), "shop opening").await;
    assert!(passages.iter().all(|passage| passage.contains("ten") && !passage.contains("nine")), "{passages:?}");

    assert_eq!(server.request("DELETE", &path).by_owner().send().await.status, 204);
    assert!(found(server.address(), "shop opening").await.is_empty());
    assert_eq!(server.request("GET", &path).send().await.refusal(), (404, "not_found".into()));
    let files = std::fs::read_dir(server.data_dir().join("files")).expect("a folder").count();
    assert_eq!(files, 0, "no text is left of it");
}

#[tokio::test]
async fn a_text_is_read_with_its_passages_as_javascript_counts() {
    let server = TestServer::start().await;
    // Longer than what goes together with the next section.
    let policy = "请保留发票和完整的包装，并在寄出之前联系客服。".repeat(8);
    let text = format!("# 退货 😀\n\n七天之内可以退货。{policy}\u{c}# 换货\n\n十四天之内可以换货。{policy}");
    let added = add(server.address(), json!({"title": "售后", "text": text})).await;
    assert_eq!(added["language"], "zh-Hans");
    let details = server.request("GET", &format!("/api/documents/{}", id(&added))).send().await.json();
    let shown: Vec<u16> = details["text"].as_str().expect("text").encode_utf16().collect();
    let ranges = details["ranges"].as_array().expect("a list");
    assert_eq!(ranges.len() as u64, added["passages"].as_u64().expect("a number"));
    let piece = |range: &Value| {
        let end = |name: &str| range[name].as_u64().expect("a number") as usize;
        String::from_utf16(&shown[end("start")..end("end")]).expect("whole characters")
    };
    let pieces: Vec<_> = ranges.iter().map(piece).collect();
    assert!(pieces.iter().any(|piece| piece.contains("七天之内可以退货")), "{pieces:?}");
    let last = ranges.last().expect("a passage");
    assert_eq!((last["page"].as_u64(), last["heading"].as_str()), (Some(2), Some("换货")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_comes_back_whole_to_many_at_a_time() {
    let server = TestServer::start().await;
    let text: String = (0..20_000).map(|line| format!("Line {line} of a long text. 很长的文字。\n")).collect();
    let id = id(&add(server.address(), json!({"title": "long", "text": text})).await);
    let path = format!("/api/documents/{id}");
    let read = || async {
        let answer = request(server.address(), "GET", &path).send().await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        answer.json()
    };
    for view in futures_util::future::join_all((0..6).map(|_| read())).await {
        assert_eq!(view["text"].as_str().map(str::trim_end), Some(text.trim_end()));
        assert!(view["ranges"].as_array().is_some_and(|ranges| ranges.len() > 100));
    }
}

#[tokio::test]
async fn a_file_is_previewed_corrected_and_stored_with_its_original() {
    // The text is taken out by the program itself, which the tests' own process is not.
    let dir = tempfile::tempdir().expect("a folder");
    // The process that reads the file stands in another folder than the server.
    let server = ServerProcess::launch_in(dir.path(), 0, std::path::Path::new("./data"), None, &[]);
    let original = "# Guide\r\n\r\nPress the red buton.\r\n".as_bytes();
    let preview = upload(server.address(), "POST", "/api/documents/preview", ("guide.md", original), &[]).await;
    assert_eq!(preview.status, 200, "{}", preview.text());
    let preview = preview.json();
    let text = preview["text"].as_str().expect("text").replace("buton", "button");
    let document = json!({"title": preview["title"], "text": text, "original": preview["original"],
        "origin": preview["origin"]});
    let added = add(server.address(), document).await;
    assert_eq!((&added["origin"]["name"], &added["origin"]["type"]), (&json!("guide.md"), &json!("file")));
    let path = format!("/api/documents/{}/original", id(&added));
    let refused = request(server.address(), "GET", &path).send().await;
    assert_eq!(refused.refusal(), (403, "forbidden".into()), "it holds what was corrected");
    let answer = request(server.address(), "GET", &path).by_owner().send().await;
    assert_eq!((answer.bytes.as_slice(), answer.header("content-type")), (original, "application/octet-stream"));
    assert!(answer.header("content-disposition").starts_with("attachment"));
    searchable(server.address(), &id(&added)).await;
    assert!(found(server.address(), "red button").await[0].contains("red button"));
}

#[tokio::test]
async fn it_is_said_how_many_pages_of_a_file_hold_no_text() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[]);
    let page = vec![(11, "The board meets in March and in June.".to_owned())];
    let (pictures, words) = (pdf(&[page.clone(), vec![], vec![]]), pdf(&[page]));
    let send =
        async |path: &str, file: &[u8]| upload(server.address(), "POST", path, ("a.pdf", file), &[]).await.json();
    let preview = send("/api/documents/preview", &pictures).await;
    assert_eq!((&preview["pages"], &preview["pages_without_text"]), (&json!(3), &json!(2)));
    let added = send("/api/documents", &pictures).await;
    assert_eq!((&added["pages"], &added["pages_without_text"]), (&json!(3), &json!(2)));
    assert_eq!(send("/api/documents", &words).await["pages_without_text"], Value::Null);
}

#[tokio::test]
async fn what_is_found_for_a_question_is_told_with_the_reasons() {
    let server = TestServer::start().await;
    let text = "# Warranty\n\nThe frame has a warranty of ten years, the ribs one of three years.\n\n# Colours\n\nThe tent comes in red.";
    let terms = id(&add(server.address(), json!({"title": "Terms", "text": text})).await);
    let questions = add(
        server.address(),
        json!({"title": "Questions", "kind": "faq", "text": "## When are you open?\n\nNever on a Sunday."}),
    )
    .await;
    searchable(server.address(), &terms).await;
    searchable(server.address(), &id(&questions)).await;
    let trial = async |question: &str| {
        let path = format!("/api/documents/trial?q={}", form_urlencoded(question));
        let answer = request(server.address(), "GET", &path).by_owner().send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let told = trial("how long is the warranty of the ribs?").await;
    assert_eq!(told["confident"], true, "{told}");
    let best = &told["results"][0];
    assert_eq!(
        (&best["document"], &best["by_words"], &best["weak"]),
        (&json!(terms), &json!(1), &json!(false)),
        "{told}"
    );
    assert!(told["coverage"].as_f64().expect("a share") > 0.5, "{told}");
    assert_eq!(trial("When are you open?").await["faq"], "When are you open?");
    let told = trial("how long is the warranty of the R500?").await;
    assert_eq!((&told["confident"], &told["unknown"]), (&json!(false), &json!(["R500"])), "{told}");
    for (path, status) in [("/api/documents/trial?q=", 400), ("/api/documents/trial", 400)] {
        assert_eq!(request(server.address(), "GET", path).by_owner().send().await.status, status, "{path}");
    }
    let stranger = request(server.address(), "GET", "/api/documents/trial?q=warranty").send().await;
    assert_eq!(stranger.status, 403);
}

#[tokio::test]
async fn only_the_owner_changes_documents_and_whoever_comes_may_read_them() {
    let server = TestServer::start().await;
    let id = id(&add(server.address(), json!({"title": "Open", "text": "Everybody may read this."})).await);
    let path = format!("/api/documents/{id}");
    let new = json!({"title": "x", "text": "y"});
    assert_eq!(server.request("POST", "/api/documents").json(new.clone()).send().await.refusal().0, 403);
    assert_eq!(server.request("POST", "/api/documents/preview").json(new.clone()).send().await.refusal().0, 403);
    assert_eq!(server.request("PUT", &path).json(new).send().await.refusal().0, 403);
    assert_eq!(server.request("DELETE", &path).send().await.refusal().0, 403);
    assert_eq!(server.request("GET", &path).send().await.status, 200);
    assert_eq!(server.request("GET", "/api/documents").send().await.json()["documents"][0]["title"], "Open");
}

#[tokio::test]
async fn what_cannot_be_a_document_is_refused_in_words() {
    let server = TestServer::with(|config| config.documents.text_mb = 1).await;
    let refused =
        async |body: Value| server.request("POST", "/api/documents").by_owner().json(body).send().await.refusal();
    assert_eq!(refused(json!({"title": "x"})).await, (400, "missing_field".into()));
    assert_eq!(refused(json!({"title": "x", "text": " … \n"})).await, (400, "file_empty".into()));
    assert_eq!(refused(json!({"title": "x".repeat(300), "text": "y"})).await, (400, "bad_document".into()));
    assert_eq!(refused(json!({"text": "y", "room": "a b"})).await, (400, "bad_room".into()));
    assert_eq!(refused(json!({"text": "y".repeat(1 << 20 | 1)})).await, (413, "too_large".into()));
    assert_eq!(refused(json!({"text": "y", "original": "../../etc/passwd"})).await, (400, "upload_gone".into()));
    let missing = server.request("GET", "/api/documents/nothing").send().await.refusal();
    assert_eq!(missing, (404, "not_found".into()));
    assert_eq!(server.request("GET", "/api/documents").send().await.json()["documents"], json!([]));
}

#[tokio::test]
async fn the_list_is_filtered_and_paged() {
    let server = TestServer::start().await;
    for (title, text, room) in [
        ("Returns", "How to send things back.", ""),
        ("退貨須知", "七天之內可以退貨，請附上發票。", "support"),
        ("Prices", "What things cost.", "support"),
    ] {
        add(server.address(), json!({"title": title, "text": text, "room": room})).await;
    }
    let titles = async |query: &str| {
        let list = server.request("GET", &format!("/api/documents?{query}")).send().await.json();
        let documents = list["documents"].as_array().expect("a list");
        let titles: Vec<_> = documents.iter().map(|one| one["title"].as_str().expect("text").to_owned()).collect();
        (titles.join(" "), list["more"] == true)
    };
    assert_eq!(titles("").await, ("Prices 退貨須知 Returns".into(), false));
    assert_eq!(titles("room=support").await.0, "Prices 退貨須知");
    assert_eq!(titles("language=zh-Hant").await.0, "退貨須知");
    assert_eq!(titles(&format!("q={}", form_urlencoded("退货"))).await.0, "退貨須知", "in the other script");
    assert_eq!(titles("limit=2").await, ("Prices 退貨須知".into(), true));
    let list = server.request("GET", "/api/documents?limit=2").send().await.json();
    let last = id(&list["documents"][1]);
    assert_eq!(titles(&format!("after={last}")).await, ("Returns".into(), false));
}

#[tokio::test]
async fn a_lost_or_damaged_index_is_made_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let id = id(&add(server.address(), json!({"title": "Bees", "text": "Bees make honey in the hive."})).await);
    searchable(server.address(), &id).await;
    server.stop().await.expect("a clean stop");
    let index = dir.path().join("index");
    for damage in [
        |file: &std::path::Path| std::fs::remove_file(file).expect("removed"),
        |file: &std::path::Path| std::fs::write(file, b"rubbish").expect("overwritten"),
    ] {
        let files = walk(&index.join("passages"));
        assert!(!files.is_empty());
        files.iter().for_each(|file| damage(file));
        let server = TestServer::on(dir.path()).await;
        searchable(server.address(), &id).await;
        assert!(found(server.address(), "honey").await[0].contains("hive"));
        server.stop().await.expect("a clean stop");
    }
    std::fs::remove_dir_all(&index).expect("removed");
    let server = TestServer::on(dir.path()).await;
    searchable(server.address(), &id).await;
    assert!(found(server.address(), "honey").await[0].contains("hive"));
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_document_whose_text_is_lost_holds_up_no_other() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = TestServer::on(dir.path()).await;
    let lost = id(&add(server.address(), json!({"title": "Lost", "text": "This will not be there."})).await);
    let kept = id(&add(server.address(), json!({"title": "Kept", "text": "Bees make honey."})).await);
    searchable(server.address(), &lost).await;
    searchable(server.address(), &kept).await;
    server.stop().await.expect("a clean stop");
    for file in walk(&dir.path().join("files")) {
        if std::fs::read_to_string(&file).expect("a text").contains("not be there") {
            std::fs::write(&file, "something else").expect("damaged");
        }
    }
    std::fs::remove_dir_all(dir.path().join("index")).expect("removed");
    let server = TestServer::on(dir.path()).await;
    searchable(server.address(), &kept).await;
    assert!(found(server.address(), "honey").await[0].contains("Bees"));
    wait_for(&server.url("/api/jobs?state=completed"), |list| {
        let jobs = list["jobs"].as_array().expect("a list");
        jobs.iter().filter(|job| job["name"] == "index documents").count() >= 2
    })
    .await;
    let list = server.request("GET", "/api/documents").send().await.json();
    assert_eq!(list["documents"][1]["state"], "waiting", "{list}");
}

#[tokio::test]
async fn a_cancelled_job_of_the_documents_is_asked_for_again() {
    let server = TestServer::with(|config| config.jobs.workers = 2).await;
    // The one slow worker is busy, so the job waits.
    let mut ann = server.member("Ann", "lobby").await.0;
    ann.say("lobby", "/sleep 60").await;
    let first = id(&add(server.address(), json!({"title": "A", "text": "Ants carry leaves."})).await);
    let jobs = server.url("/api/jobs?state=queued&name=index%20documents");
    let waiting = wait_for(&jobs, |list| list["jobs"].as_array().is_some_and(|jobs| jobs.len() == 1)).await;
    let job = waiting["jobs"][0]["id"].as_str().expect("an id").to_owned();
    let cancelled = server.request("POST", &format!("/api/jobs/{job}/cancel")).by_owner().send().await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.text());
    let sleeping = ann.expect_where("job", |frame| frame["job"]["state"] == "running").await;
    let second = id(&add(server.address(), json!({"title": "B", "text": "Bees make honey."})).await);
    ann.send(json!({"type": "cancel", "job": sleeping["job"]["id"]})).await;
    searchable(server.address(), &first).await;
    searchable(server.address(), &second).await;
}
