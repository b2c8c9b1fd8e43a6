//! A run: rows sorted by key, in a file that never changes once it is complete.
//!
//! The file is a sequence of compressed blocks, then a Bloom filter, then an index of the blocks, then a footer. The index is
//! kept in memory, about 40 bytes for 16 KiB of rows, and so is a filter that is not large. Everything that is read is checked
//! against a checksum first.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::row::{self, RowRef};
use super::{damaged, io_error};
use crate::store::engine::{Direction, EngineError};

/// Bytes of rows in a block before compression; more where a single row is longer.
const BLOCK: usize = 16 * 1024;

/// Bytes written between two syncs: a single sync of a long file at its end would hold up everybody else's.
const SYNC_EVERY: u64 = 2 * 1024 * 1024;

const MAGIC: &[u8; 8] = b"chatrun1";

/// Magic, rows, offset of the filter, blocks of the filter, offset of the index, checksum of the index, checksum of the footer.
const FOOTER: usize = 8 + 8 + 8 + 8 + 8 + 4 + 4;

/// Checksum and length of the rows, before each compressed block.
const BLOCK_HEADER: usize = 8;

/// Writes a run. Rows come in the order of their keys, each key once. A file that is not finished is removed.
pub(super) struct RunWriter {
    path: PathBuf,
    is_finished: bool,
    file: BufWriter<File>,
    offset: u64,
    synced: u64,
    rows: u64,
    removed: u64,
    block: BlockBuilder,
    last_key: Vec<u8>,
    index: Index,
    filter: Filter,
}

impl RunWriter {
    /// `most_rows` determines the size of the filter: with more rows it gets less selective.
    pub fn create(path: PathBuf, most_rows: u64) -> Result<Self, EngineError> {
        let file = File::create(&path).map_err(|error| io_error(&error))?;
        Ok(Self {
            path,
            is_finished: false,
            file: BufWriter::with_capacity(64 * 1024, file),
            offset: 0,
            synced: 0,
            rows: 0,
            removed: 0,
            block: BlockBuilder::default(),
            last_key: Vec::new(),
            index: Index::default(),
            filter: Filter::new(most_rows),
        })
    }

    pub fn add(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), EngineError> {
        debug_assert!(self.rows == 0 || *key > self.last_key[..], "rows come in order");
        if self.block.is_empty() {
            // The shortest key that separates this block from the one before.
            let shared = key.iter().zip(&self.last_key).take_while(|(a, b)| a == b).count();
            self.index.push(&key[..key.len().min(shared + 1)], self.offset);
        }
        self.filter.insert(key);
        self.block.push(key, value);
        self.rows += 1;
        self.removed += u64::from(value.is_none());
        key.clone_into(&mut self.last_key);
        if self.block.bytes() >= BLOCK { self.end_block() } else { Ok(()) }
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Completes the file and makes it durable, but for its folder. How many rows say that something was removed.
    pub fn finish(mut self) -> Result<u64, EngineError> {
        if !self.block.is_empty() {
            self.end_block()?;
        }
        let filter_at = self.offset;
        let filter = self.filter.encode();
        self.write(&filter)?;
        let index_at = self.offset;
        let index = self.index.encode(&self.last_key);
        self.write(&index)?;
        let mut footer = Vec::with_capacity(FOOTER);
        footer.extend_from_slice(MAGIC);
        for number in [self.rows, filter_at, self.filter.blocks.len() as u64, index_at] {
            footer.extend_from_slice(&number.to_le_bytes());
        }
        footer.extend_from_slice(&crc32fast::hash(&index).to_le_bytes());
        footer.extend_from_slice(&crc32fast::hash(&footer).to_le_bytes());
        self.write(&footer)?;
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).map_err(|error| io_error(&error))?;
        self.is_finished = true;
        Ok(self.removed)
    }

    fn end_block(&mut self) -> Result<(), EngineError> {
        let rows = self.block.take();
        let compressed = lz4_flex::block::compress(&rows);
        let length = (rows.len() as u32).to_le_bytes();
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&length);
        hasher.update(&compressed);
        self.write(&hasher.finalize().to_le_bytes())?;
        self.write(&length)?;
        self.write(&compressed)?;
        if self.offset - self.synced >= SYNC_EVERY {
            self.file.flush().and_then(|()| self.file.get_ref().sync_data()).map_err(|error| io_error(&error))?;
            self.synced = self.offset;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.offset += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| io_error(&error))
    }
}

