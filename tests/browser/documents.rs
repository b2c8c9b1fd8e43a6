//! Documents: added, corrected, found, quoted in answers, read.

use std::net::SocketAddr;
use std::path::Path;

use fantoccini::key::Key;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::owner::sign_in;
use crate::support::{PATIENCE, Request, ServerProcess, TestServer};
use crate::window::{PHONE, Window, hook};

pub const HERONS: &str = "# Birds of the pond

The grey heron stands still for a long time and catches fish and frogs.

## Food

A grown heron eats about five hundred grams of fish every day. In hard winters it also takes mice.

## Nests

Herons nest in colonies high up in old trees, often beside a lake.
";

const FAQ: &str = "## When is the garden open?

Every day from nine to six.

## 可以带狗吗？

可以，请牵好绳子。
";

/// Stores a text as the owner does, and returns its id.
pub async fn store(server: SocketAddr, document: Value) -> String {
    let added = Request::new("POST", &format!("http://{server}/api/documents")).by_owner().json(document).send().await;
    assert_eq!(added.status, 201, "{}", added.text());
    added.json()["id"].as_str().expect("an id").to_owned()
}

/// Waits until a document can be found.
pub async fn is_searchable(window: &Window, title: &str) {
    let row = format!(
        "[...document.querySelectorAll('[data-testid=document-row]')].some((row) =>
            row.innerText.includes({}) && ['searchable', 'ready'].includes(row.dataset.state))",
        json!(title)
    );
    window.until(&row).await;
}

#[tokio::test]
async fn a_file_is_corrected_stored_and_answers_a_question_with_its_place() {
    // Files are read by the program itself, as another process.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = ServerProcess::start(&folder.path().join("data"), &[]);
    let file = folder.path().join("birds.md");
    std::fs::write(&file, HERONS.replace("five hundred", "fife hundred")).expect("a file");
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.click(&hook("documents-link")).await;
    ann.find(&hook("documents-empty")).await;
    ann.choose_file(&file).await;

    ann.find(&hook("document-form")).await;
    let text = "document.querySelector('[data-testid=page-text]')";
    ann.until(&format!("{text}.value.includes('fife hundred')")).await;
    ann.ask::<Value>(&format!(
        "(({{ value }}) => {text}.setRangeText('five', value.indexOf('fife'), value.indexOf('fife') + 4))({text})"
    ))
    .await;
    ann.click(&hook("document-author")).await;
    ann.press("Mira").await;
    ann.click(&hook("document-save")).await;
    ann.until("location.pathname === '/documents'").await;
    is_searchable(&ann, "Mira").await;

    ann.click(&format!("{}[data-room='@bot']", hook("room-link"))).await;
    ann.composer_has_focus().await;
    ann.say("/ask How many grams of fish does a grown heron eat every day?").await;
    ann.see(&format!("{} {}", hook("answer"), hook("source")), "five hundred grams").await;
    ann.see(&format!("{} mark", hook("source")), "grams").await;
    ann.click(&hook("source-open")).await;
    ann.see(&hook("cited"), "five hundred grams").await;
    let top: f64 = ann.ask("document.querySelector('[data-testid=cited]').getBoundingClientRect().top").await;
    assert!((52.0..800.0).contains(&top), "the passage is in sight: {top}");
    assert_eq!(ann.count(".reader-text h3").await, 1);

    ann.press((Key::Control, "k")).await;
    ann.find(&hook("search-input")).await;
    ann.press("colonies").await;
    ann.see(&hook("search-group-documents"), "high up in old trees").await;
    // The answer that quotes it is found as well, as a message.
    ann.click(&hook("search-kind-documents")).await;
    ann.gone(&hook("search-group-messages")).await;
    ann.click(&hook("search-input")).await;
    ann.press(Key::Enter).await;
    ann.see(&hook("cited"), "colonies").await;
    ann.close().await;
}

