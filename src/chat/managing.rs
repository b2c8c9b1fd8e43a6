//! Making, changing and removing rooms, and who may enter them.

use std::sync::Arc;

use super::{Chat, Room, RoomSummary, room_names};
use crate::accounts::{Action, Actor};
use crate::budgets::{Cost, Spender};
use crate::groups::Audience;
use crate::model::{
    Account, BotMode, Handle, Invitation, Persona, Posting, Principal, RoomKind, RoomName, RoomRecord, Timestamp,
};
use crate::protocol::{RoomSettingsView, ServerFrame};
use crate::store::RoomNumber;
use crate::text::{Locale, Text};

/// How often a room is removed that others change at the same time.
const TRIES: usize = 20;

/// A room to be made.
#[derive(Clone, Debug, Default)]
pub struct NewRoom {
    /// `None` for a generated name.
    pub name: Option<RoomName>,
    pub kind: RoomKind,
    pub title: String,
    pub topic: String,
}

/// A change of a room's settings; `None` leaves a setting unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize, utoipa::ToSchema)]
pub struct RoomChange {
    /// What its bot answers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot: Option<BotMode>,
    /// The bot's persona, replaced as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persona: Option<Persona>,
    /// What the room is called, where that is not its name; empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// `unlisted`, `public` or `closed`; a closed room is not opened again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<RoomKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posting: Option<Posting>,
    /// Shortest time between two messages of one author, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_seconds: Option<u32>,
    /// How many days messages are kept, 0 for ever; `null` for as long as in all rooms.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub keep_days: Option<Option<u32>>,
    /// How many messages are kept, 0 for all; `null` for as many as in all rooms.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub keep_messages: Option<Option<u32>>,
    /// Whether messages of guests wait for approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_guests: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// Tells `null` from what is left out.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(Some)
}

impl RoomChange {
    /// The change of a record, whose owner becomes a member where it is closed.
    fn apply(&self, record: &mut RoomRecord) {
        let Self {
            bot,
            persona,
            title,
            topic,
            kind,
            posting,
            slow_seconds,
            keep_days,
            keep_messages,
            hold_guests,
            archived,
        } = self.clone();
        let settings = &mut record.settings;
        settings.bot = bot.unwrap_or(settings.bot);
        settings.persona = persona.unwrap_or_else(|| std::mem::take(&mut settings.persona));
        settings.title = title.unwrap_or_else(|| std::mem::take(&mut settings.title));
        settings.topic = topic.unwrap_or_else(|| std::mem::take(&mut settings.topic));
        settings.posting = posting.unwrap_or(settings.posting);
        settings.slow_seconds = slow_seconds.unwrap_or(settings.slow_seconds);
        settings.keep_days = keep_days.unwrap_or(settings.keep_days);
        settings.keep_messages = keep_messages.unwrap_or(settings.keep_messages);
        settings.hold_guests = hold_guests.unwrap_or(settings.hold_guests);
        match archived {
            Some(true) => record.archived_at = record.archived_at.or(Some(Timestamp::now())),
            Some(false) => record.archived_at = None,
            None => {}
        }
        record.kind = kind.unwrap_or(record.kind);
        if record.kind == RoomKind::Closed && record.members.is_empty() {
            record.members = record.owner.iter().cloned().collect();
        }
    }

    /// What a room is in all that this changes.
    fn before(&self, record: &RoomRecord) -> Self {
        let settings = &record.settings;
        Self {
            bot: self.bot.map(|_| settings.bot),
            persona: self.persona.as_ref().map(|_| settings.persona.clone()),
            title: self.title.as_ref().map(|_| settings.title.clone()),
            topic: self.topic.as_ref().map(|_| settings.topic.clone()),
            kind: self.kind.map(|_| record.kind),
            posting: self.posting.map(|_| settings.posting),
            slow_seconds: self.slow_seconds.map(|_| settings.slow_seconds),
            keep_days: self.keep_days.map(|_| settings.keep_days),
            keep_messages: self.keep_messages.map(|_| settings.keep_messages),
            hold_guests: self.hold_guests.map(|_| settings.hold_guests),
            archived: self.archived.map(|_| record.archived_at.is_some()),
        }
    }

