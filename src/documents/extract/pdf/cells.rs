//! Rows of a table: which lines of text belong to one, and how it is written.

use crate::documents::extract::hyphens::Words;
use crate::documents::extract::lines;

/// Between the cells of a row, as in all documents.
const BETWEEN: &str = " | ";

/// The distance, as a part of the size, below which lines stand beside rather than below each other.
const BESIDE: f32 = 0.9;

/// A line of text in a cell.
#[derive(Clone, Debug)]
pub struct CellLine {
    pub text: String,
    pub x1: f32,
}

/// What stands at one height of a table.
#[derive(Clone, Debug, Default)]
pub struct Level {
    pub y: f32,
    pub size: f32,
    /// By columns.
    pub cells: Vec<Option<CellLine>>,
    /// A line is drawn above it.
    pub is_below_rule: bool,
}

/// A row of a table.
#[derive(Clone, Debug, Default)]
pub struct TableRow {
    /// Where its first line stands.
    pub y: f32,
    pub size: f32,
    pub cells: Vec<String>,
}

impl TableRow {
    pub fn text(&self) -> String {
        self.cells.join(BETWEEN)
    }

    /// Whether it is a title above the others rather than a row of cells.
    pub fn is_title(&self) -> bool {
        self.cells.iter().skip(1).all(String::is_empty)
    }

    fn begin(level: &Level) -> Self {
        let cells = level.cells.iter().map(|cell| cell.as_ref().map_or_else(String::new, |cell| cell.text.clone()));
        Self { y: level.y, size: level.size, cells: cells.collect() }
    }

    fn add(&mut self, level: &Level) {
        for (text, cell) in self.cells.iter_mut().zip(&level.cells) {
            if let Some(cell) = cell {
                add(text, &cell.text);
            }
        }
    }
}

/// Adds a line to what stands above it in the cell.
pub fn add(text: &mut String, line: &str) {
    if text.is_empty() { text.push_str(line) } else { lines::glue(text, line, &Words::default()) }
}

/// Puts levels, from top to bottom, into rows. `rights` are the ends of the columns.
pub fn rows(levels: &[Level], rights: &[f32]) -> Vec<TableRow> {
    let joins = Joins::new(levels);
    let mut rows: Vec<TableRow> = Vec::new();
    // The lowest line of each cell so far.
    let mut ends: Vec<Option<CellLine>> = Vec::new();
    let mut above: Option<&Level> = None;
    for level in levels {
        let goes_on = above.is_some_and(|above| joins.goes_on(above, &ends, level, rights));
        match rows.last_mut().filter(|_| goes_on) {
            Some(row) => row.add(level),
            None => {
                rows.push(TableRow::begin(level));
                ends = vec![None; level.cells.len()];
            }
        }
        for (end, cell) in ends.iter_mut().zip(&level.cells) {
            if cell.is_some() {
                end.clone_from(cell);
            }
        }
        above = Some(level);
    }
    rows
}

/// What tells that lines belong to one row.
struct Joins {
    /// Lines are drawn between the rows.
    is_ruled: bool,
    /// The distance from which on the next row begins, where rows are further apart than the lines of one.
    pitch: Option<f32>,
}

impl Joins {
    fn new(levels: &[Level]) -> Self {
        let firsts = levels.iter().filter(|level| level.cells.first().is_some_and(Option::is_some)).count();
        let rules = levels.iter().skip(1).filter(|level| level.is_below_rule).count();
        Self { is_ruled: rules >= 2 && rules * 2 >= firsts, pitch: pitch_of_rows(levels) }
    }

    fn goes_on(&self, above: &Level, ends: &[Option<CellLine>], next: &Level, rights: &[f32]) -> bool {
        let pitch = pitch(above, next);
        if next.is_below_rule {
            return false;
        }
        if self.is_ruled || overlaps(above, next) {
            return true;
        }
        if let Some(least) = self.pitch {
            return pitch < least;
        }
        let filled: Vec<usize> = (0..next.cells.len()).filter(|column| next.cells[*column].is_some()).collect();
        let count = |cells: &[Option<CellLine>]| cells.iter().flatten().count();
        let is_part = filled.len() < count(ends) && filled.iter().all(|column| ends[*column].is_some());
        let is_near = pitch < 1.6;
        is_part
            && is_near
            && filled.iter().all(|column| is_full(&ends[*column], &next.cells[*column], next, rights[*column]))
    }
}

/// Whether the first word of the next line would not have fitted on the one above.
fn is_full(above: &Option<CellLine>, next: &Option<CellLine>, level: &Level, right: f32) -> bool {
    /// How wide a letter is on the average, as a part of the size.
    const LETTER: f32 = 0.5;
    let (Some(above), Some(next)) = (above, next) else { return false };
    let word = lines::first_word(&next.text) as f32 * LETTER * level.size;
    above.x1 + word >= right && is_long(&above.text)
}

/// Whether a line is so long that it may have been broken.
pub fn is_long(line: &str) -> bool {
    const SHORTEST: usize = 10;
    lines::width(line) >= SHORTEST
}

/// The distance of two lines, as a part of the size.
fn pitch(above: &Level, next: &Level) -> f32 {
    (above.y - next.y) / above.size.max(next.size).max(0.1)
}

/// Whether two lines are so near that they are of one row, one of them in the middle beside the others.
fn overlaps(above: &Level, next: &Level) -> bool {
    let shares = |a: &Level, b: &Level| a.cells.iter().zip(&b.cells).any(|(a, b)| a.is_some() && b.is_some());
    pitch(above, next) < BESIDE && !shares(above, next)
}

/// The distance that parts rows from the lines of a row, if there are two kinds of distances and lines at the smaller one say less.
fn pitch_of_rows(levels: &[Level]) -> Option<f32> {
    /// How much wider the gap between rows is, at least.
    const WIDER: f32 = 1.25;
    const FEWEST: usize = 3;
    let mut pitches: Vec<f32> = levels.windows(2).map(|pair| pitch(&pair[0], &pair[1])).collect();
    // Lines in the middle beside others tell nothing.
    pitches.retain(|pitch| *pitch >= BESIDE);
    pitches.sort_unstable_by(f32::total_cmp);
    let middle = pitches.windows(2).max_by(|a, b| (a[1] / a[0].max(0.1)).total_cmp(&(b[1] / b[0].max(0.1))))?;
    if middle[1] < WIDER * middle[0] {
        return None;
    }
    let least = (middle[0] + middle[1]) / 2.0;
    let count = |level: &Level| level.cells.iter().flatten().count();
    let near = levels.windows(2).filter(|pair| pitch(&pair[0], &pair[1]) < least);
    let less = near.clone().filter(|pair| count(&pair[0]).min(count(&pair[1])) < pair[1].cells.len()).count();
    let rows = pitches.iter().filter(|pitch| **pitch >= least).count();
    (rows >= FEWEST && less * 2 > near.count()).then_some(least)
}
