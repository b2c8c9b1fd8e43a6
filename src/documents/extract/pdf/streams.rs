//! The data of streams, within limits.

use std::io::Read;

use flate2::read::ZlibDecoder;
use hayro_syntax::Filter;
use hayro_syntax::object::{Array, Stream};
use hayro_syntax::page::Page;

use crate::documents::extract::problem::Problem;

/// Bytes of content that are unpacked for one page or form.
const MOST_CONTENT: usize = 128 << 20;

/// The content of a page, which may be in pieces.
pub fn content_of(page: &Page<'_>) -> Result<Vec<u8>, Problem> {
    if let Some(stream) = page.raw().get::<Stream<'_>>("Contents") {
        return Ok(unpacked(&stream)?.unwrap_or_default());
    }
    let mut content = Vec::new();
    let pieces = page.raw().get::<Array<'_>>("Contents");
    for piece in pieces.iter().flat_map(|pieces| pieces.iter::<Stream<'_>>()) {
        content.extend(unpacked(&piece)?.unwrap_or_default());
        content.push(b' ');
        if content.len() > MOST_CONTENT {
            return Err(Problem::TooComplex);
        }
    }
    Ok(content)
}

/// A stream's data, if it can be unpacked.
pub fn unpacked(stream: &Stream<'_>) -> Result<Option<Vec<u8>>, Problem> {
    if let Some(data) = inflated(stream)? {
        return Ok(Some(data));
    }
    let Ok(data) = stream.decoded_data() else { return Ok(None) };
    if data.len() > MOST_CONTENT { Err(Problem::TooComplex) } else { Ok(Some(data.into_owned())) }
}

/// The data of a stream that is packed as nearly all are. `hayro_syntax` would unpack it without an end, or try three times.
fn inflated(stream: &Stream<'_>) -> Result<Option<Vec<u8>>, Problem> {
    let has_parameters = ["DecodeParms", "DP"].iter().any(|key| stream.dict().contains_key(key));
    if has_parameters || stream.filters().as_slice() != [Filter::FlateDecode] {
        return Ok(None);
    }
    let (packed, mut data) = (stream.raw_data(), Vec::new());
    let read = ZlibDecoder::new(&*packed).take(MOST_CONTENT as u64 + 1).read_to_end(&mut data);
    if data.len() > MOST_CONTENT { Err(Problem::TooComplex) } else { Ok(read.is_ok().then_some(data)) }
}
