//! The commit log of a head: what each commit wrote, in a sled database, to be read again at the next start.
//!
//! A commit's rows are packed into a few pieces of up to 4 KiB instead of a record each: what a record costs sled (its page is
//! copied, its key compared and counted) is then paid for some ten rows at once, and pages fill one after the other.

use std::path::PathBuf;

use super::damaged;
use super::database::{self, Bytes, Database, SEGMENT};
use super::row::{self, HEADER};
use crate::store::engine::EngineError;

/// sled's cache, in bytes: pieces are not read before the next start.
const CACHE: u64 = 256 * 1024;

/// Bytes at the beginning of the first piece: how many pieces there are, little-endian.
const COUNT: usize = 4;

/// The pieces of one commit.
pub(super) struct Pieces(Vec<Bytes>);

/// A row's value, as slices of a commit's pieces: buffers shared with sled, not copied (except for the shortest).
pub(super) enum Value {
    /// Within one piece.
    Whole(Bytes),
    /// Continued over several pieces; to be concatenated.
    Parts(Box<[Bytes]>),
}

impl Value {
    /// Bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Whole(value) => value.len(),
            Self::Parts(parts) => parts.iter().map(|part| part.len()).sum(),
        }
    }

    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Self::Whole(value) => value.to_vec(),
            Self::Parts(parts) => parts.concat(),
        }
    }
}

impl Pieces {
    /// Rows with their values, `None` for what is removed.
    pub fn pack<'a>(rows: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Self {
        let mut pieces = Vec::new();
        let mut piece = vec![0; COUNT];
        for (key, value) in rows {
            let row_length = HEADER + key.len() + value.map_or(0, <[u8]>::len);
            // A row that fits into a piece is in one.
            let together = if row_length <= database::MAX_VALUE { row_length } else { HEADER + key.len() };
            if piece.len() + together > database::MAX_VALUE {
                pieces.push(std::mem::take(&mut piece));
            }
            row::push_key(&mut piece, key, value.map(<[u8]>::len));
            let mut rest = value.unwrap_or_default();
            while piece.len() + rest.len() > database::MAX_VALUE {
                let (here, next) = rest.split_at(database::MAX_VALUE.saturating_sub(piece.len()));
                piece.extend_from_slice(here);
                pieces.push(std::mem::take(&mut piece));
                rest = next;
            }
            piece.extend_from_slice(rest);
        }
        pieces.push(piece);
        let count = (pieces.len() as u32).to_le_bytes();
        pieces[0][..COUNT].copy_from_slice(&count);
        Self(pieces.into_iter().map(Bytes::from).collect())
    }

    /// Whether all are there.
    fn are_complete(&self) -> bool {
        let count = self.0.first().and_then(|first| first.first_chunk::<COUNT>());
        count.is_some_and(|count| u32::from_le_bytes(*count) as usize == self.0.len())
    }

    /// Calls `visit` for each row, in order. Returns `None` at the first malformed row; those before it have been visited.
    pub fn each_row(&self, mut visit: impl FnMut(&[u8], Option<Value>)) -> Option<()> {
        let mut place = (0, COUNT);
        while let Some((number, offset)) = self.skip_ends(place) {
            let piece = &self.0[number];
            let (key, length, rest) = row::split_key(&piece[offset..])?;
            let start = piece.len() - rest.len();
            let (value, next) = match length {
                Some(length) => self.value((number, start), length).map(|(value, next)| (Some(value), next))?,
                None => (None, (number, start)),
            };
            visit(key, value);
            place = next;
        }
        Some(())
    }

    /// The place of the next byte; `None` behind the last one.
    fn skip_ends(&self, (mut number, mut offset): (usize, usize)) -> Option<(usize, usize)> {
        while offset == self.0.get(number)?.len() {
            (number, offset) = (number + 1, 0);
        }
        Some((number, offset))
    }

    /// The value that begins at a place, and the place behind it.
    fn value(&self, (mut number, mut offset): (usize, usize), length: usize) -> Option<(Value, (usize, usize))> {
        let part_at = |number: usize, offset: usize, most: usize| -> Option<Bytes> {
            let piece = self.0.get(number)?;
            Some(piece.subslice(offset, most.min(piece.len() - offset)))
        };
        let first = part_at(number, offset, length)?;
        if first.len() == length {
            return Some((Value::Whole(first), (number, offset + length)));
        }
        let mut missing = length - first.len();
        let mut parts = vec![first];
        while missing > 0 {
            (number, offset) = (number + 1, 0);
            let part = part_at(number, 0, missing)?;
            (missing, offset) = (missing - part.len(), offset + part.len());
            parts.push(part);
        }
        Some((Value::Parts(parts.into()), (number, offset)))
    }
}

