//! The format of backups: a header, numbered blocks, and a digest of it all. `docs/backup.md` describes it.
//!
//! Pure: it is written to and read from streams. What is read is checked in all that can be told from the stream itself, so that
//! what was cut off, changed or exchanged in it is an error.

mod blobs;
mod reader;
mod writer;

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use blobs::{BlobName, BlobPlace, KeepBlobs, ReadBlobs};
pub use reader::{MOST_BLOB, Part, Reader};
pub use writer::Writer;

const MAGIC: &[u8; 8] = b"chatbkup";

/// The newest version of the format that is known: a backup some of whose content is in blobs beside it.
pub const VERSION: u16 = 2;

/// The version of a backup that has everything in it.
const WHOLE: u16 = 1;

/// Bytes of a file that make a block.
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
    /// Where rows and files are, if they are in blobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blobs: Option<BlobPlace>,
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

    /// What a block of this kind begins with whose content is in a blob. Only these can be.
    fn in_blob(self) -> Option<u8> {
        matches!(self, Self::Rows | Self::Content).then_some((self as u8).to_ascii_uppercase())
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
        Header { schema: 2, program: "1.0.0".into(), commit: 7, created_at: "2026-01-01T00:00:00Z".into(), blobs: None }
    }

    fn place() -> BlobPlace {
        BlobPlace::new("0123abcd".into(), "key".into())
    }

    /// A backup with rows in several blocks, a long file, a short and an empty one.
    fn backup() -> (Vec<u8>, Contents) {
        write(&header(), 0..3000, None)
    }

    fn write(header: &Header, rows: std::ops::Range<u32>, blobs: Option<&mut dyn KeepBlobs>) -> (Vec<u8>, Contents) {
        let mut writer = Writer::begin(Vec::new(), header, blobs).expect("begun");
        for number in rows {
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
        read_with(bytes, None)
    }

    fn read_with(bytes: &[u8], blobs: Option<&dyn ReadBlobs>) -> Result<(Header, Contents, u64), BackupError> {
        let (header, reader) = Reader::begin(bytes, blobs)?;
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
        assert_eq!(Reader::skim(io::Cursor::new(&bytes), &NoBlobs).expect("whole"), header());
    }

    #[test]
    fn no_cut_flipped_or_longer_backup_is_read() {
        let (bytes, _) = backup();
        for cut in (0..bytes.len()).step_by(bytes.len() / 97) {
            assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
            assert!(Reader::skim(io::Cursor::new(&bytes[..cut]), &NoBlobs).is_err(), "cut at {cut}");
        }
        for place in (0..bytes.len()).step_by(bytes.len() / 211) {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << (place % 8);
            assert!(read(&flipped).is_err(), "flipped at {place}");
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert!(matches!(read(&longer), Err(BackupError::Damaged(_))));
        assert!(matches!(Reader::skim(io::Cursor::new(&longer), &NoBlobs), Err(BackupError::Damaged(_))));
        assert!(matches!(read(b"PK"), Err(BackupError::NoBackup)));
        let mut newer = bytes;
        newer[8] = 3;
        assert!(matches!(read(&newer), Err(BackupError::Version(3))));
    }

    struct NoBlobs;

    impl ReadBlobs for NoBlobs {
        fn has(&self, _: &str, _: BlobName) -> bool {
            false
        }

        fn read(&self, _: &str, name: BlobName) -> Result<Vec<u8>, BackupError> {
            Err(BackupError::Damaged(format!("there is no {name}")))
        }
    }

    /// Blobs in memory, and how many came newly.
    #[derive(Default)]
    struct Kept {
        blobs: std::collections::HashMap<BlobName, Vec<u8>>,
        new: usize,
    }

    impl KeepBlobs for Kept {
        fn keep(&mut self, name: BlobName, content: &[u8]) -> Result<(), BackupError> {
            let is_new = self.blobs.insert(name, content.to_owned()).is_none();
            self.new += usize::from(is_new);
            Ok(())
        }
    }

    impl ReadBlobs for Kept {
        fn has(&self, _: &str, name: BlobName) -> bool {
            self.blobs.contains_key(&name)
        }

        fn read(&self, _: &str, name: BlobName) -> Result<Vec<u8>, BackupError> {
            self.blobs.get(&name).cloned().ok_or_else(|| BackupError::Damaged("missing".into()))
        }
    }

    #[test]
    fn what_did_not_change_is_in_the_blobs_of_the_last_backup() {
        let (header, mut kept) = (Header { blobs: Some(place()), ..header() }, Kept::default());
        let (first, _) = write(&header, 0..6000, Some(&mut kept));
        let all = std::mem::take(&mut kept.new);
        assert!(all > 6, "{all}");
        // A row less at the front and one more at the end change the blocks there.
        let (second, contents) = write(&header, 1..6001, Some(&mut kept));
        assert!(kept.new <= 2, "{} of {all} came again", kept.new);
        assert!(first.len() < 4096 && second.len() < 4096, "{} bytes", first.len());
        let bytes_in_it = contents.row_bytes + contents.file_bytes;
        assert_eq!(read_with(&second, Some(&kept)).expect("whole"), (header.clone(), contents, bytes_in_it));
        assert_eq!(Reader::skim(io::Cursor::new(&second), &kept).expect("whole"), header);
        assert!(matches!(read(&second), Err(BackupError::Blobs)));
    }

    #[test]
    fn a_missing_or_damaged_blob_is_noticed() {
        let (header, mut kept) = (Header { blobs: Some(place()), ..header() }, Kept::default());
        let (backup, _) = write(&header, 0..3000, Some(&mut kept));
        let names: Vec<_> = kept.blobs.keys().copied().collect();
        for name in &names {
            let whole = kept.blobs.remove(name).expect("there");
            assert!(read_with(&backup, Some(&kept)).is_err());
            assert!(matches!(Reader::skim(io::Cursor::new(&backup), &kept), Err(BackupError::Damaged(_))));
            let mut flipped = whole.clone();
            flipped[whole.len() / 2] ^= 1;
            kept.blobs.insert(*name, flipped);
            assert!(matches!(read_with(&backup, Some(&kept)), Err(BackupError::Damaged(_))));
            kept.blobs.insert(*name, whole);
        }
        // Another blob in the place of one.
        let other = kept.blobs[&names[0]].clone();
        kept.blobs.insert(names[1], other);
        assert!(matches!(read_with(&backup, Some(&kept)), Err(BackupError::Damaged(_))));
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
