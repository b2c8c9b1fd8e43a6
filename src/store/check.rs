//! Consistency check of a store, after an unclean shutdown.
//!
//! A damaged file can be opened without an error although records are missing; gap-free numbering detects that.

use super::engine::{Counter, Engine, EngineError, RecordChange, number_from};
use super::rooms::RoomRecord;
use super::{Direction, Table, prefix_range};

/// Entries read at a time: enough to make the reads cheap, little enough to stay small.
const PAGE: usize = 1024;

/// Compares counters, rooms, messages and jobs.
///
/// # Errors
/// The first inconsistency, as a text to follow "the database is damaged:".
pub(super) fn check(engine: &dyn Engine) -> Result<(), String> {
    let mut rooms = 0;
    let mut names = 0;
    each(engine, Table::Rooms, |key, value| {
        rooms += 1;
        let record: RoomRecord = serde_json::from_slice(value)
            .map_err(|error| format!("room {} is unreadable ({error})", number_from(key)))?;
        let named = engine.get(Table::RoomNames, record.name.as_str().as_bytes()).map_err(words)?;
        if named.as_deref().map(number_from) != Some(number_from(key)) {
            return Err(format!("room {:?} has lost its number", record.name.shown()));
        }
        Ok(())
    })?;
    each(engine, Table::RoomNames, |_, _| {
        names += 1;
        Ok(())
    })?;
    // Rooms can be removed, so there may be fewer than were counted.
    if rooms != names || counter(engine, Table::Rooms, &[])?.number < rooms {
        return Err(format!("{names} room names do not match {rooms} rooms"));
    }
    check_messages(engine)?;
    check_changes(engine)?;
    each(engine, Table::OpenJobs, |key, _| check_job(engine, key))?;
    each(engine, Table::DueJobs, |key, _| check_job(engine, key.get(8..).unwrap_or_default()))
}

fn check_job(engine: &dyn Engine, id: &[u8]) -> Result<(), String> {
    match engine.get(Table::Jobs, id).map_err(words)? {
        Some(_) => Ok(()),
        None => Err(format!("job {} is missing", String::from_utf8_lossy(id))),
    }
}

/// Every room's messages are numbered from 1 to its counter.
fn check_messages(engine: &dyn Engine) -> Result<(), String> {
    let mut room = Vec::new();
    let mut last = 0;
    let mut numbered_rooms = 0;
    each(engine, Table::Messages, |key, _| {
        let (prefix, seq) = (&key[..key.len().saturating_sub(8)], number_from(key));
        if prefix != room {
            if is_removed(engine, prefix)? {
                return Ok(());
            }
            end_of_room(engine, &room, last)?;
            room = prefix.to_vec();
            last = 0;
            numbered_rooms += 1;
        }
        if seq != last + 1 {
            return Err(format!("messages {} to {} of room {} are missing", last + 1, seq - 1, number_from(prefix)));
        }
        last = seq;
        Ok(())
    })?;
    end_of_room(engine, &room, last)?;
    let mut counters = 0;
    each(engine, Table::Counters, |key, _| {
        counters += u64::from(key.first() == Some(&(Table::Messages as u8)));
        Ok(())
    })?;
    if counters == numbered_rooms { Ok(()) } else { Err("a room has lost all its messages".into()) }
}

/// Whether a room's messages are still to be removed.
fn is_removed(engine: &dyn Engine, room: &[u8]) -> Result<bool, String> {
    let is_there = |table| engine.get(table, room).map_err(words).map(|record| record.is_some());
    if is_there(Table::Rooms)? {
        return Ok(false);
    }
    if is_there(Table::RemovedRooms)? { Ok(true) } else { Err(format!("room {} is missing", number_from(room))) }
}

fn end_of_room(engine: &dyn Engine, prefix: &[u8], last: u64) -> Result<(), String> {
    if prefix.is_empty() {
        return Ok(());
    }
    let expected = counter(engine, Table::Messages, prefix)?.number;
    if last == expected {
        return Ok(());
    }
    Err(format!("room {} ends with message {last} where {expected} was stored", number_from(prefix)))
}

/// Every changed record is found among the changes once, and below its counter.
fn check_changes(engine: &dyn Engine) -> Result<(), String> {
    let mut changed = 0_i64;
    each(engine, Table::Changes, |key, value| {
        changed += 1;
        let (counter_key, version) = key.split_at(key.len().saturating_sub(8));
        let change = RecordChange::decode(version, value);
        let counter = match engine.get(Table::Counters, counter_key).map_err(words)? {
            Some(counter) => Counter::decode(&counter).map_err(words)?,
            None if is_removed(engine, counter_key.get(1..).unwrap_or_default())? => return Ok(()),
            None => Counter::default(),
        };
        let changed_at = [counter_key, &change.number.to_be_bytes()].concat();
        let changed_at = engine.get(Table::ChangedAt, &changed_at).map_err(words)?;
        let is_known = changed_at.as_deref() == Some(version);
        if is_known && change.version <= counter.version && change.number <= counter.number {
            return Ok(());
        }
        Err(format!("change {} of record {} contradicts what is counted", change.version, change.number))
    })?;
    each(engine, Table::ChangedAt, |_, _| {
        changed -= 1;
        Ok(())
    })?;
    if changed == 0 { Ok(()) } else { Err("changes of records are missing".into()) }
}

fn counter(engine: &dyn Engine, table: Table, prefix: &[u8]) -> Result<Counter, String> {
    Counter::read(engine, table, prefix).map_err(words)
}

/// Reads a table from end to end, a page at a time.
pub(super) fn each(
    engine: &dyn Engine,
    table: Table,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let mut range = prefix_range(&[]);
    loop {
        let page = engine.scan(table, range.clone(), Direction::Forward, PAGE).map_err(words)?;
        for (key, value) in &page {
            visit(key, value)?;
        }
        match page.into_iter().next_back() {
            // The smallest key after the last one seen.
            Some((mut key, _)) => {
                key.push(0);
                range.start = key;
            }
            None => return Ok(()),
        }
    }
}

fn words(error: EngineError) -> String {
    error.to_string()
}
