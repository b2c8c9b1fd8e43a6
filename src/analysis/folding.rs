//! Folding: the normalized form of a text that search compares.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::characters::{is_han, is_nothing, same_in_both_scripts};
use super::radicals::unified;

/// A text as search compares it: NFKC, radicals as ideographs, lower case, traditional characters as simplified ones, straight
/// quotation marks, nothing invisible.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    each_cluster(text, |cluster| fold_cluster(cluster, &mut folded));
    folded
}

/// A folded text with a mapping back to positions in the original.
#[derive(Clone, Debug)]
pub struct Folded {
    text: String,
    spans: Vec<Span>,
}

/// A segment of the folded text and the segment of the original that it came from.
#[derive(Clone, Copy, Debug)]
struct Span {
    folded: usize,
    original: usize,
    /// Length in bytes of one cluster whose length changed; 0 for a segment in which positions correspond byte by byte.
    cluster: usize,
}

/// As [`fold`], and without accents: what only those set apart is the same.
pub fn fold_without_accents(text: &str) -> String {
    let folded = fold(text);
    if folded.is_ascii() { folded } else { folded.nfd().filter(|c| !is_combining_mark(*c)).nfc().collect() }
}

impl Folded {
    pub fn new(text: &str) -> Self {
        let mut folded = String::with_capacity(text.len());
        let mut spans: Vec<Span> = Vec::new();
        let mut original = 0;
        each_cluster(text, |cluster| {
            let start = folded.len();
            fold_cluster(cluster, &mut folded);
            let is_even = folded.len() - start == cluster.len() && is_one(cluster) && is_one(&folded[start..]);
            let goes_on =
                spans.last().is_some_and(|span| span.cluster == 0 && start - span.folded == original - span.original);
            if !(is_even && goes_on) {
                spans.push(Span { folded: start, original, cluster: if is_even { 0 } else { cluster.len() } });
            }
            original += cluster.len();
        });
        Self { text: folded, spans }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The range of the original for a range of the folded text. Both ends must be character boundaries.
    pub fn original(&self, range: &Range<usize>) -> Range<usize> {
        if range.is_empty() || self.spans.is_empty() {
            return 0..0;
        }
        let span_of = |at: usize| self.spans[self.spans.partition_point(|span| span.folded <= at).saturating_sub(1)];
        let (first, last) = (span_of(range.start), span_of(range.end - 1));
        let start = first.original + if first.cluster == 0 { range.start - first.folded } else { 0 };
        let end = last.original + if last.cluster == 0 { range.end - last.folded } else { last.cluster };
        start..end
    }
}

fn is_one(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some() && chars.next().is_none()
}

/// Splits a text into characters with their combining marks; normalization never crosses these boundaries.
fn each_cluster(text: &str, mut visit: impl FnMut(&str)) {
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let mut end = start + c.len_utf8();
        while let Some(&(at, next)) = chars.peek() {
            if !joins(next) {
                break;
            }
            end = at + next.len_utf8();
            chars.next();
        }
        visit(&text[start..end]);
    }
}

/// Whether a character may become one with that before it.
fn joins(c: char) -> bool {
    match c {
        '\0'..='\u{2ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => false,
        '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}' => true,
        _ => is_combining_mark(c),
    }
}

fn fold_cluster(cluster: &str, folded: &mut String) {
    let mut chars = cluster.chars();
    let (Some(first), rest) = (chars.next(), chars.as_str()) else { return };
    if rest.is_empty() {
        match first {
            '\0'..='\x7f' => return folded.push(first.to_ascii_lowercase()),
            '\u{4e00}'..='\u{9fff}' => return folded.push(same_in_both_scripts(first)),
            '‘' | '’' | '‛' => return folded.push('\''),
            '“' | '”' | '„' => return folded.push('"'),
            _ if is_nothing(first) => return,
            _ => {}
        }
    }
    // Lower-casing can change the composition, so compose again.
    let lowered = cluster.chars().map(unified).nfkc().flat_map(char::to_lowercase).nfc();
    folded.extend(lowered.map(|c| if is_han(c) { same_in_both_scripts(c) } else { c }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_to_search_folds_alike() {
        let pairs = [
            ("Straße", "STRAßE"),
            ("資料庫", "数据库".replace("数据", "资料").as_str()),
            ("計畫", "计划"),
            ("乾隆皇帝看著", "干隆皇帝看着"),
            ("⻓⼈ ＡＢＣ１", "长人 abc1"),
            ("cafe\u{301}", "CAFÉ"),
            ("İ", "i\u{307}"),
            ("“it’s”", "\"it's\""),
            ("co\u{ad}op", "coop"),
            ("한글", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
        ]
        .map(|(a, b)| (a.to_owned(), b.to_owned()));
        for (one, other) in pairs {
            assert_eq!(fold(&one), fold(&other), "{one:?} {other:?}");
            assert_eq!(fold(&fold(&one)), fold(&one), "again: {one:?}");
            assert_eq!(Folded::new(&one).as_str(), fold(&one));
        }
    }

    #[test]
    fn places_in_the_folded_text_lead_back() {
        let text = "Ａb e\u{301}資料㎏ \u{ad}Zß中";
        let folded = Folded::new(text);
        assert_eq!(folded.as_str(), "ab é资料kg zß中");
        for (piece, expected) in [
            ("ab", "Ａb"),
            ("é", "e\u{301}"),
            ("资料", "資料"),
            ("料kg", "料㎏"),
            ("z", "Z"),
            ("ß中", "ß中"),
            ("k", "㎏"),
        ] {
            let at = folded.as_str().find(piece).expect("in the text");
            let range = folded.original(&(at..at + piece.len()));
            assert_eq!(&text[range], expected, "{piece:?}");
        }
        assert_eq!(folded.original(&(0..0)), 0..0);
        assert_eq!(Folded::new("").original(&(0..0)), 0..0);
    }
}
