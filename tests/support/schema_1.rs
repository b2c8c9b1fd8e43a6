//! Stores of schema 1 of any size, written as the program of that time did. What is written here never changes.

use std::path::Path;

/// Rooms; the messages are spread over them.
pub const ROOMS: u64 = 100;

/// sled's unit of writing then, in bytes.
const SEGMENT: usize = 8 * 1024 * 1024;

/// Records written between two syncs.
const GROUP: u64 = 512;

const META: u8 = 1;
const COUNTERS: u8 = 2;
const ROOM_NAMES: u8 = 3;
const ROOM_RECORDS: u8 = 4;
const MESSAGES: u8 = 5;
const SENT_IDS: u8 = 6;
const DELETIONS: u8 = 7;

/// Writes a store into the folder `dir`: so many messages of about `chars` characters, each with an id of its sender's own, one
/// in a thousand of them deleted.
pub fn write(dir: &Path, messages: u64, chars: usize) -> sled::Result<()> {
    let config = sled::Config::new().path(dir).segment_size(SEGMENT).cache_capacity(16 << 20).flush_every_ms(None);
    let tree = config.open()?.open_tree("tables")?;
    let put = |table: u8, key: &[u8], value: &[u8]| tree.insert([&[table], key].concat(), value).map(drop);
    // How many commits there were, which is in no table.
    tree.insert(b"\0commits", &messages.to_be_bytes())?;
    put(META, b"schema", b"1")?;
    put(META, b"epoch", b"0123456789abcdef0123456789abcdef")?;
    for room in 1..=ROOMS {
        let (name, number) = (format!("room-{room}"), room.to_be_bytes());
        let record = format!(r#"{{"name":"{name}","bot":"mention","created_at":1700000000000}}"#);
        put(ROOM_NAMES, name.as_bytes(), &number)?;
        put(ROOM_RECORDS, &number, record.as_bytes())?;
    }
    put(COUNTERS, &[ROOM_RECORDS], &ROOMS.to_be_bytes())?;
    let words = "some words 一些字 ".repeat(chars.div_ceil(15));
    for index in 0..messages {
        let (room, seq) = ((index % ROOMS + 1).to_be_bytes(), (index / ROOMS + 1).to_be_bytes());
        let (id, is_deleted) = (format!("id-{index}"), index % 1000 == 7);
        let text = if is_deleted { "" } else { &words };
        let deleted = if is_deleted { r#","deleted":true"# } else { "" };
        let message = format!(
            r#"{{"id":"{id}","handle":"Ann","role":"user","text":"{text}","at":{at}{deleted}}}"#,
            at = 1_700_000_000_000 + index
        );
        put(MESSAGES, &[room, seq].concat(), message.as_bytes())?;
        put(SENT_IDS, &[&room, b"visitor".as_slice(), &[0], id.as_bytes()].concat(), &seq)?;
        put(COUNTERS, &[&[MESSAGES], room.as_slice()].concat(), &seq)?;
        if is_deleted {
            put(DELETIONS, &[room, seq, seq].concat(), &[])?;
        }
        if index % GROUP == 0 {
            tree.flush()?;
        }
    }
    tree.flush().map(drop)
}