/// Each piece is a record: the key is the commit's number (`u64`) and the piece's index (`u32`), big-endian; the value is the piece.
pub(super) struct CommitLog {
    database: Database,
}

impl CommitLog {
    /// Creates a log in a new folder; durable on return. It begins with an empty commit that has the number `first`, that of the
    /// last commit before this log, so that a log is never empty.
    pub fn create(dir: PathBuf, first: u64) -> Result<Self, EngineError> {
        let log = Self { database: Database::create(dir, CACHE)? };
        log.append(first, &Pieces::pack([]))?;
        Ok(log)
    }

    /// Opens a log and calls `visit` for each commit, in order; there is at least one, and numbers are consecutive.
    ///
    /// # Errors
    /// When another process uses it, or a commit is missing between others or incomplete. Missing commits at the end cannot be
    /// seen here: `disk.rs` compares the newest number with the acknowledged one.
    pub fn open(dir: PathBuf, mut visit: impl FnMut(u64, &Pieces) -> Option<()>) -> Result<Self, EngineError> {
        let database = Database::open(dir, SEGMENT, CACHE)?;
        let unreadable = || damaged(database.dir(), "a commit is unreadable");
        let mut commit: Option<(u64, Pieces)> = None;
        let mut end = |(number, pieces): (u64, Pieces)| {
            let is_shown = pieces.are_complete() && visit(number, &pieces).is_some();
            if is_shown { Ok(()) } else { Err(unreadable()) }
        };
        // All keys: numbers never get near the largest.
        for row in database.rows(Vec::new()..vec![u8::MAX; 9]) {
            let (key, piece) = row?;
            let number = key.first_chunk().map(|number| u64::from_be_bytes(*number)).ok_or_else(unreadable)?;
            match &mut commit {
                Some((current, pieces)) if *current == number => pieces.0.push(piece),
                Some((current, _)) if *current + 1 != number => return Err(unreadable()),
                _ => {
                    if let Some(complete) = commit.replace((number, Pieces(vec![piece]))) {
                        end(complete)?;
                    }
                }
            }
        }
        end(commit.ok_or_else(|| damaged(database.dir(), "it opens empty although it held data"))?)?;
        Ok(Self { database })
    }

    /// Durable when this returns.
    pub fn append(&self, number: u64, pieces: &Pieces) -> Result<(), EngineError> {
        let key = |piece: usize| [number.to_be_bytes().as_slice(), &(piece as u32).to_be_bytes()].concat();
        self.database.write(pieces.0.iter().enumerate().map(|(piece, bytes)| (key(piece), bytes.clone())))
    }

    pub fn database(&self) -> &Database {
        &self.database
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_come_back_in_their_order() {
        let lengths = [0, 1, 4000, 72 * 1024, 4080, 4081, 4082, 4096, 8192, 3, 9000, 0];
        let rows: Vec<(Vec<u8>, Option<Vec<u8>>)> = (0..lengths.len() * 2)
            .map(|number| {
                let length = lengths[number / 2];
                (vec![number as u8; 10], number.is_multiple_of(2).then(|| vec![number as u8; length]))
            })
            .collect();
        let pieces = Pieces::pack(rows.iter().map(|(key, value)| (&key[..], value.as_deref())));
        assert!(pieces.are_complete());
        assert!(pieces.0.iter().all(|piece| piece.len() <= database::MAX_VALUE));
        let mut found = Vec::new();
        pieces.each_row(|key, value| found.push((key.to_vec(), value.map(|it| it.to_vec())))).expect("rows");
        assert_eq!(found, rows);
    }

    #[test]
    fn a_commit_that_is_missing_or_incomplete_is_noticed() {
        let value = vec![1; 9000];
        for lost in [None, Some((9_u64, 2_u32)), Some((8, 0))] {
            let dir = tempfile::tempdir().expect("a folder");
            let path = dir.path().join("log");
            let log = CommitLog::create(path.clone(), 7).expect("a log");
            for number in 8..11 {
                log.append(number, &Pieces::pack([(&b"key"[..], Some(&value[..]))])).expect("written");
            }
            if let Some((number, piece)) = lost {
                log.database.remove_row(&[number.to_be_bytes().as_slice(), &piece.to_be_bytes()].concat());
            }
            log.database.close().expect("closed");
            drop(log);
            let mut numbers = Vec::new();
            let opened = CommitLog::open(path, |number, _| {
                numbers.push(number);
                Some(())
            });
            assert_eq!(opened.is_ok(), lost.is_none(), "{lost:?}");
            assert!(lost.is_some() || numbers == [7, 8, 9, 10], "{numbers:?}");
        }
    }
}
