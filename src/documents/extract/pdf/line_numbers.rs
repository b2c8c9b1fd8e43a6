//! Numbers that count the lines of a text beside it, as in drafts and pleadings.

use super::columns::median;
use super::pieces::Piece;

/// Lines that are counted, at least.
const FEWEST: usize = 8;

/// Lines that are counted in the size of the text, at least.
const FEWEST_LARGE: usize = 20;

/// Leaves out the numbers.
pub fn without(pieces: Vec<Piece>) -> Vec<Piece> {
    let size = median(pieces.iter().map(|piece| piece.size));
    let is_small = |piece: &&Piece| piece.size < 0.9 * size;
    let small = counting(pieces.iter().filter(is_small), FEWEST);
    // Rows of a table have more beside their numbers than one text.
    let beside = |number: &Number| pieces.iter().filter(|piece| (piece.y - number.y).abs() < 0.5 * number.size).count();
    let is_text = |numbers: &Vec<Number>| median(numbers.iter().map(|number| beside(number) as f32)) <= 2.0;
    let Some(numbers) = small.or_else(|| counting(pieces.iter(), FEWEST_LARGE).filter(is_text)) else { return pieces };
    let end = numbers.iter().map(|number| number.end).fold(f32::NEG_INFINITY, f32::max);
    let is_counted = |piece: &Piece| piece.x0 <= end && Number::of(piece).is_some();
    if pieces.iter().any(|piece| piece.x0 < end && !is_counted(piece)) {
        return pieces;
    }
    pieces.into_iter().filter(|piece| !is_counted(piece)).collect()
}

/// The numbers among pieces that stand at the left, if they count downwards in equal steps.
fn counting<'a>(pieces: impl Iterator<Item = &'a Piece> + Clone, fewest: usize) -> Option<Vec<Number>> {
    let left = pieces.clone().filter_map(Number::of).map(|number| number.end).fold(f32::INFINITY, f32::min);
    let mut numbers: Vec<Number> =
        pieces.filter_map(Number::of).filter(|number| number.end < left + number.size * 3.0).collect();
    numbers.sort_unstable_by(|a, b| b.y.total_cmp(&a.y));
    let steps = || numbers.windows(2).map(|pair| pair[1].value - pair[0].value);
    let step = steps().next().filter(|step| *step > 0)?;
    (numbers.len() >= fewest && steps().all(|other| other == step)).then_some(numbers)
}

struct Number {
    y: f32,
    end: f32,
    size: f32,
    value: i64,
}

impl Number {
    fn of(piece: &Piece) -> Option<Self> {
        Some(Self { y: piece.y, end: piece.x1, size: piece.size, value: piece.text.parse().ok()? })
    }
}
