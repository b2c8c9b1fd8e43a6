//! Scans and pictures as documents: `tesseract` recognises what stands on them; `tests/run` installs it. `tests/pdf/scans.py` made them.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use chatbot::documents::{ExtractLimits, Extracted, Extractor, Recogniser, Recognising};
use chatbot::process::Programs;
use serde_json::{Value, json};

use crate::support::{OWNER_KEY, PATIENCE, Request, ServerProcess};

fn scans() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scans")
}

/// What stands on the page of that name.
fn lines(name: &str) -> Vec<String> {
    let all = std::fs::read(scans().join("lines.json")).expect("the lines");
    let all: Value = serde_json::from_slice(&all).expect("JSON");
    all[name].as_array().expect("lines").iter().map(|line| line.as_str().expect("a line").to_owned()).collect()
}

/// Reads a file, with the languages that are recognised; afterwards nothing may be left of any process.
async fn read(file: &Path, name: &str, languages: &[&str]) -> (Result<Extracted, String>, Vec<Recognising>) {
    let programs = Programs::new(env!("CARGO_BIN_EXE_chatbot").into());
    let folder = tempfile::tempdir().expect("a folder");
    let languages = languages.iter().map(ToString::to_string).collect();
    let recogniser = Recogniser::new(programs.clone(), languages, folder.path().into(), Vec::new());
    let extractor = Extractor::new(programs.clone(), ExtractLimits::default(), Some(recogniser));
    let told = Mutex::new(Vec::new());
    let extracted = extractor.extract(file, name, None, |at| told.lock().expect("news").push(at)).await;
    tokio::time::timeout(PATIENCE, programs.all_ended()).await.expect("nothing is left");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "no picture is left");
    (extracted.map_err(|text| text.code().to_owned()), told.into_inner().expect("news"))
}

const LANGUAGES: [&str; 4] = ["eng", "chi_sim", "chi_tra", "not_installed"];

#[tokio::test]
async fn pages_of_a_pdf_that_are_pictures_are_recognised_however_they_are_stored() {
    let (read, told) = read(&scans().join("scan.pdf"), "scan.pdf", &LANGUAGES).await;
    let read = read.expect("it is read; tests/run installs tesseract");
    let pages: Vec<&str> = read.text.split('\x0c').collect();
    assert_eq!((pages.len(), read.pages, &read.recognised), (7, Some(7), &vec![2, 3, 4, 5, 6, 7]), "{pages:?}");
    assert!(pages[0].contains("This first page of the handbook is text."), "{pages:?}");
    for (page, name) in pages[1..].iter().zip(["gray", "fax", "strips", "jpx", "turned", "layers"]) {
        for line in lines(name) {
            assert!(page.contains(&line), "{name}: {line:?} is not in {page:?}");
        }
    }
    let steps: Vec<_> = (1..=6).map(|page| Recognising { page, pages: 6 }).collect();
    assert_eq!(told, steps);
}

#[tokio::test]
async fn pictures_of_every_kind_are_recognised() {
    for (file, names) in [
        ("page.png", &["gray"][..]),
        ("page.jpg", &["gray"]),
        ("page.webp", &["gray"]),
        ("pages.tif", &["gray", "fax"]),
    ] {
        let (read, told) = read(&scans().join(file), file, &["eng"]).await;
        let read = read.unwrap_or_else(|code| panic!("{file}: {code}"));
        let pages: Vec<&str> = read.text.split('\x0c').collect();
        let expected: Vec<String> = names.iter().flat_map(|name| lines(name)).collect();
        assert_eq!(pages, expected, "{file}");
        assert_eq!((read.pages, told.len()), (Some(names.len() as u32), names.len()), "{file}");
    }
}

#[tokio::test]
async fn a_page_that_lies_on_its_side_is_turned() {
    let (read, _) = read(&scans().join("sideways.png"), "sideways.png", &["eng"]).await;
    let (text, expected) = (read.expect("it is read").text, lines("sideways").join(" "));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&text), words(&expected));
}

