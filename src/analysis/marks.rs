//! Finds the ranges of a text to highlight as matches.

use std::collections::HashSet;
use std::ops::Range;

use super::terms::{TermKind, each};
use super::{Folded, query_terms};

/// English stop words; highlighting them would hide the actual matches.
const FILLERS: [&str; 48] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "get", "has", "have", "how",
    "i", "if", "in", "is", "it", "its", "me", "my", "no", "not", "of", "on", "or", "should", "that", "the", "there",
    "this", "to", "was", "we", "what", "when", "where", "which", "who", "why", "will", "with", "you", "your",
];

/// Byte ranges of `text` that match the terms of `query`, in order, without overlaps. Stop words are marked only
/// if the query has no other words.
pub fn marks(text: &str, query: &str) -> Vec<Range<usize>> {
    let mut wanted = query_terms(query);
    if wanted.iter().any(|term| !FILLERS.contains(&&*term.text)) {
        wanted.retain(|term| !FILLERS.contains(&&*term.text));
    }
    let singles: HashSet<&str> =
        wanted.iter().filter(|term| term.kind == TermKind::Single).map(|term| &*term.text).collect();
    let others: HashSet<&str> = wanted.iter().map(|term| &*term.text).collect();
    let folded = Folded::new(text);
    let mut found = Vec::new();
    each(folded.as_str(), |term, range, kind| {
        if matches!(kind, TermKind::Word | TermKind::Pair) && others.contains(term) {
            found.push(range.clone());
        }
        // Every character of a run begins a pair or is the last one.
        if !singles.is_empty() && !matches!(kind, TermKind::Word | TermKind::Form) {
            let first = term.chars().next().map_or(0, char::len_utf8);
            if singles.contains(&term[..first]) {
                found.push(range.start..range.start + first);
            }
        }
    });
    merged(found.iter().map(|range| folded.original(range)).collect())
}

/// Byte ranges in which a folded text occurs in `text`, in order, without overlaps.
pub fn places(text: &Folded, wanted: &str) -> Vec<Range<usize>> {
    let found = text.as_str().match_indices(wanted).filter(|(_, found)| !found.is_empty());
    merged(found.map(|(at, found)| text.original(&(at..at + found.len()))).collect())
}

/// Sorts ranges and merges adjacent ones.
pub fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, query: &str, expected: &[&str]) {
        let found: Vec<&str> = marks(text, query).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected, "{query:?} in {text:?}");
    }

    #[test]
    fn matches_are_marked_in_the_text_as_it_is_written() {
        check("He was running, she RUNS.", "run", &["running", "RUNS"]);
        check("在資料庫裡，数据库也在", "数据库 资料", &["資料", "数据库"]);
        check("机器学习和机器", "机器学习", &["机器学习", "机器"]);
        check("大猫看小猫，猫", "猫", &["猫", "猫", "猫"]);
        check("Ｖ1.2 v1.2.3", "1.2.3", &["v1.2.3"]);
        check("What is the price of a bed?", "what does a bed cost", &["bed"]);
        check("To be or not to be", "to be", &["To", "be", "to", "be"]);
        check("nothing", "", &[]);
        check("", "nothing", &[]);
    }

    #[test]
    fn a_folded_text_is_found_where_it_stands() {
        let text = "The 計畫 of THE";
        let folded = Folded::new(text);
        let written = |wanted| places(&folded, wanted).into_iter().map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(written("the"), ["The", "THE"]);
        let plan = crate::analysis::fold("计划");
        assert_eq!(written(&plan), ["計畫"]);
        assert_eq!(written(""), [""; 0]);
    }
}