impl Drop for RunWriter {
    fn drop(&mut self) {
        if !self.is_finished
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "a file that was not finished stays until the next start");
        }
    }
}

/// Rows of a block and, behind them, where each begins.
#[derive(Default)]
struct BlockBuilder {
    rows: Vec<u8>,
    starts: Vec<u32>,
}

impl BlockBuilder {
    fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    fn bytes(&self) -> usize {
        self.rows.len()
    }

    fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.starts.push(self.rows.len() as u32);
        row::push_key(&mut self.rows, key, value.map(<[u8]>::len));
        self.rows.extend_from_slice(value.unwrap_or_default());
    }

    fn take(&mut self) -> Vec<u8> {
        let mut rows = std::mem::take(&mut self.rows);
        for start in &self.starts {
            rows.extend_from_slice(&start.to_le_bytes());
        }
        rows.extend_from_slice(&(self.starts.len() as u32).to_le_bytes());
        self.starts.clear();
        rows
    }
}

/// A block as it is in memory.
struct Block {
    bytes: Vec<u8>,
    count: usize,
}

impl Block {
    /// `None` if the bytes are no block.
    fn new(bytes: Vec<u8>) -> Option<Self> {
        let count = u32::from_le_bytes(*bytes.last_chunk()?) as usize;
        (bytes.len() >= (count + 1) * 4).then_some(Self { bytes, count })
    }

    /// `None` if it is damaged, which its checksum has ruled out.
    fn row(&self, number: usize) -> Option<RowRef<'_>> {
        let starts = &self.bytes[self.bytes.len() - (self.count + 1) * 4..];
        let start = u32::from_le_bytes(*starts.get(number * 4..)?.first_chunk()?) as usize;
        let (key, value_length, rest) = row::split_key(self.bytes.get(start..)?)?;
        let value = match value_length {
            Some(length) => Some(rest.get(..length)?),
            None => None,
        };
        Some((key, value))
    }

    fn key(&self, number: usize) -> &[u8] {
        self.row(number).map_or(&[], |(key, _)| key)
    }

    /// The value under this key; `Some(None)` if it was removed.
    fn get(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let found = self.row(self.lower_bound(key)).filter(|(found, _)| *found == key);
        found.map(|(_, value)| value.map(<[u8]>::to_vec))
    }

    /// The number of the first row with this key or a greater one.
    fn lower_bound(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// Where each block begins: a key that is not behind its first one and behind all of the block before, and its offset.
#[derive(Default)]
struct Index {
    keys: Vec<u8>,
    /// End of the key in `keys`, offset of the block in the file.
    blocks: Vec<(u32, u64)>,
}

impl Index {
    fn push(&mut self, key: &[u8], offset: u64) {
        self.keys.extend_from_slice(key);
        self.blocks.push((self.keys.len() as u32, offset));
    }

    fn key(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.blocks[before].0 as usize);
        &self.keys[start..self.blocks[number].0 as usize]
    }

    /// How many blocks begin at or before this key: it can only be in the last of them.
    fn upper_bound(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.blocks.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle) <= key { low = middle + 1 } else { high = middle }
        }
        low
    }

    fn encode(&self, last_key: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.keys.len() + self.blocks.len() * 10 + last_key.len() + 2);
        bytes.extend_from_slice(&(last_key.len() as u16).to_le_bytes());
        bytes.extend_from_slice(last_key);
        for number in 0..self.blocks.len() {
            let key = self.key(number);
            bytes.extend_from_slice(&(key.len() as u16).to_le_bytes());
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(&self.blocks[number].1.to_le_bytes());
        }
        bytes
    }

    /// The index and the last key.
    fn decode(mut bytes: &[u8]) -> Option<(Self, Vec<u8>)> {
        let last_key = take_key(&mut bytes)?.to_vec();
        let mut index = Self::default();
        while !bytes.is_empty() {
            let key = take_key(&mut bytes)?;
            let (offset, rest) = bytes.split_first_chunk()?;
            index.push(key, u64::from_le_bytes(*offset));
            bytes = rest;
        }
        index.keys.shrink_to_fit();
        index.blocks.shrink_to_fit();
        Some((index, last_key))
    }
}

