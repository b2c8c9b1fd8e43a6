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

/// Codes of what is refused because it is no document.
const NO_DOCUMENT: [&str; 3] = ["file_unknown_type", "file_empty", "scan_without_text"];

/// The code of what is refused because a document of the same content is there.
const DUPLICATE: &str = "duplicate";

/// Things that are put off to the end of a run: documents may have changed places until then.
const MOST_PUT_OFF: usize = 1_000;

/// From how many documents on the loss of more than half of them is taken for a fault of the source.
const MANY: usize = 10;

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
    type Body: Clone + Send;

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
    /// It is no kind of document.
    NoDocument(String),
    /// The same content is there already.
    Duplicate(String),
    Failed(String),
}

impl Refused {
    /// By the code of an error, and its words.
    pub fn new(code: &str, words: String) -> Self {
        match code {
            DUPLICATE => Self::Duplicate(words),
            code if NO_DOCUMENT.contains(&code) => Self::NoDocument(words),
            _ => Self::Failed(words),
        }
    }
}

/// How a run is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncOptions {
    /// Remove documents although there is nothing at the source, or most of them are gone.
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
    /// Of many documents of this source more than half are not found there.
    #[error("more than half of its {0} documents were not found there, so nothing was removed")]
    MostlyGone(usize),
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

/// Is told what is done.
#[async_trait]
pub trait Listener: Send {
    /// What was done with what is at a path, and why; empty where that goes without saying.
    async fn told(&mut self, done: Done, path: &str, why: &str);
}

/// Something that waits for the end of a run.
struct PutOff<'k, B> {
    /// The document of that path.
    known: Option<&'k Known>,
    path: String,
    content: FileId,
    body: B,
    /// Why it was refused; empty if it was not tried.
    why: String,
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
    let contents: BTreeSet<&FileId> = known.values().map(|known| &known.content).collect();
    let mut run = Run { target, options, report: Report::default(), listener };
    let (mut there, mut is_empty, mut put_off) = (BTreeSet::new(), true, Vec::new());
    while let Some(Found { path, finding }) = source.next(&known).await? {
        is_empty &= !matches!(finding, Finding::Content(..) | Finding::Same);
        let is_there = !matches!(finding, Finding::Skipped(_));
        match finding {
            Finding::Content(content, body) => {
                let mut found =
                    PutOff { known: known.get(&path), path: path.clone(), content, body, why: String::new() };
                // It may be one that was elsewhere.
                let may_have_moved = found.known.is_none() && contents.contains(&found.content);
                if may_have_moved || !run.keep(&mut found).await {
                    if put_off.len() < MOST_PUT_OFF {
                        put_off.push(found);
                    } else {
                        run.note(Done::Skipped, &path, &found.why).await;
                    }
                }
            }
            Finding::Same => run.note(Done::Unchanged, &path, "").await,
            Finding::Skipped(why) => run.note(Done::Skipped, &path, &why).await,
            Finding::Failed(why) => run.note(Done::Failed, &path, &why).await,
        }
        if is_there {
            there.insert(path);
        }
    }
    let mut gone: AllKnown = known.iter().filter(|(path, _)| !there.contains(*path)).map(cloned).collect();
    if is_empty && !gone.is_empty() && !options.allow_empty {
        return Err(SyncError::Empty);
    }
    if source.is_whole() {
        put_off = run.move_documents(put_off, &mut gone).await;
        if known.len() >= MANY && 2 * gone.len() > known.len() && !options.allow_empty {
            return Err(SyncError::MostlyGone(known.len()));
        }
        for (path, known) in &gone {
            run.remove::<S::Body>(known, path).await;
        }
    } else {
        run.report.kept = gone.len() as u64;
    }
    run.end(put_off, source.is_whole()).await;
    Ok(run.report)
}

fn cloned((path, known): (&String, &Known)) -> (String, Known) {
    (path.clone(), known.clone())
}

impl<T> Run<'_, T> {
    /// Makes a document of what is there; `false` if the same content is in the way, or it is no document any more.
    async fn keep<B: Clone + Send>(&mut self, found: &mut PutOff<'_, B>) -> bool
    where
        T: Target<B>,
    {
        let PutOff { known, path, content, body, .. } = &*found;
        let (done, stored) = match known {
            Some(known) if known.content == *content && known.is_in_place => (Done::Unchanged, Ok(())),
            _ if self.options.dry_run => (known.map_or(Done::Added, |_| Done::Updated), Ok(())),
            Some(known) => (Done::Updated, self.target.update(known, path, content, body.clone()).await),
            None => (Done::Added, self.target.add(path, content, body.clone()).await),
        };
        match stored {
            Err(Refused::Duplicate(why)) => found.why = why,
            Err(Refused::NoDocument(why)) if known.is_some() => found.why = why,
            stored => {
                self.note_stored(done, &found.path, stored).await;
                return true;
            }
        }
        false
    }

    /// Gives what was put off the documents of the same content that are gone from where they were; the others remain.
    async fn move_documents<'k, B: Clone + Send>(
        &mut self,
        put_off: Vec<PutOff<'k, B>>,
        gone: &mut AllKnown,
    ) -> Vec<PutOff<'k, B>>
    where
        T: Target<B>,
    {
        let mut rest = Vec::new();
        for found in put_off {
            let before = gone.iter().find(|(_, known)| found.known.is_none() && known.content == found.content);
            let Some((path, known)) = before.map(cloned) else {
                rest.push(found);
                continue;
            };
            gone.remove(&path);
            let moved = match self.options.dry_run {
                true => Ok(()),
                false => self.target.update(&known, &found.path, &found.content, found.body).await,
            };
            self.note_stored(Done::Updated, &found.path, moved).await;
        }
        rest
    }

    /// Tries once more what was put off, now that everything else is in its place. What still cannot be a document of its own is none, and
    /// so is what was there before if all of the source was read.
    async fn end<B: Clone + Send>(&mut self, put_off: Vec<PutOff<'_, B>>, is_whole: bool)
    where
        T: Target<B>,
    {
        let mut again = Vec::new();
        for mut found in put_off {
            if self.keep(&mut found).await {
                continue;
            }
            if let Some(known) = found.known.filter(|_| is_whole) {
                self.remove::<B>(known, &found.path).await;
                found.known = None;
            }
            again.push(found);
        }
        for mut found in again {
            let is_tried = found.known.is_none() && self.keep(&mut found).await;
            if !is_tried {
                self.note(Done::Skipped, &found.path, &found.why).await;
            }
        }
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
            Err(Refused::NoDocument(why) | Refused::Duplicate(why)) => self.note(Done::Skipped, path, &why).await,
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
