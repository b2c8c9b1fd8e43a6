//! What a layer says of a key, and how that is written.

/// A key, and what a layer has under it: a value, or that it was removed.
pub(super) type Row = (Vec<u8>, Option<Vec<u8>>);

/// As [`Row`].
pub(super) type RowRef<'a> = (&'a [u8], Option<&'a [u8]>);

/// Bytes before a row's key: the length of the key, and that of the value or [`REMOVED`], little-endian.
pub(super) const HEADER: usize = 6;

/// Stands for the length of a value that was removed.
const REMOVED: u32 = u32::MAX;

/// Appends header and key of a row; its value follows.
pub(super) fn push_key(bytes: &mut Vec<u8>, key: &[u8], value_length: Option<usize>) {
    bytes.extend_from_slice(&(key.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&value_length.map_or(REMOVED, |length| length as u32).to_le_bytes());
    bytes.extend_from_slice(key);
}

/// A row's key, the length of its value if it has one, and the bytes behind the key. `None` if the bytes are no row.
pub(super) fn split_key(bytes: &[u8]) -> Option<(&[u8], Option<usize>, &[u8])> {
    let key_length = usize::from(u16::from_le_bytes(*bytes.first_chunk()?));
    let value_length = u32::from_le_bytes(*bytes.get(2..)?.first_chunk()?);
    let (key, rest) = bytes.get(HEADER..)?.split_at_checked(key_length)?;
    Some((key, (value_length != REMOVED).then_some(value_length as usize), rest))
}
