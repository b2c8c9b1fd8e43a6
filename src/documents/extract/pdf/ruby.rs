//! Ruby: small readings above ideographs. They would stand in the middle of the sentences whose words they repeat.

use super::pieces::Piece;
use crate::documents::extract::lines::is_wide;

/// Pieces that are compared with each small one.
const SOME: usize = 256;

/// Leaves out the readings.
pub fn without(pieces: Vec<Piece>) -> Vec<Piece> {
    if !pieces.iter().any(|piece| is_reading(&piece.text)) {
        return pieces;
    }
    let mut bases: Vec<Piece> = pieces.iter().filter(|piece| piece.text.chars().any(is_wide)).cloned().collect();
    bases.sort_unstable_by(|a, b| a.y.total_cmp(&b.y));
    let is_ruby = |piece: &Piece| {
        let lowest = bases.partition_point(|base| base.y < piece.y - 4.5 * piece.size);
        is_reading(&piece.text) && bases[lowest..].iter().take(SOME).any(|base| stands_above(piece, base))
    };
    pieces.iter().filter(|piece| !is_ruby(piece)).cloned().collect()
}

/// Kana, bopomofo, or a syllable in Latin letters.
fn is_reading(text: &str) -> bool {
    const LONGEST: usize = 7;
    const LONGEST_WITH_TONES: usize = 14;
    let is_sound = |c: char| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3100}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}');
    let count = text.chars().count();
    let has_tones = text.chars().all(char::is_alphabetic) && !text.is_ascii() && count <= LONGEST_WITH_TONES;
    let is_syllable = text.bytes().all(|byte| byte.is_ascii_lowercase()) && count <= LONGEST;
    text.chars().all(is_sound) || is_syllable || (has_tones && !text.chars().any(is_wide))
}

fn stands_above(small: &Piece, base: &Piece) -> bool {
    let (size, height) = (small.size / base.size, (small.y - base.y) / base.size);
    let slack = 0.6 * base.size;
    (0.3..0.66).contains(&size)
        && (0.7..1.4).contains(&height)
        && small.x0 > base.x0 - slack
        && small.x1 < base.x1 + slack
}