#[tokio::test]
async fn a_scan_says_which_page_is_being_read_and_marks_what_was_recognised() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = ServerProcess::start(&folder.path().join("data"), &[]);
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.click(&hook("documents-link")).await;
    ann.find(&hook("documents-empty")).await;
    ann.choose_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scans/scan.pdf")).await;
    ann.see(&hook("upload"), "of 6").await;
    ann.picture("recognising").await;
    ann.see(&hook("document-recognised"), "6 pages").await;
    let marked = "[...document.querySelectorAll('.page-text')].filter((page) => page.innerText.includes('OCR')).length";
    assert_eq!(ann.ask::<usize>(marked).await, 6);
    let text = "[...document.querySelectorAll('[data-testid=page-text]')].map(({ value }) => value).join(' ')";
    ann.until(&format!("{text}.includes('The boatman locks the northern fence at low tide.')")).await;
    ann.picture("recognised").await;
    ann.close().await;
}

#[tokio::test]
async fn documents_are_filtered_corrected_and_deleted() {
    let server = TestServer::start().await;
    let address = server.address();
    store(address, json!({"title": "Herons", "text": HERONS})).await;
    store(address, json!({"title": "Opening hours", "text": FAQ, "kind": "faq", "room": "garden"})).await;
    let ann = Window::of("Ann", address, "lobby").await;
    sign_in(&ann).await;
    ann.go(address, "/documents").await;
    is_searchable(&ann, "Herons").await;
    is_searchable(&ann, "Opening hours").await;
    let titles = |wanted: Value| {
        format!(
            "JSON.stringify(Array.from(document.querySelectorAll('[data-testid=document-open]'), (link) => link.innerText)) === '{wanted}'"
        )
    };
    ann.until(&titles(json!(["Opening hours", "Herons"]))).await;
    ann.choose(&hook("documents-by-kind"), "faq").await;
    ann.until(&titles(json!(["Opening hours"]))).await;
    ann.choose(&hook("documents-by-kind"), "").await;
    ann.click("#documents-search").await;
    ann.press("hero").await;
    ann.until(&titles(json!(["Herons"]))).await;
    ann.press("nothing").await;
    ann.click(&format!("{} button", hook("documents-nothing"))).await;
    ann.until(&titles(json!(["Opening hours", "Herons"]))).await;

    ann.click(&hook("document-open")).await;
    ann.see(&hook("reader-text"), "可以带狗吗？").await;
    ann.click(&hook("document-change")).await;
    ann.find(&hook("document-form")).await;
    ann.click(&hook("document-title")).await;
    ann.clear().await;
    ann.press("Questions").await;
    ann.choose(&hook("document-room"), "").await;
    ann.click(&hook("document-save")).await;
    ann.see(&hook("reader-title"), "Questions").await;

    ann.click(&hook("document-delete")).await;
    ann.click(&hook("confirm-cancel")).await;
    ann.gone("dialog").await;
    ann.click(&hook("document-delete")).await;
    ann.click(&hook("confirm")).await;
    ann.until("location.pathname === '/documents'").await;
    ann.until(&titles(json!(["Herons"]))).await;
    ann.close().await;
}

#[tokio::test]
async fn a_question_is_tried_out_and_a_passage_unfolds_with_what_stands_around_it() {
    let server = TestServer::start().await;
    let address = server.address();
    store(address, json!({"title": "Herons", "text": HERONS})).await;
    let ann = Window::of("Ann", address, "lobby").await;
    sign_in(&ann).await;
    ann.go(address, "/documents").await;
    is_searchable(&ann, "Herons").await;
    ann.click(&hook("documents-try")).await;
    ann.until("location.pathname === '/documents/try'").await;
    ann.click(&hook("trial-question")).await;
    ann.press("How many grams of fish does a grown heron eat?").await;
    ann.press(Key::Enter).await;
    ann.see(&hook("trial-verdict"), "of these passages").await;
    ann.see(&hook("trial-result"), "five hundred grams").await;
    ann.see(&hook("trial-reasons"), "no. 1 by words").await;
    ann.picture("trial").await;
    ann.clear().await;
    ann.press("How many grams does the heron X900 eat?").await;
    ann.press(Key::Enter).await;
    ann.see(&hook("trial-verdict"), "no document mentions X900").await;

    ann.go(address, "/bot").await;
    ann.composer_has_focus().await;
    ann.say("/ask How many grams of fish does a grown heron eat every day?").await;
    ann.see(&hook("source-text"), "five hundred grams").await;
    let text = format!("document.querySelector(\"{}\").innerText", hook("source-text"));
    assert!(!ann.ask::<String>(&text).await.contains("colonies"), "folded");
    ann.click(&hook("source-more")).await;
    ann.see(&hook("source-text"), "colonies").await;
    ann.see(&hook("source-text"), "catches fish").await;
    ann.see(&format!("{} mark", hook("source-text")), "grams").await;
    ann.picture("unfolded").await;
    ann.close().await;
}

