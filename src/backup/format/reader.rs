//! Reads a backup, and checks it while it is read.

use std::io::{ErrorKind, Read, Seek, SeekFrom};

use sha2::{Digest, Sha256};

use super::blobs::{NAME, Namer};
use super::{
    BLOCK_HEADER, BlobName, Contents, DIGEST, Hashed, Header, Kind, MAGIC, ROW_HEADER, ReadBlobs, VERSION, WHOLE,
    checksum,
};
use crate::backup::BackupError;
use crate::model::FileId;
use crate::store::Table;

/// Most bytes in a block: a row may go beyond [`BLOCK`](super::BLOCK).
const MOST_BLOCK: usize = 1024 * 1024;

/// Most bytes of a blob: those of a block when it is compressed. zstd adds less than a 250th to what it cannot compress.
pub const MOST_BLOB: usize = MOST_BLOCK + MOST_BLOCK / 250;

/// Most bytes of the header's text.
const MOST_HEADER: usize = 64 * 1024;

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
pub struct Reader<'a, R> {
    from: Hashed<R>,
    blobs: Option<Blobs<'a>>,
    decompressor: zstd::bulk::Decompressor<'static>,
    number: u64,
    file: Option<OpenFile>,
    contents: Contents,
}

/// The blobs that a backup has its content in.
struct Blobs<'a> {
    namer: Namer,
    folder: String,
    from: &'a dyn ReadBlobs,
}

/// A file of which not all was read.
struct OpenFile {
    id: FileId,
    left: u64,
    digest: Sha256,
}

impl<'a, R: Read> Reader<'a, R> {
    /// # Errors
    /// When it is no backup that this version can read; [`BackupError::Blobs`] if it needs blobs and there are none.
    pub fn begin(from: R, blobs: Option<&'a dyn ReadBlobs>) -> Result<(Header, Self), BackupError> {
        let (version, header, from) = Self::head(from)?;
        let place = header.blobs.as_ref().and_then(|place| Some((place, place.folder()?.to_owned())));
        let blobs = match (version, place, blobs) {
            (WHOLE, None, _) => None,
            (VERSION, Some((place, folder)), Some(from)) => Some(Blobs { namer: Namer::new(place), folder, from }),
            (VERSION, Some(_), None) => return Err(BackupError::Blobs),
            _ => return Err(BackupError::Damaged("its header is not that of its version".into())),
        };
        let decompressor = zstd::bulk::Decompressor::new()?;
        Ok((header, Self { from, blobs, decompressor, number: 0, file: None, contents: Contents::default() }))
    }

    fn head(from: R) -> Result<(u16, Header, Hashed<R>), BackupError> {
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
        if !matches!(version, WHOLE | VERSION) {
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
        Ok((version, header, from))
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
        let header = BlockHeader::read(&mut self.from, number)?;
        let mut compressed = vec![0; header.compressed_length];
        exactly(&mut self.from, &mut compressed)?;
        if header.checksum != checksum(&header.bytes, &compressed) {
            return Err(damaged("is not what was written"));
        }
        let (kind, place) = header.kind(number)?;
        if place == Place::Blob {
            compressed = self.blob(&compressed, number)?;
        }
        let length = header.length;
        let content = self.decompressor.decompress(&compressed, length).map_err(|_| damaged("cannot be unpacked"))?;
        if content.len() != length {
            return Err(damaged("has another length"));
        }
        self.number += 1;
        Ok((kind, content))
    }

    fn blob(&self, name: &[u8], number: u64) -> Result<Vec<u8>, BackupError> {
        let damaged = |what: &str| BackupError::Damaged(format!("block {number} {what}"));
        let Blobs { namer, folder, from } = self.blobs.as_ref().ok_or_else(|| damaged("is of no known kind"))?;
        let name = BlobName(name.try_into().map_err(|_| damaged("names no blob"))?);
        let content = from.read(folder, name)?;
        if namer.name(&content) == name {
            Ok(content)
        } else {
            Err(damaged(&format!("is in the blob {name}, which is damaged")))
        }
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

impl<'a, R: Read + Seek> Reader<'a, R> {
    /// Goes from block to block to the end, and reads nothing else of them but the names of their blobs.
    ///
    /// # Errors
    /// When it is no backup that this version can read, or not all of it is there.
    pub fn skim(from: R, blobs: &'a dyn ReadBlobs) -> Result<Header, BackupError> {
        let (header, reader) = Self::begin(from, Some(blobs))?;
        let folder = reader.blobs.map(|blobs| blobs.folder).unwrap_or_default();
        let mut from = reader.from.stream;
        let mut number = 0;
        loop {
            let block = BlockHeader::read(&mut from, number)?;
            let (kind, place) = block.kind(number)?;
            match place {
                Place::Blob => require(take_name(&mut from, &block)?, &folder, blobs)?,
                Place::Backup => {
                    from.seek(SeekFrom::Current(i64::try_from(block.compressed_length).unwrap_or(i64::MAX)))?;
                }
            }
            if kind == Kind::End {
                break;
            }
            number += 1;
        }
        exactly(&mut from, &mut [0; DIGEST])?;
        if from.read(&mut [0])? > 0 {
            return Err(BackupError::Damaged("something follows behind its end".into()));
        }
        Ok(header)
    }
}

fn take_name(from: &mut impl Read, block: &BlockHeader) -> Result<BlobName, BackupError> {
    let mut name = BlobName([0; NAME]);
    if block.compressed_length != name.0.len() {
        return Err(BackupError::Damaged("a block names no blob".into()));
    }
    exactly(from, &mut name.0)?;
    Ok(name)
}

fn require(name: BlobName, folder: &str, blobs: &dyn ReadBlobs) -> Result<(), BackupError> {
    if blobs.has(folder, name) {
        Ok(())
    } else {
        Err(BackupError::Damaged(format!("the blob {name} beside it is missing")))
    }
}

/// Where the content of a block is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Backup,
    Blob,
}

/// What stands before a block's content.
struct BlockHeader {
    bytes: [u8; BLOCK_HEADER],
    length: usize,
    compressed_length: usize,
    checksum: u32,
}

impl BlockHeader {
    /// That of the block with a number.
    fn read(from: &mut impl Read, number: u64) -> Result<Self, BackupError> {
        let mut bytes = [0; BLOCK_HEADER];
        exactly(from, &mut bytes)?;
        let four = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let (length, compressed_length, checksum) = (four(9) as usize, four(13) as usize, four(17));
        if length > MOST_BLOCK || compressed_length > MOST_BLOB {
            return Err(BackupError::Damaged(format!("block {number} is not what was written")));
        }
        Ok(Self { bytes, length, compressed_length, checksum })
    }

    /// Its kind and where its content is, if it is the block with that number.
    fn kind(&self, number: u64) -> Result<(Kind, Place), BackupError> {
        let found = self.bytes[1..9].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        if found != number {
            return Err(BackupError::Damaged(format!("block {found} is in the place of block {number}")));
        }
        let byte = self.bytes[0];
        let in_blob = || Kind::of(byte.to_ascii_lowercase()).filter(|kind| kind.in_blob() == Some(byte));
        let kind = Kind::of(byte).map(|kind| (kind, Place::Backup));
        let kind = kind.or_else(|| in_blob().map(|kind| (kind, Place::Blob)));
        kind.ok_or_else(|| BackupError::Damaged(format!("block {number} is of no known kind")))
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
