//! Tables whose cells are drawn: what stands in a cell stays in it, and each row becomes one line.

use super::cells::{self, CellLine, Level, TableRow, is_long};
use super::columns::median;
use super::content::{Glyph, MIDDLE};
use super::grids::{Grid, grids};
use super::pieces::{Piece, pieces};
use super::rows::{Row, rows};
use super::rules::Rule;

/// Characters in the middle one of a table's cells from which on these are rather boxes with texts.
const LONGEST_CELL: usize = 300;

/// Cells beside each other at several heights that are rows, also where lines are drawn between others.
const MANY: usize = 4;

/// Lines in a part that goes from one side to the other from which on it is a text within the frame.
const MOST_LINES: usize = 4;

/// Takes the tables out of the characters of a page: their rows, and what is left.
pub fn drawn(mut glyphs: Vec<Glyph>, rules: &[Rule]) -> (Vec<Piece>, Vec<Glyph>) {
    let mut found = Vec::new();
    for grid in grids(rules) {
        let table = Table::new(&grid, &glyphs);
        let rows = table.rows();
        // The background of one row is no border.
        let is_strip = grid.rows() == 1 && !grid.is_drawn;
        if !is_strip && is_table(&rows) {
            let is_inside = |glyph: &Glyph| cell_of(&grid, glyph).is_some_and(|(row, _)| !table.is_text(row));
            glyphs.retain(|glyph| !is_inside(glyph));
            found.extend(as_pieces(&rows, &grid));
        }
    }
    (found, glyphs)
}

fn cell_of(grid: &Grid, glyph: &Glyph) -> Option<(usize, usize)> {
    grid.cell_at(glyph.x + glyph.width / 2.0, glyph.y + MIDDLE * glyph.size)
}

/// A grid with what stands in it.
struct Table<'a> {
    grid: &'a Grid,
    /// The lines of each whole cell, by its first row and column.
    cells: Vec<Vec<Row>>,
}

impl<'a> Table<'a> {
    fn new(grid: &'a Grid, glyphs: &[Glyph]) -> Self {
        let mut inside: Vec<Vec<Glyph>> = vec![Vec::new(); grid.rows() * grid.columns()];
        for glyph in glyphs {
            if let Some((row, column)) = cell_of(grid, glyph) {
                inside[row * grid.columns() + column].push(*glyph);
            }
        }
        let mut cells = vec![Vec::new(); inside.len()];
        for (cell, glyphs) in inside.iter().enumerate() {
            for (column, pieces) in by_columns(grid, cell % grid.columns(), pieces(glyphs)) {
                cells[cell - cell % grid.columns() + column] = rows(pieces);
            }
        }
        Self { grid, cells }
    }

    fn lines(&self, row: usize, column: usize) -> &[Row] {
        &self.cells[row * self.grid.columns() + column]
    }

    /// Whether no line is drawn within what begins at that row, and it is no row: a text, or a table without lines.
    fn is_text(&self, row: usize) -> bool {
        let is_one = (0..self.grid.columns()).all(|column| self.grid.cell(row, column) == (row, 0));
        let lines = (0..self.grid.columns()).map(|column| self.lines(row, column).len()).max();
        is_one && lines > Some(MOST_LINES)
    }

    /// The rows without those columns and rows in which there is nothing.
    fn rows(&self) -> Vec<TableRow> {
        let bands: Vec<usize> = (0..self.grid.rows())
            .filter(|row| (0..self.grid.columns()).any(|column| !self.lines(*row, column).is_empty()))
            .filter(|row| !self.is_text(*row))
            .collect();
        // Where lines are drawn between many rows, they are between all, unless it is plain that they are not.
        let fewest = if bands.len() <= 3 { 2 } else { MANY };
        let mut rows: Vec<TableRow> = bands.iter().flat_map(|row| self.split(*row, fewest)).collect();
        let columns = 0..self.grid.columns();
        let filled: Vec<bool> = columns.map(|column| rows.iter().any(|row| !row.cells[column].is_empty())).collect();
        for row in &mut rows {
            let mut keep = filled.iter();
            row.cells.retain(|_| keep.next().copied().unwrap_or_default());
        }
        rows
    }

    /// All between two lines as one row. What stands beside several rows belongs to each.
    fn whole(&self, row: usize) -> TableRow {
        let columns = 0..self.grid.columns();
        let lines: Vec<&[Row]> = columns.map(|column| self.lines(self.grid.cell(row, column).0, column)).collect();
        let own = || (0..self.grid.columns()).flat_map(|column| self.lines(row, column));
        TableRow {
            y: own().map(|line| line.y).fold(f32::NEG_INFINITY, f32::max),
            size: median(own().map(Row::usual_size)),
            cells: lines.into_iter().map(text).collect(),
        }
    }

