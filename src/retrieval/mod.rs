//! Hybrid retrieval: finds passages by words and by meaning, in one ranking, and estimates whether they answer the question.
//!
//! Uses words only if search by meaning is off, not ready or too slow. Reads no texts; independent of rooms and people.

mod confidence;
mod context;
mod fusion;
mod other_language;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

pub use confidence::{Signals, answers_directly};
pub use fusion::fuse;

use crate::analysis;
use crate::documents::Passage;
use crate::embedding::{EmbedError, Embedded, Embedder, PassageKey, Vectors};
use crate::index::{Audience, Hit, IndexError, PassageIndex};
use crate::model::{DocumentNumber, Language, UnknownIdentifier};
use crate::threads::{self, Unfinished};

/// Number of passages from each ranking.
const CANDIDATES: usize = 50;

/// Number of top passages considered for confidence.
const COVERING: usize = 3;

/// Number of passages whose tokens are compared with the question's. With 10, the quality bench's recall is two points lower.
const COMPARED_CLOSELY: usize = 20;

/// What their order by that counts beside those by words and by meaning.
const SIMILARITY_WEIGHT: f32 = 2.0;

/// Cosine from which on two questions ask the same. Of the questions of the quality bench eleven are as near to an entry of a list
/// of questions, and all of them are answered by it; of the next nine three are not.
const SAME_QUESTION: f32 = 0.94;

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
    /// The best passage in the other language, if the hits are all in one and answer, and it is near enough.
    pub other_language: Option<FusedHit>,
    /// Whether the hits are likely to answer the question; otherwise they are merely the nearest.
    pub confident: bool,
    /// The evidence for that.
    pub signals: Signals,
    /// Identifiers in the question that no document has: then nothing answers it.
    pub unknown: Vec<UnknownIdentifier>,
    /// Words of the question that no document has, if they are much of it.
    pub unmentioned: Vec<String>,
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FusedHit {
    pub document: DocumentNumber,
    pub version: u64,
    pub passage: Passage,
    /// The passage with those beside it, as far as no better hit has them. Bytes in the text.
    pub context: Range<usize>,
    /// Comparable within one answer only.
    pub score: f32,
    pub evidence: Evidence,
}

/// Why a passage was found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Its rank by words, from 1; `None` if it is not among the first.
    pub by_words: Option<usize>,
    /// Its rank by meaning.
    pub by_meaning: Option<usize>,
    /// How well it says what is asked, token by token; `None` if that is not known.
    pub similarity: Option<f32>,
}

impl FusedHit {
    fn key(&self) -> PassageKey {
        (self.document, self.version, self.passage.number)
    }
}

/// What of the documents a look-up may use. A closure that says which versions may be found is one.
pub trait Documents: Send + Sync + 'static {
    /// Whether that version may be found.
    fn may_be_found(&self, document: DocumentNumber, version: u64) -> bool;

    /// Whether what stands beside a passage belongs to it. Entries of a list of questions stand alone.
    fn is_continuous(&self, _document: DocumentNumber) -> bool {
        true
    }

    /// Whether all passages of a document are used.
    fn uses_all(&self, _document: DocumentNumber) -> bool {
        true
    }

    /// Whether a passage of a document is used of which not all are. Blocks.
    fn uses(&self, _document: DocumentNumber, _version: u64, _passage: &Passage) -> bool {
        true
    }

    /// Whether a document is in Chinese; `None` if that is not known.
    fn is_chinese(&self, _document: DocumentNumber) -> Option<bool> {
        None
    }
}

impl<F: Fn(DocumentNumber, u64) -> bool + Send + Sync + 'static> Documents for F {
    fn may_be_found(&self, document: DocumentNumber, version: u64) -> bool {
        self(document, version)
    }
}

/// Finds passages.
pub struct Retriever {
    /// `None`: by words only.
    vectors: Option<Arc<Vectors>>,
    embedder: Arc<Embedder>,
}

/// A question's vectors, and those to compare them with.
struct Meaning {
    question: Embedded,
    vectors: Arc<Vectors>,
    /// Whether the model is one whose cosines are known.
    is_known: bool,
}

impl Retriever {
    pub fn new(vectors: Option<Arc<Vectors>>, embedder: Arc<Embedder>) -> Self {
        Self { vectors, embedder }
    }

    /// The best passages for a question, at most `limit`.
    pub async fn find(
        &self,
        index: Arc<PassageIndex>,
        question: &str,
        audience: &Audience,
        documents: impl Documents,
        limit: usize,
    ) -> Result<Found, RetrievalError> {
        let meaning = self.meaning(question).await;
        let (question, audience) = (question.to_owned(), audience.clone());
        let look_up = move || {
            LookUp { index: &index, question: &question, audience: &audience, documents: &documents }
                .find(meaning, limit)
        };
        threads::blocking(look_up).await.map_err(|Unfinished| RetrievalError::Stopped)?
    }

