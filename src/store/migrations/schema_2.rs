//! Schema 1 to 2.
//!
//! - Rooms count versions, and tell of every change of a message by them; before, they told of deletions alone, by the number
//!   that was the newest about then.
//! - Private rooms have ids that do not tell whose they are; rooms have a kind, members and settings.
//! - A job's record begins with the numbers of the messages that ask for it and answer it; its indexes are made of it.
//! - Schedules and hooks have one of a limited number of places, and claim what only one may have.
//! - Files that documents have are in use by a record of its own.
//! - Sessions say whose they are; ids that clients gave are hashed, and say when they were sent.
//!
//! Records are written as today's types encode them, so that the upgrade refuses what could not be read afterwards.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::NewStore;
use super::schema_1::OldStore;
use crate::model::RoomRecord;
use crate::model::{Document, Hook, Job, Message, Principal, Schedule, Timestamp};
use crate::store::apply::{Counter, number_from};
use crate::store::claims::Claim;
use crate::store::documents::add_references;
use crate::store::engine::{Batch, EngineError, Scope, Table};
use crate::store::job_index::{self, StoredJob};
use crate::store::messages::day_of;
use crate::store::rooms::{RoomNumber, private_room};
use crate::store::schedules::claims_of;
use crate::store::sent_ids::hashed_sent_key;
use crate::store::{ROOMS_KEY, encode};

// The tables of schema 1. Its indexes of jobs and schedules are made again.
const META: u8 = 1;
const COUNTERS: u8 = 2;
const ROOM_NAMES: u8 = 3;
const ROOMS: u8 = 4;
const MESSAGES: u8 = 5;
const SENT_IDS: u8 = 6;
const DELETIONS: u8 = 7;
const JOBS: u8 = 8;
const ASKED_BY: u8 = 9;
const ANSWERED_BY: u8 = 13;
const JOB_LOGS: u8 = 14;
const JOB_STATS: u8 = 17;
const SCHEDULES: u8 = 18;
const HOOKS: u8 = 19;
const UNIQUE_JOBS: u8 = 20;
const DOCUMENTS: u8 = 22;
const DOCUMENT_NUMBERS: u8 = 23;

/// The bot's handle.
const BOT: &str = "bot";

/// Messages that may have been said since what schema 1 took for the newest number at a deletion.
const SLACK: u64 = 100;

/// Writes everything that the old store has into the new one.
pub fn upgrade(old: &OldStore, new: &mut NewStore) -> Result<(), EngineError> {
    let mut step = Step::new(old, new)?;
    step.meta()?;
    step.rooms()?;
    step.counters()?;
    step.messages()?;
    step.sent_ids()?;
    step.jobs()?;
    step.schedules()?;
    step.hooks()?;
    step.documents()?;
    for (from, to) in
        [(JOB_LOGS, Table::JobLogs), (JOB_STATS, Table::JobStats), (DOCUMENT_NUMBERS, Table::DocumentNumbers)]
    {
        old.each(from, &[], |key, value| step.new.put(to, key, value))?;
    }
    Ok(())
}

struct Step<'a> {
    old: &'a OldStore,
    new: &'a mut NewStore,
    rooms_key: [u8; 32],
}

impl<'a> Step<'a> {
    fn new(old: &'a OldStore, new: &'a mut NewStore) -> Result<Self, EngineError> {
        let mut rooms_key = [0; 32];
        getrandom::fill(&mut rooms_key).map_err(|error| EngineError::Io(format!("no random numbers: {error}")))?;
        Ok(Self { old, new, rooms_key })
    }

    fn meta(&mut self) -> Result<(), EngineError> {
        let old = self.old;
        let schema = old.get(META, b"schema")?;
        if schema.as_deref() != Some(b"1") {
            return Err(unreadable("its schema", &"it is not 1"));
        }
        self.new.put(Table::Meta, ROOMS_KEY.as_bytes(), self.rooms_key)?;
        old.each(META, &[], |key, value| match key {
            b"schema" => Ok(()),
            _ => self.new.put(Table::Meta, key, value),
        })
    }

