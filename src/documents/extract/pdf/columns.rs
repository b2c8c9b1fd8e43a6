//! The order in which people read what stands on a page: columns one after the other, all else row by row.

use std::ops::Range;

use super::pieces::Piece;
use super::rows::{Row, rows};
use crate::documents::extract::lines::is_wide;

/// Rows of a page up to which columns are looked for. No page for people has more.
const MOST_ROWS: usize = 500;

/// Pieces of a page up to which columns are looked for, for the same reason.
const MOST_PIECES: usize = 5_000;

/// Depth of columns within columns, and parts of a page below each other.
const DEEPEST: usize = 32;

/// Gaps that are looked at, from the longest on.
const MOST_GAPS: usize = 40;

/// Width of the gap between columns, as a part of the size of the text, at least.
const NARROWEST_GAP: f32 = 0.8;

/// Lines that a column has at least.
const FEWEST_LINES: usize = 3;

/// Columns of a terminal that most lines of a column take at least: less is a table.
const SHORTEST_LINE: usize = 12;

/// An upright gap.
#[derive(Clone, Debug)]
struct Gap {
    rows: Range<usize>,
    x0: f32,
    x1: f32,
    /// Rows that have text to its left, and to its right.
    left: usize,
    right: usize,
}

impl Gap {
    /// Rows on the side that has fewer.
    fn fewest(&self) -> usize {
        self.left.min(self.right)
    }
}

/// Puts pages in order, one after the other: where the columns of one were, those of the next are likely.
#[derive(Default)]
pub struct Columns {
    /// The gaps of the page before, by their sides.
    known: Vec<(f32, f32)>,
    found: Vec<(f32, f32)>,
}

impl Columns {
    /// All rows of a page in the order of reading.
    pub fn in_order(&mut self, pieces: Vec<Piece>) -> Vec<Row> {
        let mut ordered = Vec::new();
        self.order(pieces, 0, &mut ordered);
        self.known = std::mem::take(&mut self.found);
        ordered
    }

    fn order(&mut self, pieces: Vec<Piece>, depth: usize, ordered: &mut Vec<Row>) {
        let is_for_people = depth < DEEPEST && pieces.len() <= MOST_PIECES;
        let mut rows = rows(pieces);
        let gap = (is_for_people && rows.len() <= MOST_ROWS).then(|| columns(&rows).or_else(|| self.known_in(&rows)));
        let Some(gap) = gap.flatten() else {
            set_margin(&mut rows);
            return ordered.append(&mut rows);
        };
        self.found.push((gap.x0, gap.x1));
        let below = rows.split_off(gap.rows.end);
        let beside = rows.split_off(gap.rows.start);
        let (left, right) = parted(beside, &gap);
        let above = rows;
        for part in [all(above), left, right, all(below)] {
            if !part.is_empty() {
                self.order(part, depth + 1, ordered);
            }
        }
    }

    /// A gap of the page before that goes through all rows, which may be too few to tell. Both sides must be drawn one after the other.
    fn known_in(&self, rows: &[Row]) -> Option<Gap> {
        let count = |is: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
        let gaps = self.known.iter().map(|(x0, x1)| {
            let (left, right) = (count(&|row| row.x0() < *x0), count(&|row| row.x1() > *x1));
            Gap { rows: 0..rows.len(), x0: *x0, x1: *x1, left, right }
        });
        let crosses = |gap: &Gap, piece: &Piece| piece.x0 < gap.x1 && piece.x1 > gap.x0;
        let mut gaps = gaps.filter(|gap| !rows.iter().flat_map(|row| &row.pieces).any(|piece| crosses(gap, piece)));
        gaps.find(|gap| gap.fewest() > 0 && turns(rows, gap) == 1)
    }
}

/// Lines end where most of the longest do; one in twenty may stand out, and quotations are a little narrower. A few lines may all be
/// short: where they should end, nobody can tell, and so none of them is full. Neither is one of a list of words.
fn set_margin(rows: &mut [Row]) {
    const FEW: usize = 4;
    const FILL: f32 = 0.92;
    let start = rows.iter().map(Row::x0).fold(f32::INFINITY, f32::min);
    let mut ends: Vec<f32> = rows.iter().map(Row::x1).collect();
    ends.sort_unstable_by(f32::total_cmp);
    let end = ends.get((rows.len() * 19 / 20).min(rows.len().saturating_sub(1))).copied();
    let columns = median(rows.iter().map(|row| columns_of(row) as f32));
    let end = end.filter(|_| rows.len() >= FEW && columns >= SHORTEST_LINE as f32);
    let margin = end.map_or(f32::INFINITY, |end| start + FILL * (end - start));
    for row in rows {
        row.margin = margin;
    }
}

fn all(rows: Vec<Row>) -> Vec<Piece> {
    rows.into_iter().flat_map(|row| row.pieces).collect()
}