#[tokio::test]
async fn a_pasted_text_is_looked_at_before_it_is_stored() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.go(server.address(), "/documents/new").await;
    ann.click(&hook("way-text")).await;
    ann.click(&hook("paste-text")).await;
    ann.press("<b>Opening hours</b>\n\nEvery day from nine to six.").await;
    ann.click(&hook("paste-next")).await;
    ann.find(&hook("document-form")).await;
    ann.click(&hook("document-title")).await;
    ann.clear().await;
    ann.press("Hours").await;
    ann.press(Key::Enter).await;
    is_searchable(&ann, "Hours").await;
    ann.click(&hook("document-open")).await;
    ann.see(&hook("reader-text"), "<b>Opening hours</b>").await;
    ann.close().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = ServerProcess::start(&folder.path().join("data"), &[]);
    let file = folder.path().join("broken.pdf");
    std::fs::write(&file, "%PDF-1.7 and nothing more").expect("a file");
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.go(server.address(), "/documents/new").await;
    ann.choose_file(&file).await;
    ann.see(&hook("preview-problem"), "damaged").await;
    ann.find(&hook("file-choose")).await;
    ann.close_after("/api/documents/preview").await;
}

/// The titles in the list, newest first, as a condition.
fn lists(titles: &Value) -> String {
    let shown = "Array.from(document.querySelectorAll('[data-testid=document-open]'), (link) => link.innerText)";
    format!("JSON.stringify({shown}) === {}", json!(titles.to_string()))
}

#[tokio::test]
async fn several_files_at_once_are_stored_and_what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = ServerProcess::start(&folder.path().join("data"), &[]);
    let files = [
        ("say \"hi\".md", "# Hello\n\nSay hello."),
        ("broken.pdf", "%PDF-1.7 and nothing more"),
        ("b.txt", "Bees make honey."),
    ];
    let files = files.map(|(name, content)| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    });
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.go(server.address(), "/documents/new").await;
    ann.choose_files(&files).await;
    ann.until("location.pathname === '/documents'").await;
    let titles = json!(["b", "Hello"]);
    ann.until(&lists(&titles)).await;
    let failed = format!("{} [data-state=failed]", hook("uploads"));
    ann.see(&failed, "broken.pdf").await;
    ann.see(&failed, "damaged").await;
    ann.click(&format!("{failed} button")).await;
    ann.gone(&hook("uploads")).await;
    ann.click(&format!("tr:last-child {}", hook("document-open"))).await;
    ann.see(&hook("reader-text"), "Say hello.").await;
    let list = Request::new("GET", &format!("http://{}/api/documents", server.address())).send().await.json();
    let names: Vec<_> =
        list["documents"].as_array().expect("a list").iter().map(|one| &one["origin"]["name"]).collect();
    assert_eq!(names, ["b.txt", "say \"hi\".md"]);
    ann.close_after("/api/documents").await;
}

