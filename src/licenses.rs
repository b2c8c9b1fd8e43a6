//! Software of others in this program, with its licences.
//!
//! The text is `THIRD-PARTY-LICENSES.txt`; a test compares it with `Cargo.lock`, and writes it anew when it is told to.

use std::io::Read;

use flate2::read::GzDecoder;

/// The text, compressed with gzip.
pub const COMPRESSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/licenses.gz"));

/// The text.
pub fn text() -> String {
    let mut text = String::new();
    match GzDecoder::new(COMPRESSED).read_to_string(&mut text) {
        Ok(_) => text,
        Err(error) => unreachable!("compressed by the build: {error}"),
    }
}
