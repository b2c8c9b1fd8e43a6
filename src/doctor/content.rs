//! The data themselves, of a server that does not run: the store by its own rules, documents' files by their hashes, and the
//! indexes by what the store has.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::{absolute, backups, shown};
use crate::config::Config;
use crate::index::{IndexError, MessageIndex, PassageIndex};
use crate::library;
use crate::model::{Diagnosis, Document, FileId};
use crate::search;
use crate::store::{self, EngineError, Quotas, Store, StoreOptions};
use crate::threads;

/// Memory for reading the store, in bytes.
const CACHE: u64 = 12 * 1024 * 1024;

/// Documents that are named; there may be many.
const MOST_NAMED: usize = 5;

/// Examines the data. Blocking; takes as long as it takes to read them.
pub fn look(config: &Config) -> Vec<Diagnosis> {
    let dir = absolute(config);
    let store_dir = dir.join("store");
    let Ok(found) = std::fs::metadata(&store_dir) else { return Vec::new() };
    // What it would write belonged to somebody else than the server's user.
    if found.uid() != rustix::process::geteuid().as_raw() {
        return vec![Diagnosis::warning("store-not-examined").with("user", found.uid())];
    }
    if store::is_of_older_version(&store_dir) {
        return vec![Diagnosis::warning("store-old")];
    }
    let options = StoreOptions { cache_bytes: CACHE, min_free_bytes: 0, quotas: Quotas::NONE };
    let (store, closing) = match Store::open(&store_dir, options, |_| {}) {
        Ok(opened) => opened,
        Err(EngineError::Locked(_)) => return vec![Diagnosis::warning("store-locked").with("dir", shown(&store_dir))],
        Err(error) => return vec![Diagnosis::fault("store-damaged").with("problem", error)],
    };
    let mut findings = of_store(&store, &dir);
    if let Ok(last) = threads::wait(store.last_backup()) {
        findings.push(backups::age(config, last.map(|note| note.at)));
    }
    drop(store);
    closing.wait();
    findings
}

fn of_store(store: &Arc<Store>, dir: &Path) -> Vec<Diagnosis> {
    if let Err(problem) = threads::wait(store.check()) {
        return vec![Diagnosis::fault("store-damaged").with("problem", problem)];
    }
    let mut documents = Vec::new();
    if let Err(error) = threads::wait(store.each_document(|document| documents.push(document))) {
        return vec![Diagnosis::fault("store-damaged").with("problem", error)];
    }
    let mut findings = vec![Diagnosis::fine("store-fine").with("documents", documents.len())];
    findings.extend(files(&documents, &dir.join("files")));
    findings.extend(passages(&documents, &library::passages_dir(&dir.join("index"))));
    findings.extend(messages(store, &search::messages_dir(&dir.join("index"))));
    findings
}

/// Whether the files of all documents are there, and what was stored.
fn files(documents: &[Document], dir: &Path) -> Vec<Diagnosis> {
    let (mut missing, mut damaged) = (Vec::new(), Vec::new());
    for document in documents {
        let files = [&document.text].into_iter().chain(&document.origin.file);
        let whole: Result<Vec<bool>, _> = files.map(|file| is_whole(&dir.join(file.as_str()), file)).collect();
        match whole {
            Ok(whole) if whole.iter().all(|is_whole| *is_whole) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(document.title.as_str()),
            _ => damaged.push(document.title.as_str()),
        }
    }
    let some = |titles: Vec<&str>, finding: Diagnosis| {
        let named = titles[..titles.len().min(MOST_NAMED)].join(", ");
        (!titles.is_empty()).then(|| finding.with("count", titles.len()).with("titles", named))
    };
    let missing = some(missing, Diagnosis::fault("file-missing"));
    missing.into_iter().chain(some(damaged, Diagnosis::fault("file-damaged"))).collect()
}

fn is_whole(path: &Path, id: &FileId) -> io::Result<bool> {
    use sha2::{Digest, Sha256};
    let mut digest = Sha256::new();
    io::copy(&mut File::open(path)?, &mut digest)?;
    Ok(FileId::of(digest.finalize().into()) == *id)
}

/// Whether the index of documents has what the store has. One that is not there is made at the next start.
fn passages(documents: &[Document], dir: &Path) -> Option<Diagnosis> {
    if !dir.exists() {
        return (!documents.is_empty()).then(|| Diagnosis::warning("index-behind").with("missing", documents.len()));
    }
    let index = PassageIndex::open(dir).and_then(|index| index.contents());
    let contents = match index {
        Ok(contents) => contents,
        Err(error) => return Some(damaged(&error, dir)),
    };
    let is_missing = |document: &&Document| contents.get(&document.number) != Some(&document.version);
    match documents.iter().filter(is_missing).count() {
        0 => None,
        missing => Some(Diagnosis::warning("index-behind").with("missing", missing)),
    }
}

/// Whether the index of messages has what the store has.
fn messages(store: &Arc<Store>, dir: &Path) -> Option<Diagnosis> {
    if !dir.exists() {
        return None;
    }
    let indexed = match MessageIndex::open(dir).and_then(|index| index.rooms()) {
        Ok(indexed) => indexed,
        Err(error) => return Some(damaged(&error, dir)),
    };
    let mut missing = 0;
    for room in threads::wait(store.room_numbers()).ok()? {
        let last = threads::wait(store.last_seq(room)).ok()?;
        missing += last.saturating_sub(indexed.get(&room.get()).map_or(0, |known| *known.end()));
    }
    // Deleted messages at a room's end are in no index.
    (missing > 1_000).then(|| Diagnosis::warning("index-behind").with("missing", missing))
}

fn damaged(error: &IndexError, dir: &Path) -> Diagnosis {
    Diagnosis::warning("index-damaged").with("problem", error).with("dir", shown(dir))
}