fn parted(rows: Vec<Row>, gap: &Gap) -> (Vec<Piece>, Vec<Piece>) {
    all(rows).into_iter().partition(|piece| piece.x0 < gap.x0)
}

/// The longest gap that has columns of text on both sides.
fn columns(rows: &[Row]) -> Option<Gap> {
    let least = NARROWEST_GAP * median(rows.iter().map(Row::usual_size));
    let mut gaps = gaps(rows, least);
    gaps.sort_by_key(|gap| std::cmp::Reverse(gap.fewest()));
    gaps.truncate(MOST_GAPS);
    gaps.iter().map(|gap| fitted(gap.clone(), rows)).find(|gap| {
        let beside = rows[gap.rows.clone()].to_vec();
        let turns = turns(&beside, gap);
        // A footnote or a picture's title may come in between.
        let (few, many) = (beside.len() / 10 + 2, beside.len() / 2);
        let (is_apart, is_across) = (turns <= few && !is_form(&beside, gap), turns > many);
        let (left, right) = parted(beside, gap);
        let are_texts = || is_text(&left, is_across) && is_text(&right, is_across) && !has_cells(gap, &gaps, rows);
        are_beside(&left, &right) && (is_apart || are_texts() || has_remarks(&left, &right))
    })
}

/// Whether one part is a running text, and the other has small remarks beside it.
fn has_remarks(left: &[Piece], right: &[Piece]) -> bool {
    const SMALLER: f32 = 0.93;
    const NARROWER: f32 = 0.5;
    let size = |part: &[Piece]| median(part.iter().map(|piece| piece.size));
    let width = |part: &[Piece]| {
        let start = part.iter().map(|piece| piece.x0).fold(f32::INFINITY, f32::min);
        part.iter().map(|piece| piece.x1).fold(f32::NEG_INFINITY, f32::max) - start
    };
    let are_beside = |text: &[Piece], remarks: &[Piece]| {
        size(remarks) < SMALLER * size(text) && width(remarks) < NARROWER * width(text) && is_text(text, true)
    };
    are_beside(left, right) || are_beside(right, left)
}

/// How often drawing goes from one side of a gap to the other: once for columns, for each row of a table.
fn turns(rows: &[Row], gap: &Gap) -> usize {
    let mut sides: Vec<(usize, bool)> =
        rows.iter().flat_map(|row| &row.pieces).map(|piece| (piece.order, piece.x0 < gap.x0)).collect();
    sides.sort_unstable();
    sides.windows(2).filter(|pair| pair[0].1 != pair[1].1).count()
}

/// Whether these may be the labels of a form and their values, which are often drawn one after the other, too: a few rows with
/// something on both sides. What is longer is rather an index.
fn is_form(rows: &[Row], gap: &Gap) -> bool {
    const LONGEST: usize = 15;
    let both = rows.iter().filter(|row| row.x0() < gap.x0 && row.x1() > gap.x1).count();
    both < LONGEST && both * 2 > rows.len()
}

/// Whether what lies between a gap and the ones that run beside it is too narrow for text: these are columns of a table.
fn has_cells(gap: &Gap, gaps: &[Gap], rows: &[Row]) -> bool {
    let beside = |other: &&Gap| {
        let shared = other.rows.end.min(gap.rows.end).saturating_sub(other.rows.start.max(gap.rows.start));
        shared * 5 >= gap.rows.len() * 3 && other.fewest() * 5 >= gap.fewest() * 3
    };
    gaps.iter().filter(beside).any(|other| {
        let (x0, x1) = if other.x0 >= gap.x1 { (gap.x1, other.x0) } else { (other.x1, gap.x0) };
        let is_between = |piece: &&Piece| piece.x0 >= x0 && piece.x1 <= x1;
        let cells = rows[gap.rows.clone()].iter().map(|row| row.pieces.iter().filter(is_between));
        let lengths = cells.map(|cells| cells.flat_map(|piece| piece.text.chars()).map(width).sum::<usize>());
        x0 < x1 && median(lengths.filter(|length| *length > 0).map(|length| length as f32)) < SHORTEST_LINE as f32
    })
}

/// All gaps, each as long as it can be from the row where it begins.
fn gaps(rows: &[Row], least: f32) -> Vec<Gap> {
    let mut found = Vec::new();
    for start in 0..rows.len() {
        let everywhere = Gap { rows: start..start, x0: f32::NEG_INFINITY, x1: f32::INFINITY, left: 0, right: 0 };
        let mut open = vec![everywhere];
        for row in &rows[start..] {
            let mut longer = Vec::new();
            for gap in open {
                let before = longer.len();
                longer.extend(narrowed(&gap, row, least));
                if longer.len() == before {
                    found.push(gap);
                }
            }
            open = longer;
        }
        found.append(&mut open);
    }
    found.retain(|gap| gap.fewest() >= FEWEST_LINES);
    found
}

