//! The format of backups: a header, numbered blocks, and a digest of it all. `docs/backup.md` describes it.
//!
//! Pure: it is written to and read from streams. What is read is checked in all that can be told from the stream itself, so that
//! what was cut off, changed or exchanged in it is an error.

use std::io::{self, ErrorKind, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BackupError;
use crate::model::FileId;
use crate::store::Table;

const MAGIC: &[u8; 8] = b"chatbkup";

/// The version of the format. Another one cannot be read.
pub const VERSION: u16 = 1;

/// Bytes in a block from which on it is written.
const BLOCK: usize = 256 * 1024;

/// Most bytes in a block: a row may go beyond [`BLOCK`].
const MOST_BLOCK: usize = 1024 * 1024;

/// Most bytes of the header's text.
const MOST_HEADER: usize = 64 * 1024;

/// Bytes before a block's content: kind, number, length, length when compressed, checksum.
const BLOCK_HEADER: usize = 1 + 8 + 4 + 4 + 4;

/// Bytes before a row's key: table, length of the key, length of the value.
const ROW_HEADER: usize = 1 + 2 + 4;

/// zstd's level: its usual one, some 200 MB a second.
const LEVEL: i32 = 3;

/// Bytes of SHA-256.
const DIGEST: usize = 32;

/// What a backup is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Schema of keys and records.
    pub schema: usize,
    /// Version of the program that wrote it.
    pub program: String,
    /// Number of the newest commit in it.
    pub commit: u64,
    /// When it was begun, as RFC 3339.
    pub created_at: String,
}

/// What a backup has in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    pub rows: u64,
    /// Bytes of the rows' keys and values.
    pub row_bytes: u64,
    pub files: u64,
    pub file_bytes: u64,
    /// Files that documents refer to and that could not be read, or had another content, when the backup was made.
    pub missing_files: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Rows = b'r',
    /// A file's id and length.
    File = b'f',
    /// A part of the file that was begun last.
    Content = b'c',
    End = b'e',
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Rows, Self::File, Self::Content, Self::End].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// Takes a digest of what passes.
struct Hashed<S> {
    stream: S,
    digest: Sha256,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(bytes)?;
        self.digest.update(&bytes[..read]);
        Ok(read)
    }
}

/// Writes a backup.
pub struct Writer<W> {
    to: Hashed<W>,
    compressor: zstd::bulk::Compressor<'static>,
    number: u64,
    rows: Vec<u8>,
    contents: Contents,
}

impl<W: Write> Writer<W> {
    /// # Errors
    /// As of the stream.
    pub fn begin(to: W, header: &Header) -> Result<Self, BackupError> {
        let text = serde_json::to_vec(header).map_err(io::Error::from)?;
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(&VERSION.to_le_bytes());
        head.extend_from_slice(&(text.len() as u32).to_le_bytes());
        head.extend_from_slice(&text);
        let checksum = crc32fast::hash(&head);
        head.extend_from_slice(&checksum.to_le_bytes());
        let mut to = Hashed { stream: to, digest: Sha256::new() };
        to.write_all(&head)?;
        let compressor = zstd::bulk::Compressor::new(LEVEL)?;
        Ok(Self { to, compressor, number: 0, rows: Vec::new(), contents: Contents::default() })
    }

    /// Adds a row. All rows come before the first file.
    ///
    /// # Errors
    /// As of the stream.
    pub fn row(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), BackupError> {
        self.rows.push(table as u8);
        self.rows.extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.rows.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.rows.extend_from_slice(key);
        self.rows.extend_from_slice(value);
        self.contents.rows += 1;
        self.contents.row_bytes += (key.len() + value.len()) as u64;
        if self.rows.len() < BLOCK { Ok(()) } else { self.end_rows() }
    }

    /// Adds a file of that length.
    ///
    /// # Errors
    /// As of the stream, and if the content has another length.
    pub fn file(&mut self, id: &FileId, bytes: u64, content: impl Read) -> Result<(), BackupError> {
        self.end_rows()?;
        let mut begin = id.as_str().as_bytes().to_vec();
        begin.extend_from_slice(&bytes.to_le_bytes());
        self.block(Kind::File, &begin)?;
        let mut content = content.take(bytes);
        let (mut piece, mut left) = (Vec::with_capacity(BLOCK), bytes);
        while left > 0 {
            piece.clear();
            let read = content.by_ref().take(BLOCK as u64).read_to_end(&mut piece)?;
            if read == 0 {
                return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
            }
            left -= read as u64;
            self.block(Kind::Content, &piece)?;
        }
        self.contents.files += 1;
        self.contents.file_bytes += bytes;
        Ok(())
    }

    /// Notes a file that is not in it although it should be.
    pub fn miss_file(&mut self) {
        self.contents.missing_files += 1;
    }

