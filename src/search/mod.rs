//! Search over messages.
//!
//! The index returns candidates; their texts in the store decide. So deleted messages are never shown, and
//! characters that merely occur in the same message do not match a word.

mod follower;
mod query;
mod recent;
mod words;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use parking_lot::{Mutex, RwLock};

use crate::accounts::{Action, Actor};
use crate::analysis::{Folded, fold};
use crate::index::{MessageIndex, MessageQuery, Place};
use crate::model::{Message, RoomKind, RoomName, RoomRecord, Timestamp, utf16_range};
use crate::schedule::Zone;
use crate::store::{RoomNumber, Store, StoreError};
use crate::telemetry::{Operation, metrics, took};
use crate::text::Text;
use crate::threads;
use follower::Follower;
pub use follower::messages_dir;
use query::{Query, RoomFilter};
use recent::Recent;

/// Maximum number of messages per response.
pub const MAX_LIMIT: usize = 100;

/// Maximum number of candidates whose texts are read per response. Rarer matches are found on further pages.
const MAX_READ: usize = 2000;

/// Maximum number of marks per message.
const MAX_MARKS: usize = 100;

/// The indexes in use: the current one, and an old one until the current one is complete.
type Indexes = Arc<RwLock<Vec<Arc<MessageIndex>>>>;

/// Search over messages. Runs one thread that keeps the index up with the store.
pub struct Search {
    store: Arc<Store>,
    indexes: Indexes,
    recent: Arc<Recent>,
    follower: Mutex<Option<JoinHandle<()>>>,
    is_complete: Arc<std::sync::atomic::AtomicBool>,
    /// Time zone in which dates are interpreted.
    zone: Zone,
}

/// Messages that were found, newest first.
#[derive(Debug, Default)]
pub struct Found {
    pub messages: Vec<FoundMessage>,
    /// Cursor of the next page, if there is more.
    pub next: Option<Cursor>,
    /// Whether all messages were searched; false while the index is being built.
    pub is_complete: bool,
}

/// A message that was found.
#[derive(Debug)]
pub struct FoundMessage {
    pub room: RoomName,
    pub seq: u64,
    pub message: Message,
    /// Matching ranges of its text, in UTF-16 code units.
    pub marks: Vec<[u32; 2]>,
}

/// A place in the list of all messages: what is older comes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(Place);

impl Cursor {
    /// Parses a cursor from a client, or an RFC 3339 timestamp.
    pub fn parse(text: &str) -> Option<Self> {
        let at = |at| Self(Place { at, room: 0, seq: 0 });
        let Some((moment, place)) = text.split_once('~') else { return Timestamp::parse(text).map(at) };
        let (room, seq) = place.split_once('.')?;
        let at = Timestamp::parse(moment)?;
        Some(Self(Place { at, room: room.parse().ok()?, seq: seq.parse().ok()? }))
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}~{}.{}", self.0.at, self.0.room, self.0.seq)
    }
}

impl Search {
    /// Starts to follow the store; the index is in `dir`. It is opened, checked and updated in the background.
    pub fn start(store: Arc<Store>, dir: &Path, zone: Zone) -> std::io::Result<Arc<Self>> {
        let (indexes, recent, is_complete) = (Indexes::default(), Arc::<Recent>::default(), Arc::default());
        let follower =
            Follower::new(store.clone(), dir.to_owned(), indexes.clone(), recent.clone(), Arc::clone(&is_complete));
        let thread = std::thread::Builder::new().name("search-follower".into()).spawn(move || follower.run())?;
        Ok(Arc::new(Self { store, indexes, recent, follower: Mutex::new(Some(thread)), is_complete, zone }))
    }

    /// Disabled search, which finds no messages.
    pub fn off(store: Arc<Store>, zone: Zone) -> Arc<Self> {
        let (indexes, recent, is_complete) = Default::default();
        Arc::new(Self { store, indexes, recent, follower: Mutex::new(None), is_complete, zone })
    }