#[tokio::test]
async fn a_file_takes_the_place_of_another_and_its_original_is_what_was_uploaded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = ServerProcess::start(&folder.path().join("data"), &[]);
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    };
    let second = "\u{feff}# Bats\r\n\r\nBats sleep upside down.\r\n".as_bytes();
    let (first, second_path) = (write("birds.md", HERONS.as_bytes()), write("bats.md", second));
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.go(server.address(), "/documents/new").await;
    ann.choose_file(&first).await;
    ann.click(&hook("document-save")).await;
    ann.until("location.pathname === '/documents'").await;
    ann.click(&hook("document-open")).await;
    ann.see(&hook("reader-text"), "grey heron").await;
    ann.click(&hook("document-change")).await;
    ann.choose_file(&second_path).await;
    ann.until("document.querySelector('[data-testid=page-text]')?.value.includes('upside down')").await;
    ann.see(&hook("document-facts"), "bats.md").await;
    ann.click(&hook("document-save")).await;
    ann.see(&hook("reader-text"), "Bats sleep upside down.").await;
    assert!(
        !ann.ask::<String>("document.querySelector('[data-testid=reader-text]').innerText").await.contains("heron")
    );

    let downloads = folder.path().join("downloads");
    std::fs::create_dir(&downloads).expect("a folder");
    ann.download_to(&downloads).await;
    ann.click(&hook("document-original")).await;
    assert_eq!(downloaded(&downloads.join("bats.md")).await, second);
    ann.close().await;
}

/// What a browser has saved, once it is there: an empty file may have the name until the whole one takes it.
async fn downloaded(path: &Path) -> Vec<u8> {
    let start = std::time::Instant::now();
    while std::fs::metadata(path).map_or(0, |saved| saved.len()) == 0 {
        assert!(start.elapsed() < PATIENCE, "nothing was saved");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    std::fs::read(path).expect("a file")
}

/// A server that has one page; its address.
async fn one_page(page: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.expect("a request"));
            }
            let length = page.len();
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length:";
            stream.write_all(format!("{head} {length}\r\n\r\n{page}").as_bytes()).await.expect("answered");
        }
    });
    address
}

#[tokio::test]
async fn a_page_elsewhere_is_added_by_its_address_where_the_settings_allow_that() {
    let site = one_page("<title>Otters</title><h1>Otters</h1><p>Otters hold hands while they sleep.</p>").await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "[http]\nallow_private_hosts = [\"127.0.0.1\"]\n").expect("the settings");
    let server = ServerProcess::configured(0, &folder.path().join("data"), &config);
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.go(server.address(), "/documents/new").await;
    fetch(&ann, &format!("http://{site}/otters.html")).await;
    ann.until("document.querySelector('[data-testid=page-text]')?.value.includes('hold hands')").await;
    ann.click(&hook("document-save")).await;
    ann.until(&lists(&json!(["Otters"]))).await;
    ann.click(&hook("document-open")).await;
    ann.see(".reader-facts a", "127.0.0.1").await;
    ann.see(&hook("reader-text"), "Otters hold hands").await;
    ann.close().await;
}

#[tokio::test]
async fn an_address_on_the_servers_own_network_is_refused_in_a_sentence() {
    let site = one_page("<p>Nobody's business.</p>").await;
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.go(server.address(), "/documents/new").await;
    fetch(&ann, &format!("http://{site}/")).await;
    ann.see(&hook("preview-problem"), "not on the public internet").await;
    ann.find(&hook("url-input")).await;
    ann.close_after("/api/documents/preview").await;
}

/// Asks for what is at an address.
async fn fetch(window: &Window, url: &str) {
    window.click(&hook("way-url")).await;
    window.click(&hook("url-input")).await;
    window.press(url).await;
    window.click(&hook("url-next")).await;
}

#[tokio::test]
async fn what_was_corrected_is_not_left_without_a_question() {
    let server = TestServer::start().await;
    let id = store(server.address(), json!({"title": "Herons", "text": HERONS})).await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.go(server.address(), &format!("/documents/{id}")).await;
    ann.click(&hook("document-change")).await;
    ann.find(&hook("document-form")).await;
    let room = format!("{}[data-room=lobby]", hook("room-link"));
    // Nothing was changed yet.
    ann.click(&room).await;
    ann.gone(&hook("document-form")).await;
    ann.back().await;
    ann.find(&hook("document-form")).await;

    ann.click(&hook("document-author")).await;
    ann.press("Mira").await;
    let is_kept = format!(
        "!document.querySelector('dialog') && document.querySelector('[data-testid=document-author]').value === 'Mira' &&
            location.pathname + location.search === '/documents/{id}?edit'"
    );
    for way in [room.clone(), hook("document-cancel"), hook("documents-close")] {
        ann.click(&way).await;
        ann.click(&hook("confirm-cancel")).await;
        ann.until(&is_kept).await;
    }
    ann.back().await;
    ann.click(&hook("confirm-cancel")).await;
    ann.until(&is_kept).await;
    ann.back().await;
    ann.click(&hook("confirm")).await;
    ann.see(&hook("reader-title"), "Herons").await;
    ann.until(&format!("location.pathname + location.search === '/documents/{id}'")).await;

    ann.click(&hook("document-change")).await;
    ann.click(&hook("document-author")).await;
    ann.press("Lea").await;
    ann.click(&room).await;
    ann.click(&hook("confirm")).await;
    ann.gone("dialog").await;
    ann.find(&hook("composer")).await;
    // What is stored is left without a question.
    ann.go(server.address(), &format!("/documents/{id}?edit")).await;
    ann.click(&hook("document-author")).await;
    ann.press("Tom").await;
    ann.click(&hook("document-save")).await;
    ann.see(".reader-facts", "Tom").await;
    ann.close().await;
}