    /// Private rooms were named after whose they are.
    fn rooms(&mut self) -> Result<(), EngineError> {
        let old = self.old;
        let rooms_key = self.rooms_key;
        let renamed = |name: &str| renamed(&rooms_key, name);
        old.each(ROOM_NAMES, &[], |name, number| {
            self.new.put(Table::RoomNames, renamed(&String::from_utf8_lossy(name))?.as_bytes(), number)
        })?;
        old.each(ROOMS, &[], |number, record| {
            let what = || format!("room {}", number_from(number));
            let room: Value = read(record, &what)?;
            let name = room["name"].as_str().unwrap_or_default();
            let owner = name.strip_prefix('@');
            let mut settings = json!({"bot": room["bot"]});
            if let Some(persona) = room.get("persona") {
                settings["persona"] = persona.clone();
            }
            let record: RoomRecord = typed(
                json!({
                    "name": renamed(name)?,
                    "kind": if owner.is_some() { "private" } else { "public" },
                    "members": owner.into_iter().collect::<Vec<_>>(),
                    "settings": settings,
                    "created_at": room["created_at"],
                }),
                &what,
            )?;
            self.new.put(Table::Rooms, number, encode(&record))
        })
    }

    /// A room's deletions get the versions behind its messages.
    fn counters(&mut self) -> Result<(), EngineError> {
        let old = self.old;
        old.each(COUNTERS, &[], |key, value| {
            let number = number_from(value);
            let mut counter = Counter { number, version: number };
            let deletions = match key.split_first() {
                Some((&MESSAGES, room)) => deletions(old, room)?,
                _ => Vec::new(),
            };
            for (newest, deleted) in deletions {
                counter.version += 1;
                let newest = newest.saturating_add(SLACK).min(number);
                let change = Counter { number: deleted, version: newest }.encode();
                self.new.put(Table::Changes, &numbered(key, counter.version), change)?;
                self.new.put(Table::ChangedAt, &numbered(key, deleted), counter.version.to_be_bytes())?;
            }
            self.new.put(Table::Counters, key, counter.encode())
        })
    }

    /// Messages name their authors.
    fn messages(&mut self) -> Result<(), EngineError> {
        let old = self.old;
        old.each(ROOMS, &[], |room, _| {
            let authors = Authors::of_room(old, room)?;
            old.each(MESSAGES, room, |key, record| {
                let what = || message_name(key);
                let mut message: Value = read(record, &what)?;
                message["author"] = json!(authors.of_message(old, number_from(key), &message)?);
                rename(&mut message["answer"], "grounds", "citations");
                if message["answer"].is_null() {
                    message.as_object_mut().map(|message| message.remove("answer"));
                }
                let message: Message = typed(message, &what)?;
                self.new.put(Table::Messages, key, encode(&message))
            })
        })
    }

    /// As if they had been sent today: when they were would have to be read from each message.
    fn sent_ids(&mut self) -> Result<(), EngineError> {
        let old = self.old;
        let today = day_of(Timestamp::now()).to_be_bytes();
        old.each(SENT_IDS, &[], |key, seq| {
            let (room, rest) = key.split_first_chunk().unwrap_or((&[0; 8], key));
            let room = RoomNumber::new(u64::from_be_bytes(*room));
            self.new.put(Table::SentIds, &hashed_sent_key(room, rest), [&today, seq].concat())
        })
    }