    /// Completes it; what is in it, and the stream.
    ///
    /// # Errors
    /// As of the stream.
    pub fn finish(mut self) -> Result<(Contents, W), BackupError> {
        self.end_rows()?;
        let contents = serde_json::to_vec(&self.contents).map_err(io::Error::from)?;
        self.block(Kind::End, &contents)?;
        let Hashed { mut stream, digest } = self.to;
        stream.write_all(&digest.finalize())?;
        stream.flush()?;
        Ok((self.contents, stream))
    }

    fn end_rows(&mut self) -> Result<(), BackupError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut rows = std::mem::take(&mut self.rows);
        self.block(Kind::Rows, &rows)?;
        rows.clear();
        self.rows = rows;
        Ok(())
    }

    fn block(&mut self, kind: Kind, content: &[u8]) -> Result<(), BackupError> {
        let compressed = self.compressor.compress(content)?;
        let mut header = [0; BLOCK_HEADER];
        header[0] = kind as u8;
        header[1..9].copy_from_slice(&self.number.to_le_bytes());
        header[9..13].copy_from_slice(&(content.len() as u32).to_le_bytes());
        header[13..17].copy_from_slice(&(compressed.len() as u32).to_le_bytes());
        let checksum = checksum(&header, &compressed);
        header[17..].copy_from_slice(&checksum.to_le_bytes());
        self.number += 1;
        self.to.write_all(&header)?;
        self.to.write_all(&compressed)?;
        Ok(())
    }
}

/// Of all of a block but the checksum itself.
fn checksum(header: &[u8; BLOCK_HEADER], compressed: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header[..17]);
    hasher.update(compressed);
    hasher.finalize()
}

/// A part of a backup, in the order in which they were written.
pub enum Part<'a> {
    Row(Table, &'a [u8], &'a [u8]),
    /// Begins a file. Its content follows.
    File(FileId),
    Content(&'a [u8]),
    /// The file is complete, and its content is what its id says.
    FileEnd,
}

/// Reads a backup.
pub struct Reader<R> {
    from: Hashed<R>,
    decompressor: zstd::bulk::Decompressor<'static>,
    number: u64,
    file: Option<OpenFile>,
    contents: Contents,
}

/// A file of which not all was read.
struct OpenFile {
    id: FileId,
    left: u64,
    digest: Sha256,
}