#[tokio::test]
async fn another_file_takes_the_place_of_what_was_typed_once_that_is_confirmed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = ServerProcess::start(&folder.path().join("data"), &[]);
    let ann = Window::of("Ann", server.address(), "lobby").await;
    sign_in(&ann).await;
    ann.go(server.address(), "/documents/new").await;
    ann.find(&hook("way-file")).await;
    let shows = |title: &str| {
        format!(
            "document.querySelector('[data-testid=document-title]')?.value === '{title}' &&
                document.querySelector('[data-testid=page-text]').value.includes('About {title}.')"
        )
    };
    drop_file(&ann, "Herons").await;
    ann.until(&shows("Herons")).await;
    drop_file(&ann, "Bats").await;
    ann.until(&shows("Bats")).await;

    ann.click(&hook("document-author")).await;
    ann.press("Mira").await;
    drop_file(&ann, "Newts").await;
    ann.click(&hook("confirm-cancel")).await;
    ann.until(&shows("Bats")).await;
    ann.until("document.querySelector('[data-testid=document-author]').value === 'Mira'").await;
    drop_file(&ann, "Newts").await;
    ann.click(&hook("confirm")).await;
    ann.until(&shows("Newts")).await;
    ann.click(&hook("document-save")).await;
    ann.until("location.pathname === '/documents'").await;

    ann.click(&hook("document-open")).await;
    ann.click(&hook("document-change")).await;
    for name in ["Frogs", "Toads"] {
        ann.click(&hook("document-author")).await;
        ann.press("Mira").await;
        let file = folder.path().join(format!("{name}.md"));
        std::fs::write(&file, format!("About {name}.")).expect("a file");
        ann.choose_file(&file).await;
        ann.click(&hook("confirm")).await;
        let is_shown = format!("document.querySelector('[data-testid=page-text]')?.value === 'About {name}.'");
        ann.until(&is_shown).await;
    }
    ann.close().await;
}

/// Drops a file on the page, as a hand would.
async fn drop_file(window: &Window, title: &str) {
    let drop = format!(
        "(() => {{
            const data = new DataTransfer();
            data.items.add(new File(['# {title}\\n\\nAbout {title}.'], '{title}.md', {{ type: 'text/markdown' }}));
            const event = new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }});
            document.querySelector('[data-testid=documents]').dispatchEvent(event);
        }})()"
    );
    window.ask::<Value>(&drop).await;
}

#[tokio::test]
async fn visitors_read_and_change_nothing() {
    let server = TestServer::start().await;
    let ben = Window::of("Ben", server.address(), "lobby").await;
    ben.click(&hook("documents-link")).await;
    ben.see(&hook("documents-empty"), "look after this server").await;
    assert_eq!(ben.count(&hook("file-input")).await, 0);

    let id = store(server.address(), json!({"title": "Herons", "text": HERONS})).await;
    ben.go(server.address(), "/documents").await;
    is_searchable(&ben, "Herons").await;
    for name in ["document-add", "document-delete"] {
        assert_eq!(ben.count(&hook(name)).await, 0, "{name}");
    }
    ben.click(&hook("document-open")).await;
    ben.see(&hook("reader-text"), "grey heron").await;
    for name in ["document-change", "document-delete"] {
        assert_eq!(ben.count(&hook(name)).await, 0, "{name}");
    }
    for path in ["/documents/new".to_owned(), format!("/documents/{id}?edit")] {
        ben.go(server.address(), &path).await;
        ben.see("[role=alert]", "not change them").await;
    }
    ben.close().await;
}

