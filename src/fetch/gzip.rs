//! Bodies that come compressed although nobody asked for it, as from some gateways.

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};

use super::FetchError;

/// What is decompressed at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// Decompresses a body as it comes.
pub struct Gzip {
    decompress: Decompress,
    /// What has come and is still compressed.
    rest: Bytes,
}

fn decompress() -> Decompress {
    /// Any size of window, as zlib takes it.
    const WINDOW: u8 = 15;
    Decompress::new_gzip(WINDOW)
}

impl Gzip {
    pub fn new() -> Self {
        Self { decompress: decompress(), rest: Bytes::new() }
    }

    /// Takes more of the body.
    pub fn push(&mut self, bytes: Bytes) {
        self.rest = bytes;
    }

    /// The next part of what has come, of bounded size; `None` if more has to come first.
    ///
    /// # Errors
    /// If it is not compressed in this way.
    pub fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let mut piece = Vec::with_capacity(PIECE);
        let before = self.decompress.total_in();
        let decompressed = self.decompress.decompress_vec(&self.rest, &mut piece, FlushDecompress::None);
        let status = decompressed.map_err(|_| FetchError::Broken)?;
        let taken = usize::try_from(self.decompress.total_in() - before).unwrap_or(self.rest.len());
        self.rest.advance(taken.min(self.rest.len()));
        if status == Status::StreamEnd {
            // A body may be several streams, one behind the other.
            self.decompress = decompress();
            if piece.is_empty() && !self.rest.is_empty() {
                return self.next();
            }
        }
        Ok(Some(piece).filter(|piece| !piece.is_empty()).map(Bytes::from))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn decompressed(compressed: &[u8], size: usize) -> Result<Vec<u8>, FetchError> {
        let (mut gzip, mut all) = (Gzip::new(), Vec::new());
        for chunk in compressed.chunks(size) {
            gzip.push(Bytes::copy_from_slice(chunk));
            while let Some(piece) = gzip.next()? {
                assert!(piece.len() <= PIECE);
                all.extend_from_slice(&piece);
            }
        }
        Ok(all)
    }

    #[test]
    fn a_body_is_the_same_wherever_it_is_cut() {
        let body = [b"data: {}\n\n".to_vec(), vec![b'x'; 3 * PIECE]].concat();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&body).expect("written");
        let compressed = encoder.finish().expect("compressed");
        for size in [1, 7, 100_000] {
            assert_eq!(decompressed(&compressed, size), Ok(body.clone()), "in chunks of {size}");
        }
        let twice = [compressed.as_slice(), &compressed].concat();
        assert_eq!(decompressed(&twice, 7), Ok([body.as_slice(), &body].concat()), "of two streams");
        assert_eq!(decompressed(b"data: {}", 100), Err(FetchError::Broken));
    }
}
