//! Keys of [`Table::SentIds`](super::Table::SentIds): by which author and id of the client's own a message is known again.

use sha2::{Digest, Sha256};

use super::rooms::RoomNumber;
use crate::model::{Principal, SendId};

/// A short key for what may be long, looked up with every message.
pub(super) fn sent_key(room: RoomNumber, author: &Principal, id: &SendId) -> Vec<u8> {
    // Neither a person nor an id holds a zero byte, so no two pairs are hashed alike.
    hashed_sent_key(room, &[author.to_string().as_bytes(), &[0], id.as_str().as_bytes()].concat())
}

pub(super) fn hashed_sent_key(room: RoomNumber, author_and_id: &[u8]) -> Vec<u8> {
    /// Bytes of the hash that are kept: of 10^9 messages in a room two have the same with a probability of 10^-11.
    const HASH: usize = 12;
    [&room.prefix()[..], &Sha256::digest(author_and_id)[..HASH]].concat()
}
