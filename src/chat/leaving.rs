//! Somebody has left for good: their rooms are given up, and their messages become a deleted user's.

use std::collections::HashSet;
use std::sync::Arc;

use super::moderating::PAGE;
use super::{Chat, Room};
use crate::model::{Erasure, LeftMessages, Message, Principal, RoomKind, RoomRecord, Timestamp};
use crate::store::{ChangedMessage, RoomNumber};
use crate::text::Text;

/// How often something is tried that others change at the same time.
const TRIES: usize = 20;

impl Chat {
    /// Takes a person and their programs out of all rooms. What was done before is not done again. Reads every message.
    pub async fn erase(&self, erasure: &Erasure) -> Result<(), Text> {
        self.remove_all_held(|held| erasure.is_of(&held.record.message.author)).await?;
        for principal in &erasure.principals {
            self.remove_private_room(principal).await?;
        }
        for number in self.store.room_numbers().await? {
            let Some(record) = self.store.find_room_record(number).await? else { continue };
            if is_touched(&record, erasure) {
                self.give_up(&record, erasure).await?;
            }
            self.erase_messages(number, &record, erasure).await?;
        }
        Ok(())
    }

    async fn remove_private_room(&self, principal: &Principal) -> Result<(), Text> {
        let name = self.store.private_room(principal);
        for _ in 0..TRIES {
            match self.rooms.find(&name).await?.filter(|room| room.is_stored()) {
                None => return Ok(()),
                Some(room) => {
                    if self.rooms.remove(&room).await? {
                        return Ok(self.store.finish_removals().await?);
                    }
                }
            }
        }
        Err(Text::new("error-busy"))
    }

    /// A room goes on without its owner, and without a member. A direct room is for reading from then on, where there is nobody
    /// left to talk to; where there is nobody left at all, it is removed.
    async fn give_up(&self, record: &RoomRecord, erasure: &Erasure) -> Result<(), Text> {
        let Some(room) = self.rooms.find(&record.name).await? else { return Ok(()) };
        let gone = erasure.clone();
        let change = move |record: &mut RoomRecord| leave(record, &gone);
        self.update(&room, change, false).await?;
        let is_left = room.with_record(|record| record.kind == RoomKind::Direct && living(record) == 0);
        if is_left && self.rooms.remove(&room).await? {
            self.store.finish_removals().await?;
        }
        Ok(())
    }

    /// Makes messages of a room a deleted user's; before that, takes out what is not to stay.
    async fn erase_messages(&self, number: RoomNumber, record: &RoomRecord, erasure: &Erasure) -> Result<(), Text> {
        let (mut next, last) = (1, self.store.last_seq(number).await?);
        while next <= last {
            let page = self.store.oldest_messages(number, next, last, PAGE).await?;
            let Some(&(newest, _)) = page.last() else { break };
            let touched: Vec<_> = page.into_iter().filter(|(_, message)| message.is_touched_by(erasure)).collect();
            if !touched.is_empty() {
                let Some(room) = self.rooms.find(&record.name).await? else { return Ok(()) };
                self.erase_from(&room, touched, erasure).await?;
            }
            next = newest + 1;
        }
        Ok(())
    }

    /// Takes a person out of messages that they wrote, or put something on.
    async fn erase_from(&self, room: &Arc<Room>, touched: Vec<(u64, Message)>, erasure: &Erasure) -> Result<(), Text> {
        if erasure.messages == LeftMessages::Remove {
            let mut asked = HashSet::new();
            for (seq, message) in touched.iter().filter(|(_, message)| erasure.is_of(&message.author)) {
                self.erase_message(room, *seq).await?;
                asked.extend(message.job.is_some().then_some(*seq));
            }
            self.erase_answers(room, &asked).await?;
        }
        for _ in 0..TRIES {
            let mut messages = Vec::new();
            for (seq, _) in &touched {
                let message = self.store.message(room.number(), *seq).await?;
                let touched = message.filter(|message| message.is_touched_by(erasure));
                messages.extend(touched.map(|message| (*seq, message)));
            }
            let shown = room.clone();
            let effect =
                move |changed: Vec<ChangedMessage>| changed.iter().for_each(|message| shown.publish_anew(message));
            if messages.is_empty() || self.store.disown_messages(room.number(), messages, erasure, effect).await? {
                return Ok(());
            }
        }
        Err(Text::new("error-busy"))
    }
}

fn is_touched(record: &RoomRecord, erasure: &Erasure) -> bool {
    record.owner.iter().chain(&record.members).any(|one| erasure.is_of(one))
}

fn leave(record: &mut RoomRecord, erasure: &Erasure) {
    record.owner = record.owner.take().filter(|owner| !erasure.is_of(owner));
    match record.kind {
        // The others go on seeing that somebody was there.
        RoomKind::Direct => {
            for member in record.members.iter_mut().filter(|member| erasure.is_of(member)) {
                *member = Principal::deleted();
            }
            if living(record) < 2 {
                record.archived_at = record.archived_at.or(Some(Timestamp::now()));
            }
        }
        _ => record.members.retain(|member| !erasure.is_of(member)),
    }
}

fn living(record: &RoomRecord) -> usize {
    record.members.iter().filter(|member| **member != Principal::deleted()).count()
}
