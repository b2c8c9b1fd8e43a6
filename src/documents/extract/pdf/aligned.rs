//! Tables whose cells only stand below each other.

use super::cells::{self, CellLine, Level, TableRow};
use super::layout::without_leaders;
use super::pieces::Piece;
use super::rows::{FAR, Row, is_number};
use super::rules::Rule;
use crate::documents::extract::lines;

/// Rows with several cells that make a table, at least; and if the gaps between the cells are not much wider than a space.
const FEWEST: usize = 2;
const FEWEST_NARROW: usize = 3;

/// The gap between cells, as a part of the size, at least.
const GAP: f32 = 0.75;

/// How far below each other rows may stand, as a part of the size; and the lines of one cell.
const FARTHEST: f32 = 4.0;
const FARTHEST_LINE: f32 = 1.8;

/// Rows of a table. A longer one is read in parts.
const MOST_ROWS: usize = 1_000;

/// A row and its parts.
struct Parted {
    row: Row,
    groups: Vec<Row>,
}

/// Rows in the order of reading, those of tables with their cells parted.
pub fn tables(rows: Vec<Row>, rules: &[Rule]) -> Vec<Row> {
    let mut read = Vec::with_capacity(rows.len());
    let parted = |row: Row| Parted { groups: row.groups(GAP), row };
    let rows: Vec<Parted> = rows.into_iter().map(parted).collect();
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let count = match Table::at_start(rest) {
            Ok(table) => {
                read.extend(table.rows(rules));
                table.rows.len()
            }
            Err(count) => {
                read.extend(rest[..count].iter().map(|parted| parted.row.clone()));
                count
            }
        };
        rest = &rest[count..];
    }
    read
}

/// Rows that stand below each other, parted into the same columns.
struct Table<'a> {
    rows: &'a [Parted],
    columns: Vec<(f32, f32)>,
}

impl<'a> Table<'a> {
    /// The table that begins with the first row, or else how many rows make none.
    fn at_start(rows: &'a [Parted]) -> Result<Self, usize> {
        let first = &rows[0];
        if first.groups.len() < 2 || is_leader(&first.row) {
            return Err(1);
        }
        let mut table = Self { rows: &rows[..1], columns: extents(&first.groups) };
        let (mut columns, mut cells) = (table.columns.clone(), 1);
        // Lines at the left side alone, which may be a text beside remarks.
        let (mut alone, mut alone_within) = (0, 0);
        for (count, pair) in (2..=MOST_ROWS).zip(rows.windows(2)) {
            let groups = &pair[1].groups;
            columns = united(&columns, &extents(groups));
            let pitch = pitch(&pair[0].row, &pair[1].row);
            let is_below = (0.0..FARTHEST).contains(&pitch) && !pair[1].row.is_cells() && !is_leader(&pair[1].row);
            // What goes across several cells stands above or below the table.
            let shrinks = columns.len() < table.columns.len() || columns.len() < groups.len();
            let goes_across = shrinks && rows[..count].iter().any(|row| row.has_conflict(&columns));
            if goes_across && cells < FEWEST {
                return Err(1);
            }
            if !is_below || columns.len() < 2 || goes_across {
                break;
            }
            // A line that is not parted may be the rest of a cell, or the text that follows.
            let is_rest = pitch < FARTHEST_LINE && groups.iter().all(|group| group.x0() > table.columns[0].1);
            if groups.len() > 1 || is_rest {
                cells += usize::from(groups.len() > 1);
                alone_within = alone;
                table = Self { rows: &rows[..count], columns: columns.clone() };
            } else {
                alone += 1;
            }
        }
        let fewest = if table.is_wide() { FEWEST } else { FEWEST_NARROW };
        let is_table = cells >= fewest && alone_within <= cells && !table.is_list();
        if is_table { Ok(table.with_whole_columns()) } else { Err(table.rows.len()) }
    }

    /// Joins columns that no row fills both, such as numbers at the right side below a title in the middle.
    fn with_whole_columns(self) -> Self {
        let filled = |(start, end): (f32, f32)| -> Vec<bool> {
            let is_in = |group: &Row| group.x0() >= start && group.x0() <= end;
            self.rows.iter().map(|row| row.groups.iter().any(is_in)).collect()
        };
        let mut columns: Vec<((f32, f32), Vec<bool>)> = Vec::new();
        for extent in &self.columns {
            let rows = filled(*extent);
            let apart = |other: &[bool]| other.iter().zip(&rows).all(|(a, b)| !(*a && *b));
            match columns.last_mut().filter(|(_, other)| apart(other)) {
                Some((last, other)) => {
                    last.1 = extent.1;
                    other.iter_mut().zip(&rows).for_each(|(other, row)| *other |= *row);
                }
                None => columns.push((*extent, rows)),
            }
        }
        Self { columns: columns.into_iter().map(|(extent, _)| extent).collect(), ..self }
    }

