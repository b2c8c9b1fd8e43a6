//! What stands beside the passages that were found. Passages are short, so that they are found; the sentence that answers may be in
//! the next one.

use std::ops::Range;

use super::FusedHit;
use crate::documents::Passage;
use crate::embedding::PassageKey;
use crate::index::{IndexError, PassageIndex};
use crate::model::DocumentNumber;

/// Ranked passages considered per one that is wanted: some stand beside a better one and are shown with it.
const PER_HIT: usize = 3;

/// Gives hits, best first, the passages beside them as context. A hit in the context of a better one is left out, and no text is in
/// two contexts, nor any that is not used. At most `limit` remain.
pub fn with_context(
    index: &PassageIndex,
    mut hits: Vec<FusedHit>,
    is_continuous: impl Fn(DocumentNumber) -> bool,
    uses: impl Fn(PassageKey, &Passage) -> bool,
    limit: usize,
) -> Result<Vec<FusedHit>, IndexError> {
    hits.truncate(limit * PER_HIT);
    let keys: Vec<PassageKey> = hits.iter().flat_map(neighbours).collect();
    let places = index.places(&keys)?;
    let used = |(key, place): (PassageKey, Option<Passage>)| place.filter(|passage| uses(key, passage));
    let beside: Vec<Option<Passage>> = keys.into_iter().zip(places).map(used).collect();
    let mut kept: Vec<FusedHit> = Vec::with_capacity(limit);
    for (mut hit, beside) in hits.into_iter().zip(beside.chunks(2)) {
        let in_document = |other: &&FusedHit| (other.document, other.version) == (hit.document, hit.version);
        let better: Vec<&Range<usize>> = kept.iter().filter(in_document).map(|other| &other.context).collect();
        if better.iter().any(|context| contains(context, &hit.passage.range)) {
            continue;
        }
        if is_continuous(hit.document) {
            hit.context = context(&hit.passage, beside, &better);
        }
        kept.push(hit);
        if kept.len() == limit {
            break;
        }
    }
    Ok(kept)
}

/// The passages before and after a hit. Before the first one is none, as there is none with the highest number.
fn neighbours(hit: &FusedHit) -> [PassageKey; 2] {
    let number = hit.passage.number;
    [number.wrapping_sub(1), number.wrapping_add(1)].map(|number| (hit.document, hit.version, number))
}

/// A passage with those `beside` it, without what `better` hits have.
fn context(passage: &Passage, beside: &[Option<Passage>], better: &[&Range<usize>]) -> Range<usize> {
    let mut context = passage.range.clone();
    for beside in beside.iter().flatten() {
        context = context.start.min(beside.range.start)..context.end.max(beside.range.end);
    }
    for other in better {
        if other.start < passage.range.start {
            context.start = context.start.max(other.end.min(passage.range.start));
        } else {
            context.end = context.end.min(other.start.max(passage.range.end));
        }
    }
    context
}

fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(range: Range<usize>) -> Passage {
        Passage { number: 1, range, page: None, heading: None }
    }

    #[test]
    fn a_passage_has_those_beside_it_but_nothing_twice() {
        let beside = [Some(passage(0..120)), Some(passage(180..300))];
        let of = |better: &[(usize, usize)]| {
            let better: Vec<Range<usize>> = better.iter().map(|&(start, end)| start..end).collect();
            context(&passage(100..200), &beside, &better.iter().collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), 0..300);
        assert_eq!(of(&[(0, 80)]), 80..300, "what is before a better one ends there");
        assert_eq!(of(&[(250, 400)]), 0..250);
        assert_eq!(of(&[(0, 110), (190, 400)]), 100..200, "the passage itself stays whole");
        assert_eq!(context(&passage(100..200), &[None, None], &[]), 100..200);
    }
}
