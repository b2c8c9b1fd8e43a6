//! What people put on a message: emojis, and by two of them how they rate an answer.

use std::sync::Arc;

use super::{Chat, Room};
use crate::accounts::{Action, Actor};
use crate::budgets::{Cost, Spender};
use crate::model::{Emoji, GapId, Message, Reaction, Reactions};
use crate::store::ChangedMessage;
use crate::text::Text;

/// How often a message is changed that others change at the same time.
const TRIES: usize = 20;

impl Chat {
    /// Puts an emoji on a message, which is one already if this person did that before.
    pub async fn react(&self, room: &Arc<Room>, seq: u64, emoji: Emoji, actor: &Actor) -> Result<(), Text> {
        let new = Reaction { emoji, by: actor.principal.clone(), handle: actor.handle.clone() };
        self.change_reactions(room, seq, actor, |before| before.with(new.clone(), |one| actor.is(one))).await
    }

    /// Takes an emoji of this person back, if there is one.
    pub async fn take_back(&self, room: &Arc<Room>, seq: u64, emoji: &Emoji, actor: &Actor) -> Result<(), Text> {
        self.change_reactions(room, seq, actor, |before| Ok(before.without(emoji, |one| actor.is(one)))).await
    }

    async fn change_reactions(
        &self,
        room: &Arc<Room>,
        seq: u64,
        actor: &Actor,
        change: impl Fn(&Reactions) -> Result<Reactions, Text>,
    ) -> Result<(), Text> {
        room.with_record(|record| actor.may(Action::React(record)))?;
        let payer = actor.payer();
        // Everybody in the room is sent the message anew.
        self.budgets.take(Cost::Messages, 1, Spender { role: actor.role, payer: &payer, room: Some(room.name()) })?;
        for _ in 0..TRIES {
            let from = self.message(room, seq).await?.filter(|message| !message.deleted);
            let from = from.ok_or_else(|| Text::new("error-not_found-message"))?;
            let to = Message { reactions: change(&from.reactions)?, ..from.clone() };
            if to.reactions == from.reactions {
                return Ok(());
            }
            let asked = to.question().map(|question| (GapId::of(question), question));
            let asked = asked.as_ref().map(|(id, question)| (id, *question));
            let shown = room.clone();
            let effect = move |changed: ChangedMessage| shown.publish_change(&changed);
            if self.store.change_reactions(room.number(), seq, (&from, &to), asked, effect).await? {
                return Ok(());
            }
        }
        Err(Text::new("error-busy"))
    }
}
