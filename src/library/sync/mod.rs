//! Keeps documents equal to a folder or a web site: what is new there is added, what has another content is replaced, what is there no
//! more is removed.
//!
//! A document that was made so has a mark with its source ([`Synced`](crate::model::Synced)); no other is ever touched. Each change is
//! one of its own, so that a run that is interrupted loses nothing, and the next one goes on.

mod folder;
mod shelf;
mod site;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

pub use folder::Folder;
pub use shelf::Shelf;
pub use site::{Site, SiteLimits};

use crate::fetch::Validators;
use crate::model::{DocumentId, FileId};

/// Codes of what is refused because it is no document, or one that is there already.
pub const NOT_WANTED: [&str; 3] = ["duplicate", "file_unknown_type", "file_empty"];

/// The documents that earlier runs made, by their paths.
pub type AllKnown = BTreeMap<String, Known>;

/// A document that an earlier run made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: DocumentId,
    /// What it was at the source when it was stored.
    pub content: FileId,
    /// Whether it is used where this run wants it.
    pub is_in_place: bool,
    /// By which the source says whether it has changed.
    pub validators: Validators,
}

/// Something at a source, under the path that is its own there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<B> {
    pub path: String,
    pub finding: Finding<B>,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding<B> {
    /// Something to make a document of, and what tells whether it has changed.
    Content(FileId, B),
    /// A document that is known is what it was.
    Same,
    /// Nothing that is meant to be a document; for people.
    Skipped(String),
    /// It is there and cannot be read now; for people.
    Failed(String),
}

/// Where documents come from.
#[async_trait]
pub trait Source: Send {
    /// What a document is made of.
    type Body: Send;

    /// The next thing that is there; `None` at the end.
    ///
    /// # Errors
    /// For people, if nothing more can be found: then nothing is removed.
    async fn next(&mut self, known: &AllKnown) -> anyhow::Result<Option<Found<Self::Body>>>;

    /// At the end, whether all that is there was found: else nothing is removed.
    fn is_whole(&self) -> bool {
        true
    }
}

/// Where documents are kept.
#[async_trait]
pub trait Target<B>: Send {
    /// The documents that earlier runs made.
    async fn known(&mut self) -> anyhow::Result<AllKnown>;

    /// Makes a document of what is at a path.
    async fn add(&mut self, path: &str, content: &FileId, body: B) -> Result<(), Refused>;

    /// Makes a document equal to what is at its path now.
    async fn update(&mut self, known: &Known, path: &str, content: &FileId, body: B) -> Result<(), Refused>;

    async fn remove(&mut self, known: &Known) -> Result<(), Refused>;
}

/// Why something was not stored; the run goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no kind of document, or the same content is there already.
    NotWanted(String),
    Failed(String),
}

/// How a run is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncOptions {
    /// Remove documents although there is nothing at the source.
    pub allow_empty: bool,
    /// Change nothing.
    pub dry_run: bool,
}

/// What was done with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    Added,
    Updated,
    Unchanged,
    Removed,
    Skipped,
    Failed,
}

impl Done {
    pub const ALL: [Self; 6] =
        [Self::Added, Self::Updated, Self::Unchanged, Self::Removed, Self::Skipped, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Removed => "removed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// How often what was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    counts: [u64; Done::ALL.len()],
    /// Documents that were not found and are kept, because not all of the source was read.
    pub kept: u64,
}

impl Report {
    pub fn count(&self, done: Done) -> u64 {
        self.counts[done as usize]
    }
}

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// There are documents of this source and nothing is found there.
    #[error("nothing was found there, so nothing was removed")]
    Empty,
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

/// Is told what is done.
#[async_trait]
pub trait Listener: Send {
    /// What was done with what is at a path, and why; empty where that goes without saying.
    async fn told(&mut self, done: Done, path: &str, why: &str);
}

/// A run.
struct Run<'a, T> {
    target: &'a mut T,
    options: SyncOptions,
    report: Report,
    listener: &'a mut dyn Listener,
}

/// Makes the documents of a source equal to what is there.
///
/// # Errors
/// If the source or the documents cannot be read. What was done until then stays, and nothing is removed.
pub async fn sync<S: Source, T: Target<S::Body>>(
    source: &mut S,
    target: &mut T,
    options: SyncOptions,
    listener: &mut dyn Listener,
) -> Result<Report, SyncError> {
    let known = target.known().await?;
    let mut run = Run { target, options, report: Report::default(), listener };
    let (mut there, mut is_empty) = (BTreeSet::new(), true);
    while let Some(Found { path, finding }) = source.next(&known).await? {
        is_empty &= !matches!(finding, Finding::Content(..) | Finding::Same);
        let is_there = !matches!(finding, Finding::Skipped(_));
        match finding {
            Finding::Content(content, body) => run.keep(known.get(&path), &path, &content, body).await,
            Finding::Same => run.note(Done::Unchanged, &path, "").await,
            Finding::Skipped(why) => run.note(Done::Skipped, &path, &why).await,
            Finding::Failed(why) => run.note(Done::Failed, &path, &why).await,
        }
        if is_there {
            there.insert(path);
        }
    }
    let gone: Vec<_> = known.iter().filter(|(path, _)| !there.contains(*path)).collect();
    if is_empty && !gone.is_empty() && !options.allow_empty {
        return Err(SyncError::Empty);
    }
    if !source.is_whole() {
        run.report.kept = gone.len() as u64;
        return Ok(run.report);
    }
    for (path, known) in gone {
        run.remove::<S::Body>(known, path).await;
    }
    Ok(run.report)
}

impl<T> Run<'_, T> {
    async fn keep<B: Send>(&mut self, known: Option<&Known>, path: &str, content: &FileId, body: B)
    where
        T: Target<B>,
    {
        let (done, stored) = match known {
            Some(known) if known.content == *content && known.is_in_place => (Done::Unchanged, Ok(())),
            _ if self.options.dry_run => (known.map_or(Done::Added, |_| Done::Updated), Ok(())),
            Some(known) => match self.target.update(known, path, content, body).await {
                // What it was is not there any more, and what is there is no document of its own.
                Err(Refused::NotWanted(why)) => {
                    self.note(Done::Skipped, path, &why).await;
                    return self.remove::<B>(known, path).await;
                }
                updated => (Done::Updated, updated),
            },
            None => (Done::Added, self.target.add(path, content, body).await),
        };
        self.note_stored(done, path, stored).await;
    }

    async fn remove<B>(&mut self, known: &Known, path: &str)
    where
        T: Target<B>,
    {
        let removed = if self.options.dry_run { Ok(()) } else { self.target.remove(known).await };
        self.note_stored(Done::Removed, path, removed).await;
    }

    async fn note_stored(&mut self, done: Done, path: &str, stored: Result<(), Refused>) {
        match stored {
            Ok(()) => self.note(done, path, "").await,
            Err(Refused::NotWanted(why)) => self.note(Done::Skipped, path, &why).await,
            Err(Refused::Failed(why)) => self.note(Done::Failed, path, &why).await,
        }
    }

    async fn note(&mut self, done: Done, path: &str, why: &str) {
        self.report.counts[done as usize] += 1;
        self.listener.told(done, path, why).await;
    }
}

#[cfg(test)]
mod tests;
