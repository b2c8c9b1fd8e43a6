//! Messages that wait for approval: those of guests, where that is set, and what the filter found something in.
//!
//! They are stored apart, without a number. Approved ones are posted as if they were sent then: with their commands.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::{Chat, OnSent, Post, Room, Said, managing};
use crate::accounts::{Absent, Action, Actor};
use crate::model::{Finding, HeldMessage, Principal, Role, RoomName, Timestamp};
use crate::moderation::Verdict;
use crate::protocol::{HeldView, ServerFrame};
use crate::store::{Held, HeldId, HeldLimits, Holding, StoreError};
use crate::text::{Locale, Text};

/// How many messages may wait.
const LIMITS: HeldLimits = HeldLimits { in_all: 1_000, per_payer: 20 };

/// A day, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// How many messages of each author wait: most have none, and need not be looked for.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<RwLock<HashMap<Principal, usize>>>);

impl Waiting {
    pub fn of(held: &[Held]) -> Self {
        let waiting = Self::default();
        held.iter().for_each(|held| waiting.add(&held.record.message.author));
        waiting
    }

    fn add(&self, author: &Principal) {
        *self.0.write().entry(author.clone()).or_default() += 1;
    }

    pub(super) fn remove(&self, author: &Principal) {
        let mut waiting = self.0.write();
        if let Some(count) = waiting.get_mut(author) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                waiting.remove(author);
            }
        }
    }

    fn has(&self, author: &Principal) -> bool {
        self.0.read().contains_key(author)
    }
}

/// Whether a message is let through, and what was found in it.
pub(super) enum Passage {
    Free,
    Refused(Text),
    Held(Option<Finding>),
}

impl Chat {
    /// Whether a message may be posted as it is. What only members of a room see is theirs.
    pub(super) fn passage(&self, room: &Room, actor: &Actor, post: &Post) -> Passage {
        let (kind, holds) = room.with_record(|record| (record.kind, record.settings.hold_guests));
        if !kind.is_for_everybody() || post.held.is_some() {
            return Passage::Free;
        }
        let is_trusted = actor.sanctioned.is_trusted();
        match self.moderation.judge(actor.role, post.text.as_str()) {
            Verdict::Refused(finding) => Passage::Refused(finding.into()),
            Verdict::Held(finding) if !is_trusted => Passage::Held(Some(finding)),
            Verdict::Held(_) | Verdict::Fine => {
                let waits = actor.role == Role::Guest && !is_trusted && (holds || self.moderation.holds_guests());
                if waits { Passage::Held(None) } else { Passage::Free }
            }
        }
    }

    /// Lets a message wait for approval, and tells its author's connections.
    pub(super) async fn hold(
        &self,
        room: &Room,
        actor: &Actor,
        post: Post,
        finding: Option<Finding>,
        on_commit: OnSent,
    ) {
        let held = HeldMessage {
            room: room.name().clone(),
            message: super::message(actor, &post, None),
            request: post.request,
            locale: actor.locale,
            zone: actor.zone.clone(),
            finding,
            place: 0,
            payer_place: 0,
        };
        let shown = held.clone();
        let (waiting, connections) = (self.waiting.clone(), self.connections.clone());
        let effect = move |id: &HeldId, held: &HeldMessage| {
            let author = &held.message.author;
            waiting.add(author);
            connections.tell(author, ServerFrame::Held(HeldView::new(id, held)).encode());
        };
        let said = match self.store.hold(room.number(), held, LIMITS, effect).await {
            Ok(Holding::New(id)) => Ok(Said::Held { id, message: Box::new(shown), is_new: true }),
            Ok(Holding::Before(id)) => Ok(Said::Held { id, message: Box::new(shown), is_new: false }),
            Ok(Holding::Posted(seq)) => Ok(Said::repeated(seq, shown.message)),
            Ok(Holding::Gone) => Err(managing::no_such_room(room.name())),
            Ok(Holding::TooMany) => Err(Text::new("error-busy-held")),
            Err(error) => Err(error.into()),
        };
        on_commit(said);
    }

    /// What waits for approval of somebody's messages in a room, oldest first.
    pub async fn held_of(&self, room: &Room, actor: &Actor) -> Result<Vec<Held>, Text> {
        if !actor.principals().any(|person| self.waiting.has(person)) {
            return Ok(Vec::new());
        }
        let mut held = self.store.held_in(room.number()).await?;
        held.retain(|held| actor.is(&held.record.message.author));
        Ok(held)
    }

