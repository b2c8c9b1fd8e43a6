//! The registry: rooms that are in use are in memory, once each; the others are in the store.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use tokio::runtime::Handle as Runtime;
use tokio_util::task::TaskTracker;

use super::room::{Room, UNSTORED};
use crate::groups::Broker;
use crate::model::{BotMode, Posting, Principal, Retention, RoomKind, RoomName, RoomRecord};
use crate::store::{Counter, RoomNumber, Store, StoreError};

/// Loading one room waits only for others of the same shard.
const SHARDS: usize = 64;

/// The registry of rooms.
pub struct Rooms {
    store: Arc<Store>,
    new_room_bot: BotMode,
    retention: Retention,
    broker: Arc<dyn Broker>,
    /// Tracks the clearing of rooms.
    tasks: TaskTracker,
    shards: Vec<Shard>,
}

/// Rooms per shard that stay in memory although nobody is in them: a script that posts every second would
/// otherwise have its room loaded every time.
const RECENT: usize = 16;

#[derive(Default)]
struct Shard {
    live: Mutex<Live>,
    /// Held while a room is loaded, so that a room is never in memory twice: two instances would number deliveries differently.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Live {
    /// A room stays in memory as long as it has members, deliveries in progress, or is among the recent ones.
    rooms: HashMap<RoomName, Weak<Room>>,
    /// Most recently loaded.
    recent: VecDeque<Arc<Room>>,
}

impl Shard {
    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock()
    }

    fn get(&self, name: &RoomName) -> Option<Arc<Room>> {
        self.live().rooms.get(name)?.upgrade()
    }

    fn insert(&self, room: &Arc<Room>) {
        let mut live = self.live();
        // Dead entries are removed when the map would have to grow.
        if live.rooms.len() == live.rooms.capacity() {
            live.rooms.retain(|_, room| room.strong_count() > 0);
        }
        live.rooms.insert(room.name().clone(), Arc::downgrade(room));
        live.recent.push_back(room.clone());
        if live.recent.len() > RECENT {
            live.recent.pop_front();
        }
    }
}

/// A room in the list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RoomSummary {
    pub name: String,
    pub kind: RoomKind,
    /// What it is called, where that is not its name; a direct room by the names of the others.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub topic: String,
    /// Number of the newest message.
    pub last: u64,
    /// People in it now.
    pub members: usize,
    pub bot: BotMode,
    pub posting: Posting,
    /// Shortest time between two messages of one author, in seconds; 0 for none.
    pub slow_seconds: u32,
    /// How many days messages are kept; 0 for ever.
    pub keep_days: u32,
    /// How many messages are kept; 0 for all.
    pub keep_messages: u32,
    /// Whether messages of guests wait for approval.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hold_guests: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// The name of whoever made it, if that is an account; only where one room is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What its messages and documents take; only for those who may see that, and once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What they may take, if there is a limit; with `bytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota_bytes: Option<u64>,
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl RoomSummary {
    fn new(record: &RoomRecord, retention: Retention, last: u64, members: usize) -> Self {
        let settings = &record.settings;
        let Retention { days: keep_days, messages: keep_messages } = settings.retention(retention);
        Self {
            name: record.name.shown().to_owned(),
            kind: record.kind,
            title: settings.title.clone(),
            topic: settings.topic.clone(),
            last,
            members,
            bot: settings.bot,
            posting: settings.posting,
            slow_seconds: settings.slow_seconds,
            keep_days,
            keep_messages,
            hold_guests: settings.hold_guests,
            archived: record.archived_at.is_some(),
            owner: None,
            bytes: None,
            quota_bytes: None,
            created_at: record.created_at.to_string(),
        }
    }
}

impl Rooms {
    /// `new_room_bot` is what the bot of a room answers to, and `retention` how long messages are kept, until its settings are
    /// changed; `tasks` are waited for when the server stops.
    pub fn new(
        store: Arc<Store>,
        new_room_bot: BotMode,
        retention: Retention,
        broker: Arc<dyn Broker>,
        tasks: TaskTracker,
    ) -> Arc<Self> {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Arc::new(Self { store, new_room_bot, retention, broker, tasks, shards })
    }

    /// How long messages are kept in rooms whose settings do not say so.
    pub fn retention(&self) -> Retention {
        self.retention
    }

    pub(super) fn new_room_bot(&self) -> BotMode {
        self.new_room_bot
    }

    /// The room of that name, if it is in memory: somebody is in it, or was a moment ago.
    pub(super) fn live(&self, name: &RoomName) -> Option<Arc<Room>> {
        self.shard(name).get(name)
    }

    fn shard(&self, name: &RoomName) -> &Shard {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(name);
        &self.shards[hash as usize % SHARDS]
    }

    /// The private room of that name, in memory until something is said in it.
    pub async fn open_private(&self, name: &RoomName) -> Result<Arc<Room>, StoreError> {
        Ok(self.open(RoomRecord::new(name.clone(), BotMode::Always, None)).await?.0)
    }

