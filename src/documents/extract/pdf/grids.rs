//! Where drawn lines make the cells of a table.

use super::rules::Rule;

/// How far lines may be from where they should meet, in points.
pub const NEAR: f32 = 3.0;

/// Pairs of lines up to which it is looked whether they meet.
const MOST_PAIRS: usize = 4_000_000;

/// Cells up to which lines are a table.
const MOST_CELLS: usize = 50_000;

/// Tables of a page.
const MOST: usize = 200;

/// A line along one axis, at a place on the other.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    at: f32,
    from: f32,
    to: f32,
    is_drawn: bool,
}

/// The cells between lines. Some may be parts of a larger one.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// From left to right.
    pub xs: Vec<f32>,
    /// From top to bottom.
    pub ys: Vec<f32>,
    /// The first cell of the larger one that a cell is part of, row by row.
    firsts: Vec<usize>,
    /// Not only made of the sides of filled boxes.
    pub is_drawn: bool,
}

impl Grid {
    pub fn columns(&self) -> usize {
        self.xs.len().saturating_sub(1)
    }

    pub fn rows(&self) -> usize {
        self.ys.len().saturating_sub(1)
    }

    /// The whole cell at that row and column, by its first row and column.
    pub fn cell(&self, row: usize, column: usize) -> (usize, usize) {
        let first = self.firsts.get(row * self.columns() + column).copied().unwrap_or_default();
        (first / self.columns(), first % self.columns())
    }

    /// The whole cell around a point, by its first row and column.
    pub fn cell_at(&self, x: f32, y: f32) -> Option<(usize, usize)> {
        let column = self.xs.partition_point(|at| *at <= x).checked_sub(1)?;
        let row = self.ys.partition_point(|at| *at >= y).checked_sub(1)?;
        (column < self.columns() && row < self.rows()).then(|| self.cell(row, column))
    }

    pub fn area(&self) -> f32 {
        let length = |ends: &[f32]| ends.first().zip(ends.last()).map_or(0.0, |(first, last)| (last - first).abs());
        length(&self.xs) * length(&self.ys)
    }

    /// Made of lines that meet, if they part a place both ways.
    fn new(across: &[Span], upright: &[Span]) -> Option<Self> {
        let xs = places(upright, across);
        let mut ys = places(across, upright);
        ys.reverse();
        let (columns, rows) = (xs.len().checked_sub(1)?, ys.len().checked_sub(1)?);
        let looked_at = (across.len() + upright.len()).saturating_mul(columns * rows);
        if columns < 2 || rows < 1 || columns * rows > MOST_CELLS || looked_at > 10 * MOST_PAIRS {
            return None;
        }
        let is_there = |spans: &[Span], at: f32, middle: f32| {
            spans.iter().any(|span| (span.at - at).abs() <= NEAR && (span.from..=span.to).contains(&middle))
        };
        let mut sets = Sets::new(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let (x, y) = ((xs[column] + xs[column + 1]) / 2.0, (ys[row] + ys[row + 1]) / 2.0);
                let cell = row * columns + column;
                if column + 1 < columns && !is_there(upright, xs[column + 1], y) {
                    sets.unite(cell, cell + 1);
                }
                if row + 1 < rows && !is_there(across, ys[row + 1], x) {
                    sets.unite(cell, cell + columns);
                }
            }
        }
        let firsts = (0..columns * rows).map(|cell| sets.find(cell)).collect();
        let is_drawn = upright.iter().any(|span| span.is_drawn);
        Some(Self { xs, ys, firsts, is_drawn })
    }
}

/// All grids of a page, the smallest first.
pub fn grids(rules: &[Rule]) -> Vec<Grid> {
    let is_across = |rule: &&Rule| rule.width() >= rule.height();
    let level = |rule: &Rule| Span { at: rule.y0, from: rule.x0, to: rule.x1, is_drawn: !rule.is_side };
    let post = |rule: &Rule| Span { at: rule.x0, from: rule.y0, to: rule.y1, is_drawn: !rule.is_side };
    let across = joined(rules.iter().filter(is_across).map(level));
    let upright = joined(rules.iter().filter(|rule| !is_across(rule)).map(post));
    if across.len().saturating_mul(upright.len()) > MOST_PAIRS {
        return Vec::new();
    }
    let mut sets = Sets::new(across.len() + upright.len());
    for (i, level) in across.iter().enumerate() {
        for (j, post) in upright.iter().enumerate() {
            if meet(level, post) {
                sets.unite(i, across.len() + j);
            }
        }
    }
    let mut parts: std::collections::BTreeMap<usize, (Vec<Span>, Vec<Span>)> = std::collections::BTreeMap::new();
    for (i, level) in across.iter().enumerate() {
        parts.entry(sets.find(i)).or_default().0.push(*level);
    }
    for (j, post) in upright.iter().enumerate() {
        parts.entry(sets.find(across.len() + j)).or_default().1.push(*post);
    }
    let mut grids: Vec<Grid> = parts.values().filter_map(|(across, upright)| Grid::new(across, upright)).collect();
    grids.truncate(MOST);
    grids.sort_by(|a, b| a.area().total_cmp(&b.area()));
    grids
}