    /// Whether all columns are far from each other.
    fn is_wide(&self) -> bool {
        let size = self.rows.iter().map(|parted| parted.row.usual_size()).fold(0.0, f32::max);
        self.columns.windows(2).all(|pair| pair[1].0 - pair[0].1 > FAR * size)
    }

    /// Whether the first of these columns has nothing but the marks of items, or the numbers of headings.
    fn is_list(&self) -> bool {
        let first = |row: &Parted| row.groups.first().filter(|group| group.x0() <= self.columns[0].1).map(Row::text);
        let is_mark = |text: String| lines::is_mark(&text) || (self.columns.len() == 2 && is_number(&text));
        self.rows.iter().filter_map(first).all(is_mark)
    }

    fn rows(&self, rules: &[Rule]) -> Vec<Row> {
        let levels: Vec<Level> = (0..self.rows.len()).map(|index| self.level(index, rules)).collect();
        let ends: Vec<f32> = self.columns.iter().map(|(_, end)| *end).collect();
        let rows = cells::rows(&levels, &ends);
        let mut labels = rows.iter().map(|row| row.cells.first().map_or("", String::as_str));
        let is_form = self.columns.len() == 2 && labels.all(|label| label.ends_with([':', '：']));
        let sides = (self.columns[0].0, ends.last().copied().unwrap_or_default());
        let text = |row: &TableRow| if is_form { row.cells.join(" ") } else { row.text() };
        let row =
            |(index, row): (usize, &TableRow)| Row::of(Piece::row(row, text(row), sides, index + 1 == rows.len()));
        rows.iter().enumerate().map(row).collect()
    }

    fn level(&self, index: usize, rules: &[Rule]) -> Level {
        let Parted { row, groups } = &self.rows[index];
        let mut cells: Vec<Option<CellLine>> = vec![None; self.columns.len()];
        for group in groups {
            let column = self.columns.iter().position(|(_, end)| group.x0() <= *end).unwrap_or_default();
            match &mut cells[column] {
                Some(cell) => {
                    cell.text = format!("{} {}", cell.text, group.text());
                    cell.x1 = group.x1();
                }
                empty => *empty = Some(CellLine { text: group.text(), x1: group.x1() }),
            }
        }
        let above = index.checked_sub(1).map(|above| self.rows[above].row.y);
        let (left, right) = self.columns[0];
        let parts = |rule: &Rule| {
            let (low, high) = (row.y + 0.6 * row.size, above.unwrap_or(row.y) - 0.25 * row.size);
            rule.width() > rule.height() && (low..high).contains(&rule.y0) && rule.x0 < right && rule.x1 > left
        };
        Level { y: row.y, size: row.usual_size(), cells, is_below_rule: rules.iter().any(parts) }
    }
}

impl Parted {
    /// Whether several parts would be in one column.
    fn has_conflict(&self, columns: &[(f32, f32)]) -> bool {
        let at = |group: &Row| columns.iter().position(|(_, end)| group.x0() <= *end);
        self.groups.windows(2).any(|pair| at(&pair[0]) == at(&pair[1]))
    }
}

/// The distance of two rows, as a part of the size.
fn pitch(above: &Row, below: &Row) -> f32 {
    (above.y - below.y) / above.size.max(below.size).max(0.1)
}

/// Whether dots lead from one part to the next.
fn is_leader(row: &Row) -> bool {
    without_leaders(&row.text()).1
}

fn extents(groups: &[Row]) -> Vec<(f32, f32)> {
    groups.iter().map(|group| (group.x0(), group.x1())).collect()
}

/// What is taken by either of two lists of extents, in order.
fn united(a: &[(f32, f32)], b: &[(f32, f32)]) -> Vec<(f32, f32)> {
    let mut all = [a, b].concat();
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut united: Vec<(f32, f32)> = Vec::with_capacity(all.len());
    for (start, end) in all {
        match united.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => united.push((start, end)),
        }
    }
    united
}