    /// Texts without white space around them, and a persona that is one.
    fn checked(self) -> Result<Self, Text> {
        let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned());
        let persona = self.persona.map(Persona::checked).transpose()?;
        Ok(Self { persona, title: trimmed(self.title), topic: trimmed(self.topic), ..self })
    }
}

impl Chat {
    /// Makes a room of that name, or of a generated one; `false` with the room if there is one that this person may enter.
    pub async fn make_room(&self, new: NewRoom, actor: &Actor) -> Result<(Arc<Room>, bool), Text> {
        if !new.kind.is_managed() {
            return Err(Text::new("error-forbidden"));
        }
        match new.name.clone() {
            Some(name) => self.room_with(self.record(name, &new, actor)?, actor).await,
            None => self.invent_room(&new, actor).await.map(|room| (room, true)),
        }
    }

    /// Creates a room with a generated name in the actor's language.
    async fn invent_room(&self, new: &NewRoom, actor: &Actor) -> Result<Arc<Room>, Text> {
        /// With a few thousand rooms one in a hundred names is taken; this many in a row never are.
        const TRIES: usize = 20;
        for _ in 0..TRIES {
            let name = RoomName::public(&room_names::invent(actor.locale))?;
            if self.rooms.find(&name).await?.is_none() {
                let (room, is_new) = self.room_with(self.record(name, new, actor)?, actor).await?;
                if is_new {
                    return Ok(room);
                }
            }
        }
        Err(Text::new("error-busy"))
    }

    fn record(&self, name: RoomName, new: &NewRoom, actor: &Actor) -> Result<RoomRecord, Text> {
        let mut record = RoomRecord::new(name, self.rooms.new_room_bot(), Some(&actor.principal));
        let texts = RoomChange { title: Some(new.title.clone()), topic: Some(new.topic.clone()), ..Default::default() };
        RoomChange { kind: Some(new.kind), ..texts.checked()? }.apply(&mut record);
        record.check()?;
        Ok(record)
    }

    /// The room of these people and nobody else, made if there is none yet.
    pub async fn direct_room(&self, handles: &[Handle], actor: &Actor) -> Result<(Arc<Room>, bool), Text> {
        /// More would be a closed room.
        const MOST: usize = 10;
        let mut members = vec![actor.principal.clone()];
        for handle in handles {
            let account = self.account(handle).await?;
            if !members.contains(&account.principal) {
                members.push(account.principal);
            }
        }
        if !(2..=MOST).contains(&members.len()) {
            return Err(Text::new("error-bad_room-direct").with("max", MOST));
        }
        let name = self.store.direct_room(&members);
        let record = RoomRecord { members, ..RoomRecord::new(name, self.rooms.new_room_bot(), None) };
        self.room_with(record, actor).await
    }

    /// The room of that name, made like this if there is none; `true` if it is new.
    pub(super) async fn room_with(&self, record: RoomRecord, actor: &Actor) -> Result<(Arc<Room>, bool), Text> {
        if let Some(room) = self.rooms.find(&record.name).await? {
            return self.entered(room, actor).map(|room| (room, false));
        }
        actor.may(Action::CreateRoom(record.kind))?;
        self.check_words(&record, None, actor)?;
        if !record.name.is_private() {
            let payer = actor.payer();
            self.budgets.take(Cost::Rooms, 1, Spender { role: actor.role, payer: &payer, room: None })?;
        }
        let (room, is_new) = self.rooms.open(record).await?;
        self.entered(room, actor).map(|room| (room, is_new))
    }

