//! Passages in the other language than those that were found: they share no words with the question, and any passage in its own language
//! lies nearer.

use std::slice;

use super::{
    COMPARED_CLOSELY, Evidence, FusedHit, LookUp, Meaning, RetrievalError, SIMILARITY_WEIGHT, by_similarity, fuse,
};
use crate::embedding::PassageKey;
use crate::model::DocumentNumber;

/// By how much less a passage in the other language may be near a question in English than the nearest of all, to be worth showing.
/// Of the quality bench's questions over the other language, the best passage is the right one for seven of 17, whose cosines are
/// that near; of its other questions, a tenth has a passage in the other language that is.
const ENGLISH: f32 = 0.025;

/// The same for a question in Chinese, whose cosines with Chinese texts are higher.
const CHINESE: f32 = 0.043;

impl LookUp<'_> {
    /// The best passage in the other language, unless one is among the hits; `nearest` is the cosine of the nearest passage of all.
    pub(super) fn in_other_language(
        &self,
        meaning: &Meaning,
        is_chinese: bool,
        nearest: f32,
        hits: &[FusedHit],
    ) -> Result<Option<FusedHit>, RetrievalError> {
        let is_other = |document: DocumentNumber| self.documents.is_chinese(document) == Some(!is_chinese);
        if !meaning.is_known || hits.iter().any(|hit| is_other(hit.document)) {
            return Ok(None);
        }
        let near = self.near(meaning, is_other, COMPARED_CLOSELY)?;
        let behind = if is_chinese { CHINESE } else { ENGLISH };
        if near.first().is_none_or(|(_, cosine)| *cosine < nearest - behind) {
            return Ok(None);
        }
        let near: Vec<PassageKey> = near.into_iter().map(|(key, _)| key).collect();
        let similar = by_similarity(meaning, near.clone());
        let order: Vec<PassageKey> = similar.iter().map(|(key, _)| *key).collect();
        let fused = fuse(&[(near.as_slice(), 1.0), (&order, SIMILARITY_WEIGHT)]);
        let Some(&(key, score)) = fused.first() else { return Ok(None) };
        let (document, version, _) = key;
        let place = self.index.places(slice::from_ref(&key))?.into_iter().next().flatten();
        let similarity = similar.iter().find(|(other, _)| *other == key).map(|(_, similarity)| *similarity);
        let by_meaning = near.iter().position(|other| *other == key).map(|place| place + 1);
        let hit = place.map(|passage| FusedHit {
            document,
            version,
            context: passage.range.clone(),
            passage,
            score,
            evidence: Evidence { by_words: None, by_meaning, similarity },
        });
        Ok(self.with_context(hit.into_iter().collect(), 1)?.into_iter().next())
    }
}
