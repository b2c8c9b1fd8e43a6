//! Several layers as one: of rows with the same key, that of the newest layer counts.

use std::ops::Range;
use std::sync::Arc;

use super::head::{Head, HeadRows};
use super::row::Row;
use super::run::{Run, RunRows};
use crate::store::engine::{Direction, EngineError};

enum Rows {
    Head(HeadRows),
    Run(RunRows),
}

impl Rows {
    fn next(&mut self) -> Result<Option<Row>, EngineError> {
        match self {
            Self::Head(rows) => Ok(rows.next()),
            Self::Run(rows) => rows.next(),
        }
    }
}

/// Rows of all layers in one order, each key once, removed ones included.
pub(super) struct Merge {
    direction: Direction,
    /// Newest first; each with its next row.
    layers: Vec<(Rows, Row)>,
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
            if let Some(first) = rows.next()? {
                layers.push((rows, first));
            }
        }
        Ok(Self { direction, layers })
    }

    pub fn next(&mut self) -> Result<Option<Row>, EngineError> {
        let keys = self.layers.iter().map(|(_, (key, _))| key);
        let next = match self.direction {
            Direction::Forward => keys.min(),
            Direction::Backward => keys.max(),
        };
        let Some(key) = next.cloned() else { return Ok(None) };
        let mut newest = None;
        let mut number = 0;
        while let Some((rows, row)) = self.layers.get_mut(number) {
            if row.0 != key {
                number += 1;
                continue;
            }
            let (row, has_more) = match rows.next()? {
                Some(next) => (std::mem::replace(row, next), true),
                None => (self.layers.remove(number).1, false),
            };
            newest.get_or_insert(row);
            number += usize::from(has_more);
        }
        Ok(newest)
    }
}