    /// All that waits for approval, oldest first; with the time at which it is forgotten.
    pub async fn held(&self, actor: &Actor) -> Result<Vec<(Held, Timestamp)>, Text> {
        actor.may(Action::Moderate)?;
        let held = self.store.held_messages().await?;
        Ok(held.into_iter().map(|held| (self.forgotten_at(&held), held)).map(|(at, held)| (held, at)).collect())
    }

    fn forgotten_at(&self, held: &Held) -> Timestamp {
        Timestamp(held.record.message.at.0 + i64::from(self.moderation.hold_days()) * DAY)
    }

    /// Who wrote a message that waits.
    pub async fn author_of_held(&self, id: &HeldId, actor: &Actor) -> Result<Held, Text> {
        actor.may(Action::Moderate)?;
        self.store.held(id).await?.ok_or_else(no_such_message)
    }

    /// Posts a message that waited; its command is started now. Returns its number.
    pub async fn approve(self: &Arc<Self>, id: &HeldId, actor: &Actor) -> Result<(RoomName, u64), Text> {
        actor.may(Action::Moderate)?;
        let held = self.store.held(id).await?.ok_or_else(no_such_message)?;
        let HeldMessage { room: name, message, request, locale, zone, .. } = held.record.clone();
        let room = self.rooms.find(&name).await?.filter(|room| !room.is_gone());
        let room = room.ok_or_else(|| managing::no_such_room(&name))?;
        if room.with_record(|record| record.archived_at.is_some()) {
            return Err(Text::new("error-forbidden-archived"));
        }
        let author = self.author(&held.record, locale).await?;
        let author = Actor { handle: message.handle, zone, ..author };
        let post = Post { request, held: Some(Arc::new(held)), ..Post::new(message.text, Some(message.id)) };
        match self.say(room, &author, post).await? {
            Said::Posted(sent) => Ok((name, sent.seq)),
            Said::Held { .. } => Err(no_such_message()),
        }
    }

    /// Who wrote a message that waits, as somebody may be now who writes it.
    async fn author(&self, held: &HeldMessage, locale: Locale) -> Result<Actor, Text> {
        let (message, room) = (&held.message, Some(&held.room));
        let (principal, handle, address) = (&message.author, &message.handle, message.address.as_ref());
        let author = self.jobs.standing().of(Absent { principal, handle, room, address, locale }).await;
        let author = author.ok().filter(|author| author.may(Action::TakePart).is_ok());
        author.ok_or_else(|| Text::new("error-wrong_state-held_author"))
    }

    /// Does not let a message through that waits, and tells its author.
    pub async fn reject(&self, id: &HeldId, actor: &Actor) -> Result<HeldMessage, Text> {
        actor.may(Action::Moderate)?;
        let held = self.store.held(id).await?.ok_or_else(no_such_message)?;
        match self.remove_held(&held).await? {
            true => Ok(held.record),
            false => Err(no_such_message()),
        }
    }

    pub(super) async fn remove_held(&self, held: &Held) -> Result<bool, StoreError> {
        let (waiting, connections) = (self.waiting.clone(), self.connections.clone());
        let (author, id, room) = (held.record.message.author.clone(), held.id.to_string(), held.record.room.clone());
        let effect = move || {
            waiting.remove(&author);
            connections.tell(&author, ServerFrame::Rejected { room: room.shown(), held: &id }.encode());
        };
        self.store.remove_held(held, effect).await
    }

    /// Removes what waits and `is_wanted`; how much.
    pub(super) async fn remove_all_held(&self, is_wanted: impl Fn(&Held) -> bool) -> Result<usize, StoreError> {
        let mut removed = 0;
        for held in self.store.held_messages().await?.iter().filter(|held| is_wanted(held)) {
            removed += usize::from(self.remove_held(held).await?);
        }
        Ok(removed)
    }

    /// Forgets what waited too long, or for a room that is gone.
    pub(super) async fn forget_held(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        for held in self.store.held_messages().await? {
            let is_over = self.forgotten_at(&held) <= now;
            if is_over || self.rooms.find(&held.record.room).await?.is_none() {
                forgotten += usize::from(self.remove_held(&held).await?);
            }
        }
        Ok(forgotten)
    }
}

fn no_such_message() -> Text {
    Text::new("error-not_found-held")
}
