//! `kill -9` while an index of an older kind is made anew and takes the old one's place: all is found at any time.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::document_changes_crash::{found, settled, text, until};
use crate::documents::{add, wait_for};
use crate::support::ServerProcess;

const DOCUMENTS: usize = 40;
const SECTIONS: usize = 6;

const OFF: [(&str, &str); 2] = [("CHATBOT_EMBEDDING__SOURCE", "off"), ("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0")];

/// Where indexes of passages lie.
struct Folders<'a> {
    dir: &'a Path,
}

impl Folders<'_> {
    fn has(&self, name: &str) -> bool {
        self.dir.join(name).exists()
    }

    fn files(&self, name: &str) -> usize {
        std::fs::read_dir(self.dir.join(name)).map_or(0, Iterator::count)
    }

    fn stamp(&self) -> Option<String> {
        std::fs::read_to_string(self.dir.join("passages/version")).ok()
    }

    /// Makes the index one of an older version of this program; `false` if a kill left it where the next start puts it right.
    fn make_older(&self) -> bool {
        let Some(stamp) = self.stamp() else { return false };
        let (layout, _) = stamp.split_once('.').expect("a layout and a version");
        std::fs::write(self.dir.join("passages/version"), format!("{layout}.0")).expect("written");
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kills_while_a_new_index_takes_the_place_of_the_old_all_is_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let index = dir.path().join("index");
    let folders = Folders { dir: &index };
    let mut server = ServerProcess::start(dir.path(), &OFF);
    for document in 0..DOCUMENTS {
        add(server.address(), json!({"title": document.to_string(), "text": text(document, SECTIONS, 0)})).await;
    }
    settled(&server, DOCUMENTS).await;
    let stamp = folders.stamp().expect("a version");
    // What is seen of the folders at the moment of the kill.
    let moments: [(&str, &dyn Fn() -> bool); 6] = [
        ("it has just started", &|| true),
        ("the new one is begun", &|| folders.has("passages.new")),
        ("the new one has some files", &|| folders.files("passages.new") > 8),
        ("the new one is gone from its place", &|| !folders.has("passages.new") || folders.has("passages.old")),
        ("the old one is set aside", &|| folders.has("passages.old") || !folders.has("passages.new")),
        ("the new one is in its place", &|| folders.stamp().as_ref() == Some(&stamp)),
    ];
    for (number, (what, holds)) in moments.into_iter().enumerate() {
        server.kill();
        if folders.make_older() {
            server = ServerProcess::start(dir.path(), &OFF);
            if number > 2 {
                until("the new one is begun or done", || {
                    folders.has("passages.new") || folders.stamp().as_ref() == Some(&stamp)
                })
                .await;
            }
            spin_until(what, holds);
            server.kill();
        }
        server = ServerProcess::start(dir.path(), &OFF);
        for document in 0..DOCUMENTS {
            let found = found(&server, document, 0).await;
            assert_eq!(found, BTreeMap::from([(0, 3)]), "document {document} after a kill when {what}");
        }
    }
    let url = format!("http://{}/api/documents", server.address());
    wait_for(&url, |list| list["index"]["state"] == "ready").await;
    until("the old one is gone", || !folders.has("passages.old")).await;
    assert!(!folders.has("passages.new"));
    assert_eq!(folders.stamp(), Some(stamp));
    settled(&server, DOCUMENTS).await;
    for document in 0..DOCUMENTS {
        assert_eq!(found(&server, document, 0).await, BTreeMap::from([(0, 3)]), "document {document}");
    }
}

/// Waits without a pause: some of these moments last less than a millisecond.
fn spin_until(what: &str, holds: &dyn Fn() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < crate::support::PATIENCE, "not in time: {what}");
        std::thread::yield_now();
    }
}