    fn jobs(&mut self) -> Result<(), EngineError> {
        let old = self.old;
        old.each(JOBS, &[], |id, record| {
            let what = || format!("job {}", String::from_utf8_lossy(id));
            let number = |table| Ok::<_, EngineError>(old.get(table, id)?.as_deref().map_or(0, number_from));
            let (seq, answer) = (number(ASKED_BY)?, number(ANSWERED_BY)?);
            let mut value: Value = read(record, &what)?;
            let room = value["room"].as_str().unwrap_or_default().to_owned();
            // A quiet one in a private room was asked for in no room at all.
            value["room"] = match value["quiet"] == true && room.starts_with('@') {
                true => Value::Null,
                false => json!(renamed(&self.rooms_key, &room)?),
            };
            rename(&mut value, "person", "principal");
            rename(&mut value, "grounds", "citations");
            let mut job: Job = typed(value, &what)?;
            // Of two with the same key, the one that had it keeps it.
            if let Some(key) = &job.unique_key
                && !job.state.has_ended()
                && old.get(UNIQUE_JOBS, key.as_bytes())?.as_deref() != Some(id)
            {
                job.unique_key = None;
            }
            let mut batch = job_index::entries(&job);
            if !job.state.has_ended() && is_deleted(old, &room, seq)? {
                batch = batch.put(Table::ErasedJobs, id, []);
            }
            let stored = StoredJob { job, seq, answer };
            self.new.add(batch.put(Table::Jobs, id, stored.encode()))
        })
    }

    fn schedules(&mut self) -> Result<(), EngineError> {
        let old = self.old;
        let mut places: HashMap<String, u32> = HashMap::new();
        let mut numbers: HashSet<(String, String, u64)> = HashSet::new();
        old.each(SCHEDULES, &[], |id, record| {
            let what = || format!("schedule {}", String::from_utf8_lossy(id));
            let mut value: Value = read(record, &what)?;
            let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
            let (person, room) = (text("person"), text("room"));
            let place = places.entry(person.clone()).or_default();
            *place += 1;
            // Two that were planned at the same moment may have got the same one.
            let mut number = value["number"].as_u64().unwrap_or(1);
            while !numbers.insert((person.clone(), room.clone(), number)) {
                number += 1;
            }
            value["place"] = json!(*place);
            value["number"] = json!(number);
            value["room"] = json!(renamed(&self.rooms_key, &room)?);
            rename(&mut value, "person", "principal");
            let schedule: Schedule = typed(value, &what)?;
            let claim = |batch: Batch, claim| batch.claim(&claim, schedule.id.as_str());
            let batch = claims_of(&schedule).fold(Batch::new(Scope::ANY), claim);
            self.new.add(batch.put(Table::Schedules, id, encode(&schedule)))
        })
    }

    fn hooks(&mut self) -> Result<(), EngineError> {
        let old = self.old;
        let mut place: u32 = 0;
        old.each(HOOKS, &[], |digest, record| {
            let what = || "a hook".to_owned();
            place += 1;
            let mut value: Value = read(record, &what)?;
            value["place"] = json!(place);
            let hook: Hook = typed(value, &what)?;
            let batch = Batch::new(Scope::ANY).claim(&Claim::hook_place(place), hook.id.as_str());
            self.new.add(batch.put(Table::Hooks, digest, encode(&hook)))
        })
    }

    fn documents(&mut self) -> Result<(), EngineError> {
        let old = self.old;
        old.each(DOCUMENTS, &[], |number, record| {
            let document: Document = read(record, &|| format!("document {}", number_from(number)))?;
            let batch = add_references(Batch::new(Scope::ANY), &document);
            self.new.add(batch.put(Table::Documents, number, encode(&document)))
        })
    }
}

/// Who said what in a room, as far as schema 1 tells: its messages had the handles alone.
struct Authors {
    people: Vec<String>,
    /// By the message's number less one: a place in `people` plus one, 0 where nothing is known.
    said_by: Vec<u32>,
}

impl Authors {
    /// From the ids that clients gave.
    fn of_room(old: &OldStore, room: &[u8]) -> Result<Self, EngineError> {
        let last = old.get(COUNTERS, &[&[MESSAGES], room].concat())?.as_deref().map_or(0, number_from);
        // A damaged counter says more than there is room for.
        let last = usize::try_from(last.min(old.bytes())).unwrap_or(0);
        let mut authors = Self { people: Vec::new(), said_by: vec![0; last] };
        old.each(SENT_IDS, room, |key, seq| {
            let person = key[room.len()..].split(|byte| *byte == 0).next().unwrap_or_default();
            let person = String::from_utf8_lossy(person);
            // Those of one person follow each other.
            if authors.people.last().is_none_or(|last| *last != person) {
                authors.people.push(person.into_owned());
            }
            let index = usize::try_from(number_from(seq).saturating_sub(1)).unwrap_or(usize::MAX);
            if let Some(place) = authors.said_by.get_mut(index) {
                *place = u32::try_from(authors.people.len()).unwrap_or(0);
            }
            Ok(())
        })?;
        Ok(authors)
    }