    /// Refuses new names and topics that the filter finds something in. What only its members see is theirs.
    fn check_words(&self, record: &RoomRecord, before: Option<&RoomRecord>, actor: &Actor) -> Result<(), Text> {
        if !record.kind.is_for_everybody() {
            return Ok(());
        }
        let texts = |record: &RoomRecord| {
            [record.name.as_str().to_owned(), record.settings.title.clone(), record.settings.topic.clone()]
        };
        let known = before.map(texts).unwrap_or_default();
        let new = texts(record).into_iter().filter(|text| !known.contains(text));
        new.into_iter().try_for_each(|text| self.moderation.check(actor.role, &text))
    }

    /// A room that this person may enter. One that may not be entered is not told from one that is not there.
    pub(super) fn entered(&self, room: Arc<Room>, actor: &Actor) -> Result<Arc<Room>, Text> {
        if actor.sanctioned.is_banned() {
            return Err(Text::new("error-forbidden-banned"));
        }
        match room.is_gone() || room.with_record(|record| actor.may(Action::Enter(record)).is_err()) {
            true => Err(no_such_room(room.name())),
            false => Ok(room),
        }
    }

    /// Checks whether somebody may change and delete a room.
    pub async fn check_manageable(&self, name: &RoomName, actor: &Actor) -> Result<(), Text> {
        self.manageable(name, actor).await.map(drop)
    }

    /// A room for those who may change it, whether they may enter it or not.
    async fn manageable(&self, name: &RoomName, actor: &Actor) -> Result<Arc<Room>, Text> {
        let room = self.rooms.find(name).await?.filter(|room| !room.is_gone()).ok_or_else(|| no_such_room(name))?;
        match room.with_record(|record| actor.may(Action::ManageRoom(record))) {
            Ok(()) => Ok(room),
            Err(forbidden) => Err(self.entered(room, actor).err().unwrap_or(forbidden)),
        }
    }

    /// Changes a room's settings; the room, and what it was before.
    pub async fn change_room(
        &self,
        name: &RoomName,
        change: RoomChange,
        actor: &Actor,
    ) -> Result<(Arc<Room>, RoomChange), Text> {
        let room = self.manageable(name, actor).await?;
        let change = change.checked()?;
        let record = room.record();
        let before = change.before(&record);
        let closes = change.kind == Some(RoomKind::Closed) && record.kind != RoomKind::Closed;
        let is_possible = match change.kind {
            None => true,
            Some(kind) if kind == record.kind => true,
            Some(kind) => kind.is_managed() && record.kind != RoomKind::Closed,
        };
        if !is_possible {
            return Err(Text::new("error-wrong_state-closed_room"));
        }
        let mut changed = record.clone();
        change.apply(&mut changed);
        // Somebody has to be able to enter.
        if closes && changed.members.is_empty() {
            changed.members = vec![actor.principal.clone()];
        }
        changed.check()?;
        self.check_retention(&record, &changed, actor)?;
        self.check_words(&changed, Some(&record), actor)?;
        let members = changed.members;
        let apply = move |record: &mut RoomRecord| {
            change.apply(record);
            if closes {
                record.members.clone_from(&members);
            }
        };
        self.update(&room, apply, closes).await?;
        Ok((room, before))
    }

    /// A room's owner may have it keep less than the settings say for all rooms; more, only admins.
    fn check_retention(&self, from: &RoomRecord, to: &RoomRecord, actor: &Actor) -> Result<(), Text> {
        let for_all = self.rooms.retention();
        let retention = to.settings.retention(for_all);
        if retention == from.settings.retention(for_all) || !retention.exceeds(for_all) {
            return Ok(());
        }
        actor.may(Action::ManageRooms).map_err(|_| Text::new("error-forbidden-retention"))
    }

    /// Changes the record of a room, tells its members, and lets them join again where it may not be for all of them any more.
    pub(super) async fn update(
        &self,
        room: &Arc<Room>,
        change: impl Fn(&mut RoomRecord) + Send,
        is_narrowed: bool,
    ) -> Result<(), Text> {
        let (shown, retention) = (room.clone(), self.rooms.retention());
        let effect = move |record: RoomRecord| {
            shown.set_record(record.clone());
            let (room, settings) = (record.name.shown(), RoomSettingsView::new(&record, retention));
            let greetings = &record.settings.persona.greeting;
            shown.publish(&ServerFrame::Room { room, settings, greetings }, Audience::Full);
            if is_narrowed {
                shown.disconnect();
            }
        };
        Ok(self.store.update_room(room.number(), change, effect).await?)
    }