fn take_key<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (key, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    *bytes = rest;
    Some(key)
}

/// Bytes of a block of the filter: bits, then a checksum.
const FILTER_BLOCK: usize = 64;
const FILTER_BITS: usize = (FILTER_BLOCK - 4) * 8;

/// Keys in a block of the filter: about ten bits for each, so that one of a hundred absent keys passes.
const KEYS_PER_FILTER_BLOCK: u64 = 48;

/// The longest filter that is kept in memory, in bytes: that of 400,000 rows. There are few runs with a longer one, and their
/// filters are read from the file; each new row is looked up in all of them.
const FILTER_IN_MEMORY: u64 = 512 * 1024;

/// Bits set for a key.
const PROBES: u32 = 6;

/// A Bloom filter in blocks, of which a look-up reads one: most keys that are not in a run are known not to be without reading
/// one of its blocks.
struct Filter {
    blocks: Vec<[u8; FILTER_BLOCK]>,
}

impl Filter {
    fn new(most_rows: u64) -> Self {
        let blocks = most_rows.div_ceil(KEYS_PER_FILTER_BLOCK).max(1);
        Self { blocks: vec![[0; FILTER_BLOCK]; blocks as usize] }
    }

    fn insert(&mut self, key: &[u8]) {
        let (block, bits) = probes(key, self.blocks.len() as u64);
        for bit in bits {
            self.blocks[block as usize][bit / 8] |= 1 << (bit % 8);
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.blocks.len() * FILTER_BLOCK);
        for block in &self.blocks {
            let bits = &block[..FILTER_BLOCK - 4];
            bytes.extend_from_slice(bits);
            bytes.extend_from_slice(&crc32fast::hash(bits).to_le_bytes());
        }
        bytes
    }
}

/// The block of the filter in which a key is, and its bits there.
fn probes(key: &[u8], blocks: u64) -> (u64, impl Iterator<Item = usize>) {
    let hash = hash(key);
    let block = (u128::from(hash) * u128::from(blocks)) >> 64;
    // Independent of the high bits, by which the block was chosen.
    let (mut bit, step) = (hash as u32, (hash >> 16) as u32 | 1);
    let bits = (0..PROBES).map(move |_| {
        bit = bit.wrapping_add(step).rotate_left(5);
        bit as usize % FILTER_BITS
    });
    (block as u64, bits)
}

/// The bits of a filter's block, `None` if it is damaged.
fn filter_bits(block: &[u8]) -> Option<&[u8]> {
    let (set, checksum) = block.split_at_checked(FILTER_BLOCK - 4)?;
    (crc32fast::hash(set).to_le_bytes() == checksum).then_some(set)
}

fn are_set(mut bits: impl Iterator<Item = usize>, set: &[u8]) -> bool {
    bits.all(|bit| set[bit / 8] & (1 << (bit % 8)) != 0)
}

