//! Consistency check of a store, after an unclean shutdown.
//!
//! A damaged file can be opened without an error although records are missing; gap-free numbering detects that.

use super::Table;
use super::apply::{Counter, RecordChange, number_from};
use super::engine::{EngineError, Reader};
use super::pager::Pager;
use crate::model::RoomRecord;

/// Compares counters, rooms, messages and jobs.
///
/// # Errors
/// The first inconsistency, as a text to follow "the database is damaged:".
pub(super) async fn check(reader: &dyn Reader) -> Result<(), String> {
    check_rooms(reader).await?;
    check_messages(reader).await?;
    check_changes(reader).await?;
    let mut open = Pager::of_table(reader, Table::OpenJobs);
    while let Some((id, _)) = open.next().await.map_err(words)? {
        check_job(reader, &id).await?;
    }
    let mut due = Pager::of_table(reader, Table::DueJobs);
    while let Some((key, _)) = due.next().await.map_err(words)? {
        check_job(reader, key.get(8..).unwrap_or_default()).await?;
    }
    Ok(())
}

/// Every room is found by its name, and every name is that of a room.
async fn check_rooms(reader: &dyn Reader) -> Result<(), String> {
    let mut rooms = 0;
    let mut records = Pager::of_table(reader, Table::Rooms);
    while let Some((key, value)) = records.next().await.map_err(words)? {
        rooms += 1;
        let record: RoomRecord = serde_json::from_slice(&value)
            .map_err(|error| format!("room {} is unreadable ({error})", number_from(&key)))?;
        let named = reader.get(Table::RoomNames, record.name.as_str().as_bytes()).await.map_err(words)?;
        if named.as_deref().map(number_from) != Some(number_from(&key)) {
            return Err(format!("room {:?} has lost its number", record.name.shown()));
        }
    }
    let names = count(reader, Table::RoomNames).await?;
    // Rooms can be removed, so there may be fewer than were counted.
    if rooms != names || counter(reader, Table::Rooms, &[]).await?.number < rooms {
        return Err(format!("{names} room names do not match {rooms} rooms"));
    }
    Ok(())
}

async fn check_job(reader: &dyn Reader, id: &[u8]) -> Result<(), String> {
    match reader.get(Table::Jobs, id).await.map_err(words)? {
        Some(_) => Ok(()),
        None => Err(format!("job {} is missing", String::from_utf8_lossy(id))),
    }
}

/// Every room's messages are numbered from the oldest that it keeps to its counter.
async fn check_messages(reader: &dyn Reader) -> Result<(), String> {
    let mut room = Vec::new();
    let mut last = 0;
    let mut numbered_rooms = 0;
    let mut messages = Pager::of_table(reader, Table::Messages);
    while let Some((key, _)) = messages.next().await.map_err(words)? {
        let (prefix, seq) = (&key[..key.len().saturating_sub(8)], number_from(&key));
        if prefix != room {
            if is_removed(reader, prefix).await? {
                continue;
            }
            end_of_room(reader, &room, last).await?;
            room = prefix.to_vec();
            last = oldest_kept(reader, prefix).await? - 1;
            numbered_rooms += 1;
        }
        if seq != last + 1 {
            return Err(format!("messages {} to {} of room {} are missing", last + 1, seq - 1, number_from(prefix)));
        }
        last = seq;
    }
    end_of_room(reader, &room, last).await?;
    let mut counters = 0;
    let mut counted = Pager::of_table(reader, Table::Counters);
    while let Some((key, counter)) = counted.next().await.map_err(words)? {
        let Some((_, room)) = key.split_first().filter(|(table, _)| **table == Table::Messages as u8) else { continue };
        let next = Counter::decode(&counter).map_err(words)?.number + 1;
        // Where everything was purged there is nothing to count.
        counters += u64::from(oldest_kept(reader, room).await? != next);
    }
    if counters == numbered_rooms { Ok(()) } else { Err("a room has lost all its messages".into()) }
}

/// Number of the oldest message that a room keeps.
async fn oldest_kept(reader: &dyn Reader, room: &[u8]) -> Result<u64, String> {
    let oldest = reader.get(Table::OldestKept, room).await.map_err(words)?;
    Ok(oldest.as_deref().map_or(1, number_from).max(1))
}

/// Whether a room's messages are still to be removed.
async fn is_removed(reader: &dyn Reader, room: &[u8]) -> Result<bool, String> {
    if reader.get(Table::Rooms, room).await.map_err(words)?.is_some() {
        return Ok(false);
    }
    match reader.get(Table::RemovedRooms, room).await.map_err(words)? {
        Some(_) => Ok(true),
        None => Err(format!("room {} is missing", number_from(room))),
    }
}

async fn end_of_room(reader: &dyn Reader, prefix: &[u8], last: u64) -> Result<(), String> {
    if prefix.is_empty() {
        return Ok(());
    }
    let expected = counter(reader, Table::Messages, prefix).await?.number;
    if last == expected {
        return Ok(());
    }
    Err(format!("room {} ends with message {last} where {expected} was stored", number_from(prefix)))
}

/// Every changed record is found among the changes once, and below its counter.
async fn check_changes(reader: &dyn Reader) -> Result<(), String> {
    let mut changed = 0;
    let mut changes = Pager::of_table(reader, Table::Changes);
    while let Some((key, value)) = changes.next().await.map_err(words)? {
        changed += 1;
        check_change(reader, &key, &value).await?;
    }
    let known = count(reader, Table::ChangedAt).await?;
    if changed == known { Ok(()) } else { Err("changes of records are missing".into()) }
}

async fn check_change(reader: &dyn Reader, key: &[u8], value: &[u8]) -> Result<(), String> {
    let (counter_key, version) = key.split_at(key.len().saturating_sub(8));
    let change = RecordChange::decode(version, value);
    let counter = match reader.get(Table::Counters, counter_key).await.map_err(words)? {
        Some(counter) => Counter::decode(&counter).map_err(words)?,
        None if is_removed(reader, counter_key.get(1..).unwrap_or_default()).await? => return Ok(()),
        None => Counter::default(),
    };
    let changed_at = [counter_key, &change.number.to_be_bytes()].concat();
    let changed_at = reader.get(Table::ChangedAt, &changed_at).await.map_err(words)?;
    let is_known = changed_at.as_deref() == Some(version);
    if is_known && change.version <= counter.version && change.number <= counter.number {
        return Ok(());
    }
    Err(format!("change {} of record {} contradicts what is counted", change.version, change.number))
}

async fn counter(reader: &dyn Reader, table: Table, prefix: &[u8]) -> Result<Counter, String> {
    Counter::read(reader, table, prefix).await.map_err(words)
}

async fn count(reader: &dyn Reader, table: Table) -> Result<u64, String> {
    let mut count = 0;
    let mut entries = Pager::of_table(reader, table);
    while entries.next().await.map_err(words)?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn words(error: EngineError) -> String {
    error.to_string()
}
