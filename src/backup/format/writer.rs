//! Writes a backup.

use std::io::{self, ErrorKind, Read, Write};

use sha2::{Digest, Sha256};

use super::blobs::Namer;
use super::{BLOCK, BLOCK_HEADER, Contents, Hashed, Header, KeepBlobs, Kind, MAGIC, VERSION, WHOLE, checksum};
use crate::backup::BackupError;
use crate::model::FileId;
use crate::store::Table;

/// zstd's level: its usual one, some 200 MB a second.
const LEVEL: i32 = 3;

/// Bytes of rows from which on a block may end, and with which it ends.
const MIN_ROWS: usize = 64 * 1024;
const MAX_ROWS: usize = 512 * 1024;

/// About so many bytes after [`MIN_ROWS`] a block ends.
const MORE_ROWS: u64 = 64 * 1024;

/// Writes a backup.
pub struct Writer<'a, W> {
    to: Hashed<W>,
    blobs: Option<(Namer, &'a mut dyn KeepBlobs)>,
    compressor: zstd::bulk::Compressor<'static>,
    number: u64,
    rows: Vec<u8>,
    contents: Contents,
}

impl<'a, W: Write> Writer<'a, W> {
    /// `blobs`: takes rows and files, if the header has a key for their names.
    ///
    /// # Errors
    /// As of the stream.
    pub fn begin(to: W, header: &Header, blobs: Option<&'a mut dyn KeepBlobs>) -> Result<Self, BackupError> {
        let text = serde_json::to_vec(header).map_err(io::Error::from)?;
        let blobs = header.blobs.as_ref().map(Namer::new).zip(blobs);
        let mut head = MAGIC.to_vec();
        let version = if blobs.is_some() { VERSION } else { WHOLE };
        head.extend_from_slice(&version.to_le_bytes());
        head.extend_from_slice(&(text.len() as u32).to_le_bytes());
        head.extend_from_slice(&text);
        let checksum = crc32fast::hash(&head);
        head.extend_from_slice(&checksum.to_le_bytes());
        let mut to = Hashed { stream: to, digest: Sha256::new() };
        to.write_all(&head)?;
        let compressor = zstd::bulk::Compressor::new(LEVEL)?;
        Ok(Self { to, blobs, compressor, number: 0, rows: Vec::new(), contents: Contents::default() })
    }

    /// Adds a row. All rows come before the first file.
    ///
    /// # Errors
    /// As of the stream.
    pub fn row(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), BackupError> {
        // A small table that changes often must not change the block of a large one.
        if self.rows.first().is_some_and(|last| *last != table as u8) {
            self.end_rows()?;
        }
        self.rows.push(table as u8);
        self.rows.extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.rows.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.rows.extend_from_slice(key);
        self.rows.extend_from_slice(value);
        self.contents.rows += 1;
        self.contents.row_bytes += (key.len() + value.len()) as u64;
        if self.ends_behind(key, key.len() + value.len()) { self.end_rows() } else { Ok(()) }
    }

    /// Whether a block of rows ends behind a row of that key and length. That depends on what is in it, so that a row more or
    /// less changes the blocks near it and not all that follow: after each byte a block ends with the same probability.
    fn ends_behind(&self, key: &[u8], length: usize) -> bool {
        let bytes = self.rows.len();
        let falls_here = || u64::from(crc32fast::hash(key)) * MORE_ROWS < (length as u64) << 32;
        bytes >= MAX_ROWS || (bytes >= MIN_ROWS && falls_here())
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
        match (&mut self.blobs, kind.in_blob()) {
            (Some((namer, blobs)), Some(kind)) => {
                let name = namer.name(&compressed);
                blobs.keep(name, &compressed)?;
                self.put(kind, content.len(), &name.0)
            }
            _ => self.put(kind as u8, content.len(), &compressed),
        }
    }

    /// `length`: of the content, without compression.
    fn put(&mut self, kind: u8, length: usize, stored: &[u8]) -> Result<(), BackupError> {
        let mut header = [0; BLOCK_HEADER];
        header[0] = kind;
        header[1..9].copy_from_slice(&self.number.to_le_bytes());
        header[9..13].copy_from_slice(&(length as u32).to_le_bytes());
        header[13..17].copy_from_slice(&(stored.len() as u32).to_le_bytes());
        let checksum = checksum(&header, stored);
        header[17..].copy_from_slice(&checksum.to_le_bytes());
        self.number += 1;
        self.to.write_all(&header)?;
        self.to.write_all(stored)?;
        Ok(())
    }
}