/// FNV-1a, and the last step of SplitMix64 to spread it over all bits. Part of the file's format.
fn hash(key: &[u8]) -> u64 {
    let fnv = key
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// An open run.
pub(super) struct Run {
    pub id: u64,
    pub rows: u64,
    /// How many of them say that something was removed.
    pub removed: u64,
    path: PathBuf,
    file: File,
    bytes: u64,
    filter_at: u64,
    filter_blocks: u64,
    /// The filter, if it is kept in memory.
    filter: Option<Vec<u8>>,
    index: Index,
    last_key: Vec<u8>,
    cache: Arc<BlockCache>,
    is_doomed: AtomicBool,
}

impl Run {
    /// `removed` rows say that something was removed, as far as is known.
    ///
    /// # Errors
    /// [`EngineError::Damaged`] when it is missing or does not say what was written.
    pub fn open(path: PathBuf, id: u64, removed: u64, cache: Arc<BlockCache>) -> Result<Self, EngineError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let broken = || damaged(path.parent().unwrap_or(&path), &format!("{name} is missing or incomplete"));
        let file = File::open(&path).map_err(|_| broken())?;
        let bytes = file.metadata().map_err(|error| io_error(&error))?.len();
        let footer_at = bytes.checked_sub(FOOTER as u64).ok_or_else(broken)?;
        let mut footer = [0; FOOTER];
        file.read_exact_at(&mut footer, footer_at).map_err(|error| io_error(&error))?;
        let (content, checksum) = footer.split_at(FOOTER - 4);
        if !content.starts_with(MAGIC) || crc32fast::hash(content).to_le_bytes() != checksum {
            return Err(broken());
        }
        let number = |at: usize| content[at..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        let (rows, filter_at, filter_blocks, index_at) = (number(8), number(16), number(24), number(32));
        let length = footer_at.checked_sub(index_at).ok_or_else(broken)?;
        let mut index = vec![0; usize::try_from(length).map_err(|_| broken())?];
        file.read_exact_at(&mut index, index_at).map_err(|error| io_error(&error))?;
        if crc32fast::hash(&index).to_le_bytes() != content[40..] {
            return Err(broken());
        }
        let (index, last_key) = Index::decode(&index).ok_or_else(broken)?;
        let is_doomed = AtomicBool::new(false);
        let filter = None;
        let mut run = Self {
            id,
            rows,
            removed,
            path,
            file,
            bytes,
            filter_at,
            filter_blocks,
            filter,
            index,
            last_key,
            cache,
            is_doomed,
        };
        run.filter = run.read_filter()?;
        Ok(run)
    }

    fn read_filter(&self) -> Result<Option<Vec<u8>>, EngineError> {
        let bytes = self.filter_blocks.saturating_mul(FILTER_BLOCK as u64);
        if bytes > FILTER_IN_MEMORY {
            return Ok(None);
        }
        let mut filter = vec![0; bytes as usize];
        self.read(&mut filter, self.filter_at)?;
        let is_whole = |block: &[u8]| filter_bits(block).is_some();
        if filter.chunks(FILTER_BLOCK).all(is_whole) { Ok(Some(filter)) } else { Err(self.damaged()) }
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Removes the file once nobody reads it any more.
    pub fn doom(&self) {
        self.is_doomed.store(true, Ordering::Release);
    }

    /// The value under this key; `Some(None)` if the run says that it was removed.
    pub fn get(&self, key: &[u8]) -> Result<Option<Option<Vec<u8>>>, EngineError> {
        if *key > self.last_key[..] || !self.may_have(key)? {
            return Ok(None);
        }
        let Some(number) = self.index.upper_bound(key).checked_sub(1) else { return Ok(None) };
        Ok(self.block(number)?.get(key))
    }

    /// As [`Run::get`], if that takes no read of the file; `None` if it does.
    pub fn get_warm(&self, key: &[u8]) -> Option<Option<Option<Vec<u8>>>> {
        if *key > self.last_key[..] || self.may_have_warm(key) == Some(false) {
            return Some(None);
        }
        let Some(number) = self.index.upper_bound(key).checked_sub(1) else { return Some(None) };
        Some(self.cache.get(self.id, number)?.get(key))
    }

    /// A cursor over the rows in `range`, before the first one in `direction`; `None` if there are none.
    pub fn rows(self: &Arc<Self>, range: &Range<Vec<u8>>, direction: Direction) -> Option<RunRows> {
        if range.start > self.last_key {
            return None;
        }
        let end = self.index.upper_bound(&range.end);
        let blocks = self.index.upper_bound(&range.start).saturating_sub(1)..end;
        (!blocks.is_empty()).then(|| RunRows {
            run: self.clone(),
            range: range.clone(),
            direction,
            blocks,
            rows: 0..0,
            current: None,
        })
    }

    fn may_have(&self, key: &[u8]) -> Result<bool, EngineError> {
        if let Some(may_have) = self.may_have_warm(key) {
            return Ok(may_have);
        }
        let (number, bits) = probes(key, self.filter_blocks);
        let mut block = [0; FILTER_BLOCK];
        self.read(&mut block, self.filter_at + number * FILTER_BLOCK as u64)?;
        let set = filter_bits(&block).ok_or_else(|| self.damaged())?;
        Ok(are_set(bits, set))
    }

    /// As [`Run::may_have`], if the filter is in memory.
    fn may_have_warm(&self, key: &[u8]) -> Option<bool> {
        let filter = self.filter.as_ref()?;
        let (number, bits) = probes(key, self.filter_blocks);
        Some(are_set(bits, filter.get(number as usize * FILTER_BLOCK..)?))
    }

    fn block(&self, number: usize) -> Result<Arc<Block>, EngineError> {
        if let Some(block) = self.cache.get(self.id, number) {
            return Ok(block);
        }
        let start = self.index.blocks[number].1;
        let end = self.index.blocks.get(number + 1).map_or(self.filter_at, |&(_, offset)| offset);
        let mut bytes = vec![0; end.saturating_sub(start) as usize];
        self.read(&mut bytes, start)?;
        let (header, compressed) = bytes.split_at_checked(BLOCK_HEADER).ok_or_else(|| self.damaged())?;
        let (checksum, length) = header.split_at(4);
        if crc32fast::hash(&bytes[4..]).to_le_bytes() != checksum {
            return Err(self.damaged());
        }
        let length = length.first_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk));
        let rows = lz4_flex::block::decompress(compressed, length as usize).map_err(|_| self.damaged())?;
        let block = Arc::new(Block::new(rows).ok_or_else(|| self.damaged())?);
        self.cache.put(self.id, number, block.clone());
        Ok(block)
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> Result<(), EngineError> {
        self.file.read_exact_at(bytes, offset).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.damaged(),
            _ => io_error(&error),
        })
    }

    fn damaged(&self) -> EngineError {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        damaged(self.path.parent().unwrap_or(Path::new(".")), &format!("{name} is not what was written"))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.is_doomed.load(Ordering::Acquire)
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "a file that is not needed any more stays");
        }
    }
}