    /// Deletes a room with all that was said in it, and ends what is still being done there.
    pub async fn delete_room(self: &Arc<Self>, name: &RoomName, actor: &Actor) -> Result<(), Text> {
        for _ in 0..TRIES {
            let room = self.manageable(name, actor).await?;
            if self.rooms.remove(&room).await? {
                self.jobs.end_all_of_room(name, &actor.handle).await?;
                self.remove_all_held(|held| held.record.room == *name).await?;
                self.store.finish_removals().await?;
                return Ok(());
            }
        }
        Err(Text::new("error-busy"))
    }

    /// Lets somebody with an account enter a closed room.
    pub async fn add_person(&self, name: &RoomName, handle: &Handle, actor: &Actor) -> Result<(), Text> {
        let room = self.manageable(name, actor).await?;
        if room.record().kind != RoomKind::Closed {
            return Err(Text::new("error-wrong_state-open_room"));
        }
        let person = self.account(handle).await?.principal;
        let mut record = room.record();
        record.members.push(person.clone());
        record.check()?;
        let add = move |record: &mut RoomRecord| {
            if !record.members.contains(&person) {
                record.members.push(person.clone());
            }
        };
        self.update(&room, add, false).await
    }

    /// The numbers of rooms into which somebody wants to invite others, who may manage each of them.
    pub async fn invite_to(&self, names: &[RoomName], actor: &Actor) -> Result<Vec<u64>, Text> {
        let mut numbers = Vec::new();
        for name in names {
            let number = self.manageable(name, actor).await?.number().get();
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        Ok(numbers)
    }

    /// The rooms to which an invitation leads, as far as they are still there.
    pub async fn invited_to(&self, invitation: &Invitation) -> Result<Vec<Arc<Room>>, Text> {
        let mut rooms = Vec::new();
        for number in &invitation.rooms {
            let number = RoomNumber::new(*number);
            let Some(record) = self.store.find_room_record(number).await? else { continue };
            let room = self.rooms.find(&record.name).await?;
            rooms.extend(room.filter(|room| room.number() == number && !room.is_gone()));
        }
        Ok(rooms)
    }

    /// What it causes in memory that one of these rooms has another member.
    pub fn joined(&self, rooms: &[Arc<Room>]) -> impl Fn(RoomRecord) + Clone + Send + 'static + use<> {
        let rooms = rooms.to_vec();
        move |record: RoomRecord| {
            if let Some(room) = rooms.iter().find(|room| *room.name() == record.name) {
                room.set_record(record);
            }
        }
    }

    /// Takes somebody out of a closed room: oneself, or whoever whoever manages it wants.
    pub async fn remove_person(&self, name: &RoomName, handle: &Handle, actor: &Actor) -> Result<(), Text> {
        let person = self.account(handle).await?.principal;
        let room = if person == actor.principal {
            self.find_room(name, actor).await?
        } else {
            self.manageable(name, actor).await?
        };
        if room.record().kind != RoomKind::Closed {
            return Err(Text::new("error-wrong_state-open_room"));
        }
        let remove = move |record: &mut RoomRecord| record.members.retain(|member| *member != person);
        self.update(&room, remove, true).await
    }

    /// The accounts of those who may enter a closed or direct room.
    pub async fn people_of(&self, room: &Room) -> Result<Vec<Account>, Text> {
        let mut people = Vec::new();
        for member in room.record().members {
            let account = self.store.account_of_principal(&self.jobs.standing().now(&member)).await?;
            people.extend(account.filter(|account| !people.iter().any(|other: &Account| other.id == account.id)));
        }
        Ok(people)
    }