    fn of_message(&self, old: &OldStore, seq: u64, message: &Value) -> Result<String, EngineError> {
        let index = usize::try_from(seq.saturating_sub(1)).unwrap_or(usize::MAX);
        let place = self.said_by.get(index).and_then(|place| place.checked_sub(1));
        if let Some(person) = place.and_then(|place| self.people.get(place as usize)) {
            return Ok(person.clone());
        }
        let handle = message["handle"].as_str().unwrap_or_default();
        if message["role"] == "bot" && handle == BOT {
            return Ok("b".to_owned());
        }
        // Of several who asked for the same, the job knows one.
        let job = message["job"].as_str().map(|id| old.get(JOBS, id.as_bytes())).transpose()?.flatten();
        let job: Option<Value> = job.map(|job| read(&job, &|| "a job".to_owned())).transpose()?;
        let asker = job.filter(|job| job["handle"] == handle && job["unique_key"].is_null());
        let person = asker.and_then(|job| job["person"].as_str().map(str::to_owned));
        Ok(person.unwrap_or_else(|| format!("?{handle}")))
    }
}

/// A room's deletions, oldest first, of each message the latest: the newest number about that time, and the message's.
fn deletions(old: &OldStore, room: &[u8]) -> Result<Vec<(u64, u64)>, EngineError> {
    let mut latest = BTreeMap::new();
    old.each(DELETIONS, room, |key, _| {
        let newest = key.get(room.len()..room.len() + 8).map_or(0, number_from);
        latest.insert(number_from(key), newest);
        Ok(())
    })?;
    let mut deletions: Vec<_> = latest.into_iter().map(|(number, newest)| (newest, number)).collect();
    deletions.sort_unstable();
    Ok(deletions)
}

/// Whether a message is one whose text was taken out.
fn is_deleted(old: &OldStore, room: &str, seq: u64) -> Result<bool, EngineError> {
    let Some(number) = old.get(ROOM_NAMES, room.as_bytes())? else { return Ok(false) };
    let key = numbered(&number, seq);
    match old.get(MESSAGES, &key)? {
        Some(record) => Ok(read::<Value>(&record, &|| message_name(&key))?["deleted"] == true),
        None => Ok(false),
    }
}

/// What a room is called now: a private one was `@` and whose it is.
fn renamed(rooms_key: &[u8; 32], name: &str) -> Result<String, EngineError> {
    match name.strip_prefix('@') {
        Some(person) => {
            let owner: Principal = typed(json!(person), &|| "a room's name".to_owned())?;
            Ok(private_room(rooms_key, &owner).as_str().to_owned())
        }
        None => Ok(name.to_owned()),
    }
}

/// Gives a field another name.
fn rename(record: &mut Value, from: &str, to: &str) {
    if let Some(fields) = record.as_object_mut()
        && let Some(value) = fields.remove(from)
    {
        fields.insert(to.to_owned(), value);
    }
}

fn numbered(key: &[u8], number: u64) -> Vec<u8> {
    [key, &number.to_be_bytes()].concat()
}

fn message_name(key: &[u8]) -> String {
    format!("message {} of room {}", number_from(key), key.get(..8).map_or(0, number_from))
}

fn read<T: DeserializeOwned>(record: &[u8], what: &dyn Fn() -> String) -> Result<T, EngineError> {
    serde_json::from_slice(record).map_err(|error| unreadable(&what(), &error))
}

fn typed<T: DeserializeOwned>(value: Value, what: &dyn Fn() -> String) -> Result<T, EngineError> {
    serde_json::from_value(value).map_err(|error| unreadable(&what(), &error))
}

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> EngineError {
    EngineError::Damaged(format!("the store cannot be upgraded: {what} is unreadable ({error}). Nothing was changed"))
}
