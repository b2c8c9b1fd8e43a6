//! What is said in a room.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::super::messages::{self, NewMessage};
use super::super::super::{Refusal, bad_request};
use super::super::tool::{Arguments, Call, Effect, Outcome};
use super::needed_room;
use crate::accounts::Action;
use crate::chat::{Page, Said};
use crate::model::{Message, RoomName};

/// Messages, if the call does not say how many.
const USUAL: usize = 20;

/// At most so many messages.
const MOST: usize = 100;

/// Characters of all messages together: a model reads all of them.
const MOST_CHARS: usize = 30_000;

/// A message.
#[derive(Serialize, ToSchema)]
pub struct MessageText {
    room: String,
    /// Its number in its room.
    number: u64,
    author: String,
    /// RFC 3339.
    at: String,
    text: String,
}

impl MessageText {
    pub fn new(room: &RoomName, number: u64, message: &Message) -> Self {
        Self {
            room: room.shown().to_owned(),
            number,
            author: message.handle.to_string(),
            at: message.at.to_string(),
            text: message.text.as_str().to_owned(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadMessages {
    room: String,
    /// Only messages with smaller numbers, the newest of them.
    before: Option<u64>,
    /// Only messages with greater numbers, the oldest of them.
    after: Option<u64>,
    /// At most 100; 20 if left out.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub struct Messages {
    /// Oldest first.
    #[schema(inline)]
    messages: Vec<MessageText>,
    /// Whether there are more in the direction that was asked for.
    more: bool,
}

impl Outcome for Messages {}

impl Arguments for ReadMessages {
    const NAME: &'static str = "read_messages";
    const TITLE: &'static str = "Read a room";
    const DESCRIPTION: &'static str = "Reads the newest messages of a room, or those before or after a number.";
    type Result = Messages;

    async fn call(self, call: Call) -> Result<Messages, Refusal> {
        call.actor().may(Action::Read)?;
        if self.before.is_some() && self.after.is_some() {
            return Err(bad_request("before and after exclude each other"));
        }
        let room = call.app.chat.find_room(&needed_room(&self.room)?, &call.actor()).await?;
        let limit = Some(self.limit.unwrap_or(USUAL).clamp(1, MOST));
        let page = Page { before: self.before, after: self.after, limit };
        let history = call.read(async { Ok(call.app.chat.history(&room, page).await?) }).await?;
        let mut messages: Vec<_> = history.messages;
        let (all, is_forward) = (messages.len(), self.after.is_some());
        if !is_forward {
            messages.reverse();
        }
        keep_what_fits(&mut messages, |(_, message)| message.text.as_str().chars().count());
        if !is_forward {
            messages.reverse();
        }
        let more = history.more || messages.len() < all;
        let messages = messages.iter().map(|(number, message)| MessageText::new(room.name(), *number, message));
        Ok(Messages { messages: messages.collect(), more })
    }
}

/// Keeps the first ones, at least one, that are together no longer than a model should read.
fn keep_what_fits<T>(all: &mut Vec<T>, chars: impl Fn(&T) -> usize) {
    let mut sum = 0;
    let fitting = all.iter().take_while(|one| {
        sum += chars(one);
        sum <= MOST_CHARS
    });
    let count = fitting.count().max(1);
    all.truncate(count);
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostMessage {
    room: String,
    text: String,
    /// An id of your own: a repetition is stored once.
    id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Posted {
    room: String,
    /// The message's number in its room; left out while it waits for approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// Whether a moderator has to approve it before others see it.
    waits_for_approval: bool,
    /// Whether it had been posted before under this id.
    repeated: bool,
}

impl Outcome for Posted {}

impl Arguments for PostMessage {
    const NAME: &'static str = "post_message";
    const TITLE: &'static str = "Post a message";
    const DESCRIPTION: &'static str =
        "Says something in a room, where everybody in it reads it. A room that does not exist is made.";
    const EFFECT: Effect = Effect::Adds;
    type Result = Posted;

    async fn call(self, call: Call) -> Result<Posted, Refusal> {
        let new = NewMessage { message: self.text, handle: None, id: self.id };
        let (room, said) = messages::say(&call.app, &call.caller, &needed_room(&self.room)?, new).await?;
        let room = room.name().shown().to_owned();
        Ok(match said {
            Said::Posted(sent) => {
                Posted { room, number: Some(sent.seq), waits_for_approval: false, repeated: sent.repeated }
            }
            Said::Held { is_new, .. } => Posted { room, number: None, waits_for_approval: true, repeated: !is_new },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_least_one_is_kept_and_no_more_than_fits() {
        for (lengths, kept) in
            [(vec![], 0), (vec![MOST_CHARS + 1, 1], 1), (vec![MOST_CHARS - 1, 1, 1], 2), (vec![1, 2, 3], 3)]
        {
            let mut all = lengths.clone();
            keep_what_fits(&mut all, |length| *length);
            assert_eq!(all.len(), kept, "{lengths:?}");
        }
    }
}