    /// The rows between two lines: more than one where cells stand beside each other at the same heights.
    fn split(&self, row: usize, fewest: usize) -> Vec<TableRow> {
        let columns = self.grid.columns();
        let is_single = (0..columns).all(|column| self.grid.cell(row, column).0 == row);
        let levels = self.levels(row);
        let beside = levels.iter().filter(|level| level.cells.iter().flatten().count() >= fewest).count();
        let is_less_than_most = fewest == MANY && beside < levels.len();
        if !is_single || beside < 3 || is_less_than_most || self.is_wrapped(row) {
            return vec![self.whole(row)];
        }
        cells::rows(&levels, &self.grid.xs[1..])
    }

    fn levels(&self, row: usize) -> Vec<Level> {
        let columns = self.grid.columns();
        let mut levels: Vec<Level> = Vec::new();
        for column in 0..columns {
            for line in self.lines(row, column) {
                let near = levels.iter_mut().find(|level| (level.y - line.y).abs() < 0.4 * line.size.min(level.size));
                let cell = Some(CellLine { text: line.text(), x1: line.x1() });
                match near {
                    Some(level) if level.cells[column].is_none() => level.cells[column] = cell,
                    _ => {
                        let mut level = Level { y: line.y, size: line.usual_size(), ..Level::default() };
                        level.cells.resize(columns, None);
                        level.cells[column] = cell;
                        levels.push(level);
                    }
                }
            }
        }
        levels.sort_by(|a, b| b.y.total_cmp(&a.y));
        levels
    }

    /// Whether in each cell with several lines most go on in the next.
    fn is_wrapped(&self, row: usize) -> bool {
        let mut several = (0..self.grid.columns()).filter(|column| self.lines(row, *column).len() > 1);
        several.all(|column| {
            let lines = self.lines(row, column);
            let left = lines.iter().map(Row::x0).fold(f32::INFINITY, f32::min);
            let padding = left - self.grid.xs[column];
            let right = self.grid.xs[column + 1] - padding.clamp(0.0, 10.0);
            let goes_on = |pair: &&[Row]| pair[0].would_overflow(&pair[1], right) && is_long(&pair[0].text());
            (lines.windows(2).filter(goes_on).count() + 1) * 2 > lines.len()
        })
    }
}

fn text(lines: &[Row]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        cells::add(&mut text, &line.text());
        text
    })
}

/// What stands in a whole cell by the columns that it belongs to: one, unless no line is drawn between several and nothing crosses
/// the places where they would be.
fn by_columns(grid: &Grid, first: usize, pieces: Vec<Piece>) -> Vec<(usize, Vec<Piece>)> {
    let column_at = |x: f32| grid.xs.partition_point(|at| *at <= x).saturating_sub(1).clamp(first, grid.columns() - 1);
    if pieces.iter().any(|piece| column_at(piece.x0) != column_at(piece.x1)) {
        return vec![(first, pieces)];
    }
    let mut columns: Vec<(usize, Vec<Piece>)> = Vec::new();
    for piece in pieces {
        let column = column_at(piece.x0);
        match columns.iter_mut().find(|(other, _)| *other == column) {
            Some((_, pieces)) => pieces.push(piece),
            None => columns.push((column, vec![piece])),
        }
    }
    columns
}

/// Whether these rows are a table rather than boxes around texts, or a drawing.
fn is_table(rows: &[TableRow]) -> bool {
    let columns = rows.first().map_or(0, |row| row.cells.len());
    let has_cells = |row: &TableRow| row.cells.iter().filter(|cell| !cell.is_empty()).count() >= 2;
    let lengths = rows.iter().flat_map(|row| &row.cells).map(|cell| cell.chars().count()).filter(|length| *length > 0);
    let fewest = if columns > 2 { 1 } else { 2 };
    let longest = median(lengths.map(|length| length as f32));
    columns >= 2 && rows.iter().filter(|row| has_cells(row)).count() >= fewest && longest <= LONGEST_CELL as f32
}

fn as_pieces(rows: &[TableRow], grid: &Grid) -> impl Iterator<Item = Piece> {
    let sides = grid.xs.first().zip(grid.xs.last()).map_or((0.0, 0.0), |(x0, x1)| (*x0, *x1));
    let titles = rows.iter().take_while(|row| row.is_title()).count();
    let text = move |(index, row): (usize, &TableRow)| if index < titles { row.cells[0].clone() } else { row.text() };
    let row = move |(index, row)| Piece::row(row, text((index, row)), sides, index + 1 == rows.len());
    rows.iter().enumerate().map(row)
}