#[tokio::test]
async fn documents_fit_on_a_phone() {
    let server = TestServer::start().await;
    let id = store(server.address(), json!({"title": "Herons ".repeat(12), "text": HERONS})).await;
    let lea = Window::new(PHONE).await;
    lea.enter("Lea", server.address(), "lobby").await;
    for path in ["/documents".to_owned(), format!("/documents/{id}#0")] {
        lea.go(server.address(), &path).await;
        lea.see("[data-testid=document-row], [data-testid=cited]", "eron").await;
        assert!(lea.ask::<bool>("document.querySelector('.page-body').scrollWidth <= innerWidth").await, "{path}");
    }
    lea.go(server.address(), "/room/lobby").await;
    lea.click(".room-header .only-narrow").await;
    lea.until("document.querySelector('.sidebar').getBoundingClientRect().left === 0").await;
    sign_in(&lea).await;
    for path in ["/documents", "/documents/try", "/documents/questions"] {
        lea.go(server.address(), path).await;
        lea.find("[data-testid=documents-try], [data-testid=trial], [data-testid=questions-none]").await;
        let fits = "document.querySelector('.page-body').scrollWidth <= innerWidth
            && document.documentElement.scrollWidth <= innerWidth";
        assert!(lea.ask::<bool>(fits).await, "{path}");
        lea.picture(&format!("phone-manager{}", path.replace('/', "-"))).await;
    }
    lea.close().await;
}

#[tokio::test]
async fn a_rooms_bot_greets_in_words_of_its_own() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "support").await;
    sign_in(&ann).await;
    ann.click(&hook("room-settings")).await;
    ann.click(&hook("room-settings-bot")).await;
    ann.find(&hook("persona-greeting")).await;
    ann.click(&hook("persona-greeting")).await;
    ann.press("Hello, how may I help you?").await;
    ann.click(&hook("persona-zh-Hans")).await;
    ann.click(&hook("persona-greeting")).await;
    ann.press("您好，很高兴为您服务。").await;
    ann.click(&hook("persona-save")).await;
    ann.gone("dialog").await;
    ann.see(&hook("greeting"), "Hello, how may I help you?").await;

    let ben = Window::of("Ben", server.address(), "support").await;
    ben.see(&hook("greeting"), "Hello, how may I help you?").await;
    assert_eq!(ben.count(&hook("room-settings")).await, 0, "only the owner changes it");
    ben.choose(&hook("language"), "zh-Hans").await;
    ben.see(&hook("greeting"), "您好，很高兴为您服务。").await;

    ann.click(&hook("room-settings")).await;
    ann.click(&hook("room-settings-bot")).await;
    ann.until("document.querySelector('[data-testid=persona-greeting]')?.value === 'Hello, how may I help you?'").await;

    // Whoever is there takes what is changed from the one frame that tells of it.
    ben.ask::<Value>(
        "(() => {
            const { send } = WebSocket.prototype;
            window.sent = [];
            WebSocket.prototype.send = function (frame) { sent.push(JSON.parse(frame).type); send.call(this, frame); };
        })()",
    )
    .await;
    let change = async |greeting| {
        let request = Request::new("PATCH", &format!("http://{}/api/rooms/support", server.address())).by_owner();
        assert_eq!(request.json(json!({"persona": {"greeting": greeting}})).send().await.status, 200);
    };
    change(json!({"zh-Hant": "歡迎光臨", "en": "Welcome"})).await;
    ben.see(&hook("greeting"), "歡迎光臨").await;
    change(json!({})).await;
    ben.gone(&hook("greeting")).await;
    assert!(!ben.ask::<Vec<String>>("sent").await.contains(&"join".to_owned()), "nobody joins again");
    ann.close().await;
    ben.close().await;
}