impl<R: Read> Reader<R> {
    /// # Errors
    /// When it is no backup that this version can read.
    pub fn begin(from: R) -> Result<(Header, Self), BackupError> {
        let mut from = Hashed { stream: from, digest: Sha256::new() };
        let mut head = vec![0; MAGIC.len() + 2 + 4];
        from.read_exact(&mut head).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => BackupError::NoBackup,
            _ => error.into(),
        })?;
        if !head.starts_with(MAGIC) {
            return Err(BackupError::NoBackup);
        }
        let version = u16::from_le_bytes([head[8], head[9]]);
        if version != VERSION {
            return Err(BackupError::Version(version));
        }
        let length = u32::from_le_bytes([head[10], head[11], head[12], head[13]]) as usize;
        if length > MOST_HEADER {
            return Err(BackupError::Damaged("its header is too long".into()));
        }
        let start = head.len();
        head.resize(start + length, 0);
        exactly(&mut from, &mut head[start..])?;
        let mut found = [0; 4];
        exactly(&mut from, &mut found)?;
        if crc32fast::hash(&head).to_le_bytes() != found {
            return Err(BackupError::Damaged("its header is not what was written".into()));
        }
        let header = serde_json::from_slice(&head[start..])
            .map_err(|error| BackupError::Damaged(format!("its header is unreadable: {error}")))?;
        let decompressor = zstd::bulk::Decompressor::new()?;
        Ok((header, Self { from, decompressor, number: 0, file: None, contents: Contents::default() }))
    }

    /// Reads all that follows, and calls `visit` for each part. Only when this returns is it known that the backup is whole.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when it is not what was written, and the first error of `visit`.
    pub fn read(mut self, mut visit: impl FnMut(Part<'_>) -> Result<(), BackupError>) -> Result<Contents, BackupError> {
        loop {
            let (kind, content) = self.block()?;
            match kind {
                Kind::Rows => self.rows(&content, &mut visit)?,
                Kind::File => self.begin_file(&content, &mut visit)?,
                Kind::Content => self.go_on_with_file(&content, &mut visit)?,
                Kind::End => return self.end(&content),
            }
        }
    }

    fn block(&mut self) -> Result<(Kind, Vec<u8>), BackupError> {
        let number = self.number;
        let damaged = |what: &str| BackupError::Damaged(format!("block {number} {what}"));
        let mut header = [0; BLOCK_HEADER];
        exactly(&mut self.from, &mut header)?;
        let four = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (length, compressed_length) = (four(9) as usize, four(13) as usize);
        if length > MOST_BLOCK || compressed_length > zstd::zstd_safe::compress_bound(MOST_BLOCK) {
            return Err(damaged("is not what was written"));
        }
        let mut compressed = vec![0; compressed_length];
        exactly(&mut self.from, &mut compressed)?;
        if four(17) != checksum(&header, &compressed) {
            return Err(damaged("is not what was written"));
        }
        let found = header[1..9].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        if found != number {
            return Err(BackupError::Damaged(format!("block {found} is in the place of block {number}")));
        }
        let kind = Kind::of(header[0]).ok_or_else(|| damaged("is of no known kind"))?;
        let content = self.decompressor.decompress(&compressed, length).map_err(|_| damaged("cannot be unpacked"))?;
        if content.len() != length {
            return Err(damaged("has another length"));
        }
        self.number += 1;
        Ok((kind, content))
    }

    fn rows(
        &mut self,
        mut rows: &[u8],
        visit: &mut impl FnMut(Part<'_>) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        if self.contents.files > 0 || self.file.is_some() {
            return Err(BackupError::Damaged("it has rows behind a file".into()));
        }
        while !rows.is_empty() {
            let row = take_row(&mut rows).ok_or_else(|| BackupError::Damaged("it has half a row".into()))?;
            let table = Table::numbered(row.table).ok_or(BackupError::Table(row.table))?;
            visit(Part::Row(table, row.key, row.value))?;
            self.contents.rows += 1;
            self.contents.row_bytes += (row.key.len() + row.value.len()) as u64;
        }
        Ok(())
    }

    fn begin_file(
        &mut self,
        begin: &[u8],
        visit: &mut impl FnMut(Part<'_>) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let damaged = || BackupError::Damaged("a file in it does not begin as it should".into());
        let (id, length) = begin.split_last_chunk().ok_or_else(damaged)?;
        let id = std::str::from_utf8(id).ok().and_then(FileId::parse).ok_or_else(damaged)?;
        if self.file.is_some() {
            return Err(damaged());
        }
        visit(Part::File(id.clone()))?;
        let left = u64::from_le_bytes(*length);
        self.file = Some(OpenFile { id, left, digest: Sha256::new() });
        self.contents.files += 1;
        self.contents.file_bytes += left;
        if left == 0 { self.end_file(visit) } else { Ok(()) }
    }

    fn go_on_with_file(
        &mut self,
        content: &[u8],
        visit: &mut impl FnMut(Part<'_>) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let damaged = || BackupError::Damaged("it has a piece that belongs to no file".into());
        let file = self.file.as_mut().ok_or_else(damaged)?;
        file.left = file.left.checked_sub(content.len() as u64).ok_or_else(damaged)?;
        file.digest.update(content);
        let is_complete = file.left == 0;
        visit(Part::Content(content))?;
        if is_complete { self.end_file(visit) } else { Ok(()) }
    }

    fn end_file(&mut self, visit: &mut impl FnMut(Part<'_>) -> Result<(), BackupError>) -> Result<(), BackupError> {
        let Some(OpenFile { id, digest, .. }) = self.file.take() else { return Ok(()) };
        if FileId::of(digest.finalize().into()) != id {
            return Err(BackupError::Damaged(format!("the file {} in it has another content", id.as_str())));
        }
        visit(Part::FileEnd)
    }

    fn end(mut self, content: &[u8]) -> Result<Contents, BackupError> {
        let said: Contents = serde_json::from_slice(content)
            .map_err(|error| BackupError::Damaged(format!("its end is unreadable: {error}")))?;
        let found = Contents { missing_files: said.missing_files, ..self.contents };
        if self.file.is_some() || said != found {
            return Err(BackupError::Damaged("it lacks some of what its end says is in it".into()));
        }
        let expected: [u8; DIGEST] = self.from.digest.finalize_reset().into();
        let mut digest = [0; DIGEST];
        exactly(&mut self.from, &mut digest)?;
        if digest != expected {
            return Err(BackupError::Damaged("its digest is not that of what was written".into()));
        }
        if self.from.stream.read(&mut [0])? > 0 {
            return Err(BackupError::Damaged("something follows behind its end".into()));
        }
        Ok(said)
    }
}

/// A row as it stands in a block.
struct Row<'a> {
    /// Its number, which may be that of no table.
    table: u8,
    key: &'a [u8],
    value: &'a [u8],
}

/// The first row of `rows`, which is taken from them; `None` if they end before it does.
fn take_row<'a>(rows: &mut &'a [u8]) -> Option<Row<'a>> {
    let (header, rest) = rows.split_at_checked(ROW_HEADER)?;
    let key_length = usize::from(u16::from_le_bytes([header[1], header[2]]));
    let value_length = u32::from_le_bytes([header[3], header[4], header[5], header[6]]) as usize;
    let (key, rest) = rest.split_at_checked(key_length)?;
    let (value, rest) = rest.split_at_checked(value_length)?;
    *rows = rest;
    Some(Row { table: header[0], key, value })
}

