//! Reads a range of any length: a page at a time, each bounded in entries and bytes, so that neither memory nor others who read
//! are burdened by how much there is.

use std::ops::Range;
use std::vec::IntoIter;

use super::engine::{Direction, EngineError, Entry, Limit, Reader, Snapshot, Table, prefix_range};
use crate::threads;

/// A page: enough to make a read cheap, little enough to stay small also where values are long.
const PAGE: Limit = Limit { entries: 256, bytes: 128 * 1024 };

/// Entries of a range, in order. Not a snapshot: an entry written meanwhile is found if its key lies beyond the pages read so far
/// and the last page, the first one below the limit, has not been read yet.
pub(super) struct Pager<'a> {
    reader: &'a dyn Reader,
    table: Table,
    /// What is still to be read.
    range: Range<Vec<u8>>,
    direction: Direction,
    /// Entries that are still to be read at most.
    left: usize,
    /// The most entries of a page.
    at_a_time: usize,
    page: IntoIter<Entry>,
}

impl<'a> Pager<'a> {
    /// A range, forward.
    pub fn new(reader: &'a dyn Reader, table: Table, range: Range<Vec<u8>>) -> Self {
        Self {
            reader,
            table,
            range,
            direction: Direction::Forward,
            left: usize::MAX,
            at_a_time: PAGE.entries,
            page: Vec::new().into_iter(),
        }
    }

    /// A whole table, forward.
    pub fn of_table(reader: &'a dyn Reader, table: Table) -> Self {
        Self::new(reader, table, prefix_range(&[]))
    }

    /// Sets the direction of reading; forward by default.
    pub fn from(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// No more than so many entries.
    pub fn at_most(self, entries: usize) -> Self {
        Self { left: entries, ..self }
    }

    /// With so many entries of a page at most, for what is short and of which much is read: each page is a turn of the store's
    /// reading threads.
    pub fn at_a_time(self, entries: usize) -> Self {
        Self { at_a_time: entries, ..self }
    }

    /// Only what comes after this key in the direction of reading. To be called after [`Pager::from`]; the key must lie within the
    /// range.
    pub fn behind(mut self, key: Vec<u8>) -> Self {
        self.skip_to(key);
        self
    }

    /// The next entry.
    ///
    /// # Errors
    /// As the engine's. The same entry is next then.
    pub async fn next(&mut self) -> Result<Option<Entry>, EngineError> {
        if self.page.as_slice().is_empty() {
            self.page = self.next_page().await?.into_iter();
        }
        Ok(self.page.next())
    }

    /// The next entries, as many as are read at a time; none at the end. Not to be mixed with [`Pager::next`].
    ///
    /// # Errors
    /// As the engine's. The same page is next then.
    pub async fn next_page(&mut self) -> Result<Vec<Entry>, EngineError> {
        if self.left == 0 || self.range.is_empty() {
            return Ok(Vec::new());
        }
        let limit = Limit { entries: self.at_a_time.min(self.left), ..PAGE };
        let page = self.reader.scan(self.table, self.range.clone(), self.direction, limit).await?;
        let bytes = page.iter().map(|(key, value)| key.len() + value.len()).sum();
        match page.last() {
            Some((key, _)) if limit.is_reached(page.len(), bytes) => {
                self.left -= page.len();
                self.skip_to(key.clone());
            }
            _ => self.left = 0,
        }
        Ok(page)
    }

    fn skip_to(&mut self, mut key: Vec<u8>) {
        match self.direction {
            Direction::Forward => {
                // The smallest key behind this one.
                key.push(0);
                self.range.start = key;
            }
            Direction::Backward => self.range.end = key,
        }
    }
}

impl Snapshot {
    /// Calls `visit` for each row: table by table, in the order of the keys. Blocks.
    ///
    /// # Errors
    /// As the engine's, and the first error of `visit`.
    pub fn each_row<E: From<EngineError>>(
        &self,
        mut visit: impl FnMut(Table, &[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        Table::ALL.iter().try_for_each(|&table| self.each_row_of(table, |key, value| visit(table, key, value)))
    }

    /// The same for the rows of a table.
    ///
    /// # Errors
    /// As for [`Snapshot::each_row`].
    pub fn each_row_of<E: From<EngineError>>(
        &self,
        table: Table,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut pages = Pager::of_table(self.rows.as_ref(), table);
        loop {
            let page = threads::wait(pages.next_page())?;
            if page.is_empty() {
                return Ok(());
            }
            page.iter().try_for_each(|(key, value)| visit(key, value))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::engine::{Batch, Scope};
    use crate::store::{Engine, MemoryEngine};

    /// Long and short values, by number.
    fn engine() -> MemoryEngine {
        let engine = MemoryEngine::default();
        for number in 0..700_u32 {
            let value = vec![7; if number % 50 == 0 { 70 * 1024 } else { 10 }];
            engine.commit(&[&Batch::new(Scope::ANY).put(Table::Jobs, number.to_be_bytes(), value)]).expect("written");
        }
        engine
    }

    async fn numbers(mut pager: Pager<'_>) -> Vec<u32> {
        let mut numbers = Vec::new();
        while let Some((key, _)) = pager.next().await.expect("readable") {
            numbers.push(u32::from_be_bytes(*key.last_chunk().expect("a number")));
        }
        numbers
    }

    #[tokio::test]
    async fn everything_comes_once_from_either_end_and_from_any_key_on() {
        let engine = engine();
        let all = || Pager::of_table(&engine, Table::Jobs);
        let backward = || all().from(Direction::Backward);
        assert_eq!(numbers(all()).await, (0..700).collect::<Vec<_>>());
        assert_eq!(numbers(backward()).await, (0..700).rev().collect::<Vec<_>>());
        let key = 300_u32.to_be_bytes().to_vec();
        assert_eq!(numbers(all().behind(key.clone())).await, (301..700).collect::<Vec<_>>());
        assert_eq!(numbers(backward().behind(key)).await, (0..300).rev().collect::<Vec<_>>());
        assert_eq!(numbers(all().at_most(300)).await, (0..300).collect::<Vec<_>>());
        assert!(numbers(all().at_most(0)).await.is_empty());
        assert_eq!(numbers(all().at_a_time(7)).await, (0..700).collect::<Vec<_>>());
        assert!(numbers(Pager::new(&engine, Table::Jobs, vec![1]..vec![1])).await.is_empty());
        assert!(numbers(Pager::of_table(&engine, Table::Hooks)).await.is_empty());
    }

    #[tokio::test]
    async fn no_page_is_longer_than_its_bytes_and_one_value() {
        let engine = engine();
        let mut pager = Pager::of_table(&engine, Table::Jobs);
        let mut pages = 0;
        loop {
            let page = pager.next_page().await.expect("readable");
            if page.is_empty() {
                break;
            }
            pages += 1;
            let bytes: usize = page.iter().map(|(key, value)| key.len() + value.len()).sum();
            assert!(page.len() <= PAGE.entries && bytes < PAGE.bytes + 72 * 1024, "{bytes} bytes");
        }
        assert!(pages > 5, "{pages} pages");
    }
}