    /// How a room is called to somebody: a direct one by the names of the others.
    pub async fn title_for(&self, record: &RoomRecord, actor: &Actor) -> Result<String, Text> {
        if record.kind != RoomKind::Direct {
            return Ok(record.settings.title.clone());
        }
        let mut names = Vec::new();
        for member in record.members.iter().filter(|member| !actor.is(member)) {
            if *member == Principal::deleted() {
                names.push(Text::new("deleted-user").in_locale(actor.locale));
            }
            names.extend(self.store.account_of_principal(member).await?.map(|account| account.name.to_string()));
        }
        Ok(names.join(if actor.locale == Locale::English { ", " } else { "、" }))
    }

    /// Every room that is managed and whose name contains `part`, newest first, with its owner: for those who look after all.
    pub async fn list_all_rooms(&self, part: &str, limit: usize, actor: &Actor) -> Result<Vec<RoomSummary>, Text> {
        actor.may(Action::ManageRooms)?;
        let mut rooms = Vec::new();
        for (number, record) in self.store.named_rooms(&part.trim().to_lowercase(), limit, RoomKind::is_managed).await?
        {
            let owner = self.handle_of(record.owner.as_ref()).await?;
            let bytes = self.store.room_bytes(number, &record.name).await?;
            let quota_bytes = bytes.and(self.store.quotas().per_room);
            rooms.push(RoomSummary { owner, bytes, quota_bytes, ..self.rooms.summary(number, &record).await? });
        }
        Ok(rooms)
    }

    /// Rooms whose name or title contains `part` and that this person may find: listed ones, newest first, and before them the
    /// closed and direct ones of which it is a member. Reads every room's name.
    pub async fn list_rooms(&self, part: &str, limit: usize, actor: &Actor) -> Result<Vec<RoomSummary>, Text> {
        let part = part.trim().to_lowercase();
        let mut rooms = Vec::new();
        let mut own = Vec::new();
        for principal in actor.principals() {
            own.extend(self.store.rooms_of(principal).await?);
        }
        own.sort_by_key(|(number, _)| number.get());
        own.dedup_by_key(|(number, _)| number.get());
        for (number, record) in own {
            let title = self.title_for(&record, actor).await?;
            let is_wanted = title.to_lowercase().contains(&part) || record.name.as_str().contains(&part);
            if is_wanted && rooms.len() < limit && actor.may(Action::Enter(&record)).is_ok() {
                rooms.push(RoomSummary { title, ..self.rooms.summary(number, &record).await? });
            }
        }
        for (number, record) in
            self.store.named_rooms(&part, limit - rooms.len(), |kind| kind == RoomKind::Public).await?
        {
            rooms.push(self.rooms.summary(number, &record).await?);
        }
        Ok(rooms)
    }

    /// A room in the list; with what it takes, for those who may change it.
    pub async fn summary(&self, room: &Room, actor: &Actor) -> Result<RoomSummary, Text> {
        let record = room.record();
        let owner = self.handle_of(record.owner.as_ref()).await?;
        let bytes = match actor.may(Action::ManageRoom(&record)) {
            Ok(()) => self.store.room_bytes(room.number(), room.name()).await?,
            Err(_) => None,
        };
        let quota_bytes = bytes.and(self.store.quotas().per_room);
        Ok(RoomSummary {
            bytes,
            quota_bytes,
            title: self.title_for(&record, actor).await?,
            owner,
            ..self.rooms.summary_of(room)
        })
    }

    async fn handle_of(&self, principal: Option<&Principal>) -> Result<Option<String>, Text> {
        let Some(principal) = principal else { return Ok(None) };
        Ok(self.store.account_of_principal(principal).await?.map(|account| account.name.to_string()))
    }

    async fn account(&self, handle: &Handle) -> Result<Account, Text> {
        let account = self.store.account_of_name(handle).await?.filter(|account| !account.is_disabled);
        account.ok_or_else(|| Text::new("error-not_found-account"))
    }
}

pub(super) fn no_such_room(name: &RoomName) -> Text {
    Text::new("error-not_found-room").with("room", name.shown())
}