/// A cursor over rows of a run.
pub(super) struct RunRows {
    run: Arc<Run>,
    range: Range<Vec<u8>>,
    direction: Direction,
    /// Blocks that are still to come.
    blocks: Range<usize>,
    /// Rows of the current block that are still to come.
    rows: Range<usize>,
    /// The current row: its block, and its number there.
    current: Option<(Arc<Block>, usize)>,
}

impl RunRows {
    /// Goes on to the next row; `false` behind the last one.
    pub fn advance(&mut self) -> Result<bool, EngineError> {
        loop {
            if let Some((block, row)) = &mut self.current
                && let Some(number) = next_of(&mut self.rows, self.direction)
            {
                *row = number;
                return if block.row(number).is_some() { Ok(true) } else { Err(self.run.damaged()) };
            }
            self.current = None;
            let Some(number) = next_of(&mut self.blocks, self.direction) else { return Ok(false) };
            let block = self.run.block(number)?;
            self.rows = block.lower_bound(&self.range.start)..block.lower_bound(&self.range.end);
            self.current = Some((block, 0));
        }
    }

    /// The current row; an empty one where there is none.
    pub fn row(&self) -> RowRef<'_> {
        self.current.as_ref().and_then(|(block, number)| block.row(*number)).unwrap_or_default()
    }
}

fn next_of(numbers: &mut Range<usize>, direction: Direction) -> Option<usize> {
    match direction {
        Direction::Forward => numbers.next(),
        Direction::Backward => numbers.next_back(),
    }
}

/// Blocks that were read last, of all runs.
pub(super) struct BlockCache {
    capacity: usize,
    state: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    /// The least recently used first. Few enough to be looked through.
    blocks: VecDeque<(u64, usize, Arc<Block>)>,
    bytes: usize,
}