    /// Stops following; the rest is indexed after the next start. Blocking.
    pub fn stop(&self) {
        self.store.change_feed().close();
        let thread = self.follower.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that follows messages panicked");
        }
        self.indexes.write().clear();
    }

    /// Messages that match the query, in the rooms that this person may read, newest first. Blocking; do not call from async code.
    ///
    /// # Errors
    /// In words, when a filter cannot be understood.
    pub fn messages(
        &self,
        actor: &Actor,
        typed: &str,
        room: Option<&RoomName>,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Found, Text> {
        let query = self.read(actor, typed, room)?;
        let is_complete = self.is_complete.load(std::sync::atomic::Ordering::Relaxed);
        let nothing = Found { is_complete, ..Found::default() };
        if query.is_empty() {
            return Ok(nothing);
        }
        let Some(wanted) = self.wanted(&query, actor)? else { return Ok(nothing) };
        let began = Instant::now();
        let found = self.find(&query, &wanted, actor, before.map(|Cursor(place)| place), limit.clamp(1, MAX_LIMIT));
        let time = began.elapsed();
        metrics().search_time.with_label_values(&["messages"]).observe(time.as_secs_f64());
        took(Operation::Search, time, "messages");
        Ok(Found { is_complete, ..found? })
    }

    /// The query for documents, and the room whose documents are searched, if not all are; `None` if the filters apply to messages only.
    ///
    /// # Errors
    /// In words, when a filter cannot be understood.
    pub fn in_documents(
        &self,
        actor: &Actor,
        typed: &str,
        room: Option<&RoomName>,
    ) -> Result<Option<(String, Option<RoomName>)>, Text> {
        let query = self.read(actor, typed, room)?;
        let is_about_messages = query.handle.is_some() || query.has_job || query.after.or(query.before).is_some();
        if is_about_messages || query.words.is_empty() {
            return Ok(None);
        }
        let room = query.room.as_ref().map(|filter| match filter {
            RoomFilter::Own => actor.private_room.clone(),
            RoomFilter::Named(room) => room.clone(),
        });
        let words: Vec<_> = query.words.iter().map(|word| word.text()).collect();
        Ok(Some((words.join(" "), room)))
    }

    /// Parses the query.
    fn read(&self, actor: &Actor, typed: &str, room: Option<&RoomName>) -> Result<Query, Text> {
        let zone = actor.zone.as_deref().and_then(Zone::named);
        let mut query = Query::parse(typed, zone.as_ref().unwrap_or(&self.zone))?;
        if let Some(room) = room {
            query.room = Some(RoomFilter::Named(room.clone()));
        }
        Ok(query)
    }

    /// The query for the index; `None` if the room does not exist.
    fn wanted(&self, query: &Query, actor: &Actor) -> Result<Option<MessageQuery>, Text> {
        let home = &actor.private_room;
        let room = match &query.room {
            None => None,
            Some(filter) => {
                let name = if let RoomFilter::Named(name) = filter { name } else { home };
                let found = threads::wait(self.store.room(name))?;
                match found.filter(|(_, record)| actor.may(Action::Enter(record)).is_ok()) {
                    Some((number, _)) => Some(number.get()),
                    None => return Ok(None),
                }
            }
        };
        let mut own = Vec::new();
        for principal in actor.principals() {
            own.extend(threads::wait(self.store.rooms_of(principal))?);
        }
        own.extend(threads::wait(self.store.room(home))?);
        let own = own.into_iter().map(|(number, _)| number.get()).collect();
        Ok(Some(MessageQuery {
            terms: query.words.iter().flat_map(|word| word.terms()).collect(),
            room,
            own,
            handle: query.handle.clone(),
            has_job: query.has_job,
            from: query.after,
            until: query.before,
        }))
    }

    fn find(
        &self,
        query: &Query,
        wanted: &MessageQuery,
        actor: &Actor,
        mut cursor: Option<Place>,
        limit: usize,
    ) -> Result<Found, Text> {
        let mut rooms = ReadableRooms { actor, is_one: wanted.room.is_some(), names: HashMap::new() };
        let mut found = Found::default();
        let mut last_shown = None;
        let mut read = 0;
        while read < MAX_READ {
            let ask = (limit + 1 - found.messages.len()).max(32);
            let places = self.places(wanted, cursor, ask)?;
            for &place in &places {
                read += 1;
                cursor = Some(place);
                let Some(message) = self.matching(query, place, &mut rooms)? else { continue };
                if found.messages.len() == limit {
                    found.next = last_shown;
                    return Ok(found);
                }
                found.messages.push(message);
                last_shown = Some(Cursor(place));
            }
            if places.len() < ask {
                return Ok(found);
            }
        }
        found.next = cursor.map(Cursor);
        Ok(found)
    }

    /// Where something may match, newest first.
    fn places(&self, wanted: &MessageQuery, cursor: Option<Place>, limit: usize) -> Result<Vec<Place>, Text> {
        // First: what goes into the index meanwhile is found twice, and not missed.
        let mut places = self.recent.search(wanted, cursor, limit);
        let indexes = self.indexes.read().clone();
        for index in indexes {
            places.extend(index.search(wanted, cursor, limit).map_err(|error| {
                tracing::error!(%error, "searching messages failed");
                Text::new("error-search_failed")
            })?);
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.dedup();
        places.truncate(limit);
        Ok(places)
    }

    /// The message at that place, if it is there and matches.
    fn matching(
        &self,
        query: &Query,
        place: Place,
        rooms: &mut ReadableRooms<'_>,
    ) -> Result<Option<FoundMessage>, StoreError> {
        let number = RoomNumber::new(place.room);
        let Some(room) = rooms.name(number, &self.store)? else { return Ok(None) };
        let Some(message) = threads::wait(self.store.message(number, place.seq))?.filter(|message| !message.deleted)
        else {
            return Ok(None);
        };
        // The index may know it as somebody's who has left.
        if query.handle.as_ref().is_some_and(|handle| *handle != fold(&message.handle.to_string())) {
            return Ok(None);
        }
        let folded = Folded::new(message.text.as_str());
        if !query.words.iter().all(|word| word.is_in(&folded)) {
            return Ok(None);
        }
        let marks = words::marks(&query.words, message.text.as_str(), &folded);
        let marks = marks.iter().take(MAX_MARKS).map(|range| utf16_range(message.text.as_str(), range)).collect();
        Ok(Some(FoundMessage { room, seq: place.seq, message, marks }))
    }
}

/// The names of the rooms that somebody may read. The index may know older settings of a room: the store decides.
struct ReadableRooms<'a> {
    actor: &'a Actor,
    /// Whether one room is searched; an unlisted one is not found otherwise.
    is_one: bool,
    names: HashMap<RoomNumber, Option<RoomName>>,
}

impl ReadableRooms<'_> {
    fn name(&mut self, number: RoomNumber, store: &Store) -> Result<Option<RoomName>, StoreError> {
        if let Some(known) = self.names.get(&number) {
            return Ok(known.clone());
        }
        let record = threads::wait(store.find_room_record(number))?;
        let is_found = |record: &RoomRecord| {
            self.actor.may(Action::Enter(record)).is_ok() && (self.is_one || record.kind != RoomKind::Unlisted)
        };
        let name = record.filter(is_found).map(|record| record.name);
        self.names.insert(number, name.clone());
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went() {
        let cursor = Cursor(Place { at: Timestamp(1_700_000_000_120), room: 3, seq: 9 });
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        let moment = Cursor::parse("2026-01-31T00:00:00Z").expect("a moment");
        assert_eq!((moment.0.room, moment.0.seq), (0, 0));
        for text in ["", "x", "2026-01-31T00:00:00Z~1", "~1.2", "2026-01-31T00:00:00Z~a.b"] {
            assert_eq!(Cursor::parse(text), None, "{text:?}");
        }
    }
}