fn meet(level: &Span, post: &Span) -> bool {
    let within = |at: f32, span: &Span| (span.from - NEAR..=span.to + NEAR).contains(&at);
    within(post.at, level) && within(level.at, post)
}

/// Lines at one place that touch each other, as one.
fn joined(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    /// How far apart the two lines of a double one may be, in points.
    const DOUBLE: f32 = 1.5;
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_unstable_by(|a, b| a.at.total_cmp(&b.at));
    let mut all: Vec<Span> = Vec::new();
    for same in spans.chunk_by(|a, b| b.at - a.at <= DOUBLE) {
        let mut same = same.to_vec();
        same.sort_unstable_by(|a, b| a.from.total_cmp(&b.from));
        let first = all.len();
        for span in same {
            match all[first..].last_mut().filter(|last| span.from <= last.to + NEAR) {
                Some(last) => {
                    last.to = last.to.max(span.to);
                    last.is_drawn |= span.is_drawn;
                }
                None => all.push(span),
            }
        }
    }
    all
}

/// Where a grid has its lines: at those along one axis, and where the others end beyond them, for tables without sides.
fn places(spans: &[Span], others: &[Span]) -> Vec<f32> {
    let mut places: Vec<f32> = spans.iter().map(|span| span.at).collect();
    let least = others.iter().map(|other| other.from).fold(f32::INFINITY, f32::min);
    let most = others.iter().map(|other| other.to).fold(f32::NEG_INFINITY, f32::max);
    places.extend([least, most].into_iter().filter(|place| place.is_finite()));
    places.sort_unstable_by(f32::total_cmp);
    places.dedup_by(|next, last| *next - *last <= 2.0 * NEAR);
    places
}

/// Disjoint sets of numbers.
struct Sets {
    parents: Vec<usize>,
}

impl Sets {
    fn new(count: usize) -> Self {
        Self { parents: (0..count).collect() }
    }

    /// The least of the set.
    fn find(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.parents[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn across(y: f32, x0: f32, x1: f32) -> Rule {
        Rule { x0, y0: y, x1, y1: y, is_side: false }
    }

    fn upright(x: f32, y0: f32, y1: f32) -> Rule {
        Rule { x0: x, y0, x1: x, y1, is_side: false }
    }

    #[test]
    fn lines_that_meet_make_cells() {
        let rules = [0.0, 20.0, 40.0].map(|y| across(y, 0.0, 100.0)).into_iter();
        let mut rules: Vec<Rule> = rules.chain([0.0, 50.0, 100.0].map(|x| upright(x, 0.0, 40.0))).collect();
        let grid = &grids(&rules)[0];
        assert_eq!((grid.rows(), grid.columns()), (2, 2));
        assert_eq!((grid.cell_at(10.0, 30.0), grid.cell_at(60.0, 10.0)), (Some((0, 0)), Some((1, 1))));
        assert_eq!(grid.cell_at(110.0, 10.0), None);
        // Without the line between the two upper cells they are one.
        rules.retain(|rule| rule.x0 != 50.0 || rule.width() > 0.0);
        rules.push(upright(50.0, 0.0, 20.0));
        assert_eq!(grids(&rules)[0].cell_at(60.0, 30.0), Some((0, 0)));
    }

    #[test]
    fn lines_drawn_cell_by_cell_are_one_and_sides_may_be_missing() {
        let pieces = [0.0, 20.0, 40.0].into_iter().flat_map(|y| [across(y, 0.0, 50.0), across(y + 0.4, 51.0, 100.0)]);
        let rules: Vec<Rule> = pieces.chain([upright(50.0, 0.0, 40.0)]).collect();
        let grid = &grids(&rules)[0];
        assert_eq!((grid.rows(), grid.columns(), grid.cell_at(90.0, 10.0)), (2, 2, Some((1, 1))));
    }

    #[test]
    fn lines_that_do_not_meet_make_none() {
        assert!(grids(&[across(0.0, 0.0, 100.0), across(20.0, 0.0, 100.0), upright(200.0, 0.0, 40.0)]).is_empty());
        assert!(grids(&[]).is_empty());
    }
}