    /// The room of that record's name, created like this if there is none; `true` if it is new.
    pub async fn open(&self, record: RoomRecord) -> Result<(Arc<Room>, bool), StoreError> {
        let name = &record.name;
        if let Some(room) = self.find(name).await? {
            return Ok((room, false));
        }
        let shard = self.shard(name);
        let _loading = shard.loading.lock().await;
        if let Some(room) = shard.get(name) {
            return Ok((room, false));
        }
        if name.is_private() {
            // Not before something is said there: most who come by say nothing.
            let room = Arc::new(Room::new(UNSTORED, record, Counter::default(), 1, self.broker.as_ref()));
            shard.insert(&room);
            return Ok((room, true));
        }
        let (number, record, is_new) = self.store.create_room(record).await?;
        Ok((self.load(shard, number, record).await?, is_new))
    }

    /// Stores a room if it is not yet; something is going to be said in it by `owner`, whose it is.
    pub(super) async fn store(&self, room: &Room, owner: &Principal) -> Result<RoomNumber, StoreError> {
        if room.is_stored() {
            return Ok(room.number());
        }
        let _loading = self.shard(room.name()).loading.lock().await;
        if !room.is_stored() {
            let record = RoomRecord::new(room.name().clone(), room.bot(), Some(owner));
            let (number, record, _) = self.store.create_room(record).await?;
            room.set_record(record);
            room.set_number(number);
        }
        Ok(room.number())
    }

    /// Removes a temporary room that everybody has left: nobody can come back to it.
    pub(super) fn clear_when_left(self: &Arc<Self>, room: &Room, runtime: &Runtime) {
        if room.name().is_temporary() && room.is_stored() && room.presence.count() == 0 {
            let (rooms, name) = (self.clone(), room.name().clone());
            self.tasks.spawn_on(async move { rooms.clear(&name).await }, runtime);
        }
    }

    /// Removes a room in which nothing was said, unless somebody is in it.
    pub(super) async fn remove_empty(&self, record: &RoomRecord) -> Result<bool, StoreError> {
        // Nobody else of this process can begin to say something there meanwhile.
        let shard = self.shard(&record.name);
        let _loading = shard.loading.lock().await;
        if shard.get(&record.name).is_some() { Ok(false) } else { self.store.remove_empty_room(record).await }
    }

    /// Removes a room from the store and from memory; `false` if it changes at the same moment.
    pub(super) async fn remove(&self, room: &Arc<Room>) -> Result<bool, StoreError> {
        // Nobody else of this process can load it meanwhile.
        let shard = self.shard(room.name());
        let _loading = shard.loading.lock().await;
        let gone = room.clone();
        if !self.store.remove_room(&room.record(), move || gone.close()).await? {
            return Ok(false);
        }
        let mut live = shard.live();
        live.rooms.remove(room.name());
        live.recent.retain(|recent| !Arc::ptr_eq(recent, room));
        Ok(true)
    }

    /// Removes a temporary room. What is still being done there does so when it ends.
    pub(super) async fn clear(&self, name: &RoomName) {
        if let Err(error) = self.store.remove_temporary_room(name).await {
            tracing::warn!(%error, "cannot remove a temporary room; the next look for them does");
        }
    }

    /// The room of that name, if there is one.
    pub async fn find(&self, name: &RoomName) -> Result<Option<Arc<Room>>, StoreError> {
        let shard = self.shard(name);
        if let Some(room) = shard.get(name) {
            return Ok(Some(room));
        }
        let _loading = shard.loading.lock().await;
        if let Some(room) = shard.get(name) {
            return Ok(Some(room));
        }
        let Some((number, record)) = self.store.room(name).await? else { return Ok(None) };
        self.load(shard, number, record).await.map(Some)
    }

    /// Takes a room into memory that is not there, so that no write is in progress and everything stored is durable.
    async fn load(&self, shard: &Shard, number: RoomNumber, record: RoomRecord) -> Result<Arc<Room>, StoreError> {
        let (stored, oldest) = (self.store.counter(number).await?, self.store.oldest_kept(number).await?);
        let room = Arc::new(Room::new(number, record, stored, oldest, self.broker.as_ref()));
        shard.insert(&room);
        Ok(room)
    }

    /// A room in the list.
    pub(super) async fn summary(&self, number: RoomNumber, record: &RoomRecord) -> Result<RoomSummary, StoreError> {
        Ok(match self.live(&record.name) {
            Some(room) => self.summary_of(&room),
            None => RoomSummary::new(record, self.retention, self.store.last_seq(number).await?, 0),
        })
    }

    /// As [`Rooms::summary`], of a room in memory.
    pub(super) fn summary_of(&self, room: &Room) -> RoomSummary {
        RoomSummary::new(&room.record(), self.retention, room.last(), room.presence.count())
    }
}
