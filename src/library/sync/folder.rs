//! The files of a folder, with those of the folders in it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

use super::{AllKnown, Finding, Found, Source};
use crate::model::FileId;
use crate::threads;

/// How many folders within each other are read.
const DEEPEST: usize = 64;

/// A folder.
pub struct Folder {
    root: PathBuf,
    entries: Option<walkdir::IntoIter>,
}

impl Folder {
    /// # Errors
    /// For people, if there is no such folder. Blocks.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let root = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
        if !root.is_dir() {
            anyhow::bail!("{} is not a folder", path.display());
        }
        let entries = WalkDir::new(&root).follow_links(true).max_depth(DEEPEST).min_depth(1).sort_by_file_name();
        Ok(Self { root, entries: Some(entries.into_iter()) })
    }

    /// Where it is, without links.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

#[async_trait]
impl Source for Folder {
    /// Where the file is.
    type Body = PathBuf;

    async fn next(&mut self, _: &AllKnown) -> anyhow::Result<Option<Found<PathBuf>>> {
        let Some(mut entries) = self.entries.take() else { return Ok(None) };
        let root = self.root.clone();
        let looked = threads::blocking(move || {
            let found = look(&mut entries, &root);
            (entries, found)
        });
        let (entries, found) = looked.await.map_err(|_| anyhow::anyhow!("the look at the folder was ended"))?;
        self.entries = Some(entries);
        found
    }
}

/// The next file, or what is skipped.
fn look(entries: &mut walkdir::IntoIter, root: &Path) -> anyhow::Result<Option<Found<PathBuf>>> {
    loop {
        let entry = match entries.next() {
            None => return Ok(None),
            Some(Ok(entry)) => entry,
            Some(Err(error)) => return unreadable(&error, root).map(Some),
        };
        let path = shown(entry.path(), root);
        let skipped = |why: &str| Ok(Some(Found { path: path.clone(), finding: Finding::Skipped(why.to_owned()) }));
        if let Some(why) = is_left_out(&entry, root) {
            if entry.file_type().is_dir() {
                entries.skip_current_dir();
            }
            return skipped(why);
        }
        if entry.file_type().is_dir() {
            continue;
        }
        if !entry.file_type().is_file() {
            return skipped("it is not an ordinary file");
        }
        let finding = match content_of(entry.path()) {
            Ok(content) => Finding::Content(content, entry.into_path()),
            Err(error) => Finding::Failed(error.to_string()),
        };
        return Ok(Some(Found { path, finding }));
    }
}

/// Why something is no document, whatever is in it.
fn is_left_out(entry: &DirEntry, root: &Path) -> Option<&'static str> {
    if entry.file_name().as_encoded_bytes().starts_with(b".") {
        return Some("it is hidden");
    }
    if entry.file_name().to_str().is_none() {
        return Some("its name is not UTF-8");
    }
    let leads_out = || entry.path().canonicalize().is_ok_and(|target| !target.starts_with(root));
    (entry.path_is_symlink() && leads_out()).then_some("it is a link that leads out of the folder")
}

/// What leads nowhere is skipped. Of everything else that cannot be looked at nobody knows what is in it.
fn unreadable(error: &walkdir::Error, root: &Path) -> anyhow::Result<Found<PathBuf>> {
    let path = error.path().unwrap_or(root);
    let why =
        error.io_error().map_or_else(|| "it is a link to a folder that it is in".to_owned(), io::Error::to_string);
    let is_link = path.is_symlink();
    if path == root || !is_link {
        anyhow::bail!("cannot read {}: {why}", path.display());
    }
    Ok(Found { path: shown(path, root), finding: Finding::Skipped(why) })
}

fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

/// The hash of a file's content, as stored files have it.
fn content_of(path: &Path) -> io::Result<FileId> {
    let mut digest = Sha256::new();
    io::copy(&mut File::open(path)?, &mut digest)?;
    Ok(FileId::of(digest.finalize().into()))
}
