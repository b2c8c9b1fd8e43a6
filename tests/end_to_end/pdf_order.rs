//! PDFs as people make them, with LaTeX, a browser and a word processor: each sentence comes out whole, each row of a table on a line.
//!
//! `tests/pdf/make.py` makes them; a few are kept in `tests/data/pdf`. The long form reads a folder of them and holds the order
//! against that of poppler:
//!
//! ```sh
//! tests/pdf/make.py /tmp/pdfs
//! CHATBOT_PDFS=/tmp/pdfs cargo test --test end_to_end -- --ignored --exact pdf_order::poppler_tears_no_fewer_sentences
//! ```

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::extract::extract;

/// What has to be read from a file.
#[derive(Deserialize)]
struct Expected {
    sentences: Vec<String>,
    /// The cells of each row.
    rows: Vec<Vec<String>>,
}

/// What of it is missing in a text.
#[derive(Default)]
struct Missing {
    sentences: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Expected {
    fn of(pdf: &Path) -> Self {
        let file = std::fs::read(pdf.with_extension("json")).expect("what has to be read");
        serde_json::from_slice(&file).expect("sentences and rows")
    }

    fn missing_in(&self, text: &str) -> Missing {
        let is_chinese = self.sentences.iter().any(|sentence| sentence.ends_with('。'));
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(if is_chinese { "" } else { " " });
        let (whole, rows) = (plain(text), text.split(['\n', '\x0c']).map(cells).collect::<Vec<_>>());
        let is_torn = |sentence: &&String| !whole.contains(&plain(sentence));
        Missing {
            sentences: self.sentences.iter().filter(is_torn).cloned().collect(),
            rows: self.rows.iter().filter(|row| !rows.contains(row)).cloned().collect(),
        }
    }
}

fn cells(line: &str) -> Vec<String> {
    line.split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn pdfs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let mut pdfs: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "pdf")).collect();
    pdfs.sort();
    pdfs
}

async fn text_of(pdf: &Path) -> String {
    extract("a.pdf", &std::fs::read(pdf).expect("a file")).await.expect("a readable file").text
}

#[tokio::test]
async fn sentences_and_rows_of_all_kinds_of_pages_are_whole() {
    let pdfs = pdfs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pdf"));
    assert!(pdfs.len() >= 12, "{}", pdfs.len());
    for pdf in pdfs {
        let text = text_of(&pdf).await;
        let Missing { sentences, rows } = Expected::of(&pdf).missing_in(&text);
        assert!(sentences.is_empty() && rows.is_empty(), "{}: {sentences:?} {rows:?}\n{text}", pdf.display());
    }
}

#[tokio::test]
#[ignore = "needs a folder of PDFs, and poppler-utils"]
async fn poppler_tears_no_fewer_sentences() {
    let folder = std::env::var_os("CHATBOT_PDFS").expect("CHATBOT_PDFS names the folder that tests/pdf/make.py made");
    let pdfs = pdfs(Path::new(&folder));
    assert!(pdfs.len() >= 40, "{}", pdfs.len());
    let (mut all, mut torn, mut torn_there, mut rows, mut lost) = (0, 0, 0, 0, 0);
    for pdf in pdfs {
        let expected = Expected::of(&pdf);
        let here = expected.missing_in(&text_of(&pdf).await);
        let there = Command::new("pdftotext").arg(&pdf).arg("-").output().expect("poppler-utils");
        let there = expected.missing_in(&String::from_utf8_lossy(&there.stdout).replace("-\n", ""));
        println!(
            "{}: torn {} (poppler {}) of {}, rows lost {} of {}",
            pdf.file_name().unwrap_or_default().display(),
            here.sentences.len(),
            there.sentences.len(),
            expected.sentences.len(),
            here.rows.len(),
            expected.rows.len()
        );
        all += expected.sentences.len();
        torn += here.sentences.len();
        torn_there += there.sentences.len();
        rows += expected.rows.len();
        lost += here.rows.len();
    }
    println!("torn {torn} (poppler {torn_there}) of {all}, rows lost {lost} of {rows}");
    assert!(torn * 100 <= all && torn <= torn_there && lost * 10 <= rows);
}
