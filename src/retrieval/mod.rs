//! Hybrid retrieval: finds passages by words and by meaning, in one ranking, and estimates whether they answer the question.
//!
//! Uses words only if search by meaning is off, not ready or too slow. Reads no texts; independent of rooms and people.

mod confidence;
mod fusion;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub use confidence::{Signals, answers_directly};
pub use fusion::fuse;

use crate::analysis;
use crate::documents::Passage;
use crate::embedding::{EmbedError, Embedder, Embedding, VectorHit, Vectors};
use crate::index::{Audience, Hit, IndexError, PassageIndex};
use crate::model::{DocumentNumber, Language, UnknownIdentifier};
use crate::threads::{self, Unfinished};

/// Number of passages from each ranking.
const CANDIDATES: usize = 50;

/// Number of top passages considered for confidence.
const COVERING: usize = 3;

/// Timeout for a question's vector. Loading the model takes a tenth of this.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Idle time after which vectors are unloaded.
const REST: Duration = Duration::from_secs(300);

/// Errors of a lookup.
#[derive(Debug, thiserror::Error)]
pub enum RetrievalError {
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The program is stopping.
    #[error("the look-up ended early")]
    Stopped,
}

/// The result of a lookup.
#[derive(Clone, Debug)]
pub struct Found {
    /// Best first.
    pub hits: Vec<FusedHit>,
    /// Whether the hits are likely to answer the question; otherwise they are merely the nearest.
    pub confident: bool,
    /// The evidence for that.
    pub signals: Signals,
    /// Identifiers in the question that no document has: then nothing answers it.
    pub unknown: Vec<UnknownIdentifier>,
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FusedHit {
    pub document: DocumentNumber,
    pub version: u64,
    pub passage: Passage,
    /// Comparable within one answer only.
    pub score: f32,
}

/// A passage: document, version and number.
type Key = (DocumentNumber, u64, u32);

/// Finds passages.
pub struct Retriever {
    /// `None`: by words only.
    vectors: Option<Arc<Vectors>>,
    embedder: Arc<Embedder>,
}

impl Retriever {
    pub fn new(vectors: Option<Arc<Vectors>>, embedder: Arc<Embedder>) -> Self {
        Self { vectors, embedder }
    }

    /// The best passages for a question, at most `limit`. `allowed` decides which versions of documents may be found.
    pub async fn find(
        &self,
        index: Arc<PassageIndex>,
        question: &str,
        audience: &Audience,
        allowed: impl Fn(DocumentNumber, u64) -> bool + Send + 'static,
        limit: usize,
    ) -> Result<Found, RetrievalError> {
        let meaning = self.meaning(question).await;
        let (question, audience) = (question.to_owned(), audience.clone());
        let cosines_are_known = self.embedder.is_built_in();
        let look_up = move || {
            let near = meaning.map(|(vectors, question)| vectors.search(&question, &allowed, CANDIDATES));
            let mut by_words = index.search(&question, &audience, CANDIDATES)?;
            by_words.retain(|hit| allowed(hit.document, hit.version));
            let found = put_together(&index, &question, by_words, near, cosines_are_known, limit)?;
            let unknown = index.unknown_identifiers(&question, &audience)?;
            Ok(Found { confident: found.confident && unknown.is_empty(), unknown, ..found })
        };
        threads::blocking(look_up).await.map_err(|Unfinished| RetrievalError::Stopped)?
    }

    /// The question's vector and those to compare it with, unless there are none or it takes too long.
    async fn meaning(&self, question: &str) -> Option<(Arc<Vectors>, Embedding)> {
        let vectors = self.vectors.clone().filter(|vectors| !vectors.is_empty())?;
        match tokio::time::timeout(PATIENCE, self.embedder.question(question)).await {
            Ok(Ok(vector)) => Some((vectors, vector)),
            Ok(Err(EmbedError::Off)) => None,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a question is looked up by its words alone");
                None
            }
            Err(_) => {
                tracing::warn!("a question is looked up by its words alone: its vector took too long");
                None
            }
        }
    }

    /// Releases memory whenever there was no question for a while. Runs forever.
    pub async fn give_back_when_unused(&self) {
        let Some(vectors) = &self.vectors else { return std::future::pending().await };
        loop {
            tokio::time::sleep(REST / 5).await;
            let vectors = vectors.clone();
            if threads::blocking(move || vectors.give_back_after(REST)).await.is_err() {
                return;
            }
        }
    }
}

/// Fuses both rankings and looks up positions.
fn put_together(
    index: &PassageIndex,
    question: &str,
    by_words: Vec<Hit>,
    near: Option<Vec<VectorHit>>,
    cosines_are_known: bool,
    limit: usize,
) -> Result<Found, RetrievalError> {
    let cosine = near.as_ref().filter(|_| cosines_are_known).and_then(|near| near.first()).map(|hit| hit.score);
    let words: Vec<Key> = by_words.iter().map(|hit| (hit.document, hit.version, hit.passage.number)).collect();
    let near: Vec<Key> = near.iter().flatten().map(|hit| (hit.document, hit.version, hit.passage)).collect();
    let nearest: Vec<Key> = near.iter().take(COVERING).copied().collect();
    let fused = fusion::fuse(&[&words, &near]);

    let mut places: HashMap<Key, Passage> =
        words.into_iter().zip(by_words.into_iter().map(|hit| hit.passage)).collect();
    let placeless: Vec<Key> = near.into_iter().filter(|key| !places.contains_key(key)).collect();
    // Passages missing from the index are being added or removed, and are skipped until both sides agree.
    places.extend(placeless.iter().zip(index.places(&placeless)?).filter_map(|(&key, place)| Some((key, place?))));
    let hits: Vec<FusedHit> = fused
        .into_iter()
        .filter_map(|((document, version, number), score)| {
            let passage = places.remove(&(document, version, number))?;
            Some(FusedHit { document, version, passage, score })
        })
        .take(limit)
        .collect();

    let best: Vec<Key> =
        hits.iter().take(COVERING).map(|hit| (hit.document, hit.version, hit.passage.number)).collect();
    let covered = |keys: &[Key]| Ok::<_, IndexError>(index.coverage(question, keys)?.into_iter().fold(0.0, f32::max));
    let is_chinese = matches!(analysis::language(question), Language::Simplified | Language::Traditional);
    let signals = Signals { cosine, coverage: covered(&best)?, near_coverage: covered(&nearest)?, is_chinese };
    Ok(Found { confident: !hits.is_empty() && signals.suffice(), hits, signals, unknown: Vec::new() })
}

#[cfg(test)]
mod tests;
