//! Several layers as one: of rows with the same key, that of the newest layer counts.

use std::ops::Range;
use std::sync::Arc;

use super::head::{Head, HeadRows};
use super::row::RowRef;
use super::run::{Run, RunRows};
use crate::store::engine::{Direction, EngineError};

/// A layer's rows, at one of them.
enum Rows {
    Head(HeadRows),
    Run(RunRows),
}

impl Rows {
    /// Goes on to the next row; `false` behind the last one.
    fn advance(&mut self) -> Result<bool, EngineError> {
        match self {
            Self::Head(rows) => Ok(rows.advance()),
            Self::Run(rows) => rows.advance(),
        }
    }

    fn row(&self) -> RowRef<'_> {
        match self {
            Self::Head(rows) => rows.row(),
            Self::Run(rows) => rows.row(),
        }
    }
}

/// Rows of all layers in one order, each key once, removed ones included.
pub(super) struct Merge {
    direction: Direction,
    /// Those that are not at their end, newest first.
    layers: Vec<Rows>,
    /// Which of them are at the row that was returned last, newest first.
    shown: Vec<usize>,
}

impl Merge {
    /// Both lists newest first, and all heads newer than all runs.
    pub fn new(
        heads: &[Arc<Head>],
        runs: &[Arc<Run>],
        range: &Range<Vec<u8>>,
        direction: Direction,
    ) -> Result<Self, EngineError> {
        let heads = heads.iter().map(|head| Some(Rows::Head(head.rows(range, direction))));
        let runs = runs.iter().map(|run| run.rows(range, direction).map(Rows::Run));
        let mut layers = Vec::new();
        for mut rows in heads.chain(runs).flatten() {
            if rows.advance()? {
                layers.push(rows);
            }
        }
        Ok(Self { direction, layers, shown: Vec::new() })
    }

    pub fn next(&mut self) -> Result<Option<RowRef<'_>>, EngineError> {
        // The last first, so that the places of the others stay.
        while let Some(number) = self.shown.pop() {
            if !self.layers[number].advance()? {
                self.layers.remove(number);
            }
        }
        for (number, rows) in self.layers.iter().enumerate() {
            let order = match self.shown.first() {
                Some(&first) => rows.row().0.cmp(self.layers[first].row().0),
                None => std::cmp::Ordering::Equal,
            };
            let order = if self.direction == Direction::Forward { order } else { order.reverse() };
            if order.is_lt() {
                self.shown.clear();
            }
            if order.is_le() {
                self.shown.push(number);
            }
        }
        Ok(self.shown.first().map(|&newest| self.layers[newest].row()))
    }
}
