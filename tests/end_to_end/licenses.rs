//! Licences of others' software: the text that the program has is the one that follows from `Cargo.lock`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::command::chatbot;
use crate::support::TestServer;

/// Below the folder of this crate.
const FILE: &str = "THIRD-PARTY-LICENSES.txt";

/// Set to write the file instead of comparing it.
const WRITE: &str = "CHATBOT_WRITE_LICENSES";

/// Needs every crate that any of the targets in `deny.toml` needs.
const TARGET: &str = "x86_64-unknown-linux-gnu";

const HEAD: &str = "\
Software of others in chatbot, with its licences. Where it may be used under one of several, chatbot may be, too.
The numbers are those of the texts at the end.

";

/// What is no crate: its licence, the file with the text, and the file of this repository that says which version it is.
const OTHERS: [(&str, &str, &str, &str); 8] = [
    ("preact", "MIT", "web/vendor/LICENSES/preact.txt", VENDORED),
    ("@preact/signals", "MIT", "web/vendor/LICENSES/preact-signals.txt", VENDORED),
    ("@preact/signals-core", "MIT", "web/vendor/LICENSES/preact-signals.txt", VENDORED),
    ("htm", "Apache-2.0", "web/vendor/LICENSES/htm.txt", VENDORED),
    ("uplot", "MIT", "web/vendor/LICENSES/uplot.txt", VENDORED),
    ("uqr", "MIT", "web/vendor/LICENSES/uqr.txt", VENDORED),
    ("intfloat/multilingual-e5-small", "MIT", "models/e5-small-en-zh/LICENSE", "models/e5-small-en-zh/README.md"),
    ("Unicode Character Database", "Unicode-3.0", "src/analysis/LICENSE-UNICODE", "src/analysis/radicals.rs"),
];

const VENDORED: &str = "web/vendor/README.md";

/// How the names of files with licences begin, in lower case.
const NAMES: [&str; 6] = ["license", "licence", "copying", "copyright", "notice", "unlicense"];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_matches('\n').into()
}

