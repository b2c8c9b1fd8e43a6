//! What somebody missed, and what was said before: reads that never show what is not durable.

use super::{Chat, Membership, Room};
use crate::model::Message;
use crate::protocol::{DEFAULT_HISTORY, MAX_HISTORY};
use crate::text::Text;

/// Longest gap that is filled when somebody comes back; beyond, the newest messages are given instead.
const MAX_GAP: u64 = 1000;

/// Messages that may be said while a deletion is being stored.
const DELETION_SLACK: u64 = 100;

/// Deletions told at most; who missed more starts anew.
const MAX_DELETIONS: usize = 200;

/// What the member of a room has to be shown first.
#[derive(Debug)]
pub struct CatchUp {
    pub messages: Vec<(u64, Message)>,
    /// Newest number; what comes after it arrives by itself.
    pub last: u64,
    /// False when the client must drop what it has: the messages are not the continuation of it.
    pub complete: bool,
    /// Deleted since the client was here.
    pub deleted: Vec<u64>,
}

/// Which part of a room's history is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page {
    /// Only numbers below this.
    pub before: Option<u64>,
    /// Only numbers above this; oldest first then.
    pub after: Option<u64>,
    pub limit: Option<usize>,
}

/// A part of a room's history, oldest first.
#[derive(Debug)]
pub struct History {
    pub messages: Vec<(u64, Message)>,
    /// Whether there is more in the direction that was asked for.
    pub more: bool,
}

impl Chat {
    /// The epoch of all numbers.
    pub fn epoch(&self) -> &str {
        self.store.epoch()
    }

    /// What a member has not seen: everything after `after` if that continues what it has, else the newest messages.
    pub fn catch_up(&self, member: &Membership, after: Option<u64>, epoch: Option<&str>) -> Result<CatchUp, Text> {
        let last = member.since();
        let is_same_epoch = epoch.is_none_or(|epoch| epoch == self.epoch());
        if let Some(after) = after
            && is_same_epoch
            && after <= last
            && last - after <= MAX_GAP
        {
            let number = member.room().number();
            let messages = self.store.oldest_messages(number, after + 1, last, MAX_GAP as usize).map_err(Text::from)?;
            // A deletion is noted under the newest number of its time, or one a little before: told twice does no harm.
            let since = after.saturating_sub(DELETION_SLACK);
            let deleted = self.store.deletions(number, since, MAX_DELETIONS + 1).map_err(Text::from)?;
            // Fewer than asked for where they are very long.
            if messages.len() as u64 == last - after && deleted.len() <= MAX_DELETIONS {
                return Ok(CatchUp { messages, last, complete: true, deleted });
            }
        }
        let messages =
            self.store.newest_messages(member.room().number(), 1, last, DEFAULT_HISTORY).map_err(Text::from)?;
        Ok(CatchUp { messages, last, complete: after.is_none(), deleted: Vec::new() })
    }

    /// A part of a room's history.
    pub fn history(&self, room: &Room, page: Page) -> Result<History, Text> {
        let limit = page.limit.unwrap_or(DEFAULT_HISTORY).clamp(1, MAX_HISTORY);
        let first = page.after.map_or(1, |after| after.saturating_add(1));
        let last = page.before.map_or(u64::MAX, |before| before.saturating_sub(1)).min(room.last());
        if first > last {
            return Ok(History { messages: Vec::new(), more: false });
        }
        let number = room.number();
        let messages = match (page.after, page.before) {
            (Some(_), _) => self.store.oldest_messages(number, first, last, limit),
            (None, _) => self.store.newest_messages(number, first, last, limit),
        };
        let messages = messages.map_err(Text::from)?;
        let more = (messages.len() as u64) < last - first + 1;
        Ok(History { messages, more })
    }
}