/// What is left of a gap in the next row.
fn narrowed(gap: &Gap, row: &Row, least: f32) -> impl Iterator<Item = Gap> {
    free(row, least).filter_map(move |(x0, x1)| {
        let (x0, x1) = (gap.x0.max(x0), gap.x1.min(x1));
        (x1 - x0 >= least).then(|| Gap {
            rows: gap.rows.start..gap.rows.end + 1,
            x0,
            x1,
            left: gap.left + usize::from(row.x0() < x0),
            right: gap.right + usize::from(row.x1() > x1),
        })
    })
}

/// What is free in a row between, before and after its pieces, if it is that wide.
fn free(row: &Row, least: f32) -> impl Iterator<Item = (f32, f32)> {
    let mut end = f32::NEG_INFINITY;
    let starts = row.pieces.iter().map(|piece| (piece.x0, piece.x1)).chain([(f32::INFINITY, f32::INFINITY)]);
    starts.filter_map(move |(x0, x1)| {
        let free = (end, x0);
        end = end.max(x1);
        (free.1 - free.0 >= least).then_some(free)
    })
}

/// The gap without what stands apart from the columns: above on the right, such as a date, and below on the left, such as the
/// number of the page. On the other sides, both are read at the same time.
fn fitted(mut gap: Gap, rows: &[Row]) -> Gap {
    let is_apart = |above: &Row, below: &Row| {
        let bottom = above.pieces.iter().map(Piece::bottom).fold(f32::INFINITY, f32::min);
        let top = below.pieces.iter().map(Piece::top).fold(f32::NEG_INFINITY, f32::max);
        bottom - top > 0.65 * above.size.max(below.size)
    };
    let (mut start, mut last) = (gap.rows.start, gap.rows.end - 1);
    while start < last && rows[start].x0() >= gap.x1 && is_apart(&rows[start], &rows[start + 1]) {
        start += 1;
    }
    // At the end of the page, the right column may be shorter.
    let can_go = |last: usize| last + 1 < rows.len() || columns_of(&rows[last]) < SHORTEST_LINE;
    while start < last && rows[last].x1() <= gap.x0 && is_apart(&rows[last - 1], &rows[last]) && can_go(last) {
        last -= 1;
    }
    gap.rows = start..last + 1;
    gap
}

/// Whether two parts stand beside each other for most of the height of the lower one.
fn are_beside(left: &[Piece], right: &[Piece]) -> bool {
    let bottom = |part: &[Piece]| part.iter().map(Piece::bottom).fold(f32::INFINITY, f32::min);
    let top = |part: &[Piece]| part.iter().map(Piece::top).fold(f32::NEG_INFINITY, f32::max);
    let shared = top(left).min(top(right)) - bottom(left).max(bottom(right));
    shared > 0.5 * (top(left) - bottom(left)).min(top(right) - bottom(right))
}

/// Whether these are lines of a running text rather than cells of a table, items or labels. What is drawn in turns with what stands
/// beside it (`is_across`) must be very much like one: scans are written row by row.
fn is_text(pieces: &[Piece], is_across: bool) -> bool {
    let (fewest, shortest) =
        if is_across { (4 * FEWEST_LINES, 2 * SHORTEST_LINE) } else { (FEWEST_LINES, SHORTEST_LINE) };
    let lines = rows(pieces.to_vec());
    if lines.len() < fewest {
        return false;
    }
    let x0 = lines.iter().map(Row::x0).fold(f32::INFINITY, f32::min);
    let x1 = lines.iter().map(Row::x1).fold(f32::NEG_INFINITY, f32::max);
    let filled =
        |part: f32| lines.iter().filter(|line| line.x1() - line.x0() > part * (x1 - x0)).count() * 2 >= lines.len();
    let length = median(lines.iter().map(|line| columns_of(line) as f32));
    let pitch = median(lines.windows(2).map(|pair| (pair[0].y - pair[1].y) / pair[0].size.max(pair[1].size)));
    let goes_on = goes_on(&lines);
    let is_filled = if goes_on == Some(true) { filled(0.6) } else { filled(0.85) && !(is_across && goes_on.is_some()) };
    length >= shortest as f32 && pitch <= 2.5 && is_filled
}

/// Whether some lines begin in the middle of a sentence, as far as letters can tell.
fn goes_on(lines: &[Row]) -> Option<bool> {
    let first = |row: &Row| row.pieces.first().and_then(|piece| piece.text.chars().next());
    let count = |is: fn(char) -> bool| lines.iter().filter_map(first).filter(|c| is(*c)).count();
    let (small, large) = (count(char::is_lowercase), count(char::is_uppercase));
    ((small + large) * 2 >= lines.len()).then_some(small * 4 >= lines.len())
}

/// Columns of a terminal that a row takes.
fn columns_of(row: &Row) -> usize {
    row.pieces.iter().flat_map(|piece| piece.text.chars()).map(width).sum()
}

fn width(c: char) -> usize {
    if is_wide(c) { 2 } else { 1 }
}

/// The one in the middle, or 0.
pub fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    let middle = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f32::total_cmp).1 }
}
