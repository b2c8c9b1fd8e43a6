//! What a layer says of a key.

/// A key, and what a layer has under it: a value, or that it was removed.
pub(in crate::store) type Row = (Vec<u8>, Option<Vec<u8>>);