fn exactly(from: &mut impl Read, bytes: &mut [u8]) -> Result<(), BackupError> {
    from.read_exact(bytes).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => BackupError::Damaged("it ends too early".into()),
        _ => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header { schema: 2, program: "1.0.0".into(), commit: 7, created_at: "2026-01-01T00:00:00Z".into() }
    }

    /// A backup with rows in several blocks, a long file, a short and an empty one.
    fn backup() -> (Vec<u8>, Contents) {
        let mut writer = Writer::begin(Vec::new(), &header()).expect("begun");
        for number in 0..3000_u32 {
            let value: Vec<u8> = (0..200).map(|at| (number * 31 + at * at) as u8).collect();
            writer.row(Table::Messages, &number.to_be_bytes(), &value).expect("written");
        }
        writer.row(Table::Jobs, b"job", &vec![1; 72 * 1024]).expect("written");
        for content in [vec![9; BLOCK * 2 + 5], b"short".to_vec(), Vec::new()] {
            let id = FileId::of(Sha256::digest(&content).into());
            writer.file(&id, content.len() as u64, &content[..]).expect("written");
        }
        let (contents, bytes) = writer.finish().expect("written");
        (bytes, contents)
    }

    fn read(bytes: &[u8]) -> Result<(Header, Contents, u64), BackupError> {
        let (header, reader) = Reader::begin(bytes)?;
        let mut seen = 0;
        let contents = reader.read(|part| {
            seen += match part {
                Part::Row(_, key, value) => (key.len() + value.len()) as u64,
                Part::Content(content) => content.len() as u64,
                Part::File(_) | Part::FileEnd => 0,
            };
            Ok(())
        })?;
        Ok((header, contents, seen))
    }

    #[test]
    fn what_was_written_is_read() {
        let (bytes, contents) = backup();
        assert_eq!((contents.rows, contents.files), (3001, 3));
        let bytes_in_it = contents.row_bytes + contents.file_bytes;
        assert_eq!(read(&bytes).expect("whole"), (header(), contents, bytes_in_it));
    }

    #[test]
    fn no_cut_flipped_or_longer_backup_is_read() {
        let (bytes, _) = backup();
        for cut in (0..bytes.len()).step_by(bytes.len() / 97) {
            assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        for place in (0..bytes.len()).step_by(bytes.len() / 211) {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << (place % 8);
            assert!(read(&flipped).is_err(), "flipped at {place}");
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert!(matches!(read(&longer), Err(BackupError::Damaged(_))));
        assert!(matches!(read(b"PK"), Err(BackupError::NoBackup)));
        let mut newer = bytes;
        newer[8] = 2;
        assert!(matches!(read(&newer), Err(BackupError::Version(2))));
    }

    /// Where the blocks of a backup are.
    fn blocks(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
        let length = u32::from_le_bytes(*bytes[10..].first_chunk().expect("a length")) as usize;
        let (mut at, mut blocks) = (14 + length + 4, Vec::new());
        while at < bytes.len() - DIGEST {
            let length = u32::from_le_bytes(*bytes[at + 13..].first_chunk().expect("a length")) as usize;
            blocks.push(at..at + BLOCK_HEADER + length);
            at += BLOCK_HEADER + length;
        }
        blocks
    }

    #[test]
    fn exchanged_missing_and_repeated_blocks_are_noticed() {
        let (bytes, _) = backup();
        let blocks = blocks(&bytes);
        assert!(blocks.len() > 6);
        let with = |order: Vec<usize>| {
            let mut changed = bytes[..blocks[0].start].to_vec();
            order.iter().for_each(|number| changed.extend_from_slice(&bytes[blocks[*number].clone()]));
            changed.extend_from_slice(&bytes[bytes.len() - DIGEST..]);
            changed
        };
        let order: Vec<usize> = (0..blocks.len()).collect();
        assert!(read(&with(order.clone())).is_ok());
        for number in 0..blocks.len() - 1 {
            let mut exchanged = order.clone();
            exchanged.swap(number, number + 1);
            assert!(read(&with(exchanged)).is_err(), "exchanged {number}");
            let mut fewer = order.clone();
            fewer.remove(number);
            assert!(read(&with(fewer)).is_err(), "without {number}");
            let mut more = order.clone();
            more.insert(number, number);
            assert!(read(&with(more)).is_err(), "twice {number}");
        }
    }
}