/// What cargo knows about all crates that this one is built from.
fn metadata() -> Value {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["metadata", "--format-version=1", "--locked", "--filter-platform", TARGET]);
    let output = command.current_dir(here("")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The crates in the binary, by name and version: what this one needs to run, and the macros that wrote parts of it.
fn crates(metadata: &Value) -> BTreeMap<(&str, &str), &Value> {
    let packages: BTreeMap<_, _> = each(&metadata["packages"]).map(|package| (text(&package["id"]), package)).collect();
    let resolve = &metadata["resolve"];
    let nodes: BTreeMap<_, _> = each(&resolve["nodes"]).map(|node| (text(&node["id"]), node)).collect();
    let root = text(&resolve["root"]);
    let (mut found, mut left) = (BTreeSet::new(), vec![root]);
    while let Some(id) = left.pop() {
        let is_macro =
            each(&packages[id]["targets"]).any(|target| each(&target["kind"]).any(|kind| kind == "proc-macro"));
        if found.insert(id) && !is_macro {
            let needed =
                each(&nodes[id]["deps"]).filter(|needed| each(&needed["dep_kinds"]).any(|kind| kind["kind"].is_null()));
            left.extend(needed.map(|needed| text(&needed["pkg"])));
        }
    }
    found.remove(root);
    found.into_iter().map(|id| packages[id]).map(|one| ((text(&one["name"]), text(&one["version"])), one)).collect()
}

/// The files with licences that a crate carries, also those of software inside it.
fn carried(folder: &Path) -> Vec<PathBuf> {
    let is_license = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        NAMES.iter().any(|begin| name.starts_with(begin)) && !name.ends_with(".rs")
    };
    let (mut files, mut left) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() && (is_license(&path) || is_license(&folder)) {
                files.push(path);
            } else if path.is_dir() && !path.ends_with("tests") {
                left.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Texts, each once, in the order in which they were first needed.
#[derive(Default)]
struct Texts {
    texts: Vec<String>,
    /// By their words: line breaks differ without meaning.
    numbers: BTreeMap<String, usize>,
}

impl Texts {
    /// Its number, from 1.
    fn number(&mut self, text: &str) -> usize {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        *self.numbers.entry(words).or_insert_with(|| {
            self.texts.push(text.to_owned());
            self.texts.len()
        })
    }

    fn numbers(&mut self, files: &[PathBuf]) -> String {
        let texts: Vec<_> = files.iter().map(|file| read(file)).collect();
        // Most Apache licences differ only in an appendix, where some write their names.
        let parts = texts.iter().flat_map(|text| text.split_inclusive("END OF TERMS AND CONDITIONS\n"));
        let parts = parts.map(|part| part.trim_matches('\n')).filter(|part| !part.is_empty());
        let numbers: BTreeSet<_> = parts.map(|part| self.number(part)).collect();
        numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// The version beside a name in a text, where there is one.
fn version_in(text: &str, name: &str) -> String {
    let rest = text.split(&format!("`{name}` ")).nth(1).unwrap_or_default();
    let version = rest.split_whitespace().next().unwrap_or_default();
    if version.starts_with(|c: char| c.is_ascii_digit()) { format!(" {version}") } else { String::new() }
}

/// The whole text.
fn licenses() -> String {
    let (metadata, mut texts) = (metadata(), Texts::default());
    let mut list = HEAD.to_owned();
    for (name, license, file, about) in OTHERS {
        let (about, numbers) = (read(&here(about)), texts.numbers(&[here(file)]));
        assert!(about.contains(name), "{name}");
        writeln!(list, "{name}{}: {license} [{numbers}]", version_in(&about, name)).expect("memory");
    }
    for ((name, version), package) in crates(&metadata) {
        let folder = Path::new(text(&package["manifest_path"])).parent().expect("a folder");
        let license = text(&package["license"]);
        assert!(!license.is_empty(), "{name} says nothing about its licence");
        let origin = match texts.numbers(&carried(folder)) {
            // It carries no text: then where it is from, and its authors.
            none if none.is_empty() => {
                let authors: Vec<_> = each(&package["authors"]).map(text).collect();
                format!("{} {}", text(&package["repository"]), authors.join(", ")).trim_end().to_owned()
            }
            numbers => format!("[{numbers}]"),
        };
        writeln!(list, "{name} {version}: {license} {origin}").expect("memory");
    }
    for (index, text) in texts.texts.iter().enumerate() {
        write!(list, "\n----- [{}] -----\n\n{text}\n", index + 1).expect("memory");
    }
    list
}

#[test]
fn the_text_is_that_of_the_crates_in_the_lock_file() {
    let (expected, path) = (licenses(), here(FILE));
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &expected).expect("written");
    }
    let found = std::fs::read_to_string(&path).expect("text");
    let difference = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    let how = format!("write {FILE} anew: {WRITE}=1 cargo test --test end_to_end -- licenses");
    assert_eq!(difference, None, "{how}");
    assert_eq!(found.len(), expected.len(), "{how}");
}

#[test]
fn everything_that_is_vendored_is_in_the_text() {
    let about = read(&here(VENDORED));
    let rows = about.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').nth(2));
    let packages: BTreeSet<_> = rows.collect();
    assert!(packages.len() >= 5, "{packages:?}");
    for package in packages {
        assert!(OTHERS.iter().any(|(name, ..)| *name == package), "{package}");
    }
}

#[tokio::test]
async fn command_and_server_give_the_text() {
    let expected = std::fs::read_to_string(here(FILE)).expect("text");
    let said = tokio::task::spawn_blocking(|| chatbot(&[], &["licenses"]).out()).await.expect("it ends");
    assert!(said == expected, "{} bytes", said.len());
    for part in
        ["preact 11.", "multilingual-e5-small: MIT [", "\ntokio 1.", "\nuplot 1.", "Permission is hereby granted"]
    {
        assert!(said.contains(part), "{part:?}");
    }

    let server = TestServer::start().await;
    let plain = server.request("GET", "/licenses").header("accept-encoding", "identity").send().await;
    assert_eq!((plain.status, plain.header("content-type")), (200, "text/plain; charset=utf-8"));
    assert!(plain.header("content-encoding").is_empty() && plain.text() == expected);
    assert_eq!(plain.header("x-content-type-options"), "nosniff");
    let packed = server.request("GET", "/licenses").header("accept-encoding", "gzip").send().await;
    assert_eq!(
        (packed.status, packed.header("content-encoding"), packed.header("vary")),
        (200, "gzip", "Accept-Encoding")
    );
    assert!(packed.bytes.len() < plain.bytes.len() / 5, "{} bytes", packed.bytes.len());
    let mut unpacked = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed.bytes[..]), &mut unpacked).expect("gzip");
    assert!(unpacked == expected);
    assert_eq!(server.request("HEAD", "/licenses").send().await.status, 200);
}
