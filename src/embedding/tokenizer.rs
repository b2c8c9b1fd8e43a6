//! Tokenizer: a unigram model, as in XLM-RoBERTa.

use std::collections::HashMap;

/// Tokens for begin, end and unknown characters.
const BEGIN: u32 = 0;
const END: u32 = 2;
const UNKNOWN: u32 = 3;
/// The first entries of a vocabulary are names, never found in a text.
const SPECIALS: usize = 4;

/// Pieces that the model has places for, without begin and end.
pub const MAX_PIECES: usize = 510;

/// Penalty of an unknown character, beyond the least likely token (as in sentencepiece).
const UNKNOWN_PENALTY: f64 = 10.0;

/// What stands for a space in the pieces.
const SPACE: char = '\u{2581}';

/// Splits texts.
pub struct Tokenizer {
    /// Sorted by the pieces' bytes, so that what begins alike lies together.
    pieces: Vec<Piece>,
    replacements: HashMap<char, String>,
    unknown_score: f64,
}

struct Piece {
    text: &'static str,
    id: u32,
    score: f32,
}

/// The best segmentation of a text up to some position.
#[derive(Clone, Copy)]
struct Split {
    score: f64,
    /// Where the last piece begins.
    from: usize,
    id: u32,
}

impl Tokenizer {
    /// `vocabulary`: a piece, a tab and its score a line, where the line's number is the id. `normalization`: a code point, a
    /// tab and the code points that replace it, in hexadecimal. `None` when they are not that.
    pub fn new(vocabulary: &'static str, normalization: &'static str) -> Option<Self> {
        let mut pieces = Vec::new();
        for (id, line) in vocabulary.lines().enumerate().skip(SPECIALS) {
            let (text, score) = line.rsplit_once('\t')?;
            pieces.push(Piece { text, id: u32::try_from(id).ok()?, score: score.parse().ok()? });
        }
        pieces.sort_unstable_by_key(|piece| piece.text);
        let lowest = pieces.iter().map(|piece| piece.score).reduce(f32::min)?;
        let replacements = normalization.lines().map(replacement).collect::<Option<_>>()?;
        Some(Self { pieces, replacements, unknown_score: f64::from(lowest) - UNKNOWN_PENALTY })
    }

    /// The numbers of a text's pieces between begin and end; what is longer than [`MAX_PIECES`] is cut.
    pub fn ids(&self, text: &str) -> Vec<u32> {
        let text = self.prepare(text);
        let mut ids = self.split(&text);
        ids.truncate(MAX_PIECES);
        ids.insert(0, BEGIN);
        ids.push(END);
        ids
    }

    /// Replaces characters, makes one of several spaces, and begins with one.
    fn prepare(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 3);
        out.push(SPACE);
        let mut put = |character: char| {
            if character != ' ' {
                out.push(character);
            } else if !out.ends_with(SPACE) {
                out.push(SPACE);
            }
        };
        for character in text.chars() {
            match self.replacements.get(&character) {
                Some(others) => others.chars().for_each(&mut put),
                None => put(character),
            }
        }
        out
    }

    /// The most likely pieces (Viterbi).
    fn split(&self, text: &str) -> Vec<u32> {
        let unreached = Split { score: f64::NEG_INFINITY, from: 0, id: UNKNOWN };
        let mut best = vec![unreached; text.len() + 1];
        best[0].score = 0.0;
        for (from, character) in text.char_indices() {
            let here = best[from].score;
            let mut reach = |to: usize, score: f64, id: u32| {
                if here + score > best[to].score {
                    best[to] = Split { score: here + score, from, id };
                }
            };
            let next = from + character.len_utf8();
            let mut covered = false;
            for piece in self.prefixes(&text[from..]) {
                covered |= from + piece.text.len() == next;
                reach(from + piece.text.len(), f64::from(piece.score), piece.id);
            }
            if !covered {
                reach(next, self.unknown_score, UNKNOWN);
            }
        }
        let mut ids = Vec::new();
        let mut at = text.len();
        while at > 0 {
            ids.push(best[at].id);
            at = best[at].from;
        }
        ids.reverse();
        ids
    }

    /// The pieces that a text begins with, shorter ones first.
    fn prefixes<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a Piece> {
        let mut alike = &self.pieces[..];
        text.char_indices()
            .map_while(move |(at, character)| {
                let end = at + character.len_utf8();
                let start = &text.as_bytes()[..end];
                let begins = |piece: &Piece| &piece.text.as_bytes()[..end.min(piece.text.len())];
                let first = alike.partition_point(|piece| begins(piece) < start);
                let count = alike[first..].partition_point(|piece| begins(piece) == start);
                alike = &alike[first..first + count];
                let shortest = alike.first()?;
                Some((shortest.text.len() == end).then_some(shortest))
            })
            .flatten()
    }
}

/// A line of the normalisation.
fn replacement(line: &str) -> Option<(char, String)> {
    let character = |hex: &str| char::from_u32(u32::from_str_radix(hex, 16).ok()?);
    let (from, to) = line.split_once('\t')?;
    Some((character(from)?, to.split_whitespace().map(character).collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOCABULARY: &str =
        "<s>\t0\n<pad>\t0\n</s>\t0\n<unk>\t0\n\u{2581}\t-3\na\t-2\nb\t-2\nab\t-3\n\u{2581}ab\t-4\n<s>x\t-5";

    fn ids(text: &str) -> Vec<u32> {
        Tokenizer::new(VOCABULARY, "0041\t0061\n0009\t0020\n0001\t").expect("a vocabulary").ids(text)
    }

    #[test]
    fn the_most_likely_pieces_win() {
        assert_eq!(ids("ab"), [0, 8, 2]);
        assert_eq!(ids("bab"), [0, 4, 6, 7, 2]);
    }

    #[test]
    fn characters_are_replaced_and_spaces_run_together() {
        assert_eq!(ids(" \t A\u{1}b  a"), [0, 8, 4, 5, 2]);
    }

    #[test]
    fn what_no_piece_covers_is_unknown_and_names_are_not_found() {
        assert_eq!(ids("a字b"), [0, 4, 5, 3, 6, 2]);
        assert_eq!(ids("<s>")[2..], [3, 3, 3, 2]);
        assert_eq!(ids(""), [0, 4, 2]);
    }

    #[test]
    fn long_texts_are_cut() {
        let ids = ids(&"b".repeat(5_000));
        assert_eq!(ids.len(), MAX_PIECES + 2);
        assert_eq!(ids.last(), Some(&END));
    }
}
