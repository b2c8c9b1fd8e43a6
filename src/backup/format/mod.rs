//! The format of backups: a header, numbered blocks, and a digest of it all. `docs/backup.md` describes it.
//!
//! Pure: it is written to and read from streams. What is read is checked in all that can be told from the stream itself, so that
//! what was cut off, changed or exchanged in it is an error.

mod reader;
mod writer;

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use reader::{Part, Reader};
pub use writer::Writer;

const MAGIC: &[u8; 8] = b"chatbkup";

/// The version of the format. Another one cannot be read.
pub const VERSION: u16 = 1;

/// Bytes in a block from which on it is written.
const BLOCK: usize = 256 * 1024;

/// Bytes before a block's content: kind, number, length, length when compressed, checksum.
const BLOCK_HEADER: usize = 1 + 8 + 4 + 4 + 4;

/// Bytes before a row's key: table, length of the key, length of the value.
const ROW_HEADER: usize = 1 + 2 + 4;

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

/// Of all of a block but the checksum itself.
fn checksum(header: &[u8; BLOCK_HEADER], compressed: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header[..17]);
    hasher.update(compressed);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::BackupError;
    use crate::model::FileId;
    use crate::store::Table;

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
        assert_eq!(Reader::skim(io::Cursor::new(&bytes)).expect("whole"), header());
    }

    #[test]
    fn no_cut_flipped_or_longer_backup_is_read() {
        let (bytes, _) = backup();
        for cut in (0..bytes.len()).step_by(bytes.len() / 97) {
            assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
            assert!(Reader::skim(io::Cursor::new(&bytes[..cut])).is_err(), "cut at {cut}");
        }
        for place in (0..bytes.len()).step_by(bytes.len() / 211) {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << (place % 8);
            assert!(read(&flipped).is_err(), "flipped at {place}");
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert!(matches!(read(&longer), Err(BackupError::Damaged(_))));
        assert!(matches!(Reader::skim(io::Cursor::new(&longer)), Err(BackupError::Damaged(_))));
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
