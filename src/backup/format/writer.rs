//! Writes a backup.

use std::io::{self, ErrorKind, Read, Write};

use sha2::{Digest, Sha256};

use super::{BLOCK, BLOCK_HEADER, Contents, Hashed, Header, Kind, MAGIC, VERSION, checksum};
use crate::backup::BackupError;
use crate::model::FileId;
use crate::store::Table;

/// zstd's level: its usual one, some 200 MB a second.
const LEVEL: i32 = 3;

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