impl BlockCache {
    /// `capacity` is in bytes.
    pub fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self { capacity, state: Mutex::default() })
    }

    fn get(&self, run: u64, number: usize) -> Option<Arc<Block>> {
        let mut state = self.state.lock();
        let place = state.blocks.iter().rposition(|(id, block, _)| (*id, *block) == (run, number))?;
        let found = state.blocks.remove(place)?;
        let block = found.2.clone();
        state.blocks.push_back(found);
        Some(block)
    }

    fn put(&self, run: u64, number: usize, block: Arc<Block>) {
        let mut state = self.state.lock();
        state.bytes += block.bytes.len();
        state.blocks.push_back((run, number, block));
        while state.bytes > self.capacity
            && let Some((.., oldest)) = state.blocks.pop_front()
        {
            state.bytes -= oldest.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::Row;
    use super::*;

    fn key(number: u64) -> Vec<u8> {
        [&[5], number.to_be_bytes().as_slice()].concat()
    }

    /// Every third of these numbers has a row; every ninth of those says that it was removed.
    fn value(number: u64) -> Option<Vec<u8>> {
        (!number.is_multiple_of(27)).then(|| format!("row {number} {}", "x".repeat(number as usize % 700)).into_bytes())
    }

    fn run(dir: &Path) -> Arc<Run> {
        let mut writer = RunWriter::create(dir.join("run-1"), 1000).expect("a file");
        for number in (0..3000).step_by(3) {
            writer.add(&key(number), value(number).as_deref()).expect("written");
        }
        let removed = writer.finish().expect("complete");
        assert_eq!(removed, (0..3000).step_by(3).filter(|&number| value(number).is_none()).count() as u64);
        Arc::new(Run::open(dir.join("run-1"), 1, removed, BlockCache::new(64 * 1024)).expect("opens"))
    }

    #[test]
    fn rows_are_found_by_their_key() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = run(dir.path());
        assert!(run.index.blocks.len() > 5, "{} blocks", run.index.blocks.len());
        for number in 0..3100 {
            let expected = (number < 3000 && number % 3 == 0).then(|| value(number));
            assert_eq!(run.get(&key(number)).expect("readable"), expected, "{number}");
        }
    }

    #[test]
    fn rows_of_any_range_come_from_either_end() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = run(dir.path());
        for (start, end) in [(0, 3000), (1, 2), (3, 4), (500, 1400), (2990, 9000), (4000, 5000)] {
            let expected: Vec<Row> =
                (start..end.min(3000)).filter(|n| n % 3 == 0).map(|n| (key(n), value(n))).collect();
            for direction in [Direction::Forward, Direction::Backward] {
                let mut found = Vec::new();
                if let Some(mut rows) = run.rows(&(key(start)..key(end)), direction) {
                    while rows.advance().expect("readable") {
                        let (key, value) = rows.row();
                        found.push((key.to_vec(), value.map(<[u8]>::to_vec)));
                    }
                }
                if direction == Direction::Backward {
                    found.reverse();
                }
                assert_eq!(found, expected, "{start}..{end} {direction:?}");
            }
        }
    }

    #[test]
    fn the_filter_lets_few_absent_keys_pass() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = run(dir.path());
        let passed = (0..3000).filter(|n| n % 3 != 0).filter(|&n| run.may_have(&key(n)).expect("readable")).count();
        assert!(passed < 100, "{passed} of 2000");
    }

    #[test]
    fn no_flipped_byte_goes_unnoticed() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = run(dir.path()).path.clone();
        let whole = std::fs::read(&path).expect("readable");
        for position in (0..whole.len()).step_by(997).chain(whole.len() - FOOTER..whole.len()) {
            let mut bytes = whole.clone();
            bytes[position] ^= 0x10;
            std::fs::write(&path, &bytes).expect("written");
            let Ok(run) = Run::open(path.clone(), 1, 0, BlockCache::new(0)) else { continue };
            let run = Arc::new(run);
            let mut rows = run.rows(&(vec![]..vec![u8::MAX]), Direction::Forward).expect("rows");
            let all = std::iter::from_fn(|| rows.advance().map(|more| more.then_some(())).transpose());
            let all = all.collect::<Result<Vec<_>, _>>();
            let by_key = (0..3000).try_for_each(|number| run.get(&key(number)).map(drop));
            assert!(all.is_err() || by_key.is_err(), "byte {position} of {}", whole.len());
        }
    }
}