#[tokio::test]
async fn without_what_recognises_them_scans_are_refused_and_mixed_files_keep_their_text() {
    for languages in [&[][..], &["not_installed"]] {
        let (mixed, _) = read(&scans().join("scan.pdf"), "scan.pdf", languages).await;
        let mixed = mixed.expect("its text");
        assert_eq!((mixed.text.split('\x0c').count(), mixed.recognised.len()), (7, 0));
        let (picture, _) = read(&scans().join("page.png"), "page.png", languages).await;
        assert_eq!(picture.expect_err("refused"), "scan_without_text");
    }
}

#[tokio::test]
async fn hostile_pictures_end_with_a_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let huge = |width: u32, height: u32| {
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &size, b"\x08\x06\0\0\0\0\0\0\0"].concat()
    };
    let pdf = |picture: &str| {
        let stream = format!("<</Type/XObject/Subtype/Image{picture}/Length 3>>\nstream\nabc\nendstream");
        crate::files::pdf_of(&[
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<</XObject<</P 5 0 R>>>>>>",
            "<</Length 31>>\nstream\nq 100 0 0 100 0 0 cm /P Do Q   \nendstream",
            &stream,
            "<<>>",
        ])
    };
    for (name, content, expected) in [
        ("a bomb.png", huge(65_000, 65_000), "file_too_big"),
        ("a ribbon.png", huge(40_000, 10), "file_too_big"),
        ("empty.png", huge(1_000, 1_000), "file_broken"),
        ("cut off.png", b"\x89PNG\r\n\x1a\n".to_vec(), "file_broken"),
        ("endless.tif", b"II*\0\x08\0\0\0\0\0\x08\0\0\0".to_vec(), "file_broken"),
        ("a bomb.pdf", pdf("/Width 65000/Height 65000/ColorSpace/DeviceGray/BitsPerComponent 8"), "file_too_big"),
        ("a wrong fax.pdf", pdf("/Width 9/Height 9/Filter/CCITTFaxDecode"), "file_empty"),
        ("no JPEG.pdf", pdf("/Width 9/Height 9/ColorSpace/DeviceRGB/Filter/DCTDecode"), "file_empty"),
    ] {
        let file = dir.path().join("upload");
        std::fs::write(&file, content).expect("written");
        let (read, _) = read(&file, name, &["eng"]).await;
        assert_eq!(read.expect_err("refused"), expected, "{name}");
    }
}

fn form(name: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    [head.as_bytes(), content, b"\r\n--x--\r\n"].concat()
}

#[tokio::test]
async fn who_uploads_a_scan_is_told_how_far_it_is_and_what_was_recognised() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[("CHATBOT_ACCOUNTS__OWNER_KEY", OWNER_KEY)]);
    let url = format!("http://{}/api/documents/preview", server.address());
    let content = std::fs::read(scans().join("pages.tif")).expect("a scan");
    let upload = |accept: &str| {
        let request = Request::new("POST", &url).by_owner().header("accept", accept);
        request.header("content-type", "multipart/form-data; boundary=x").body(form("pages.tif", &content)).send()
    };
    let told = tokio::time::timeout(4 * PATIENCE, upload("application/x-ndjson")).await.expect("in time");
    assert_eq!((told.status, told.header("content-type")), (200, "application/x-ndjson"));
    let lines: Vec<Value> = told
        .text()
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines[0], json!({"recognising": {"page": 1, "pages": 2}}));
    assert_eq!(lines[1], json!({"recognising": {"page": 2, "pages": 2}}));
    let draft = &lines[2]["done"];
    assert_eq!(
        (&draft["recognised"], &draft["pages"], &draft["pages_without_text"]),
        (&json!([1, 2]), &json!(2), &json!(0))
    );
    let plain = tokio::time::timeout(4 * PATIENCE, upload("*/*")).await.expect("in time").json();
    assert_eq!(plain["text"], draft["text"]);
    let refused = form("noise.png", b"\x89PNG\r\n\x1a\nnoise");
    let request = Request::new("POST", &url).by_owner().header("accept", "application/x-ndjson");
    let refused = request.header("content-type", "multipart/form-data; boundary=x").body(refused).send();
    let refused = tokio::time::timeout(Duration::from_secs(60), refused).await.expect("in time");
    assert_eq!(refused.json()["error"]["code"], "file_broken", "{}", refused.text());
}
