//! Numbers that count the lines of a text beside it, as in drafts and pleadings.

use super::columns::median;
use super::pieces::Piece;

/// Lines that are counted, at least.
const FEWEST: usize = 8;

/// Leaves out the numbers.
pub fn without(pieces: Vec<Piece>) -> Vec<Piece> {
    let size = median(pieces.iter().map(|piece| piece.size));
    let mut numbers: Vec<(f32, f32, i64)> =
        pieces.iter().filter(|piece| piece.size < 0.9 * size).filter_map(number).collect();
    numbers.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let step = numbers.windows(2).map(|pair| pair[1].2 - pair[0].2).next();
    let counts =
        numbers.len() >= FEWEST && numbers.windows(2).all(|pair| Some(pair[1].2 - pair[0].2) == step && step > Some(0));
    let end = numbers.iter().map(|(_, end, _)| *end).fold(f32::NEG_INFINITY, f32::max);
    let is_beside = |piece: &&Piece| number(piece).is_none();
    if !counts || pieces.iter().filter(is_beside).any(|piece| piece.x0 < end) {
        return pieces;
    }
    pieces.into_iter().filter(|piece| piece.x0 > end || number(piece).is_none()).collect()
}

/// Height, right end and value of a number.
fn number(piece: &Piece) -> Option<(f32, f32, i64)> {
    Some((piece.y, piece.x1, piece.text.parse().ok()?))
}
