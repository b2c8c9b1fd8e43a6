//! `chatbot documents sync` with a real folder and a real server.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Said, chatbot_on};
use crate::support::ServerProcess;

/// A data folder with a server, and a folder of documents.
struct Place {
    dir: tempfile::TempDir,
    _server: ServerProcess,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let server = ServerProcess::start(dir.path(), &[("CHATBOT_EMBEDDING__SOURCE", "off")]);
        fs::create_dir_all(dir.path().join("docs/sub")).expect("made");
        Self { dir, _server: server }
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.dir.path().join("docs").join(path), text).expect("written");
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.dir.path().join("docs").join(path)).expect("removed");
    }

    fn run(&self, arguments: &[&str]) -> Said {
        chatbot_on(self.dir.path(), &[&["documents"], arguments].concat())
    }

    fn sync(&self, more: &[&str]) -> Said {
        let folder = self.dir.path().join("docs");
        self.run(&[&["sync", path(&folder)], more].concat())
    }

    /// The titles of all documents.
    fn titles(&self) -> Vec<String> {
        let list: Value = serde_json::from_str(&self.run(&["list", "--json"]).out()).expect("JSON");
        let title = |document: &Value| document["title"].as_str().expect("a title").to_owned();
        let mut titles: Vec<_> = list.as_array().expect("a list").iter().map(title).collect();
        titles.sort();
        titles
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("text")
}

fn last(said: &str) -> &str {
    said.lines().last().unwrap_or_default()
}

#[tokio::test]
async fn documents_follow_the_files_of_a_folder() {
    let place = Place::new();
    place.write("hours.md", "# Hours\n\nThe office opens at nine.");
    place.write("sub/prices.txt", "The kettle costs ninety florins.");
    place.write("copy.md", "# Hours\n\nThe office opens at nine.");
    fs::write(place.dir.path().join("docs/film.mp4"), b"\0\0\0\x18ftypmp42\0\0").expect("written");
    place.write(".hidden.md", "# Hidden\n\nNobody reads this.");
    fs::write(place.dir.path().join("by-hand.md"), "# By hand\n\nSomebody added this.").expect("written");
    place.run(&["add", path(&place.dir.path().join("by-hand.md"))]).out();

    let dry = place.sync(&["--dry-run"]).out();
    assert!(dry.contains("added      hours.md\n") && last(&dry).starts_with("Nothing was changed."), "{dry}");
    assert_eq!(place.titles(), ["By hand"]);
    let first = place.sync(&[]).out();
    assert_eq!(last(&first), "2 added, 0 updated, 0 unchanged, 0 removed, 3 skipped, 0 failed", "{first}");
    assert!(first.contains("skipped    .hidden.md: it is hidden\n"), "{first}");
    assert!(first.contains("skipped    hours.md: The same content is there already: “Hours”"), "{first}");
    assert_eq!(place.titles(), ["By hand", "Hours", "prices"]);
    assert_eq!(last(&place.sync(&[]).out()), "0 added, 0 updated, 2 unchanged, 0 removed, 3 skipped, 0 failed");

    place.write("copy.md", "# Hours\n\nThe office opens at ten.");
    place.remove("hours.md");
    place.remove("sub/prices.txt");
    place.write("sub/new.md", "# New\n\nThe gate is green.");
    let second = place.sync(&["--json"]).out();
    let second: Value = serde_json::from_str(&second).expect("JSON");
    let counts = ["added", "updated", "unchanged", "removed", "skipped", "failed"].map(|name| second[name].as_u64());
    assert_eq!(counts, [1, 1, 0, 1, 2, 0].map(Some), "{second:#}");
    assert_eq!(place.titles(), ["By hand", "Hours", "New"]);
    let answer = place.run(&["list", "--find", "Hours", "--json"]).out();
    assert!(answer.contains("copy.md"), "{answer}");
}

#[tokio::test]
async fn a_folder_that_is_empty_or_gone_removes_nothing_unless_told() {
    let place = Place::new();
    place.write("hours.md", "# Hours\n\nThe office opens at nine.");
    place.sync(&["--source", "handbook"]).out();
    // Another source has nothing to do with it.
    place.remove("hours.md");
    assert_eq!(
        last(&place.sync(&["--source", "other"]).out()),
        "0 added, 0 updated, 0 unchanged, 0 removed, 0 skipped, 0 failed"
    );
    let empty = place.sync(&["--source", "handbook"]);
    assert_eq!(empty.code, Some(1));
    assert!(empty.err.contains("nothing was found there, so nothing was removed"), "{}", empty.err);
    let gone = place.run(&["sync", "/nowhere/at/all", "--source", "handbook"]);
    assert!(gone.code == Some(1) && gone.err.contains("/nowhere/at/all"), "{}", gone.err);
    assert_eq!(place.titles(), ["Hours"]);
    let told = place.sync(&["--source", "handbook", "--allow-empty"]).out();
    assert_eq!(last(&told), "0 added, 0 updated, 0 unchanged, 1 removed, 0 skipped, 0 failed");
    assert!(place.titles().is_empty());
}

#[tokio::test]
async fn documents_of_a_source_go_where_the_next_run_wants_them() {
    let place = Place::new();
    place.write("hours.md", "# Hours\n\nThe office opens at nine.");
    place.run(&["collections", "add", "Handbook"]).out();
    place.sync(&[]).out();
    let moved = place.sync(&["--collection", "handbook"]).out();
    assert_eq!(last(&moved), "0 added, 1 updated, 0 unchanged, 0 removed, 0 skipped, 0 failed");
    assert!(place.run(&["list", "--collection", "Handbook"]).out().contains("Hours"));
    assert_eq!(
        last(&place.sync(&["--collection", "Handbook"]).out()),
        "0 added, 0 updated, 1 unchanged, 0 removed, 0 skipped, 0 failed"
    );
    let refused = place.sync(&["--collection", "Nothing"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.out.contains("failed     hours.md: There is no collection"), "{}", refused.out);
    assert_eq!(place.titles(), ["Hours"]);
}