    /// Whether a question asks the same as an entry of a list of questions, by their meaning. `false` without a model whose cosines
    /// are known.
    pub async fn asks_the_same(&self, question: &str, entry: &str) -> bool {
        if !self.embedder.is_built_in() {
            return false;
        }
        let vectors = tokio::time::timeout(PATIENCE, async {
            tokio::try_join!(self.embedder.question(question), self.embedder.question(entry))
        });
        matches!(vectors.await, Ok(Ok((question, entry))) if question.vector.cosine(&entry.vector) >= SAME_QUESTION)
    }

    /// The question's vectors, unless there are none or it takes too long.
    async fn meaning(&self, question: &str) -> Option<Meaning> {
        let vectors = self.vectors.clone().filter(|vectors| !vectors.is_empty())?;
        match tokio::time::timeout(PATIENCE, self.embedder.question(question)).await {
            Ok(Ok(question)) => Some(Meaning { question, vectors, is_known: self.embedder.is_built_in() }),
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

/// One question in an index. Blocks.
struct LookUp<'a> {
    index: &'a PassageIndex,
    question: &'a str,
    audience: &'a Audience,
    documents: &'a dyn Documents,
}

impl LookUp<'_> {
    fn find(&self, meaning: Option<Meaning>, limit: usize) -> Result<Found, RetrievalError> {
        let by_words = self.by_words()?;
        let near = match &meaning {
            Some(meaning) => self.near(meaning, |_| true, CANDIDATES)?,
            None => Vec::new(),
        };
        let cosine = near.first().filter(|_| meaning.as_ref().is_some_and(|it| it.is_known)).map(|(_, cosine)| *cosine);
        let near: Vec<PassageKey> = near.into_iter().map(|(key, _)| key).collect();
        let hits = self.ranked(by_words, &near, meaning.as_ref())?;

        let best: Vec<PassageKey> = hits.iter().take(COVERING).map(FusedHit::key).collect();
        let is_chinese = matches!(analysis::language(self.question), Language::Simplified | Language::Traditional);
        let near_coverage = self.coverage(&near[..near.len().min(COVERING)])?;
        let unmentioned = self.index.unmentioned(self.question, self.audience)?;
        let (coverage, is_unmentioned) = (self.coverage(&best)?, !unmentioned.is_empty());
        let signals = Signals { cosine, coverage, near_coverage, is_chinese, is_unmentioned };
        let unknown = self.index.unknown_identifiers(self.question, self.audience)?;
        let hits = self.with_context(hits, limit)?;
        let confident = unknown.is_empty() && !hits.is_empty() && signals.suffice();
        let other_language = match (&meaning, cosine) {
            (Some(meaning), Some(nearest)) if confident => {
                self.in_other_language(meaning, is_chinese, nearest, &hits)?
            }
            _ => None,
        };
        Ok(Found { hits, other_language, confident, signals, unknown, unmentioned })
    }

    /// The best passages by words.
    fn by_words(&self) -> Result<Vec<Hit>, IndexError> {
        among(|most| {
            let mut hits = self.index.search(self.question, self.audience, most)?;
            let found = hits.len();
            hits.retain(|hit| self.documents.may_be_found(hit.document, hit.version));
            let allowed = hits.len();
            hits.retain(|hit| self.uses((hit.document, hit.version, hit.passage.number), &hit.passage));
            let is_enough = hits.len() == allowed || found < most;
            Ok((hits, is_enough))
        })
    }

    /// The passages nearest by meaning in documents that are `allowed`, with their cosines, best first.
    fn near(
        &self,
        meaning: &Meaning,
        allowed: impl Fn(DocumentNumber) -> bool,
        wanted: usize,
    ) -> Result<Vec<(PassageKey, f32)>, IndexError> {
        let allowed = |document, version| allowed(document) && self.documents.may_be_found(document, version);
        let mut near = among(|most| {
            let hits = meaning.vectors.search(&meaning.question.vector, allowed, most);
            let found = hits.len();
            let mut near: Vec<(PassageKey, f32)> =
                hits.iter().map(|hit| ((hit.document, hit.version, hit.passage), hit.score)).collect();
            // Where passages are is known to the index alone.
            let in_doubt: Vec<PassageKey> =
                near.iter().map(|(key, _)| *key).filter(|key| !self.documents.uses_all(key.0)).collect();
            if in_doubt.is_empty() {
                return Ok((near, true));
            }
            let places = self.index.places(&in_doubt)?;
            let is_unused = |(key, place): &(PassageKey, Option<Passage>)| {
                place.as_ref().is_some_and(|passage| !self.uses(*key, passage))
            };
            let unused: HashSet<PassageKey> =
                in_doubt.into_iter().zip(places).filter(is_unused).map(|(key, _)| key).collect();
            near.retain(|(key, _)| !unused.contains(key));
            Ok((near, unused.is_empty() || found < most))
        })?;
        near.truncate(wanted);
        Ok(near)
    }

    /// Adds what stands beside the hits.
    fn with_context(&self, hits: Vec<FusedHit>, limit: usize) -> Result<Vec<FusedHit>, IndexError> {
        let is_continuous = |document| self.documents.is_continuous(document);
        let uses = |key: PassageKey, passage: &Passage| self.uses(key, passage);
        context::with_context(self.index, hits, is_continuous, uses, limit)
    }

    fn uses(&self, (document, version, _): PassageKey, passage: &Passage) -> bool {
        self.documents.uses_all(document) || self.documents.uses(document, version, passage)
    }

    /// Fuses the rankings, and looks up where the passages are.
    fn ranked(
        &self,
        by_words: Vec<Hit>,
        near: &[PassageKey],
        meaning: Option<&Meaning>,
    ) -> Result<Vec<FusedHit>, RetrievalError> {
        let words: Vec<PassageKey> =
            by_words.iter().map(|hit| (hit.document, hit.version, hit.passage.number)).collect();
        let mut orders = vec![(words.as_slice(), 1.0), (near, 1.0)];
        let first: Vec<PassageKey> = fuse(&orders).into_iter().map(|(key, _)| key).take(COMPARED_CLOSELY).collect();
        let similar = meaning.map(|meaning| by_similarity(meaning, first)).unwrap_or_default();
        let by_similarity: Vec<PassageKey> = similar.iter().map(|(key, _)| *key).collect();
        orders.push((&by_similarity, SIMILARITY_WEIGHT));
        let fused = fuse(&orders);

        let mut places: HashMap<PassageKey, Passage> =
            words.iter().copied().zip(by_words.into_iter().map(|hit| hit.passage)).collect();
        let placeless: Vec<PassageKey> = near.iter().filter(|key| !places.contains_key(key)).copied().collect();
        // Passages missing from the index are being added or removed, and are skipped until both sides agree.
        let found = self.index.places(&placeless)?;
        places.extend(placeless.iter().zip(found).filter_map(|(&key, place)| Some((key, place?))));
        let similar: HashMap<PassageKey, f32> = similar.into_iter().collect();
        let rank = |order: &[PassageKey], key| order.iter().position(|other| *other == key).map(|place| place + 1);
        let hits = fused.into_iter().filter_map(|(key, score)| {
            let passage = places.remove(&key)?;
            let similarity = similar.get(&key).copied();
            let evidence = Evidence { by_words: rank(&words, key), by_meaning: rank(near, key), similarity };
            let (document, version, _) = key;
            Some(FusedHit { document, version, context: passage.range.clone(), passage, score, evidence })
        });
        Ok(hits.collect())
    }

    /// The largest share of the question that one of the passages has.
    fn coverage(&self, passages: &[PassageKey]) -> Result<f32, IndexError> {
        Ok(self.index.coverage(self.question, passages)?.into_iter().fold(0.0, f32::max))
    }
}

/// The first [`CANDIDATES`] that `look` finds among so many: among more where some were left out, for what is switched off may stand in
/// many places, before all others. `look` also says whether that was all.
fn among<T>(look: impl Fn(usize) -> Result<(Vec<T>, bool), IndexError>) -> Result<Vec<T>, IndexError> {
    /// Beyond these, what is left is about something else.
    const MOST: usize = 64 * CANDIDATES;
    let mut most = CANDIDATES;
    loop {
        let (mut found, is_enough) = look(most)?;
        if is_enough || found.len() >= CANDIDATES || most >= MOST {
            found.truncate(CANDIDATES);
            return Ok(found);
        }
        most *= 4;
    }
}

/// Passages by how well they say what is asked, token by token. Those of which no tokens are stored are left out.
fn by_similarity(meaning: &Meaning, passages: Vec<PassageKey>) -> Vec<(PassageKey, f32)> {
    let similarities = meaning.vectors.similarities(&meaning.question.tokens, &passages);
    let mut similar: Vec<(PassageKey, f32)> =
        passages.into_iter().zip(similarities).filter_map(|(key, similarity)| Some((key, similarity?))).collect();
    similar.sort_by(|(a_key, a), (b_key, b)| b.total_cmp(a).then(a_key.cmp(b_key)));
    similar
}

#[cfg(test)]
mod tests;
